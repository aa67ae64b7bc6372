"""Sets the policy's thresholds from outcomes: above which expected gain a task goes to the cloud.

One threshold for all kinds would do if the expected gain were right. It is not: so each kind gets
a line from expected to measured gain, drawn towards the expectation where there are few outcomes,
and the thresholds by kind are where those lines cross one and the same price of a call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from router.evaluate.curves import Floats, Operating, Outcomes, Ranked, operating, threshold_for
from router.settings.policy import PolicySettings

KIND_FLOOR = 0.90
"""Share of the cloud's quality that each kind keeps, whatever the target of all together."""

FEWEST_OF_KIND = 30
"""A kind with fewer outcomes has no floor of its own: chance would set it."""

_NOISE = 0.5
"""Standard deviation of one task's measured gain about its expectation, near that of 0/1 scores."""
_LEVEL = 0.1
_SLOPE = 0.5
"""How far a kind's line may be expected off: its level, and its slope about 1."""
_LEAST_SLOPE = 0.05
_DIGITS = 4
_STEP = 10.0**-_DIGITS


@dataclass(frozen=True, slots=True, eq=False)
class Traffic:
    """Tasks as thresholds see them, (rows,) each.

    kinds: what the classifier says. gain: what the cloud is expected to add. forced: goes to the
    cloud whatever the thresholds. weights: how many tasks a row stands for. outcomes: NaN where
    nothing is known.
    """

    kinds: NDArray[np.str_]
    gain: Floats
    complexity: Floats
    outcomes: Outcomes
    weights: Floats
    forced: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.kinds)

    def only(self, which: NDArray[np.bool_]) -> Traffic:
        return Traffic(
            self.kinds[which],
            self.gain[which],
            self.complexity[which],
            self.outcomes.taken(np.flatnonzero(which)),
            self.weights[which],
            self.forced[which],
        )


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The three keys of the policy that are set here; by_kind is stronger than max_gain."""

    max_gain: float
    max_complexity: float
    by_kind: Mapping[str, float] = field(default_factory=dict)

    def sends(self, traffic: Traffic) -> NDArray[np.bool_]:
        """Which tasks go to the cloud before anything is generated: as the policy decides it."""
        limits = np.array([self.by_kind.get(kind, self.max_gain) for kind in traffic.kinds])
        return (
            traffic.forced | (traffic.complexity >= self.max_complexity) | (traffic.gain > limits)
        )

    def at_work(self, traffic: Traffic, weights: Floats | None = None) -> Operating:
        """What they are worth on these tasks."""
        weights = traffic.weights if weights is None else weights
        return operating(self.sends(traffic), traffic.outcomes, weights)


@dataclass(frozen=True, slots=True)
class Line:
    """Measured gain of a kind: level + slope * (expected gain - middle)."""

    level: float
    slope: float
    middle: float

    def at(self, gain: Floats) -> Floats:
        found: Floats = self.level + self.slope * (gain - self.middle)
        return found

    def crossing(self, price: float) -> float:
        """The expected gain from which on a call is worth its price."""
        return self.middle + (price - self.level) / self.slope


def lines(traffic: Traffic) -> dict[str, Line]:
    """One for each kind, and under "" the one of all kinds, for those that were never seen."""
    found = {"": _line(traffic, level_off=0.0)}
    middle = found[""].level - float(_mean(traffic.gain, traffic.weights))
    for kind in sorted(set(traffic.kinds.tolist())):
        found[kind] = _line(traffic.only(traffic.kinds == kind), level_off=middle)
    return found


def calibrated(traffic: Traffic, known: Mapping[str, Line]) -> Floats:
    """(rows,) what the cloud adds, by the lines."""
    gain = np.empty(len(traffic))
    for kind in set(traffic.kinds.tolist()):
        rows = traffic.kinds == kind
        gain[rows] = known.get(kind, known[""]).at(traffic.gain[rows])
    return gain


def fit_quality(
    traffic: Traffic, target: float, limits_of_complexity: Sequence[float]
) -> Thresholds:
    """The fewest calls that keep `target` of the cloud's quality on these outcomes.

    Each kind with enough outcomes keeps its floor too. limits_of_complexity: tried in this order;
    the one that saves most is taken.
    """
    known = lines(traffic)
    worth = calibrated(traffic, known)
    floors = _floors(traffic, worth)
    floor = np.array([floors.get(kind, np.inf) for kind in traffic.kinds])
    tried = []
    for limit in limits_of_complexity:
        sent = traffic.forced | (traffic.complexity >= limit) | (worth >= floor)
        price = threshold_for(
            np.where(sent, np.inf, worth), traffic.outcomes, target, traffic.weights
        )
        found = _thresholds(traffic, known, price, limit, floors)
        tried.append((found.at_work(traffic).saved, found))
    return max(tried, key=lambda one: one[0])[1]


def fit_share(
    traffic: Traffic, known: Mapping[str, Line], share: float, max_complexity: float
) -> Thresholds:
    """The thresholds that send at most `share` of these tasks to the cloud, those worth most first.

    Needs no outcomes but those behind the lines. Where more must go there in any case, the
    limit of complexity is lifted.
    """
    worth = calibrated(traffic, known)
    allowed = share * float(traffic.weights.sum()) + 1e-9
    sent = traffic.forced | (traffic.complexity >= max_complexity)
    if float(traffic.weights @ sent) > allowed:
        max_complexity, sent = 1.0, traffic.forced | (traffic.complexity >= 1.0)
    ranked = np.where(sent, np.inf, worth)
    in_order = Ranked.of(ranked, traffic.outcomes)
    used, _ = in_order.blocks(traffic.weights)
    # What has the same worth goes the same way: to stay within the share, none of it does.
    fits = np.flatnonzero(used[1:] <= allowed)
    price = float(ranked[in_order.order[in_order.starts[fits[-1]]]]) if len(fits) else np.inf
    return _thresholds(traffic, known, price, max_complexity, {})


def _thresholds(
    traffic: Traffic,
    known: Mapping[str, Line],
    price: float,
    max_complexity: float,
    floors: Mapping[str, float],
) -> Thresholds:
    """As the policy writes them. price: from this worth on a task goes to the cloud."""
    by_kind = {}
    for kind in sorted(set(traffic.kinds.tolist())):
        gain, line = traffic.gain[traffic.kinds == kind], known.get(kind, known[""])
        by_kind[kind] = _limit(gain, line, min(price, floors.get(kind, np.inf)))
    return Thresholds(_limit(traffic.gain, known[""], price), max_complexity, by_kind)


def _limit(gain: Floats, line: Line, price: float) -> float:
    """The expected gain above which the line is worth the price; four digits, as gains have them.

    It lies between the tasks that go to the cloud and those that do not, however close they are.
    """
    sent = line.at(gain) >= price
    limit = float(np.clip(line.crossing(price), -1.0, 1.0))
    if sent.any():
        limit = min(limit, float(gain[sent].min()) - _STEP)
    if not sent.all():
        limit = max(limit, float(gain[~sent].max()))
    return round(min(1.0, max(-1.0, limit)), _DIGITS)


def _floors(traffic: Traffic, worth: Floats) -> dict[str, float]:
    """By kind with enough outcomes, the worth from which on a task must go to the cloud."""
    found = {}
    for kind in set(traffic.kinds.tolist()):
        rows = traffic.kinds == kind
        if int(rows.sum()) >= FEWEST_OF_KIND:
            own = traffic.outcomes.taken(np.flatnonzero(rows))
            found[kind] = threshold_for(worth[rows], own, KIND_FLOOR, traffic.weights[rows])
    return {kind: floor for kind, floor in found.items() if np.isfinite(floor)}


def _line(traffic: Traffic, *, level_off: float) -> Line:
    """Ridge regression towards the expectation. level_off: of all kinds, from the expectation."""
    gain, weights = traffic.gain, traffic.weights
    middle = float(_mean(gain, weights))
    # Weights say how many tasks a row stands for, not how much was seen: few rows that stand for
    # many are still few.
    scaled = weights * len(weights) / float(weights.sum())
    off = traffic.outcomes.gain - (gain + level_off)
    level = float(scaled @ off) / (float(scaled.sum()) + (_NOISE / _LEVEL) ** 2)
    spread = gain - middle
    slope = float(scaled @ (spread * (off - level))) / (
        float(scaled @ spread**2) + (_NOISE / _SLOPE) ** 2
    )
    return Line(middle + level_off + level, max(_LEAST_SLOPE, 1 + slope), middle)


def _mean(values: Floats, weights: Floats) -> float:
    return float(weights @ values) / float(weights.sum())


def with_limit(thresholds: Thresholds, highest: float) -> Thresholds:
    """None above `highest`: where nothing was measured, nothing is claimed."""
    return replace(
        thresholds,
        max_gain=min(thresholds.max_gain, highest),
        by_kind={kind: min(limit, highest) for kind, limit in thresholds.by_kind.items()},
    )


def thresholds_in(policy: PolicySettings) -> Thresholds:
    """Those in force."""
    by_kind = {kind.value: limit for kind, limit in policy.max_gain_by_kind.items()}
    return Thresholds(policy.max_gain, policy.max_complexity, by_kind)
