"""Which cloud models had better be left alone for a while, because they failed a moment ago."""

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
        """Those that are not cooling down, in their order; all of them where none is left."""
        now = time.monotonic()
        awake = tuple(one for one in agents if self._until.get(_name(one), now) <= now)
        return awake or tuple(agents)

    def failed(self, agent: Agent, attempt: Attempt) -> None:
        """It did not answer. A prompt that is too long for it says nothing about the next one."""
        if attempt.escalation is EscalationReason.ENGINE_FAILED:
            self._until[_name(agent)] = time.monotonic() + self._cool_down_s

    def served(self, agent: Agent) -> None:
        """It answered, so whatever it had is over."""
        self._until.pop(_name(agent), None)


def _name(agent: Agent) -> str:
    return agent.engine.caps.model
