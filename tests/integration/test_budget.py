"""Budgets on a real Redis: reserved before, settled after, and never overspent."""

from __future__ import annotations

import asyncio
import io
import time
from pathlib import Path

import pytest
from rich.console import Console
from scripted_router import scripted_router
from waiting import bounded, wait_until

from graphs.app import Router
from graphs.events import Event, Token
from router.account import open_calls
from router.account.budget import NANO, Budget
from router.errors import BudgetExceeded, ConfigError
from router.settings.budget import BudgetSettings
from router.settings.settings import Settings
from router.store.store import Store
from router.types.decision import EscalationReason
from router.types.result import CloudState
from router.types.task import Privacy, Task
from workers.commands.report import collect, report_view

COMPLEX = (
    "Prove step by step that there are infinitely many primes of the form 4k+3, then compare two "
    "alternative proofs and discuss their trade-offs."
)
ROUTINE = "Extract the order number from: order A-17 was late."


def budget(store: Store, **limits: object) -> Budget:
    return Budget(store, BudgetSettings.model_validate(limits))


async def figures(store: Store, one: Budget, task: Task) -> dict[str, tuple[float, float]]:
    """Dollars spent and reserved of each scope."""
    found = {}
    for scope in one.scopes(task):
        spent, reserved = await store.redis.hmget(scope.key, "spent", "reserved")
        found[scope.name] = int(spent or 0) / NANO, int(reserved or 0) / NANO
    return found


async def test_money_is_set_aside_in_every_scope_and_settled_with_what_it_cost(
    store: Store,
) -> None:
    one = budget(store, day_usd=1.0, month_usd=10.0, session_usd=0.5, tags_usd={"blog": 2.0})
    task = Task(prompt="x", session="s", tags=("blog", "other"))

    held = await one.reserve(task, 0.2)
    assert set((await figures(store, one, task)).values()) == {(0.0, 0.2)}
    await one.settle(held, 0.05)
    await one.settle(held, 0.05)

    after = await figures(store, one, task)
    assert set(after) == {"the day", "the month", "the session", "the tag 'blog' in the month"}
    assert set(after.values()) == {(0.05, 0.0)}, "the second settling did nothing"


async def test_what_is_not_left_is_refused_with_the_figures_and_nothing_is_set_aside(
    store: Store,
) -> None:
    one = budget(store, day_usd=1.0, task_usd=0.3)
    task = Task(prompt="x")
    await one.settle(await one.reserve(task, 0.25), 0.25)

    with pytest.raises(BudgetExceeded, match=r"budget of the task is \$0\.3000, \$0\.2500") as no:
        await one.reserve(task, 0.1)

    assert no.value.scope == "the task"
    assert (await figures(store, one, task))["the day"] == (0.25, 0.0)
    await one.reserve(Task(prompt="another"), 0.1)


async def test_each_session_tag_and_day_has_its_own(store: Store) -> None:
    one = budget(store, session_usd=0.1, tags_usd={"a": 0.1}, day_usd=100.0)
    await one.reserve(Task(prompt="x", session="one", tags=("a",)), 0.1)
    await one.reserve(Task(prompt="x", session="two"), 0.1)
    with pytest.raises(BudgetExceeded, match="the tag 'a'"):
        await one.reserve(Task(prompt="x", tags=("a",)), 0.01)
    today = one.scopes(Task(prompt="x"), now=86_400 * 20_000)
    tomorrow = one.scopes(Task(prompt="x"), now=86_400 * 20_001)
    assert today[0].key != tomorrow[0].key


async def test_without_a_limit_nothing_is_asked_of_redis(store: Store) -> None:
    one = budget(store)
    held = await one.reserve(Task(prompt="x", session="s", tags=("t",)), 1000.0)
    await one.settle(held, 1.0)
    assert await store.redis.exists(store.keys.reservations()) == 0
    assert await one.statuses(Task(prompt="x")) == ()


