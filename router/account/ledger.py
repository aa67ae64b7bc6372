"""The ledger: one record an attempt and one a task in a Redis stream, without their texts.

Neither prompts nor answers are written, nor the free text of errors and reasons, which may quote
them; a session appears as a hash. The stream is append-only, a hash chain
(`router/account/hash_chain.py`), and shared by all processes.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import structlog
from pydantic import ValidationError

from router.account import ledger_scripts as scripts
from router.account.hash_chain import (
    GENESIS,
    Anchor,
    Entry,
    Mark,
    Witness,
    chain,
    countersign,
    entry_of,
    id_time,
)
from router.account.hash_chain import link as link_digest
from router.account.records import RECORD, Record, records_of
from router.errors import StoreUnavailable
from router.store.errors import redacted
from router.store.store import Store
from router.types.result import Result
from router.types.task import Task

PAGE = 500
"""Entries read in one round trip."""

LONGEST_WRITE_S = 30.0
"""How long writing a record may take, waits and lost races included."""

_TRIM_EVERY_S = 3600.0
_TRIM_SHARE = 0.01
"""Old records are dropped this often: hourly, or after this share of the retention."""

_SKEW_S = 3600.0
"""The clocks of two machines may differ by this much."""

_HEAD_MOVED, _WRITTEN = 0, 1
_NOT_WANTED = (2, 3)
"""What the script answers; the last: a call was booked by another process, the value beside the
records has changed.
"""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Opening:
    """Where a walk along the chain begins, and where it must at least arrive.

    head: None where Redis knows none, though there may be links. count: entries of the stream;
    last_seq: number of the last one at the same moment, 0 where it is no link.
    """

    anchor: Anchor
    head: Mark | None
    count: int
    last_seq: int


@dataclass(frozen=True, slots=True)
class Beside:
    """What is written in one step with records: a value that must not have changed, and a text.

    key, text_key: in Redis. seen: the value as it was read, empty where there was none. becomes:
    the new one. text: empty leaves what is there. keep_ms: how long both are kept.
    """

    key: str
    seen: str
    becomes: str
    text_key: str
    text: str
    keep_ms: int


class Ledger:
    """Writes and reads the account.

    retention_s: how long a record is kept at least; what is older is dropped about once an hour.
    witness: this machine's key and memory; without one the chain is not countersigned.
    skipped: entries that the latest `read` could not understand.
    A task recorded twice is counted twice: recording is not idempotent per task_id.
    """

    def __init__(
        self,
        store: Store,
        *,
        retention_s: float = 90 * 86_400.0,
        witness: Witness | None = None,
    ) -> None:
        self._store = store
        self._retention_ms = int(retention_s * 1000)
        self._key = witness.key if witness else None
        self._key_name = witness.name if witness else ""
        self._witness = witness
        self._head = Mark()
        self._turn = asyncio.Lock()
        self._trim_at = 0.0
        self._append = store.redis.register_script(scripts.APPEND)
        self._trim = store.redis.register_script(scripts.TRIM)
        self._page = store.redis.register_script(scripts.PAGE_OF_ENTRIES)
        self.skipped = 0

    async def record(
        self,
        task: Task,
        result: Result,
        found: tuple[str, ...] = (),
        closes: Sequence[str] = (),
        *,
        upgrade: bool = False,
    ) -> None:
        """Writes all attempts and the task in one round trip, all or none.

        found: kinds of private things in the task's text. closes: as `append`. upgrade: it had been
        answered before. Needs a second round trip where another process has written since, more
        where several write at once. Raises StoreUnavailable.
        """
        await self.append(records_of(task, result, found, upgrade=upgrade), closes)

    async def append(
        self,
        records: Sequence[Record],
        closes: Sequence[str] = (),
        *,
        only_open: bool = False,
        beside: Beside | None = None,
    ) -> bool:
        """Writes these records in a row, all or none; whether it did. Raises StoreUnavailable.

        closes: the open calls that these records book. only_open: writes nothing where one of the
        calls is not open any more, because another process has booked it. beside: writes nothing
        where the value beside the records is another one than was read.
        """
        rows = [record.model_dump_json().encode() for record in records]
        try:
            async with asyncio.timeout(LONGEST_WRITE_S), self._turn:  # no races within a process
                written = await self._write(rows, closes, only_open, beside)
        except TimeoutError:
            raise StoreUnavailable(
                f"{self._store.description} did not take a record within {LONGEST_WRITE_S:.0f} s: "
                "it is overloaded, or too many processes write at once"
            ) from None
        self._remember(self._head)
        if time.monotonic() >= self._trim_at:
            retention_s = self._retention_ms / 1000
            self._trim_at = time.monotonic() + min(_TRIM_EVERY_S, _TRIM_SHARE * retention_s)
            with suppress(StoreUnavailable):  # the record is written; the next one trims
                await self._drop_old()
        return written

    async def _write(
        self, records: list[bytes], closes: Sequence[str], only_open: bool, beside: Beside | None
    ) -> bool:
        """Appends behind the head, whoever else appends; False where nothing is to be written."""
        calls = [self._store.keys.reservation(call) for call in closes]
        for tries in count(1):
            done, self._head = await self._write_behind(
                self._head, records, calls, only_open, beside
            )
            if done != _HEAD_MOVED:
                return done == _WRITTEN
            if tries > 2 and tries % 2:
                # Wait only before a try that asks for the head: the next one knows the head, and
                # succeeds if it is quick.
                await asyncio.sleep(random.uniform(0, 0.003 * min(tries, 10)))
        raise AssertionError("the count has no end")

    async def _write_behind(
        self,
        head: Mark,
        records: list[bytes],
        calls: list[str],
        only_open: bool,
        beside: Beside | None,
    ) -> tuple[int, Mark]:
        oldest_ms = self._oldest_ms()
        expired = head.time * 1000 < oldest_ms
        arguments: list[Any] = [head.seq, head.digest, self._retention_ms * 101 // 100, oldest_ms]
        arguments += [self._key_name, self._anchor_mac(head) if expired else "", int(only_open)]
        one = beside or Beside("", "", "", "", "", 0)
        arguments += [one.seen, one.becomes, one.text, one.keep_ms]
        keys = [*self._keys(), self._store.keys.reservations(), one.key, one.text_key, *calls]
        for row in chain(records, head, self._key, self._key_name):
            arguments += row
        with self._store.errors():
            done, seq, digest, entry_id = await self._append(keys=keys, args=arguments)
        if done in _NOT_WANTED:
            return int(done), head
        digest = digest.decode("latin-1") or GENESIS
        return int(done), Mark(int(seq), digest, entry_id.decode("latin-1"))

    def _remember(self, head: Mark) -> None:
        if self._witness is None:
            return
        try:
            self._witness.remember(head)
        except OSError as error:
            # The ledger is written; a task must not fail because the heads file cannot be.
            log.warning("ledger.head_not_kept", error=error.strerror or type(error).__name__)

    async def _drop_old(self) -> None:
        """Drops what is older than the retention, and stores where the chain then begins.

        That is after the newest old record: if some after it are gone too, they still count as
        missing.
        """
        oldest = f"{self._oldest_ms()}-0"
        with self._store.errors():
            page: Any = await self._store.redis.xrevrange(
                self._store.keys.ledger(), f"({oldest}", "-", count=100
            )
            if not page:
                return
            entries = (_entry(entry_id, fields) for entry_id, fields in page)
            last = next((entry for entry in entries if self._is_old(entry)), None)
            arguments: list[Any] = [oldest, "", "", "", "", ""]
            if last:
                mac = self._anchor_mac(Mark(last.seq, last.digest, last.id))
                arguments[1:] = [last.seq, last.digest, last.id, self._key_name, mac]
            await self._trim(keys=self._keys(), args=arguments)

    def _is_old(self, entry: Entry) -> bool:
        """Whether a link is old by its own time: its position in the stream can be forged."""
        if entry.seq < 1:
            return False
        if link_digest(entry.seq, entry.prev, entry.key, entry.record) != entry.digest:
            return False
        try:
            written = float(json.loads(entry.record)["time"])
        except (ValueError, TypeError, KeyError):
            return False
        return written * 1000 < self._oldest_ms() + _SKEW_S * 1000

    def _anchor_mac(self, mark: Mark) -> str:
        return countersign(self._key, "anchor", mark.seq, mark.digest) if self._key else ""

    def _oldest_ms(self) -> int:
        return max(0, int(time.time() * 1000) - self._retention_ms)

    def _keys(self) -> list[str]:
        return [self._store.keys.ledger(), self._store.keys.ledger_head()]

    async def opening(self) -> Opening:
        """The beginning and the end of the chain at this moment, as Redis stores them."""
        with self._store.errors():
            async with self._store.redis.pipeline(transaction=True) as pipe:
                pipe.hgetall(self._store.keys.ledger_head())
                pipe.xlen(self._store.keys.ledger())
                pipe.xrevrange(self._store.keys.ledger(), count=1)
                fields, length, last = await pipe.execute()
        kept = {name.decode(): value.decode("latin-1") for name, value in fields.items()}
        anchor = Anchor(
            _mark(kept, "anchor_"), kept.get("anchor_key", ""), kept.get("anchor_mac", "")
        )
        head = _mark(kept, "")
        last_seq = _entry(*last[0]).seq if last else 0
        return Opening(anchor, head if head.seq else None, length, last_seq)

    async def entries(self, *, page: int = 2 * PAGE) -> AsyncIterator[list[Entry]]:
        """Every entry as it stands in Redis, in the order of writing, page by page.

        The next page is fetched while the caller has this one.
        """
        coming = asyncio.create_task(self._entries_from("-", page))
        try:
            while rows := await coming:
                more = len(rows) == page
                if more:
                    after = f"({rows[-1][0]}"
                    coming = asyncio.create_task(self._entries_from(after, page))
                    for _ in range(3):  # requested before the caller keeps the loop busy
                        await asyncio.sleep(0)
                yield [entry_of(entry_id, fields) for entry_id, fields in rows]
                if not more:
                    return
        finally:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)

    async def _entries_from(self, first: str, page: int) -> list[tuple[str, list[str]]]:
        with self._store.errors():
            text: Any = await self._page(keys=self._keys()[:1], args=[first, page])
        # Latin-1 keeps each byte as it is, whatever stands there; {} is Lua's empty list.
        return json.loads(text.decode("latin-1")) or []

    async def read(
        self, since: float | None = None, until: float | None = None
    ) -> AsyncIterator[Record]:
        """Records in the order of writing, between two times of writing in epoch seconds.

        A task and its attempts are written together, when the task ends. Entries that are not
        ours, or not readable, are counted in `skipped`.
        """
        async for _, record in self.read_placed(since, until):
            yield record

    async def read_placed(
        self, since: float | None = None, until: float | None = None, *, after: str = ""
    ) -> AsyncIterator[tuple[str, Record]]:
        """As `read`, each with its id in the stream; after: only what stands behind this id."""
        self.skipped = 0
        first = "-" if since is None else str(max(0, math.floor(since * 1000)))
        last = "+" if until is None else str(max(0, math.floor(until * 1000)))
        if after and (since is None or id_time(after) >= since):
            first = f"({after}"
        while True:
            with self._store.errors():
                page: Any = await self._store.redis.xrange(
                    self._store.keys.ledger(), first, last, count=PAGE
                )
            for entry_id, fields in page:
                if (record := self._read(fields)) is not None:
                    yield entry_id.decode(), record
            if len(page) < PAGE:
                return
            first = f"({page[-1][0].decode()}"

    async def newest(self, containing: bytes = b"") -> AsyncIterator[Record]:
        """Records in the order of writing backwards; containing: only those with these bytes."""
        self.skipped = 0
        last = "+"
        while True:
            with self._store.errors():
                page: Any = await self._store.redis.xrevrange(
                    self._store.keys.ledger(), last, "-", count=PAGE
                )
            for _, fields in page:
                if containing not in fields.get(b"record", b""):
                    continue
                if (record := self._read(fields)) is not None:
                    yield record
            if len(page) < PAGE:
                return
            last = f"({page[-1][0].decode()}"

    def _read(self, fields: dict[bytes, bytes]) -> Record | None:
        try:
            return RECORD.validate_json(fields[b"record"])
        except (KeyError, ValidationError):
            self.skipped += 1
            return None


def open_witness(store: Store, home: Path) -> Witness | None:
    """This machine's evidence about the ledger of a store; None where the home cannot hold it.

    home: as of the settings, expanded. Raises ConfigError for a damaged key.
    """
    try:
        return Witness(home, f"{redacted(store.url)} {store.keys.namespace}")
    except OSError as error:
        log.warning("ledger.no_key", home=str(home), error=error.strerror or type(error).__name__)
        return None


def _entry(entry_id: bytes, fields: dict[bytes, bytes]) -> Entry:
    flat = [part.decode("latin-1") for pair in fields.items() for part in pair]
    return entry_of(entry_id.decode(), flat)


def _mark(kept: dict[str, str], prefix: str) -> Mark:
    """A place in the chain as the hash stores it; the beginning if it is malformed."""
    seq = kept.get(f"{prefix}seq", "")
    if not (seq.isascii() and seq.isdigit()) or len(seq) > 18:
        return Mark()
    return Mark(int(seq), kept.get(f"{prefix}digest", ""), kept.get(f"{prefix}id", "0-0"))
