"""Compiles a workflow to a LangGraph `StateGraph`: a node for each step, and two for control.

`(next)` decides what to do next and sends the work to the steps' nodes, each item of a `for_each`
by a `Send` of its own. If nothing can be done but wait, `(ask)` interrupts the run. The facts of
each step are a channel, so a checkpoint writes only what has changed.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Annotated, Any, TypedDict

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command, Send, interrupt

from graphs.workflow.definition.model import Step, WorkflowDefinition
from graphs.workflow.execution.context import RunContext
from graphs.workflow.execution.outcome import Answer, Ask, Began, Ended, Facts, ItemEnded
from graphs.workflow.execution.scheduling import RunProgress, next_of
from graphs.workflow.execution.step import StepRun, run_step
from graphs.workflow.expressions.expressions import render_data
from graphs.workflow.expressions.values import Json
from router.errors import ConfigError

NEXT, ASK, END = "(next)", "(ask)", "__end__"

# Not valid as the ids of steps: LangGraph has one namespace for channels and nodes.
INPUTS, ANSWERS, ATTEMPT, LOST = "(inputs)", "(answers)", "(attempt)", "(lost_usd)"
OUTPUTS, ERROR = "(outputs)", "(error)"

_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 8.0

Compiled = CompiledStateGraph[Any, RunContext, Any, Any]

Values = dict[str, Any]
"""The channels' values by name, as LangGraph passes them."""


def facts_of(step_id: str) -> str:
    """The channel of a step's facts; None while there are none."""
    return f"{step_id}.facts"


def node_of(step_id: str) -> str:
    """The node that does a step's work; prefixed, as LangGraph reserves some names."""
    return f"step {step_id}"


def items_of(step_id: str) -> str:
    """The channel of the facts of a step's items, by number."""
    return f"{step_id}.items"


def _merged(
    known: dict[int, Facts] | None, new: Mapping[int, Facts | None] | None
) -> dict[int, Facts]:
    """Adds facts of items; None in place of an item's facts, or of all, removes them."""
    if new is None:
        return {}
    merged = {**(known or {}), **new}
    return {index: one for index, one in merged.items() if one is not None}


def compiled(workflow: WorkflowDefinition, saver: BaseCheckpointSaver[str]) -> Compiled:
    """Invoke it with `inputs` and a `RunContext` as context."""
    channels: dict[str, Any] = {
        INPUTS: dict,
        ANSWERS: Annotated[dict[str, Answer], _added],
        ATTEMPT: int,
        LOST: float,
        OUTPUTS: dict,
        ERROR: str,
    }
    for step in workflow.steps:
        channels[facts_of(step.id)] = Facts
        if step.for_each is not None:
            channels[items_of(step.id)] = Annotated[dict[int, Facts], _merged]
    state: Any = TypedDict("RunState", channels, total=False)  # type: ignore[misc]
    # A TypedDict that is made at run time has no static type.
    graph: Any = StateGraph(state, context_schema=RunContext)
    worked = [step for step in workflow.steps if step.action not in ("approve", "wait")]
    graph.add_node(NEXT, _next, destinations=(*(node_of(step.id) for step in worked), ASK, END))
    graph.add_node(ASK, _ask)
    graph.add_edge(START, NEXT)
    graph.add_edge(ASK, NEXT)
    for step in worked:
        graph.add_node(node_of(step.id), _node(step))
        graph.add_edge(node_of(step.id), NEXT)
    made: Compiled = graph.compile(checkpointer=saver, name=workflow.name)
    return made


def _added(known: dict[str, Answer] | None, new: dict[str, Answer]) -> dict[str, Answer]:
    return {**(known or {}), **new}


def progress_of(state: Values, drive: RunContext) -> RunProgress:
    """The progress of the run according to the channels."""
    steps = drive.workflow.steps
    facts = {step.id: state.get(facts_of(step.id)) for step in steps}
    return RunProgress(
        workflow=drive.workflow,
        inputs=state.get(INPUTS) or {},
        facts={step_id: one for step_id, one in facts.items() if one is not None},
        # LangGraph starts the channel as an empty dict, which must not look like a begun step.
        items={step.id: items for step in steps if (items := state.get(items_of(step.id)))},
        answers=state.get(ANSWERS) or {},
        prefix=drive.prefix,
        label=drive.label,
        wanted=drive.wanted,
    )


