"""Expected scores, corrected by evidence: Bayesian, bounded, and aware of drift.

Judgements of local answers are of answers that the checks had accepted, and how often that is says
something itself. So a local model's score is put together as
    accepted * right when accepted + rejected * right when rejected
where each part starts from what the shipped expectation implies and moves with its own evidence:
the posterior mean under a prior that weighs as much as PRIOR_WEIGHT judgements of a person (with a
constant expectation, exactly the mean of a Beta distribution). The cloud's answers are hardly ever
rejected: its score moves directly. Within a side, kind and model, each length of request has
evidence of its own, whose prior is the common one. So ten outcomes nudge and a thousand decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from router.learned.drift import Drift, Watch
from router.learned.evidence import (
    ACCEPTED,
    PASSES_RIGHT,
    PASSES_WRONG,
    REJECTED,
    Evidence,
    Side,
    Source,
    updated,
)

PRIOR_WEIGHT = 100.0
"""Judgements of a person that the shipped expectation weighs as much as."""

LENGTH_WEIGHT = 200.0
"""The same for what all lengths have in common, against one length's own."""

SEEN_WEIGHT = 50.0
"""Tasks that the implied share of accepted answers weighs as much as: it is simply counted."""

MOST = 2000.0
"""Above this the oldest evidence fades as new one comes: the world changes."""

CHECKS_MOST = 200.0
"""The same for what rests on checks alone, so that no quantity of it outweighs people."""

SEEN_MOST = 500.0
"""The same for the tasks of which the share of accepted answers is taken."""

KEPT_AFTER_DRIFT = 10.0
"""What the time before a drift still weighs."""

LEAST, GREATEST = 0.01, 0.99
"""No expectation is a certainty."""

SHORT_CHARS, LONG_CHARS = 400, 2000
"""Characters of a request (about 100 and 500 tokens) where lengths part."""


class Place(NamedTuple):
    """What evidence is about. length: short, medium, long; empty: all lengths."""

    side: Side
    kind: str
    model: str
    length: str = ""

    @property
    def common(self) -> Place:
        return self._replace(length="")


@dataclass(slots=True)
class Tally:
    """A weighted sum, which fades where it grows beyond a limit."""

    weight: float = 0.0
    total: float = 0.0

    def add(self, weight: float, value: float, most: float) -> None:
        self.weight += weight
        self.total += weight * value
        if self.weight <= 0:  # what is taken back may have faded meanwhile
            self.weight = self.total = 0.0
        self.fade(most)

    def fade(self, most: float) -> None:
        """Limits the weight to `most`, and keeps the mean."""
        if self.weight > most:
            self.total *= most / self.weight
            self.weight = most

    def mean(self, prior: float, prior_weight: float) -> float:
        """The mean of the values and of `prior`, which counts as much as `prior_weight` of them."""
        return (self.total + prior * prior_weight) / (self.weight + prior_weight)


@dataclass(slots=True)
class Cell:
    """The evidence of one place.

    told: residuals (right or wrong, less expected) by people and shadow runs; of accepted answers,
    for a local model. checked: residuals by the checks, of all answers. accepted: 1 or 0 for each
    task seen; expected: the shipped expectations of these. outcomes: their number, without fading.
    """

    told: Tally = field(default_factory=Tally)
    checked: Tally = field(default_factory=Tally)
    accepted: Tally = field(default_factory=Tally)
    expected: Tally = field(default_factory=Tally)
    outcomes: int = 0

    @property
    def weight(self) -> float:
        return self.told.weight + self.checked.weight

    def fade(self, most: float) -> None:
        for tally in (self.told, self.checked, self.accepted):
            tally.fade(most)


_NOTHING = Cell()


