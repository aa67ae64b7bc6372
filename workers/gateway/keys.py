"""Keys for the gateway: made once, shown once, kept as hashes."""

from __future__ import annotations

import fnmatch
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import asdict, dataclass

from router.errors import TaskError
from router.store.store import Store
from router.types.task import Privacy

_PREFIX = "ew"


@dataclass(frozen=True, slots=True)
class AccessKey:
    """models: patterns of the names that it may ask for; empty for all. label: of all that it
    sends, at least."""

    key_id: str
    name: str
    sha256: str
    models: tuple[str, ...] = ()
    label: Privacy = Privacy.PUBLIC
    created_at: float = 0.0

    def allows(self, model: str) -> bool:
        return not self.models or any(fnmatch.fnmatchcase(model, one) for one in self.models)


class AccessKeys:
    """The keys of one Redis. Raises StoreUnavailable."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._place = store.keys.access_keys()

    async def create(
        self, name: str, *, models: tuple[str, ...] = (), label: Privacy = Privacy.PUBLIC
    ) -> str:
        """A new key, which cannot be shown again."""
        key_id, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
        made = AccessKey(key_id, name, _hash(secret), models, label, time.time())
        with self._store.errors():
            await self._store.redis.hset(self._place, key_id, json.dumps(asdict(made)))
        return f"{_PREFIX}-{key_id}-{secret}"

    async def all(self) -> tuple[AccessKey, ...]:
        """Every key, the oldest first."""
        with self._store.errors():
            kept = await self._store.redis.hgetall(self._place)
        found = [_read(one) for one in kept.values()]
        return tuple(sorted(found, key=lambda one: one.created_at))

    async def revoke(self, key_id: str) -> None:
        """Raises TaskError for a key that does not exist."""
        with self._store.errors():
            gone = await self._store.redis.hdel(self._place, key_id)
        if not gone:
            known = ", ".join(one.key_id for one in await self.all()) or "none"
            raise TaskError(f"there is no key {key_id!r}: known are {known}")

    async def any(self) -> bool:
        with self._store.errors():
            return bool(await self._store.redis.hlen(self._place))

    async def of(self, given: str) -> AccessKey | None:
        """The key that a client showed; None where it is none of ours."""
        parts = given.split("-", 2)
        if len(parts) != 3 or parts[0] != _PREFIX:
            return None
        with self._store.errors():
            kept = await self._store.redis.hget(self._place, parts[1])
        if kept is None:
            return None
        found = _read(kept)
        return found if hmac.compare_digest(found.sha256, _hash(parts[2])) else None


def _hash(secret: str) -> str:
    """Of a secret of 32 random bytes, which no table holds: one round is enough."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _read(kept: bytes | str) -> AccessKey:
    fields = json.loads(kept)
    fields["models"], fields["label"] = tuple(fields["models"]), Privacy(fields["label"])
    return AccessKey(**fields)
