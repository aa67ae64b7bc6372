"""The queue on a real Redis: order, delivery, retries, cancellation, and what nobody sent."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scripted_router import scripted_router
from waiting import wait_until

from router.errors import QueueFull, ResultTimeout, StoreUnavailable, TaskError
from router.queue.task_queue import TaskQueue
from router.queue.types import Claimed
from router.settings.queue import QueueSettings
from router.store.store import Store
from router.types.task import Priority, Privacy, Task
from workers.consumer.worker import Worker

ROUTINE = "Write a short greeting for a friend."


def general(_: Task) -> str:
    return "general"


@asynccontextmanager
async def queue_of(store: Store, **settings: Any) -> AsyncIterator[TaskQueue]:
    async with TaskQueue(store, QueueSettings(**settings), general) as queue:
        yield queue


@asynccontextmanager
async def working(
    store: Store,
    folder: Path,
    queue: TaskQueue,
    rules: list[dict[str, Any]] | None = None,
    **worker: Any,
) -> AsyncIterator[Worker]:
    """A worker with scripted models, until the context ends."""
    stop = asyncio.Event()
    async with scripted_router(
        store, folder, local=rules or [{"reply": "hello there"}], memory={"cache": False}
    ) as router:
        one = Worker(router=router, queue=queue, **worker)
        running = asyncio.create_task(one.run(stop))
        try:
            yield one
        finally:
            stop.set()
            await running


async def test_a_task_is_submitted_run_elsewhere_and_its_result_awaited(
    store: Store, tmp_path: Path
) -> None:
    async with queue_of(store) as queue:
        handle = await queue.submit(Task(prompt=ROUTINE))
        assert (await handle.status()).state == "queued"
        with pytest.raises(ResultTimeout, match="is queued"):
            await handle.result(0.05)
        async with working(store, tmp_path, queue):
            result = await handle.result(10)
        assert (result.status, result.text, result.route) == ("done", "hello there", "local")
        status = await handle.status()
        assert (status.state, status.runs) == ("done", 1)
        assert (await queue.handle(handle.task_id).result(1)).text == "hello there"


async def test_events_are_replayed_from_the_start_for_whoever_comes_late(
    store: Store, tmp_path: Path
) -> None:
    async with queue_of(store) as queue, working(store, tmp_path, queue):
        handle = await queue.submit(Task(prompt=ROUTINE))
        live = [event async for event in handle.events()]
        late = [event async for event in queue.handle(handle.task_id).events()]
    assert live == late
    assert [event["type"] for event in live] == ["started", "routed", "token", "attempt", "end"]
    assert "".join(event.get("text", "") for event in live) == "hello there"


async def test_the_same_wish_has_one_handle(store: Store) -> None:
    async with queue_of(store) as queue:
        first = await queue.submit(Task(prompt=ROUTINE), key="order 7")
        second = await queue.submit(Task(prompt="another"), key="order 7")
        same = await queue.submit(Task(prompt="x", task_id=first.task_id))
        assert (first.is_new, second.is_new, same.is_new) == (True, False, False)
        assert first.task_id == second.task_id == same.task_id
        assert (await queue.lengths())["general"]["ready"] == 1


async def taken(queue: TaskQueue, count: int) -> list[Claimed]:
    found = [await queue.work.claim("general", f"ticket {n}", "me") for n in range(count)]
    return [one for one in found if one is not None]


async def test_the_urgent_go_first_and_the_low_are_not_starved(store: Store) -> None:
    async with queue_of(store) as queue:
        for number, priority in enumerate(["low", "normal", "high", "low", "normal", "high"]):
            await queue.submit(Task(prompt=f"{number}", priority=Priority(priority)))
        order = [int(one.task.prompt) for one in await taken(queue, 6)]
    assert order == [2, 5, 1, 4, 0, 3]


async def test_a_low_task_that_waited_long_goes_before_a_new_normal_one(store: Store) -> None:
    async with queue_of(store) as queue:
        old = await queue.submit(Task(prompt="old", priority=Priority.LOW))
        await store.redis.zincrby(store.keys.of("queue", "ready", "general"), -400, old.task_id)
        await queue.submit(Task(prompt="new"))
        assert [one.task.prompt for one in await taken(queue, 2)] == ["old", "new"]


async def test_one_tenants_thousand_does_not_stand_before_anothers_one(store: Store) -> None:
    async with queue_of(store) as queue:
        for number in range(100):
            await queue.submit(Task(prompt=f"{number}", tenant="big"))
        await queue.submit(Task(prompt="single", tenant="small"))
        order = [one.task.prompt for one in await taken(queue, 101)]
    assert order.index("single") < 30


async def test_room_and_rate_are_bounded(store: Store) -> None:
    async with queue_of(store, most_waiting=2) as queue:
        await queue.submit(Task(prompt="1"))
        await queue.submit(Task(prompt="2"))
        with pytest.raises(QueueFull, match="2 tasks wait") as full:
            await queue.submit(Task(prompt="3"))
        assert full.value.retry_after_s > 0
    async with queue_of(store, per_minute=1) as queue:
        await queue.submit(Task(prompt="4", tenant="t", task_id="t4", privacy=Privacy.PUBLIC))
        with pytest.raises(QueueFull, match="tenant 't'") as limited:
            await queue.submit(Task(prompt="5", tenant="t"))
        assert 0 < limited.value.retry_after_s <= 60
        await queue.submit(Task(prompt="6", tenant="u"))


async def test_a_delayed_task_waits_and_an_expired_one_is_not_run(
    store: Store, tmp_path: Path
) -> None:
    async with queue_of(store) as queue:
        began = time.monotonic()
        late = await queue.submit(Task(prompt=ROUTINE), delay_s=0.6)
        gone = await queue.submit(Task(prompt=ROUTINE), expires_s=0.01)
        await asyncio.sleep(0.05)
        async with working(store, tmp_path, queue):
            with pytest.raises(TaskError, match="expired: nobody began it in time"):
                await gone.result(10)
            assert (await late.result(10)).status == "done"
    assert time.monotonic() - began > 0.55


async def test_waiting_and_running_tasks_are_cancelled(store: Store, tmp_path: Path) -> None:
    slow = [{"reply": "word " * 500, "tokens_per_s": 20}]
    async with queue_of(store) as queue:
        waits = await queue.submit(Task(prompt=ROUTINE))
        assert await waits.cancel()
        async with working(store, tmp_path, queue, slow):
            runs = await queue.submit(Task(prompt=ROUTINE))
            await wait_until(
                lambda: is_state(queue, runs.task_id, "running"), "the task to run", 10
            )
            assert await runs.cancel()
            with pytest.raises(TaskError, match="cancelled"):
                await runs.result(10)
        assert (await waits.status()).state == "cancelled"
        assert not await waits.cancel()


async def is_state(queue: TaskQueue, task_id: str, state: str) -> bool:
    return (await queue.status(task_id)).state == state


async def test_a_failure_that_may_pass_is_tried_again_and_then_told(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.consumer.worker._BACKOFF_S", 0.05)
    failing = [{"fail": "unavailable"}]
    async with queue_of(store, retries=2) as queue, working(store, tmp_path, queue, failing):
        handle = await queue.submit(Task(prompt=ROUTINE, privacy=Privacy.LOCAL_ONLY))
        result = await handle.result(15)
        status = await handle.status()
    assert result.status == "failed"
    assert (status.state, status.runs, status.failures) == ("failed", 3, 2)


async def test_a_task_that_kills_its_workers_is_set_aside(store: Store) -> None:
    async with queue_of(store, most_runs=3) as queue:
        handle = await queue.submit(Task(prompt=ROUTINE))
        for _ in range(3):
            assert await queue.work.claim("general", "the same ticket", "dies") is not None
        assert await queue.work.claim("general", "the same ticket", "dies") is None
        dead = await queue.dead()
        assert [(one.task_id, one.error) for one in dead] == [
            (handle.task_id, "3 workers ended while they ran it")
        ]
        assert await queue.retry(handle.task_id)
        assert await queue.dead() == []
        again = await queue.work.claim("general", "another ticket", "lives")
        assert again is not None
        assert again.run == 1


async def test_a_worker_that_lost_its_lease_discards_its_result(store: Store) -> None:
    async with queue_of(store) as queue:
        handle = await queue.submit(Task(prompt=ROUTINE))
        stale = await queue.work.claim("general", "ticket", "slow")
        fresh = await queue.work.claim("general", "ticket", "quick")
        assert stale is not None
        assert fresh is not None
        assert await queue.work.renew(stale) == "lost"
        assert await queue.work.renew(fresh) == ""
        assert not await queue.work.finish(stale, "done")
        assert not await queue.work.hand_back(stale)
        assert await queue.work.finish(fresh, "failed", error="x")
        assert not await queue.work.finish(fresh, "done")
        assert (await handle.status()).state == "failed"


BOMB = "/tmp/edgeward-bomb-went-off"


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return (open, (BOMB, "w"))


def _went_off() -> bool:
    return os.path.exists(BOMB)


def _defuse() -> None:
    if _went_off():
        os.remove(BOMB)


@pytest.mark.parametrize(
    "entry",
    [
        {
            "key": "k",
            "when": "2026-01-01T00:00:00+00:00",
            "function": "edgeward_ticket",
            "args": pickle.dumps((Bomb(),)),
            "kwargs": pickle.dumps({}),
            "attempt": "1",
        },
        {"hello": "world"},
        {
            "key": "k2",
            "when": "never",
            "function": "os.system",
            "args": "[]",
            "kwargs": "{}",
            "attempt": "one",
        },
        {
            "key": b"\xff",
            "when": "",
            "function": b"\x00",
            "args": b"\x80",
            "kwargs": "",
            "attempt": "",
        },
    ],
    ids=["pickle", "stranger", "function", "bytes"],
)
async def test_what_nobody_of_us_sent_is_set_aside_and_never_loaded(
    store: Store, tmp_path: Path, entry: dict[Any, Any]
) -> None:
    _defuse()
    async with queue_of(store) as queue, working(store, tmp_path, queue):
        first = await queue.submit(Task(prompt=ROUTINE))
        assert (await first.result(10)).status == "done"
        await store.redis.xadd(queue.work.delivery("general").stream_key, entry)
        after = await queue.submit(Task(prompt=ROUTINE))
        assert (await after.result(20)).status == "done"

        async def aside() -> bool:
            return bool(await queue.dead())

        await wait_until(aside, "the entry to be set aside", 10)
        (dead,) = await queue.dead()
        assert dead.error.startswith("a foreign entry")
    assert not _went_off()


async def test_a_payload_that_is_no_task_is_dead_and_the_next_one_runs(
    store: Store, tmp_path: Path
) -> None:
    async with queue_of(store) as queue:
        bad = await queue.submit(Task(prompt=ROUTINE))
        newer = await queue.submit(Task(prompt=ROUTINE))
        prefix = store.keys.of("queue", "task")
        await store.redis.hset(f"{prefix}:{bad.task_id}", "task", pickle.dumps(Bomb()))
        await store.redis.hset(
            f"{prefix}:{newer.task_id}", "task", json.dumps({"v": 99, "task": {}})
        )
        good = await queue.submit(Task(prompt=ROUTINE))
        async with working(store, tmp_path, queue):
            assert (await good.result(10)).status == "done"
            with pytest.raises(TaskError, match="dead: it cannot be read as a task"):
                await bad.result(10)
            with pytest.raises(TaskError, match="its version is 99, this worker reads 1"):
                await newer.result(10)


async def test_a_worker_told_to_end_hands_back_what_it_cannot_finish(
    store: Store, tmp_path: Path
) -> None:
    slow = [{"reply": "word " * 300, "tokens_per_s": 20}]
    async with queue_of(store, drain_s=0.2) as queue:
        async with working(store, tmp_path, queue, slow):
            handle = await queue.submit(Task(prompt=ROUTINE))
            await wait_until(
                lambda: is_state(queue, handle.task_id, "running"), "the task to run", 10
            )
        assert (await handle.status()).state == "queued"
        async with working(store, tmp_path, queue):
            assert (await handle.result(10)).text == "hello there"


async def test_a_ticket_lost_with_its_submitter_is_made_up_for(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with queue_of(store) as queue:
        with monkeypatch.context() as patched:

            async def died(*_: Any) -> None:
                raise ConnectionError("the submitter died")

            patched.setattr(queue.work.delivery("general"), "ticket", died)
            with pytest.raises(StoreUnavailable, match="the submitter died"):
                await queue.submit(Task(prompt=ROUTINE, task_id="orphan"))
        async with working(store, tmp_path, queue):
            assert (await queue.handle("orphan").result(15)).status == "done"


async def test_a_task_in_nobodys_hand_any_more_waits_again(store: Store) -> None:
    async with queue_of(store, lease_s=2.0) as queue:
        handle = await queue.submit(Task(prompt=ROUTINE))
        held = await queue.work.claim("general", "spent without an end", "gone")
        assert held is not None
        assert await queue.work.mend("general") == 0
        await asyncio.sleep(1.1)
        assert await queue.work.renew(held) == ""
        await asyncio.sleep(1.1)
        await queue.work.mend("general")
        assert (await handle.status()).state == "running", "it gave a sign of life"
        await asyncio.sleep(2.1)
        assert await queue.work.mend("general") == 1
        assert (await handle.status()).state == "queued"
        assert await queue.work.renew(held) == "lost"


async def test_private_text_does_not_wait_in_a_redis_elsewhere(store: Store) -> None:
    remote = replace(store, local=False)
    async with queue_of(remote) as queue:
        with pytest.raises(TaskError, match="local_only, and the queue is in"):
            await queue.submit(Task(prompt="x", privacy=Privacy.LOCAL_ONLY))


async def test_workers_are_seen_while_they_are_there(store: Store, tmp_path: Path) -> None:
    async with queue_of(store) as queue:
        async with working(store, tmp_path, queue, name="one", slots=3):

            async def seen() -> bool:
                return [one["name"] for one in await queue.workers()] == ["one"]

            await wait_until(seen, "the worker to be seen", 10)
            (worker,) = await queue.workers()
            assert (worker["slots"], worker["roles"]) == (3, ["general", "coder"])
        assert await queue.workers() == []


async def test_nothing_is_left_of_tasks_that_are_forgotten(store: Store, tmp_path: Path) -> None:
    async with queue_of(store, keep_hours=0.0005) as queue:
        async with working(store, tmp_path, queue):
            for handle in await queue.submit_many([Task(prompt=ROUTINE) for _ in range(20)]):
                await handle.result(20)

        async def forgotten() -> bool:
            pattern = f"{store.keys.of('queue')}:*"
            keys = [key async for key in store.redis.scan_iter(match=pattern)]
            return all(b":tenants:" in key for key in keys)

        await wait_until(forgotten, "the keys to expire", 15)

        async def owned() -> bool:
            mine = f"{store.keys.namespace}-queue-*:runs:*"
            runs = [key async for key in store.redis.scan_iter(match=mine)]
            return all([0 < await store.redis.ttl(key) <= 120 for key in runs])

        await wait_until(owned, "every ticket to have an end", 15)
