"""A model's answer: the text, its token usage, and token statistics."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from router.types.base import Frozen


class Usage(Frozen):
    """What one generation consumed; tokens are those of the model that ran.

    thinking_tokens: those of completion_tokens that were thinking; an estimate where the engine
    counts them together. cost_usd: what the provider charges; 0.0 for a local model, None where no
    price is known. estimated: no plausible count of the provider's exists; the figures are rather
    too high than too low.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    thinking_tokens: int = 0
    cost_usd: float | None = 0.0
    estimated: bool = False


class TokenStats(Frozen):
    """How sure a model was, from its distribution before temperature and before any constraint.

    min_logprob, sum_logprob: nats, of the chosen tokens. The others are None where the engine does
    not report them: mean_entropy in nats; min_margin: the least difference between the first and
    second log-probability, nats; min_allowed_mass: the least probability that the model gave to
    what a constraint allowed, 0..1 (low: the answer was forced on it).
    """

    tokens: int
    min_logprob: float
    sum_logprob: float
    mean_entropy: float | None = None
    min_margin: float | None = None
    min_allowed_mass: float | None = None

    @property
    def mean_logprob(self) -> float:
        return self.sum_logprob / self.tokens if self.tokens else 0.0


class Completion(Frozen):
    """One model's whole answer.

    stats: None where the engine reports no probabilities.
    ttft_s: seconds to the first token, latency_s to the last. thinking: what the model thought
    aloud, and refusal: why it would not answer, in its own words; neither is part of the text or
    written anywhere. warnings: what was odd about the answer, in sentences, such as figures that
    cannot be.
    """

    text: str
    engine: str
    model: str
    finish_reason: Literal["stop", "length", "cancelled", "content_filter"]
    usage: Usage = Usage()
    stats: TokenStats | None = None
    ttft_s: float = 0.0
    latency_s: float = 0.0
    thinking: str = Field(default="", exclude=True, repr=False)
    refusal: str = Field(default="", exclude=True, repr=False)
    warnings: tuple[str, ...] = ()
