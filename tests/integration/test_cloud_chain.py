"""One cloud model after another, against a real provider that fails in the ways providers do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from provider_server import ProviderServer

from graphs.app import Router
from graphs.events import Finished, Token
from router.settings.settings import Settings
from router.store.store import Store
from router.types.task import Task

COMPLEX = (
    "Prove step by step that there are infinitely many primes of the form 4k+3, then compare two "
    "alternative proofs and discuss their trade-offs."
)
FIRST, SECOND = "openai/test-model", "openai/other-model"


@pytest.fixture
async def provider() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as provider:
        yield provider


@asynccontextmanager
async def chained(
    store: Store, provider: ProviderServer, folder: Path, **cloud: Any
) -> AsyncIterator[Router]:
    prices = folder / "prices.yaml"
    entries = "".join(
        f"- {{model: {name}, input_per_mtok_usd: 1, output_per_mtok_usd: 4, source: made up,"
        " as_of: 2026-01-01}\n"
        for name in (FIRST, SECOND)
    )
    prices.write_text(f"prices:\n{entries}")
    settings = Settings.model_validate(
        {
            "cloud": {
                "url": provider.openai_url,
                "model": "test-model",
                "fallbacks": ["other-model"],
                "api_key": provider.key,
                "retries": 0,
                "timeout_s": 2.0,
                **cloud,
            },
            "prices": str(prices),
            "memory": {"cache": False},
            "store": {"url": store.url, "namespace": store.keys.namespace},
        }
    )
    async with Router.open(settings, env={}) as router:
        yield router


def asked(provider: ProviderServer) -> list[str]:
    return [seen.body["model"] for seen in provider.requests]


async def test_the_first_model_is_asked_alone_while_it_answers(
    store: Store, provider: ProviderServer, tmp_path: Path
) -> None:
    async with chained(store, provider, tmp_path) as router:
        result = await router.run(Task(prompt=COMPLEX))
    assert (result.status, result.model) == ("done", FIRST)
    assert asked(provider) == ["test-model"]


@pytest.mark.parametrize(
    "failure",
    [
        "401",
        "429",
        "500",
        "503",
        "context_length_exceeded",
        "schema_unsupported",
        "hang",
        "reset_first_byte",
        "not_json",
        "content_refused",
    ],
)
async def test_one_that_fails_before_its_first_word_falls_through_unseen(
    store: Store, provider: ProviderServer, tmp_path: Path, failure: str
) -> None:
    provider.fail(failure)
    # Only who hangs is waited for; the others fail at once, however slow the machine is.
    hangs = failure == "hang"
    task = Task(prompt=COMPLEX, timeout_s=12 if hangs else 120)
    async with chained(store, provider, tmp_path, timeout_s=2.0 if hangs else 60.0) as router:
        events = [event async for event in router.stream(task)]
    result = events[-1]
    assert isinstance(result, Finished)
    done = result.result
    assert (done.status, done.model) == ("done", SECOND)
    assert [attempt.outcome for attempt in done.attempts] == ["failed", "accepted"]
    assert [attempt.model for attempt in done.attempts] == [FIRST, SECOND]
    assert {event.attempt for event in events if isinstance(event, Token)} == {2}


async def test_one_that_breaks_off_is_charged_for_and_the_next_one_goes_on_under_its_own_number(
    store: Store, provider: ProviderServer, tmp_path: Path
) -> None:
    provider.fail("reset_mid_stream")
    async with chained(store, provider, tmp_path) as router:
        events = [event async for event in router.stream(Task(prompt=COMPLEX))]
    tokens = [event for event in events if isinstance(event, Token)]
    assert {event.attempt for event in tokens} == {1, 2}
    done = events[-1]
    assert isinstance(done, Finished)
    broken, whole = done.result.attempts
    assert broken.usage.cost_usd
    assert whole.usage.cost_usd
    assert done.result.cost_usd == pytest.approx(broken.usage.cost_usd + whole.usage.cost_usd)
    second = "".join(event.text for event in tokens if event.attempt == 2)
    assert done.result.text == second, "the whole answer is one model's"


async def test_what_is_held_back_when_a_stream_dies_is_never_seen(
    store: Store, provider: ProviderServer, tmp_path: Path
) -> None:
    provider.fail("reset_mid_stream")
    async with chained(store, provider, tmp_path, hold_back_chars=10_000) as router:
        events = [event async for event in router.stream(Task(prompt=COMPLEX))]
    tokens = [event for event in events if isinstance(event, Token)]
    assert [event.attempt for event in tokens] == [2], "and what is shorter comes in one piece"
    done = events[-1]
    assert isinstance(done, Finished)
    assert tokens[0].text == done.result.text
    assert done.result.attempts[0].usage.cost_usd, "it was paid for all the same"


async def test_what_one_provider_filters_another_may_answer(
    store: Store, provider: ProviderServer, tmp_path: Path
) -> None:
    provider.fail("content_filter")
    async with chained(store, provider, tmp_path) as router:
        result = await router.run(Task(prompt=COMPLEX))
    assert (result.status, result.model) == ("done", SECOND)
    assert [attempt.outcome for attempt in result.attempts] == ["rejected", "accepted"]


class Clock:
    """Stands in for the module `time` where a test says how late it is."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


