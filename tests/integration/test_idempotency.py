"""A task that is run again pays once, whoever ran it before and however that ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from scripted_router import scripted_router
from waiting import bounded, wait_until

from graphs.app import Router
from graphs.events import Event, Token
from router.account.idempotency import Claim, Paid, PaidCalls
from router.store.store import Store
from router.types.completion import Completion, Usage
from router.types.task import Message, Task

COMPLEX = (
    "Prove step by step that there are infinitely many primes of the form 4k+3, then compare two "
    "alternative proofs and discuss their trade-offs."
)
ASKED = (Message(role="user", content="why?"),)


@asynccontextmanager
async def clouded(store: Store, folder: Path, *cloud: dict[str, Any]) -> AsyncIterator[Router]:
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240  once, before anything waits
    async with scripted_router(
        store, folder, local=[{"reply": "x"}], cloud=list(cloud), memory={"cache": False}
    ) as router:
        yield router


def completion(text: str = "because") -> Completion:
    return Completion(
        text=text,
        engine="scripted",
        model="m",
        finish_reason="stop",
        usage=Usage(prompt_tokens=3, completion_tokens=1, cost_usd=0.5),
    )


async def test_the_second_run_of_a_task_takes_the_answer_of_the_first(
    store: Store, tmp_path: Path
) -> None:
    task = Task(prompt=COMPLEX)
    async with clouded(store, tmp_path, {"reply": "the first answer"}) as router:
        first = await router.run(task)
    async with clouded(store, tmp_path, {"reply": "another answer"}) as router:
        second = await router.run(task)
        other = await router.run(Task(prompt=COMPLEX))

    assert first.cost_usd
    assert (second.text, second.route, second.cost_usd) == ("the first answer", "cloud", 0.0)
    assert second.attempts[0].outcome == "accepted"
    assert other.text == "another answer", "another task is another call"


async def test_two_runs_at_once_make_one_call(store: Store, tmp_path: Path) -> None:
    task = Task(prompt=COMPLEX)
    async with AsyncExitStack() as stack:
        routers = [
            await stack.enter_async_context(
                clouded(store, tmp_path / name, {"reply": name, "delay_s": 0.4})
            )
            for name in ("one", "two")
        ]
        results = await asyncio.gather(*(router.run(task) for router in routers))
    assert len({result.text for result in results}) == 1
    assert all(result.route == "cloud" for result in results)
    assert sorted(bool(result.cost_usd) for result in results) == [False, True], "it counts once"


async def test_a_run_that_was_cancelled_leaves_the_call_to_the_next(
    store: Store, tmp_path: Path
) -> None:
    task = Task(prompt=COMPLEX)
    slow = {"reply": "word " * 500, "tokens_per_s": 20}
    async with clouded(store, tmp_path, slow) as router:
        events: list[Event] = []
        running = asyncio.create_task(router.run(task, emit=events.append))
        await wait_until(lambda: any(isinstance(one, Token) for one in events), "a first word")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    async with clouded(store, tmp_path, {"reply": "whole"}) as router:
        with bounded("a run that need not wait for a lease"):
            result = await router.run(task)
    assert result.text == "whole"


async def test_a_call_that_failed_is_made_again(store: Store, tmp_path: Path) -> None:
    task = Task(prompt=COMPLEX)
    async with clouded(store, tmp_path, {"fail": "unavailable"}) as router:
        assert (await router.run(task)).degraded
    async with clouded(store, tmp_path, {"reply": "now it works"}) as router:
        assert (await router.run(task)).text == "now it works"


async def test_a_finished_call_is_known_by_its_task_and_its_words(store: Store) -> None:
    paid = PaidCalls(store)
    claim = await paid.claim("t", ASKED, time.monotonic() + 5)
    assert isinstance(claim, Claim)
    await paid.finish(claim, completion())

    found = await paid.claim("t", ASKED, time.monotonic() + 5)
    assert found == Paid(completion=completion())
    other = (Message(role="user", content="why not?"),)
    assert isinstance(await paid.claim("t", other, time.monotonic() + 5), Claim)


async def test_a_second_one_waits_for_the_first(store: Store) -> None:
    paid = PaidCalls(store)
    claim = await paid.claim("t", ASKED, time.monotonic() + 5)
    assert isinstance(claim, Claim)
    waiting = asyncio.create_task(paid.claim("t", ASKED, time.monotonic() + 5))
    done, _ = await asyncio.wait([waiting], timeout=0.2)
    assert not done
    await paid.finish(claim, completion("late"))
    found = await waiting
    assert isinstance(found, Paid)
    assert found.completion.text == "late"


async def test_who_dies_during_a_call_loses_it_when_its_lease_ends(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.account.idempotency._SPARE_S", 0.05)
    paid = PaidCalls(store)
    dead = await paid.claim("t", ASKED, time.monotonic() + 0.1)
    assert isinstance(dead, Claim)

    heir = await paid.claim("t", ASKED, time.monotonic() + 5)

    assert isinstance(heir, Claim)
    await paid.finish(dead, completion("from the dead"))
    await paid.finish(heir, completion("the heir's"))
    found = await paid.claim("t", ASKED, time.monotonic() + 5)
    assert isinstance(found, Paid)
    assert found.completion.text == "the heir's", "who lost the lease changes nothing"


async def test_a_record_that_cannot_be_read_is_no_record(store: Store) -> None:
    paid = PaidCalls(store)
    claim = await paid.claim("t", ASKED, time.monotonic() + 5)
    assert isinstance(claim, Claim)
    await store.redis.set(claim.key, "garbage")
    assert isinstance(await paid.claim("t", ASKED, time.monotonic() + 5), Claim)


async def test_what_is_kept_does_not_stay_for_ever(store: Store) -> None:
    paid = PaidCalls(store)
    claim = await paid.claim("t", ASKED, time.monotonic() + 5)
    assert isinstance(claim, Claim)
    assert 0 < await store.redis.pttl(claim.key) <= 10_000
    await paid.finish(claim, completion())
    assert 80_000 < await store.redis.ttl(claim.key) <= 86_400
