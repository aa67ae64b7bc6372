"""One state of what was learned, in the form in which it is kept."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from router.learned.drift import Drift, Watch, Window
from router.learned.evidence import Side, Source
from router.learned.posterior import Cell, Place, Posterior, Tally
from router.types.base import Frozen

FORMAT = 1

Finite = Annotated[float, Field(allow_inf_nan=False)]
Pair = tuple[Annotated[float, Field(ge=0, allow_inf_nan=False)], Finite]


class CellRow(Frozen):
    """A `posterior.Cell`: each pair is a weight and a weighted sum."""

    side: Side
    kind: str
    model: str
    length: str
    outcomes: int = Field(ge=0)
    told: Pair
    checked: Pair
    accepted: Pair
    expected: Pair


class WatchRow(Frozen):
    """What a source said, for drift: before (how many, how many good), and in the current window,
    with the weight and the weighted sum that were learned of it."""

    side: Side
    kind: str
    model: str
    source: Source
    past: Pair
    count: int = Field(ge=0)
    good: int = Field(ge=0)
    learned: tuple[Finite, Finite]


class DriftRow(Frozen):
    """A rate that changed. time: epoch seconds."""

    side: Side
    kind: str
    model: str
    source: Source
    before: float
    after: float
    time: float


class Version(Frozen):
    """One state of what was learned.

    made_at: epoch seconds. basis: the version it was made of, 0: the shipped figures. restores:
    the version whose offsets a rollback brought back. shipped: the fingerprint of the figures that
    residuals are set against. ledgers: of each ledger, by a hash of its place, the id of the last
    entry that was learned from. first, last: epoch seconds of the records of this update; outcomes:
    how many it learned, by source, less those that were taken back; drifts: that showed in it.
    """

    format: int = FORMAT
    number: int = Field(ge=1)
    made_at: float
    basis: int = 0
    restores: int | None = None
    shipped: str
    ledgers: dict[str, str] = Field(default_factory=dict)
    first: float | None = None
    last: float | None = None
    outcomes: dict[Source, int] = Field(default_factory=dict)
    cells: tuple[CellRow, ...] = ()
    watches: tuple[WatchRow, ...] = ()
    drifts: tuple[DriftRow, ...] = ()

    def posterior(self) -> Posterior:
        """A posterior of one's own, to go on from."""
        cells = {
            Place(row.side, row.kind, row.model, row.length): Cell(
                Tally(*row.told),
                Tally(*row.checked),
                Tally(*row.accepted),
                Tally(*row.expected),
                row.outcomes,
            )
            for row in self.cells
        }
        watches = {
            (Place(row.side, row.kind, row.model), row.source): Watch(
                *row.past, Window(row.count, row.good, *row.learned)
            )
            for row in self.watches
        }
        return Posterior(cells, watches)


def cell_rows(posterior: Posterior) -> tuple[CellRow, ...]:
    """In a fixed order: the same posterior gives the same file."""
    return tuple(
        CellRow(
            **place._asdict(),
            outcomes=cell.outcomes,
            told=(cell.told.weight, cell.told.total),
            checked=(cell.checked.weight, cell.checked.total),
            accepted=(cell.accepted.weight, cell.accepted.total),
            expected=(cell.expected.weight, cell.expected.total),
        )
        for place, cell in sorted(posterior.cells.items())
    )


def watch_rows(posterior: Posterior) -> tuple[WatchRow, ...]:
    return tuple(
        WatchRow(
            side=place.side,
            kind=place.kind,
            model=place.model,
            source=source,
            past=(watch.past, watch.past_good),
            count=watch.current.count,
            good=watch.current.good,
            learned=(watch.current.weight, watch.current.residual),
        )
        for (place, source), watch in sorted(posterior.watches.items())
    )


def drift_rows(drifts: list[Drift]) -> tuple[DriftRow, ...]:
    return tuple(
        DriftRow(
            side=one.side,
            kind=one.kind,
            model=one.model,
            source=one.source,
            before=round(one.before, 4),
            after=round(one.after, 4),
            time=one.time,
        )
        for one in drifts
    )
