"""A worker that loses its lease during a paid call: the answer is kept for whoever has the task."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from paid_router import books_of
from scripted_router import scripted_router
from waiting import wait_until

from graphs.app import Router
from graphs.request.calls_in_flight import CallsUnderWay
from router.queue.task_queue import TaskQueue
from router.queue.types import member_of
from router.settings.queue import QueueSettings
from router.store.store import Store
from router.types.task import Task
from workers.consumer.worker import Worker

COMPLEX = (
    "Prove step by step that there are infinitely many primes of the form 4k+3, then compare two "
    "alternative proofs and discuss their trade-offs."
)


@asynccontextmanager
async def working(
    store: Store, folder: Path, queue: TaskQueue, cloud: dict[str, Any]
) -> AsyncIterator[tuple[Worker, Router]]:
    """A worker with one slot and a scripted cloud, until the context ends."""
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240  once, before anything waits
    stop = asyncio.Event()
    async with scripted_router(
        store,
        folder,
        local=[{"reply": "x"}],
        cloud=[cloud],
        budget={"day_usd": 1.0},
        memory={"cache": False},
    ) as router:
        one = Worker(router=router, queue=queue, slots=1, name=folder.name)
        running = asyncio.create_task(one.run(stop))
        try:
            yield one, router
        finally:
            stop.set()
            await running


async def test_a_worker_that_loses_its_lease_lets_a_paid_call_be_kept_for_the_next(
    store: Store, tmp_path: Path
) -> None:
    async with TaskQueue(store, QueueSettings(), lambda _: "general") as queue:
        slow = {"reply": "the first worker's", "delay_s": 4.0}
        async with working(store, tmp_path / "first", queue, slow) as (first, router):
            handle = await queue.submit(Task(prompt=COMPLEX, task_id="t"))

            async def is_sent() -> bool:
                return await store.redis.zcard(store.keys.reservations()) == 1

            await wait_until(is_sent, "the call to go out", 60)
            quick = {"reply": "the second worker's"}
            async with working(store, tmp_path / "second", queue, quick) as (_, _other):
                running = store.keys.of("queue", "running", "general")
                await store.redis.zadd(running, {member_of("t"): 0})
                await queue.work.mend("general")
                result = await handle.result(60)
            await wait_until(lambda: not first.in_hand, "the first worker to let go", 60)
            status = await handle.status()
            books = await books_of(router)
    assert result.text == "the first worker's"
    assert (status.state, status.runs) == ("done", 2)
    assert sum(one.sent for one in books.attempts) == 1, "it was paid for once"
    assert books.agree, books


async def test_a_run_waits_for_the_calls_of_its_steps_and_for_no_others() -> None:
    calls = CallsUnderWay()
    waiting = asyncio.create_task(calls.ended("run-1"))
    with calls.one("run-10/a.0.0"), calls.one("other"):
        with calls.one("run-1/a.0.0"), calls.one("run-1/a.0.0"):
            waiting.cancel()
            waiting = asyncio.create_task(calls.ended("run-1"))
            done, _ = await asyncio.wait([waiting], timeout=0.05)
            assert not done
        await asyncio.wait_for(waiting, 5)
