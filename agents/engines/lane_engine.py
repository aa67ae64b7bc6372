"""The engine that callers see of a model on a lane: jobs in, pieces of text out, nothing blocks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import Any

from agents.engines.lane import Lane
from agents.engines.lane_job import Job, Part, Runner
from router.engine import Delta, EngineCaps, GenerateRequest, WaitEstimate
from router.errors import EngineError, EngineUnavailable
from router.types.completion import Completion


class LaneEngine:
    """A model and the lane that it shares with others; by default a lane of its own.

    pinned: it is never unloaded to make room or for being idle.
    """

    def __init__(self, runner: Runner, lane: Lane | None = None, *, pinned: bool = False) -> None:
        self.runner = runner
        self.lane = lane or Lane(runner.caps.model)
        self._pinned = pinned
        self._lifecycle = asyncio.Lock()
        self._open = False
        self._seated = False

    @property
    def caps(self) -> EngineCaps:
        return self.runner.caps

    def outlook(self) -> WaitEstimate:
        return self.lane.outlook(self.runner)

    async def load_library(self) -> None:
        """The lane's own thread imports it, with the first model that it loads."""

    async def open(self) -> None:
        """Take a seat on the lane and load the model, if there is room without unloading others;
        else it is loaded when its first job's turn has come. A closed engine may be opened again.

        Raises EngineUnavailable with the reason in words.
        """
        async with self._lifecycle:
            if self._open:
                return
            self._seated = True
            self.lane.add(self.runner, pinned=self._pinned)
            error = await _answer_of(lambda done: self.lane.warm(self.runner, done))
            if error is not None:
                raise error
            self._open = True

    async def stream(self, request: GenerateRequest) -> AsyncGenerator[Delta | Completion, None]:
        """As the protocol says. A deadline that passes while the request waits is a timeout too."""
        model = self.caps.model
        request.remaining_s(model)
        if not self._open:
            raise EngineUnavailable(f"{model}: it is not open", model=model)
        parts: asyncio.Queue[Part] = asyncio.Queue()
        # The queue needs no bound: a window's worth of short strings is the most that it can hold.
        job = Job(request, _into(asyncio.get_running_loop(), parts.put_nowait))
        self.lane.submit(self.runner, job)
        try:
            while True:
                part = await self._next(job, parts)
                if isinstance(part, EngineError):
                    raise part
                yield part
                if isinstance(part, Completion):
                    return
        finally:
            # No waiting here: the model ends it within a token or a batch of the prompt.
            self.lane.withdraw(self.runner, job)

    async def _next(self, job: Job, parts: asyncio.Queue[Part]) -> Part:
        request = job.request
        if request.max_wait_s is not None and job.waiting:
            turn_by = job.submitted + request.max_wait_s
            if turn_by < request.deadline:
                with suppress(TimeoutError):
                    return await _by(turn_by, parts)
                job.give_up(job.too_long_a_wait(self.caps.model))
        try:
            return await _by(request.deadline, parts)
        except TimeoutError:
            return job.timeout(self.caps.model)

    async def close(self) -> None:
        """End the answers under way with EngineUnavailable, and wait until it is unloaded."""
        async with self._lifecycle:
            if not self._seated:
                return
            self._open = False
            await _answer_of(lambda done: self.lane.remove(self.runner, lambda: done(None)))
            self._seated = False


async def _by(moment: float, parts: asyncio.Queue[Part]) -> Part:
    """The next part; TimeoutError at `moment`, in `time.monotonic()` seconds."""
    async with asyncio.timeout(max(moment - time.monotonic(), 0.0)):
        return await parts.get()


async def _answer_of(
    ask: Callable[[Callable[[EngineError | None], None]], None],
) -> EngineError | None:
    """Waits for the lane thread's reply to a request. Cancelling the wait does not withdraw the
    request.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[EngineError | None] = loop.create_future()

    def settle(error: EngineError | None) -> None:
        if not answer.done():
            answer.set_result(error)

    ask(_into(loop, settle))
    return await answer


def _into(loop: asyncio.AbstractEventLoop, call: Callable[[Any], None]) -> Callable[[Any], None]:
    """Makes `call` safe to call from any thread; does nothing once the event loop is closed."""

    def post(value: Any) -> None:
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(call, value)

    return post
