"""Latency estimates: how long each model takes to answer, as measured in this process."""

from __future__ import annotations

from dataclasses import dataclass, field

from router.types.completion import Completion

_WEIGHT = 0.3
"""Of the newest answer in a running mean; the last three count for two thirds."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds to an answer's first token, without its wait for a turn, and for each token."""

    first_s: float
    token_s: float

    def answer_s(self, tokens: int) -> float:
        return self.first_s + self.token_s * tokens


HOSTED = Speed(first_s=0.8, token_s=1 / 60)
"""For a hosted model that has not answered here: a judgement, replaced by its first answer."""


@dataclass(slots=True, eq=False)
class SpeedEstimates:
    """The speeds of the models that have answered; for one event loop."""

    _seen: dict[str, Speed] = field(default_factory=dict)

    def observe(self, model: str, completion: Completion) -> None:
        """Updates the estimate with a complete answer; one without tokens is ignored."""
        tokens = completion.usage.completion_tokens
        if tokens < 1 or completion.latency_s <= 0:
            return
        # An answer that came in one piece does not show when its first token came.
        first_s = completion.ttft_s if completion.ttft_s < completion.latency_s else 0.0
        token_s = (completion.latency_s - first_s) / tokens
        known = self._seen.get(model)
        if known is not None:
            # A first token later than the quickest one includes a wait for a slot.
            first_s = min(first_s, known.first_s)
            token_s = (1 - _WEIGHT) * known.token_s + _WEIGHT * token_s
        self._seen[model] = Speed(first_s, token_s)

    def of(self, model: str) -> Speed | None:
        """None for a model that has not answered here."""
        return self._seen.get(model)
