"""What a process needs to drive a run, apart from the checkpoints."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from graphs.workflow.definition.model import WorkflowDefinition
from graphs.workflow.definition.order import needs
from graphs.workflow.execution.outcome import Answer, Facts, WorkflowEvent
from graphs.workflow.execution.scheduling import RunProgress
from graphs.workflow.expressions.values import Json
from router.account.budget import Scope
from router.types.task import Privacy

if TYPE_CHECKING:
    from graphs.app import Router


class Call(Protocol):
    """Runs a called workflow as a part of this run, which waits for whatever that waits for."""

    def __call__(
        self,
        called: WorkflowDefinition,
        inputs: Mapping[str, Json],
        *,
        where: str,
        again: bool,
        answers: Mapping[str, Answer],
        scopes: tuple[Scope, ...],
        label: Privacy,
        timeout_s: float | None,
    ) -> Awaitable[Facts]: ...


@dataclass(slots=True, kw_only=True)
class RunContext:
    """thread: the id of the run's checkpoints, and the prefix of its tasks' ids. prefix: of the
    paths of its steps, as `sub[3]/` in a called workflow. attempt: how often the run was resumed
    after a failure. scopes: budgets for all of the run. label: of its inputs.
    run: the progress when work was last handed out; unchanged until all of that is done.
    stop: set when a step has failed, so that no further work begins.
    wanted: for each step those that must end before it. opened: called workflows, by file.
    """

    router: Router
    workflow: WorkflowDefinition
    thread: str
    prefix: str
    attempt: int
    scopes: tuple[Scope, ...]
    label: Privacy
    emit: Callable[[WorkflowEvent], None]
    call: Call
    run: RunProgress | None = None
    slots: dict[str, asyncio.Semaphore] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)
    opened: dict[str, WorkflowDefinition] = field(default_factory=dict)
    stop: bool = False
    wanted: Mapping[str, tuple[str, ...]] = field(init=False)

    def __post_init__(self) -> None:
        self.wanted = needs(self.workflow)  # computed once, as it reads all texts
