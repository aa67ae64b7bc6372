"""Remembers which cloud models failed recently, and are not asked for a while."""

from __future__ import annotations

import time
from collections.abc import Sequence

from agents.agent import Agent
from router.types.decision import EscalationReason
from router.types.result import Attempt


class Cooldown:
    """A model that failed is not asked for `cool_down_s`, unless all of them have failed.

    One for all runs of a Router; it forgets with the process.
    """

    def __init__(self, cool_down_s: float) -> None:
        self._cool_down_s = cool_down_s
        self._until: dict[str, float] = {}

    def ready(self, agents: Sequence[Agent]) -> tuple[Agent, ...]:
        """The models that are not cooling down, in order; all of them if every one is."""
        now = time.monotonic()
        awake = tuple(one for one in agents if self._until.get(_name(one), now) <= now)
        return awake or tuple(agents)

    def failed(self, agent: Agent, attempt: Attempt) -> None:
        """Starts the cooldown if the engine failed; a prompt that is too long does not count."""
        if attempt.escalation is EscalationReason.ENGINE_FAILED:
            self._until[_name(agent)] = time.monotonic() + self._cool_down_s

    def served(self, agent: Agent) -> None:
        """Ends the cooldown, as the model answered."""
        self._until.pop(_name(agent), None)


def _name(agent: Agent) -> str:
    return agent.engine.caps.model
