"""Begins, continues, watches and records runs of workflows."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from graphs.app import Router
from graphs.event_stream import stream_events
from graphs.workflow.definition.bind import bind_inputs
from graphs.workflow.definition.bundle import files_of, loaded, unpacked, with_called
from graphs.workflow.definition.model import WorkflowDefinition
from graphs.workflow.definition.validate import check
from graphs.workflow.execution.driver import DriveOutcome, drive, outcome_of
from graphs.workflow.execution.outcome import Answer, Ask, RunEnded, RunResult, WorkflowEvent, total
from graphs.workflow.execution.storage_check import (
    label_of_inputs,
    require_room,
    require_room_for_answers,
)
from router.errors import ConfigError, RunTaken, StoreUnavailable, TaskError
from router.privacy.gate import strictest
from router.queue.runs import LEASE_S, Lease, RunRecord, Runs
from router.settings.settings import Settings

AskPerson = Callable[[Ask], Awaitable[Answer | bool | None]]
"""Asks a person; None where there is no answer yet, and the run waits."""

Emit = Callable[[WorkflowEvent], None]

SHORT_WAIT_S = 3600.0
"""Waits of at most this are waited out in the process; after longer ones the run must be
resumed."""


async def begin(
    router: Router,
    workflow: WorkflowDefinition,
    given: Mapping[str, Any],
    *,
    run_id: str | None = None,
    from_text: bool = False,
    queued: bool = False,
) -> RunRecord:
    """Checks the workflow and its inputs, and records the run; no step runs yet. A known run_id
    gives the same run. Raises ConfigError, with every mistake, and StoreUnavailable."""
    check(workflow)
    inputs = bind_inputs(workflow, given, from_text=from_text)
    files = files_of(workflow)
    require_room(router, workflow, inputs, files)
    if any(_bounded(one) for one in with_called(workflow)):
        await router.require_price()
    runs = Runs(router.store)
    if run_id is not None:
        _require_name(run_id)
    record = RunRecord(
        run_id=run_id or uuid.uuid4().hex[:12],
        workflow=workflow.name,
        path=workflow.source.name,
        text=workflow.source.text,
        base=str(workflow.base.absolute()),
        files=files,
        inputs=inputs,
        queued=queued,
        label=label_of_inputs(router, inputs),
    )
    return _same(await runs.create(record), record)


async def continue_run(
    router: Router,
    run_id: str,
    *,
    emit: Emit | None = None,
    answers: Mapping[str, Answer] | None = None,
    approve: AskPerson | None = None,
    patience_s: float = SHORT_WAIT_S,
    again: bool = True,
) -> RunResult:
    """Drives a run until it has ended, or waits for a person, or for longer than patience_s.

    again: the failed steps of a failed run are tried again; steps that are done never are. answers:
    by the path of the waiting step. Raises TaskError for an unknown run, one that another process
    drives, or an answer that the run does not wait for; StoreUnavailable.
    """
    emit = emit or (lambda _: None)
    runs = Runs(router.store)
    record = await runs.load(run_id)
    async with _held(runs, record.run_id, router) as lease:
        record, outcome = await _driven(
            router, runs, lease, emit, answers or {}, approve, patience_s, again
        )
    # After the lease is given back: whoever gets RunEnded may resume the run at once.
    result = result_of(record, outcome)
    emit(RunEnded(result))
    return result


async def _driven(
    router: Router,
    runs: Runs,
    lease: Lease,
    emit: Emit,
    answers: Mapping[str, Answer],
    approve: AskPerson | None,
    patience_s: float,
    again: bool,
) -> tuple[RunRecord, DriveOutcome]:
    """The run's record and state after it was driven, for `continue_run`, which holds the lease."""
    run_id = lease.run_id
    record = await runs.load(run_id)
    if record.status == "done" or answers:
        outcome = await outcome_of(router, run_id, loaded(record))
        _require_asked(answers, outcome)
        if record.status == "done":
            return record, outcome
    heard = {path: Answer.model_validate(one) for path, one in record.answers.items()}
    given: dict[str, Answer] | None = {**heard, **answers}
    # The stored label stays, even if this process is configured to detect less.
    label = strictest((record.label, label_of_inputs(router, record.inputs)))
    with unpacked(record) as workflow:
        require_room(router, workflow, record.inputs, record.files)
        update = {"status": "running", "label": label}
        record = await runs.save(record.model_copy(update=update), lease)
        while True:
            outcome = await drive(
                router,
                workflow,
                record.inputs,
                thread=run_id,
                emit=emit,
                answers=given,
                label=label,
                again=again,
            )
            record = await runs.save(_recorded(record, outcome), lease)
            given = await _answers(outcome, approve, patience_s)
            if given is None:
                return record, outcome


async def stream(
    router: Router, run_id: str, **options: Any
) -> AsyncGenerator[WorkflowEvent, None]:
    """A run's events as they happen, the last one RunEnded. Closing it interrupts the run."""

    async def run(emit: Emit) -> None:
        await continue_run(router, run_id, emit=emit, **options)

    async with aclosing(stream_events(run)) as events:
        async for event in events:
            yield event


