"""A worker: claims tasks from the queue, runs them, and acknowledges them with their results."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import time
import uuid
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

import structlog

from graphs.app import Router
from graphs.events import Attempted, Finished, Routed, Token
from router.cancellation import end
from router.errors import EdgewardError, StoreUnavailable, TaskError
from router.privacy.storage import CURE, may_be_written, require_may_be_written
from router.queue.task_queue import TaskQueue
from router.queue.types import CAPABILITIES, Claimed
from router.store.durability import forgettings
from router.types.result import Result
from router.types.task import Privacy, Task
from workers.consumer.queued_run import drive_queued

log = structlog.get_logger()

_WATCH_S = 1.0
_MEND_S = 2.0
_BEAT_S = 2.0
_DEAD_AFTER_S = 15
_FLUSH_S = 0.05
_BACKOFF_S = 2.0
_RETRYABLE = ("EngineUnavailable", "EngineOverloaded", "EngineTimeout")


@dataclass(slots=True)
class Worker:
    """Takes tasks in one process. roles: which tasks it takes; slots: how many at a time."""

    router: Router
    queue: TaskQueue
    roles: Sequence[str] = CAPABILITIES
    slots: int = 2
    name: str = field(default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}")
    done: int = 0
    in_hand: dict[str, asyncio.Task[Any]] = field(default_factory=dict)
    _ending: bool = False

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop`; then finishes the tasks in progress within the drain time, or hands
        them back. While Redis is away, the worker waits for it."""
        await self._look_at_redis()
        gate = asyncio.Semaphore(self.slots)
        async with AsyncExitStack() as stack:
            for role in self.roles:
                await stack.enter_async_context(
                    self.queue.work.delivery(role).work(
                        partial(self._take, role, gate),
                        partial(self.queue.work.set_aside, role),
                        slots=self.slots,
                        name=f"{self.name}-{role}-{uuid.uuid4().hex[:6]}",
                    )
                )
            watching = [asyncio.create_task(self._mend()), asyncio.create_task(self._beat())]
            await stop.wait()
            self._ending = True
            with suppress(TimeoutError):
                async with asyncio.timeout(self.queue.settings.drain_s):
                    while self.in_hand:
                        await asyncio.wait(list(self.in_hand.values()), timeout=0.5)
            await end(*watching, *self.in_hand.values())
        await self._forget()

    async def _look_at_redis(self) -> None:
        """Warns once, at the start, if Redis is configured so that it may lose tasks."""
        with suppress(StoreUnavailable):
            for one in await forgettings(self.router.store):
                log.warning("store.may_forget", said=str(one))

    async def _take(self, role: str, gate: asyncio.Semaphore, ticket: str) -> None:
        """Claims the best task of a role, and runs it to its end."""
        async with gate:
            if self._ending:
                await self.queue.work.delivery(role).ticket()  # left to another worker
                return
            claimed = await self.queue.work.claim(role, ticket, self.name)
            if claimed is None:
                return
            running = asyncio.create_task(self._run(claimed))
            self.in_hand[claimed.task.task_id] = running
            watching = asyncio.create_task(self._watch(claimed, running))
            try:
                await asyncio.gather(running, return_exceptions=True)
            finally:
                watching.cancel()
                self.in_hand.pop(claimed.task.task_id, None)
            await self._conclude(claimed, running)

    async def _run(self, claimed: Claimed) -> Result:
        """Runs the task, and publishes its events to those who follow it; returns its result."""
        if claimed.task.workflow is not None:
            return await drive_queued(self.router, self.queue, claimed)
        self._require_room_for(claimed.task)
        told = _EventWriter(self.queue, claimed)
        async for event in self.router.stream(claimed.task):
            if isinstance(event, Finished):
                await told.flush()
                return self._labelled(event.result)
            await told.add(event)
        raise AssertionError("a stream ends with Finished")

    def _require_room_for(self, task: Task) -> None:
        """TaskError, before anything is generated, if the answer must not be written to the store
        because that is on another machine. The submitter may be configured to detect less than this
        worker."""
        if not self.router.store.local:
            label, what = self.router.label_of_task(task), f"the answer to task {task.task_id}"
            cure = f"{CURE}, or run it here"
            require_may_be_written(label, self.router.store, what, cure=cure, error=TaskError)

    def _labelled(self, result: Result) -> Result:
        """The result; private text in the answer raises its label if the store is elsewhere."""
        if self.router.store.local:
            return result
        label = self.router.label_of(result.text, result.label)
        return result.model_copy(update={"label": label})

    async def _watch(self, claimed: Claimed, running: asyncio.Task[Any]) -> None:
        """Cancels the run if the task was cancelled, or its lease lost to another worker.

        If the lease was lost, a paid call under way ends first: its answer is kept for the new
        worker, and is not paid for twice.
        """
        while not running.done():
            await asyncio.sleep(_WATCH_S)
            with suppress(StoreUnavailable):
                said = await self.queue.work.renew(claimed)
                if said == "lost":
                    await self.router.calls_ended(claimed.task.workflow or claimed.task.task_id)
                if said:
                    running.cancel()

    async def _conclude(self, claimed: Claimed, running: asyncio.Task[Result]) -> None:
        if running.cancelled():
            if self._ending:
                await self.queue.work.hand_back(claimed, error="its worker ended")
            else:
                await self.queue.work.finish(claimed, "cancelled", error="cancelled while it ran")
            return
        error = running.exception()
        if isinstance(error, StoreUnavailable):
            return  # not acknowledged: it is delivered again when the lease has expired
        if error is not None:
            said = f"{type(error).__name__}: {error}"
            if not isinstance(error, EdgewardError):
                log.error("worker.failed", error=said[:300], task_id=claimed.task.task_id)
            if getattr(error, "retryable", False) and await self._again(claimed, said):
                return
            await self.queue.work.finish(claimed, "failed", error=said)
            return
        result = running.result()
        kept = may_be_written(result.label, self.router.store)
        reason = result.reason if kept else "its model could not be reached"
        if _retryable(result) and await self._again(claimed, reason):
            return
        if await self.queue.work.finish(claimed, result.status, result):
            self.done += 1
        else:
            log.warning("worker.lease_lost", task_id=claimed.task.task_id)

    async def _again(self, claimed: Claimed, error: str) -> bool:
        """Hands the task back for a retry after a delay; returns whether a retry was left."""
        if claimed.failures >= self.queue.settings.retries:
            return False
        delay_s = _BACKOFF_S * 2**claimed.failures * random.uniform(0.5, 1.5)
        return await self.queue.work.hand_back(claimed, delay_s=delay_s, error=error, failed=True)

    async def _mend(self) -> None:
        while True:
            await asyncio.sleep(_MEND_S)
            with suppress(StoreUnavailable):
                for role in self.roles:
                    await self.queue.work.mend(role)
                await self.router.book_for_the_dead()

    async def _beat(self) -> None:
        """Publishes the worker's models and tasks; the entry expires soon after the worker dies."""
        while True:
            with suppress(StoreUnavailable):
                await self.queue.work.present(self.name, self._state(), _DEAD_AFTER_S)
            await asyncio.sleep(_BEAT_S)

    def _state(self) -> dict[str, Any]:
        lanes = [asdict(lane) for lane in self.router.lanes()]
        return {
            "name": self.name,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "roles": list(self.roles),
            "slots": self.slots,
            "in_hand": sorted(self.in_hand),
            "done": self.done,
            "lanes": lanes,
            "at": time.time(),
        }

    async def _forget(self) -> None:
        with suppress(StoreUnavailable):
            await self.queue.work.absent(self.name)


