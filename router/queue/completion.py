"""Notifies waiters that a task has ended, over one connection for the whole process."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import structlog

from router.cancellation import end
from router.errors import StoreUnavailable
from router.queue.storage import QueueStorage

log = structlog.get_logger()

LOOK_S = 2.0
"""A notification may be lost with its connection, so waiters poll this often."""


class Completions:
    """Subscribes to the ends of tasks that the scripts publish. `close` it afterwards."""

    def __init__(self, shelf: QueueStorage) -> None:
        self._shelf = shelf
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._listening: asyncio.Task[None] | None = None

    @contextmanager
    def expected(self, member: str) -> Iterator[asyncio.Event]:
        """Inside this context the event is set when the task ends."""
        if self._listening is None or self._listening.done():
            self._listening = asyncio.create_task(self._listen())
        event = asyncio.Event()
        self._waiting[member].add(event)
        try:
            yield event
        finally:
            self._waiting[member].discard(event)
            if not self._waiting[member]:
                del self._waiting[member]

    async def heard(self, event: asyncio.Event) -> None:
        """Waits for the event or LOOK_S; the caller then checks the task itself."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await event.wait()
        event.clear()

    async def close(self) -> None:
        if self._listening is not None:
            await end(self._listening)

    async def _listen(self) -> None:
        while True:
            with suppress(StoreUnavailable), self._shelf.store.errors():
                await self._follow()
            await asyncio.sleep(0.5)

    async def _follow(self) -> None:
        async with self._shelf.store.redis.pubsub() as channel:
            await channel.subscribe(self._shelf.key("ended"))
            while True:
                message: Any = await channel.get_message(
                    ignore_subscribe_messages=True, timeout=1.0
                )
                if message is None:
                    continue
                for event in self._waiting.get(message["data"].decode(), ()):
                    event.set()