async def say(router: Router, run_id: str, answers: Mapping[str, Answer]) -> RunRecord:
    """Stores answers for the process that drives the run next. Raises as `continue_run` does."""
    runs = Runs(router.store)
    record = await runs.load(run_id)
    async with _held(runs, record.run_id, router) as lease:
        record = await runs.load(record.run_id)
        _require_asked(answers, await outcome_of(router, record.run_id, loaded(record)))
        require_room_for_answers(router, answers.values())
        said = {path: one.model_dump() for path, one in answers.items()}
        update = {"answers": {**record.answers, **said}}
        return await runs.save(record.model_copy(update=update), lease)


async def look(router: Router, run_id: str) -> RunResult:
    """The state of a run, without driving it."""
    runs = Runs(router.store)
    record = await runs.load(run_id)
    result = result_of(record, await outcome_of(router, record.run_id, loaded(record)))
    if result.status == "running" and not await runs.drivers([record.run_id]):
        return result.model_copy(update={"status": "interrupted"})
    return result


def result_of(record: RunRecord, outcome: DriveOutcome) -> RunResult:
    ended = record.status in ("done", "failed")
    return RunResult(
        run_id=record.run_id,
        workflow=record.workflow,
        status=record.status,
        outputs=outcome.outputs,
        error=outcome.error,
        steps=outcome.facts,
        waits_for=outcome.asks,
        cost_usd=outcome.cost_usd,
        avoided_usd=float(total([*outcome.facts.values()])["avoided_usd"] or 0.0),
        began=record.began,
        ended=record.changed if ended else None,
    )


def _recorded(record: RunRecord, outcome: DriveOutcome) -> RunRecord:
    status = "waiting" if outcome.asks else "failed" if outcome.error else "done"
    update: dict[str, Any] = {
        "status": status,
        "error": outcome.error,
        "cost_usd": outcome.cost_usd,
        "answers": {},
    }
    return record.model_copy(update=update)


async def _answers(
    outcome: DriveOutcome, approve: AskPerson | None, patience_s: float
) -> dict[str, Answer] | None:
    """A person's answers, or none once a wait is over; None if the run should be left waiting."""
    if not outcome.asks:
        return None
    if approve is not None:
        for ask in outcome.asks:
            if ask.kind == "approve" and (said := await approve(ask)) is not None:
                answer = Answer(approved=said) if isinstance(said, bool) else said
                return {ask.path: answer}
    if any(ask.kind == "approve" for ask in outcome.asks):
        return None  # the lease is given back: the answer may come through another process
    dues = [ask.due for ask in outcome.asks if ask.due is not None]
    left_s = min(dues) - time.time() if dues else None
    if left_s is None or left_s > patience_s:
        return None
    await asyncio.sleep(max(left_s, 0.0) + 0.001)
    return {}


def _require_asked(given: Mapping[str, Answer], outcome: DriveOutcome) -> None:
    asked = [ask.path for ask in outcome.asks if ask.kind == "approve"]
    for path in given:
        if path not in asked:
            known = ", ".join(asked) or "nothing"
            raise TaskError(f"nobody asked for an answer to {path!r}; the run asks for: {known}")


def _require_name(run_id: str) -> None:
    if not run_id or len(run_id) > 100 or not all(one.isalnum() or one in "_.-" for one in run_id):
        raise TaskError(f"the run id {run_id!r} is not 1 to 100 letters, digits, `_`, `.` and `-`")


def _same(record: RunRecord, wanted: RunRecord) -> RunRecord:
    """The stored run; ConfigError where its id belongs to a run with another workflow or inputs."""
    if (record.text, record.inputs) != (wanted.text, wanted.inputs):
        raise ConfigError(
            f"the run {wanted.run_id} was begun with another file or other inputs: resume it, or "
            "give this one another id"
        )
    return record


def _bounded(workflow: WorkflowDefinition) -> bool:
    if workflow.budget is not None:
        return True
    return any(
        step.budget is not None or (step.escalate and step.escalate.max_usd is not None)
        for step in workflow.steps
    )


@asynccontextmanager
async def _held(runs: Runs, run_id: str, router: Router) -> AsyncIterator[Lease]:
    """Holds the run's lease. If the lease is lost, the body is cancelled after the paid calls under
    way have ended and their answers are kept for the new driver."""
    lease = await runs.lease(run_id)
    me = asyncio.current_task()
    assert me is not None
    lost = False

    def stop() -> None:
        nonlocal lost
        lost = True
        me.cancel()

    async def let_go() -> None:
        await router.calls_ended(run_id)
        stop()

    renewing = asyncio.create_task(_renew(runs, lease, let_go))
    try:
        yield lease
    except asyncio.CancelledError:
        if lost:
            me.uncancel()
            raise RunTaken(
                f"the run {run_id} was taken up by another process, while this one was not heard of"
            ) from None
        raise
    finally:
        renewing.cancel()
        await asyncio.shield(_given_back(runs, lease, renewing))


async def _given_back(runs: Runs, lease: Lease, renewing: asyncio.Task[None]) -> None:
    await asyncio.gather(renewing, return_exceptions=True)
    await runs.give_back(lease)


async def _renew(runs: Runs, lease: Lease, let_go: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(LEASE_S / 4)
        with suppress(StoreUnavailable):  # the body will fail on Redis itself
            if not await runs.renew(lease):
                await let_go()
                return


@asynccontextmanager
async def opened(
    router: Router | None, settings: Settings | Path | str | None
) -> AsyncIterator[Router]:
    """The given router, or a new one of these settings."""
    async with AsyncExitStack() as stack:
        if router is None:
            router = await stack.enter_async_context(Router.open(settings))
        yield router
