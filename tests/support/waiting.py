"""Waits for conditions instead of sleeping."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

BOUND_S = 30.0
"""Longer than anything that a test waits for takes, even on a busy machine, and shorter than what
must not be waited for."""


@contextmanager
def bounded(what: str = "it") -> Iterator[None]:
    """AssertionError if the body takes longer than BOUND_S: it waited for something it must not."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < BOUND_S, f"{what} took {time.monotonic() - began:.0f} s"


async def wait_until(
    fact: Callable[[], bool | Awaitable[bool]], what: str = "it", timeout_s: float = 10.0
) -> None:
    """Return once `fact()` is true; AssertionError that names `what` after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while True:
        answer = fact()
        if await answer if inspect.isawaitable(answer) else answer:
            return
        assert time.monotonic() < deadline, f"waited {timeout_s} s for {what}"
        await asyncio.sleep(0.01)


def wait_for(fact: Callable[[], bool], what: str = "it", timeout_s: float = 10.0) -> None:
    """`wait_until` for tests that are not asynchronous."""
    deadline = time.monotonic() + timeout_s
    while not fact():
        assert time.monotonic() < deadline, f"waited {timeout_s} s for {what}"
        time.sleep(0.01)
