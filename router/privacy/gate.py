"""Privacy labels, and the gate that every cloud call passes.

public: sent as it is. internal: sent redacted. local_only: never sent. A text has the strictest
label of its parts; whatever cannot be judged is local_only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from router.errors import ConfigError, PrivacyViolation
from router.privacy.conversation import split_values
from router.privacy.detect.detectors import KINDS, Detectors
from router.privacy.detect.found import Found, settle
from router.privacy.operations import instruction_of, works_on_a_value
from router.privacy.redaction import Redaction
from router.privacy.schema import Part, parts_of, rewritten, without_forms
from router.settings.privacy import PrivacySettings
from router.types.task import Message, Privacy, Task

_ORDER = {Privacy.PUBLIC: 0, Privacy.INTERNAL: 1, Privacy.LOCAL_ONLY: 2}
_REPLACED = (Privacy.INTERNAL, Privacy.LOCAL_ONLY)
SECRET = "secret"

OFF_LOOP_CHARS = 65_536
"""Longer texts are judged in a thread: they would block the event loop."""

PLACEHOLDERS = (
    "Words in square brackets such as [EMAIL_1] stand for values: copy them unchanged where the "
    "value belongs."
)


def strictest(labels: Iterable[Privacy]) -> Privacy:
    """The strictest label; public for none."""
    return max(labels, key=_ORDER.__getitem__, default=Privacy.PUBLIC)


def label_of(stored: str | None) -> Privacy:
    """A stored label; local_only for an unknown one."""
    if stored is None:
        return Privacy.PUBLIC
    return Privacy(stored) if stored in set(Privacy) else Privacy.LOCAL_ONLY


def label_of_kind(kind: str, settings: PrivacySettings) -> Privacy:
    """The label of a text in which this kind of value was found."""
    if kind in settings.found:
        return settings.found[kind]
    strict = kind == SECRET or kind in settings.patterns
    return Privacy.LOCAL_ONLY if strict else Privacy.INTERNAL


def may_be_kept(label: Privacy, *, store_is_local: bool) -> bool:
    """Whether text may be written to the Redis in use; a remote one is another machine."""
    return store_is_local or label is not Privacy.LOCAL_ONLY


@dataclass(frozen=True, slots=True)
class Judgement:
    """A label, and why it is stricter than the task's own, in words.

    found: the kinds of what the detectors found, of any label.
    """

    label: Privacy
    reasons: tuple[str, ...] = ()
    found: tuple[str, ...] = ()

    def with_label(self, label: Privacy, reason: str) -> Judgement:
        """The stricter of this and another label, with the reason if the other one is stricter."""
        if _ORDER[label] <= _ORDER[self.label]:
            return self
        return Judgement(label, (*self.reasons, reason), self.found)


@dataclass(frozen=True, slots=True)
class _Read:
    """The judgement of one text: its label, the reason in words, the kinds of what was found, and
    where.
    """

    label: Privacy
    why: str = ""
    found: tuple[str, ...] = ()
    finds: tuple[Found, ...] = ()


class Released(tuple[Message, ...]):
    """Text that passed the gate. Only `Gate.release` makes it, and cloud engines accept nothing
    else.

    schema: of the answer, as it may leave; None where there is none.
    """

    schema: dict[str, Any] | None = None


class Gate:
    """Judges texts, and releases what may leave. One for a Router; keeps no state of a task."""

    def __init__(self, settings: PrivacySettings) -> None:
        """Raises ConfigError for an invalid pattern or unknown kind."""
        self._settings = settings
        self._detectors = Detectors(patterns=settings.patterns) if settings.detect else None
        unknown = set(settings.found) - KINDS - set(settings.patterns)
        if unknown:
            raise ConfigError(
                f"privacy.found names {', '.join(sorted(unknown))}, which nothing finds: known are "
                f"{', '.join(sorted(KINDS | set(settings.patterns)))}"
            )

    def judge(
        self, task: Task, history: Sequence[Message] = (), session: Privacy = Privacy.PUBLIC
    ) -> Judgement:
        """The label of a task: the strictest of its own, its files', its session's, and its
        detectors' finds.
        """
        judged = Judgement(task.privacy)
        judged = judged.with_label(session, f"the session has seen {session.value} text")
        for file in task.files:
            label, folder = self._folder_of(Path(file))
            judged = judged.with_label(label, f"{file} lies in {folder}")
        history = task.messages or history
        texts = [task.prompt, task.system or "", *(message.content for message in history)]
        texts += task.files
        found: set[str] = set()
        for text in texts:
            read = self._judge_text(text)
            judged = judged.with_label(read.label, read.why)
            found.update(read.found)
        spoken = [*(message.content for message in history), task.prompt]
        for read in self._judge_split(spoken):
            judged = judged.with_label(read.label, read.why)
            found.update(read.found)
        if task.json_schema is not None:
            for read in self._judge_schema(task.json_schema):
                judged = judged.with_label(read.label, f"its schema: {read.why}")
                found.update(read.found)
        return replace(judged, found=tuple(sorted(found)))

    def label_of(self, *texts: str, schema: dict[str, Any] | None = None) -> Privacy:
        """The label of text that is sent beside a prompt, such as the description of a tool."""
        reads = [*map(self._judge_text, texts), *self._judge_schema(schema or {})]
        return strictest(read.label for read in reads)

    def hides_what_is_worked_on(self, task: Task, judged: Judgement) -> bool:
        """Whether a cloud would see placeholders where it is asked to work on the values."""
        kinds = [one for one in judged.found if label_of_kind(one, self._settings) in _REPLACED]
        if not kinds or self._detectors is None:
            return False
        request = instruction_of(task.prompt)
        hidden = Redaction().redact(request, self._judge_text(request).finds)
        return works_on_a_value(hidden, kinds)

    async def judging(
        self, task: Task, history: Sequence[Message] = (), session: Privacy = Privacy.PUBLIC
    ) -> Judgement:
        """`judge` for an event loop; long texts are judged in a thread."""
        turns = task.messages or history
        chars = len(task.prompt) + len(task.system or "") + sum(len(m.content) for m in turns)
        if chars <= OFF_LOOP_CHARS:
            return self.judge(task, history, session)
        return await asyncio.to_thread(self.judge, task, history, session)

    def may_leave(self, label: Privacy) -> bool:
        """Whether text under this label may go to a cloud, redacted where it must be."""
        if label is Privacy.INTERNAL:
            return self._settings.redact and self._detectors is not None
        return label is Privacy.PUBLIC

    def release(
        self,
        label: Privacy,
        messages: Sequence[Message],
        redaction: Redaction,
        schema: dict[str, Any] | None = None,
    ) -> Released:
        """The messages and the answer's schema, redacted as their label requires.

        Raises PrivacyViolation where they must not leave. Every byte for a cloud passes here,
        whatever node sends it: a wrong decision upstream then fails closed instead of leaking. A
        value found in one of them is replaced in all. `redaction` learns the values, and restores
        them in the answer.
        """
        if not self.may_leave(label):
            raise PrivacyViolation(
                f"text labelled {label.value} was about to be sent to the cloud: it was stopped. "
                "Answer it on this machine, or submit it under another label"
            )
        parts = [Part(message.content) for message in messages]
        parts += parts_of(schema) if schema is not None else ()
        try:
            spoken = ["" if one.role == "system" else one.content for one in messages]
            cleared = iter(self._cleared(parts, redaction, spoken))
            released = [
                message.model_copy(update={"content": next(cleared)}) for message in messages
            ]
            made = Released(_explained(released, redaction))
            if schema is not None:
                # Numbers are among the parts; `rewritten` leaves them unchanged.
                written = rewritten(schema, lambda _: next(cleared))
                made.schema = without_forms(written) if redaction.mapping else written
        except PrivacyViolation:
            raise
        except Exception as error:
            raise PrivacyViolation(
                f"the gate could not judge a text ({type(error).__name__}): it was not sent"
            ) from error
        return made

    async def releasing(
        self,
        label: Privacy,
        messages: Sequence[Message],
        redaction: Redaction,
        schema: dict[str, Any] | None = None,
    ) -> Released:
        """`release` for an event loop; long messages are released in a thread."""
        if sum(len(message.content) for message in messages) <= OFF_LOOP_CHARS:
            return self.release(label, messages, redaction, schema)
        return await asyncio.to_thread(self.release, label, messages, redaction, schema)

    def _cleared(
        self, parts: Sequence[Part], redaction: Redaction, spoken: Sequence[str]
    ) -> list[str]:
        """The redacted texts: first all are read, then all are replaced.

        spoken: the first of them again, those that are a conversation; the others empty.
        """
        if self._detectors is None:
            return [part.text for part in parts]
        finds = [self._to_be_replaced(part) for part in parts]
        for place, read in enumerate(self._judge_split(spoken)):
            finds[place] = self._with_split(finds[place], read)
        for part, found in zip(parts, finds, strict=True):
            redaction.learn(part.text, found, exact=part.exact)
        for last in (False, True):
            cleared = [
                redaction.redact(part.text, found, exact=part.exact)
                for part, found in zip(parts, finds, strict=True)
            ]
            changed = [
                (part, text)
                for part, text in zip(parts, cleared, strict=True)
                if text != part.text or not part.replaceable
            ]
            if not (left := self._left(changed, redaction)):
                return cleared
            if last:
                raise PrivacyViolation(f"{left} and could not be replaced: it was not sent")
        raise AssertionError("the last round returns or raises")

    def _left(self, cleared: Sequence[tuple[Part, str]], redaction: Redaction) -> str:
        """Why texts with placeholders still must not leave; empty if they may. Values found in them
        are learned: a detector may find one beside a placeholder that it missed before.
        """
        why = ""
        for part, text in cleared:
            if text != part.text and not part.replaceable:
                raise PrivacyViolation(
                    "the schema holds a value that cannot be replaced: it was not sent"
                )
            read = self._judge_part(replace(part, text=text))
            why = why if read.label is Privacy.PUBLIC else read.why
            for find in read.finds:
                redaction.know(find.kind, text[find.start : find.end])
        return why

    def _to_be_replaced(self, part: Part) -> list[Found]:
        """The finds of one text that must be replaced; PrivacyViolation where it must not leave at
        all.
        """
        read = self._judge_part(part)
        if read.label is Privacy.LOCAL_ONLY:
            raise PrivacyViolation(f"{read.why}: it was not sent to the cloud")
        if read.label is Privacy.PUBLIC:
            return []
        if not self._settings.redact:
            raise PrivacyViolation(f"{read.why}, and privacy.redact is off: it was not sent")
        if not part.replaceable:
            raise PrivacyViolation(
                f"its schema: {read.why}, where no placeholder can stand: it was not sent"
            )
        return list(read.finds)

    def _with_split(self, finds: list[Found], read: _Read) -> list[Found]:
        """The finds of a message, and those that are values only beside another message."""
        if read.label is Privacy.LOCAL_ONLY:
            raise PrivacyViolation(f"{read.why}: it was not sent to the cloud")
        hidden = [one for one in read.finds if self._label(one) is not Privacy.PUBLIC]
        if hidden and not self._settings.redact:
            raise PrivacyViolation(f"{read.why}, and privacy.redact is off: it was not sent")
        return list(settle((*finds, *hidden), sorted(KINDS))) if hidden else finds

    def _judge_split(self, texts: Sequence[str]) -> list[_Read]:
        """Judges messages by values that lie in two of them, or are announced in another one."""
        if self._detectors is None:
            return [_Read(Privacy.PUBLIC) for _ in texts]
        return [self._read(finds) for finds in split_values(texts, self._detectors.find)]

    def _judge_part(self, part: Part) -> _Read:
        """The label of a text, read with each name before it and alone, and its finds to be
        replaced.
        """
        for before in part.befores:
            shift = len(before)
            read = self._judge_text(before + part.text)
            named = tuple(
                Found(one.kind, max(one.start - shift, 0), one.end - shift)
                for one in read.finds
                if self._label(one) is not Privacy.PUBLIC and one.end > shift
            )
            if named:
                return replace(read, finds=named)
        read = self._judge_text(part.text)
        hidden = (one for one in read.finds if self._label(one) is not Privacy.PUBLIC)
        return replace(read, finds=tuple(hidden))

    def _judge_schema(self, schema: dict[str, Any]) -> Iterable[_Read]:
        """Judges each text of a schema; one that cannot be replaced keeps the task local."""
        for part in parts_of(schema):
            read = self._judge_part(part)
            if read.label is not Privacy.PUBLIC and not part.replaceable:
                read = replace(read, label=Privacy.LOCAL_ONLY)
            yield read

    def _judge_text(self, text: str) -> _Read:
        """Judges a text by what the detectors find in it; fails closed."""
        for folder, label in self._settings.folders.items():
            if label is not Privacy.PUBLIC and any(name in text for name in _spellings(folder)):
                return _Read(label, f"it names a file in {folder}")
        if self._detectors is None:
            return _Read(Privacy.PUBLIC)
        try:
            found = self._detectors.find(text)
        except Exception as error:  # noqa: BLE001  whatever it is, nothing may leave for it
            return _Read(Privacy.LOCAL_ONLY, f"a detector failed ({type(error).__name__})")
        return self._read(found)

    def _read(self, found: Sequence[Found]) -> _Read:
        label = strictest(self._label(one) for one in found)
        kinds = dict.fromkeys(one.kind for one in found if self._label(one) is label)
        every = tuple(dict.fromkeys(one.kind for one in found))
        return _Read(label, f"found in it: {', '.join(kinds)}", every, tuple(found))

    def _label(self, found: Found) -> Privacy:
        return label_of_kind(found.kind, self._settings)

    def _folder_of(self, file: Path) -> tuple[Privacy, Path | None]:
        """The strictest label of the folders that a file is in, links followed."""
        places = {file.expanduser().absolute(), file.expanduser().resolve()}
        named = [
            (label, folder)
            for folder, label in self._settings.folders.items()
            for place in places
            if place.is_relative_to(folder.absolute()) or place.is_relative_to(folder.resolve())
        ]
        return max(named, key=lambda pair: _ORDER[pair[0]], default=(Privacy.PUBLIC, None))


def _spellings(folder: Path) -> tuple[str, ...]:
    """The ways in which a text may name a path in a folder."""
    home = str(Path.home())
    full = f"{folder.absolute()}/"
    return (full, f"~{full.removeprefix(home)}") if full.startswith(f"{home}/") else (full,)


def _explained(messages: list[Message], redaction: Redaction) -> list[Message]:
    """The messages, with an explanation of placeholders where there are any."""
    if not redaction.mapping:
        return messages
    first = messages[0]
    if first.role == "system":
        if PLACEHOLDERS in first.content:
            return messages
        told = first.model_copy(update={"content": f"{first.content}\n{PLACEHOLDERS}"})
        return [told, *messages[1:]]
    return [Message(role="system", content=PLACEHOLDERS), *messages]
