"""The hash chain of the account: how records are linked, countersigned, walked and remembered.

A record's digest is the SHA-256 of the digest before it, its number, the name of the key that
countersigns it, and its bytes; it can be recomputed with `sha256sum`. What each part is good for:

digests       Notice every edit, removal, insertion and swap by whoever does not recompute the
              digests of all later records: an accident, a script, a curious hand.
MACs          A chain recomputed by somebody who can write to Redis lacks the MACs (HMAC-SHA256) of
              this machine's key, `ledger.key` in the home, or they do not fit.
heads         What this machine wrote last, in `ledger.heads` in the home: notices that the end was
              cut off, that everything is gone, and a recomputed chain without any MAC.

None of it helps against somebody who can read the key and edit the home, nor against a process that
writes records which are false from the start: whoever may write to Redis may append. An entry's
stream id, the time of writing, is Redis's own and not in the digest; a record's `time` is.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import re
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

from router.errors import ConfigError

GENESIS = "0" * 64
"""The digest before the first record."""

FIELDS = ("record", "seq", "prev", "digest", "key", "mac")
"""The fields of a chained entry, in this order, and no others."""

MOST_FINDINGS = 100
"""Findings that are described; the others are counted."""

_KEY_BYTES = 32
_HEADS_LIMIT_BYTES = 1_000_000
_HEADS_KEPT = 4000

What = Literal["edited", "removed", "inserted", "moved", "truncated", "rewritten", "unsigned"]


class Entry(NamedTuple):
    """One entry of the stream.

    seq: 0 where it is not a link of a chain (`unchained`), -1 where its fields are malformed. key,
    mac: empty without a countersignature.
    """

    id: str
    record: bytes
    seq: int = 0
    prev: str = ""
    digest: str = ""
    key: str = ""
    mac: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the chain: the record of this number has this digest. id: of the stream."""

    seq: int = 0
    digest: str = GENESIS
    id: str = "0-0"

    @property
    def time(self) -> float:
        """Epoch seconds of writing, by the clock of Redis."""
        return id_time(self.id)


@dataclass(frozen=True, slots=True)
class Anchor:
    """The newest record that was dropped because of its age: the kept chain begins after it."""

    mark: Mark = Mark()
    key: str = ""
    mac: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A difference from what was written. text: a sentence; at: the entry's stream id."""

    what: What
    text: str
    at: str


def id_time(entry_id: str) -> float:
    """Epoch seconds of a stream id; 0 for a malformed one."""
    head = entry_id.partition("-")[0]
    return int(head) / 1000 if head.isascii() and head.isdigit() else 0.0


def link(seq: int, prev: str, key: str, record: bytes) -> str:
    """The digest of a record, in hexadecimal.

    By hand: printf 'edgeward-ledger-1 %s %s %s\\n%s' SEQ PREV KEY RECORD | sha256sum
    """
    head = f"edgeward-ledger-1 {seq} {prev} {key}\n"
    return hashlib.sha256(head.encode("utf-8", "replace") + record).hexdigest()


def countersign(key: bytes, purpose: Literal["record", "anchor"], seq: int, digest: str) -> str:
    """128 bits of HMAC-SHA256 over a place in the chain, in hexadecimal."""
    said = f"edgeward-ledger-1 {purpose} {seq} {digest}"
    return hmac.digest(key, said.encode("utf-8", "replace"), "sha256").hex()[:32]


def key_name(key: bytes | None) -> str:
    """A name that distinguishes keys without revealing the key. Empty for none."""
    return hashlib.sha256(b"edgeward-ledger-1 key\n" + key).hexdigest()[:8] if key else ""


def entry_of(entry_id: str, fields: list[str]) -> Entry:
    """An entry as Redis gave it: names and values in turn, each byte one character (Latin-1)."""
    if tuple(fields[::2]) == FIELDS:
        record, number, prev, digest, key, mac = fields[1::2]
        seq = int(number) if number.isascii() and number.isdigit() and len(number) < 19 else -1
        if seq < 1 or str(seq) != number:  # seq is written without leading zeros
            seq = -1
        return Entry(entry_id, record.encode("latin-1"), seq, prev, digest, key, mac)
    names = fields[::2]
    record = fields[2 * names.index("record") + 1] if "record" in names else ""
    # An entry with any field of a link counts as a link that was tampered with, not as unchained.
    seq = -1 if any(name in names for name in FIELDS[1:]) else 0
    return Entry(entry_id, record.encode("latin-1"), seq)


