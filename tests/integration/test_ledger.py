"""The ledger, on a real Redis: complete, in one round trip, and without a word of anybody's."""

from __future__ import annotations

import json
import math
import time

import pytest

from router.account.ledger import PAGE, Ledger
from router.account.records import AttemptRecord, TaskRecord, records_of
from router.account.report import build_report
from router.errors import StoreUnavailable
from router.store.store import Store
from router.types.completion import Usage
from router.types.decision import EscalationReason, Guess, Kind, RouteDecision
from router.types.result import Attempt, Result
from router.types.task import Task

SECRET = "the patient is called Ana"


def attempt(number: int = 1, **changes: object) -> Attempt:
    whole: dict[str, object] = {
        "number": number,
        "role": "general",
        "engine": "llamacpp",
        "model": "nano",
        "route": "local",
        "outcome": "accepted",
        "usage": Usage(prompt_tokens=10, completion_tokens=5, cached_tokens=2),
    }
    return Attempt.model_validate(whole | changes)


def result(task: Task, *attempts: Attempt, **changes: object) -> Result:
    whole: dict[str, object] = {
        "task_id": task.task_id,
        "status": "done",
        "text": SECRET,
        "route": "local",
        "reason": SECRET,
        "guess": Guess(kind=Kind.MATH, confidence=0.9, language="pt"),
        "decision": RouteDecision(route="local", agent="general", reason=SECRET),
        "attempts": attempts,
        "model": "nano",
    }
    return Result.model_validate(whole | changes)


async def test_a_task_and_its_attempts_come_back_as_they_were_recorded(store: Store) -> None:
    ledger = Ledger(store)
    task = Task(prompt=SECRET, session="ana", tags=("a", "b"))
    done = result(
        task,
        attempt(outcome="rejected", escalation=EscalationReason.SCHEMA),
        attempt(2, route="cloud", model="big", usage=Usage(cost_usd=None)),
        route="cloud",
        model="big",
        cost_usd=None,
        avoided_usd=0.0021,
        latency_s=1.5,
    )
    await ledger.record(task, done)
    records = [record async for record in ledger.read()]
    assert records == list(records_of(task, done))
    first, second, whole = records
    assert isinstance(first, AttemptRecord)
    assert isinstance(second, AttemptRecord)
    assert isinstance(whole, TaskRecord)
    assert (first.outcome, first.escalation, first.cached_tokens) == ("rejected", "schema", 2)
    assert second.cost_usd is None
    assert (whole.attempts, whole.cost_usd, whole.avoided_usd) == (2, None, 0.0021)
    assert whole.tags == ("a", "b")
    assert whole.session == first.session != "ana"


async def test_no_prompt_answer_reason_or_error_text_is_written(store: Store) -> None:
    task = Task(prompt=SECRET, system=SECRET, session=SECRET, json_schema={"title": SECRET})
    await Ledger(store).record(
        task,
        result(
            task,
            attempt(outcome="failed", error=f"EngineTimeout: {SECRET}"),
            attempt(2, outcome="failed", error=SECRET),
        ),
    )
    entries = await store.redis.xrange(store.keys.ledger())
    assert "Ana" not in str(entries)
    errors = [json.loads(fields[b"record"]).get("error") for _, fields in entries]
    assert errors == ["EngineTimeout", "unnamed", None]


async def test_a_task_is_recorded_whole_or_not_at_all(store: Store) -> None:
    task = Task(prompt="x")
    await store.redis.set(store.keys.ledger(), "in the way")
    with pytest.raises(StoreUnavailable, match="use another namespace"):
        await Ledger(store).record(task, result(task, attempt()))
    await store.redis.delete(store.keys.ledger())
    ledger = Ledger(store)
    await ledger.record(task, result(task))
    commands = (await store.redis.info("commandstats"))["cmdstat_evalsha"]["calls"]
    await ledger.record(task, result(task, *(attempt(n) for n in range(5))))
    assert await store.redis.xlen(store.keys.ledger()) == 7
    assert (await store.redis.info("commandstats"))["cmdstat_evalsha"]["calls"] == commands + 1


async def test_foreign_and_corrupt_entries_are_counted_and_skipped(store: Store) -> None:
    ledger = Ledger(store)
    task = Task(prompt="x")
    for fields in (
        {"something": "else"},
        {"record": b"\xff"},
        {"record": '{"record": "task"}'},
        {"record": '{"record": "invoice"}'},
    ):
        await store.redis.xadd(store.keys.ledger(), fields)
        await ledger.record(task, result(task))
    records = [record async for record in ledger.read()]
    assert len(records) == 4
    assert ledger.skipped == 4
    assert [record async for record in ledger.read(since=time.time() + 60)] == []
    assert ledger.skipped == 0


async def test_a_field_of_a_later_version_does_not_hide_a_record(store: Store) -> None:
    task = Task(prompt="x")
    (whole,) = records_of(task, result(task))
    later = whole.model_dump(mode="json") | {"carbon_g": 3}
    await store.redis.xadd(store.keys.ledger(), {"record": json.dumps(later)})
    assert [record async for record in Ledger(store).read()] == [whole]


async def test_a_long_ledger_is_read_page_by_page_without_gaps(store: Store) -> None:
    ledger = Ledger(store)
    (whole,) = records_of(Task(prompt="x"), result(Task(prompt="x")))
    count = 2 * PAGE
    async with store.redis.pipeline(transaction=False) as pipe:
        for number in range(count):
            record = whole.model_copy(update={"task_id": str(number)})
            pipe.xadd(store.keys.ledger(), {"record": record.model_dump_json()})
        await pipe.execute()
    assert [r.task_id async for r in ledger.read()] == [str(n) for n in range(count)]


async def test_since_and_until_choose_by_the_time_of_writing(store: Store) -> None:
    (whole,) = records_of(Task(prompt="x"), result(Task(prompt="x")))
    for second in range(10):
        record = whole.model_copy(update={"task_id": str(second)})
        entry = {"record": record.model_dump_json()}
        await store.redis.xadd(store.keys.ledger(), entry, id=f"{(second + 1) * 1000}-0")
    found = [r.task_id async for r in Ledger(store).read(since=3.0, until=5.5)]
    assert found == ["2", "3", "4"]
    assert len([r async for r in Ledger(store).read(since=-5.0)]) == 10


async def test_what_is_older_than_the_retention_is_dropped(store: Store) -> None:
    key = store.keys.ledger()
    async with store.redis.pipeline(transaction=False) as pipe:
        for number in range(1000):
            pipe.xadd(key, {"record": "old"}, id=f"{number + 1}-0")
        await pipe.execute()
    task = Task(prompt="x")
    await Ledger(store, retention_s=60).record(task, result(task))
    assert await store.redis.xlen(key) == 1
    assert 60_000 < await store.redis.pttl(key) <= 60_600


async def test_a_price_that_is_no_number_is_an_unknown_price(store: Store) -> None:
    task = Task(prompt="x")
    ledger = Ledger(store)
    for cost in (math.nan, math.inf):
        usage = Usage(cost_usd=cost)
        await ledger.record(task, result(task, attempt(usage=usage), cost_usd=cost))
    report = build_report([record async for record in ledger.read()])
    assert report.unknown_price_attempts == 2
    assert report.spent_usd == 0.0
