"""Labels under real concurrency: many tasks in several processes on one Redis, and none is lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from label_writers import LABELS, ROUNDS, record_of, said, writers

from router.errors import RunTaken
from router.memory.facts import Facts
from router.memory.sessions import AnswerCache, Conversation, Memory
from router.privacy.gate import strictest
from router.queue.outbox import Outbox, Parked
from router.queue.runs import Runs
from router.store.store import Store, open_store
from router.types.result import CloudState
from router.types.task import Privacy, Task


def claimed(conversation: Conversation) -> Privacy:
    """The strictest label that the messages themselves speak of."""
    return strictest(Privacy(message.content) for message in conversation.messages)


async def test_the_label_of_a_session_only_rises(store: Store) -> None:
    memory = Memory(store, max_messages=8)
    highest = dict.fromkeys((f"s{number}" for number in range(ROUNDS)), Privacy.PUBLIC)
    async with writers(store, "talk") as ended:
        while not ended():
            for name, before in highest.items():
                read = await memory.recall(name)
                assert strictest((read.label, claimed(read))) is read.label, "too lax for its text"
                assert strictest((read.label, before)) is read.label, "it fell"
                highest[name] = read.label
                await asyncio.sleep(0)
    for name in highest:
        assert await memory.label(name) is Privacy.LOCAL_ONLY


async def test_what_is_made_of_a_fact_that_changes_is_as_strict_as_what_was_read(
    store: Store,
) -> None:
    async with writers(store, "derive"):
        pass
    made = await Facts(store).find(prefix="made ", limit=10_000)
    assert len(made) > ROUNDS
    for fact in made:
        assert strictest((fact.label, Privacy(fact.text))) is fact.label, fact


async def test_a_fact_is_as_strict_as_the_fact_that_it_was_made_of(store: Store) -> None:
    facts = Facts(store)
    read = await facts.put("k", "Ana is ill", label="local_only", source="s")
    assert await facts.forget("k") == 1
    await facts.put("k", "nothing", label="public", source="s")
    made = await facts.put("m", "Ana", label="public", source="s", derived_from=[read])
    assert made.label is Privacy.LOCAL_ONLY
    assert (await facts.put("n", "x", label="public", source="s", derived_from=["k"])).label == (
        "public"
    ), "its key was free in between"


async def test_a_kept_answer_is_never_found_under_another_ones_label(store: Store) -> None:
    cache = AnswerCache(store)
    async with writers(store, "keep") as ended:
        while not ended():
            answer = await cache.get("key")
            assert answer is None or answer.text == answer.label.value
            await asyncio.sleep(0)


async def test_an_answer_without_a_label_is_none(store: Store) -> None:
    old = {"text": "4", "model": "m", "route": "local", "cost_usd": 0.0, "kind": "math"}
    await store.redis.set(store.keys.answer("k"), json.dumps(old))
    assert await AnswerCache(store).get("k") is None
    assert await store.redis.exists(store.keys.answer("k")) == 0


async def test_the_label_of_a_parked_task_only_rises(store: Store) -> None:
    async with writers(store, "park"):
        pass
    waiting = await Outbox(store, keep_s=600.0, most=1000).waiting()
    assert {one.task.task_id for one in waiting} == {f"t{number}" for number in range(ROUNDS)}
    assert {one.label for one in waiting} == {Privacy.INTERNAL}


async def test_a_task_that_is_parked_anew_is_not_swept_out_with_its_last_parking(
    store: Store,
) -> None:
    # What waits is read, then judged: in between it is parked anew.
    outbox = Outbox(store, keep_s=600.0, most=1000)
    task = Task(prompt="x", task_id="t")
    stale = Parked(
        task=task, why=CloudState.NO_KEY, label=Privacy.PUBLIC, parked_at=0.0, expires_at=1.0
    )
    text = stale.model_dump_json(by_alias=True)
    await store.redis.hset(store.keys.of("outbox"), "t", text)
    await store.redis.zadd(store.keys.of("outbox", "order"), {"t": 0.0})
    await outbox.park(task, CloudState.NO_KEY, Privacy.INTERNAL, draft=True)
    assert not await outbox._dropped("t", text)
    (waiting,) = await outbox.waiting()
    lease = await outbox.lease(stale)
    assert lease is not None
    assert lease.parked == waiting, "as it waits now, and not as it was listed"


async def test_the_label_of_a_run_only_rises_and_one_process_drives_it(store: Store) -> None:
    highest: dict[str, Privacy] = {}
    runs = Runs(store)
    async with writers(store, "drive") as ended:
        while not ended():
            for record in await runs.latest(ROUNDS):
                before = highest.get(record.run_id, Privacy.PUBLIC)
                assert strictest((record.label, before)) is record.label, "it fell"
                highest[record.run_id] = record.label
            await asyncio.sleep(0)
    assert len(await runs.latest(10 * ROUNDS)) == ROUNDS


async def test_who_has_lost_the_lease_writes_no_more(store: Store) -> None:
    runs = Runs(store)
    record = await runs.create(record_of("r"))
    lease = await runs.lease("r")
    await store.redis.set(store.keys.workflow_lease("r"), "elsewhere:7 - x", px=60_000)
    with pytest.raises(RunTaken, match="taken up by another process"):
        await runs.save(record.model_copy(update={"status": "failed"}), lease)
    assert (await runs.load("r")).status == "running"


async def test_of_two_that_begin_one_run_the_first_one_stands(store: Store, redis_url: str) -> None:
    async with await open_store(url=redis_url, namespace=store.keys.namespace) as other:
        begun = await asyncio.gather(
            *(
                Runs(one).create(record_of("r", inputs={"n": number}))
                for number, one in enumerate((store, other) * 5)
            )
        )
    assert len({record.inputs["n"] for record in begun}) == 1


Step = tuple[str, Any]

steps: st.SearchStrategy[Sequence[Step]] = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.sampled_from(LABELS)),
        st.tuples(st.just("lose the label"), st.none()),
        st.tuples(st.just("an unknown label"), st.sampled_from(["", "secret", "Public"])),
        st.tuples(st.just("read"), st.none()),
        st.tuples(st.just("forget"), st.none()),
    ),
    max_size=12,
)


@given(steps=steps)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_whatever_happens_to_a_session_it_is_as_strict_as_what_it_shows(
    store: Store, steps: Sequence[Step]
) -> None:
    memory = Memory(store, max_messages=4)
    await memory.forget("s")
    key = store.keys.of("memory", "s", "label")
    for what, value in steps:
        if what == "say":
            await memory.append("s", said(value), label=value, task="t")
        elif what == "lose the label":
            await store.redis.delete(key)  # as a Redis does that is full
        elif what == "an unknown label":
            await store.redis.set(key, value)
        elif what == "forget":
            await memory.forget("s")
            assert await memory.recall("s") == Conversation()
        read = await memory.recall("s")
        assert strictest((read.label, claimed(read))) is read.label
        if what == "an unknown label" and value:
            assert read.label is Privacy.LOCAL_ONLY


async def test_no_message_outlives_its_label(store: Store) -> None:
    memory = Memory(store, ttl_s=60.0)
    await memory.append("s", said(Privacy.LOCAL_ONLY), label=Privacy.LOCAL_ONLY)
    await Memory(store, ttl_s=600.0).append("s", said(Privacy.PUBLIC))
    messages, label = store.keys.memory("s"), store.keys.of("memory", "s", "label")
    ends = await store.redis.execute_command("PTTL", messages)
    assert ends > 500_000
    assert abs(ends - await store.redis.execute_command("PTTL", label)) <= 50
