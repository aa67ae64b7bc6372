"""A session that outgrows what a model can read is answered from its newest turns, and says so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from provider_server import ProviderServer

from graphs.app import Router
from router.settings.settings import Settings
from router.store.store import Store
from router.types.task import Message, Task

QUESTION = "Reply with one word: what is the capital of Portugal?"
TURNS = 8


@asynccontextmanager
async def routed(
    store: Store, here: ProviderServer, there: ProviderServer | None = None, **settings: Any
) -> AsyncIterator[Router]:
    model = {"url": here.url, "model": "test-model", "api_key": here.key, "context_tokens": 2000}
    cloud: dict[str, Any] = {"model": "off"}
    if there is not None:
        cloud = {"url": there.url, "model": "test-model", "api_key": there.key, "retries": 0}
    configuration = {
        "models": {"general": model, "coder": model, "specialist": None, "exact": False},
        "cloud": cloud,
        "policy": {"max_gain": 1.0, "max_complexity": 1.0, "min_probability": 0.0},
        "store": {"url": store.url, "namespace": store.keys.namespace},
        **settings,
    }
    async with Router.open(Settings.model_validate(configuration), env={}) as router:
        yield router


async def remembered(router: Router, *, words: int) -> None:
    """A session of `TURNS` turns, each of so many words."""
    for turn in range(TURNS):
        await router.memory.append(
            "s",
            Message(role="user", content=f"question {turn} " + "long " * words),
            Message(role="assistant", content=f"answer {turn}"),
        )


def shown(server: ProviderServer) -> list[tuple[str, str]]:
    """Role and number of each of the session's messages that the model last saw."""
    turns = server.requests[-1].body["messages"][1:-1]
    return [(one["role"], " ".join(one["content"].split()[:2])) for one in turns]


async def test_the_oldest_whole_turns_are_left_out_and_the_result_says_how_many(
    store: Store,
) -> None:
    async with ProviderServer() as here, routed(store, here) as router:
        await remembered(router, words=300)
        result = await router.run(Task(prompt=QUESTION, session="s"))
        kept = await router.memory.history("s")

    assert (result.status, result.route, result.text) == ("done", "local", "Lisbon")
    assert shown(here) == [
        ("user", "question 6"),
        ("assistant", "answer 6"),
        ("user", "question 7"),
        ("assistant", "answer 7"),
    ]
    assert any("the oldest 6 of 8 turns were left out" in one for one in result.warnings)
    assert len(kept) == 2 * TURNS + 2, "nothing is forgotten"


async def test_a_session_that_fits_is_shown_whole_and_nothing_is_said(store: Store) -> None:
    async with ProviderServer() as here, routed(store, here) as router:
        await remembered(router, words=20)
        result = await router.run(Task(prompt=QUESTION, session="s"))

    assert len(shown(here)) == 2 * TURNS
    assert result.warnings == ()


async def test_private_turns_stay_and_are_left_out_where_they_do_not_fit(store: Store) -> None:
    async with (
        ProviderServer() as here,
        ProviderServer() as there,
        routed(store, here, there) as router,
    ):
        await remembered(router, words=300)
        result = await router.run(Task(prompt=QUESTION, session="s", privacy="local_only"))

    assert (result.status, result.route) == ("done", "local")
    assert any("left out" in one for one in result.warnings)
    assert there.requests == []


async def test_a_cloud_that_can_read_it_all_gets_the_whole_session(store: Store) -> None:
    async with (
        ProviderServer() as here,
        ProviderServer() as there,
        routed(store, here, there) as router,
    ):
        await remembered(router, words=300)
        result = await router.run(Task(prompt=QUESTION, session="s"))

    assert (result.status, result.route) == ("done", "cloud")
    assert len(shown(there)) == 2 * TURNS
    assert result.warnings == ()


@pytest.mark.parametrize("at_the_cloud", [False, True])
async def test_a_model_that_counts_more_than_was_estimated_is_shown_fewer(
    store: Store, at_the_cloud: bool
) -> None:
    """Its tokens are characters, and its window is smaller than its settings say."""
    async with ProviderServer(count=len, context_tokens=1500) as strict, ProviderServer() as easy:
        here, there = (easy, strict) if at_the_cloud else (strict, None)
        async with routed(store, here, there) as router:
            await remembered(router, words=200 if at_the_cloud else 60)
            result = await router.run(Task(prompt=QUESTION, session="s"))

    assert result.status == "done"
    assert result.route == ("cloud" if at_the_cloud else "local")
    assert len(strict.requests) > 1
    assert any("left out" in one for one in result.warnings)


async def test_recall_tokens_bounds_the_turns(store: Store) -> None:
    async with (
        ProviderServer() as here,
        routed(store, here, memory={"recall_tokens": 120}) as router,
    ):
        await remembered(router, words=20)
        result = await router.run(Task(prompt=QUESTION, session="s"))

    assert 2 <= len(shown(here)) < 2 * TURNS
    assert shown(here)[-1] == ("assistant", f"answer {TURNS - 1}")
    assert any("memory.recall_tokens" in one for one in result.warnings)


async def test_a_prompt_that_is_too_long_by_itself_still_waits_for_a_cloud(store: Store) -> None:
    async with ProviderServer() as here, routed(store, here) as router:
        await remembered(router, words=20)
        result = await router.run(Task(prompt="long " * 3000, session="s"))

    assert result.status == "parked"
    assert here.requests == []
