"""What a walk along the ledger found, and what can be said of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic import Field

from router.account.hash_chain import (
    MOST_FINDINGS,
    Anchor,
    Walk,
)
from router.account.parts import Mislabelled, PartLabels
from router.types.base import Frozen

UNKNOWN = "unknown"
"""Stands for the label of a cloud attempt whose task is not in the ledger."""

STRICTEST = "local_only"

_GATE = "PrivacyViolation"
"""The error of an attempt that was stopped at the gate: nothing of it left."""

_DECODE = json.JSONDecoder().decode
"""`json.loads` asks first how its bytes are encoded, which takes as long as reading them."""

_LOCAL, _ATTEMPT, _HOST = b'"route":"local"', b'"record":"attempt"', b'"host":"'
_TASK, _PUBLIC = b'"record":"task"', b'"privacy":"public"'


class LabelRow(Frozen):
    """What left of the tasks with one label.

    cloud_attempts: texts that were sent, whatever came back. redacted: of these, those from which
    what is private had been taken out. stopped: attempts that the gate did not let out.
    mislabelled: texts that were sent under a laxer label, though a part of them had this one;
    unsaid: texts of which nobody recorded whether they had such a part.
    """

    label: str
    tasks: int = 0
    local_attempts: int = 0
    cloud_attempts: int = 0
    redacted: int = 0
    stopped: int = 0
    mislabelled: int = 0
    unsaid: int = 0
    models: dict[str, int] = Field(default_factory=dict)


class HostRow(Frozen):
    """What another machine than a cloud was given, of one label.

    texts: that were sent, whatever came back; redacted: of these, without what is private.
    trusted: it is the user's, and was given them as they are. stopped: by the gate.
    """

    host: str
    trusted: bool
    label: str
    texts: int = 0
    redacted: int = 0
    stopped: int = 0
    models: dict[str, int] = Field(default_factory=dict)


class FindingRow(Frozen):
    """Something that is not as it was written. at: the entry's id in the stream, or a line."""

    what: str
    text: str
    at: str


class Proof(Frozen):
    """What a walk along the ledger found.

    source: a description of the Redis or file. since: epoch seconds that `labels` begins at, None
    for everything; the chain is walked whole even so. first_seq: of the first record kept.
    unchained: records of earlier versions, before the first link. signed_here: by this machine's
    key, checked; signed_elsewhere: by keys that are not here. hosts: other machines with models.
    findings: the first; findings_total. breaches: texts that were sent as something laxer than a
    part of them is, and labels that the store has laxer than the ledger; the first; breaches_total.
    """

    source: str
    since: float | None = None
    records: int = 0
    unchained: int = 0
    first_seq: int = 1
    head_seq: int = 0
    head_digest: str = ""
    head_time: float | None = None
    signed_here: int = 0
    signed_elsewhere: int = 0
    remembered: int = 0
    labels: tuple[LabelRow, ...] = ()
    hosts: tuple[HostRow, ...] = ()
    findings: tuple[FindingRow, ...] = ()
    findings_total: int = 0
    breaches: tuple[FindingRow, ...] = ()
    breaches_total: int = 0
    seconds: float = 0.0

    @property
    def intact(self) -> bool:
        return self.findings_total == 0

    @property
    def sound(self) -> bool:
        """Intact, and nothing was sent as something laxer than it was."""
        return self.intact and self.breaches_total == 0

    @property
    def sentences(self) -> tuple[str, ...]:
        """What can be said of each label, and only that."""
        return tuple(_sentence(self, row) for row in self.labels if row.label != UNKNOWN)

    def to_json(self) -> str:
        whole = self.model_dump() | {
            "intact": self.intact,
            "sound": self.sound,
            "sentences": self.sentences,
        }
        return json.dumps(whole, indent=2)


