"""What a user reads when the cloud misbehaves, and what the router is told."""

from __future__ import annotations

import time
import traceback
from collections.abc import AsyncIterator
from typing import Any

import pytest
from provider_server import ProviderServer, wait_until

from agents.engines.litellm import LiteLLMEngine
from router.account.pricing import Prices
from router.engine import Delta, GenerateRequest, generate
from router.errors import (
    ContextOverflow,
    EngineDenied,
    EngineError,
    EngineOverloaded,
    EngineRejected,
    EngineTimeout,
    EngineUnavailable,
)
from router.types.task import Message

SECRET_QUESTION = "count to 6, a private matter"


@pytest.fixture
async def provider() -> AsyncIterator[ProviderServer]:
    async with ProviderServer(key="sk-proj-1234567890abcdef") as server:
        yield server


@pytest.fixture(params=["openai", "anthropic"])
async def engine(
    request: pytest.FixtureRequest, provider: ProviderServer
) -> AsyncIterator[LiteLLMEngine]:
    engine = engine_for(provider, model=f"{request.param}/test-model")
    await generate(engine, ask())  # the first call takes longer than the deadlines below
    provider.requests.clear()
    yield engine
    await engine.close()


def engine_for(provider: ProviderServer, **changes: Any) -> LiteLLMEngine:
    settings: dict[str, Any] = {
        "model": "openai/test-model",
        "api_base": provider.url,
        "api_key": provider.key,
        "max_tokens": 1000,
        "prices": Prices.load(),
        **changes,
    }
    return LiteLLMEngine(**settings)


def ask(*, within_s: float = 30.0) -> GenerateRequest:
    messages = (Message(role="user", content=SECRET_QUESTION),)
    return GenerateRequest(messages=messages, deadline=time.monotonic() + within_s)


REFUSALS = [
    ("400", EngineRejected, "rejected the request", 1),
    ("401", EngineDenied, r"refused the key .* \(401\): check the configured key", 1),
    ("403", EngineDenied, "does not let this key use", 1),
    ("404", EngineRejected, "knows no model .* check the spelling", 1),
    ("413", ContextOverflow, "too long", 1),
    ("quota", EngineDenied, "no credit left .* top it up", 1),
    ("429", EngineOverloaded, "too busy", 2),
    ("503", EngineOverloaded, "too busy", 2),
    ("529", EngineOverloaded, "too busy", 2),
    ("500", EngineUnavailable, "failed while running", 2),
    ("reset_first_byte", EngineUnavailable, "cannot be reached", 2),
    ("empty_choices", EngineUnavailable, "nothing of a chat API", 2),
    ("not_json", EngineUnavailable, "with a web page", 2),
    ("context_length_exceeded", ContextOverflow, "too long", 1),
    ("schema_unsupported", EngineRejected, "simplify it, or drop it", 1),
    ("content_refused", EngineRejected, "its content policy refuses this prompt", 1),
]


@pytest.mark.parametrize(
    ("failure", "error", "said", "attempts"), REFUSALS, ids=[row[0] for row in REFUSALS]
)
async def test_a_refusal_before_the_first_word(
    engine: LiteLLMEngine,
    provider: ProviderServer,
    failure: str,
    error: type[EngineError],
    said: str,
    attempts: int,
) -> None:
    provider.fail(failure, times=attempts, retry_after_s=0.01)

    with pytest.raises(EngineError, match=said) as caught:
        await generate(engine, ask())

    assert type(caught.value) is error
    assert caught.value.model == engine.caps.model in str(caught.value)
    assert provider.url in str(caught.value)
    assert len(provider.requests) == attempts, "only what may pass is tried again"
    shown = "".join(traceback.format_exception(caught.value))
    assert provider.key not in shown
    assert "private matter" not in shown
    assert "litellm." not in str(caught.value)


BREAKS = ["reset_mid_stream", "truncated", "malformed_sse", "error_in_stream"]


