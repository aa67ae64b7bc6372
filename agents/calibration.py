"""The probability that a model's answer is right, from its card, its token statistics and the kind.

Token statistics are of one file alone: another quantisation of a model has others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.logistic import auroc, calibration_error, fit_logistic, logit, predict
from router.types.card import Card, ConfidenceFit, Scored, Tally
from router.types.completion import TokenStats
from router.types.decision import Kind

FEWEST = 30
"""The fewest answers for a fit."""

_PARTS = 8
"""About as sure as an answer is the nearest eighth of a probe's, and at least `FEWEST`."""
_PRIOR = 4
"""Answers of the same kind that weigh as much as all others together."""
_FOLDS = 5
_LOWEST = 1e-6
_Z90 = 1.2816
"""The quantile of the normal distribution that leaves 10 % below."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One answer: the kind of its task, how sure the model was, and whether it was right."""

    kind: Kind
    stats: TokenStats
    right: bool


@dataclass(frozen=True, slots=True)
class Sureness:
    """How sure a model must be of its answer.

    min_confidence: least probability, by its card, that the answer is right. min_probability: least
    geometric-mean token probability, for a model without a card.
    """

    min_probability: float
    min_confidence: float = 0.0


def confidence(card: Card, kind: Kind, stats: TokenStats | None) -> float | None:
    """The least probability, 0..1, that the card makes likely for an answer being right; None where
    the card says nothing.

    Of the questions of the probe whose answers were about as sure, the share that was right, less
    what chance may have added (90 %, one-sided): few questions prove little. Those of the same kind
    have the last word. Without token statistics all questions count; where the kind was not asked,
    or is not clear, the others speak for it.
    """
    if card.source != "probed":
        return None
    fit = card.confidence
    if fit is None or stats is None or not stats.tokens:
        everything = [tally for tally in card.kinds.values() if tally.asked]
        if not everything:
            return None
        asked, right = sum(one.asked for one in everything), sum(one.right for one in everything)
        common = lower_bound(Tally(asked=asked, right=right))
        return _of_kind(card.kinds.get(kind, Tally()), common)
    score = float(predict(np.array([features(stats)]), np.array(fit.weights))[0])
    size = max(FEWEST, len(fit.trials) // _PARTS)
    reach = sorted(abs(one.score - score) for one in fit.trials)[:size][-1]
    as_sure = [one for one in fit.trials if abs(one.score - score) <= reach]
    common = lower_bound(Tally.of(one.right for one in as_sure))
    same = Tally.of(one.right for one in as_sure if one.kind is kind)
    return min(common, _of_kind(same, common))


def _of_kind(same: Tally, common: float) -> float:
    """The share of a kind's own questions that was right, with the others as a beginning."""
    return (same.right + _PRIOR * common) / (same.asked + _PRIOR)


def lower_bound(tally: Tally) -> float:
    """The least share that the counts make likely: Wilson's bound, 90 % one-sided."""
    n, share = tally.asked, tally.right / tally.asked
    centre = share + _Z90**2 / (2 * n)
    spread = _Z90 * math.sqrt(share * (1 - share) / n + _Z90**2 / (4 * n * n))
    return (centre - spread) / (1 + _Z90**2 / n)


def features(stats: TokenStats) -> tuple[float, ...]:
    """The regression's inputs: logit of the least token probability, sum and mean over all
    tokens, least mass on what a constraint allowed, number of tokens, and 1.
    """
    mass = 1.0 if stats.min_allowed_mass is None else stats.min_allowed_mass
    return (
        logit(math.exp(stats.min_logprob)),
        max(stats.sum_logprob, -20.0),
        max(stats.mean_logprob, -5.0),
        max(math.log(max(mass, _LOWEST)), -10.0),
        math.log1p(stats.tokens),
        1.0,
    )


def fit_of(trials: Sequence[Trial]) -> ConfidenceFit | None:
    """What token statistics tell of the answers' being right; None where there are too few.

    A trial's own score is of weights that were fitted without it.
    """
    if len(trials) < FEWEST:
        return None
    x, y = _arrays(trials)
    unseen = unseen_confidence(trials)
    right = [trial.right for trial in trials]
    return ConfidenceFit(
        weights=tuple(round(float(w), 6) for w in fit_logistic(x, y)),
        trials=tuple(
            Scored(kind=trial.kind, score=round(score, 4), right=trial.right)
            for trial, score in zip(trials, unseen, strict=True)
        ),
        auroc=auroc(unseen, right),
        error=calibration_error(unseen, right),
    )


def _arrays(trials: Sequence[Trial]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x = np.array([features(trial.stats) for trial in trials])
    return x, np.array([float(trial.right) for trial in trials])


def unseen_confidence(trials: Sequence[Trial]) -> list[float]:
    """The probability of each trial being right, by weights fitted without its fold."""
    x, y = _arrays(trials)
    scores = np.zeros(len(y))
    folds = np.arange(len(y)) % _FOLDS
    for fold in range(_FOLDS):
        inside = folds == fold
        scores[inside] = predict(x[inside], fit_logistic(x[~inside], y[~inside]))
    return [float(score) for score in scores]
