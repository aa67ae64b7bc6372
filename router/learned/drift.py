"""Detects drift: compares a window of outcomes with those before."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from router.learned.evidence import Side, Source

WINDOW = 50
"""Outcomes of one source that are compared with those before."""

REMEMBERED = 500
"""Outcomes that a window is compared with, at most; older ones fade."""

DRIFT_Z = 3.0
"""Standard errors between the rates of a window and of the time before that are called a drift.

Two-sided, 1 false alarm in 370 windows by theory; 1 in 250 to 390 in simulations, the most where
nearly all outcomes are good (`python tests/benchmarks/learning.py`).
"""


@dataclass(frozen=True, slots=True)
class Drift:
    """A rate that changed more than chance explains. time: of the last outcome, epoch seconds."""

    side: Side
    kind: str
    model: str
    source: Source
    before: float
    after: float
    time: float


@dataclass(slots=True)
class Window:
    """The outcomes since the last comparison; weight and residual: as they were learned."""

    count: int = 0
    good: int = 0
    weight: float = 0.0
    residual: float = 0.0


@dataclass(slots=True)
class Watch:
    """How often a source judges a side, kind and model favourably, over time.

    past: outcomes before `current`; window: the last one that was full.
    """

    past: float = 0.0
    past_good: float = 0.0
    current: Window = field(default_factory=Window)
    window: Window = field(default_factory=Window, compare=False)

    def observe(self, good: bool, weight: float, residual: float) -> tuple[float, float] | None:
        """Adds an outcome; returns the rates before and now where they differ too much."""
        self.current.count += 1
        self.current.good += good
        self.current.weight += weight
        self.current.residual += weight * residual
        if self.current.count < WINDOW:
            return None
        self.window, self.current = self.current, Window()
        found = None
        if self.past >= WINDOW and abs(self._z()) > DRIFT_Z:
            found = (self.past_good / self.past, self.window.good / WINDOW)
            self.past = self.past_good = 0.0
        kept = min(1.0, (REMEMBERED - WINDOW) / self.past) if self.past else 1.0
        self.past = self.past * kept + WINDOW
        self.past_good = self.past_good * kept + self.window.good
        return found

    def _z(self) -> float:
        """Standard errors between the two rates; one outcome is added each way."""
        pooled = (self.past_good + self.window.good + 1) / (self.past + WINDOW + 2)
        error = math.sqrt(pooled * (1 - pooled) * (1 / self.past + 1 / WINDOW))
        return (self.window.good / WINDOW - self.past_good / self.past) / error