def _sentence(proof: Proof, row: LabelRow) -> str:
    """Of one label. What trusted machines were given is said apart: it left, and was meant to."""
    laxer = f"{_texts(row.mislabelled)} sent elsewhere under a laxer label, with a part of it"
    hosts = [host for host in proof.hosts if host.label == row.label and host.texts]
    others = [host for host in hosts if not host.trusted]
    given = sum(host.texts for host in hosts if host.trusted)
    names = ", ".join(dict.fromkeys(host.host for host in hosts if host.trusted))
    trusted = f"{_texts(given)} given to a machine that is trusted ({names})"
    sent = [f"{_texts(row.cloud_attempts)} sent to a cloud"] if row.cloud_attempts else []
    sent += [f"{_texts(host.texts)} sent to another machine, {host.host}" for host in others]
    redacted = row.redacted + sum(host.redacted for host in others)
    sent += [f"{redacted} of them redacted"] if sent and redacted else []
    sent += [trusted] if sent and given else []
    if sent or row.mislabelled:
        said = [", ".join(sent)] if sent else []
        return f"{row.label}: {'; '.join([*said, *([laxer] if row.mislabelled else [])])}"
    left = _nothing_left(proof, row)
    return f"{left}; but {trusted}" if given else left


def _texts(count: int) -> str:
    return f"{count} {'text was' if count == 1 else 'texts were'}"


def _nothing_left(proof: Proof, row: LabelRow) -> str:
    if not proof.intact:
        return f"whether anything of {row.label} left cannot be said: the ledger is not intact"
    unknown = [host for host in proof.hosts if host.label == UNKNOWN and host.texts]
    if unknown or any(one.label == UNKNOWN and one.cloud_attempts for one in proof.labels):
        return f"whether anything of {row.label} left cannot be said: some texts have no label"
    if row.unsaid:
        said = f"{_texts(row.unsaid)} sent in sessions that had seen it, and of what they were made"
        return f"whether anything of {row.label} left cannot be said: {said} is not recorded"
    tasks = f"{row.tasks} {'task' if row.tasks == 1 else 'tasks'}"
    return f"nothing of {row.label} left: {tasks}, and no text of theirs was sent to a cloud"


@dataclass(slots=True)
class _Sum:
    counts: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)


