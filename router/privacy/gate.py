"""Labels: which text may leave the machine; and the one gate through which every cloud call goes.

public: as it is. internal: without what was found in it. local_only: never. A text has the
strictest label of its parts, and whatever cannot be judged is local_only.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from router.errors import ConfigError, PrivacyViolation
from router.privacy.detect.detectors import KINDS, Detectors
from router.privacy.detect.found import Found
from router.privacy.redaction import Redaction
from router.settings.privacy import PrivacySettings
from router.types.task import Message, Privacy, Task

_ORDER = {Privacy.PUBLIC: 0, Privacy.INTERNAL: 1, Privacy.LOCAL_ONLY: 2}
SECRET = "secret"

OFF_LOOP_CHARS = 65_536
"""Texts that are longer together are judged in a thread, or the event loop would stand still."""

PLACEHOLDERS = (
    "Words in square brackets such as [EMAIL_1] stand for values: copy them unchanged where the "
    "value belongs."
)


def strictest(labels: Iterable[Privacy]) -> Privacy:
    """Of no labels at all: public."""
    return max(labels, key=_ORDER.__getitem__, default=Privacy.PUBLIC)


def label_of(stored: str | None) -> Privacy:
    """A label that was written somewhere; local_only where it is not known here."""
    if stored is None:
        return Privacy.PUBLIC
    return Privacy(stored) if stored in set(Privacy) else Privacy.LOCAL_ONLY


def label_of_kind(kind: str, settings: PrivacySettings) -> Privacy:
    """The label of a text in which such a thing was found."""
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
        """The stricter of this and another label; the reason is kept where it made a difference."""
        if _ORDER[label] <= _ORDER[self.label]:
            return self
        return Judgement(label, (*self.reasons, reason), self.found)


@dataclass(frozen=True, slots=True)
class _Read:
    """One text: its label, the reason in words, and the kinds of all that was found in it."""

    label: Privacy
    why: str = ""
    found: tuple[str, ...] = ()


class Released(tuple[Message, ...]):
    """Messages that passed the gate: `Gate.release` makes them, and only they reach a cloud."""

    __slots__ = ()


class Gate:
    """Judges texts, and lets out what may leave. One for a Router; holds nothing of any task."""

    def __init__(self, settings: PrivacySettings) -> None:
        """Raises ConfigError for a pattern or a kind that cannot be."""
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
        """The label of a task: its own, its files', its session's, and by what is found in it."""
        judged = Judgement(task.privacy)
        judged = judged.with_label(session, f"the session has seen {session.value} text")
        for file in task.files:
            label, folder = self._folder_of(Path(file))
            judged = judged.with_label(label, f"{file} lies in {folder}")
        texts = [task.prompt, task.system or "", *(message.content for message in history)]
        found: set[str] = set()
        for text in texts:
            read = self._judge_text(text)
            judged = judged.with_label(read.label, read.why)
            found.update(read.found)
        judged = replace(judged, found=tuple(sorted(found)))
        if task.json_schema is not None:
            # It goes out as it is: there is no placing of placeholders in a schema.
            read = self._judge_text(json.dumps(task.json_schema, ensure_ascii=False))
            if read.label is not Privacy.PUBLIC:
                judged = judged.with_label(Privacy.LOCAL_ONLY, f"its schema: {read.why}")
        return judged

    async def judging(
        self, task: Task, history: Sequence[Message] = (), session: Privacy = Privacy.PUBLIC
    ) -> Judgement:
        """`judge` for an event loop, which goes on meanwhile where the texts are long."""
        chars = len(task.prompt) + len(task.system or "") + sum(len(m.content) for m in history)
        if chars <= OFF_LOOP_CHARS:
            return self.judge(task, history, session)
        return await asyncio.to_thread(self.judge, task, history, session)

    def may_leave(self, label: Privacy) -> bool:
        """Whether text under this label may go to a cloud, redacted where it must be."""
        if label is Privacy.INTERNAL:
            return self._settings.redact and self._detectors is not None
        return label is Privacy.PUBLIC

    def release(
        self, label: Privacy, messages: Sequence[Message], redaction: Redaction
    ) -> Released:
        """The messages as they may leave; PrivacyViolation where they may not.

        Every byte for a cloud passes here, whatever node sends it: a wrong decision upstream then
        fails closed instead of leaking. What `redaction` learns is what puts the values back.
        """
        if not self.may_leave(label):
            raise PrivacyViolation(
                f"text labelled {label.value} was about to be sent to the cloud: it was stopped. "
                "Answer it on this machine, or submit it under another label"
            )
        try:
            released = [
                message.model_copy(update={"content": self._cleared(message.content, redaction)})
                for message in messages
            ]
        except PrivacyViolation:
            raise
        except Exception as error:
            raise PrivacyViolation(
                f"the gate could not judge a text ({type(error).__name__}): it was not sent"
            ) from error
        return Released(_explained(released, redaction))

    async def releasing(
        self, label: Privacy, messages: Sequence[Message], redaction: Redaction
    ) -> Released:
        """`release` for an event loop, which goes on meanwhile where the messages are long."""
        if sum(len(message.content) for message in messages) <= OFF_LOOP_CHARS:
            return self.release(label, messages, redaction)
        return await asyncio.to_thread(self.release, label, messages, redaction)

    def _cleared(self, text: str, redaction: Redaction) -> str:
        """The text without what must not leave."""
        if self._detectors is None:
            return text
        found = [
            one for one in self._detectors.find(text) if self._label(one) is not Privacy.PUBLIC
        ]
        read = self._judge_text(text)
        if read.label is Privacy.LOCAL_ONLY:
            raise PrivacyViolation(f"{read.why}: it was not sent to the cloud")
        if not found:
            return text
        if not self._settings.redact:
            raise PrivacyViolation(f"{read.why}, and privacy.redact is off: it was not sent")
        cleared = redaction.redact(text, found)
        if self._judge_text(cleared).label is not Privacy.PUBLIC:
            raise PrivacyViolation(f"{read.why} and could not be replaced: it was not sent")
        return cleared

    def _judge_text(self, text: str) -> _Read:
        """The label of a text by what is found in it, and what that is; fails closed."""
        for folder, label in self._settings.folders.items():
            if label is not Privacy.PUBLIC and any(name in text for name in _spellings(folder)):
                return _Read(label, f"it names a file in {folder}")
        if self._detectors is None:
            return _Read(Privacy.PUBLIC)
        try:
            found = self._detectors.find(text)
        except Exception as error:  # noqa: BLE001  whatever it is, nothing may leave for it
            return _Read(Privacy.LOCAL_ONLY, f"a detector failed ({type(error).__name__})")
        label = strictest(self._label(one) for one in found)
        kinds = dict.fromkeys(one.kind for one in found if self._label(one) is label)
        every = tuple(dict.fromkeys(one.kind for one in found))
        return _Read(label, f"found in it: {', '.join(kinds)}", every)

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
    """How a text may name what is in a folder."""
    home = str(Path.home())
    full = f"{folder.absolute()}/"
    return (full, f"~{full.removeprefix(home)}") if full.startswith(f"{home}/") else (full,)


def _explained(messages: list[Message], redaction: Redaction) -> list[Message]:
    """With a sentence on placeholders where there are any."""
    if not redaction.mapping:
        return messages
    first = messages[0]
    if first.role == "system":
        if PLACEHOLDERS in first.content:
            return messages
        told = first.model_copy(update={"content": f"{first.content}\n{PLACEHOLDERS}"})
        return [told, *messages[1:]]
    return [Message(role="system", content=PLACEHOLDERS), *messages]
