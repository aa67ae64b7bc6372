"""Runs a client's request, and passes on only what will not be taken back.

A local answer is held until it is accepted: what a client has read cannot be unsaid. A cloud's is
passed on as it comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from graphs.app import Router
from graphs.events import Finished, Token
from router.types.result import Result
from workers.gateway.asked import Asked
from workers.gateway.refused import Refused

QUIET_S = 10.0
"""After so long without a word a stream is told that it lives."""


async def pieces(router: Router, asked: Asked) -> AsyncGenerator[str | Result, None]:
    """The answer's text as it may be shown, then the result.

    Raises Refused where an answer broke off after some of it was shown.
    """
    shown = ""
    attempt = 0
    async with aclosing(router.stream(asked.task, options=asked.options)) as events:
        async for event in events:
            if isinstance(event, Token) and event.route == "cloud":
                if shown and (event.restarts or event.attempt != attempt):
                    raise Refused(502, "the answer broke off", code="broke_off")
                attempt = event.attempt
                shown += event.text
                yield event.text
            elif isinstance(event, Finished):
                result = event.result
                if result.status == "done":
                    if not result.text.startswith(shown):
                        raise Refused(502, "the answer broke off", code="broke_off")
                    if rest := result.text[len(shown) :]:
                        yield rest
                elif shown:
                    raise Refused(502, result.reason, code="broke_off")
                yield result


async def kept_alive(
    parts: AsyncGenerator[str | Result, None], quiet_s: float = QUIET_S
) -> AsyncGenerator[str | Result | None, None]:
    """The parts; None whenever there was none for a while. Ends with them, and closes them."""
    async with aclosing(parts):
        waiting: asyncio.Task[str | Result] | None = None
        try:
            while True:
                waiting = waiting or asyncio.ensure_future(anext(parts))
                done, _ = await asyncio.wait({waiting}, timeout=quiet_s)
                if not done:
                    yield None
                    continue
                try:
                    part = waiting.result()
                except StopAsyncIteration:
                    return
                waiting = None
                yield part
        finally:
            if waiting is not None:
                waiting.cancel()
                await asyncio.gather(waiting, return_exceptions=True)
