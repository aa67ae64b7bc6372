"""Offline is a state: told apart, answered locally, parked, and delivered once the way is free."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from provider_server import ProviderServer
from scripted_router import script

from agents.connectivity import Connectivity
from graphs.app import Router
from router.errors import ConfigError
from router.machine import is_loopback
from router.queue.outbox import Outbox
from router.settings.cloud import CloudSettings
from router.settings.settings import Settings
from router.store.store import Store
from router.types.result import CloudState, Result
from router.types.task import Privacy, Task

COMPLEX = (
    "Prove step by step that there are infinitely many primes of the form 4k+3, then compare two "
    "alternative proofs and discuss their trade-offs."
)


@pytest.fixture
async def provider() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as provider:
        yield provider


def settings(redis: Store, folder: Path, local: list[dict[str, Any]], **changes: Any) -> Settings:
    model = {"script": str(script(folder / "local.yaml", *local))}
    return Settings.model_validate(
        {
            "models": {"general": model, "coder": model, "specialist": None, "exact": False},
            "memory": {"cache": False},
            "store": {"url": redis.url, "namespace": redis.keys.namespace},
            **changes,
        }
    )


def at(provider: ProviderServer, **changes: Any) -> dict[str, Any]:
    return {
        "url": provider.openai_url,
        "model": "test-model",
        "api_key": provider.key,
        "retries": 0,
        "timeout_s": 2.0,
        **changes,
    }


def closed_url() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/v1"


DRAFT = [{"reply": "A draft of the proof, written on this machine."}]


async def test_without_a_key_the_answer_is_degraded_and_its_cloud_step_parked(
    store: Store, tmp_path: Path
) -> None:
    async with Router.open(settings(store, tmp_path, DRAFT), env={}) as router:
        result = await router.run(Task(prompt=COMPLEX))
        waiting = await router.outbox.waiting()
    assert (result.status, result.route, result.cloud) == ("done", "local", CloudState.NO_KEY)
    assert result.degraded
    assert result.in_outbox
    assert "no cloud key is set" in result.reason
    assert [(one.task.task_id, one.why, one.draft) for one in waiting] == [
        (result.task_id, CloudState.NO_KEY, True)
    ]


@pytest.mark.parametrize("mode", ["refused", "500"])
async def test_a_provider_that_is_down_leaves_the_task_to_the_local_model(
    store: Store, provider: ProviderServer, tmp_path: Path, mode: str
) -> None:
    cloud = at(provider)
    if mode == "refused":
        cloud["url"] = closed_url()
    else:
        provider.fail("500", times=100)
    chosen = settings(store, tmp_path, DRAFT, cloud=cloud)
    async with Router.open(chosen, env={}) as router:
        result = await router.run(Task(prompt=COMPLEX, timeout_s=20))
        again = await router.run(Task(prompt=COMPLEX + " Briefly.", timeout_s=20))
    assert (result.status, result.cloud) == ("done", CloudState.PROVIDER_DOWN)
    assert result.degraded
    assert [attempt.outcome for attempt in result.attempts] == ["failed", "accepted"]
    down = mode == "refused"
    said = "cannot be reached" if down else "(500: The server had an error."
    later = "cannot be reached" if down else "answers, but with an error (500)"
    assert said in result.reason
    assert later in again.reason, "what is known by then"
    assert down or later not in result.reason, "what was said is not said again"
    assert "does not answer" not in result.reason
    assert again.degraded
    assert [attempt.route for attempt in again.attempts] == ["local"], "it is known for a moment"


async def test_no_network_is_told_from_a_provider_that_is_down() -> None:
    closed = closed_url().removeprefix("http://").removesuffix("/v1")
    server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
    witness = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    elsewhere = "https://provider.invalid/v1"
    assert not is_loopback(elsewhere)
    dark = Connectivity(CloudSettings(url=elsewhere, witnesses=(closed,)), ["m"])
    lit = Connectivity(CloudSettings(url=elsewhere, witnesses=(closed, witness)), ["m"])
    assert (await dark.look()).state is CloudState.NO_NETWORK
    assert (await lit.look()).state is CloudState.PROVIDER_DOWN
    server.close()
    await server.wait_closed()


async def test_a_used_up_budget_is_a_state_too(store: Store, tmp_path: Path) -> None:
    cloud = {"script": str(script(tmp_path / "cloud.yaml", {"reply": "dear"}, price=(1.0, 1.0)))}
    chosen = settings(store, tmp_path, DRAFT, cloud=cloud, budget={"day_usd": 0.01})
    async with Router.open(chosen, env={}) as router:
        result = await router.run(Task(prompt=COMPLEX))
    assert (result.status, result.cloud) == ("done", CloudState.NO_BUDGET)
    assert result.degraded
    assert result.in_outbox


async def test_what_waits_is_delivered_once_as_an_upgrade_of_the_same_task(
    store: Store, provider: ProviderServer, tmp_path: Path
) -> None:
    async with Router.open(settings(store, tmp_path, DRAFT), env={}) as router:
        task = Task(prompt=COMPLEX, session="talk")
        draft = await router.run(task)
        assert await router.deliver() == ()
        assert len(await router.outbox.waiting()) == 1
    told: list[Result] = []

    async def callback(result: Result) -> None:
        told.append(result)

    chosen = settings(store, tmp_path, DRAFT, cloud=at(provider))
    async with Router.open(chosen, env={}) as router:
        first, second = await asyncio.gather(router.deliver(callback), router.deliver(callback))
        assert await router.deliver() == ()
        assert await router.outbox.waiting() == ()
        kept = await router.outbox.delivered()
        turns = await router.memory.history("talk")
    assert [one.task_id for one in (*first, *second)] == [draft.task_id]
    assert [one.task_id for one in told] == [draft.task_id]
    assert [(one.task_id, one.route) for one in kept] == [(draft.task_id, "cloud")]
    assert len(provider.requests) == 1
    assert len(turns) == 2, "the session has the turn once"


async def test_what_is_no_longer_wanted_is_not_delivered(
    store: Store, provider: ProviderServer, tmp_path: Path
) -> None:
    async with Router.open(settings(store, tmp_path, DRAFT), env={}) as router:
        never = await router.run(Task(prompt=COMPLEX, upgrade_within_s=0))
        soon = await router.run(Task(prompt=COMPLEX + " A", upgrade_within_s=0.05))
        dropped = await router.run(Task(prompt=COMPLEX + " B"))
        assert not never.in_outbox
        assert soon.in_outbox
        assert await router.outbox.drop(dropped.task_id)
        assert not await router.outbox.drop(dropped.task_id)
    await asyncio.sleep(0.1)
    chosen = settings(store, tmp_path, DRAFT, cloud=at(provider))
    async with Router.open(chosen, env={}) as router:
        assert await router.deliver() == ()
    assert provider.requests == []


async def test_a_cloud_that_is_switched_off_is_not_waited_for(store: Store, tmp_path: Path) -> None:
    chosen = settings(store, tmp_path, DRAFT, cloud={"model": "off"})
    async with Router.open(chosen, env={}) as router:
        result = await router.run(Task(prompt=COMPLEX))
    assert (result.cloud, result.degraded, result.in_outbox) == (CloudState.OFF, True, False)


async def test_what_must_stay_never_waits_for_a_cloud(store: Store, tmp_path: Path) -> None:
    async with Router.open(settings(store, tmp_path, [{"reply": ""}]), env={}) as router:
        result = await router.run(Task(prompt=COMPLEX, privacy=Privacy.LOCAL_ONLY))
        assert result.status == "failed"
        assert await router.outbox.waiting() == ()


async def test_the_outbox_is_bounded(store: Store) -> None:
    outbox = Outbox(store, keep_s=60, most=2)
    parked = [
        await outbox.park(Task(prompt=f"p{n}"), CloudState.NO_KEY, Privacy.PUBLIC, draft=False)
        for n in range(3)
    ]
    assert parked == [True, True, False]


async def test_offline_names_what_would_speak_to_another_machine(
    store: Store, tmp_path: Path
) -> None:
    elsewhere = {"general": {"url": "http://192.0.2.1:8080/v1"}}
    with pytest.raises(ConfigError, match=r"models\.general\.url is http://192\.0\.2\.1"):
        async with Router.open(
            settings(store, tmp_path, DRAFT, offline=True, models=elsewhere), env={}
        ):
            pass
    remote = {"url": "redis://192.0.2.1:6379/0"}
    with pytest.raises(ConfigError, match=r"store\.url is redis://192\.0\.2\.1"):
        async with Router.open(
            settings(store, tmp_path, DRAFT, offline=True, store=remote), env={}
        ):
            pass
    chosen = settings(store, tmp_path, DRAFT, offline=True)
    async with Router.open(chosen, env={"OPENAI_API_KEY": "k"}) as router:
        result = await router.run(Task(prompt=COMPLEX))
    assert (result.cloud, result.degraded) == (CloudState.OFFLINE, True)
