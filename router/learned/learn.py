"""Learns a new version from the ledger's records since the last version."""

from __future__ import annotations

import hashlib
import math
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from router.account.ledger import Ledger
from router.errors import ConfigError
from router.learned.drift import Drift
from router.learned.evidence import Reading, Source
from router.learned.gains import posterior_of, shipped_fingerprint
from router.learned.posterior import LENGTH_WEIGHT, PRIOR_WEIGHT, Cell, Place, Posterior
from router.learned.version import Version, cell_rows, drift_rows, watch_rows
from router.learned.versions import Versions
from router.store.errors import redacted
from router.store.store import Store
from router.types.base import Frozen


class Correction(Frozen):
    """An expected score, 0..1: as shipped, before and after this update.

    shipped: the mean expectation of the tasks seen. outcomes: how many there are by now. error: one
    standard deviation of the posterior, at most. length: empty for what all have in common.
    """

    side: str
    kind: str
    model: str
    length: str
    outcomes: int
    shipped: float
    before: float
    after: float
    error: float


class Learned(Frozen):
    """What an update learned. version: None where there was nothing new; path: None where nothing
    was written. skipped: entries of the ledger that could not be read."""

    version: Version | None
    path: Path | None = None
    corrections: tuple[Correction, ...] = ()
    skipped: int = 0


@dataclass(slots=True)
class _Update:
    """What is being learned."""

    posterior: Posterior
    last_id: str
    counts: Counter[Source] = field(default_factory=Counter)
    drifts: list[Drift] = field(default_factory=list)
    times: list[float] = field(default_factory=list)


async def learn(
    ledger: Ledger,
    place: str,
    versions: Versions,
    *,
    since: float | None = None,
    dry_run: bool = False,
) -> Learned:
    """Learn from every record once. since: epoch seconds; what is older stays out for ever.

    place: as of `place_of`. Raises ConfigError where the home cannot be written, or another process
    learns at this moment; StoreUnavailable.
    """
    if dry_run:
        return await _learn(ledger, place, versions, since)
    with versions.turn():
        learned = await _learn(ledger, place, versions, since)
        if learned.version is None:
            return learned
        path = versions.save(learned.version)
        return learned.model_copy(update={"path": path})


async def _learn(ledger: Ledger, place: str, versions: Versions, since: float | None) -> Learned:
    basis = versions.newest()
    seen = basis.ledgers if basis else {}
    before = posterior_of(basis)
    update = await _read(ledger, posterior_of(basis), seen.get(place, ""), since)
    if not update.times:
        return Learned(version=None, skipped=ledger.skipped)
    version = Version(
        number=versions.next_number(),
        made_at=time.time(),
        basis=basis.number if basis else 0,
        shipped=shipped_fingerprint(),
        ledgers=seen | {place: update.last_id},
        first=min(update.times),
        last=max(update.times),
        outcomes=dict(sorted(update.counts.items())),
        cells=cell_rows(update.posterior),
        watches=watch_rows(update.posterior),
        drifts=drift_rows(update.drifts),
    )
    return Learned(
        version=version,
        corrections=corrections(update.posterior, before),
        skipped=ledger.skipped,
    )


async def _read(ledger: Ledger, posterior: Posterior, last_id: str, since: float | None) -> _Update:
    update, reading = _Update(posterior, last_id), Reading()
    async for entry_id, record in ledger.read_placed(since, after=last_id):
        found = list(reading.add(record))
        update.drifts += posterior.add(found)
        update.last_id = entry_id
        for one in found:
            update.counts[one.source] += one.times
            update.times.append(one.time)
    return update


def roll_back(versions: Versions, number: int | None = None) -> Version:
    """Makes a new version with the offsets of an old one.

    number: 0 for the shipped figures; None for the version that the newest was made of. Raises
    ConfigError where there is no such version, or nothing to roll back.
    """
    with versions.turn():
        newest = versions.newest()
        if newest is None:
            raise ConfigError("nothing was learned yet, so there is nothing to roll back")
        wanted = newest.basis if number is None else number
        if wanted == newest.number:
            raise ConfigError(f"version {wanted} is the one that serves: name another one")
        old = versions.load(wanted) if wanted else None
        version = Version(
            number=versions.next_number(),
            made_at=time.time(),
            basis=newest.number,
            restores=wanted,
            shipped=old.shipped if old else shipped_fingerprint(),
            ledgers=newest.ledgers,
            cells=old.cells if old else (),
            watches=old.watches if old else (),
        )
        versions.save(version)
        return version


def corrections(now: Posterior, before: Posterior) -> tuple[Correction, ...]:
    """Every score that outcomes have a say in, by kind."""
    ordered = sorted(now.cells.items(), key=lambda item: (item[0].kind, item[0]))
    return tuple(
        _correction(place, cell, now, before) for place, cell in ordered if cell.expected.weight
    )


def _correction(place: Place, cell: Cell, now: Posterior, before: Posterior) -> Correction:
    shipped = cell.expected.total / cell.expected.weight
    return Correction(
        **place._asdict(),
        outcomes=cell.outcomes,
        shipped=round(shipped, 4),
        before=round(before.score(place, shipped), 4),
        after=round(now.score(place, shipped), 4),
        error=round(0.5 / math.sqrt(_prior_weight(place) + cell.weight), 4),
    )


def _prior_weight(place: Place) -> float:
    return LENGTH_WEIGHT if place.length else PRIOR_WEIGHT


def place_of(store: Store) -> str:
    """A ledger's place, by a hash: the same for every process that reaches it by the same URL."""
    where = f"{redacted(store.url)} {store.keys.namespace}"
    return hashlib.sha256(where.encode()).hexdigest()[:16]
