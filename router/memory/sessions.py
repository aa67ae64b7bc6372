"""Shared memory in Redis: the turns of each session, and answers that were paid for already."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import ValidationError

from router.privacy.gate import label_of, strictest
from router.store.store import Store
from router.types.base import Frozen
from router.types.decision import Kind
from router.types.task import Message, Privacy, Task


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

    async def history(self, session: str) -> tuple[Message, ...]:
        """Oldest first; empty for an unknown session. Entries that cannot be read are left out."""
        with self._store.errors():
            entries: Any = await self._store.redis.lrange(self._store.keys.memory(session), 0, -1)
        return tuple(message for entry in entries if (message := _message(entry)))

    async def label(self, session: str) -> Privacy:
        """The strictest label of what was said in a session; one that is not known is strict."""
        with self._store.errors():
            stored: Any = await self._store.redis.get(self._label_key(session))
        return label_of(stored.decode() if stored else None)

    async def append(
        self, session: str, *messages: Message, label: Privacy = Privacy.PUBLIC
    ) -> None:
        """Add messages in one transaction: all of them, in a row, or none. Renews the TTL.

        The session keeps the strictest label that it was ever given.
        """
        if not messages:
            return
        raised = strictest((label, await self.label(session)))
        keys, now = self._store.keys, time.time()
        with self._store.errors():
            async with self._store.redis.pipeline(transaction=True) as pipe:
                pipe.rpush(keys.memory(session), *(m.model_dump_json() for m in messages))
                pipe.ltrim(keys.memory(session), -self._max_messages, -1)
                pipe.pexpire(keys.memory(session), self._ttl_ms)
                pipe.zadd(keys.sessions(), {session: now})
                pipe.zremrangebyscore(keys.sessions(), "-inf", self._oldest(now))
                pipe.pexpire(keys.sessions(), self._ttl_ms)
                if raised is not Privacy.PUBLIC:
                    pipe.set(self._label_key(session), raised.value, px=self._ttl_ms)
                await pipe.execute()

    def _label_key(self, session: str) -> str:
        return self._store.keys.of("memory", session, "label")

    async def forget(self, session: str) -> None:
        """Delete a session; one that is not there is no error."""
        keys = self._store.keys
        with self._store.errors():
            async with self._store.redis.pipeline(transaction=True) as pipe:
                pipe.delete(keys.memory(session), self._label_key(session))
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


def _message(entry: bytes) -> Message | None:
    try:
        return Message.model_validate_json(entry)
    except ValidationError:
        return None


class CachedAnswer(Frozen):
    """An answer as it was given once.

    cost_usd: what asking again would cost; None where the price is unknown.
    """

    text: str
    model: str
    route: Literal["local", "cloud"]
    cost_usd: float | None
    kind: Kind


def cache_key(task: Task, history: Sequence[Message], fingerprint: str) -> str | None:
    """The name under which the same question finds its answer again, or None: do not cache.

    Exact match over everything that shapes the answer. A sampled answer without a seed is meant
    to differ each time. The privacy label counts, so that what was asked under one label is never
    served under another. fingerprint: of the configured models, prompts and policy.
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

    async def get(self, key: str) -> CachedAnswer | None:
        """None for a miss. An entry that cannot be read is a miss, and is deleted."""
        name = self._store.keys.answer(key)
        with self._store.errors():
            entry = await self._store.redis.get(name)
            if entry is None:
                return None
            try:
                return CachedAnswer.model_validate_json(entry)
            except ValidationError:
                await self._store.redis.delete(name)
                return None

    async def put(self, key: str, answer: CachedAnswer) -> None:
        with self._store.errors():
            await self._store.redis.set(
                self._store.keys.answer(key), answer.model_dump_json(), px=self._ttl_ms
            )
