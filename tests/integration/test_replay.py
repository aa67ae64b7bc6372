"""Real traffic, recorded under one policy, replayed under another, and then run under that one."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from scripted_router import scripted_router

from router.account.records import TaskRecord
from router.account.report import build_report
from router.classify.generator import generate
from router.evaluate.outcomes import task_histories
from router.evaluate.replay import Replay, replay
from router.settings.policy import PolicySettings
from router.settings.settings import PrivacySettings, Settings
from router.store.store import Store, open_store
from router.types.decision import Kind
from router.types.task import Task

PROMPTS = [f"{made.prompt} (ref {number})" for number, made in enumerate(generate(80, seed=5))]
LOCAL = [
    {"match": r"\(ref \d*[012]\)", "reply": "I guess so.", "min_logprob": -9.0},
    {"reply": "It is so."},
]
CLOUD = [{"reply": "It is so. " * 12}]


async def ran(
    store: Store, folder: Path, policy: dict[str, Any], against: dict[str, Any]
) -> tuple[Replay, float, int, int]:
    """The replay of what was recorded, and what it did cost, how many went to the cloud, and how
    many local answers were not accepted."""
    policy, against = ({"second_opinion": False, **one} for one in (policy, against))
    settings = {"memory": {"cache": False}, "policy": policy}
    async with scripted_router(store, folder, local=LOCAL, cloud=CLOUD, **settings) as router:
        for prompt in PROMPTS:
            await router.run(Task(prompt=prompt))
        records = [record async for record in router.ledger.read()]
        in_force = router.settings
    told = task_histories(records)
    changed = in_force.model_copy(update={"policy": PolicySettings.model_validate(against)})
    return (
        replay(told, in_force, changed),
        build_report(records).spent_usd,
        sum(story.task.decided == "cloud" for story in told),
        sum(story.rejected for story in told),
    )


LITTLE, MUCH = {"max_gain": 0.1}, {"max_gain": 0.5, "max_complexity": 0.9}


@pytest.mark.parametrize(("old", "new"), [(LITTLE, MUCH), (MUCH, LITTLE)])
async def test_what_is_predicted_is_what_then_happens(
    redis_url: str, tmp_path: Path, old: dict[str, Any], new: dict[str, Any]
) -> None:
    names = [f"test-{uuid.uuid4().hex}" for _ in range(2)]
    async with (
        await open_store(url=redis_url, namespace=names[0]) as first,
        await open_store(url=redis_url, namespace=names[1]) as second,
    ):
        predicted, spent_before, _, _ = await ran(first, tmp_path, old, new)
        _, spent, to_cloud, rejected = await ran(second, tmp_path, new, old)
    assert predicted.tasks == len(PROMPTS)
    assert predicted.total.moved > 20
    assert predicted.before.cost_usd == pytest.approx(spent_before, rel=0.05)
    assert predicted.after.cloud == to_cloud
    assert predicted.after.rejected == pytest.approx(rejected, abs=8)
    assert predicted.after.cost_usd == pytest.approx(spent, rel=0.25)
    change = predicted.total.cost_usd
    assert change.low <= spent - spent_before <= change.high


async def test_the_same_configuration_changes_nothing(store: Store, tmp_path: Path) -> None:
    found, spent, to_cloud, rejected = await ran(store, tmp_path, LITTLE, LITTLE)
    assert found.total.moved == 0
    assert (found.total.cost_usd.value, found.total.cost_usd.high) == (0, 0)
    assert found.total.quality.value == 0
    assert found.after.cost_usd == pytest.approx(spent, rel=0.05)
    assert (found.after.cloud, found.after.rejected) == (to_cloud, rejected)
    assert found.notes == ()


async def test_the_record_holds_what_the_decision_was_made_of_and_no_word_of_the_prompt(
    store: Store, tmp_path: Path
) -> None:
    prompt = "Reply to wanda@example.org that Zephyrine cannot come."
    async with scripted_router(store, tmp_path, local=LOCAL, cloud=CLOUD) as router:
        result = await router.run(Task(prompt=prompt))
        records = [record async for record in router.ledger.read()]
    task = next(record for record in records if isinstance(record, TaskRecord))
    assert task.found == ("email",)
    assert task.weighed == result.decision.weighed
    assert task.weighed is not None
    assert task.weighed.cloud_open
    assert (task.confidence, task.complexity) == (
        result.guess.confidence,
        result.guess.complexity,
    )
    text = "".join(record.model_dump_json() for record in records)
    assert "wanda" not in text
    assert "Zephyrine" not in text


async def test_records_of_an_earlier_version_are_counted_and_left_out(
    store: Store, tmp_path: Path
) -> None:
    async with scripted_router(store, tmp_path, local=LOCAL, cloud=CLOUD) as router:
        await router.run(Task(prompt="Extract the order number from: order A-17 was late."))
        records = [record async for record in router.ledger.read()]
        in_force = router.settings
    fields = ("weighed", "complexity", "confidence", "found", "own_label", "expected_cloud_usd")
    older = [
        TaskRecord.model_validate(record.model_dump(exclude=set(fields)))
        if isinstance(record, TaskRecord)
        else record
        for record in records
    ]
    found = replay(task_histories(older), in_force, in_force)
    assert found.tasks == 0
    assert found.left_out == {"recorded by an earlier version": 1}


async def test_a_stricter_privacy_keeps_recorded_tasks_here(store: Store, tmp_path: Path) -> None:
    policy = {"max_gain_by_kind": dict.fromkeys((kind.value for kind in Kind), -1.0)}
    async with scripted_router(store, tmp_path, local=LOCAL, cloud=CLOUD, policy=policy) as router:
        result = await router.run(Task(prompt="Rewrite politely: mail wanda@example.org at once"))
        told = task_histories([record async for record in router.ledger.read()])
        in_force = router.settings
    assert result.route == "cloud"
    strict = PrivacySettings.model_validate({"found": {"email": "local_only"}})
    found = replay(told, in_force, in_force.model_copy(update={"privacy": strict}))
    assert (found.more_private, found.before.cloud, found.after.local) == (1, 1, 1)
    assert Settings().privacy.found == {}
