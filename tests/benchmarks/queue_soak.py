"""A day's work in short: do Redis and the worker hold as much at the end as at the beginning?

    python tests/benchmarks/queue_soak.py [--n 200000]

No-op tasks through one worker; results are kept for ten seconds. Measured once everything that is
to be forgotten has been: Redis' memory and keys before and after, the worker's memory on the way.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import structlog
from queue_speed import Nothing

from router.queue.task_queue import TaskQueue
from router.settings.queue import QueueSettings
from router.store.store import Store, open_store
from router.types.task import Task
from workers.consumer.worker import Worker

KEEP_S = 10.0
BATCH = 1000


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


async def standing(store: Store) -> tuple[float, int]:
    """Redis' memory in MiB and its keys, once both have come to rest."""
    before = -1
    while True:
        info: Any = await store.redis.info("memory")
        keys: Any = await store.redis.dbsize()
        if keys == before:
            return info["used_memory"] / 2**20, keys
        before = keys
        await asyncio.sleep(20)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=200_000)
    count = parser.parse_args().n
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    settings = QueueSettings(keep_hours=KEEP_S / 3600)
    with tempfile.TemporaryDirectory(prefix="edgeward-", dir="/tmp") as home:
        async with (
            await open_store(home=Path(home), namespace="soak") as store,
            TaskQueue(store, settings, lambda _: "general") as queue,
        ):
            stop = asyncio.Event()
            nothing: Any = Nothing()
            worker = Worker(router=nothing, queue=queue, roles=["general"], slots=16)
            running = asyncio.create_task(worker.run(stop))

            async def batch(size: int) -> None:
                handles = await queue.submit_many([Task(prompt="x") for _ in range(size)])
                await asyncio.gather(*(handle.result(300) for handle in handles))

            await batch(5 * BATCH)
            first, began = await standing(store), time.monotonic()
            memory = [resident_mib()]
            for done in range(0, count, BATCH):
                await batch(min(BATCH, count - done))
                if done % (count // 10 or 1) < BATCH:
                    memory.append(resident_mib())
            seconds = time.monotonic() - began
            last = await standing(store)
            stop.set()
            await running
    print("| what | at the beginning | at the end |\n|---|---|---|")
    print(f"| Redis' keys | {first[1]} | {last[1]} |")
    print(f"| Redis' memory, MiB | {first[0]:.2f} | {last[0]:.2f} |")
    print(f"| the worker's memory, MiB | {memory[0]:.0f} | {memory[-1]:.0f} |")
    print(f"\n{count:,} tasks in {seconds:.0f} s; the worker's memory on the way: "
          f"{', '.join(f'{one:.0f}' for one in memory)} MiB.")  # fmt: skip


if __name__ == "__main__":
    asyncio.run(main())
