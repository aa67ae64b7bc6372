"""Shadow runs over a real Redis: what they send, cost and find, and that nobody waits for them."""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from scripted_router import PRICE, scripted_router
from waiting import BOUND_S, bounded

from graphs.app import Router
from graphs.run_options import RunOptions
from graphs.shadow import shadow as shadow_module
from graphs.shadow.shadow import drawn
from router.account.hash_chain import Witness
from router.account.ledger import Ledger
from router.account.records import SHADOW_ROLE, AttemptRecord, ShadowRecord, TaskRecord
from router.account.report import build_report
from router.errors import ConfigError
from router.learned.learn import Correction, Learned, learn, place_of
from router.learned.versions import Versions
from router.settings.settings import Settings
from router.store.store import Store, open_store
from router.types.task import Privacy, Task
from workers.commands.prove import prove_store

ROUTINE = "Extract the order number from: order A-17 was late."
WRITING = "Write a short greeting for a friend."
LOCAL = [{"reply": "A-17"}]
SAME = [{"reply": "The order number is A-17."}]
OTHER = [{"reply": "B-99"}]
ALWAYS = {"shadow_rate": 1.0, "shadow_judge": False}


def judge(a: bool, b: bool) -> dict[str, Any]:
    said = f'{{"a": {str(a).lower()}, "b": {str(b).lower()}}}'
    return {"match": "Answer A:", "reply": said}


async def ledger_of(
    store: Store,
) -> tuple[list[AttemptRecord], list[TaskRecord], list[ShadowRecord]]:
    """Attempts of shadows, tasks, and shadows."""
    records = [record async for record in Ledger(store).read()]
    attempts = [one for one in records if isinstance(one, AttemptRecord)]
    return (
        [one for one in attempts if one.role == SHADOW_ROLE],
        [one for one in records if isinstance(one, TaskRecord)],
        [one for one in records if isinstance(one, ShadowRecord)],
    )


async def test_a_local_answer_is_compared_with_the_clouds_and_both_stand_in_the_ledger(
    store: Store, tmp_path: Path
) -> None:
    async with scripted_router(store, tmp_path, local=LOCAL, cloud=SAME, learning=ALWAYS) as router:
        result = await router.run(Task(prompt=ROUTINE, tags=("shop",)))
    assert (result.route, result.text, result.cost_usd) == ("local", "A-17", 0.0)
    (attempt,), (task,), (shadow,) = await ledger_of(store)
    assert (attempt.task_id, attempt.route, attempt.outcome) == (task.task_id, "cloud", "accepted")
    assert (attempt.number, attempt.label, attempt.tags) == (2, "public", ("shop",))
    assert attempt.cost_usd == pytest.approx(
        attempt.prompt_tokens * PRICE[0] + attempt.completion_tokens * PRICE[1]
    )
    assert (task.attempts, task.cost_usd) == (1, 0.0)
    assert (shadow.found, shadow.local_score, shadow.cloud_score) == ("agree", 1.0, 1.0)
    assert (shadow.model, shadow.cloud_model) == (task.model, "scripted-cloud")
    assert shadow.prompt_chars == len(ROUTINE)


async def test_its_cost_is_in_the_report_and_what_it_sent_in_the_proof(
    store: Store, tmp_path: Path
) -> None:
    async with scripted_router(store, tmp_path, local=LOCAL, cloud=SAME, learning=ALWAYS) as router:
        await router.run(Task(prompt=ROUTINE))
        await router.shadows.drain(10)
        await router.run(Task(prompt=f"{ROUTINE} Please.", privacy=Privacy.LOCAL_ONLY))
    (attempt,), _, _ = await ledger_of(store)
    report = build_report([record async for record in Ledger(store).read()])
    assert (report.shadow_attempts, report.shadow_usd) == (1, report.spent_usd)
    assert report.spent_usd == pytest.approx(attempt.cost_usd)
    assert (report.tasks, report.by_route) == (2, {"local": 2})
    proof = await prove_store(store, Witness(tmp_path / "w", "here"), retention_s=86_400)
    assert proof.intact
    rows = {row.label: row for row in proof.labels}
    assert (rows["public"].cloud_attempts, rows["public"].local_attempts) == (1, 1)
    assert (rows["local_only"].cloud_attempts, rows["local_only"].local_attempts) == (0, 1)
    assert "unknown" not in rows


