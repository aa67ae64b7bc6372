"""Counts the paid calls that this process is making, so that a task that must be given up can wait
for them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class CallsUnderWay:
    """Counts each call from before it is sent until its answer is kept."""

    def __init__(self) -> None:
        self._calls: Counter[str] = Counter()
        self._waiting: set[asyncio.Event] = set()

    @contextmanager
    def one(self, task_id: str) -> Iterator[None]:
        """A context within which a call of the task counts as under way."""
        self._calls[task_id] += 1
        try:
            yield
        finally:
            self._calls[task_id] -= 1
            self._calls += Counter()  # drops the zero counts
            for event in self._waiting:
                event.set()

    async def ended(self, task_id: str) -> None:
        """Returns once no call of a task, or of any step of a workflow's run, is under way."""
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            while any(one == task_id or one.startswith(f"{task_id}/") for one in self._calls):
                event.clear()
                await event.wait()
        finally:
            self._waiting.discard(event)
