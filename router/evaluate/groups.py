"""Some of the prompts, and what sending part of them to the cloud is worth there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from router.evaluate.bootstrap import Interval, Resampling, ratio
from router.evaluate.curves import Floats, Outcomes, operating
from router.types.base import Frozen

ALL = "all"


class Group(Frozen):
    """One kind, or all. local, cloud: mean scores of both sides. quality: share of the cloud's."""

    name: str
    rows: int
    local: float
    cloud: float
    quality: Interval
    saved: Interval


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What groups are made of, (rows,) each. weights: how many tasks a row stands for."""

    names: Sequence[str]
    questions: Sequence[str]
    outcomes: Outcomes
    weights: Floats


def groups_of(rows: Rows, sent: Floats | NDArray[np.bool_], samples: int) -> tuple[Group, ...]:
    """Each name, in alphabetical order, and all together; intervals by question."""
    names = np.array(rows.names)
    every = np.ones(len(names), dtype=bool)
    found = [(name, names == name) for name in sorted(set(names.tolist()))]
    return tuple(_group(name, rows, which, sent, samples) for name, which in [*found, (ALL, every)])


def working(
    sent: Floats | NDArray[np.bool_], outcomes: Outcomes, weights: Floats
) -> tuple[float, float]:
    """Quality as a share of the cloud's, and share of calls saved; NaN without any cloud score."""
    if not weights @ outcomes.cloud > 0:
        return float("nan"), float("nan")
    found = operating(sent, outcomes, weights)
    return found.quality, found.saved


def _group(
    name: str,
    rows: Rows,
    which: NDArray[np.bool_],
    sent: Floats | NDArray[np.bool_],
    samples: int,
) -> Group:
    at = np.flatnonzero(which)
    outcomes, weights, taken = rows.outcomes.taken(at), rows.weights[at], sent[at]
    again = Resampling.by([rows.questions[place] for place in at.tolist()], samples)
    quality, saved = again.intervals(lambda drawn: working(taken, outcomes, drawn * weights))
    return Group(
        name=name,
        rows=len(at),
        local=ratio(weights, outcomes.local, np.ones(len(at))),
        cloud=ratio(weights, outcomes.cloud, np.ones(len(at))),
        quality=quality,
        saved=saved,
    )
