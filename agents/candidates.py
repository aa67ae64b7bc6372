"""Which local agents may answer a task, in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from agents.agent import Agent, Coverage
from router.types.task import Task


@dataclass(frozen=True, slots=True)
class Candidate:
    """An agent, and what it says of the task before it is asked: None for a general model."""

    agent: Agent
    coverage: Coverage | None


def candidate(
    role: str,
    local: Mapping[str, Agent],
    specialists: Sequence[Agent],
    task: Task,
    *,
    tried: Collection[str] = (),
) -> Candidate:
    """Who is asked next: the first specialist that knows the task and was not asked, else the
    role's own agent.

    tried: the roles that were asked already.
    """
    for agent in specialists:
        if agent.role in tried or agent.specialist is None or task.tools:
            continue
        coverage = agent.specialist.covers(task)
        if coverage.covered:
            return Candidate(agent, coverage)
    own = local[role]
    return Candidate(own, own.specialist.covers(task) if own.specialist else None)


def another(role: str, local: Mapping[str, Agent], tried: Collection[str]) -> str | None:
    """The role whose agent may try what this role's agent declined: code goes on to the general
    model, where that is another one that answers in general."""
    other = local["general"]
    if role == "general" or "general" in tried or other.specialist is not None:
        return None
    return None if other.engine is local[role].engine else "general"