def chain(
    records: list[bytes], head: Mark, key: bytes | None, name: str
) -> list[tuple[bytes, int, str, str, str, str]]:
    """The values of FIELDS for records that are to follow `head`. name: `key_name(key)`."""
    rows = []
    seq, prev = head.seq, head.digest
    for record in records:
        seq += 1
        digest = link(seq, prev, name, record)
        mac = countersign(key, "record", seq, digest) if key else ""
        rows.append((record, seq, prev, digest, name, mac))
        prev = digest
    return rows


@dataclass(slots=True)
class _Gap:
    """Missing sequence numbers, and where; records found later were moved."""

    first: int
    last: int
    order: int
    after: str
    before: str
    found: set[int] = field(default_factory=set)

    @property
    def missing(self) -> int:
        return self.last - self.first + 1 - len(self.found)


class Walk:
    """Walks along a chain entry by entry in constant memory, and reports tampering.

    anchor: where the kept chain begins. key: this machine's, to check its countersignatures. known:
    digests of some records from elsewhere: the head in Redis, the heads in the home. young: the
    oldest head of the home that is too recent to be dropped. Without a finding every entry is
    chained, numbered without a gap from the anchor on, carries the digest of the one before, and
    matches its own digest.
    """

    def __init__(
        self,
        anchor: Anchor | None = None,
        *,
        key: bytes | None = None,
        known: Mapping[int, str] | None = None,
        young: Mark | None = None,
    ) -> None:
        anchor = anchor or Anchor()
        self.chained = self.unchained = 0
        self.signed_here = self.signed_elsewhere = 0
        self.findings_total = 0
        self._found: list[tuple[int, Finding]] = []
        self._gaps: list[_Gap] = []
        self._start = anchor.mark
        self._seq, self._prev = anchor.mark.seq, anchor.mark.digest
        self._or_prev: str | None = None
        self._tip_id, self._last_id = anchor.mark.id, ""
        self._key, self._name = key, key_name(key)
        self._known = known or {}
        self._rewritten = False
        self._check_anchor(anchor, young)

    def step(self, entry: Entry) -> None:
        """The next entry of the stream."""
        if entry.seq == 0:
            self._step_unchained(entry)
            return
        digest = link(entry.seq, entry.prev, entry.key, entry.record)
        if entry.seq == self._seq + 1 and entry.prev == self._prev and digest == entry.digest:
            self._advance(entry, None)
        else:
            self._step_odd(entry, digest)
        self._check_mac(entry)
        self._last_id = entry.id

    def finish(self, head: Mark | None, remembered: Mark | None = None) -> None:
        """Ends the walk. head: as Redis has it; remembered: as this machine does."""
        for gap in self._gaps:
            if gap.missing:
                self._note_at(gap.order, "removed", _removed(gap, self._start.seq), gap.before)
        last = self.tip
        for mark, whose in ((head, "Redis knows"), (remembered, "this machine remembers")):
            if mark is not None and mark.seq > last.seq:
                count = mark.seq - last.seq
                text = (
                    f"{count} {_records(count)} missing at the end: {whose} record {mark.seq} of "
                    f"{moment(mark.time)}, the last one here is {last.seq}"
                )
                self.note("truncated", text, mark.id)
                last = mark

    def note(self, what: What, text: str, at: str) -> None:
        """Adds a finding at this place of the walk."""
        self._note_at(self._order(), what, text, at)

    @property
    def tip(self) -> Mark:
        """The last link so far; the anchor before the first one."""
        return Mark(self._seq, self._prev, self._tip_id)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """In the order of the stream, the first MOST_FINDINGS."""
        ordered = sorted(self._found, key=lambda item: item[0])
        return tuple(finding for _, finding in ordered)

    def _step_unchained(self, entry: Entry) -> None:
        if self.chained or self._start.seq:
            what = "has no digest, and stands among records that have one"
            self.note("inserted", f"{_named(entry)} {what}", entry.id)
        else:
            self.unchained += 1

    def _advance(self, entry: Entry, or_prev: str | None) -> None:
        """or_prev: what the next one may carry instead, after an entry that was edited."""
        self.chained += 1
        self._seq, self._prev, self._or_prev = entry.seq, entry.digest, or_prev
        self._tip_id = entry.id
        known = self._known.get(entry.seq)
        if known is not None and known != entry.digest and not self._rewritten:
            self._rewritten = True
            text = (
                f"{_named(entry)} is not the one that is remembered under this number: the chain "
                "was computed anew at it or before it, or goes on behind records that were lost"
            )
            self.note("rewritten", text, entry.id)

    def _step_odd(self, entry: Entry, digest: str) -> None:
        """Handles any entry that is not the expected next link."""
        genuine = digest == entry.digest
        follows = entry.prev in (self._prev, self._or_prev)
        if entry.seq == self._seq + 1:
            if not genuine:
                self.note("edited", f"{_named(entry)} is not what its digest says", entry.id)
            elif not follows:
                text = f"{_named(entry)} does not follow the one before it: one of the two was"
                self.note("edited", f"{text} replaced", entry.id)
            self._advance(entry, digest)
        elif entry.seq > self._seq + 1 and genuine:
            self._leap(_Gap(self._seq + 1, entry.seq - 1, self._order(), self._last_id, entry.id))
            self._advance(entry, None)
        elif genuine and (home := self._gap_of(entry.seq)):
            home.found.add(entry.seq)
            self.note("moved", f"{_named(entry)} stands behind record {self._seq}", entry.id)
        elif genuine:
            text = f"{_named(entry)} is a second record of a number that was there already"
            self.note("inserted", text, entry.id)
        elif follows:
            text = f"{_named(entry)} is not what its digest says, or has another number"
            self.note("edited", f"{text}; it stands in the place of {self._seq + 1}", entry.id)
            self._advance(entry._replace(seq=self._seq + 1), digest)
        else:
            self.note("inserted", f"{_named(entry)} fits nowhere in the chain", entry.id)

    def _leap(self, gap: _Gap) -> None:
        """Remembers a gap until the end: its records may come later in the stream."""
        if len(self._gaps) < MOST_FINDINGS:
            self._gaps.append(gap)
        else:
            self.note("removed", _removed(gap, self._start.seq), gap.before)

    def _gap_of(self, seq: int) -> _Gap | None:
        for gap in self._gaps:
            if gap.first <= seq <= gap.last and seq not in gap.found:
                return gap
        return None

    def _check_mac(self, entry: Entry) -> None:
        if not entry.key and not entry.mac:
            return
        if not entry.key or len(entry.mac) != 32:
            text = f"{_named(entry)} has lost part of its countersignature"
            self.note("unsigned", text, entry.id)
        elif self._key is None or entry.key != self._name:
            self.signed_elsewhere += 1
        elif countersign(self._key, "record", entry.seq, entry.digest) == entry.mac:
            self.signed_here += 1
        else:
            text = f"{_named(entry)} does not bear this machine's countersignature"
            self.note("unsigned", text, entry.id)

    def _check_anchor(self, anchor: Anchor, young: Mark | None) -> None:
        """Whether the records missing at the beginning may have been dropped by age."""
        mark = anchor.mark
        if self._key and anchor.key == self._name:
            # No constant-time comparison is needed: no attacker can measure the time that it takes.
            if countersign(self._key, "anchor", mark.seq, mark.digest) != anchor.mac:
                text = "the mark of what was dropped by age is not as this machine signed it"
                self.note("truncated", text, mark.id)
        elif young and young.seq <= mark.seq:
            text = (
                f"everything up to record {mark.seq} was dropped as too old, and record {young.seq}"
                f" of {moment(young.time)} is not: another process keeps records for a shorter "
                "time, or they were removed"
            )
            self.note("truncated", text, mark.id)

    def _order(self) -> int:
        return self.chained + self.unchained + self.findings_total

    def _note_at(self, order: int, what: What, text: str, at: str) -> None:
        self.findings_total += 1
        if len(self._found) < MOST_FINDINGS:
            self._found.append((order, Finding(what, text, at)))


