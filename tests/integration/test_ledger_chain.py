"""The ledger's chain and its proof on a real Redis: many writers, old age, and tampering."""

from __future__ import annotations

import asyncio
import io
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from router.account import ledger as ledger_module
from router.account.hash_chain import FIELDS, Mark, Witness, chain
from router.account.ledger import Ledger, Opening, open_witness
from router.account.proof import LabelRow, Proof
from router.account.records import records_of
from router.errors import ConfigError, StoreUnavailable
from router.settings.settings import Settings
from router.store.store import Store
from router.types.decision import Guess, Kind, RouteDecision
from router.types.result import Attempt, Result
from router.types.task import Privacy, Task
from workers.commands.prove import prove, prove_store
from workers.commands.prove_export import verify_file
from workers.views.prove import proof_view

DAY_S = 86_400.0

Row = tuple[str, dict[str, Any]]


def cloud(**changes: object) -> Attempt:
    whole: dict[str, object] = {"number": 1, "role": "cloud", "engine": "litellm", "model": "big"}
    whole |= {"route": "cloud", "outcome": "accepted"}
    return Attempt.model_validate(whole | changes)


def done(task: Task, *attempts: Attempt, **changes: object) -> Result:
    whole: dict[str, object] = {
        "task_id": task.task_id,
        "status": "done",
        "text": "answer",
        "route": "local",
        "reason": "routine",
        "guess": Guess(kind=Kind.MATH, confidence=0.9, language="en"),
        "decision": RouteDecision(route="local", agent="general", reason="routine"),
        "attempts": attempts,
    }
    return Result.model_validate(whole | changes)


async def write(ledger: Ledger, count: int, *attempts: Attempt, **changes: object) -> None:
    for _ in range(count):
        task = Task(prompt="x", privacy=Privacy.PUBLIC)
        await ledger.record(task, done(task, *attempts, **changes))


async def rows(store: Store) -> list[Row]:
    found = await store.redis.xrange(store.keys.ledger())
    return [
        (entry_id.decode(), {name.decode(): value for name, value in fields.items()})
        for entry_id, fields in found
    ]


async def put(store: Store, found: list[Row]) -> None:
    """The stream with these entries instead: what somebody does who edits one."""
    await store.redis.delete(store.keys.ledger())
    for entry_id, fields in found:
        await store.redis.xadd(store.keys.ledger(), fields, id=entry_id)


async def proof_of(store: Store, witness: Witness | None = None, **more: Any) -> Proof:
    return await prove_store(store, witness, **{"retention_s": 90 * DAY_S, **more})


def whats(proof: Proof) -> list[str]:
    return [finding.what for finding in proof.findings]


@pytest.fixture
def witness(store: Store, tmp_path: Path) -> Witness:
    opened = open_witness(store, tmp_path / "home")
    assert opened is not None
    return opened


async def test_what_was_recorded_is_proved_and_signed(store: Store, witness: Witness) -> None:
    ledger = Ledger(store, witness=witness)
    await write(ledger, 3, cloud())
    proof = await proof_of(store, witness)
    assert (proof.intact, proof.records, proof.signed_here, proof.remembered) == (True, 6, 6, 3)
    assert proof.head_seq == 6
    await write(Ledger(store), 1)
    proof = await proof_of(store, witness)
    assert (proof.intact, proof.records, proof.signed_here) == (True, 7, 6)


async def test_an_empty_ledger_is_intact(store: Store, witness: Witness) -> None:
    proof = await proof_of(store, witness)
    assert (proof.intact, proof.records) == (True, 0)
    assert "nothing is recorded yet" in shown(proof)


def shown(proof: Proof) -> str:
    console = Console(width=100, file=io.StringIO())
    with console.capture() as capture:
        console.print(proof_view(proof))
    return capture.get()


async def test_many_writers_at_once_make_one_chain(store: Store, tmp_path: Path) -> None:
    async def several(number: int) -> None:
        await write(Ledger(store, witness=open_witness(store, tmp_path / str(number % 3))), 10)

    shared = Ledger(store)
    await asyncio.gather(*map(several, range(8)), *(write(shared, 5) for _ in range(8)))
    proof = await proof_of(store, open_witness(store, tmp_path / "0"))
    assert (proof.intact, proof.records) == (True, 120)
    assert (proof.signed_here, proof.signed_elsewhere) == (30, 50)


