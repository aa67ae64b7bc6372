"""Which local agent answers, and which may see the text."""

from __future__ import annotations

from agents.agent import Agent
from agents.candidates import Candidate, another, candidate
from graphs.request.state import Run, State
from router.policy import decide as policy
from router.types.decision import EscalationReason, Kind
from router.types.task import Message, Task


def role_of(kind: Kind, run: Run) -> str:
    """The local role that answers this run."""
    return run.options.role or policy.role_for(kind)


def local_agent(state: State, run: Run) -> Agent:
    """The local agent that `decide` named."""
    return run.deps.agents[state["decision"].agent or ""]


def candidate_for(kind: Kind, task: Task, run: Run, history: tuple[Message, ...]) -> Candidate:
    """The local agent that is asked next: of those that were not asked yet, if there is one.

    Whoever named a role wants its own model's answer. Earlier turns may say how to answer, or in
    which language, which nobody who computes has read.
    """
    deps, role = run.deps, role_of(kind, run)
    specialists = () if run.options.role else deps.specialists
    if history:
        specialists = tuple(agent for agent in specialists if agent.role != policy.EXACT)
    if role in run.tried:
        role = another(role, deps.local, run.tried) or role
    return candidate(role, deps.local, specialists, task, tried=run.tried)


def goes_on(reason: EscalationReason | None, state: State, run: Run) -> bool:
    """Whether another local agent may try after this one failed for `reason`.

    A role's own model comes after a specialist; a general one after a coder that declined, or
    where there is no cloud to go on to.
    """
    if reason is None or run.upgrade:
        return False
    asked = state["decision"].agent
    if any(agent.role == asked for agent in run.deps.specialists):
        return True
    declined = reason in (EscalationReason.DECLINED, EscalationReason.OUT_OF_DOMAIN)
    if run.options.role or asked is None or not (declined or not state["cloud_open"]):
        return False
    return another(asked, run.deps.local, run.tried) is not None


def may_see(agent: Agent | None, state: State, run: Run) -> bool:
    """Whether a role's model may see the text. A model on another machine may see what a cloud may
    see, unless the task must be answered on this one."""
    if agent is None or agent.engine.caps.local:
        return agent is not None
    return run.options.place != "local" and run.deps.gate.may_leave(state["label"])
