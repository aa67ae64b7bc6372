"""A person's judgement of an answer, in a real ledger."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from label_writers import ROUNDS, writers
from scripted_router import scripted_router

from graphs.app import Router
from router.account.feedback import Feedback
from router.account.hash_chain import Witness
from router.account.ledger import Ledger
from router.account.records import FeedbackRecord
from router.account.report import build_report
from router.errors import TaskError
from router.store.store import Store
from router.types.task import Privacy, Task
from workers.commands.prove import prove_store

ROUTINE = "Extract the order number from: order A-17 was late."
COMPLEX = (
    "Prove step by step that there are infinitely many primes of the form 4k+3, then compare two "
    "alternative proofs and discuss their trade-offs."
)
GOOD = [{"reply": "A-17"}]
CLOUD = [{"reply": "the cloud says so"}]


async def judgements(router: Router) -> list[FeedbackRecord]:
    records = [record async for record in router.ledger.read()]
    return [record for record in records if isinstance(record, FeedbackRecord)]


async def test_a_judgement_stands_in_the_ledger_with_the_facts_of_its_task(
    store: Store, tmp_path: Path
) -> None:
    async with scripted_router(store, tmp_path, local=GOOD, cloud=CLOUD) as router:
        done = await router.run(Task(prompt=ROUTINE, tags=("shop",)))
        given = await router.feedback(done.task_id, "good")
        (record,) = await judgements(router)
    assert (given.verdict, given.task.task_id) == ("good", done.task_id)
    assert (record.task_id, record.verdict, record.answered) == (done.task_id, "good", "local")
    assert (record.model, record.kind, record.tags) == (done.model, done.guess.kind, ("shop",))
    assert record.prompt_chars == len(ROUTINE)
    assert record.prior_local is not None
    assert record.replaces is None


async def test_a_judgement_belongs_to_the_chain_and_to_no_row_of_the_report(
    store: Store, tmp_path: Path
) -> None:
    async with scripted_router(store, tmp_path, local=GOOD, cloud=CLOUD) as router:
        done = await router.run(Task(prompt=ROUTINE))
        before = build_report([record async for record in router.ledger.read()])
        await router.feedback(done.task_id, "bad")
        records = [record async for record in router.ledger.read()]
    assert build_report(records) == before
    assert len(records) == 3
    proof = await prove_store(store, Witness(tmp_path / "w", "here"), retention_s=86_400)
    assert proof.intact
    assert proof.records == 3


async def test_a_task_is_known_by_its_beginning_and_the_latest_one_as_last(
    store: Store, tmp_path: Path
) -> None:
    async with scripted_router(store, tmp_path, local=GOOD, cloud=CLOUD) as router:
        for task_id in ("apple-1", "apple-12", "pear-1"):
            await router.run(Task(prompt=ROUTINE, task_id=task_id))
        assert (await router.feedback("pear", "good")).task.task_id == "pear-1"
        assert (await router.feedback("apple-1", "good")).task.task_id == "apple-1"
        assert (await router.feedback("last", "bad")).task.task_id == "pear-1"
        with pytest.raises(TaskError, match="2 tasks begin with 'app': apple-1, apple-12: write"):
            await router.feedback("app", "good")
        with pytest.raises(TaskError, match=r"no task begins with 'aple-1' \(did you mean apple-"):
            await router.feedback("aple-1", "good")
        with pytest.raises(TaskError, match="name a task"):
            await router.feedback("", "good")
        with pytest.raises(TaskError, match="'fine' is no verdict: say good or bad"):
            await router.feedback("pear", "fine")  # type: ignore[arg-type]


async def test_an_id_that_quotes_something_is_found_too(store: Store, tmp_path: Path) -> None:
    task_id = 'a "quoted" \\ id, é'
    async with scripted_router(store, tmp_path, local=GOOD) as router:
        await router.run(Task(prompt=ROUTINE, task_id=task_id))
        assert (await router.feedback(task_id[:10], "good")).task.task_id == task_id


async def test_the_same_verdict_again_writes_nothing_and_another_one_replaces_it(
    store: Store, tmp_path: Path
) -> None:
    async with scripted_router(store, tmp_path, local=GOOD) as router:
        done = await router.run(Task(prompt=ROUTINE))
        for verdict in ("good", "good", "bad", "bad", "good"):
            await router.feedback(done.task_id, verdict)  # type: ignore[arg-type]
        found = await judgements(router)
    said = [(one.verdict, one.replaces) for one in found]
    assert said == [("good", None), ("bad", "good"), ("good", "bad")]


async def test_a_task_without_an_answer_cannot_be_judged(store: Store, tmp_path: Path) -> None:
    async with scripted_router(store, tmp_path, local=[{"reply": ""}]) as router:
        parked = await router.run(Task(prompt=ROUTINE))
        with pytest.raises(TaskError, match="has no answer to judge: it is parked"):
            await router.feedback(parked.task_id, "bad")
        with pytest.raises(TaskError, match="no task was answered yet"):
            await router.feedback("last", "bad")


async def test_a_cloud_answer_and_one_from_memory_count_for_who_gave_them(
    store: Store, tmp_path: Path
) -> None:
    async with scripted_router(store, tmp_path, local=GOOD, cloud=CLOUD) as router:
        await router.run(Task(prompt=COMPLEX, task_id="first"))
        again = await router.run(Task(prompt=COMPLEX, task_id="again"))
        assert again.route == "cache"
        await router.feedback("first", "good")
        await router.feedback("again", "bad")
        found = await judgements(router)
    assert [(one.answered, one.model) for one in found] == [("cloud", "scripted-cloud")] * 2


async def test_a_note_lies_beside_the_ledger_and_ages_with_it(store: Store, tmp_path: Path) -> None:
    async with scripted_router(store, tmp_path, local=GOOD) as router:
        done = await router.run(Task(prompt=ROUTINE))
        await router.feedback(done.task_id, "bad", "Ana was not asked")
        days = router.settings.memory.ledger_days
        feedback = Feedback(store, router.ledger, keep_s=1)
        (listed,) = await feedback.latest(10)
    assert (listed.verdict, listed.note) == ("bad", "Ana was not asked")
    assert "Ana" not in str(await store.redis.xrange(store.keys.ledger()))
    left_ms = await store.redis.pttl(store.keys.note(done.task_id))
    assert 0 < left_ms <= days * 86_400_000
    with pytest.raises(TaskError, match="the limit is 2,000: shorten it"):
        await Feedback(store, Ledger(store), keep_s=1).give("last", "bad", "x" * 3000)


async def test_the_note_on_a_private_task_is_not_written_to_another_machine(
    store: Store, tmp_path: Path
) -> None:
    async with scripted_router(store, tmp_path, local=GOOD) as router:
        done = await router.run(Task(prompt=ROUTINE, privacy=Privacy.LOCAL_ONLY))
    elsewhere = replace(store, local=False)
    feedback = Feedback(elsewhere, Ledger(store), keep_s=60)
    with pytest.raises(TaskError, match="give the verdict without it"):
        await feedback.give(done.task_id, "good", "a note")
    assert (await feedback.give(done.task_id, "good")).verdict == "good"


async def test_the_latest_tasks_are_listed_newest_first_with_their_verdicts(
    store: Store, tmp_path: Path
) -> None:
    async with scripted_router(store, tmp_path, local=GOOD) as router:
        for number in range(5):
            await router.run(Task(prompt=ROUTINE, task_id=f"t{number}"))
        await router.feedback("t3", "good")
        listed = await Feedback(store, router.ledger, keep_s=1).latest(3)
    assert [(one.task.task_id, one.verdict) for one in listed] == [
        ("t4", None),
        ("t3", "good"),
        ("t2", None),
    ]


async def test_judgements_at_the_same_time_are_one_after_the_other(
    store: Store, tmp_path: Path
) -> None:
    async with scripted_router(store, tmp_path, local=GOOD, cloud=CLOUD) as router:
        done = await router.run(Task(prompt=ROUTINE))
        said = [("good", "bad")[number % 3 == 0] for number in range(24)]
        await asyncio.gather(*(router.feedback(done.task_id, verdict) for verdict in said))
        records = await judgements(router)
    before = None
    for record in records:
        assert record.replaces == before
        assert record.verdict != before
        before = record.verdict


async def test_judgements_of_several_processes_follow_each_other_and_keep_their_notes(
    store: Store, tmp_path: Path
) -> None:
    async with scripted_router(store, tmp_path, local=GOOD) as router:
        for number in range(2):
            await router.run(Task(prompt=ROUTINE, task_id=f"judged-{number}"))
        async with writers(store, "judge"):
            pass
        found, listed = (
            await judgements(router),
            await Feedback(store, router.ledger, keep_s=1).latest(2),
        )
    for one in listed:
        said = [record for record in found if record.task_id == one.task.task_id]
        before = [None, *(record.verdict for record in said)]
        assert len(said) > ROUNDS
        assert [record.replaces for record in said] == before[:-1]
        assert all(record.verdict != record.replaces for record in said)
        assert one.verdict == one.note == before[-1]


async def test_a_task_that_ran_again_is_not_judged_yet(store: Store, tmp_path: Path) -> None:
    async with scripted_router(store, tmp_path, local=GOOD) as router:
        for _ in range(2):
            await router.run(Task(prompt=ROUTINE, task_id="twice"))
            await router.feedback("twice", "good")
        found = await judgements(router)
    assert [(one.verdict, one.replaces) for one in found] == [("good", None)] * 2
