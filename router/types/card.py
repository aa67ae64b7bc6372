"""A model's card: what it was seen to do, or what is expected of one like it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Self

from pydantic import Field

from router.types.base import Frozen
from router.types.decision import Kind


class Tally(Frozen):
    """How many were asked, and how many were answered right."""

    asked: int = Field(default=0, ge=0)
    right: int = Field(default=0, ge=0)

    @classmethod
    def of(cls, right: Iterable[bool]) -> Self:
        """Of what became of each question."""
        found = list(right)
        return cls(asked=len(found), right=sum(found))

    @property
    def share(self) -> float | None:
        """0..1; None where nothing was asked."""
        return self.right / self.asked if self.asked else None


class Scored(Frozen):
    """One question of a probe: how sure the model was of its answer, 0..1, and if it was right."""

    kind: Kind
    score: float
    right: bool


class ConfidenceFit(Frozen):
    """A logistic regression from token statistics to the probability that an answer is right.

    weights: of `agents.calibration.features`. trials: the answers that it was fitted to, each with
    the score that weights fitted without it give. auroc, error (expected calibration error): of
    those scores; auroc is None where all answers were right, or all wrong.
    """

    weights: tuple[float, ...] = Field(min_length=6, max_length=6)
    trials: tuple[Scored, ...]
    auroc: float | None = None
    error: float


class Card(Frozen):
    """What is known of one model.

    source: `probed` by questions with known answers, `published` scores of the catalogue, or
    `estimated` from its size and family. fingerprint: of the file or the server's model that was
    probed. kinds: by kind of task; confidence: None for a model that reports no token
    probabilities. language: answers in the language asked for; forms: in the form asked for; tools:
    right calls; ends: answers that ended by themselves. context_tokens: the window that was seen to
    hold. tokens_per_s: when it generates.
    """

    model: str
    source: Literal["probed", "published", "estimated"]
    fingerprint: str = ""
    kinds: dict[Kind, Tally] = Field(default_factory=dict)
    confidence: ConfidenceFit | None = None
    language: Tally = Tally()
    forms: Tally = Tally()
    tools: Tally = Tally()
    ends: Tally = Tally()
    context_tokens: int | None = None
    tokens_per_s: float | None = None
    probed_at: float | None = None
