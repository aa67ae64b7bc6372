"""The ledger's chain: how much tampering is noticed, how fast it is proved, what it costs.

    python tests/benchmarks/hash_chain.py [--records 1000000] [--tamperings 1000] [--tasks 2000]

Everything on a private redis-server of its own: the last two parts with its data on disk as in
daily use, the million records in memory only.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from router.account.hash_chain import FIELDS, Mark, Witness, chain, link
from router.account.ledger import Ledger, open_witness
from router.account.records import records_of
from router.store.store import Store, open_store
from router.types.completion import Usage
from router.types.decision import Guess, Kind, RouteDecision
from router.types.result import Attempt, Result
from router.types.task import Task
from workers.commands.prove import prove_store
from workers.commands.prove_export import verify_file

DAY_S = 86_400.0
SEED = 20_261_121
LENGTH = 120
"""Records of a ledger that is tampered with."""

Row = dict[str, Any]


def result_of(task: Task, route: str = "local") -> Result:
    attempt = Attempt.model_validate(
        {
            "number": 1,
            "role": "general",
            "engine": "llamacpp",
            "model": "edgeward-nano",
            "route": route,
            "outcome": "accepted",
            "usage": Usage(prompt_tokens=40, completion_tokens=12),
            "latency_s": 0.1234,
        }
    )
    return Result(
        task_id=task.task_id,
        status="done",
        text="x",
        route="local",
        reason="x",
        guess=Guess(kind=Kind.EXTRACTION, confidence=0.9, language="en"),
        decision=RouteDecision(route="local", agent="general", reason="x"),
        attempts=(attempt,),
        model="edgeward-nano",
        avoided_usd=0.0021,
        latency_s=0.1234,
    )


def texts_of(count: int) -> list[bytes]:
    """Records as they are written: an attempt and a task in turn."""
    texts: list[bytes] = []
    while len(texts) < count:
        task = Task(prompt="x")
        texts += [one.model_dump_json().encode() for one in records_of(task, result_of(task))]
    return texts[:count]


def linked(texts: list[bytes], head: Mark, witness: Witness | None) -> list[Row]:
    key, name = (witness.key, witness.name) if witness else (None, "")
    return [dict(zip(FIELDS, row, strict=True)) for row in chain(texts, head, key, name)]


async def put(store: Store, rows: list[Row], ids: list[str]) -> None:
    async with store.redis.pipeline(transaction=False) as pipe:
        pipe.delete(store.keys.ledger())
        for entry_id, row in zip(ids, rows, strict=True):
            pipe.xadd(store.keys.ledger(), row, id=entry_id)
        await pipe.execute()


async def set_head(store: Store, row: Row, entry_id: str) -> None:
    head = {"seq": row["seq"], "digest": row["digest"], "id": entry_id}
    await store.redis.hset(store.keys.ledger_head(), mapping=head)


def edit(rows: list[Row], ids: list[str], dice: random.Random) -> None:
    """One byte of one field of one record."""
    row = dice.choice(rows)
    # Without the key nobody can tell whether a MAC is one; the next column is with it.
    name = dice.choice(["record"] * 5 + ["seq", "prev", "digest", "key"])
    value = row[name] if isinstance(row[name], bytes) else str(row[name]).encode()
    place = dice.randrange(len(value))
    other = dice.choice([byte for byte in range(256) if byte != value[place]])
    row[name] = value[:place] + bytes([other]) + value[place + 1 :]


def removal(rows: list[Row], ids: list[str], dice: random.Random) -> None:
    """One to five records that follow each other, not the last."""
    at = dice.randrange(len(rows) - 6)
    count = dice.randint(1, 5)
    del rows[at : at + count], ids[at : at + count]


def insertion(rows: list[Row], ids: list[str], dice: random.Random) -> None:
    """A copy, a record without a digest, or one with a right digest and number of its own."""
    at = dice.randrange(1, len(rows))
    before, how = rows[at - 1], dice.randrange(3)
    row: Row = dict(dice.choice(rows))
    if how == 1:
        row = {"record": row["record"]}
    elif how == 2:
        seq, prev = before["seq"] + 1, before["digest"]
        forged = (row["record"], seq, prev, link(seq, prev, "", row["record"]), "", "")
        row = dict(zip(FIELDS, forged, strict=True))
    rows.insert(at, row)
    ids.insert(at, f"{ids[at - 1].partition('-')[0]}-1")


def swap(rows: list[Row], ids: list[str], dice: random.Random) -> None:
    """Two records change places; every second time only what they say, not their links."""
    one, other = dice.sample(range(len(rows)), 2)
    if dice.random() < 0.5:
        rows[one], rows[other] = rows[other], rows[one]
    else:
        first, second = rows[one]["record"], rows[other]["record"]
        rows[one], rows[other] = rows[one] | {"record": second}, rows[other] | {"record": first}


def truncation(rows: list[Row], ids: list[str], dice: random.Random) -> None:
    """The last one to ten records; the head in Redis stays."""
    count = dice.randint(1, 10)
    del rows[-count:], ids[-count:]


def recomputed(rows: list[Row], ids: list[str], dice: random.Random) -> None:
    """A record is changed and the chain computed anew from it on, with the head, without MACs."""
    at = dice.randrange(len(rows))
    before = rows[at - 1] if at else None
    texts = [row["record"] for row in rows[at:]]
    texts[0] = texts[0].replace(b"local", b"cloud", 1)
    head = Mark(before["seq"], before["digest"]) if before else Mark()
    rows[at:] = linked(texts, head, None)


def rewound(rows: list[Row], ids: list[str], dice: random.Random) -> None:
    """The last one to ten records, and the head in Redis says so too."""
    truncation(rows, ids, dice)


KINDS = (edit, removal, insertion, swap, truncation)
EXPERT = (recomputed, rewound)
"""What only the key and the heads in the home can tell: done with knowledge of the format."""


async def tamper(store: Store, witness: Witness, times: int) -> None:
    dice = random.Random(SEED)
    texts = texts_of(LENGTH)
    genuine = linked(texts, Mark(), witness)
    now_ms = int(time.time() * 1000)
    places = [f"{now_ms - 1000 * (LENGTH - at)}-0" for at in range(LENGTH)]
    for at in range(1, LENGTH, 2):  # as each task was written
        witness.remember(Mark(genuine[at]["seq"], genuine[at]["digest"], places[at]))
    await put(store, genuine, places)
    await set_head(store, genuine[-1], places[-1])
    assert (await prove_store(store, witness, retention_s=DAY_S)).intact
    noticed: dict[str, list[int]] = {}
    named: Counter[str] = Counter()
    share = times // len(KINDS)
    for kind in (*KINDS, *EXPERT):
        counts = noticed.setdefault(kind.__name__, [0, 0])
        for _ in range(share):
            rows, ids = [dict(row) for row in genuine], list(places)
            kind(rows, ids, dice)
            await put(store, rows, ids)
            last = rows[-1] if kind in EXPERT else genuine[-1]
            await set_head(store, last, ids[-1] if kind in EXPERT else places[-1])
            for at, known in enumerate((None, witness)):
                proof = await prove_store(store, known, retention_s=DAY_S)
                counts[at] += not proof.intact
            named[f"{kind.__name__}: {proof.findings[0].what if proof.findings else '-'}"] += 1
    print(f"| {share} times each, {LENGTH} records | by Redis alone | with key and heads |")
    print("|---|---|---|")
    for kind in (*KINDS, *EXPERT):
        alone, both = noticed[kind.__name__]
        print(f"| {kind.__name__} | {alone} | {both} |")
    plain = [noticed[kind.__name__] for kind in KINDS]
    alone, both = (sum(counts) for counts in zip(*plain, strict=True))
    print(f"| the first five: {share * len(KINDS)} | {alone} | {both} |")
    print(f"\nFirst finding: {', '.join(f'{name} {n}' for name, n in sorted(named.items()))}.\n")


async def million(store: Store, witness: Witness, records: int, folder: Path) -> None:
    await store.redis.config_set("appendonly", "no")
    await store.redis.delete(store.keys.ledger(), store.keys.ledger_head())
    texts, head = texts_of(1000), Mark()
    for _ in range(records // len(texts)):
        rows = linked(texts, head, witness)
        async with store.redis.pipeline(transaction=False) as pipe:
            for row in rows:
                pipe.xadd(store.keys.ledger(), row)
            ids = await pipe.execute()
        head = Mark(rows[-1]["seq"], rows[-1]["digest"], ids[-1].decode())
    await set_head(store, rows[-1], head.id)
    memory = int((await store.redis.info("memory"))["used_memory"])
    print(
        f"| {head.seq:,} records, {memory / head.seq:.0f} bytes each | wall s | CPU s | a second |"
    )
    print("|---|---|---|---|")

    async def timed(title: str, work: Callable[[], Awaitable[Any]]) -> None:
        began, before = time.perf_counter(), time.process_time()
        proof = await work()
        wall, cpu = time.perf_counter() - began, time.process_time() - before
        assert proof.intact, proof.findings
        assert proof.records == head.seq
        print(f"| {title} | {wall:.1f} | {cpu:.1f} | {head.seq / wall:,.0f} |")

    fresh = open_witness(store, folder / "fresh")  # does not have the key: nothing to countersign
    file = folder / "ledger.jsonl"
    for _ in range(2):
        await timed(
            "in Redis, MACs checked", lambda: prove_store(store, witness, retention_s=DAY_S)
        )
    await timed("in Redis, digests only", lambda: prove_store(store, fresh, retention_s=DAY_S))
    await timed("exported", lambda: prove_store(store, witness, retention_s=DAY_S, export=file))

    async def from_file() -> Any:
        return verify_file(file, witness.key)

    await timed(f"from the file of {file.stat().st_size / 1e6:,.0f} MB, MACs checked", from_file)
    print()
    await store.redis.delete(store.keys.ledger(), store.keys.ledger_head())
    await store.redis.config_set("appendonly", "yes")


async def unchained(store: Store, task: Task, result: Result) -> None:
    """What `Ledger.record` was before the chain: the same entries in one transaction."""
    key = f"{store.keys.namespace}:unchained"
    oldest = int((time.time() - 90 * DAY_S) * 1000)
    async with store.redis.pipeline(transaction=True) as pipe:
        for record in records_of(task, result):
            entry = {"record": record.model_dump_json()}
            pipe.xadd(key, entry, minid=oldest, approximate=True)  # type: ignore[arg-type]
        pipe.pexpire(key, int(90 * DAY_S * 1000))
        await pipe.execute()


async def cost(store: Store, witness: Witness, tasks: int) -> None:
    ledger, unsigned = Ledger(store, witness=witness), Ledger(store)
    ways: dict[str, Callable[[Task, Result], Awaitable[None]]] = {
        "unchained": lambda task, result: unchained(store, task, result),
        "chained": unsigned.record,
        "chained, signed, head kept": ledger.record,
    }
    print("| a task: one attempt and itself | writers | ms a task | CPU ms | ratio |")
    print("|---|---|---|---|---|")
    for writers in (1, 8):
        walls: dict[str, list[float]] = {way: [] for way in ways}
        cpus: dict[str, list[float]] = {way: [] for way in ways}
        batch = 40 * writers
        for _ in range(max(3, tasks // batch)):
            for way, write in ways.items():
                began, before = time.perf_counter(), time.process_time()

                async def several(write: Any = write) -> None:
                    for _ in range(40):
                        task = Task(prompt="x")
                        await write(task, result_of(task))

                await asyncio.gather(*(several() for _ in range(writers)))
                walls[way].append((time.perf_counter() - began) / batch)
                cpus[way].append((time.process_time() - before) / batch)
        plain = statistics.median(walls["unchained"])
        for way, times in walls.items():
            wall, cpu = statistics.median(times), statistics.median(cpus[way])
            print(
                f"| {way} | {writers} | {wall * 1000:.3f} | {cpu * 1000:.3f} | {wall / plain:.2f} |"
            )
    print()


def writer(url: str, namespace: str, home: str, tasks: int, way: str, done: Any) -> None:
    async def write() -> list[float]:
        async with await open_store(url=url, namespace=namespace) as store:
            ledger = Ledger(store, witness=open_witness(store, Path(home)))
            took = []
            for _ in range(tasks):
                task = Task(prompt="x")
                result = result_of(task)
                began = time.perf_counter()
                if way == "chained":
                    await ledger.record(task, result)
                else:
                    await unchained(store, task, result)
                took.append(time.perf_counter() - began)
            return took

    done.put(asyncio.run(write()))


async def processes(store: Store, home: Path, counts: tuple[int, ...], tasks: int) -> None:
    print("| processes at once, as fast as they can | way | tasks a second | p50 ms | p99 ms |")
    print("|---|---|---|---|---|")
    context = multiprocessing.get_context("spawn")
    witness = open_witness(store, home)
    for count in counts:
        for way in ("unchained", "chained"):
            await store.redis.delete(store.keys.ledger(), store.keys.ledger_head())
            if witness:
                witness.heads_path.unlink(missing_ok=True)
            done = context.Queue()
            given = (store.url, store.keys.namespace, str(home), tasks, way, done)
            running = [context.Process(target=writer, args=given) for _ in range(count)]
            for process in running:
                process.start()
            took: list[float] = []
            for _ in running:
                took += await asyncio.to_thread(done.get, True, 300)
            took.sort()
            for process in running:
                process.join()
            rate = count * len(took) / sum(took)
            p50, p99 = took[len(took) // 2], took[len(took) * 99 // 100]
            print(f"| {count} | {way} | {rate:,.0f} | {p50 * 1000:.2f} | {p99 * 1000:.2f} |")
            if way == "chained":
                proof = await prove_store(store, witness, retention_s=DAY_S)
                assert proof.intact, proof.findings
                assert proof.records == 2 * tasks * count
    print()


async def main(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="chain-", dir="/tmp") as name:
        folder = Path(name)
        async with await open_store(home=folder / "redis", idle_s=1.0) as store:
            witness = open_witness(store, folder / "home")
            assert witness is not None, "the folder is ours"
            print(f"{store.description.split(' (')[0]}, Python {sys.version.split()[0]}\n")
            await cost(store, witness, arguments.tasks)
            await processes(store, folder / "home", (1, 8, 16), max(50, arguments.tasks // 10))
            witness.heads_path.unlink()
            await tamper(store, witness, arguments.tamperings)
            witness.heads_path.unlink()
            await million(store, witness, arguments.records, folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--tamperings", type=int, default=1000)
    parser.add_argument("--tasks", type=int, default=2000)
    asyncio.run(main(parser.parse_args()))
