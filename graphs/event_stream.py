"""Turns the events that a run emits into an asynchronous stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, TypeVar

EventT = TypeVar("EventT")


async def stream_events(
    run: Callable[[Callable[[EventT], None]], Coroutine[Any, Any, None]],
) -> AsyncGenerator[EventT, None]:
    """The events that `run` emits, as they come; then raises what `run` raises.

    `run` is called with the function that takes an event. Closing the stream cancels the run and
    waits until it has ended.
    """
    events: asyncio.Queue[EventT | None] = asyncio.Queue()
    # A task of its own: context variables that the run sets must not be seen by the caller.
    running = asyncio.create_task(run(events.put_nowait))
    running.add_done_callback(lambda _: events.put_nowait(None))
    try:
        while (event := await events.get()) is not None:
            yield event
        running.result()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
