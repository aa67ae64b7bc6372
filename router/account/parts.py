"""Checks in the ledger that texts for a cloud were labelled as strictly as their parts.

Three sources are compared with the label under which a text was sent: the label of each part when
it was read, the task's own label, and the final labels of the tasks whose turns were shown. The
text itself is not known here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from router.types.task import Privacy, reference_of

STRICTNESS = {Privacy.PUBLIC.value: 0, Privacy.INTERNAL.value: 1, Privacy.LOCAL_ONLY.value: 2}

_LATEST = 10_000
"""Most turns kept that were shown before their own task was recorded; the oldest are dropped."""

Turn = tuple[str, str]
"""A session and a task, as the ledger has them."""


class Mislabelled(NamedTuple):
    """A text that was sent under a laxer label than one of its parts has.

    label: of that part; `part` says which. sent_as: the label of the text. task_id: of the attempt;
    at: its stream id.
    """

    label: str
    sent_as: str
    part: str
    task_id: str
    at: str


class Shown(NamedTuple):
    """A text that showed a turn."""

    sent_as: str
    task_id: str
    at: str


class PartLabels:
    """Reads the ledger's records in the order of writing, and compares labels."""

    def __init__(self) -> None:
        self._ended: dict[Turn, str] = {}
        self._sessions: dict[str, str] = {}
        self._shown: OrderedDict[Turn, list[Shown]] = OrderedDict()

    def sent(
        self, attempt: Mapping[str, Any], sent_as: str, own_label: object, at: str
    ) -> Mislabelled | None:
        """Whether a sent text has too lax a label. own_label: of its task, if known."""
        session, task_id = _text(attempt.get("session")), _text(attempt.get("task_id"))
        parts = attempt.get("parts")
        named = dict(parts) if isinstance(parts, dict) else {}
        claims = [(_text(label), _text(name)) for name, label in named.items()]
        claims.append((_text(own_label), "the task's own label"))
        for turn in _turns(attempt):
            key = (session, turn)
            if (label := self._ended.get(key)) is not None:
                claims.append((label, "a turn of its session"))
            self._shown.setdefault(key, []).append(Shown(sent_as, task_id, at))
            if len(self._shown) > _LATEST:
                self._shown.popitem(last=False)
        strict = max(claims, key=lambda claim: strictness(claim[0]))
        if sent_as not in STRICTNESS or strictness(strict[0]) <= strictness(sent_as):
            return None
        return Mislabelled(strict[0], sent_as, strict[1], task_id, at)

    def may_have_shown(self, attempt: Mapping[str, Any], sent_as: str) -> str | None:
        """The session's label, where the text's parts are not recorded and that label is stricter
        than the text's: then it is unknown whether stricter text was in it.
        """
        if attempt.get("parts") is not None:
            return None
        seen = self._sessions.get(_text(attempt.get("session")), Privacy.PUBLIC.value)
        strict = sent_as in STRICTNESS and strictness(seen) > strictness(sent_as)
        return seen if strict else None

    def ended(self, task: Mapping[str, Any]) -> Iterable[Mislabelled]:
        """Records the end of a task; returns earlier texts that showed its turn under a laxer
        label.

        Only tasks with status `done` count; a later upgrade, which may have seen more, is not a
        turn of the session.
        """
        session, label = _text(task.get("session")), _text(task.get("privacy"))
        if not session or strictness(label) == 0:
            return ()
        if task.get("status") != "done" or task.get("upgrade"):
            return ()
        key = (session, reference_of(_text(task.get("task_id"))))
        if strictness(label) > strictness(self._ended.get(key, "public")):
            self._ended[key] = label
        if strictness(label) > strictness(self._sessions.get(session, "public")):
            self._sessions[session] = label
        return [
            Mislabelled(label, one.sent_as, "a turn of its session", one.task_id, one.at)
            for one in self._shown.get(key, ())
            if one.sent_as in STRICTNESS and strictness(label) > strictness(one.sent_as)
        ]

    def has_seen(self, session: str) -> bool:
        """Whether the ledger has a task of the session that is not public."""
        return session in self._sessions

    def label_of_turn(self, session: str, turn: str) -> str:
        """The label under which the ledger has the task of a turn; public where it has none."""
        return self._ended.get((session, turn), Privacy.PUBLIC.value)


def strictness(label: str) -> int:
    """The larger the stricter; a label that is not known says nothing."""
    return STRICTNESS.get(label, 0)


def _turns(attempt: Mapping[str, Any]) -> list[str]:
    turns = attempt.get("turns")
    return [turn for turn in turns if isinstance(turn, str)] if isinstance(turns, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