@pytest.mark.parametrize(
    ("cloud", "found", "scores"),
    [
        (OTHER, "differ", (0.0, 1.0)),
        ([{"reply": ""}], "cloud_failed", (None, 0.0)),
        ([{"fail": "unavailable"}], "cloud_failed", (None, 0.0)),
        ([{"reply": "x", "finish_reason": "content_filter"}], "cloud_failed", (None, 0.0)),
    ],
)
async def test_a_comparison_without_a_judge(
    store: Store,
    tmp_path: Path,
    cloud: list[dict[str, Any]],
    found: str,
    scores: tuple[float | None, float],
) -> None:
    async with scripted_router(
        store, tmp_path, local=LOCAL, cloud=cloud, learning=ALWAYS
    ) as router:
        await router.run(Task(prompt=ROUTINE))
    _, _, (shadow,) = await ledger_of(store)
    assert (shadow.found, (shadow.local_score, shadow.cloud_score)) == (found, scores)


async def test_a_judge_is_asked_where_answers_differ_and_is_not_told_whose_is_whose(
    store: Store, tmp_path: Path
) -> None:
    cloud = [judge(True, False), {"reply": "Dear friend, good morning to you and yours."}]
    local = [{"reply": "Hello, how have you been all this time, dear old friend of mine?"}]
    learning = {"shadow_rate": 1.0}
    async with scripted_router(
        store, tmp_path, local=local, cloud=cloud, learning=learning, memory={"cache": False}
    ) as router:
        for number in range(12):
            await router.run(Task(prompt=WRITING, task_id=f"t{number}"))
            await router.shadows.drain(10)
    attempts, _, shadows = await ledger_of(store)
    assert len(attempts) == 24
    assert {one.found for one in shadows} == {"judged"}
    said = {(one.local_score, one.cloud_score) for one in shadows}
    assert said == {(1.0, 0.0), (0.0, 1.0)}, "A is now the one, now the other"


async def test_a_judge_who_says_nothing_useful_leaves_it_at_the_comparison(
    store: Store, tmp_path: Path
) -> None:
    cloud = [{"match": "Answer A:", "fail": "rejected"}, *OTHER]
    learning = {"shadow_rate": 1.0}
    async with scripted_router(
        store, tmp_path, local=LOCAL, cloud=cloud, learning=learning
    ) as router:
        await router.run(Task(prompt=ROUTINE))
    attempts, _, (shadow,) = await ledger_of(store)
    assert [one.outcome for one in attempts] == ["accepted", "failed"]
    assert shadow.found == "differ"


async def test_nobody_waits_for_a_shadow_but_who_closes_the_router(
    store: Store, tmp_path: Path
) -> None:
    slow = [{**SAME[0], "delay_s": 1.0}]
    async with scripted_router(store, tmp_path, local=LOCAL, cloud=slow, learning=ALWAYS) as router:
        began = time.monotonic()
        await router.run(Task(prompt=ROUTINE))
        assert (await ledger_of(store))[2] == []
    assert time.monotonic() - began >= 1.0
    assert [one.found for one in (await ledger_of(store))[2]] == ["agree"]


async def test_a_shadow_that_hangs_is_cancelled_and_accounted_when_the_router_closes(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shadow_module, "CLOSE_WAIT_S", 0.2)
    hangs = [{**SAME[0], "delay_s": 60.0}]
    async with scripted_router(
        store, tmp_path, local=LOCAL, cloud=hangs, learning=ALWAYS, budget={"day_usd": 1.0}
    ) as router:
        await router.run(Task(prompt=ROUTINE))
        closes = time.monotonic()
    assert time.monotonic() - closes < BOUND_S
    (attempt,), _, (shadow,) = await ledger_of(store)
    assert (attempt.outcome, shadow.found) == ("cancelled", "interrupted")
    assert (shadow.local_score, shadow.cloud_score) == (None, None)
    assert await store.redis.zcard(store.keys.reservations()) == 0


