"""The step that labels a task, and asks the guard model about texts."""

from __future__ import annotations

from typing import Literal

import structlog
from langgraph.runtime import Runtime

from agents.guards import clean
from graphs.request.ask_guard import unsafe
from graphs.request.state import Outcome, Run, State
from graphs.request.visibility import may_see
from router.types.result import CloudState
from router.types.task import Privacy

log = structlog.get_logger()

Node = Runtime[Run]


async def guard(state: State, runtime: Node) -> State:
    """Labels the task: may its text leave the machine, and is there a cloud that could have it?"""
    task, deps = state["task"], runtime.context.deps
    shown = state["history"][-deps.settings.memory.history_messages or len(state["history"]) :]
    prompt, removed = clean(task.prompt)
    task = task.model_copy(update={"prompt": prompt})
    # Read together with the turns: a turn that was added since then is not among them.
    judged = await deps.gate.judging(task, shown, state["parts"]["session"])
    for reason in state["label_reasons"][-1:]:
        judged = judged.with_label(state["label"], reason)
    if (cached := state.get("cached")) is not None:
        judged = judged.with_label(
            cached.label, f"the answer was given to {cached.label.value} text"
        )
    stays_local = not deps.gate.may_leave(judged.label)
    cloud, absent, scarce = deps.cloud_state, deps.cloud_absent, False
    if (why := runtime.context.options.no_cloud) is not None:
        cloud, absent = why
    if not absent and (known := deps.connectivity.known) is not None:
        cloud, absent = known.state, known.words
    if not absent and not stays_local:
        fullest = next(iter(await deps.budget.statuses(task)), None)
        if fullest is not None and fullest.share >= 1:
            cloud = CloudState.NO_BUDGET
            absent = f"the budget of {fullest.name}, ${fullest.limit_usd:.2f}, is used up"
        elif fullest is not None:
            scarce = fullest.share >= deps.settings.budget.careful_from
    guarded: State = {
        "task": task,
        "warnings": removed,
        "label": judged.label,
        "label_reasons": judged.reasons,
        "stays_local": stays_local,
        "cloud_open": not absent and not stays_local,
        "cloud_state": cloud,
        "cloud_absent": absent,
        "cloud_scarce": scarce,
        "hides_work": not stays_local and deps.gate.hides_what_is_worked_on(task, judged),
    }
    if state.get("cached") is None:
        unsafe_request = await stopped(prompt, "request", guarded, runtime)
        if unsafe_request:
            guarded["outcome"] = Outcome("failed", "none", "", unsafe_request)
    return guarded


def relabelled(state: State, label: Privacy, run: Run) -> State:
    """The state's fields that follow from a stricter label, which may rule out the cloud."""
    stays_local = state["stays_local"] or not run.deps.gate.may_leave(label)
    return {
        "label": label,
        "stays_local": stays_local,
        "cloud_open": state["cloud_open"] and not stays_local,
    }


async def stopped(
    text: str, what: Literal["request", "answer"], state: State, runtime: Node
) -> str | None:
    """Why the guard model refuses a text; None if it does not, or if there is no guard model."""
    agent = runtime.context.deps.guard
    if agent is None:
        return None
    if not may_see(agent, state, runtime.context):
        return f"the guard model {agent.engine.caps.model} runs elsewhere and may not see the text"
    return await unsafe(agent, text, what, state["label"], runtime.context)


def after_guard(state: State) -> Literal["classify", "remember"]:
    return "remember" if "outcome" in state else "classify"
