"""Which local agent answers, and which may see the text."""

from __future__ import annotations

from agents.agent import Agent
from graphs.request.state import Run, State
from router.policy import decide as policy
from router.types.decision import Kind


def role_of(kind: Kind, run: Run) -> str:
    """The local role that answers this run."""
    return run.options.role or policy.role_for(kind)


def local_agent(state: State, run: Run) -> Agent:
    """The local agent that `decide` named."""
    return run.deps.local[state["decision"].agent or ""]


def may_see(agent: Agent | None, state: State, run: Run) -> bool:
    """Whether a role's model may see the text. A model on another machine may see what a cloud may
    see, unless the task must be answered on this one."""
    if agent is None or agent.engine.caps.local:
        return agent is not None
    return run.options.place != "local" and run.deps.gate.may_leave(state["label"])