async def test_a_model_that_failed_is_left_alone_for_a_while(
    store: Store, provider: ProviderServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr("graphs.request.cooldown.time", clock)
    provider.fail("500")
    async with chained(store, provider, tmp_path, cool_down_s=60) as router:
        await router.run(Task(prompt=COMPLEX))
        clock.now = 59.0
        resting = await router.run(Task(prompt=COMPLEX))
        clock.now = 61.0
        again = await router.run(Task(prompt=COMPLEX))
    assert resting.model == SECOND
    assert len(resting.attempts) == 1, "the first was not even asked"
    assert again.model == FIRST


async def test_a_busy_models_pause_is_not_waited_out_where_another_one_stands_ready(
    store: Store, provider: ProviderServer, tmp_path: Path
) -> None:
    provider.fail("429", retry_after_s=40)
    async with chained(store, provider, tmp_path, retries=2) as router:
        result = await router.run(Task(prompt=COMPLEX, timeout_s=120))
    assert (result.status, result.model) == ("done", SECOND)
    assert asked(provider) == ["test-model", "other-model"]
    assert result.latency_s < 20


async def test_a_short_pause_is_and_so_is_any_that_fits_where_nobody_else_is_left(
    store: Store, provider: ProviderServer, tmp_path: Path
) -> None:
    provider.fail("429", retry_after_s=0.1)
    async with chained(store, provider, tmp_path, retries=1) as router:
        assert (await router.run(Task(prompt=COMPLEX))).model == FIRST
    provider.fail("503", retry_after_s=2.2)
    async with chained(store, provider, tmp_path, retries=1, fallbacks=[]) as router:
        alone = await router.run(Task(prompt=f"{COMPLEX} Again.", timeout_s=60))
    assert (alone.status, alone.model) == ("done", FIRST)


async def test_a_prompt_too_long_for_one_does_not_send_it_to_rest(
    store: Store, provider: ProviderServer, tmp_path: Path
) -> None:
    provider.fail("context_length_exceeded")
    async with chained(store, provider, tmp_path) as router:
        await router.run(Task(prompt=COMPLEX))
        assert (await router.run(Task(prompt=COMPLEX))).model == FIRST


async def test_where_all_fail_the_last_reason_is_given_and_all_are_tried_again(
    store: Store, provider: ProviderServer, tmp_path: Path
) -> None:
    provider.fail("500", times=2)
    async with chained(store, provider, tmp_path, cool_down_s=0.0) as router:
        failed = await router.run(Task(prompt=COMPLEX))
        again = await router.run(Task(prompt=COMPLEX))
    assert failed.status == "parked"
    assert "other-model" in failed.reason
    assert again.status == "done"


async def test_a_budget_that_ends_between_two_models_parks_the_task(
    store: Store, provider: ProviderServer, tmp_path: Path
) -> None:
    task = Task(prompt=COMPLEX)
    async with chained(store, provider, tmp_path, max_tokens=200) as router:
        agent = router.roster.clouds[0]
        one_call = agent.most_usd(task, agent.messages(task, ()))
        assert one_call
        budget = router.settings.budget.model_copy(update={"task_usd": one_call * 1.01})
        limited = router.settings.model_copy(update={"budget": budget})
    provider.fail("reset_mid_stream", after_tokens=12)
    async with Router.open(limited, env={}) as router:
        result = await router.run(task)
    assert result.status == "parked"
    assert "budget of the task" in result.reason
    assert [attempt.outcome for attempt in result.attempts] == ["failed"]
    assert result.cost_usd
