"""Cancels background tasks reliably: a single cancellation may be lost."""

from __future__ import annotations

import asyncio
from typing import Any

_AGAIN_S = 0.2


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancels repeatedly until all tasks have ended; ignores what they raise.

    redis-py's read time-out can swallow a cancellation that arrives in the same step, and a loop
    that is cancelled once would then go on for ever.
    """
    left = [task for task in tasks if not task.done()]
    while left:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=_AGAIN_S)
        left = [task for task in left if not task.done()]
    await asyncio.gather(*tasks, return_exceptions=True)