WRITER = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[4])
from test_ledger_chain import write
from router.account.ledger import Ledger, open_witness
from router.store.store import open_store

async def main():
    async with await open_store(url=sys.argv[1], namespace=sys.argv[2]) as store:
        await write(Ledger(store, witness=open_witness(store, Path(sys.argv[3]))), 50)

asyncio.run(main())
"""


async def test_processes_at_once_make_one_chain(
    store: Store, witness: Witness, tmp_path: Path
) -> None:
    here = str(Path(__file__).parent)
    line = [WRITER, store.url, store.keys.namespace, str(tmp_path / "home"), here]
    writers = [await asyncio.create_subprocess_exec(sys.executable, "-c", *line) for _ in range(4)]
    assert await asyncio.gather(*(writer.wait() for writer in writers)) == [0] * 4
    proof = await proof_of(store, witness)
    assert (proof.intact, proof.records, proof.signed_here) == (True, 200, 200)
    assert proof.remembered == 200


async def test_a_writer_that_always_loses_says_so(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lose(*_: object) -> tuple[int, Mark]:
        return 0, Mark()

    ledger = Ledger(store)
    monkeypatch.setattr(ledger_module, "LONGEST_WRITE_S", 0.05)
    monkeypatch.setattr(ledger, "_write_behind", lose)
    with pytest.raises(StoreUnavailable, match="did not take a record within"):
        await write(ledger, 1)


async def test_an_edit_a_removal_an_insertion_and_a_swap_are_noticed(store: Store) -> None:
    await write(Ledger(store), 9)
    whole = await rows(store)

    edited = [(at, dict(fields)) for at, fields in whole]
    edited[4][1]["record"] = edited[4][1]["record"].replace(b"public", b"secret")
    await put(store, edited)
    (finding,) = (await proof_of(store)).findings
    assert finding.what == "edited"
    assert finding.at == whole[4][0]
    assert "record 5 " in finding.text

    await put(store, whole)
    assert (await proof_of(store)).intact
    await store.redis.xdel(store.keys.ledger(), whole[4][0], whole[5][0])
    assert whats(await proof_of(store)) == ["removed"]

    await put(store, whole)
    await store.redis.xadd(store.keys.ledger(), {"record": whole[0][1]["record"]})
    assert "inserted" in whats(await proof_of(store))

    swapped = [*whole[:3], (whole[3][0], whole[5][1]), whole[4], (whole[5][0], whole[3][1])]
    await put(store, swapped + whole[6:])
    assert set(whats(await proof_of(store))) == {"moved"}


async def test_a_missing_end_is_noticed_by_the_head_and_stays_noticed(store: Store) -> None:
    await write(Ledger(store), 9)
    whole = await rows(store)
    await store.redis.xdel(store.keys.ledger(), whole[7][0], whole[8][0])
    (finding,) = (await proof_of(store)).findings
    assert "2 records are missing at the end: Redis knows record 9" in finding.text
    await write(Ledger(store), 3)
    (finding,) = (await proof_of(store)).findings
    assert finding.what == "removed"
    assert "2 records are missing: 8 to 9" in finding.text


async def test_a_rewound_head_is_noticed_by_the_machine_that_wrote(
    store: Store, witness: Witness
) -> None:
    await write(Ledger(store, witness=witness), 9)
    whole = await rows(store)
    await put(store, whole[:7])
    last = {"seq": whole[6][1]["seq"], "digest": whole[6][1]["digest"], "id": whole[6][0]}
    await store.redis.hset(store.keys.ledger_head(), mapping=last)
    assert (await proof_of(store)).intact, "nothing in Redis tells"
    (finding,) = (await proof_of(store, witness)).findings
    assert "2 records are missing at the end: this machine remembers record 9" in finding.text
    await write(Ledger(store, witness=witness), 4)
    assert whats(await proof_of(store, witness)) == ["rewritten"]


async def test_a_ledger_that_is_gone_is_noticed(store: Store, witness: Witness) -> None:
    ledger = Ledger(store, witness=witness)
    await write(ledger, 5)
    await store.redis.delete(store.keys.ledger())
    (finding,) = (await proof_of(store)).findings
    assert "5 records are missing at the end" in finding.text
    await write(ledger, 1)
    (finding,) = (await proof_of(store)).findings
    assert "5 records are missing at the beginning, which age does not explain" in finding.text
    await store.redis.delete(store.keys.ledger(), store.keys.ledger_head())
    assert (await proof_of(store)).intact, "nothing in Redis tells"
    assert whats(await proof_of(store, witness)) == ["truncated"]


async def test_a_lost_head_is_noticed_and_the_next_record_goes_on(store: Store) -> None:
    await write(Ledger(store), 3)
    for broken in ({"seq": "x"}, {"digest": "y"}, None):
        await store.redis.delete(store.keys.ledger_head())
        if broken:
            await store.redis.hset(store.keys.ledger_head(), mapping=broken)
        (finding,) = (await proof_of(store)).findings
        assert "the head of the chain is missing in Redis" in finding.text
        await write(Ledger(store), 1)
        assert (await proof_of(store)).intact
    assert (await proof_of(store)).records == 6


async def test_a_head_that_is_behind_is_noticed(store: Store) -> None:
    ledger = Ledger(store)
    await write(ledger, 2)
    kept = await store.redis.hgetall(store.keys.ledger_head())
    await write(ledger, 1)
    await store.redis.hset(store.keys.ledger_head(), mapping=kept)
    assert whats(await proof_of(store)) == ["edited"]


async def aged(store: Store, count: int, ages_s: float, key: Witness | None = None) -> list[Row]:
    """Records that were written so long ago, a second apart; the head behind them."""
    then = time.time() - ages_s
    task = Task(prompt="x")
    (record,) = records_of(task, done(task))
    texts = [
        record.model_copy(update={"time": then + at}).model_dump_json().encode()
        for at in range(count)
    ]
    linked = chain(texts, Mark(), key.key if key else None, key.name if key else "")
    found = [
        (f"{int((then + at) * 1000)}-0", dict(zip(FIELDS, row, strict=True)))
        for at, row in enumerate(linked)
    ]
    await put(store, found)
    last = {"seq": linked[-1][1], "digest": linked[-1][3], "id": found[-1][0]}
    await store.redis.hset(store.keys.ledger_head(), mapping=last)
    return found


@pytest.mark.parametrize("signed", [True, False])
async def test_what_age_dropped_is_not_called_missing(
    store: Store, witness: Witness, signed: bool
) -> None:
    await aged(store, 20, 10 * DAY_S + 10)
    assert (await proof_of(store)).records == 20
    ledger = Ledger(store, retention_s=10 * DAY_S, witness=witness if signed else None)
    await write(ledger, 3)
    proof = await proof_of(store, witness, retention_s=10 * DAY_S)
    assert proof.intact
    assert 9 <= proof.first_seq - 1 <= 12
    assert proof.records == 23 - (proof.first_seq - 1)
    assert f"with record {proof.first_seq}" in shown(proof)
    # And what is removed beside is.
    survivors = await rows(store)
    await store.redis.xdel(store.keys.ledger(), survivors[0][0])
    (finding,) = (await proof_of(store, witness, retention_s=10 * DAY_S)).findings
    assert "1 record is missing at the beginning, which age does not explain" in finding.text


async def test_what_age_drops_during_the_walk_is_not_called_missing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await aged(store, 20, 10 * DAY_S + 10)
    opening = Ledger.opening
    calls = 0

    async def and_then_drop(ledger: Ledger) -> Opening:
        nonlocal calls
        calls += 1
        found = await opening(ledger)
        if calls == 1:
            await write(Ledger(store, retention_s=10 * DAY_S), 1)
        return found

    monkeypatch.setattr(Ledger, "opening", and_then_drop)
    proof = await proof_of(store, retention_s=10 * DAY_S)
    assert (proof.intact, calls) == (True, 3)


async def test_a_head_older_than_the_retention_proves_nothing_any_more(
    store: Store, witness: Witness
) -> None:
    """Redis was emptied on purpose, long ago, and numbers began anew."""
    then_ms = int((time.time() - 20 * DAY_S) * 1000)
    witness.remember(Mark(2, "a" * 64, f"{then_ms}-0"))
    await write(Ledger(store, witness=witness), 3)
    assert (await proof_of(store, witness, retention_s=10 * DAY_S)).intact
    assert whats(await proof_of(store, witness, retention_s=30 * DAY_S)) == ["rewritten"]


async def test_dropping_by_age_does_not_hide_what_was_removed(store: Store) -> None:
    found = await aged(store, 20, 10 * DAY_S + 10.5)
    # Records 9 to 13, on both sides of the line, are taken out before anybody drops by age.
    await store.redis.xdel(store.keys.ledger(), *(entry_id for entry_id, _ in found[8:13]))
    await write(Ledger(store, retention_s=10 * DAY_S), 1)
    (finding,) = (await proof_of(store, retention_s=10 * DAY_S)).findings
    assert "5 records are missing at the beginning" in finding.text


async def test_a_young_record_that_is_put_among_the_old_does_not_move_the_beginning(
    store: Store,
) -> None:
    found = await aged(store, 20, 10 * DAY_S - 5 * 3600)
    # The last one, as it is, under an old id; all others are gone.
    await put(store, [(f"{int((time.time() - 11 * DAY_S) * 1000)}-0", found[18][1]), found[19]])
    moved = json.loads(found[18][1]["record"])
    assert moved["time"] > time.time() - 10 * DAY_S + 3600
    await write(Ledger(store, retention_s=10 * DAY_S), 1)
    assert not (await proof_of(store, retention_s=10 * DAY_S)).intact


async def test_a_forged_beginning_is_noticed_by_the_machine_that_wrote(
    store: Store, witness: Witness
) -> None:
    await write(Ledger(store, witness=witness), 9)
    whole = await rows(store)
    await put(store, whole[5:])
    forged = {"anchor_seq": 5, "anchor_digest": whole[4][1]["digest"], "anchor_id": whole[4][0]}
    await store.redis.hset(store.keys.ledger_head(), mapping=forged)
    assert (await proof_of(store)).intact, "nothing in Redis tells"
    (finding,) = (await proof_of(store, witness)).findings
    assert "was dropped as too old, and record 1 of" in finding.text


async def test_a_ledger_that_nobody_wrote_to_for_so_long_is_gone_and_goes_on(
    store: Store, witness: Witness
) -> None:
    await aged(store, 5, 20 * DAY_S, witness)
    await store.redis.delete(store.keys.ledger())  # as its time to live ends
    assert not (await proof_of(store, witness, retention_s=30 * DAY_S)).intact
    assert (await proof_of(store, witness, retention_s=10 * DAY_S)).intact
    await write(Ledger(store, retention_s=10 * DAY_S, witness=witness), 2)
    proof = await proof_of(store, witness, retention_s=10 * DAY_S)
    assert (proof.intact, proof.first_seq, proof.records) == (True, 6, 2)


async def test_records_of_an_earlier_version_are_unchained_not_tampered(store: Store) -> None:
    task = Task(prompt="x")
    (record,) = records_of(task, done(task))
    for _ in range(3):
        await store.redis.xadd(store.keys.ledger(), {"record": record.model_dump_json()})
    proof = await proof_of(store)
    assert (proof.intact, proof.unchained, proof.records) == (True, 3, 0)
    await write(Ledger(store), 2)
    proof = await proof_of(store)
    assert (proof.intact, proof.unchained, proof.records) == (True, 3, 2)
    assert proof.labels[-1] == LabelRow(label="public", tasks=5)
    assert "3 records of an earlier version, unproved" in shown(proof)


async def test_nothing_of_local_only_left_is_said_only_where_it_is_so(store: Store) -> None:
    ledger = Ledger(store)
    private = Task(prompt="x", privacy=Privacy.LOCAL_ONLY)
    public = Task(prompt="x")
    local = cloud(route="local", model="nano")
    await ledger.record(private, done(private, local))
    stopped = cloud(outcome="failed", error="PrivacyViolation: it was stopped")
    await ledger.record(private, done(private, local, stopped))
    await ledger.record(public, done(public, local, cloud(), cloud(outcome="failed", error="X: y")))
    proof = await proof_of(store)
    assert proof.labels == (
        LabelRow(label="local_only", tasks=2, local_attempts=2, stopped=1),
        LabelRow(label="public", tasks=1, local_attempts=1, cloud_attempts=2, models={"big": 2}),
    )
    nothing, some = proof.sentences
    assert nothing.startswith("nothing of local_only left: 2 tasks")
    assert some == "public: 2 texts were sent to a cloud"
    assert "nothing of local_only left" in shown(proof)

    await store.redis.xdel(store.keys.ledger(), (await rows(store))[0][0])
    assert "cannot be said: the ledger is not intact" in (await proof_of(store)).sentences[0]


async def test_a_text_of_local_only_that_left_is_said(store: Store) -> None:
    private = Task(prompt="x", privacy=Privacy.LOCAL_ONLY)
    await Ledger(store).record(private, done(private, cloud()))
    (sentence,) = (await proof_of(store)).sentences
    assert sentence == "local_only: 1 text was sent to a cloud"


async def test_a_text_counts_under_the_label_that_it_was_sent_with(store: Store) -> None:
    # The task has seen what must stay after it was sent: a tool's result, for one.
    private = Task(prompt="x", privacy=Privacy.LOCAL_ONLY)
    attempt, whole = records_of(private, done(private, cloud()))
    labelled = json.loads(attempt.model_dump_json()) | {"label": "public"}
    await store.redis.xadd(store.keys.ledger(), {"record": json.dumps(labelled)})
    await store.redis.xadd(store.keys.ledger(), {"record": whole.model_dump_json()})
    rows = {row.label: row.cloud_attempts for row in (await proof_of(store)).labels}
    assert rows == {"local_only": 0, "public": 1}


async def test_a_text_without_a_label_may_have_been_anything(store: Store) -> None:
    task = Task(prompt="x")
    orphan, _ = records_of(task, done(task, cloud()))
    await store.redis.xadd(store.keys.ledger(), {"record": orphan.model_dump_json()})
    await write(Ledger(store), 1)
    proof = await proof_of(store)
    assert [row.label for row in proof.labels] == ["local_only", "public", "unknown"]
    assert {sentence.partition(": ")[2] for sentence in proof.sentences} == {
        "some texts have no label"
    }


async def test_labels_of_a_later_version_have_their_own_row(store: Store) -> None:
    task = Task(prompt="x")
    records = records_of(task, done(task, cloud(), cloud()))
    texts = [json.loads(record.model_dump_json()) for record in records]
    texts[0] |= {"label": "secret", "redacted": True}
    texts[1] |= {"label": None, "redacted": False}
    texts[2] |= {"privacy": "confidential"}
    for text in texts:
        await store.redis.xadd(store.keys.ledger(), {"record": json.dumps(text)})
    labels = {row.label: row for row in (await proof_of(store)).labels}
    assert (labels["confidential"].tasks, labels["confidential"].cloud_attempts) == (1, 1)
    assert (labels["secret"].cloud_attempts, labels["secret"].redacted) == (1, 1)


async def test_since_counts_from_then_on_and_walks_everything(store: Store) -> None:
    await aged(store, 20, 10 * DAY_S)
    await write(Ledger(store), 2)
    proof = await proof_of(store, since=time.time() - DAY_S)
    assert proof.records == 22
    assert proof.labels[-1].tasks == 2
    # An entry under an old id is counted by its record's own time.
    whole = await rows(store)
    await put(store, [*whole[:20], (f"{whole[19][0]}1", whole[20][1]), whole[21]])
    assert (await proof_of(store, since=time.time() - DAY_S)).labels[-1].tasks == 2


async def test_an_export_is_verified_without_redis(
    store: Store, witness: Witness, tmp_path: Path
) -> None:
    secret = Task(prompt="the patient is called Ana", session="Ana")
    await Ledger(store, witness=witness).record(secret, done(secret, cloud(), text="Ana"))
    await write(Ledger(store, witness=witness), 8, cloud(outcome="failed", error="Bad: Ana"))
    path = tmp_path / "ledger.jsonl"
    live = await proof_of(store, witness, export=path)
    text = path.read_text()
    assert "Ana" not in text
    assert {file for file in os.listdir(tmp_path) if "part" in file} == set()
    proof = verify_file(path, witness.key)
    assert (proof.intact, proof.records, proof.signed_here) == (True, 18, 18)
    assert (proof.labels, proof.head_digest) == (live.labels, live.head_digest)
    assert verify_file(path).signed_elsewhere == 18

    lines = text.splitlines()
    last = json.loads(lines[-1])
    assert last["verification"]["intact"] is True
    for tampered, what in (
        (lines[:7] + lines[8:], "removed"),
        ([*lines[:7], lines[7].replace("cloud", "local", 1), *lines[8:]], "edited"),
        ([*lines[:8], lines[7], *lines[8:]], "inserted"),
        ([*lines[:7], lines[8], lines[7], *lines[9:]], "moved"),
        (lines[:-1], "truncated"),
        ([*lines[:-2], lines[-1]], "truncated"),
        ([*lines[:7], "{", *lines[8:]], "edited"),
        ([*lines, lines[-2]], "inserted"),
    ):
        path.write_text("\n".join(tampered) + "\n")
        proof = verify_file(path, witness.key)
        assert what in whats(proof), what


async def test_an_export_since_then_begins_where_it_says(store: Store, tmp_path: Path) -> None:
    await aged(store, 20, 10 * DAY_S)
    await write(Ledger(store), 2)
    path = tmp_path / "ledger.jsonl"
    await proof_of(store, since=time.time() - DAY_S, export=path)
    proof = verify_file(path)
    assert (proof.intact, proof.records, proof.first_seq, proof.head_seq) == (True, 2, 21, 22)


async def test_an_export_of_a_damaged_ledger_shows_the_damage(store: Store, tmp_path: Path) -> None:
    await write(Ledger(store), 5)
    whole = await rows(store)
    whole[2][1]["record"] = b'{"a": "\xff\xfe"}'
    whole[3][1]["note"] = b"the patient is called Ana"
    await put(store, whole)
    path = tmp_path / "ledger.jsonl"
    live = await proof_of(store, export=path)
    assert "Ana" not in path.read_text()
    assert not live.intact
    proof = verify_file(path)
    assert [one.text for one in proof.findings] == [one.text for one in live.findings]


async def test_what_cannot_be_written_or_read_is_said(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        await proof_of(store, export=tmp_path / "missing" / "ledger.jsonl")
    with pytest.raises(ConfigError, match="cannot be read"):
        verify_file(tmp_path / "missing.jsonl")
    (tmp_path / "other.jsonl").write_text('{"prompt": "x"}\n')
    with pytest.raises(ConfigError, match="is no export of the ledger"):
        verify_file(tmp_path / "other.jsonl")


async def test_a_home_that_cannot_be_written_leaves_the_chain_unsigned(
    store: Store, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert open_witness(store, tmp_path / "file" / "home") is None
    await write(Ledger(store, witness=None), 2)
    assert (await proof_of(store)).intact


async def test_a_head_that_cannot_be_kept_does_not_fail_the_task(
    store: Store, witness: Witness
) -> None:
    witness.heads_path.mkdir()
    await write(Ledger(store, witness=witness), 2)
    proof = await proof_of(store, witness)
    assert (proof.intact, proof.signed_here, proof.remembered) == (True, 2, 0)


async def test_the_command_opens_the_store_of_the_settings(store: Store, tmp_path: Path) -> None:
    where = {"url": store.url, "namespace": store.keys.namespace, "home": str(tmp_path)}
    settings = Settings.model_validate({"store": where})
    await write(Ledger(store, witness=open_witness(store, tmp_path)), 3)
    proof = await prove(settings, "30d")
    assert (proof.intact, proof.records, proof.signed_here) == (True, 3, 3)
    assert json.loads(proof.to_json())["intact"] is True


async def test_a_long_ledger_is_proved_page_by_page(store: Store) -> None:
    await aged(store, 2500, DAY_S)
    proof = await proof_of(store)
    assert (proof.intact, proof.records) == (True, 2500)
