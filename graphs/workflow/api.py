"""The Python API of workflows: load, run, stream, resume."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphs.workflow.definition.load import load_workflow
from graphs.workflow.definition.model import WorkflowDefinition
from graphs.workflow.definition.validate import check

if TYPE_CHECKING:
    from graphs.app import Router
    from graphs.workflow.execution.outcome import Answer, RunResult, WorkflowEvent
    from graphs.workflow.execution.runs import AskPerson
    from router.settings.settings import Settings


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow that can be run. `definition` is what its file says."""

    definition: WorkflowDefinition

    @property
    def name(self) -> str:
        return self.definition.name

    @classmethod
    def load(cls, path: Path | str) -> Workflow:
        """The workflow in a file, checked. Raises WorkflowError with every mistake in it."""
        return cls(check(load_workflow(Path(path))))

    async def run(
        self,
        inputs: Mapping[str, Any] | None = None,
        *,
        router: Router | None = None,
        settings: Settings | Path | str | None = None,
        approve: AskPerson | None = None,
        run_id: str | None = None,
    ) -> RunResult:
        """Runs the workflow until it has ended, or waits for a person or a time too far away.

        router: runs the tasks; without one, a Router of `settings` is opened. approve: asks a
        person at an `approve` step. run_id: a known id continues that run; steps that are done are
        not repeated. Raises ConfigError, and StoreUnavailable, after which the run can be resumed.
        """
        from graphs.workflow.execution.runs import begin, continue_run, opened

        async with opened(router, settings) as working:
            record = await begin(working, self.definition, inputs or {}, run_id=run_id)
            return await continue_run(working, record.run_id, approve=approve)

    async def stream(
        self,
        inputs: Mapping[str, Any] | None = None,
        *,
        router: Router | None = None,
        settings: Settings | Path | str | None = None,
        approve: AskPerson | None = None,
        run_id: str | None = None,
    ) -> AsyncGenerator[WorkflowEvent, None]:
        """Runs as `run` does, and yields the events as they happen, the last one RunEnded."""
        from graphs.workflow.execution.runs import begin, opened, stream

        async with opened(router, settings) as working:
            record = await begin(working, self.definition, inputs or {}, run_id=run_id)
            async with aclosing(stream(working, record.run_id, approve=approve)) as events:
                async for event in events:
                    yield event

    @staticmethod
    async def resume(
        run_id: str,
        *,
        router: Router | None = None,
        settings: Settings | Path | str | None = None,
        answers: Mapping[str, Answer | bool] | None = None,
        approve: AskPerson | None = None,
    ) -> RunResult:
        """Continues a run that was interrupted, has failed, or waits. answers: to its `approve`
        steps, by their paths. Raises TaskError for a run that cannot be resumed."""
        from graphs.workflow.execution.outcome import Answer
        from graphs.workflow.execution.runs import continue_run, opened

        said = {
            path: Answer(approved=one) if isinstance(one, bool) else one
            for path, one in (answers or {}).items()
        }
        async with opened(router, settings) as working:
            return await continue_run(working, run_id, answers=said, approve=approve)
