"""The queue's keys, scripts and tickets, for submitters and workers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from router.queue import scripts
from router.queue.delivery import Delivery
from router.queue.types import CAPABILITIES
from router.settings.queue import QueueSettings
from router.store.store import Store


class QueueStorage:
    """One namespace's queue in Redis. A task's `member` is its id as part of a key."""

    def __init__(self, store: Store, settings: QueueSettings) -> None:
        self.store = store
        self.settings = settings
        self.kept_s = max(1, int(settings.keep_hours * 3600))
        self.dead_s = int(settings.dead_days * 86_400)
        self._scripts = {
            name: store.redis.register_script(text)
            for name, text in vars(scripts).items()
            if name.isupper() and not name.startswith("_")
        }
        self.deliveries = {
            name: Delivery(
                url=store.url,
                name=f"{store.keys.namespace}-queue-{name}",
                lease_s=settings.lease_s,
            )
            for name in CAPABILITIES
        }

    async def run(self, script: str, keys: Sequence[str], *arguments: Any) -> Any:
        """Runs one of `queue_scripts`, and returns its result."""
        with self.store.errors():
            return await self._scripts[script](keys=keys, args=arguments)

    async def read(self, member: str, *fields: str) -> list[bytes | None]:
        """Fields of a task's record; None for each that is not there."""
        with self.store.errors():
            found: Any = await self.store.redis.hmget(self.task(member), list(fields))
        return list(found)

    def key(self, *parts: str) -> str:
        return self.store.keys.of("queue", *parts)

    @property
    def prefix(self) -> str:
        """Of the keys of tasks, for the scripts."""
        return f"{self.key('task')}:"

    def task(self, member: str) -> str:
        return f"{self.prefix}{member}"

    def events(self, member: str) -> str:
        return f"{self.key('events')}:{member}"
