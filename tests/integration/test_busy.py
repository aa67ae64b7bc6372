"""A local model that is busy: who waits, who goes elsewhere, and what the reason says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from scripted_router import script
from tiny_gguf import write_tiny_gguf
from waiting import wait_until

from graphs.app import Router
from router.engine import GenerateRequest, generate
from router.settings.settings import Settings
from router.store.store import Store
from router.types.decision import EscalationReason
from router.types.task import Message, Privacy, Task

ROUTINE = "Extract the order number from: order A-17 was late."


@pytest.fixture(scope="module")
def endless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_gguf(tmp_path_factory.mktemp("models") / "endless.gguf", ends_after=None)


@asynccontextmanager
async def router_with(
    store: Store, folder: Path, model: Path, *, cloud: bool = True, **policy: Any
) -> AsyncIterator[Router]:
    answers = script(folder / "cloud.yaml", {"reply": "from the cloud"})
    place = {"path": str(model), "parallel": 1, "threads": 1, "context_tokens": 32_768}
    settings = Settings.model_validate(
        {
            "models": {"general": place, "coder": place, "specialist": None, "exact": False},
            "cloud": {"script": str(answers)} if cloud else {"model": "off"},
            "policy": policy,
            "store": {"url": store.url, "namespace": store.keys.namespace},
        }
    )
    async with Router.open(settings, env={}) as router:
        yield router


@asynccontextmanager
async def occupied(router: Router) -> AsyncIterator[None]:
    """The only slot of the local model is taken while this lasts."""
    engine = router.roster.local["general"].engine
    await engine.open()
    ask = GenerateRequest((Message(role="user", content="go on"),), time.monotonic() + 60, 30_000)
    async with aclosing(engine.stream(ask)) as parts:
        await anext(parts)
        yield


async def test_a_task_that_may_not_wait_longer_goes_to_the_cloud_and_says_so(
    store: Store, tmp_path: Path, endless: Path
) -> None:
    async with (
        router_with(store, tmp_path, endless, max_wait_s=0.2) as router,
        occupied(router),
    ):
        result = await router.run(Task(prompt=ROUTINE))

    assert (result.route, result.text) == ("cloud", "from the cloud")
    assert result.attempts[0].escalation is EscalationReason.BUSY
    assert "waiting for its turn after 0.2 s" in result.reason


async def test_the_tasks_own_bound_is_stronger(store: Store, tmp_path: Path, endless: Path) -> None:
    async with router_with(store, tmp_path, endless) as router, occupied(router):
        result = await router.run(Task(prompt=ROUTINE, max_wait_s=0.1))
    assert result.route == "cloud"
    assert "after 0.1 s" in result.reason


async def test_a_wait_beyond_the_tasks_time_is_foreseen_and_the_cloud_asked_at_once(
    store: Store, tmp_path: Path, endless: Path
) -> None:
    async with router_with(store, tmp_path, endless) as router:
        engine = router.roster.local["general"].engine
        await engine.open()
        long = GenerateRequest(
            (Message(role="user", content="go on"),), time.monotonic() + 60, 4000
        )
        await generate(engine, long)  # the lane learns how long an answer takes
        took_s = engine.outlook().wait_s
        assert took_s == 0, "nobody is before us now"
        async with occupied(router):
            waiting = asyncio.create_task(generate(engine, long))
            await wait_until(lambda: engine.outlook().queued == 2, "a second job to wait")
            expected_s = engine.outlook().wait_s
            result = await router.run(Task(prompt=ROUTINE, timeout_s=expected_s))
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)

    assert result.decision.route == "cloud"
    assert result.decision.escalation is EscalationReason.BUSY
    assert "turn is about" in result.reason
    assert [attempt.route for attempt in result.attempts] == ["cloud"]


async def test_where_there_is_no_cloud_it_waits_for_its_turn(
    store: Store, tmp_path: Path, endless: Path
) -> None:
    async with router_with(store, tmp_path, endless, cloud=False, max_wait_s=0.1) as router:
        async with occupied(router):
            task = asyncio.create_task(router.run(Task(prompt=ROUTINE, max_tokens=5)))
            done, _ = await asyncio.wait([task], timeout=0.5)
            assert not done
        result = await task
    assert [attempt.route for attempt in result.attempts] == ["local"]
    assert result.attempts[0].usage.completion_tokens == 5


async def test_a_private_task_waits_too_and_never_leaves(
    store: Store, tmp_path: Path, endless: Path
) -> None:
    async with router_with(store, tmp_path, endless, max_wait_s=0.1) as router:
        async with occupied(router):
            task = asyncio.create_task(
                router.run(Task(prompt=ROUTINE, privacy=Privacy.LOCAL_ONLY, max_tokens=5))
            )
            done, _ = await asyncio.wait([task], timeout=0.5)
            assert not done
        result = await task
    assert {attempt.route for attempt in result.attempts} == {"local"}


async def test_the_router_shows_its_lanes(store: Store, tmp_path: Path, endless: Path) -> None:
    async with router_with(store, tmp_path, endless) as router:
        async with occupied(router):
            (lane,) = router.lanes()
        assert (lane.name, lane.resident, lane.running) == ("cpu", ("endless",), 1)
        assert lane.healthy
        assert lane.free_bytes is not None
        assert lane.free_bytes > 0
