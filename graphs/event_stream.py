"""A run's events, handed to whoever listens while it goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, TypeVar

EventT = TypeVar("EventT")


async def stream_events(
    run: Callable[[Callable[[EventT], None]], Coroutine[Any, Any, None]],
) -> AsyncGenerator[EventT, None]:
    """What `run` tells the function that it is given, as it comes; then what it raises.

    Closing it cancels the run, and waits until that has ended.
    """
    events: asyncio.Queue[EventT | None] = asyncio.Queue()
    # A task of its own: what the run sets in its context must not show in the caller's.
    running = asyncio.create_task(run(events.put_nowait))
    running.add_done_callback(lambda _: events.put_nowait(None))
    try:
        while (event := await events.get()) is not None:
            yield event
        running.result()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