async def test_a_router_that_ends_by_a_failure_does_not_wait(store: Store, tmp_path: Path) -> None:
    hangs = [{**SAME[0], "delay_s": 60.0}]

    async def fail_after_a_task() -> None:
        async with scripted_router(
            store, tmp_path, local=LOCAL, cloud=hangs, learning=ALWAYS
        ) as router:
            await router.run(Task(prompt=ROUTINE))
            await router.shadows.drain(0.2)
            raise ZeroDivisionError

    with bounded("a router that fails"), pytest.raises(ZeroDivisionError):
        await fail_after_a_task()
    assert [one.found for one in (await ledger_of(store))[2]] == ["interrupted"]


@pytest.mark.parametrize(
    "task",
    [
        Task(prompt=ROUTINE, privacy=Privacy.LOCAL_ONLY),
        Task(prompt=ROUTINE, privacy=Privacy.INTERNAL),
        Task(prompt=f"{ROUTINE} Ask ana@example.com."),
        Task(prompt=f"{ROUTINE} Its key is AKIAJ4KX2P7QWERTY3ZB."),
        Task(prompt=ROUTINE, tools=True),
    ],
    ids=["local_only", "internal", "personal", "secret", "tools"],
)
async def test_what_is_not_plainly_public_has_no_shadow(
    store: Store, tmp_path: Path, task: Task
) -> None:
    async with scripted_router(store, tmp_path, local=LOCAL, cloud=SAME, learning=ALWAYS) as router:
        result = await router.run(task)
    assert result.route == "local"
    attempts, tasks, shadows = await ledger_of(store)
    assert (attempts, len(tasks), shadows) == ([], 1, [])


async def test_a_session_that_saw_something_private_has_no_shadow(
    store: Store, tmp_path: Path
) -> None:
    async with scripted_router(store, tmp_path, local=LOCAL, cloud=SAME, learning=ALWAYS) as router:
        await router.run(Task(prompt=ROUTINE, session="s", privacy=Privacy.LOCAL_ONLY))
        assert (await router.run(Task(prompt=ROUTINE, session="s"))).route == "local"
    assert (await ledger_of(store))[0] == []


async def test_a_caller_who_keeps_a_task_here_keeps_its_shadow_here(
    store: Store, tmp_path: Path
) -> None:
    async with scripted_router(store, tmp_path, local=LOCAL, cloud=SAME, learning=ALWAYS) as router:
        await router.run(Task(prompt=ROUTINE), options=RunOptions(place="local"))
        await router.run(Task(prompt=ROUTINE), options=RunOptions(escalates=False))
    assert (await ledger_of(store))[0] == []


async def test_by_default_there_are_no_shadows(store: Store, tmp_path: Path) -> None:
    async with scripted_router(store, tmp_path, local=LOCAL, cloud=SAME) as router:
        await router.run(Task(prompt=ROUTINE))
    assert (await ledger_of(store))[0] == []


async def test_a_kind_whose_answers_cannot_be_compared_has_none_without_a_judge(
    store: Store, tmp_path: Path
) -> None:
    local = [{"reply": "Hello, how are you?"}]
    async with scripted_router(store, tmp_path, local=local, cloud=SAME, learning=ALWAYS) as router:
        await router.run(Task(prompt=WRITING))
    assert (await ledger_of(store))[0] == []


