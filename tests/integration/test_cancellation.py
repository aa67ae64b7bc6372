"""A cancel is a cancel: whenever it comes, the run ends, and not as done."""

from __future__ import annotations

import asyncio
from pathlib import Path

from scripted_router import scripted_router

from graphs.app import Router
from router.store.store import Store
from router.types.task import Task

LOCAL = [{"reply": "It is noted."}]
CLOUD = [{"reply": "The cloud has noted it."}]
STEPS = 2000
"""More turns of the event loop than any run of these takes."""


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def cancelled_after(router: Router, task: Task, count: int) -> bool | None:
    """Whether the run ended as cancelled; None where it had ended before."""
    running = asyncio.create_task(router.run(task))
    await turns(count)
    if running.done():
        return None
    running.cancel()
    async with asyncio.timeout(30):
        await asyncio.wait([running])
    return running.cancelled()


async def sweep(router: Router, **fields: object) -> list[int]:
    """The turns after which a cancel was not one; each run is cancelled one turn later."""
    missed: list[int] = []
    for count in range(STEPS):
        task = Task(prompt=f"Note this down, please: number {count}.", **fields)
        match await cancelled_after(router, task, count):
            case None:
                assert count > 20, "the runs ended too early to be cancelled anywhere"
                return missed
            case False:
                missed.append(count)
    raise AssertionError(f"a run takes more than {STEPS} turns of the event loop")


async def test_a_run_is_cancelled_at_whatever_turn_of_the_event_loop(
    store: Store, tmp_path: Path
) -> None:
    async with scripted_router(store, tmp_path, local=LOCAL, cloud=CLOUD) as router:
        assert await sweep(router) == []


async def test_a_run_with_a_session_and_a_budget_is_cancelled_too(
    store: Store, tmp_path: Path
) -> None:
    async with scripted_router(
        store, tmp_path, local=LOCAL, cloud=CLOUD, budget={"day_usd": 5.0}
    ) as router:
        assert await sweep(router, session="s") == []


async def test_a_time_limit_around_a_run_is_kept(store: Store, tmp_path: Path) -> None:
    """`asyncio.timeout` is a cancel; one that is lost lets the run go on past its limit."""
    ended_late = 0
    async with scripted_router(store, tmp_path, local=LOCAL, cloud=CLOUD) as router:
        for count in range(100):
            try:
                async with asyncio.timeout(0.0002 * count) as limit:
                    await router.run(Task(prompt=f"Note this down, please: number {count}."))
                    ended_late += limit.expired()
            except TimeoutError:
                continue
    assert ended_late == 0
