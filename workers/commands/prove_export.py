"""Exports the ledger to a file for an auditor, and verifies such a file without Redis."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from rich.console import Console
from rich.progress import Progress, TaskID

from router.account.hash_chain import (
    Anchor,
    Entry,
    Mark,
    Walk,
)
from router.account.proof import Departures, Proof, proof_of
from router.errors import ConfigError
from router.store.store import Store

_LOCAL, _ATTEMPT = b'"route":"local"', b'"record":"attempt"'

_BAR_AFTER_S = 1.0


class Bar:
    """A progress bar on standard error, for what takes longer than a moment."""

    def __init__(self, total: int) -> None:
        self._total, self._done, self._began = total, 0, time.monotonic()
        self._progress: Progress | None = None
        self._task = TaskID(0)

    def __enter__(self) -> Bar:
        return self

    def advance(self, count: int) -> None:
        self._done += count
        if self._progress is None and time.monotonic() - self._began > _BAR_AFTER_S:
            if not sys.stderr.isatty():
                return
            self._progress = Progress(console=Console(stderr=True), transient=True)
            self._task = self._progress.add_task("walking the ledger", total=self._total)
            self._progress.start()
        if self._progress is not None:
            self._progress.update(self._task, completed=self._done)

    def __exit__(self, *exc: object) -> None:
        if self._progress is not None:
            self._progress.stop()


class Export:
    """Writes JSON lines: first where the chain begins, then the records, last the chain's head.

    The file appears when it is complete. Only records are written, no other fields of entries.
    """

    def __init__(self, path: Path | None, store: Store, anchor: Anchor, since: float | None):
        self._path, self._anchor, self._since = path, anchor, since
        self._namespace = store.keys.namespace
        self._file: IO[str] | None = None
        self._begun = False

    def __enter__(self) -> Export:
        if self._path is not None:
            if self._path.is_dir():
                raise ConfigError(f"{self._path} is a folder: name a file for the export")
            try:
                fd = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            except OSError as error:
                raise ConfigError(
                    f"{self._path} cannot be written: {error.strerror}. Name another file"
                ) from None
            self._file = os.fdopen(fd, "w", encoding="ascii")
        return self

    def write(self, entry: Entry, before: Mark) -> None:
        """before: the chain's tip before this entry."""
        self._begin(before)
        row: dict[str, Any] = {"id": entry.id}
        if entry.seq:
            row |= {"seq": entry.seq, "prev": entry.prev, "digest": entry.digest}
            row |= {"key": entry.key, "mac": entry.mac}
        self._line(row | {"record": entry.record.decode("utf-8", "surrogateescape")})

    def close_with(self, tip: Mark, proof: Proof) -> None:
        assert self._path is not None, "only a file that was asked for is closed"
        self._begin(tip)
        self._line({"head": asdict(tip), "verification": json.loads(proof.to_json())})
        assert self._file is not None, "it was opened with the block"
        self._file.close()
        self._part.replace(self._path)

    def __exit__(self, *exc: object) -> None:
        if self._file is not None:
            self._file.close()
            with suppress(FileNotFoundError):
                self._part.unlink()

    @property
    def _part(self) -> Path:
        assert self._path is not None, "asked only where there is a file"
        return self._path.with_name(f".{self._path.name}.{os.getpid()}.part")

    def _begin(self, before: Mark) -> None:
        if self._begun:
            return
        self._begun = True
        whole = before == self._anchor.mark
        anchor = self._anchor if whole else Anchor(before)
        first = {"ledger": "edgeward", "version": 1, "namespace": self._namespace}
        first |= {"exported": datetime.now(UTC).isoformat(timespec="seconds")}
        self._line(first | {"since": self._since, "anchor": asdict(anchor)})

    def _line(self, row: dict[str, Any]) -> None:
        assert self._file is not None, "it was opened with the block"
        self._file.write(json.dumps(row, separators=(",", ":")) + "\n")


def verify_file(path: Path, key: bytes | None = None) -> Proof:
    """Verifies an export without Redis. key: checks the countersignatures that were made with it.

    Raises ConfigError for a file that cannot be read or is no export. Records before its first and
    after its last cannot be checked here: compare the head's digest with the one that `edgeward
    prove` showed.
    """
    began = time.monotonic()
    try:
        with path.open(encoding="utf-8") as file:
            proof = _walk_lines(str(path), _rows_of(file), key)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None
    return proof.model_copy(update={"seconds": time.monotonic() - began})


def _rows_of(file: IO[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The name and content of each line; nothing for a line that cannot be parsed."""
    for number, line in enumerate(file, 1):
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        yield f"line {number}", row if isinstance(row, dict) else {}


def _walk_lines(
    source: str, rows: Iterator[tuple[str, dict[str, Any]]], key: bytes | None
) -> Proof:
    _, first = next(rows, ("", {}))
    if first.get("ledger") != "edgeward" or first.get("version") != 1:
        raise ConfigError(
            f"{source} is no export of the ledger: make one with `edgeward prove --export FILE`"
        )
    anchor = _anchor_of(first.get("anchor"))
    walk, departures = Walk(anchor, key=key), Departures()
    head: Mark | None = None
    for at, row in rows:
        if head is not None:
            walk.note("inserted", f"{at} stands behind the end", at)
        elif "head" in row:
            head = _mark_of(row["head"])
            if head == walk.tip:
                continue
            if head.seq <= walk.tip.seq:
                walk.note("edited", f"the head in {at} is not the last record", at)
        elif entry := _entry_of_row(row):
            walk.step(entry)
            departures.add(entry.record, entry.id)
        else:
            walk.note("edited", f"{at} cannot be read", at)
    if head is None:
        walk.note("truncated", "the file ends before its last line, which names the head", "end")
    walk.finish(head)
    since = first.get("since")
    since = float(since) if isinstance(since, int | float) else None
    return proof_of(source, walk, anchor, departures, 0, since)


def _entry_of_row(row: dict[str, Any]) -> Entry | None:
    """None if a value does not have the type that the export writes."""
    texts = [row.get(name, "") for name in ("id", "record", "prev", "digest", "key", "mac")]
    seq = row.get("seq", 0)
    if type(seq) is not int or not all(isinstance(text, str) for text in texts):
        return None
    if "record" not in row or len(row) != (7 if seq else 2):
        return None
    if not re.fullmatch(r"[0-9]{1,20}-[0-9]{1,20}", texts[0]):
        return None
    entry_id, record, prev, digest, key, mac = texts
    try:
        return Entry(
            entry_id, record.encode("utf-8", "surrogateescape"), seq, prev, digest, key, mac
        )
    except UnicodeEncodeError:
        return None


def _anchor_of(value: Any) -> Anchor:
    if not isinstance(value, dict):
        return Anchor()
    return Anchor(_mark_of(value.get("mark")), str(value.get("key", "")), str(value.get("mac", "")))


def _mark_of(value: Any) -> Mark:
    match value:
        case {"seq": int(seq), "digest": str(digest), "id": str(entry_id)}:
            return Mark(seq, digest, entry_id)
    return Mark()
