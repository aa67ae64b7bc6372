"""Bootstrap confidence intervals, resampled by question.

Rows of one question (the same prompt before several models, or in two sources) are drawn together:
they are one observation, and counting them as several would make every interval too narrow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from router.evaluate.curves import Floats

SAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with the 95 % bootstrap interval around it."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"

    @property
    def percent(self) -> str:
        """The same as whole percentages with one digit."""
        return f"{self.value:.1%} [{self.low:.1%}, {self.high:.1%}]"


@dataclass(frozen=True, slots=True, eq=False)
class Resampling:
    """Draws rows again by their questions; the same seed gives the same draws.

    group: (rows,) the number of each row's question, 0..groups-1.
    """

    group: np.ndarray[tuple[int], np.dtype[np.intp]]
    groups: int
    samples: int = SAMPLES
    seed: int = 0

    @classmethod
    def by(cls, questions: Sequence[str], samples: int = SAMPLES) -> Resampling:
        """questions: what is the same for rows that are one question, row by row."""
        _, group = np.unique(np.array(questions, dtype=object).astype(str), return_inverse=True)
        return cls(group, int(group.max()) + 1 if len(group) else 0, samples)

    def weights(self) -> Iterator[Floats]:
        """(rows,) how often each row counts, sample by sample."""
        chance = np.random.default_rng(self.seed)
        for _ in range(self.samples):
            drawn = np.bincount(chance.integers(0, self.groups, self.groups), minlength=self.groups)
            yield drawn[self.group].astype(np.float64)

    def intervals(self, figures: Callable[[Floats], Sequence[float]]) -> list[Interval]:
        """The interval of each figure that `figures` makes of row weights, in its order.

        Samples in which a figure has no value (NaN) are left out of its interval; a weight of zero
        for all rows of a group is such a case.
        """
        values = figures(np.ones(len(self.group)))
        drawn = np.array([figures(weights) for weights in self.weights()])
        found = []
        for at, value in enumerate(values):
            known = drawn[~np.isnan(drawn[:, at]), at] if len(drawn) else np.empty(0)
            if not len(known):
                found.append(Interval(float(value), float("nan"), float("nan")))
                continue
            low, high = np.quantile(known, [0.025, 0.975])
            found.append(Interval(float(value), float(low), float(high)))
        return found

    def mean(self, values: Floats) -> Interval:
        """Of the mean of one value a row."""
        return self.intervals(lambda weights: [ratio(weights, values, np.ones(len(values)))])[0]


def ratio(weights: Floats, above: Floats, below: Floats) -> float:
    """One weighted sum over another; NaN where there is nothing below."""
    whole = float(weights @ below)
    return float(weights @ above) / whole if whole > 0 else float("nan")
