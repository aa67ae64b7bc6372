"""The cloud engine's answers: what it sends, what it hands out, what it counts and costs."""

from __future__ import annotations

import asyncio
import gc
import json
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
from provider_server import ProviderServer, wait_until

from agents.engines.litellm import LiteLLMEngine, first_model
from router.account.pricing import Prices
from router.engine import Constraint, Delta, GenerateRequest, generate
from router.errors import ConfigError, EngineDenied, EngineError, EngineRejected, EngineUnavailable
from router.types.task import Message

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "home": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


@pytest.fixture
async def provider() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as server:
        yield server


@pytest.fixture
async def engine(provider: ProviderServer) -> AsyncIterator[LiteLLMEngine]:
    engine = engine_for(provider)
    await engine.open()
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


def ask(prompt: str = "count to 6", *, within_s: float = 30.0, **changes: Any) -> GenerateRequest:
    messages = (Message(role="system", content="Be brief."), Message(role="user", content=prompt))
    return GenerateRequest(messages=messages, deadline=time.monotonic() + within_s, **changes)


async def test_an_answer_streams_and_is_counted(
    engine: LiteLLMEngine, provider: ProviderServer
) -> None:
    parts = [part async for part in engine.stream(ask(seed=7, temperature=0.5))]

    assert parts[:-1] == [Delta(text) for text in ("1", " 2", " 3", " 4", " 5", " 6")]
    completion = parts[-1]
    assert not isinstance(completion, Delta)
    assert (completion.text, completion.finish_reason) == ("1 2 3 4 5 6", "stop")
    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (5, 6)
    assert completion.usage.cost_usd is None, "no price is known for test-model"
    sent = provider.requests[0].body
    assert (sent["model"], sent["seed"], sent["temperature"]) == ("test-model", 7, 0.5)
    assert sent["stream_options"] == {"include_usage": True}


async def test_claude_answers_through_its_own_api() -> None:
    async with ProviderServer(models=("claude-haiku-4-5",)) as provider:
        engine = engine_for(provider, model="anthropic/claude-haiku-4-5", api_base=provider.url)
        completion = await generate(engine, ask("What is the capital of Portugal?"))
        await engine.close()

    assert completion.text == "Lisbon"
    assert provider.requests[0].path == "/v1/messages"
    assert provider.requests[0].headers["x-api-key"] == provider.key
    # 8 words at a dollar and 1 word at five dollars, a million tokens.
    assert completion.usage.cost_usd == pytest.approx((8 * 1 + 1 * 5) / 1_000_000)


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/", "/v1/chat/completions"])
async def test_the_address_may_be_given_with_and_without_v1(
    provider: ProviderServer, suffix: str
) -> None:
    engine = engine_for(provider, api_base=provider.url + suffix)
    assert (await generate(engine, ask())).text
    await engine.close()


async def test_our_price_counts_before_litellms() -> None:
    async with ProviderServer(models=("gpt-5-mini", "gpt-4")) as provider:
        ours = engine_for(provider, model="openai/gpt-5-mini")
        theirs = engine_for(provider, model="openai/gpt-4")
        first, second = await generate(ours, ask()), await generate(theirs, ask())
        await ours.close()
        await theirs.close()

    assert first.usage.cost_usd == pytest.approx((5 * 0.25 + 6 * 2) / 1_000_000)
    assert Prices.load().find("openai/gpt-4") is None
    assert second.usage.cost_usd == pytest.approx((5 * 30 + 6 * 60) / 1_000_000)


async def test_the_engines_own_ceiling_limits_what_a_request_asks_for(
    provider: ProviderServer,
) -> None:
    engine = engine_for(provider, max_tokens=3)
    completion = await generate(engine, ask(max_tokens=500))
    await engine.close()

    assert (completion.text, completion.finish_reason) == ("1 2 3", "length")


async def test_a_model_that_takes_no_stop_and_no_temperature_still_obeys_the_stop() -> None:
    async with ProviderServer(models=("gpt-5-mini",)) as provider:
        engine = engine_for(provider, model="openai/gpt-5-mini")
        completion = await generate(engine, ask(stop=(" 4",)))
        await engine.close()

    sent = provider.requests[0].body
    assert "stop" not in sent
    assert "temperature" not in sent
    assert (completion.text, completion.finish_reason) == ("1 2 3", "stop")
    assert completion.usage.completion_tokens == 6, "what was thrown away was still paid for"


async def test_a_schema_goes_out_in_the_strict_form_and_comes_back_compact(
    engine: LiteLLMEngine, provider: ProviderServer
) -> None:
    completion = await generate(
        engine, ask("Ana lives in Porto", constraint=Constraint(json_schema=PERSON))
    )

    sent = provider.requests[0].body["response_format"]["json_schema"]
    assert sent["strict"] is True
    assert sent["schema"]["required"] == ["name", "home"]
    assert sent["schema"]["additionalProperties"] is False
    assert sent["schema"]["properties"]["home"]["additionalProperties"] is False
    assert "additionalProperties" not in PERSON, "the caller's schema is left as it was"
    assert completion.text == json.dumps(json.loads(completion.text), separators=(",", ":"))