async def test_chance_is_the_tasks_id_and_hits_the_share_that_is_set(
    store: Store, tmp_path: Path
) -> None:
    ids = [f"task-{number}" for number in range(20_000)]
    chosen = [one for one in ids if drawn(one, 0.02)]
    assert 0.017 < len(chosen) / len(ids) < 0.023
    assert chosen == [one for one in ids if drawn(one, 0.02)]
    assert set(chosen) <= {one for one in ids if drawn(one, 0.05)}
    assert not any(drawn(one, 0.0) for one in ids)
    assert all(drawn(one, 1.0) for one in ids)
    some = [chosen[0], next(one for one in ids if one not in chosen), chosen[1]]
    learning = {**ALWAYS, "shadow_rate": 0.02}
    async with scripted_router(
        store, tmp_path, local=LOCAL, cloud=SAME, learning=learning, memory={"cache": False}
    ) as router:
        for task_id in some:
            await router.run(Task(prompt=ROUTINE, task_id=task_id))
    assert {one.task_id for one in (await ledger_of(store))[2]} == {some[0], some[2]}


async def test_a_task_that_is_run_again_has_no_second_shadow(store: Store, tmp_path: Path) -> None:
    async with scripted_router(
        store, tmp_path, local=LOCAL, cloud=SAME, learning=ALWAYS, memory={"cache": False}
    ) as router:
        for _ in range(3):
            await router.run(Task(prompt=ROUTINE, task_id="again"))
    assert len((await ledger_of(store))[2]) == 1


async def run_many(router: Router, count: int) -> None:
    for number in range(count):
        await router.run(Task(prompt=f"{ROUTINE} ({number})", task_id=f"many-{number}"))
        await router.shadows.drain(10)


async def test_a_day_of_shadows_costs_no_more_than_its_limit(store: Store, tmp_path: Path) -> None:
    """The most that one call may cost is set aside before it, so the last one stays within."""
    limit_usd = 0.0088
    learning = {**ALWAYS, "shadow_usd_per_day": limit_usd}
    async with scripted_router(
        store, tmp_path, local=LOCAL, cloud=SAME, learning=learning
    ) as router:
        await run_many(router, 30)
    attempts, tasks, _ = await ledger_of(store)
    assert sum(one.cost_usd or 0.0 for one in attempts) <= limit_usd
    assert 1 < len(attempts) < len(tasks) == 30


@pytest.mark.parametrize(
    ("learning", "budget"),
    [
        ({**ALWAYS, "shadow_usd_per_day": 0.0}, {}),
        (ALWAYS, {"day_usd": 0.0}),
        (ALWAYS, {"task_usd": 1e-9}),
    ],
)
async def test_without_money_there_is_no_shadow(
    store: Store, tmp_path: Path, learning: dict[str, Any], budget: dict[str, float]
) -> None:
    async with scripted_router(
        store, tmp_path, local=LOCAL, cloud=SAME, learning=learning, budget=budget
    ) as router:
        await run_many(router, 2)
    assert await ledger_of(store) == ([], (await ledger_of(store))[1], [])


async def test_what_no_price_is_known_of_has_no_shadows(store: Store, tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {
            "cloud": {"model": "openai/nobody-knows-this", "api_key": "k"},
            "store": {"url": store.url, "namespace": store.keys.namespace, "home": tmp_path},
            "learning": {"shadow_rate": 0.1},
        }
    )
    with pytest.raises(ConfigError, match=r"learning\.shadow_rate, and no price of openai/nobody"):
        async with Router.open(settings, env={}):
            pass


async def test_what_shadows_found_is_learned(store: Store, redis_url: str, tmp_path: Path) -> None:
    async def learned_with(place: Store, name: str, **settings: Any) -> Learned:
        folder = tmp_path / name
        folder.mkdir()
        async with scripted_router(place, folder, local=LOCAL, cloud=OTHER, **settings) as router:
            await run_many(router, 8)
        return await learn(Ledger(place), place_of(place), Versions(folder))

    def local_of(learned: Learned) -> Correction:
        return next(one for one in learned.corrections if (one.side, one.length) == ("local", ""))

    async with await open_store(url=redis_url, namespace=f"test-{uuid.uuid4().hex}") as other:
        checks = local_of(await learned_with(other, "checks"))
    learned = await learned_with(store, "shadows", learning=ALWAYS)
    assert learned.version is not None
    assert learned.version.outcomes == {"checks": 8, "shadow": 16}
    local = local_of(learned)
    assert local.before == local.shipped == checks.before
    assert local.after < checks.after