def moment(epoch_s: float) -> str:
    """A time for people: UTC, to the second."""
    try:
        return f"{datetime.fromtimestamp(epoch_s, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError, OSError):
        return "an impossible time"


def _named(entry: Entry) -> str:
    number = f"record {entry.seq}" if entry.seq > 0 else "an entry"
    return f"{number} ({entry.id}, {moment(id_time(entry.id))})"


def _records(count: int) -> str:
    return "record is" if count == 1 else "records are"


def _removed(gap: _Gap, start: int) -> str:
    span = f"{gap.first}" if gap.first == gap.last else f"{gap.first} to {gap.last}"
    where = f"between {gap.after} and {gap.before}" if gap.after else f"before {gap.before}"
    at_start = " at the beginning, which age does not explain" if gap.first == start + 1 else ""
    when = moment(id_time(gap.before))
    return f"{gap.missing} {_records(gap.missing)} missing{at_start}: {span}, {where} ({when})"


class Witness:
    """This machine's own evidence about the ledger: its key, and the heads that it wrote.

    Two files in the home, for this user alone: `ledger.key`, made on first use, and `ledger.heads`,
    a line a write. Without the key a recomputed chain cannot be detected; without the heads a chain
    whose end is missing cannot. Both survive the loss of the Redis. Any number of processes share
    them. Records that Redis lost in a crash of the machine are missing as well, and are reported.
    Where a Redis was emptied on purpose, remove `ledger.heads`.
    """

    def __init__(self, home: Path, place: str) -> None:
        """Makes the key if there is none. place: identifies this ledger among all that the home
        knows.

        Raises OSError where the key cannot be made or read, and ConfigError where it is damaged.
        """
        self._heads = home / "ledger.heads"
        self._place = hashlib.sha256(place.encode()).hexdigest()[:16]
        self.key = _key_in(home)
        self.name = key_name(self.key)

    @property
    def heads_path(self) -> Path:
        return self._heads

    def remember(self, head: Mark) -> None:
        """Append a head; some hundred bytes into the page cache. Raises OSError."""
        line = f"{self._place} {head.seq} {head.digest} {head.id}\n".encode()
        with _locked(self._heads, fcntl.LOCK_EX) as fd:
            if os.fstat(fd).st_size > _HEADS_LIMIT_BYTES:
                _shorten(fd)
            os.write(fd, line)

    def heads(self) -> tuple[Mark, ...]:
        """The heads of this ledger, the oldest first; lines that cannot be read are left out."""
        try:
            with _locked(self._heads, fcntl.LOCK_SH) as fd:
                lines = _content(fd).decode("ascii", "replace").splitlines()
        except OSError:
            return ()
        return tuple(mark for line in lines if (mark := self._mark(line)))

    def _mark(self, line: str) -> Mark | None:
        match line.split(" "):
            case [self._place, seq, digest, entry_id] if re.fullmatch(r"[0-9]{1,18}", seq):
                return Mark(int(seq), digest, entry_id)
        return None


