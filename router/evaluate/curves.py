"""The cost-quality curve of a ranking of prompts, and the figures that are read off it.

A router is a score a prompt: the higher, the sooner it goes to the cloud. Costs are calls. Scores
that are equal are sent in no particular order: the curve is then that of the expectation, so that
a router with one score for everything is the random one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """What both sides scored, 0..1, prompt by prompt."""

    local: Floats
    cloud: Floats

    def __len__(self) -> int:
        return len(self.local)

    def taken(self, which: NDArray[np.intp]) -> Outcomes:
        """These prompts only, in this order; a prompt may come twice."""
        return Outcomes(self.local[which], self.cloud[which])


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with the 95 % bootstrap interval around it."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, slots=True)
class Operating:
    """A threshold at work. quality: share of always-cloud's; saved: share of calls not made."""

    quality: float
    saved: float


def quality_curve(scores: Floats, outcomes: Outcomes) -> Floats:
    """(prompts + 1,) mean quality with the first 0, 1, ... of the ranking in the cloud."""
    order = np.argsort(-scores, kind="stable")
    gains = (outcomes.cloud - outcomes.local)[order]
    _, block = np.unique(-scores[order], return_inverse=True)
    even = np.bincount(block, weights=gains) / np.bincount(block)
    local = float(outcomes.local.mean())
    curve: Floats = local + np.concatenate([[0.0], np.cumsum(even[block])]) / len(outcomes)
    return curve


def apgr(scores: Floats, outcomes: Outcomes) -> float:
    """Average performance gap recovered over all thresholds (RouteLLM, arXiv:2406.18665).

    0.5 is the random router; above 1 is possible where the local model is better on some prompts.
    NaN where the cloud gains nothing: there is no gap to recover.
    """
    curve = quality_curve(scores, outcomes)
    gap = float(curve[-1] - curve[0])
    if gap <= 0:
        return float("nan")
    return float((curve - curve[0]).mean()) / gap


def saved_at(scores: Floats, outcomes: Outcomes, target: float = 0.95) -> float:
    """One minus the smallest cloud share from which quality stays at `target` of always-cloud's."""
    return 1 - _calls_for(scores, outcomes, target) / len(outcomes)


def threshold_for(scores: Floats, outcomes: Outcomes, target: float = 0.95) -> float:
    """The score from which on a prompt goes to the cloud, so that `target` is kept on these."""
    calls = _calls_for(scores, outcomes, target)
    if calls == 0:
        return float("inf")
    return float(np.sort(scores)[::-1][calls - 1])


def at_threshold(scores: Floats, outcomes: Outcomes, threshold: float) -> Operating:
    """What a threshold, chosen elsewhere, does on these prompts."""
    sent = scores >= threshold
    quality = np.where(sent, outcomes.cloud, outcomes.local).mean()
    return Operating(
        quality=float(quality / max(outcomes.cloud.mean(), 1e-12)), saved=float(1 - sent.mean())
    )


def auroc(scores: Floats, marked: NDArray[np.bool_]) -> float:
    """The chance that a random marked one scores above a random other one; ties count half.

    NaN where all are marked, or none.
    """
    positive, negative = int(marked.sum()), int((~marked).sum())
    if not positive or not negative:
        return float("nan")
    _, block, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[block]
    above = float(ranks[marked].sum()) - positive * (positive + 1) / 2
    return above / (positive * negative)


def bootstrap(
    figure: Callable[[NDArray[np.intp]], float], size: int, *, samples: int = 1000, seed: int = 0
) -> Interval:
    """`figure` of all rows, and where 95 % of its values on resampled rows lie.

    figure: takes row numbers out of range(size). Resamples without a value are left out.
    """
    chance = np.random.default_rng(seed)
    drawn = np.array([figure(chance.integers(0, size, size)) for _ in range(samples)])
    drawn = drawn[~np.isnan(drawn)]
    value = figure(np.arange(size))
    if not len(drawn):
        return Interval(value, float("nan"), float("nan"))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(value, float(low), float(high))


def _calls_for(scores: Floats, outcomes: Outcomes, target: float) -> int:
    curve = quality_curve(scores, outcomes)
    below = np.flatnonzero(curve < target * curve[-1] - 1e-12)
    return int(below[-1]) + 1 if len(below) else 0
