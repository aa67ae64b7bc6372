"""The proof compares what was sent to a cloud with the labels of what it was made of."""

from __future__ import annotations

import asyncio
import io
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from provider_server import ProviderServer
from rich.console import Console
from scripted_router import script

from graphs.app import Router
from router.account.ledger import Ledger
from router.account.proof import Proof
from router.account.records import AttemptRecord, records_of
from router.memory.sessions import Conversation, Memory, Turn
from router.settings.settings import Settings
from router.store.store import Store
from router.types.decision import Guess, Kind, RouteDecision
from router.types.result import Attempt, Result
from router.types.task import Privacy, Task, reference_of
from workers.commands.prove import prove_store
from workers.commands.prove_export import verify_file
from workers.views.prove import proof_view

DAY_S = 86_400.0
PUBLIC, INTERNAL, LOCAL = Privacy
HARD = "Prove step by step, in all detail, that this is so; then compare two other proofs."


def cloud(label: Privacy | None = PUBLIC, **changes: object) -> Attempt:
    whole: dict[str, object] = {"number": 1, "role": "cloud", "engine": "litellm", "model": "big"}
    whole |= {"route": "cloud", "outcome": "accepted", "label": label}
    return Attempt.model_validate(whole | changes)


def done(task: Task, *attempts: Attempt, **changes: object) -> Result:
    whole: dict[str, object] = {
        "task_id": task.task_id,
        "status": "done",
        "text": "answer",
        "route": "cloud" if attempts else "local",
        "reason": "routine",
        "guess": Guess(kind=Kind.MATH, confidence=0.9, language="en"),
        "decision": RouteDecision(route="local", agent="general", reason="routine"),
        "attempts": attempts,
    }
    return Result.model_validate(whole | changes)


async def record(store: Store, task: Task, *attempts: Attempt, **changes: object) -> None:
    await Ledger(store).record(task, done(task, *attempts, **changes))


async def proof_of(store: Store, **more: Any) -> Proof:
    return await prove_store(store, **{"retention_s": 90 * DAY_S, **more})


def said_of(proof: Proof, label: str = "local_only") -> str:
    return next(
        sentence
        for row, sentence in zip(proof.labels, proof.sentences, strict=True)
        if row.label == label
    )


PARTS = {"task": PUBLIC, "session": PUBLIC, "facts": PUBLIC}


@pytest.mark.parametrize("part", ["task", "session", "facts", "tools", "draft"])
@pytest.mark.parametrize("sent_as", [PUBLIC, INTERNAL])
async def test_a_part_that_is_stricter_than_the_text_is_a_breach(
    store: Store, part: str, sent_as: Privacy
) -> None:
    task = Task(prompt="x", session="s")
    await record(store, task, cloud(sent_as, parts={**PARTS, part: LOCAL}))
    proof = await proof_of(store)
    assert proof.intact, "nobody has changed it"
    assert not proof.sound
    (breach,) = proof.breaches
    assert f"sent elsewhere as {sent_as.value}, and it had a part that is local_only: {part}" in (
        breach.text
    )
    assert said_of(proof) == (
        "local_only: 1 text was sent elsewhere under a laxer label, with a part of it"
    )
    assert "mislabelled" in shown(proof)
    assert json.loads(proof.to_json())["sound"] is False


async def test_parts_as_strict_as_the_text_or_stopped_at_the_gate_are_none(store: Store) -> None:
    parts = {**PARTS, "session": INTERNAL}
    await record(store, Task(prompt="x"), cloud(INTERNAL, parts=parts), cloud(LOCAL, parts=parts))
    stopped = cloud(
        PUBLIC, parts={"task": LOCAL}, outcome="failed", error="PrivacyViolation: it was stopped"
    )
    await record(store, Task(prompt="x"), stopped)
    assert (await proof_of(store)).sound


async def test_the_tasks_own_label_counts_whoever_says_what_of_its_parts(store: Store) -> None:
    await record(store, Task(prompt="x", privacy=LOCAL), cloud(INTERNAL))
    proof = await proof_of(store)
    (breach,) = proof.breaches
    assert "local_only: the task's own label" in breach.text


