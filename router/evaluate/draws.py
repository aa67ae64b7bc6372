"""The uncertainty of the difference between two routings of the same tasks, by random draws."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from router.evaluate.curves import Floats
from router.evaluate.means import Means
from router.evaluate.outcomes import TaskHistory
from router.evaluate.simulation import SimulatedOutcome

Marks = NDArray[np.bool_]

DRAWS = 1000
PRIOR_OUTCOMES = 25
"""An expected score may be off as if it were the mean of so many outcomes: by 0.1."""


def drawn_differences(
    rows: Sequence[tuple[TaskHistory, SimulatedOutcome, SimulatedOutcome]], means: Means
) -> tuple[Floats, Floats]:
    """(draws,) differences in dollars and in summed score, drawn as they may have come out.

    Drawn are: whether each unknown answer is right, whether the checks reject it, how far a kind's
    expected scores, its share of rejections and the price of its calls may be off.
    """
    chance = np.random.default_rng(0)
    cost, quality = np.zeros(DRAWS), np.zeros(DRAWS)
    kinds = sorted({story.task.kind.value for story, _, _ in rows})
    shift = {kind: chance.normal(0.0, 1.0, (2, DRAWS)) for kind in kinds}
    tilt = {
        kind: chance.normal(0.0, 0.5 / np.sqrt(PRIOR_OUTCOMES + means.rejections_seen(kind)), DRAWS)
        for kind in kinds
    }
    dear = {
        kind: np.maximum(0.0, 1 + chance.normal(0.0, means.spread(kind), DRAWS)) for kind in kinds
    }
    for story, before, after in rows:
        kind, weighed = story.task.kind.value, story.task.weighed
        assert weighed is not None, "the others are left out"
        off = 0.5 / np.sqrt(PRIOR_OUTCOMES + weighed.outcomes)
        right = [
            chance.random(DRAWS) < _shifted(expected, off * shift[kind][side])
            for side, expected in enumerate((before.local, before.cloud))
        ]
        luck = chance.random(DRAWS)
        for sign, one in ((-1.0, before), (1.0, after)):
            asked, score = _drawn(one, right[0], right[1], luck, tilt[kind])
            sure = one.paid and (one.place == "cloud") is not bool(story.answered)
            cost += sign * asked * (one.call_usd or 0.0) * (1.0 if sure else dear[kind])
            quality += sign * score
    return cost, quality


def _shifted(expected: float, by: Floats) -> Floats:
    """What is known for certain is not drawn."""
    if expected in (0.0, 1.0):
        return np.full(len(by), expected)
    return np.clip(expected + by, 0.0, 1.0)


def _drawn(
    one: SimulatedOutcome, local: Marks, cloud: Marks, luck: Floats, tilt: Floats
) -> tuple[Floats, Floats]:
    """Whether the cloud is asked, and the score of what the user gets, draw by draw."""
    if one.place == "cloud":
        return np.ones(len(luck)), cloud.astype(float)
    if not one.drafted:
        return np.zeros(len(luck)), np.zeros(len(luck))
    right, wrong = one.rejects
    off = 0.0 if one.settled else tilt
    rejected = luck < np.where(local, right, wrong) + off
    if not one.asked:
        return np.zeros(len(luck)), (local & ~rejected).astype(float)
    return rejected.astype(float), np.where(rejected, cloud, local).astype(float)