class _EventWriter:
    """Writes the events of a task, tokens in batches, to save round trips to Redis."""

    def __init__(self, queue: TaskQueue, claimed: Claimed) -> None:
        self._queue, self._claimed = queue, claimed
        self._text, self._attempt, self._since = "", 0, 0.0
        self._label = Privacy.PUBLIC
        self._restarts = False

    async def add(self, event: Routed | Token | Attempted) -> None:
        if isinstance(event, Token):
            if self._text and (event.attempt, event.label) != (self._attempt, self._label):
                await self.flush()
            if event.restarts:
                self._text, self._restarts = "", True
            if not self._text:
                self._since, self._label = time.monotonic(), event.label
            self._text, self._attempt = self._text + event.text, event.attempt
            if time.monotonic() - self._since > _FLUSH_S:
                await self.flush()
            return
        await self.flush()
        await self._queue.work.tell(self._claimed, _shown(event))

    async def flush(self) -> None:
        if self._text:
            event = {"type": "token", "text": self._text, "attempt": self._attempt}
            event |= {"restarts": True} if self._restarts else {}
            self._text, self._restarts = "", False
            await self._queue.work.tell(self._claimed, event, self._label)


def _shown(event: Routed | Attempted) -> dict[str, Any]:
    if isinstance(event, Routed):
        decision = event.decision
        kind = event.guess.kind.value
        return {"type": "routed", "route": decision.route, "reason": decision.reason, "kind": kind}
    attempt = event.attempt
    return {
        "type": "attempt",
        "number": attempt.number,
        "route": attempt.route,
        "model": attempt.model,
        "outcome": attempt.outcome,
        "escalation": attempt.escalation.value if attempt.escalation else None,
    }


def _retryable(result: Result) -> bool:
    """Whether it failed because a model could not be reached, which may soon change."""
    last = result.attempts[-1] if result.attempts else None
    return (
        result.status == "failed" and last is not None and (last.error or "").startswith(_RETRYABLE)
    )