@pytest.mark.parametrize("private_first", [True, False])
async def test_a_turn_is_as_strict_as_its_task_is_in_the_ledger(
    store: Store, private_first: bool
) -> None:
    # The session's label was lost: all that was sent was taken for public.
    private = Task(prompt="x", session="s", privacy=LOCAL)
    public = Task(prompt="x", session="s")
    other = Task(prompt="x", session="another")
    turns = (reference_of("unknown"), reference_of(private.task_id))
    attempts = [cloud(PUBLIC, parts=PARTS, turns=turns), cloud(PUBLIC, parts=PARTS, turns=turns)]
    if private_first:
        await record(store, private)
    await record(store, public, *attempts)
    await record(store, other, cloud(PUBLIC, parts=PARTS, turns=turns))
    if not private_first:
        await record(store, private)
    proof = await proof_of(store)
    assert [row.mislabelled for row in proof.labels if row.label == "local_only"] == [2]
    assert len(proof.breaches) == 2
    for breach in proof.breaches:
        assert f"task {public.task_id} was" in breach.text
        assert breach.text.endswith("a part that is local_only: a turn of its session")


async def test_what_an_upgrade_saw_is_no_turn_of_the_session(store: Store) -> None:
    task = Task(prompt="x", session="s")
    turns = (reference_of(task.task_id),)
    await record(store, task)
    await record(store, Task(prompt="x", session="s"), cloud(PUBLIC, parts=PARTS, turns=turns))
    upgraded = done(task, label=INTERNAL)
    await Ledger(store).record(task, upgraded, upgrade=True)
    await record(store, Task(prompt="x", session="s"), cloud(PUBLIC, parts=PARTS, turns=turns))
    await record(store, Task(prompt="x", session="s", task_id="failed"), status="failed", text="")
    assert (await proof_of(store)).sound


async def test_what_was_recorded_before_the_window_counts_for_the_turns_in_it(
    store: Store,
) -> None:
    private = Task(prompt="x", session="s", privacy=LOCAL)
    before = time.time() - 10 * DAY_S
    (row,) = records_of(private, done(private, finished_at=before))
    entry = {"record": row.model_dump_json()}
    await store.redis.xadd(store.keys.ledger(), entry, id=f"{before * 1000:.0f}-1")
    turns = (reference_of(private.task_id),)
    await record(store, Task(prompt="x", session="s"), cloud(PUBLIC, parts=PARTS, turns=turns))
    assert (await proof_of(store, since=time.time() - DAY_S)).breaches_total == 1


async def test_an_export_is_judged_the_same(store: Store, tmp_path: Path) -> None:
    await record(store, Task(prompt="x", session="Ana"), cloud(PUBLIC, parts={"facts": LOCAL}))
    path = tmp_path / "ledger.jsonl"
    live = await proof_of(store, export=path)
    assert "Ana" not in path.read_text()
    proof = verify_file(path)
    assert (proof.breaches, proof.labels) == (live.breaches, live.labels)


async def test_of_records_without_parts_nothing_is_promised(store: Store) -> None:
    # So was it written by versions in which a label could be lost.
    await record(store, Task(prompt="x", session="s", privacy=LOCAL))
    old = Task(prompt="x", session="s")
    attempt, whole = records_of(old, done(old, cloud(PUBLIC)))
    row = json.loads(attempt.model_dump_json())
    del row["parts"], row["turns"]
    assert AttemptRecord.model_validate(row).parts is None
    for text in (json.dumps(row), whole.model_dump_json()):
        await Ledger(store).append([_Raw(text)])  # type: ignore[list-item]
    proof = await proof_of(store)
    assert proof.sound
    assert said_of(proof) == (
        "whether anything of local_only left cannot be said: 1 text was sent in sessions that had "
        "seen it, and of what they were made is not recorded"
    )


