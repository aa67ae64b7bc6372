"""Whoever dies, at whichever moment: nothing is paid twice that was kept, and nothing counted that
was not spent. Real processes, killed by SIGKILL in the middle of a run."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from pathlib import Path

import pytest
from paid_router import books_of
from scripted_router import scripted_router

from router.account.budget import Budget
from router.account.open_calls import OpenCalls
from router.account.records import AttemptRecord
from router.settings.budget import BudgetSettings
from router.settings.settings import Settings
from router.store.store import Store
from router.types.decision import Kind
from router.types.task import Task

COMPLEX = (
    "Prove step by step that there are infinitely many primes of the form 4k+3, then compare two "
    "alternative proofs and discuss their trade-offs."
)

VICTIM = """
import asyncio, json, os, signal, sys

from graphs.app import Router
from router.account.idempotency import PaidCalls
from router.account.ledger import Ledger
from router.account.open_calls import OpenCalls
from router.settings.settings import Settings
from router.types.task import Task


def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)


def at(kind, name, *, after):
    real = getattr(kind, name)

    async def fatal(*given, **named):
        if not after:
            die()
        await real(*given, **named)
        die()

    setattr(kind, name, fatal)


settings, prompt, task_id, moment = json.loads(sys.argv[1])
{
    "reserved": lambda: at(OpenCalls, "reserve", after=True),
    "sent": lambda: at(OpenCalls, "sent", after=True),
    "answered": lambda: at(PaidCalls, "finish", after=False),
    "kept": lambda: at(PaidCalls, "finish", after=True),
    "booked": lambda: at(Ledger, "record", after=True),
}[moment]()


async def main():
    async with Router.open(Settings.model_validate(settings), env={}) as router:
        await router.run(Task(prompt=prompt, task_id=task_id))


asyncio.run(main())
"""


async def killed(settings: Settings, task_id: str, moment: str) -> None:
    """A process that runs the task and dies at that moment."""
    given = json.dumps([settings.model_dump(mode="json"), COMPLEX, task_id, moment])
    victim = await asyncio.create_subprocess_exec(sys.executable, "-c", VICTIM, given)
    assert await victim.wait() == -signal.SIGKILL


@pytest.mark.parametrize(
    ("moment", "found", "estimated", "paid_again"),
    [
        ("reserved", 0, 0, True),
        ("sent", 1, 1, True),
        ("answered", 1, 1, True),
        ("kept", 1, 0, False),
        ("booked", 1, 0, False),
    ],
)
async def test_a_kill_at_any_moment_counts_what_was_spent_and_pays_nothing_twice(
    store: Store, tmp_path: Path, moment: str, found: int, estimated: int, paid_again: bool
) -> None:
    async with scripted_router(
        store,
        tmp_path,
        local=[{"reply": "x"}],
        cloud=[{"reply": "from the cloud"}],
        budget={"day_usd": 1.0},
        memory={"cache": False},
    ) as router:
        await killed(router.settings, "t", moment)
        before = await books_of(router)
        assert before.agree, before
        assert (len(before.attempts), before.open_calls) == (found, 0)
        assert sum(one.estimated for one in before.attempts) == estimated
        assert (before.account_usd > 0) is bool(found)

        result = await router.run(Task(prompt=COMPLEX, task_id="t"))
        after = await books_of(router)
    assert result.text == "from the cloud"
    assert bool(result.cost_usd) is paid_again
    assert after.agree, after
    assert after.account_usd - before.account_usd == pytest.approx(result.cost_usd)
    assert after.open_calls == 0


async def test_what_a_killed_process_reserved_is_free_for_the_next_reservation(
    store: Store, tmp_path: Path
) -> None:
    async with scripted_router(
        store, tmp_path, local=[{"reply": "x"}], cloud=[{"reply": "y"}], budget={"day_usd": 0.01}
    ) as router:
        await killed(router.settings, "t", "reserved")
    one = Budget(store, BudgetSettings(day_usd=0.01))
    held = await one.reserve(Task(prompt="x"), 0.01)
    assert held.amount_usd == 0.01, "the whole budget is there"


async def test_the_dead_are_booked_once_however_many_look(store: Store, tmp_path: Path) -> None:
    async with scripted_router(
        store, tmp_path, local=[{"reply": "x"}], cloud=[{"reply": "y"}], budget={"day_usd": 1.0}
    ) as router:
        await killed(router.settings, "t", "sent")
        await asyncio.gather(*(router.book_for_the_dead() for _ in range(8)))
        books = await books_of(router)
    assert len(books.attempts) == 1
    assert books.agree, books


async def test_a_process_that_was_taken_for_dead_and_lives_is_counted_with_what_it_cost(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.account.open_calls._SPARE_S", 0.0)
    calls, one = OpenCalls(store), Budget(store, BudgetSettings(day_usd=1.0))
    task = Task(prompt="x")
    held = await one.reserve(task, 0.5, deadline=time.monotonic())
    await calls.sent(held, record(0.1))
    await calls.settle_for_the_dead()
    (day,) = one.scopes(task)
    assert await store.redis.hmget(day.key, "spent", "reserved") == [b"100000000", b"0"]

    await calls.settle(held, 0.25, record(0.25))

    assert await store.redis.hmget(day.key, "spent", "reserved") == [b"250000000", b"0"]


def record(cost_usd: float) -> AttemptRecord:
    return AttemptRecord(
        task_id="t",
        time=time.time(),
        kind=Kind.UNSURE,
        language="en",
        number=1,
        role="cloud",
        engine="scripted",
        model="m",
        route="cloud",
        outcome="cancelled",
        cost_usd=cost_usd,
        sent=1,
        estimated=True,
    )