async def test_what_was_reserved_and_not_sent_is_free_again_in_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = budget(store, day_usd=1.0)
    task = Task(prompt="x")
    monkeypatch.setattr(open_calls, "_SPARE_S", 0.0)
    await one.reserve(task, 0.4, deadline=time.monotonic())

    await one.settle(await one.reserve(task, 0.1), 0.1)

    assert (await figures(store, one, task))["the day"] == (0.1, 0.0)
    assert await store.redis.zcard(store.keys.reservations()) == 0


async def test_money_that_is_only_reserved_is_waited_for(store: Store) -> None:
    one = budget(store, day_usd=1.0)
    task = Task(prompt="x")
    held = await one.reserve(task, 0.9)
    waiting = asyncio.create_task(one.reserve(task, 0.5, wait_s=60.0))
    done, _ = await asyncio.wait([waiting], timeout=0.1)
    assert not done
    await one.settle(held, 0.2)
    assert (await waiting).amount_usd == 0.5

    with bounded("what is spent, which does not come back,"), pytest.raises(BudgetExceeded):
        await one.reserve(task, 0.9, wait_s=60.0)


async def test_figures_do_not_stay_for_ever(store: Store) -> None:
    one = budget(store, day_usd=1.0, month_usd=1.0, task_usd=1.0)
    task = Task(prompt="x")
    await one.settle(await one.reserve(task, 0.1), 0.1)
    for scope in one.scopes(task):
        assert 0 < await store.redis.ttl(scope.key) <= 93 * 86_400


async def test_many_at_once_never_take_more_than_there_is(store: Store) -> None:
    one = budget(store, day_usd=1.0)

    async def ask() -> bool:
        try:
            held = await one.reserve(Task(prompt="x"), 0.02)
        except BudgetExceeded:
            return False
        await asyncio.sleep(0.001)
        await one.settle(held, 0.02)
        return True

    granted = await asyncio.gather(*(ask() for _ in range(200)))
    assert sum(granted) == 50
    assert (await figures(store, one, Task(prompt="x")))["the day"] == (1.0, 0.0)


async def test_200_tasks_against_a_budget_for_50_overspend_nothing_and_lose_none(
    store: Store, tmp_path: Path
) -> None:
    async with scripted_router(
        store, tmp_path, local=[{"reply": "A-17"}], cloud=[{"reply": "from the cloud"}]
    ) as free:
        one = await free.run(Task(prompt=COMPLEX))
    assert one.cost_usd
    limit = 50 * one.cost_usd
    async with scripted_router(
        store,
        tmp_path,
        local=[{"reply": "A-17"}],
        cloud=[{"reply": "from the cloud", "delay_s": 0.01}],
        budget={"day_usd": limit, "careful_from": 1.0},
        memory={"cache": False},
    ) as router:
        results = await asyncio.gather(
            *(router.run(Task(prompt=COMPLEX, max_tokens=8)) for _ in range(200))
        )
        spent = sum(result.cost_usd or 0.0 for result in results)
        again = await router.run(Task(prompt=ROUTINE))

    done = [result for result in results if result.route == "cloud"]
    parked = [result for result in results if result.cloud is CloudState.NO_BUDGET]
    assert len(done) + len(parked) == 200
    assert spent <= limit + 1e-9
    assert len(done) >= 45, "the last few do not fit as an upper bound"
    assert all("budget of the day" in result.reason for result in parked)
    assert all(result.degraded and result.in_outbox for result in parked), "local work goes on"
    assert (again.status, again.route) == ("done", "local"), "local work goes on"


async def test_a_used_up_budget_parks_what_needs_the_cloud_and_asks_nobody(
    store: Store, tmp_path: Path
) -> None:
    async with scripted_router(
        store, tmp_path, local=[{"reply": ""}], cloud=[{"reply": "x"}], budget={"day_usd": 0.0}
    ) as router:
        complex_one = await router.run(Task(prompt=COMPLEX))
        weak = await router.run(Task(prompt=ROUTINE))
        private = await router.run(Task(prompt=ROUTINE, privacy=Privacy.LOCAL_ONLY))

    assert (complex_one.status, weak.status) == ("parked", "parked")
    assert "the budget of the day, $0.00, is used up" in complex_one.reason
    assert "is used up" in weak.reason
    assert private.status == "failed"
    assert all(attempt.route == "local" for one in (complex_one, weak) for attempt in one.attempts)


