"""The step that sends a task to a local agent, to the cloud, or to wait for the cloud."""

from __future__ import annotations

import time
from typing import Literal

import structlog
from langgraph.runtime import Runtime

from agents.agent import Agent
from graphs.events import Routed
from graphs.seats import may_see
from graphs.state import Outcome, Run, State
from router import policy
from router.pricing import estimate_tokens
from router.types import (
    RouteDecision,
)

log = structlog.get_logger()

Node = Runtime[Run]


async def decide(state: State, runtime: Node) -> State:
    """Local agent, cloud, or parked for the cloud; from memory if it is there already."""
    task, deps, guess = state["task"], runtime.context.deps, state["guess"]
    cached = state.get("cached")
    if cached is not None:
        decision = RouteDecision(route="local", agent=None, reason="answered before, from memory")
        outcome = Outcome("done", "cache", cached.text, decision.reason, cached.model)
        return {"decision": decision, "outcome": outcome}
    if runtime.context.upgrade:
        return _decide_upgrade(state)
    role = policy.role_for(guess.kind)
    agent, coverage = deps.local[role], state.get("coverage")
    if not may_see(agent, state):
        return _refused_elsewhere(role, agent)
    messages = agent.messages(task, state["history"], facts=state["facts"])
    decision = policy.decide(
        guess,
        policy.LocalOption(
            role=role,
            # A specialist was never taught to call anything.
            covered=coverage.covered and not task.tools if coverage else None,
            family=coverage.family if coverage else None,
            prompt_tokens=sum(estimate_tokens(message.content) for message in messages),
            window_tokens=agent.engine.caps.context_tokens,
            wait_s=agent.engine.outlook().before_start_s,
            patience_s=_patience_s(state, runtime.context),
        ),
        policy.CloudOption(absent=state["cloud_absent"], scarce=state["cloud_scarce"]),
        deps.settings.policy,
        must_stay_local=state["stays_local"],
    )
    log.info("task.routed", route=decision.route, kind=guess.kind.value, reason=decision.reason)
    runtime.context.emit(Routed(guess, decision))
    return {"decision": decision, "escalation": decision.escalation, "finding": decision.reason}


def _decide_upgrade(state: State) -> State:
    """Only the cloud's answer is wanted."""
    if state["cloud_open"]:
        decision = RouteDecision(
            route="cloud", agent=None, reason="it waited for the cloud, which is there again"
        )
    else:
        decision = RouteDecision(route="parked", agent=None, reason=state["cloud_absent"])
    return {"decision": decision, "escalation": None, "finding": decision.reason}


def _refused_elsewhere(role: str, agent: Agent) -> State:
    """Nobody on this machine plays the role, and the text must not leave it."""
    reason = (
        f"the task must stay on this machine, and the model of role {role}, "
        f"{agent.engine.caps.model}, is served by another one: if that is yours, set "
        f"models.{role}.trusted, or name a model that runs here"
    )
    decision = RouteDecision(route="local", agent=None, reason=reason)
    return {"decision": decision, "outcome": Outcome("failed", "none", "", reason)}


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
    """How long a local model may let the task wait; None where nobody else could have it."""
    given = state["task"].max_wait_s
    if given is None and state["cloud_open"]:
        return run.deps.settings.policy.max_wait_s
    return given


def _patience_s(state: State, run: Run) -> float:
    left_s = local_deadline(state, run) - time.monotonic()
    most_s = max_wait_s(state, run)
    return left_s if most_s is None else min(left_s, most_s)