@pytest.mark.parametrize("failure", BREAKS)
async def test_an_answer_that_breaks_off_is_not_passed_off_as_whole_nor_asked_for_again(
    engine: LiteLLMEngine, provider: ProviderServer, failure: str
) -> None:
    provider.fail(failure)
    parts = engine.stream(ask())
    read = [await anext(parts), await anext(parts)]

    with pytest.raises(EngineUnavailable, match="broke off after 2 pieces") as caught:
        await anext(parts)

    assert read == [Delta("1"), Delta(" 2")]
    assert caught.value.retryable
    assert len(provider.requests) == 1


async def test_a_busy_provider_is_asked_again_after_the_rest_it_asked_for(
    engine: LiteLLMEngine, provider: ProviderServer
) -> None:
    provider.fail("429", retry_after_s=0.3)
    began = time.monotonic()

    completion = await generate(engine, ask())

    assert completion.text == "1 2 3 4 5 6"
    assert time.monotonic() - began >= 0.3
    assert completion.ttft_s >= 0.3, "the pause is part of the wait for the first word"


async def test_a_rest_longer_than_the_deadline_is_not_waited_for(
    engine: LiteLLMEngine, provider: ProviderServer
) -> None:
    provider.fail("429", retry_after_s=60)
    began = time.monotonic()

    with pytest.raises(EngineOverloaded, match="asks for 60 s of rest") as caught:
        await generate(engine, ask(within_s=5))

    assert caught.value.retry_after_s == 60
    assert time.monotonic() - began < 2
    assert len(provider.requests) == 1


async def test_without_retries_the_first_failure_is_the_last(provider: ProviderServer) -> None:
    engine = engine_for(provider, retries=0)
    provider.fail("503")
    with pytest.raises(EngineOverloaded):
        await generate(engine, ask())
    assert len(provider.requests) == 1
    await engine.close()


async def test_both_counts_of_an_overflow_are_read_from_the_providers_words(
    engine: LiteLLMEngine, provider: ProviderServer
) -> None:
    provider.fail("context_length_exceeded")
    with pytest.raises(ContextOverflow) as caught:
        await generate(engine, ask())
    assert (caught.value.prompt_tokens, caught.value.limit_tokens) == (9000, 8192)


@pytest.mark.parametrize(
    ("failure", "said"), [("hang", "before the first word"), ("hang_mid_stream", "after 2 pieces")]
)
async def test_the_deadline_ends_a_silent_answer_and_its_connection(
    engine: LiteLLMEngine, provider: ProviderServer, failure: str, said: str
) -> None:
    provider.fail(failure)
    began = time.monotonic()

    with pytest.raises(EngineTimeout, match=f"time was up {said}"):
        await generate(engine, ask(within_s=0.4))

    assert time.monotonic() - began < 2
    await wait_until(lambda: provider.requests[0].gave_up)


async def test_silence_beyond_the_engines_patience_is_a_timeout_before_the_deadline(
    provider: ProviderServer,
) -> None:
    engine = engine_for(provider, timeout_s=0.3)
    await engine.warm()
    provider.fail("hang_mid_stream")

    with pytest.raises(EngineTimeout, match=r"said nothing for 0\.3 s .* after 2 pieces"):
        await generate(engine, ask())
    await engine.close()


async def test_a_content_filter_is_a_finish_reason_and_not_an_error(
    engine: LiteLLMEngine, provider: ProviderServer
) -> None:
    provider.fail("content_filter")
    completion = await generate(engine, ask())
    assert (completion.text, completion.finish_reason) == ("1 2", "content_filter")


async def test_a_provider_that_counts_nothing_is_counted_for(
    provider: ProviderServer,
) -> None:
    engine = engine_for(provider)
    provider.fail("no_usage")
    usage = (await generate(engine, ask())).usage
    await engine.close()

    assert usage.prompt_tokens > 0
    assert usage.completion_tokens > 0


async def test_an_address_where_nothing_listens_says_so(provider: ProviderServer) -> None:
    engine = engine_for(provider, api_base="http://127.0.0.1:9/v1", retries=0)
    with pytest.raises(EngineUnavailable, match=r"cannot be reached .* check the address"):
        await generate(engine, ask())
    await engine.close()
