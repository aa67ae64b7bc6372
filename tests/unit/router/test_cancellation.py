"""A background task ends, even where a cancellation is lost on the way."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from router.cancellation import end


async def test_a_task_that_swallows_a_cancellation_is_cancelled_again() -> None:
    swallowed = 0

    async def deaf() -> None:
        nonlocal swallowed
        while swallowed < 3:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                swallowed += 1
        with suppress(ZeroDivisionError):
            await asyncio.sleep(60)

    async def done() -> None:
        return None

    listening, ended = asyncio.create_task(deaf()), asyncio.create_task(done())
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await end(listening, ended)
    assert swallowed == 3
    assert listening.cancelled()
    assert not ended.cancelled()
