"""Shared memory in Redis: the turns of each session, and answers that were paid for already."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError

from router.memory.sessions_scripts import APPEND, DELETE_IF_SAME, RECALL
from router.privacy.gate import label_of, strictest
from router.privacy.storage import require_may_be_written
from router.store.store import Store
from router.types.base import Frozen
from router.types.decision import Kind
from router.types.result import Verification
from router.types.task import Message, Privacy, Task


@dataclass(frozen=True, slots=True)
class Turn:
    """A message of a session.

    label: of its task when that ended; task: a reference to the task, empty where it is unknown.
    unverified: it is an answer that nothing spoke for.
    """

    message: Message
    label: Privacy = Privacy.PUBLIC
    task: str = ""
    unverified: bool = False


@dataclass(frozen=True, slots=True)
class Conversation:
    """A session as it stood at one moment; label: the strictest that it was ever given."""

    turns: tuple[Turn, ...] = ()
    label: Privacy = Privacy.PUBLIC

    @property
    def messages(self) -> tuple[Message, ...]:
        return tuple(turn.message for turn in self.turns)


class Memory:
    """What was said in each session.

    ttl_s: seconds after its last message that a session is forgotten.
    max_messages: of a longer session the oldest messages are dropped, whoever spoke first.
    """

    def __init__(
        self, store: Store, *, ttl_s: float = 30 * 86_400.0, max_messages: int = 200
    ) -> None:
        self._store = store
        self._ttl_ms = int(ttl_s * 1000)
        self._max_messages = max_messages
        self._append = store.redis.register_script(APPEND)
        self._recall = store.redis.register_script(RECALL)

    async def recall(self, session: str) -> Conversation:
        """The messages, oldest first, and the session's label, read in one step.

        Empty and public for an unknown session. Malformed entries are left out; an unknown label
        counts as local_only, and so does one that the store lost beside a strict message.
        """
        with self._store.errors():
            entries, stored = await self._recall(keys=self._keys(session), args=[])
        turns = tuple(turn for entry in entries if (turn := _turn(entry)))
        held = label_of(stored.decode(errors="replace") if stored else None)
        return Conversation(turns, strictest((held, *(turn.label for turn in turns))))

    async def history(self, session: str) -> tuple[Message, ...]:
        """The messages alone."""
        return (await self.recall(session)).messages

    async def label(self, session: str) -> Privacy:
        """The label alone."""
        return (await self.recall(session)).label

    async def append(
        self,
        session: str,
        *messages: Message,
        label: Privacy = Privacy.PUBLIC,
        task: str = "",
        unverified: bool = False,
    ) -> None:
        """Add messages in one step: all of them, in a row, with their label, or none.

        The session keeps the strictest label that it was ever given, whoever else writes to it.
        task: a reference to what they belong to. unverified: nothing speaks for the answers among
        them. Renews the TTL. Raises PrivacyViolation, and
        writes nothing, where they must stay and the store is another machine.
        """
        if not messages:
            return
        require_may_be_written(label, self._store, f"what was said in session {session!r}")
        now = time.time()
        entries = [_Entry.of(one, label, task, unverified=unverified) for one in messages]
        with self._store.errors():
            await self._append(
                keys=[*self._keys(session), self._store.keys.sessions()],
                args=[
                    *(label.value, self._ttl_ms, self._max_messages, session),
                    *(now, self._oldest(now)),
                    *(entry.model_dump_json(exclude_defaults=True) for entry in entries),
                ],
            )

    def _keys(self, session: str) -> list[str]:
        keys = self._store.keys
        return [keys.memory(session), keys.of("memory", session, "label")]

    async def forget(self, session: str) -> None:
        """Delete a session; one that is not there is no error."""
        keys = self._store.keys
        with self._store.errors():
            async with self._store.redis.pipeline(transaction=True) as pipe:
                pipe.delete(*self._keys(session))
                pipe.zrem(keys.sessions(), session)
                await pipe.execute()

    async def sessions(self) -> tuple[str, ...]:
        """The names of the sessions that are remembered, last used first."""
        with self._store.errors():
            names: Any = await self._store.redis.zrevrangebyscore(
                self._store.keys.sessions(), "+inf", f"({self._oldest(time.time())}"
            )
        return tuple(name.decode() for name in names)

    def _oldest(self, now: float) -> float:
        return now - self._ttl_ms / 1000


class _Entry(Message):
    """A message as it lies in Redis; without a label it was public, or is of an earlier version."""

    label: str | None = None
    task: str = ""
    unverified: bool = False

    @classmethod
    def of(cls, message: Message, label: Privacy, task: str, *, unverified: bool) -> _Entry:
        return cls(
            role=message.role,
            content=message.content,
            label=None if label is Privacy.PUBLIC else label.value,
            task=task,
            unverified=unverified and message.role == "assistant",
        )


def _turn(entry: bytes) -> Turn | None:
    try:
        read = _Entry.model_validate_json(entry)
    except ValidationError:
        return None
    message = Message(role=read.role, content=read.content)
    return Turn(message, label_of(read.label), read.task, read.unverified)


class CachedAnswer(Frozen):
    """An answer for later identical questions.

    cost_usd: what asking again would cost; None where the price is unknown. label: of the task when
    it had ended; a task that uses the answer gets this label too. verification: as in `Result`.
    """

    text: str
    model: str
    route: Literal["local", "cloud"]
    cost_usd: float | None
    kind: Kind
    label: Privacy = Privacy.LOCAL_ONLY
    verification: Verification | None = None


def cache_key(task: Task, history: Sequence[Message], fingerprint: str) -> str | None:
    """The cache key of a question, or None: do not cache.

    Exact match over everything that shapes the answer. A sampled answer without a seed is meant to
    differ each time. The privacy label is part of the key, so that an answer asked under one label
    is never served under another. fingerprint: of the configured models, prompts and policy.
    """
    if task.temperature > 0 and task.seed is None:
        return None
    shape = [
        task.prompt,
        task.system,
        task.json_schema,  # not sorted: the order of its properties is the order of the answer's
        task.temperature,
        task.seed,
        task.max_tokens,
        task.stop,
        task.privacy,
        [[message.role, message.content] for message in history],
        fingerprint,
    ]
    return hashlib.sha256(json.dumps(shape).encode()).hexdigest()


class AnswerCache:
    """Answers by `cache_key`, kept `ttl_s` seconds from when they were given."""

    def __init__(self, store: Store, *, ttl_s: float = 86_400.0) -> None:
        self._store = store
        self._ttl_ms = int(ttl_s * 1000)
        self._delete = store.redis.register_script(DELETE_IF_SAME)

    async def get(self, key: str) -> CachedAnswer | None:
        """None for a miss. An entry that cannot be read is a miss, and is deleted."""
        name = self._store.keys.answer(key)
        with self._store.errors():
            entry = await self._store.redis.get(name)
            if entry is None:
                return None
            answer = _answer(entry)
            if answer is None:
                await self._delete(keys=[name], args=[entry])
            return answer

    async def put(self, key: str, answer: CachedAnswer) -> None:
        """Raises PrivacyViolation where it must stay and the store is another machine."""
        require_may_be_written(answer.label, self._store, "an answer")
        with self._store.errors():
            await self._store.redis.set(
                self._store.keys.answer(key), answer.model_dump_json(), px=self._ttl_ms
            )


def _answer(entry: bytes | str) -> CachedAnswer | None:
    """None for one that cannot be read, or of an earlier version, whose label nobody knows."""
    try:
        answer = CachedAnswer.model_validate_json(entry)
    except ValidationError:
        return None
    return answer if "label" in answer.model_fields_set else None
