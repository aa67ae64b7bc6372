"""Learning from a real ledger: once from each record, whoever is killed, and felt by the router."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from command import COMMAND
from scripted_router import scripted_router

from router.account.ledger import Ledger
from router.account.records import FeedbackRecord
from router.learned import learn as learn_module
from router.learned.learn import Learned, learn, place_of, roll_back
from router.learned.versions import Versions
from router.settings.settings import Settings
from router.store.store import Store
from router.types.decision import Kind
from router.types.task import Task

ROUTINE = "Extract the order number from: order A-17 was late."
LOCAL = [{"reply": "A-17"}]
CLOUD = [{"reply": "The order number is A-17."}]


def judgement(verdict: str, number: int = 0, **changes: Any) -> FeedbackRecord:
    whole = {
        "task_id": f"t{number}",
        "time": time.time(),
        "kind": Kind.EXTRACTION,
        "language": "en",
        "prompt_chars": len(ROUTINE),
        "prior_local": 0.8,
        "prior_cloud": 0.85,
        "verdict": verdict,
        "answered": "local",
        "model": "local",
    }
    return FeedbackRecord.model_validate(whole | changes)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the routers of this test look for what was learned."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return Settings().store.home.expanduser()


async def learned(store: Store, home: Path, **options: Any) -> Learned:
    return await learn(Ledger(store), place_of(store), Versions(home), **options)


async def test_each_record_is_learned_from_once(store: Store, tmp_path: Path) -> None:
    ledger = Ledger(store)
    await ledger.append([judgement("bad", number) for number in range(10)])
    first = await learned(store, tmp_path)
    assert first.version is not None
    assert first.version.outcomes == {"feedback": 10}
    assert first.path == tmp_path / "learned" / "0001.json"
    assert await learned(store, tmp_path) == Learned(version=None)
    assert Versions(tmp_path).numbers() == [1]
    await ledger.append([judgement("bad", 11)])
    second = await learned(store, tmp_path)
    assert second.version is not None
    assert (second.version.number, second.version.basis) == (2, 1)
    assert second.version.outcomes == {"feedback": 1}
    (common, _) = second.corrections
    assert (common.outcomes, common.length) == (11, "")
    assert common.after < common.before < common.shipped == 0.8


async def test_a_dry_run_tells_and_writes_nothing(store: Store, tmp_path: Path) -> None:
    await Ledger(store).append([judgement("bad")])
    shown = await learned(store, tmp_path, dry_run=True)
    assert (shown.version is not None, shown.path) == (True, None)
    assert not (tmp_path / "learned").exists()
    written = await learned(store, tmp_path)
    assert written.version is not None
    assert shown.version is not None
    assert written.version.cells == shown.version.cells


async def test_it_does_not_matter_how_often_it_is_learned(store: Store, tmp_path: Path) -> None:
    rng, ledger = random.Random(5), Ledger(store)
    said = [judgement(rng.choice(("good", "bad", "bad")), number) for number in range(240)]
    for start in range(0, len(said), 35):
        await ledger.append(said[start : start + 35])
        await learned(store, tmp_path / "often")
    await learned(store, tmp_path / "once")
    often = Versions(tmp_path / "often").newest()
    once = Versions(tmp_path / "once").newest()
    assert often is not None
    assert once is not None
    assert often.number == 7
    assert (often.cells, often.watches) == (once.cells, once.watches)
    assert often.ledgers == once.ledgers


async def test_since_leaves_older_records_out(store: Store, tmp_path: Path) -> None:
    ledger = Ledger(store)
    await ledger.append([judgement("bad", number) for number in range(5)])
    await asyncio.sleep(0.05)
    now = time.time()
    await ledger.append([judgement("good", number) for number in range(3)])
    found = await learned(store, tmp_path, since=now)
    assert found.version is not None
    assert found.version.outcomes == {"feedback": 3}
    assert (await learned(store, tmp_path)).version is None


async def test_two_ledgers_are_learned_from_side_by_side(store: Store, tmp_path: Path) -> None:
    await Ledger(store).append([judgement("bad")])
    await learned(store, tmp_path)
    other = await learn(Ledger(store), "another place", Versions(tmp_path))
    assert other.version is not None
    assert set(other.version.ledgers) == {place_of(store), "another place"}


async def test_entries_that_are_not_ours_are_counted_and_passed_over(
    store: Store, tmp_path: Path
) -> None:
    await store.redis.xadd(store.keys.ledger(), {"record": '{"record": "invoice"}'})
    await Ledger(store).append([judgement("bad")])
    found = await learned(store, tmp_path)
    assert found.version is not None
    assert (found.skipped, found.version.outcomes) == (1, {"feedback": 1})


async def test_what_fails_to_be_written_is_learned_the_next_time(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await Ledger(store).append([judgement("bad")])

    def full(_: Versions, __: object) -> Path:
        raise OSError("no space")

    with monkeypatch.context() as patched:
        patched.setattr(learn_module.Versions, "save", full)
        with pytest.raises(OSError, match="no space"):
            await learned(store, tmp_path)
    found = await learned(store, tmp_path)
    assert found.version is not None
    assert found.version.outcomes == {"feedback": 1}


async def test_the_router_feels_what_was_learned_and_what_was_rolled_back(
    store: Store, tmp_path: Path, home: Path
) -> None:
    options: dict[str, Any] = {"local": LOCAL, "cloud": CLOUD, "memory": {"cache": False}}

    async def route() -> tuple[str, float | None, int]:
        async with scripted_router(store, tmp_path, **options) as router:
            result = await router.run(Task(prompt=ROUTINE))
            return result.route, result.decision.gain, result.decision.outcomes

    where, gain, outcomes = await route()
    assert (where, outcomes) == ("local", 0)
    model = (await first_attempt(store)).model
    await Ledger(store).append([judgement("bad", n, model=model) for n in range(1000)])
    await learned(store, home)
    learned_route = await route()
    assert learned_route[0] == "cloud"
    assert learned_route[1] is not None
    assert gain is not None
    assert learned_route[1] > gain + 0.5
    assert learned_route[2] >= 1000
    roll_back(Versions(home))
    assert (await route())[:2] == (where, gain)
    options["learning"] = {"use": False}
    await learned(store, home)
    assert (await route())[0] == "local"


async def first_attempt(store: Store) -> Any:
    async for record in Ledger(store).read():
        return record
    raise AssertionError("nothing is recorded")


async def test_the_expectation_that_outcomes_are_set_against_is_the_shipped_one(
    store: Store, tmp_path: Path, home: Path
) -> None:
    """However much was learned meanwhile: else it would be learned twice."""
    options: dict[str, Any] = {"local": LOCAL, "memory": {"cache": False}}
    priors, expected = [], []
    for _ in range(2):
        async with scripted_router(store, tmp_path, **options) as router:
            done = await router.run(Task(prompt=ROUTINE))
            given = await router.feedback(done.task_id, "good")
        priors.append((given.task.prior_local, given.task.prior_cloud))
        assert done.decision.local is not None
        expected.append(done.decision.local.score)
        said = [judgement("bad", n, model=str(done.model)) for n in range(1000)]
        await Ledger(store).append(said)
        await learned(store, home)
    assert expected[0] != expected[1]
    assert priors[0][0] == pytest.approx(priors[1][0], abs=0.0002)
    assert priors[0][0] == pytest.approx(expected[0])


def run_learn(
    env: dict[str, str], folder: Path, words: Sequence[str] = ()
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(COMMAND), "learn", "--json", *words],
        env=env,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


async def test_whenever_it_is_killed_every_record_counts_once(store: Store, tmp_path: Path) -> None:
    """Killed at six moments of its life, with new records each time; then it runs in peace."""
    config = tmp_path / "edgeward.yaml"
    home = tmp_path / "home"
    place = {"url": store.url, "namespace": store.keys.namespace, "home": str(home)}
    config.write_text(json.dumps({"store": place}))  # JSON is YAML
    env = {k: v for k, v in os.environ.items() if k not in ("REDIS_URL", "EDGEWARD_HOME")}
    env["EDGEWARD_CONFIG"] = str(config)  # named, so that it need not be trusted
    ledger, count = Ledger(store), 0
    await ledger.append([judgement("bad", number) for number in range(3000)])
    count += 3000
    began = time.monotonic()
    whole = await asyncio.to_thread(run_learn(env, tmp_path).communicate)
    lasts_s = time.monotonic() - began
    assert json.loads(whole[0])["version"]["outcomes"] == {"feedback": 3000}
    for step in range(6):
        await ledger.append([judgement("bad", number) for number in range(500)])
        count += 500
        process = run_learn(env, tmp_path)
        await asyncio.sleep(lasts_s * (0.4 + 0.11 * step))
        process.send_signal(signal.SIGKILL)
        await asyncio.to_thread(process.communicate)
    await ledger.append([judgement("bad")])
    out, err = await asyncio.to_thread(run_learn(env, tmp_path).communicate)
    assert err == ""
    assert json.loads(out)["version"] is not None
    versions = Versions(home)
    numbers = versions.numbers()
    learned_in_all = sum(versions.load(one).outcomes["feedback"] for one in numbers)  # type: ignore[index]
    assert learned_in_all == count + 1
    newest = versions.newest()
    assert newest is not None
    common = next(cell for cell in newest.cells if not cell.length)
    assert common.outcomes == count + 1
    assert not list((home / "learned").glob(".*.json.*"))
