"""Drives a run, new or resumed, until it has ended or waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from langchain_core.runnables import RunnableConfig
from langgraph.types import Command

from graphs.isolation import isolated
from graphs.workflow.definition.model import WorkflowDefinition
from graphs.workflow.execution.compile import (
    ATTEMPT,
    ERROR,
    INPUTS,
    LOST,
    OUTPUTS,
    Compiled,
    asks_in,
    compiled,
    facts_of,
    items_of,
    progress_of,
)
from graphs.workflow.execution.context import RunContext
from graphs.workflow.execution.outcome import Answer, Ask, Facts, WorkflowEvent, so_far, total
from graphs.workflow.execution.scheduling import next_of
from graphs.workflow.execution.storage_check import label_of_channels, require_room_for_answers
from graphs.workflow.expressions.values import Json
from router.account.budget import Scope
from router.checkpoints.checkpoint import RedisSaver
from router.privacy.gate import strictest
from router.queue.runs import KEPT_S
from router.types.task import Privacy

if TYPE_CHECKING:
    from graphs.app import Router

_MOST_STEPS = 1_000_000
"""Limit of LangGraph's supersteps; high, as a workflow has no cycles and always ends."""


@dataclass(frozen=True, slots=True)
class DriveOutcome:
    """The state of a run after it was driven. asks: what it waits for; lost_usd: what was spent on
    failed tries of steps that were run again, None where a price is unknown."""

    facts: dict[str, Facts]
    lost_usd: float | None = 0.0
    outputs: dict[str, Json] | None = None
    error: str | None = None
    asks: tuple[Ask, ...] = ()

    @property
    def cost_usd(self) -> float | None:
        """None where a price is unknown."""
        known = total([*self.facts.values()])["cost_usd"]
        return None if known is None or self.lost_usd is None else known + self.lost_usd


def saver(router: Router, label: Privacy = Privacy.PUBLIC) -> RedisSaver:
    """The checkpointer; labels each checkpoint anew, as tools may raise it. label: the inputs'."""
    return RedisSaver(
        router.store,
        ttl_s=KEPT_S,
        revived=(Facts, Ask, Answer),
        label_of=label_of_channels(router, label),
        refuses=True,
    )


async def drive(
    router: Router,
    workflow: WorkflowDefinition,
    inputs: Mapping[str, Json],
    *,
    thread: str,
    emit: Callable[[WorkflowEvent], None],
    answers: Mapping[str, Answer] | None = None,
    prefix: str = "",
    scopes: tuple[Scope, ...] = (),
    label: Privacy = Privacy.PUBLIC,
    again: bool = False,
) -> DriveOutcome:
    """Drives a run until it has ended or waits; a known thread continues from its checkpoint.

    again: the failed steps of a failed run are tried again. Raises StoreUnavailable, after which
    the run can be driven again.
    """
    require_room_for_answers(router, (answers or {}).values())
    keep = saver(router, label)
    graph = compiled(workflow, keep)
    config: RunnableConfig = {
        "configurable": {"thread_id": thread},
        "recursion_limit": _MOST_STEPS,
    }
    given: Any
    state = await graph.aget_state(config)
    values = state.values
    if not values:
        given = {INPUTS: dict(inputs), ATTEMPT: 0}
    elif state.next:
        asked = bool(state.interrupts)
        said = {path: one.model_dump() for path, one in (answers or {}).items()}
        # Wrapped, as LangGraph ignores an empty resume value.
        given = Command(resume={"answers": said}) if asked else None
    elif again and values.get(ERROR):
        given = _without_failures(workflow, values)
    else:
        return await _outcome(graph, config, workflow)
    attempt = given[ATTEMPT] if isinstance(given, dict) else values.get(ATTEMPT, 0)
    worker = RunContext(
        router=router,
        workflow=workflow,
        thread=thread,
        prefix=prefix,
        attempt=attempt,
        scopes=_with_own(router, workflow, thread, scopes),
        label=label,
        emit=emit,
        call=_Called(router, thread, prefix, emit, again),
    )
    if given is None:
        # Unfinished work resumes directly at its nodes, without passing `(next)`.
        worker.run = progress_of(values, worker)
        worker.stop = next_of(worker.run).error is not None
    with isolated():
        await graph.ainvoke(given, config, context=worker, durability="sync")
    await keep.aprune([thread])
    return await _outcome(graph, config, workflow)