@dataclass(slots=True)
class Posterior:
    """All evidence with its drift detection; only `add` and `fade` change it."""

    cells: dict[Place, Cell] = field(default_factory=dict)
    watches: dict[tuple[Place, Source], Watch] = field(default_factory=dict)

    def add(self, evidence: Iterable[Evidence]) -> Iterator[Drift]:
        """Adds evidence in the order of its time; returns the drifts that it shows."""
        for one in evidence:
            common = Place(one.side, one.kind.value, one.model)
            own = common._replace(length=length_of(one.chars)) if one.chars else common
            residual = self._residual(own, one)
            for place in {common, own}:
                self._note(self.cells.setdefault(place, Cell()), one, residual)
            if one.times < 0:
                continue
            watch = self.watches.setdefault((common, one.source), Watch())
            rates = watch.observe(one.good, one.weight, residual)
            if rates is not None:
                self._start_afresh(common, one.source, watch)
                yield Drift(*common[:3], one.source, *rates, one.time)

    def score(self, place: Place, prior: float) -> float:
        """What is expected where shipped figures expect `prior`; both 0..1."""
        common = self.cells.get(place.common)
        if common is None:
            return prior
        own = self.cells.get(place, _NOTHING) if place.length else _NOTHING
        if place.side == "cloud":
            return _bounded(prior + _told(own, common, _checked(own, common)))
        by_checks = _bounded(prior + _checked(own, common))
        right = self._right_if_accepted(own, common, prior, by_checks)
        implied = by_checks * PASSES_RIGHT + (1 - by_checks) * PASSES_WRONG
        share = own.accepted.mean(common.accepted.mean(implied, SEEN_WEIGHT), SEEN_WEIGHT)
        right_if_rejected = updated(right, REJECTED / ACCEPTED)
        return _bounded(share * right + (1 - share) * right_if_rejected)

    def outcomes(self, place: Place) -> int:
        """How many stand behind a score, of all lengths: each has a say in it."""
        return self.cells.get(place.common, _NOTHING).outcomes

    def fade(self, most: float) -> None:
        """Limits the weight of everything: the shipped figures that residuals refer to have
        changed.
        """
        for cell in self.cells.values():
            cell.fade(most)

    def _residual(self, place: Place, one: Evidence) -> float:
        """Right or wrong, as far as the sign tells, less what the shipped figures expected."""
        if one.source is Source.CHECKS or one.side == "cloud":
            return one.score(self.score(place, one.prior)) - one.prior
        common = self.cells.get(place.common, _NOTHING)
        own = self.cells.get(place, _NOTHING) if place.length else _NOTHING
        by_checks = _bounded(one.prior + _checked(own, common))
        right = self._right_if_accepted(own, common, one.prior, by_checks)
        return one.score(right) - updated(one.prior, ACCEPTED)

    @staticmethod
    def _right_if_accepted(own: Cell, common: Cell, prior: float, by_checks: float) -> float:
        shipped = updated(prior, ACCEPTED)
        moved = updated(by_checks, ACCEPTED) - shipped
        return _bounded(shipped + _told(own, common, moved))

    @staticmethod
    def _note(cell: Cell, one: Evidence, residual: float) -> None:
        if one.source is Source.CHECKS:
            cell.checked.add(one.weight, residual, CHECKS_MOST)
            cell.accepted.add(one.times, float(one.good), SEEN_MOST)
        else:
            cell.told.add(one.weight, residual, MOST)
        cell.expected.add(one.times, one.prior, SEEN_MOST)
        cell.outcomes = max(0, cell.outcomes + one.times)

    def _start_afresh(self, common: Place, source: Source, watch: Watch) -> None:
        """After a drift, earlier evidence gets little weight; the window that showed the drift gets
        its full weight.
        """
        for place, cell in self.cells.items():
            if place.common == common:
                cell.fade(KEPT_AFTER_DRIFT)
        cell, window = self.cells[common], watch.window
        if source is Source.CHECKS:
            cell.checked.add(window.weight, window.residual / window.weight, CHECKS_MOST)
            cell.accepted.add(window.count, window.good / window.count, SEEN_MOST)
        else:
            cell.told.add(window.weight, window.residual / window.weight, MOST)


def _told(own: Cell, common: Cell, prior: float) -> float:
    """How far judgements move an expectation; prior: how far it was moved before."""
    return own.told.mean(common.told.mean(prior, PRIOR_WEIGHT), LENGTH_WEIGHT)


def _checked(own: Cell, common: Cell) -> float:
    return own.checked.mean(common.checked.mean(0.0, PRIOR_WEIGHT), LENGTH_WEIGHT)


def _bounded(score: float) -> float:
    return min(GREATEST, max(LEAST, score))


def length_of(chars: int) -> str:
    """The name of a request's length."""
    if chars < SHORT_CHARS:
        return "short"
    return "medium" if chars < LONG_CHARS else "long"
