"""What the queue itself costs: no-op tasks through submit, work and result, beside bare streams.

    python tests/benchmarks/queue_speed.py [--n 2000] [--rounds 3]

One process, one real Redis, alternated rounds. "Bare" is what the least code does with redis-py:
XADD, XREADGROUP, a result to wait for, XACK and XDEL, without leases, order, events or records.
taskiq and dramatiq are measured where they are installed, which the project itself does not do.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import structlog

from graphs.events import Finished
from router.queue.task_queue import TaskQueue
from router.settings.queue import QueueSettings
from router.store.store import Store, open_store
from router.types.decision import Guess, Kind, RouteDecision
from router.types.result import Result
from router.types.task import Task
from workers.consumer.worker import Worker

SLOTS = 16


class Nothing:
    """Stands where a Router does, and answers at once."""

    async def stream(self, task: Task) -> AsyncIterator[Finished]:
        yield Finished(
            Result(
                task_id=task.task_id,
                status="done",
                text="",
                route="local",
                reason="",
                guess=Guess(kind=Kind.WRITING, confidence=1.0, language="en"),
                decision=RouteDecision(route="local", agent=None, reason=""),
            )
        )

    def lanes(self) -> tuple[()]:
        return ()


async def ours(store: Store, count: int) -> tuple[float, list[float]]:
    """Tasks a second, and the seconds of single ones from submit to result."""
    async with TaskQueue(store, QueueSettings(), lambda _: "general") as queue:
        stop = asyncio.Event()
        nothing: Any = Nothing()
        worker = Worker(router=nothing, queue=queue, roles=["general"], slots=SLOTS)
        running = asyncio.create_task(worker.run(stop))
        began = time.monotonic()
        handles = await queue.submit_many([Task(prompt="x") for _ in range(count)])
        await asyncio.gather(*(handle.result(120) for handle in handles))
        rate = count / (time.monotonic() - began)
        single = []
        for _ in range(60):
            began = time.monotonic()
            await (await queue.submit(Task(prompt="x"))).result(10)
            single.append(time.monotonic() - began)
        stop.set()
        await running
    return rate, single


async def bare(store: Store, count: int) -> tuple[float, list[float]]:
    redis, stream = store.redis, f"bare-{uuid.uuid4().hex}"
    await redis.xgroup_create(stream, "g", mkstream=True)

    async def work() -> None:
        while True:
            read: Any = await redis.xreadgroup("g", "c", {stream: ">"}, count=SLOTS, block=100)
            for entry_id, fields in read[0][1] if read else ():
                async with redis.pipeline(transaction=False) as pipe:
                    pipe.rpush(f"{stream}:{fields[b'id'].decode()}", json.dumps({"done": True}))
                    pipe.xack(stream, "g", entry_id)
                    pipe.xdel(stream, entry_id)
                    await pipe.execute()

    async def one() -> None:
        name = uuid.uuid4().hex
        await redis.xadd(stream, {"id": name, "task": Task(prompt="x").model_dump_json()})
        await redis.blpop(f"{stream}:{name}", timeout=60)

    running = asyncio.create_task(work())
    found = await _timed(one, count)
    running.cancel()
    return found


async def with_taskiq(store: Store, count: int) -> tuple[float, list[float]]:
    from taskiq.api import run_receiver_task
    from taskiq_redis import RedisAsyncResultBackend, RedisStreamBroker

    name = f"taskiq-{uuid.uuid4().hex}"
    results: Any = RedisAsyncResultBackend(store.url, result_ex_time=60)
    broker = RedisStreamBroker(store.url, queue_name=name).with_result_backend(results)

    @broker.task(task_name=name)
    async def nothing(text: str) -> None:
        return None

    broker.is_worker_process = True
    await broker.startup()
    running = asyncio.create_task(run_receiver_task(broker, max_async_tasks=SLOTS))

    async def one() -> None:
        sent = await nothing.kiq(Task(prompt="x").model_dump_json())
        await sent.wait_result(check_interval=0.005, timeout=60)

    found = await _timed(one, count)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await broker.shutdown()
    return found


async def with_dramatiq(store: Store, count: int) -> tuple[float, list[float]]:
    import dramatiq
    from dramatiq.brokers.redis import RedisBroker
    from dramatiq.results import Results
    from dramatiq.results.backends import RedisBackend

    broker = RedisBroker(url=store.url, namespace=f"dramatiq-{uuid.uuid4().hex}")
    broker.add_middleware(Results(backend=RedisBackend(url=store.url)))
    dramatiq.set_broker(broker)

    @dramatiq.actor(broker=broker, store_results=True)
    def nothing(text: str) -> str:
        return ""

    worker = dramatiq.Worker(broker, worker_threads=SLOTS)
    worker.start()

    def ask() -> None:
        sent = nothing.send(Task(prompt="x").model_dump_json())
        sent.get_result(block=True, timeout=60_000)

    async def one() -> None:
        await asyncio.to_thread(ask)

    found = await _timed(one, count)
    await asyncio.to_thread(worker.stop)
    broker.close()
    return found


async def _timed(one: Callable[[], Awaitable[None]], count: int) -> tuple[float, list[float]]:
    """Tasks a second, so many at a time; then the seconds of single ones."""
    gate = asyncio.Semaphore(SLOTS)

    async def bounded() -> None:
        async with gate:
            await one()

    await one()
    began = time.monotonic()
    await asyncio.gather(*(bounded() for _ in range(count)))
    rate = count / (time.monotonic() - began)
    single = []
    for _ in range(60):
        began = time.monotonic()
        await one()
        single.append(time.monotonic() - began)
    return rate, single


def installed() -> dict[str, Callable[[Store, int], Awaitable[tuple[float, list[float]]]]]:
    ways: dict[str, Any] = {"bare": bare, "ours": ours}
    others = {"taskiq": with_taskiq, "dramatiq": with_dramatiq}
    ways |= {name: way for name, way in others.items() if importlib.util.find_spec(name)}
    return ways


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    ways = installed()
    found: dict[str, list[tuple[float, list[float]]]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory(prefix="edgeward-", dir="/tmp") as home:
        async with await open_store(home=Path(home), namespace="bench") as store:
            for _ in range(arguments.rounds):
                for name, way in ways.items():
                    found[name].append(await way(store, arguments.n))
    base = statistics.median(rate for rate, _ in found["bare"])
    print("| | tasks a second | of bare | submit to result p50 | p99 |\n|---|---|---|---|---|")
    for name, rounds in found.items():
        rate = statistics.median(rate for rate, _ in rounds)
        single = sorted(one for _, times in rounds for one in times)
        p50, p99 = single[len(single) // 2], single[int(len(single) * 0.99)]
        print(
            f"| {name} | {rate:,.0f} | {rate / base:.2f} | {p50 * 1000:.1f} ms | "
            f"{p99 * 1000:.1f} ms |"
        )


if __name__ == "__main__":
    asyncio.run(main())
