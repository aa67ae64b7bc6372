"""The result of verifying the ledger, and the sentences that report it."""

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
"""The label of a cloud attempt whose task is not in the ledger."""

STRICTEST = "local_only"

_GATE = "PrivacyViolation"
"""The error of an attempt that the gate stopped: nothing was sent."""

_DECODE = json.JSONDecoder().decode
"""`json.loads` asks first how its bytes are encoded, which takes as long as reading them."""

_LOCAL, _ATTEMPT, _HOST = b'"route":"local"', b'"record":"attempt"', b'"host":"'
_TASK, _PUBLIC = b'"record":"task"', b'"privacy":"public"'


class LabelRow(Frozen):
    """What was sent of the tasks with one label.

    cloud_attempts: texts that were sent, whatever came back. redacted: of these, those in which
    private values were replaced. stopped: attempts that the gate stopped. mislabelled: texts sent
    under a laxer label though a part had this one; unsaid: texts whose parts' labels were not
    recorded.
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
    """Texts of one label that were sent to another machine that is not a cloud.

    texts: that were sent, whatever came back; redacted: of these, with private values replaced.
    trusted: the machine is the user's, and gets texts unredacted. stopped: by the gate.
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
    """The result of verifying the ledger.

    source: a description of the Redis or file. since: epoch seconds that `labels` begins at, None
    for everything; the whole chain is verified even so. first_seq: of the first record kept.
    unchained: records of earlier versions, before the first link. signed_here: countersigned by
    this machine's key, checked; signed_elsewhere: by other keys, unchecked. hosts: other machines
    with models. findings: the first; findings_total. breaches: texts that were sent under a laxer
    label than a part of them has, and labels that the store has laxer than the ledger; the first;
    breaches_total.
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
        """The chain is intact, and no text was sent under too lax a label."""
        return self.intact and self.breaches_total == 0

    @property
    def sentences(self) -> tuple[str, ...]:
        """What the ledger proves for each label."""
        return tuple(_sentence(self, row) for row in self.labels if row.label != UNKNOWN)

    def to_json(self) -> str:
        whole = self.model_dump() | {
            "intact": self.intact,
            "sound": self.sound,
            "sentences": self.sentences,
        }
        return json.dumps(whole, indent=2)


def _sentence(proof: Proof, row: LabelRow) -> str:
    """The sentence for one label. Texts for trusted machines are reported apart: those were meant
    to leave.
    """
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
    """Counts the texts that were sent, record by record.

    An attempt waits for its task, which has the label. A task's attempts are written right before
    it in one step, so only one task's attempts are held.
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
        """Reads a record before the period, whose label matters if its turn is shown later."""
        if _TASK not in text or _PUBLIC in text:
            return
        try:
            record = _DECODE(text.decode())
            if record["record"] == "task":
                self._note_all(self.parts.ended(record))
        except (ValueError, TypeError, KeyError):
            return

    def add(self, text: bytes, at: str = "") -> None:
        """Reads a record's exact bytes; other records are ignored. at: its entry's id."""
        elsewhere = b"cloud" in text or _HOST in text
        if _LOCAL in text and _ATTEMPT in text and not elsewhere:
            # Local attempts, about half of a ledger, are only counted, without parsing. In a JSON
            # string the quotation marks would be escaped, so the search cannot match there.
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
            self._settle(None)  # its attempts carry their own labels
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
        """Records that a text had too lax a label."""
        self.breaches_total += 1
        if len(self.breaches) < MOST_FINDINGS:
            self.breaches.append(FindingRow(what="mislabelled", text=text, at=at))

    def _note_all(self, found: Iterable[Mislabelled]) -> None:
        for one in found:
            label, part = _word(one.label), _word(one.part)
            if (one.at, label) in self._told:
                continue  # one text is one breach, however many of its turns show it
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
            # A task may get stricter text, such as a tool's result, after this text was sent.
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
        """Compares a text that was sent with the labels of its parts."""
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
        """Counts an attempt on another machine that is not a cloud."""
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
    """A name from a record, made safe for a terminal: a forged one may hold escape sequences."""
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
