"""The cost-quality curve of a ranking of prompts, and the figures that are read off it.

A router is a score a prompt: the higher, the sooner it goes to the cloud. Costs are calls. Scores
that are equal are sent in no particular order: the curve is then that of the expectation, so that
a router with one score for everything is the random one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_TOLERANCE = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """What both sides scored, 0..1, prompt by prompt."""

    local: Floats
    cloud: Floats

    def __len__(self) -> int:
        return len(self.local)

    @property
    def gain(self) -> Floats:
        """What the cloud adds, -1..1."""
        gained: Floats = self.cloud - self.local
        return gained

    def taken(self, which: NDArray[np.intp]) -> Outcomes:
        """These prompts only, in this order; a prompt may come twice."""
        return Outcomes(self.local[which], self.cloud[which])


@dataclass(frozen=True, slots=True)
class Operating:
    """A threshold at work. quality: share of always-cloud's; saved: share of calls not made."""

    quality: float
    saved: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What is read off one curve.

    apgr: average performance gap recovered over all thresholds (RouteLLM, arXiv:2406.18665); 0.5
    is the random router, above 1 is possible where the local model is better on some prompts. cpt50
    and cpt80: least share of cloud calls that recovers so many percent of the gap. saved95: one
    minus the least cloud share from which on quality stays at 95 % of always-cloud's. The first
    three are NaN where the cloud gains nothing: there is no gap to recover.
    """

    apgr: float
    cpt50: float
    cpt80: float
    saved95: float


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """Prompts in the order in which they go to the cloud, ready to be weighed again and again.

    starts: where each block of equal scores begins. A weight is how often a prompt counts.
    """

    order: NDArray[np.intp]
    starts: NDArray[np.intp]
    outcomes: Outcomes

    @classmethod
    def of(cls, scores: Floats, outcomes: Outcomes) -> Ranked:
        order = np.argsort(-scores, kind="stable")
        ordered = scores[order]
        starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
        return cls(order, starts, outcomes.taken(order))

    def blocks(self, weights: Floats) -> tuple[Floats, Floats]:
        """(blocks + 1,) calls made and quality summed up to the end of each block of equals.

        weights: prompt by prompt in the order of the file. The first entries are always-local's;
        between two entries the curve is straight.
        """
        ordered = weights[self.order]
        calls = np.add.reduceat(ordered, self.starts)
        gained = np.add.reduceat(ordered * self.outcomes.gain, self.starts)
        base = float(ordered @ self.outcomes.local)
        return (
            np.concatenate([[0.0], np.cumsum(calls)]),
            base + np.concatenate([[0.0], np.cumsum(gained)]),
        )

    def figures(self, weights: Floats | None = None) -> Figures:
        """All figures of the curve; without weights each prompt counts once."""
        weights = np.ones(len(self.order)) if weights is None else weights
        calls, quality = self.blocks(weights)
        whole, gap = calls[-1], quality[-1] - quality[0]
        saved95 = 1 - _stays_from(calls, quality, 0.95 * quality[-1]) / whole
        if gap <= 0:
            return Figures(math.nan, math.nan, math.nan, saved95)
        width, rise = np.diff(calls), np.diff(quality)
        # The mean of the curve over 0, 1, ... calls, which within a block of equals is straight.
        area = float((width * (quality[:-1] - quality[0]) + rise * (width + 1) / 2).sum())
        return Figures(
            apgr=area / (whole + 1) / gap,
            cpt50=_reached_at(calls, quality, quality[0] + 0.5 * gap) / whole,
            cpt80=_reached_at(calls, quality, quality[0] + 0.8 * gap) / whole,
            saved95=saved95,
        )


def quality_curve(scores: Floats, outcomes: Outcomes) -> Floats:
    """(prompts + 1,) mean quality with the first 0, 1, ... of the ranking in the cloud."""
    count = len(outcomes)
    calls, quality = Ranked.of(scores, outcomes).blocks(np.ones(count))
    curve: Floats = np.interp(np.arange(count + 1), calls, quality) / count
    return curve


def apgr(scores: Floats, outcomes: Outcomes) -> float:
    """Average performance gap recovered, as `Figures` says."""
    return Ranked.of(scores, outcomes).figures().apgr


def saved_at(scores: Floats, outcomes: Outcomes, target: float = 0.95) -> float:
    """One minus the smallest cloud share from which quality stays at `target` of always-cloud's."""
    return 1 - _calls_for(scores, outcomes, target) / len(outcomes)


