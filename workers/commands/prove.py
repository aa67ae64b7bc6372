"""`edgeward prove`: what left this machine, by label, and whether the ledger is unchanged."""

from __future__ import annotations

import json
import time
from pathlib import Path

from router.account.hash_chain import (
    Entry,
    Mark,
    Walk,
    Witness,
    id_time,
)
from router.account.ledger import Ledger, Opening, open_witness
from router.account.parts import strictness
from router.account.proof import Departures, Proof, proof_of
from router.account.records import hashed_session
from router.account.report import parse_since
from router.memory.sessions import Memory
from router.settings.settings import Settings
from router.store.store import Store, open_configured
from workers.commands.prove_export import Bar, Export

_LOCAL, _ATTEMPT = b'"route":"local"', b'"record":"attempt"'

_SKEW_S = 3600.0
_WALKS = 3


async def prove(settings: Settings, since: str | None, export: Path | None = None) -> Proof:
    """Verifies the whole ledger, and counts what left this machine since then.

    since: as for `edgeward report`. export: a file for the records since then, as `verify_file`
    reads it; replaced if it exists. Raises StoreUnavailable and ConfigError.
    """
    start = None if since is None else parse_since(since)
    store = await open_configured(settings.store)
    async with store:
        witness = open_witness(store, settings.store.home.expanduser())
        return await prove_store(
            store,
            witness,
            retention_s=settings.memory.ledger_days * 86_400,
            since=start,
            export=export,
        )


async def prove_store(
    store: Store,
    witness: Witness | None = None,
    *,
    retention_s: float,
    since: float | None = None,
    export: Path | None = None,
) -> Proof:
    """As `prove`, for an open store. since: epoch seconds."""
    ledger = Ledger(store, retention_s=retention_s)
    began = time.monotonic()
    for _ in range(_WALKS):
        oldest = time.time() - retention_s
        # Read before the walk, which must then find these records, whatever is written meanwhile.
        heads = [mark for mark in witness.heads() if mark.time >= oldest] if witness else []
        opening = await ledger.opening()
        proof = await _walk(store, ledger, opening, witness, heads, oldest, since, export)
        # Records that expired during the walk look as if they were missing: walk again.
        if proof.intact or (await ledger.opening()).anchor == opening.anchor:
            break
    return proof.model_copy(update={"seconds": time.monotonic() - began})


async def _walk(
    store: Store,
    ledger: Ledger,
    opening: Opening,
    witness: Witness | None,
    heads: list[Mark],
    oldest: float,
    since: float | None,
    export: Path | None,
) -> Proof:
    head, key = opening.head, witness.key if witness else None
    known: dict[int, str] = {}
    for mark in (*heads, *([head] if head else [])):
        # The first digest of a number counts: a number may be reused after records were lost.
        known.setdefault(mark.seq, mark.digest)
    young = next((mark for mark in heads if mark.time >= oldest + _SKEW_S), None)
    walk = Walk(opening.anchor, key=key, known=known, young=young)
    departures = Departures()
    window = _Window(since)
    with Bar(opening.count) as bar, Export(export, store, opening.anchor, since) as file:

        def take(page: list[Entry]) -> None:
            for entry in page:
                before = walk.tip if export else None
                walk.step(entry)
                if not window.has(entry):
                    departures.know(entry.record)
                    continue
                departures.add(entry.record, entry.id)
                if before:
                    file.write(entry, before)

        async for page in ledger.entries():
            take(page)
            bar.advance(len(page))
        if head is None and walk.chained:
            text = "the head of the chain is missing in Redis: whether records followed the last"
            walk.note("truncated", f"{text} one here cannot be told", walk.tip.id)
        elif head and opening.last_seq > head.seq:
            text = f"the head in Redis names record {head.seq}, and record {opening.last_seq}"
            walk.note("edited", f"{text} was there already", head.id)
        # All records have expired if none was written within the retention time.
        gone_by_age = head is not None and opening.count == 0 and head.time < oldest
        walk.finish(None if gone_by_age else head, max(heads, default=None, key=lambda m: m.seq))
        await _compare_sessions(store, departures)
        proof = proof_of(store.description, walk, opening.anchor, departures, len(heads), since)
        if export:
            file.close_with(walk.tip, proof)
    return proof


async def _compare_sessions(store: Store, departures: Departures) -> None:
    """Checks that the store's label of each session is as strict as the ledger's labels of its
    tasks, as the session's next task gets the store's label."""
    memory = Memory(store)
    for name in await memory.sessions():
        session = hashed_session(name)
        if not departures.parts.has_seen(session):
            continue
        said = await memory.recall(name)
        for turn in dict.fromkeys(turn.task for turn in said.turns if turn.task):
            label = departures.parts.label_of_turn(session, turn)
            if strictness(label) > strictness(said.label):
                text = f"the store has session {session} as {said.label}, and it holds a turn that "
                departures.breach(f"{text}the ledger has as {label}", "")
                break


class _Window:
    """Whether an entry belongs to the requested time: the first one in it, and all after that.

    By the later of the stream's time, which can be forged, and the record's own, which the digest
    protects.
    """

    def __init__(self, since: float | None) -> None:
        self._since = since
        self._open = since is None

    def has(self, entry: Entry) -> bool:
        if not self._open:
            assert self._since is not None, "a window without a beginning is open"
            self._open = max(id_time(entry.id), _own_time(entry.record)) >= self._since
        return self._open


def _own_time(record: bytes) -> float:
    try:
        return float(json.loads(record)["time"])
    except (ValueError, TypeError, KeyError):
        return 0.0