class _Raw:
    """A record as an earlier version wrote it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def model_dump_json(self) -> str:
        return self._text


@pytest.mark.parametrize(
    "parts", ["x", 7, [], {"task": 7}, {"task": "secret"}, {"": None}, {"task": {"a": 1}}]
)
async def test_whatever_stands_in_the_parts_the_walk_ends(store: Store, parts: Any) -> None:
    task = Task(prompt="x", session="s")
    attempt, whole = records_of(task, done(task, cloud(PUBLIC)))
    row = json.loads(attempt.model_dump_json()) | {"parts": parts, "turns": parts}
    for text in (json.dumps(row), whole.model_dump_json()):
        await store.redis.xadd(store.keys.ledger(), {"record": text})
    assert (await proof_of(store)).breaches_total == 0


async def test_a_store_that_has_a_session_laxer_than_its_tasks_is_told(store: Store) -> None:
    private = Task(prompt="x", session="Ana", privacy=LOCAL)
    await record(store, private)
    turn = {"role": "user", "content": "x", "task": reference_of(private.task_id)}
    await Memory(store).append("Ana", Turn(_message(turn)).message, task=turn["task"])
    proof = await proof_of(store)
    (breach,) = proof.breaches
    assert "as public, and it holds a turn that the ledger has as local_only" in breach.text
    assert "Ana" not in breach.text


def _message(turn: dict[str, str]) -> Any:
    from router.types.task import Message

    return Message.model_validate({name: turn[name] for name in ("role", "content")})


@pytest.fixture
async def provider() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as provider:
        yield provider


def configuration(store: Store, folder: Path, provider: ProviderServer) -> Settings:
    model = {"script": str(script(folder / "local.yaml", {"reply": "Noted."}))}
    return Settings.model_validate(
        {
            "models": {"general": model, "coder": model, "specialist": None, "exact": False},
            "memory": {"cache": False},
            "policy": {"unverified": "accept"},
            "cloud": {
                "url": provider.openai_url,
                "model": "test-model",
                "api_key": provider.key,
                "witnesses": [],
            },
            "store": {"url": store.url, "namespace": store.keys.namespace},
        }
    )


async def test_tasks_side_by_side_in_one_session_leave_its_label_and_nothing_private_leaves(
    store: Store, provider: ProviderServer, tmp_path: Path
) -> None:
    async with Router.open(configuration(store, tmp_path, provider), env={}) as router:
        for number in range(12):
            session, word = f"s{number}", f"Zebra-{number}-Quince"
            await asyncio.gather(
                router.run(Task(prompt=f"Note: {word}.", session=session, privacy=LOCAL)),
                *(
                    router.run(Task(prompt="Note: tea.", session=session, privacy=label))
                    for label in (INTERNAL, PUBLIC, INTERNAL)
                ),
            )
            built_on_it = await router.run(Task(prompt=HARD, session=session))
            assert (built_on_it.label, built_on_it.route) == (LOCAL, "local")
        proof = await proof_of(store)
    assert "Quince" not in json.dumps([one.body for one in provider.requests])
    assert proof.sound
    assert said_of(proof).startswith("nothing of local_only left: 24 tasks")


async def test_a_memory_that_loses_labels_is_noticed_by_the_proof(
    store: Store, provider: ProviderServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forgetful(memory: Memory, session: str) -> Conversation:
        read = await recall(memory, session)
        return Conversation(tuple(Turn(one.message, task=one.task) for one in read.turns))

    async with Router.open(configuration(store, tmp_path, provider), env={}) as router:
        await router.run(Task(prompt="Note: Ana left.", session="s", privacy=LOCAL))
        recall = Memory.recall
        with monkeypatch.context() as patched:
            patched.setattr(Memory, "recall", forgetful)
            leaked = await router.run(Task(prompt=HARD, session="s", task_id="leaked"))
        assert leaked.route == "cloud"
        proof = await proof_of(store)
    assert "Ana left" in json.dumps(provider.requests[-1].body)
    (breach,) = proof.breaches
    assert "a text of task leaked was sent elsewhere as public" in breach.text
    assert said_of(proof) == (
        "local_only: 1 text was sent elsewhere under a laxer label, with a part of it"
    )


async def test_an_attempt_says_what_it_was_made_of_and_no_word_of_it(
    store: Store, provider: ProviderServer, tmp_path: Path
) -> None:
    async with Router.open(configuration(store, tmp_path, provider), env={}) as router:
        await router.facts.put("proofs", "Proofs are by Euclid.", label="public", source="x")
        first = await router.run(Task(prompt="Note: tea.", session="s", privacy=INTERNAL))
        result = await router.run(Task(prompt=HARD, session="s"))
        (kept,) = [
            one
            async for one in router.ledger.read()
            if isinstance(one, AttemptRecord) and one.route == "cloud"
        ]
        text = kept.model_dump_json()
    assert result.route == "cloud"
    assert kept.label == "internal"
    assert kept.parts == {"task": "public", "session": "internal", "facts": "public"}
    assert kept.turns == (reference_of(first.task_id),)
    assert not any(word in text for word in ("tea", "Euclid", "Prove"))


def shown(proof: Proof) -> str:
    console = Console(width=200, file=io.StringIO())
    with console.capture() as capture:
        console.print(proof_view(proof))
    return capture.get()