def threshold_for(
    scores: Floats, outcomes: Outcomes, target: float = 0.95, weights: Floats | None = None
) -> float:
    """The score from which on a prompt goes to the cloud, so that `target` is kept on these.

    Infinite where nothing need go there.
    """
    ranked = Ranked.of(scores, outcomes)
    _, quality = ranked.blocks(np.ones(len(outcomes)) if weights is None else weights)
    below = np.flatnonzero(quality < _almost(target * float(quality[-1])))
    if not len(below):
        return float("inf")
    # The block behind the last point that is too low, or the last of all.
    block = min(int(below[-1]), len(ranked.starts) - 1)
    return float(scores[ranked.order[ranked.starts[block]]])


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a ranking is cut: what scores above goes to the cloud, of what scores just so a share.

    Without the share a ranking of few distinct scores could only send all of its equals, or none.
    """

    score: float
    share: float

    def sends(self, scores: Floats) -> Floats:
        """(rows,) the chance with which each goes to the cloud."""
        return np.where(scores > self.score, 1.0, np.where(scores == self.score, self.share, 0.0))


def cut_for(scores: Floats, outcomes: Outcomes, target: float = 0.95) -> Cut:
    """The cut with the fewest calls that keeps `target` of always-cloud's quality on these."""
    ranked = Ranked.of(scores, outcomes)
    calls, quality = ranked.blocks(np.ones(len(outcomes)))
    needed = _stays_from(calls, quality, target * float(quality[-1]))
    if needed == 0:
        return Cut(math.inf, 0.0)
    block = int(np.searchsorted(calls, needed)) - 1
    share = (needed - calls[block]) / (calls[block + 1] - calls[block])
    return Cut(float(scores[ranked.order[ranked.starts[block]]]), float(share))


def operating(
    sent: Floats | NDArray[np.bool_], outcomes: Outcomes, weights: Floats | None = None
) -> Operating:
    """What it is worth to send these to the cloud, or each with such a chance."""
    weights = np.ones(len(sent)) if weights is None else weights
    quality = float(weights @ (outcomes.local + sent * outcomes.gain))
    best = max(float(weights @ outcomes.cloud), _TOLERANCE)
    return Operating(quality=quality / best, saved=1 - float(weights @ sent) / float(weights.sum()))


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


def _calls_for(scores: Floats, outcomes: Outcomes, target: float) -> int:
    calls, quality = Ranked.of(scores, outcomes).blocks(np.ones(len(outcomes)))
    return _stays_from(calls, quality, target * float(quality[-1]))


def _stays_from(calls: Floats, quality: Floats, least: float) -> int:
    """The least whole number of calls from which on the quality never falls below `least`."""
    least = _almost(least)
    below = np.flatnonzero(quality < least)
    if not len(below):
        return 0
    last = int(below[-1])
    if last == len(quality) - 1:
        return int(calls[-1])
    return _crossing(calls, quality, last, least)


def _reached_at(calls: Floats, quality: Floats, least: float) -> int:
    """The least whole number of calls with which the quality is first `least`."""
    least = _almost(least)
    first = int(np.flatnonzero(quality >= least)[0])
    return int(calls[0]) if first == 0 else _crossing(calls, quality, first - 1, least)


def _almost(least: float) -> float:
    """A bound that sums of floating point numbers do not miss by their last digits."""
    return least - _TOLERANCE * max(1.0, abs(least))


def _crossing(calls: Floats, quality: Floats, below: int, least: float) -> int:
    """The first whole number of calls with `least`, between a point below it and the next one."""
    rise = (quality[below + 1] - quality[below]) / (calls[below + 1] - calls[below])
    return int(calls[below]) + max(1, math.ceil(float((least - quality[below]) / rise) - 1e-9))