def _key_in(home: Path) -> bytes:
    """The key of a home; made whole or not at all, also by several processes at once."""
    path = home / "ledger.key"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        made = home / f".ledger.key.{secrets.token_hex(8)}"
        fd = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(fd, secrets.token_bytes(_KEY_BYTES))
            os.fsync(fd)
            with suppress(FileExistsError):  # another process was first
                os.link(made, path)
        finally:
            os.close(fd)
            made.unlink()
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        path.chmod(0o600)
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        raise ConfigError(
            f"the ledger's key {path} has {len(key)} bytes, and {_KEY_BYTES} are needed: bring the "
            "file back from a copy, or remove it (what it signed can then no longer be checked)"
        )
    return key


@contextmanager
def _locked(path: Path, how: int) -> Iterator[int]:
    writing = how == fcntl.LOCK_EX
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT if writing else os.O_RDONLY
    fd = os.open(path, flags | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, how)
        yield fd
    finally:
        os.close(fd)


def _content(fd: int) -> bytes:
    return os.pread(fd, os.fstat(fd).st_size, 0)


def _shorten(fd: int) -> None:
    """Keeps the latest heads of each ledger. In place: other processes have this file open."""
    kept: dict[bytes, list[bytes]] = {}
    for line in _content(fd).splitlines(keepends=True):
        kept.setdefault(line.partition(b" ")[0], []).append(line)
    share = max(1, _HEADS_KEPT // len(kept))
    os.ftruncate(fd, 0)
    os.write(fd, b"".join(line for lines in kept.values() for line in lines[-share:]))
