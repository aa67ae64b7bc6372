"""Processes that write labelled values into one Redis concurrently.

Each value names its own label, so that a reader can tell at any moment whether the label stored
with it is too lax.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from waiting import wait_until

from router.account.feedback import VERDICTS, Feedback
from router.account.ledger import Ledger
from router.errors import RunTaken
from router.memory.facts import Facts
from router.memory.sessions import AnswerCache, CachedAnswer, Memory
from router.queue.outbox import Outbox
from router.queue.runs import RunRecord, Runs
from router.store.store import Store, open_store
from router.types.decision import Kind
from router.types.result import CloudState
from router.types.task import Message, Privacy, Task

LABELS = tuple(Privacy)
PROCESSES = 2
ROUNDS = 25

PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from label_writers import write
write(*sys.argv[2:])
"""


@asynccontextmanager
async def writers(store: Store, what: str) -> AsyncIterator[Callable[[], bool]]:
    """Starts all writing processes at once; gives a function that tells whether all have ended."""
    arguments = [sys.executable, "-c", PROGRAM, str(Path(__file__).parent)]
    arguments += [store.url, store.keys.namespace, what]
    running = [
        await asyncio.create_subprocess_exec(*arguments, str(seed)) for seed in range(PROCESSES)
    ]

    async def ready() -> bool:
        assert all(one.returncode is None for one in running), "a process ended before it began"
        return int(await store.redis.get(store.keys.of("ready")) or 0) == PROCESSES

    try:
        await wait_until(ready, "the processes to be ready", 60)
        await store.redis.rpush(store.keys.of("go"), *range(PROCESSES))
        yield lambda: all(one.returncode is not None for one in running)
        for one in running:
            assert await asyncio.wait_for(one.wait(), 120) == 0
    finally:
        for one in running:
            if one.returncode is None:
                one.kill()
                await one.wait()


def write(url: str, namespace: str, what: str, seed: str) -> None:
    """The main function of a writing process."""

    async def main() -> None:
        async with await open_store(url=url, namespace=namespace) as store:
            await store.redis.incr(store.keys.of("ready"))
            assert await store.redis.blpop([store.keys.of("go")], timeout=20) is not None
            await WRITERS[what](store, random.Random(int(seed)))

    asyncio.run(main())


def said(label: Privacy) -> Message:
    return Message(role="user", content=label.value)


async def talk(store: Store, rng: random.Random) -> None:
    """Appends turns of all labels concurrently, to a new session in each round."""
    memory = Memory(store, max_messages=8)
    for number in range(ROUNDS):
        labels = [*LABELS, *rng.choices((Privacy.PUBLIC, Privacy.INTERNAL), k=6)]
        rng.shuffle(labels)
        await asyncio.gather(
            *(memory.append(f"s{number}", said(label), label=label) for label in labels)
        )


async def derive(store: Store, rng: random.Random) -> None:
    """Rewrites a fact again and again, and derives other facts from it."""
    facts = Facts(store)

    async def rewrite() -> None:
        for _ in range(4 * ROUNDS):
            label = rng.choice(LABELS)
            await facts.put("source", label.value, label=label, source="w")

    async def make(number: int) -> None:
        for at in range(2 * ROUNDS):
            read = await facts.get("source")
            if read is not None:
                key = f"made {number} {at} {rng.random()}"
                await facts.put(key, read.text, label="public", source="m", derived_from=["source"])

    await asyncio.gather(rewrite(), make(0), make(1))


async def keep(store: Store, rng: random.Random) -> None:
    """Caches answers to one question under different labels."""
    cache = AnswerCache(store)
    for _ in range(8 * ROUNDS):
        label = rng.choice(LABELS)
        answer = CachedAnswer(
            text=label.value, model="m", route="local", cost_usd=0.0, kind=Kind.MATH, label=label
        )
        await cache.put("key", answer)


async def park(store: Store, rng: random.Random) -> None:
    """Parks the same tasks under different labels, while expired ones are removed."""
    outbox = Outbox(store, keep_s=600.0, most=1000)
    for number in range(ROUNDS):
        task = Task(prompt="x", task_id=f"t{number}")
        labels = [Privacy.INTERNAL, *rng.choices((Privacy.PUBLIC,), k=4)]
        rng.shuffle(labels)
        await asyncio.gather(
            *(outbox.park(task, CloudState.NO_KEY, label, draft=False) for label in labels),
            outbox.waiting(),
        )


async def drive(store: Store, rng: random.Random) -> None:
    """Competes for the lease of a run, and saves it under changing labels."""
    runs = Runs(store)
    for number in range(ROUNDS):
        record = await runs.create(record_of(f"r{number}", rng.choice(LABELS)))
        try:
            lease = await runs.lease(record.run_id)
        except RunTaken:
            continue
        for label in (Privacy.PUBLIC, rng.choice(LABELS), Privacy.PUBLIC):
            await runs.save(record.model_copy(update={"label": label}), lease)
        await runs.give_back(lease)


async def judge(store: Store, rng: random.Random) -> None:
    """Judges a few tasks over and over; each note names the verdict that it was given with."""
    feedback = Feedback(store, Ledger(store), keep_s=600)
    for _ in range(4 * ROUNDS):
        verdict = rng.choice(VERDICTS)
        await feedback.give(f"judged-{rng.randrange(2)}", verdict, verdict)


def record_of(run_id: str, label: Privacy = Privacy.PUBLIC, **more: Any) -> RunRecord:
    return RunRecord(run_id=run_id, workflow="w", label=label, **more)


WRITERS: dict[str, Callable[[Store, random.Random], Awaitable[None]]] = {
    "talk": talk,
    "derive": derive,
    "keep": keep,
    "park": park,
    "drive": drive,
    "judge": judge,
}