async def test_json_with_spaces_is_handed_out_compact() -> None:
    async with ProviderServer(reply='{ "name": "Ana Sá",\n  "home": { } }') as provider:
        engine = engine_for(provider)
        completion = await generate(engine, ask(constraint=Constraint(json_schema=PERSON)))
        await engine.close()

    assert completion.text == '{"name":"Ana Sá","home":{}}'


async def test_without_a_model_the_first_one_listed_is_used(provider: ProviderServer) -> None:
    engine = engine_for(provider, model=None)
    completion = await generate(engine, ask())
    await engine.close()

    assert completion.model == engine.caps.model == "openai/test-model"


def test_neither_model_nor_address_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match="needs a model"):
        LiteLLMEngine(model=None, max_tokens=10, prices=Prices.load())


async def test_first_model_explains_what_is_wrong(provider: ProviderServer) -> None:
    assert await first_model(provider.url, api_key=provider.key, timeout_s=5) == "test-model"
    with pytest.raises(EngineDenied, match="refused the key"):
        await first_model(provider.url, api_key="wrong", timeout_s=5)
    with pytest.raises(EngineError, match="404"):
        await first_model(f"{provider.url}/elsewhere", api_key=provider.key, timeout_s=5)
    with pytest.raises(EngineUnavailable, match="cannot be reached"):
        await first_model("http://127.0.0.1:9", api_key=None, timeout_s=5)
    with pytest.raises(ConfigError, match="is not the address"):
        await first_model("127.0.0.1:8080", api_key=None, timeout_s=5)


async def test_a_key_of_the_environment_is_used_and_a_missing_one_is_named(
    provider: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", provider.key)
    engine = engine_for(provider, api_key=None)
    assert (await generate(engine, ask())).text
    await engine.close()

    monkeypatch.delenv("OPENAI_API_KEY")
    engine = engine_for(provider, api_key=None, api_base=None, model="openai/gpt-5-mini")
    with pytest.raises(EngineDenied, match="set OPENAI_API_KEY"):
        await generate(engine, ask())
    await engine.close()


async def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    provider: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "example.org")
    monkeypatch.delenv("no_proxy", raising=False)
    engine = engine_for(provider)

    assert (await generate(engine, ask())).text
    await engine.close()


async def test_leaving_an_answer_closes_the_connection_to_the_provider(
    engine: LiteLLMEngine, provider: ProviderServer
) -> None:
    provider.fail("slow_tokens", delay_s=0.05)
    async with aclosing(engine.stream(ask("count to 500"))) as parts:
        async for _ in parts:
            break

    await wait_until(lambda: provider.requests[0].gave_up)
    assert not provider.requests[0].finished


async def test_cancelling_closes_the_connection_also_before_the_first_word(
    engine: LiteLLMEngine, provider: ProviderServer
) -> None:
    await engine.warm()
    provider.fail("hang")
    asking = asyncio.create_task(generate(engine, ask()))
    await wait_until(lambda: provider.requests)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    await wait_until(lambda: provider.requests[0].gave_up)


async def test_one_engine_closing_leaves_another_its_connections(
    provider: ProviderServer,
) -> None:
    first, second = engine_for(provider), engine_for(provider)
    await generate(first, ask())
    await generate(second, ask())
    await first.close()

    assert (await generate(second, ask())).text
    await second.close()
    gc.collect()  # an unclosed session or transport would warn now, and a warning fails the test


async def test_a_closed_engine_may_be_opened_again(engine: LiteLLMEngine) -> None:
    await generate(engine, ask())
    await engine.close()
    with pytest.raises(EngineUnavailable, match="closed"):
        await generate(engine, ask())
    await engine.open()

    assert (await generate(engine, ask())).text


async def test_a_name_without_a_provider_says_how_to_write_it() -> None:
    engine = LiteLLMEngine(model="llama-of-mine", max_tokens=10, prices=Prices.load(), api_key="k")
    with pytest.raises(EngineRejected, match="write it as provider/model"):
        await generate(engine, ask())
    await engine.close()


async def test_prompts_and_keys_are_not_logged(
    engine: LiteLLMEngine,
    provider: ProviderServer,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    provider.fail("500", times=2)
    with pytest.raises(EngineUnavailable):
        await generate(engine, ask("a very private question"))
    await generate(engine, ask("a very private question"))

    noise = "".join(capfd.readouterr()) + caplog.text
    assert "private" not in noise
    assert provider.key not in noise


async def test_what_may_be_left_out_is_not_made_up() -> None:
    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "example": "Ana"},
            "phone": {"type": "string", "pattern": r"^\d{9}$", "nullable": True},
        },
        "required": ["name"],
        "discriminator": {"propertyName": "name"},
    }
    async with ProviderServer(reply='{"name": "Ana", "phone": null}') as provider:
        engine = engine_for(provider)
        parts = [
            part async for part in engine.stream(ask(constraint=Constraint(json_schema=schema)))
        ]
        await engine.close()

    sent = provider.requests[0].body["response_format"]["json_schema"]["schema"]
    assert sent["properties"]["phone"]["type"] == ["string", "null"]
    assert "example" not in json.dumps(sent)
    assert "discriminator" not in json.dumps(sent)
    completion = parts[-1]
    assert not isinstance(completion, Delta)
    assert completion.text == '{"name":"Ana"}'
    assert "".join(part.text for part in parts if isinstance(part, Delta)) == completion.text
