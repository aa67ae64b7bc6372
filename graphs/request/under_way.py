"""The paid calls that this process makes, so that who must let go of a task can wait for them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class CallsUnderWay:
    """Each from before it is sent until its answer is kept."""

    def __init__(self) -> None:
        self._calls: Counter[str] = Counter()
        self._waiting: set[asyncio.Event] = set()

    @contextmanager
    def one(self, task_id: str) -> Iterator[None]:
        """Within it a call of the task is under way."""
        self._calls[task_id] += 1
        try:
            yield
        finally:
            self._calls[task_id] -= 1
            self._calls += Counter()  # forgets those of which there is none
            for event in self._waiting:
                event.set()

    async def ended(self, task_id: str) -> None:
        """Returns once there is none of a task, nor of any step where it is a workflow's run."""
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            while any(one == task_id or one.startswith(f"{task_id}/") for one in self._calls):
                event.clear()
                await event.wait()
        finally:
            self._waiting.discard(event)
