"""Who answers here, and who may see what."""

from __future__ import annotations

from agents.agent import Agent
from graphs.request.state import Run, State
from router.policy import decide as policy
from router.types.decision import Kind
from router.types.task import Privacy


def role_of(kind: Kind, run: Run) -> str:
    """The local role that answers this run."""
    return run.options.role or policy.role_for(kind)


def local_agent(state: State, run: Run) -> Agent:
    """The local agent that `decide` named."""
    return run.deps.local[state["decision"].agent or ""]


def may_see(agent: Agent | None, state: State) -> bool:
    """Whether a role's model may have the text: a server elsewhere is another machine."""
    return agent is not None and (
        agent.engine.caps.local or state["label"] is not Privacy.LOCAL_ONLY
    )