class Departures:
    """Counts what left, record by record. An attempt waits for its task, which has the label.

    A task's attempts are written right before it, in one go: one task's are kept, no more.
    """

    def __init__(self) -> None:
        self._sums: dict[str, _Sum] = {STRICTEST: _Sum()}
        self._hosts: dict[tuple[str, bool, str], _Sum] = {}
        self._waiting: list[tuple[dict[str, Any], str]] = []
        self._local = 0
        self._told: set[tuple[str, str]] = set()
        self.parts = PartLabels()
        self.breaches: list[FindingRow] = []
        self.breaches_total = 0

    def know(self, text: bytes) -> None:
        """A record that does not count, but whose label does where its turn is shown later."""
        if _TASK not in text or _PUBLIC in text:
            return
        try:
            record = _DECODE(text.decode())
            if record["record"] == "task":
                self._note_all(self.parts.ended(record))
        except (ValueError, TypeError, KeyError):
            return

    def add(self, text: bytes, at: str = "") -> None:
        """A record's exact bytes; what is no record of ours is passed over. at: its entry's id."""
        elsewhere = b"cloud" in text or _HOST in text
        if _LOCAL in text and _ATTEMPT in text and not elsewhere:
            # Half of a usual ledger, and nothing more is asked of it. Inside of a string the
            # quotation marks would be escaped.
            self._local += 1
            return
        try:
            record = _DECODE(text.decode())
            kind = record["record"]
        except (ValueError, TypeError, KeyError):
            return
        if kind == "attempt":
            if self._waiting and self._waiting[0][0].get("task_id") != record.get("task_id"):
                self._settle(None)
            self._waiting.append((record, at))
        elif kind == "shadow":
            self._settle(None)  # its attempts say their label themselves
        elif kind == "task":
            if self._waiting and self._waiting[0][0].get("task_id") != record.get("task_id"):
                self._settle(None)
            label = _word(record.get("privacy")) or "public"
            self._of(label).counts["tasks"] += 1
            self._settle(label, record.get("own_label"))
            self._note_all(self.parts.ended(record))

    def rows(self) -> tuple[LabelRow, ...]:
        """By label; local_only is there also without any task."""
        self._settle(None)
        return tuple(
            LabelRow(label=label, models=dict(sums.models.most_common()), **sums.counts)
            for label, sums in sorted(self._sums.items())
        )

    def breach(self, text: str, at: str) -> None:
        """Something was taken for laxer than it is."""
        self.breaches_total += 1
        if len(self.breaches) < MOST_FINDINGS:
            self.breaches.append(FindingRow(what="mislabelled", text=text, at=at))

    def _note_all(self, found: Iterable[Mislabelled]) -> None:
        for one in found:
            label, part = _word(one.label), _word(one.part)
            if (one.at, label) in self._told:
                continue  # one text is one breach, however many of its turns say so
            self._told.add((one.at, label))
            self._of(label).counts["mislabelled"] += 1
            text = (
                f"a text of task {_word(one.task_id)} was sent elsewhere as {_word(one.sent_as)}, "
                f"and it had a part that is {label}: {part}"
            )
            self.breach(text, one.at)

    def _settle(self, task_label: str | None, own_label: object = None) -> None:
        if self._local:
            self._of(task_label or UNKNOWN).counts["local_attempts"] += self._local
            self._local = 0
        for attempt, at in self._waiting:
            label = _word(attempt.get("label")) or task_label or UNKNOWN
            # A task may have seen stricter text later than it was sent: a tool's, for one.
            sums = self._of(label)
            if attempt.get("host") is not None:
                self._given(attempt, label)
                if attempt.get("trusted") is not True and attempt.get("error") != _GATE:
                    self._compare(attempt, label, own_label, at)
            elif attempt.get("route") != "cloud":
                sums.counts["local_attempts"] += 1
            elif attempt.get("error") == _GATE:
                sums.counts["stopped"] += 1
            else:
                sums.counts["cloud_attempts"] += 1
                sums.counts["redacted"] += bool(attempt.get("redacted"))
                sums.models[_word(attempt.get("model"))] += 1
                self._compare(attempt, label, own_label, at)
        self._waiting.clear()

    def _compare(self, attempt: dict[str, Any], label: str, own_label: object, at: str) -> None:
        """What left, with the labels that its parts had."""
        wrong = self.parts.sent(attempt, label, own_label, at)
        self._note_all([wrong] if wrong else [])
        if not wrong and (unsaid := self.parts.may_have_shown(attempt, label)):
            self._of(unsaid).counts["unsaid"] += 1

    def hosts(self) -> tuple[HostRow, ...]:
        """By machine and label."""
        self._settle(None)
        return tuple(
            HostRow(
                host=host,
                trusted=trusted,
                label=label,
                models=dict(sums.models.most_common()),
                **sums.counts,
            )
            for (host, trusted, label), sums in sorted(self._hosts.items())
        )

    def _given(self, attempt: dict[str, Any], label: str) -> None:
        """An attempt on another machine of somebody's."""
        place = (_word(attempt.get("host")), attempt.get("trusted") is True, label)
        sums = self._hosts.setdefault(place, _Sum())
        if attempt.get("error") == _GATE:
            sums.counts["stopped"] += 1
            return
        sums.counts["texts"] += 1
        sums.counts["redacted"] += bool(attempt.get("redacted"))
        sums.models[_word(attempt.get("model"))] += 1

    def _of(self, label: str) -> _Sum:
        return self._sums.setdefault(label, _Sum())


def _word(value: object) -> str:
    """A name out of a record, fit for a terminal: whoever forged it may have meant to escape."""
    text = value[:80] if isinstance(value, str) else ""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def proof_of(
    source: str,
    walk: Walk,
    anchor: Anchor,
    departures: Departures,
    remembered: int,
    since: float | None = None,
) -> Proof:
    return Proof(
        source=source,
        since=since,
        records=walk.chained,
        unchained=walk.unchained,
        first_seq=anchor.mark.seq + 1,
        head_seq=walk.tip.seq,
        head_digest=walk.tip.digest,
        head_time=walk.tip.time or None,
        signed_here=walk.signed_here,
        signed_elsewhere=walk.signed_elsewhere,
        remembered=remembered,
        labels=departures.rows(),
        hosts=departures.hosts(),
        findings=tuple(FindingRow(**asdict(finding)) for finding in walk.findings),
        findings_total=walk.findings_total,
        breaches=tuple(departures.breaches),
        breaches_total=departures.breaches_total,
    )
