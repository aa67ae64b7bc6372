"""Lists and deletes sessions and cached answers, all of them or those that name a person.

It scans the keys themselves: the list of sessions may lack one whose lifetime was configured
differently, and nothing about a person may be overlooked.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from router.memory.facts_search import names
from router.memory.facts_types import label_of
from router.memory.sessions import Memory
from router.store.keys import unquoted
from router.store.store import Store
from router.types.base import Frozen
from router.types.task import Privacy

PAGE = 200
"""Keys looked for, and answers read, in one round trip."""


class SessionSummary(Frozen):
    """A remembered conversation. last_used: epoch seconds; None where the list has lost it."""

    name: str
    label: Privacy
    messages: int
    last_used: float | None


@dataclass(frozen=True, slots=True)
class _Session:
    """key: of its messages. name: of one that is not listed, what its key says of it."""

    key: str
    name: str
    last_used: float | None


class Traces:
    """What one store remembers beside facts."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._memory = Memory(store)

    async def sessions(self, subject: str | None = None) -> tuple[SessionSummary, ...]:
        """The sessions, or those in which the person is named; last used first."""
        found = []
        for session in await self._sessions(subject):
            with self._store.errors():
                messages: Any = await self._store.redis.llen(session.key)
            summary = SessionSummary(
                name=session.name,
                label=label_of(await self._memory.label(session.name)),
                messages=messages,
                last_used=session.last_used,
            )
            found.append(summary)
        return tuple(sorted(found, key=lambda one: (-(one.last_used or 0.0), one.name)))

    async def answers(self, subject: str | None = None) -> int:
        """How many answers are kept, or name the person."""
        return len(await self._answers(subject))

    async def forget_sessions(self, subject: str | None = None) -> int:
        """Forget the sessions in which the person is named, or all; how many there were."""
        sessions = await self._sessions(subject)
        for session in sessions:
            await self._memory.forget(session.name)
            with self._store.errors():
                # Where the name is lost, that has not found them.
                await self._store.redis.delete(session.key, f"{session.key}:label")
        return len(sessions)

    async def forget_answers(self, subject: str | None = None) -> int:
        """Forget the answers that name the person, or all; how many there were."""
        found = await self._answers(subject)
        for start in range(0, len(found), PAGE):
            with self._store.errors():
                await self._store.redis.delete(*found[start : start + PAGE])
        return len(found)

    async def _sessions(self, subject: str | None) -> list[_Session]:
        keys = self._store.keys
        with self._store.errors():
            listed: Any = await self._store.redis.zrange(keys.sessions(), 0, -1, withscores=True)
        known = {keys.memory(name.decode()): (name.decode(), used) for name, used in listed}
        found = []
        async for key in self._scan(keys.of("memory"), "list"):
            name, used = known.get(key) or (unquoted(key.rpartition(":")[2]), None)
            if subject is None or names(name, subject) or await self._is_named(key, subject):
                found.append(_Session(key, name, used))
        return found

    async def _is_named(self, key: str, subject: str) -> bool:
        with self._store.errors():
            entries: Any = await self._store.redis.lrange(key, 0, -1)
        return any(names(_said(entry), subject) for entry in entries)

    async def _answers(self, subject: str | None) -> list[str]:
        """Keys of cached answers, and of paid calls that are finished: those are kept for a day."""
        kept = self._store.keys
        found: list[str] = []
        for prefix in (kept.of("answer"), kept.of("call")):
            keys = [key async for key in self._scan(prefix, "string")]
            for start in range(0, len(keys), PAGE):
                page = keys[start : start + PAGE]
                found += _naming(page, await self._read(page), subject)
        return found

    async def _read(self, keys: Sequence[str]) -> list[bytes | None]:
        with self._store.errors():
            entries: Any = await self._store.redis.mget(keys)
        return list(entries)

    async def _scan(self, prefix: str, kind: Literal["list", "string"]) -> AsyncIterator[str]:
        """The keys of that type under a prefix, each once, though SCAN may say one twice."""
        seen: set[str] = set()
        cursor = 0
        while True:
            with self._store.errors():
                page: Any = await self._store.redis.scan(
                    cursor, match=f"{prefix}:*", count=PAGE, _type=kind
                )
            cursor = int(page[0])
            for name in (key.decode() for key in page[1]):
                if name not in seen:
                    seen.add(name)
                    yield name
            if cursor == 0:
                return


def _naming(
    keys: Sequence[str], entries: Sequence[bytes | None], subject: str | None
) -> Iterable[str]:
    """A call that is under way holds no answer yet, and is left alone."""
    for key, entry in zip(keys, entries, strict=True):
        if entry is None or entry.startswith(b"running "):
            continue
        if subject is None or names(_said(entry), subject):
            yield key


def _said(entry: bytes) -> str:
    """Every text in a piece of JSON; other text unchanged."""
    try:
        return "\n".join(_texts(json.loads(entry)))
    except (ValueError, RecursionError):
        return entry.decode(errors="replace")


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from (key, *_texts(inner))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