async def outcome_of(router: Router, thread: str, workflow: WorkflowDefinition) -> DriveOutcome:
    """The state of a run, without driving it."""
    graph = compiled(workflow, saver(router))
    return await _outcome(graph, {"configurable": {"thread_id": thread}}, workflow)


@dataclass(frozen=True, slots=True)
class _Called:
    """Drives the workflows that a run calls, each in a LangGraph thread of its own."""

    router: Router
    thread: str
    prefix: str
    emit: Callable[[WorkflowEvent], None]
    again: bool

    async def __call__(
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
    ) -> Facts:
        thread, late = f"{self.thread}/{where}", None
        time_for_it = asyncio.timeout(timeout_s)
        try:
            async with time_for_it:
                found = await drive(
                    self.router,
                    called,
                    inputs,
                    thread=thread,
                    emit=self.emit,
                    answers=answers,
                    prefix=f"{self.prefix}{where}/",
                    scopes=scopes,
                    label=label,
                    again=self.again or again,
                )
        except TimeoutError:
            if not time_for_it.expired():
                raise
            # The called run keeps what it had done: it was paid for, and is not repeated.
            found = await outcome_of(self.router, thread, called)
            late = f"not done within {timeout_s:g} s"
        figures = total([*found.facts.values()])
        parts = [one.label for one in found.facts.values()]
        error = late or found.error
        status = "failed" if error else "waiting" if found.asks else "done"
        return Facts.model_validate(
            {
                "status": status,
                "output": found.outputs if status == "done" else None,
                "error": error,
                "label": strictest((label, *parts)),
                "asks": found.asks,
                "cost_usd": found.cost_usd,
                **{name: value for name, value in figures.items() if name != "cost_usd"},
            }
        )


def _with_own(
    router: Router, workflow: WorkflowDefinition, thread: str, scopes: tuple[Scope, ...]
) -> tuple[Scope, ...]:
    if workflow.budget is None:
        return scopes
    key = router.store.keys.budget("workflow", thread)
    return (*scopes, Scope(f"the workflow {workflow.name}", key, workflow.budget.max_usd, KEPT_S))


def _without_failures(workflow: WorkflowDefinition, values: Mapping[str, Any]) -> dict[str, Any]:
    """The update that removes failed steps from the state, so that they are tried again."""
    forget: dict[str, Any] = {ERROR: "", ATTEMPT: values.get(ATTEMPT, 0) + 1}
    lost: list[Facts] = []
    for step in workflow.steps:
        facts: Facts | None = values.get(facts_of(step.id))
        if facts is not None and facts.status == "failed" and not step.continue_on_error:
            forget[facts_of(step.id)] = None
            items: dict[int, Facts] = values.get(items_of(step.id)) or {}
            failed = {index: one for index, one in items.items() if one.status == "failed"}
            # A called workflow resumes at its failure, and counts its own lost cost.
            if step.action != "workflow":
                lost += failed.values() if step.for_each is not None else (facts,)
            if failed:
                forget[items_of(step.id)] = dict.fromkeys(failed)
    known = (values.get(LOST, 0.0), total(lost)["cost_usd"])
    forget[LOST] = None if None in known else sum(one or 0.0 for one in known)
    return forget


async def _outcome(
    graph: Compiled, config: RunnableConfig, workflow: WorkflowDefinition
) -> DriveOutcome:
    state = await graph.aget_state(config)
    values = state.values
    facts: dict[str, Facts] = {}
    for step in workflow.steps:
        one, items = values.get(facts_of(step.id)), values.get(items_of(step.id))
        if one is None and items:
            one = so_far([*items.values()])
        if one is not None:
            facts[step.id] = one
    return DriveOutcome(
        facts=facts,
        lost_usd=values.get(LOST, 0.0),
        outputs=None if state.next else values.get(OUTPUTS),
        error=values.get(ERROR) or None,
        asks=asks_in(state.interrupts),
    )