async def test_near_the_limit_only_what_gains_more_goes_to_the_cloud(
    store: Store, tmp_path: Path
) -> None:
    prompt = "What is the capital of Australia?"
    async with scripted_router(
        store,
        tmp_path,
        local=[{"reply": "Canberra"}],
        cloud=[{"reply": "Canberra"}],
        budget={"day_usd": 1.0},
        memory={"cache": False},
    ) as router:
        before = await router.run(Task(prompt=prompt))
        one = budget(store, day_usd=1.0)
        held = await one.reserve(Task(prompt="x"), 0.85)
        await one.settle(held, 0.85)
        after = await router.run(Task(prompt=prompt))

    assert before.decision.escalation is EscalationReason.COMPLEX
    assert (before.route, after.route) == ("cloud", "local")


async def test_an_answer_that_broke_off_is_counted(store: Store, tmp_path: Path) -> None:
    slow = [{"reply": "word " * 200, "tokens_per_s": 50}]
    async with scripted_router(
        store, tmp_path, local=[{"reply": "x"}], cloud=slow, budget={"day_usd": 1.0}
    ) as router:
        result = await router.run(Task(prompt=COMPLEX, timeout_s=0.6))
        (attempt,) = result.attempts
        assert (attempt.outcome, attempt.route) == ("failed", "cloud")
        assert attempt.usage.cost_usd
        spent = (await figures(store, budget(store, day_usd=1.0), Task(prompt="x")))["the day"]
    assert spent == pytest.approx((attempt.usage.cost_usd, 0.0))


async def test_a_cancelled_run_settles_too(store: Store, tmp_path: Path) -> None:
    slow = [{"reply": "word " * 500, "tokens_per_s": 20}]
    async with scripted_router(
        store, tmp_path, local=[{"reply": "x"}], cloud=slow, budget={"day_usd": 1.0}
    ) as router:
        events: list[Event] = []
        running = asyncio.create_task(router.run(Task(prompt=COMPLEX), emit=events.append))
        await wait_until(lambda: any(isinstance(one, Token) for one in events), "a first word")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        spent, reserved = (await figures(store, budget(store, day_usd=1.0), Task(prompt="x")))[
            "the day"
        ]
    assert reserved == 0.0
    assert spent > 0.0


async def test_a_budget_without_a_price_is_refused_before_the_first_task(tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {
            "cloud": {"url": "http://127.0.0.1:9/v1", "model": "homemade-3b", "api_key": "k"},
            "budget": {"day_usd": 1.0},
        }
    )
    with pytest.raises(ConfigError, match=r"no price of openai/homemade-3b is known"):
        async with Router.open(settings, env={}):
            pass


async def test_the_report_shows_how_the_budgets_stand(store: Store, tmp_path: Path) -> None:
    limits = {"day_usd": 1.0, "month_usd": 20.0, "tags_usd": {"blog": 2.0}}
    async with scripted_router(
        store, tmp_path, local=[{"reply": "x"}], cloud=[{"reply": "y"}], budget=limits
    ) as router:
        await router.run(Task(prompt=COMPLEX, tags=("blog",)))
        report = await collect(router.settings, None)
    assert [one.name for one in report.budgets] == [
        "the day",
        "the tag 'blog' in the month",
        "the month",
    ]
    assert report.budgets[0].taken_usd == pytest.approx(report.spent_usd)
    console = Console(file=io.StringIO(), width=80)
    console.print(report_view(report))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "the tag 'blog' in the month" in shown
    assert "$20.0000" in shown
