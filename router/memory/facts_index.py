"""Facts in Redis; each Lua script writes, reads or removes them atomically."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from router.memory.facts_scripts import PUT, REMOVE, SURVEY, USE
from router.memory.facts_types import Fact, label_of
from router.store.keys import escaped
from router.store.store import Store
from router.types.task import Privacy

PAGE = 200
"""Facts read or removed in one round trip."""


@dataclass(frozen=True, slots=True)
class Card:
    """What the index says of a fact. id: of this writing of it."""

    tokens: int
    label: Privacy
    id: str


class FactIndex:
    """The facts of one store. A member is a fact's escaped key."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._prefix = store.keys.of("facts", "fact") + ":"
        self._indices = [store.keys.of("facts", name) for name in ("cards", "used", "expiry")]
        self._scripts = {
            text: store.redis.register_script(text) for text in (PUT, USE, SURVEY, REMOVE)
        }

    async def put(
        self, fact: Fact, *, made_from: Sequence[str], most_label: Privacy, max_tokens_total: int
    ) -> Privacy | None:
        """Writes a fact over what its key held, and evicts as many as necessary.

        made_from: keys; the fact gets the strictest of their labels, in the same step. Returns its
        label; None where that is stricter than most_label, and nothing was written.
        """
        lives_ms: int | str = ""
        if fact.expires_at is not None:
            lives_ms = max(1, round((fact.expires_at - fact.created_at) * 1000))
        label, displaced = await self._run(
            PUT,
            escaped(fact.key),
            fact.tokens,
            fact.label,
            uuid.uuid4().hex,
            lives_ms,
            max_tokens_total,
            most_label,
            fact.model_dump_json(exclude={"label"}).removeprefix("{"),
            *map(escaped, made_from),
        )
        return None if displaced < 0 else label_of(label.decode())

    async def use(self, keys: Sequence[str]) -> list[Fact | None]:
        """The facts of some keys, None for each that is missing; marks them as used."""
        if not keys:
            return []
        return [_parsed(entry) for entry in await self._run(USE, *map(escaped, keys))]

    async def cards(self) -> dict[str, Card]:
        """All members, after those that expired have been swept out."""
        reply = [part.decode() for part in await self._run(SURVEY)]
        pairs = zip(reply[::2], reply[1::2], strict=True)
        return {member: _card(text) for member, text in pairs if not member.startswith(" ")}

    async def read(self, members: Sequence[str]) -> list[Fact]:
        """The facts that exist and can be parsed; does not count as a use."""
        found: list[Fact] = []
        for start in range(0, len(members), PAGE):
            names = [self._prefix + member for member in members[start : start + PAGE]]
            with self._store.errors():
                entries: Any = await self._store.redis.mget(names)
            found += [fact for entry in entries if (fact := _parsed(entry))]
        return found

    async def remove(self, members: Iterable[tuple[str, str]]) -> int:
        """Members and the ids that they must still have, `*` for any; how many were removed."""
        pairs, count = list(members), 0
        for start in range(0, len(pairs), PAGE):
            flat = [part for pair in pairs[start : start + PAGE] for part in pair]
            count += int(await self._run(REMOVE, *flat))
        return count

    async def _run(self, script: str, *arguments: str | int) -> Any:
        with self._store.errors():
            return await self._scripts[script](keys=self._indices, args=[self._prefix, *arguments])


def _card(text: str) -> Card:
    tokens, label, writing, *_ = text.split(" ")
    return Card(int(tokens), label_of(label), writing)


def _parsed(entry: bytes | None) -> Fact | None:
    """None for a fact that is not there, or that cannot be read."""
    try:
        return None if entry is None else Fact.model_validate_json(entry)
    except ValidationError:
        return None
