"""The step that sends a task to a local agent, to the cloud, or to wait for the cloud."""

from __future__ import annotations

import time
from typing import Literal

import structlog
from langgraph.runtime import Runtime

from agents.assessment import Assessment, Circumstances, assess, choose_route, refused_elsewhere
from graphs.events import Routed
from graphs.request.state import Outcome, Run, State
from graphs.request.visibility import candidate_for, may_see
from router.classify import signals
from router.policy import decide as policy
from router.types.decision import RouteDecision

log = structlog.get_logger()

Node = Runtime[Run]


async def decide(state: State, runtime: Node) -> State:
    """Decides who answers: the cache, a local agent or the cloud; or parks the task."""
    task, deps, guess = state["task"], runtime.context.deps, state["guess"]
    options = runtime.context.options
    cached = state.get("cached")
    if cached is not None:
        decision = RouteDecision(route="local", agent=None, reason="answered before, from memory")
        outcome = Outcome(
            *("done", "cache", cached.text, decision.reason, cached.model),
            verification=cached.verification,
        )
        return {"decision": decision, "outcome": outcome}
    if runtime.context.upgrade or options.place == "cloud":
        return _decide_cloud(state, runtime.context)
    again = bool(runtime.context.tried)
    if again:
        asked = candidate_for(guess.kind, task, runtime.context, state["history"])
        seen = assess(task, guess, signals.read(task.prompt), asked, deps.gains)
    else:
        agent = deps.agents[state["candidate"]]
        seen = Assessment(guess, agent, state["coverage"], state["scores"])
    agent = seen.agent
    if not may_see(agent, state, runtime.context):
        refused = refused_elsewhere(agent)
        return {"decision": refused, "outcome": Outcome("failed", "none", "", refused.reason)}
    circumstances = Circumstances(
        clouds=deps.clouds,
        absent=state["cloud_absent"],
        scarce=state["cloud_scarce"],
        patience_s=_patience_s(state, runtime.context),
        must_stay_local=state["stays_local"] or options.no_cloud is not None,
        hides_work=state["hides_work"],
        policy=deps.settings.policy
        if options.role is None
        else policy.for_named(deps.settings.policy),
    )
    decision = choose_route(
        task,
        seen,
        circumstances,
        deps.speeds,
        history=state["history"],
        facts=state["facts"],
    )
    if options.role is not None:
        # The caller named the role: the decision says nothing about the policy.
        decision = decision.model_copy(update={"weighed": None})
    if options.no_cloud is not None and not state["stays_local"]:
        decision = decision.model_copy(update={"reason": options.no_cloud[1]})
    log.info("task.routed", route=decision.route, kind=guess.kind.value, reason=decision.reason)
    decided: State = {
        "decision": decision,
        "coverage": seen.coverage,
        "escalation": decision.escalation,
        "finding": decision.reason,
    }
    if again:
        return {**decided, "repaired": False, "unenforced": False, "completion": None}
    runtime.context.emit(Routed(guess, decision))
    return decided


def _decide_cloud(state: State, run: Run) -> State:
    """The decision for a task that only the cloud may answer."""
    if state["cloud_open"]:
        why = "it waited for the cloud, which is there again"
        reason = why if run.upgrade else "it is to be answered in the cloud"
        decision = RouteDecision(route="cloud", agent=None, reason=reason)
    else:
        absent = state["cloud_absent"] or "the text must stay on this machine"
        decision = RouteDecision(route="parked", agent=None, reason=absent)
    run.emit(Routed(state["guess"], decision))
    return {"decision": decision, "escalation": None, "finding": decision.reason}


def after_decide(state: State) -> Literal["remember", "answer_locally", "answer_in_cloud"]:
    decision = state["decision"]
    if "outcome" in state:
        return "remember"
    if decision.route == "cloud":
        return "answer_in_cloud"
    return "answer_locally" if decision.agent else "remember"


def local_deadline(state: State, run: Run) -> float:
    if not state["cloud_open"]:
        return run.deadline
    now = time.monotonic()
    return now + (run.deadline - now) * run.deps.settings.policy.local_share


def max_wait_s(state: State, run: Run) -> float | None:
    """Longest wait for a local model's turn; None where no cloud could answer instead."""
    given = state["task"].max_wait_s
    if given is None and state["cloud_open"]:
        return run.deps.settings.policy.max_wait_s
    return given


def _patience_s(state: State, run: Run) -> float:
    left_s = local_deadline(state, run) - time.monotonic()
    most_s = max_wait_s(state, run)
    return left_s if most_s is None else min(left_s, most_s)