async def _next(state: Values, runtime: Runtime[RunContext]) -> Command[str]:
    drive = runtime.context
    run = progress_of(state, drive)
    found = next_of(run)
    drive.run = run
    update: Values = {facts_of(step_id): facts for step_id, facts in found.facts.items()}
    for step_id, facts in found.facts.items():
        drive.emit(Ended(f"{drive.prefix}{step_id}", facts))
        if facts.status == "done" and step_id in run.items:
            update[items_of(step_id)] = None  # the step's facts include them now
    if found.error is not None:
        return Command(update={**update, ERROR: found.error}, goto=END)
    if found.sends:
        _tell_begun(drive, run, found.sends)
        goto = [Send(node_of(step_id), {"index": index}) for step_id, index in found.sends]
        return Command(update=update, goto=goto)
    if found.asks:
        asks = [ask.model_dump(mode="json") for ask in found.asks]
        return Command(update=update, goto=Send(ASK, {"asks": asks}))
    try:
        outputs = render_data(drive.workflow.outputs, run.scope())
    except ConfigError as error:
        return Command(update={**update, ERROR: f"outputs: {error}"}, goto=END)
    return Command(update={**update, OUTPUTS: outputs}, goto=END)


def _tell_begun(drive: RunContext, run: RunProgress, sends: list[tuple[str, int | None]]) -> None:
    for step_id in dict.fromkeys(step_id for step_id, _ in sends):
        if step_id not in drive.begun:
            drive.begun.add(step_id)
            items = run.lists.get(step_id)
            drive.emit(Began(f"{drive.prefix}{step_id}", None if items is None else len(items)))


async def _ask(state: Values) -> Values:
    """Interrupts the run until it is resumed, with answers by path or because a wait is over."""
    given = interrupt(state["asks"])["answers"]
    asks = [Ask.model_validate(one) for one in state["asks"]]
    said = {ask.key: Answer.model_validate(given[ask.path]) for ask in asks if ask.path in given}
    return {ANSWERS: said}


def _node(step: Step) -> Callable[[Values, Runtime[RunContext]], Awaitable[Values]]:
    return partial(_work, step)


async def _work(step: Step, state: Values, runtime: Runtime[RunContext]) -> Values:
    """Runs a step, or one item of it; does nothing if the run has failed meanwhile."""
    drive, index = runtime.context, state["index"]
    slots = drive.slots.setdefault(step.id, asyncio.Semaphore(step.max_parallel))
    async with slots:
        if drive.stop:
            return {}
        facts = await _tried(step, index, drive)
    if facts.status == "failed" and not step.continue_on_error:
        drive.stop = True
    if index is None:
        drive.emit(Ended(f"{drive.prefix}{step.id}", facts))
        return {facts_of(step.id): facts}
    drive.emit(ItemEnded(f"{drive.prefix}{step.id}", index, facts))
    return {items_of(step.id): {index: facts}}


async def _tried(step: Step, index: int | None, drive: RunContext) -> Facts:
    """Runs a step with its retries: the facts of the last try, with the cost of all tries."""
    run = drive.run
    assert run is not None, "looked at before anything is handed out"
    item: Json = None if index is None else run.lists[step.id][index]
    scope, label = run.scope(item, index), run.label_of(step)
    spent = Facts(status="waiting")
    for number in range(step.retry + 1):
        if number:
            pause_s = min(_PAUSE_S * 2 ** (number - 1), _LONGEST_PAUSE_S)
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))
        try:
            facts = await run_step(StepRun(step, index, number, scope, label), drive)
        except ConfigError as error:
            # A mistake in the text or a file: another try would fail as well.
            facts = Facts(status="failed", error=str(error), label=label)
            return _with(spent, facts, number + 1)
        if step.action == "workflow":
            spent = facts.model_copy(update={"tries": number + 1})  # sums up earlier tries
        else:
            spent = _with(spent, facts, number + 1)
        if facts.status != "failed" or drive.stop:
            break
    return spent


def _with(spent: Facts, facts: Facts, tries: int) -> Facts:
    known = (spent.cost_usd, facts.cost_usd)
    return facts.model_copy(
        update={
            "cost_usd": None if None in known else sum(one or 0.0 for one in known),
            "cloud_tokens": spent.cloud_tokens + facts.cloud_tokens,
            "seconds": spent.seconds + facts.seconds,
            "tries": tries,
        }
    )


def asks_in(interrupts: tuple[Any, ...]) -> tuple[Ask, ...]:
    """What an interrupted run waits for."""
    return tuple(Ask.model_validate(one) for found in interrupts for one in found.value)
