"""The engine for the user's own model server, against one that behaves and one that does not."""

from __future__ import annotations

import gc
import time
import traceback
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
from aiohttp import web
from provider_server import ProviderServer, wait_until

from agents.engines.openai_server import OpenAIServerEngine
from router.engine import Constraint, Delta, GenerateRequest, generate
from router.errors import (
    ConfigError,
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
SCHEMA = {"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as running:
        yield running


@pytest.fixture
async def engine(server: ProviderServer) -> AsyncIterator[OpenAIServerEngine]:
    engine = OpenAIServerEngine(url=server.url, model="test-model", api_key=server.key)
    await engine.open()
    yield engine
    await engine.close()


def ask(prompt: str = "count to 6", *, within_s: float = 30.0, **changes: Any) -> GenerateRequest:
    messages = (Message(role="system", content="Be brief."), Message(role="user", content=prompt))
    return GenerateRequest(messages=messages, deadline=time.monotonic() + within_s, **changes)


async def test_an_answer_streams_with_its_counts_and_probabilities(
    engine: OpenAIServerEngine, server: ProviderServer
) -> None:
    parts = [part async for part in engine.stream(ask(seed=7, stop=(" 5",), max_tokens=50))]

    assert parts[:-1] == [Delta(text) for text in ("1", " 2", " 3", " 4")]
    completion = parts[-1]
    assert not isinstance(completion, Delta)
    assert (completion.engine, completion.finish_reason) == ("openai_server", "stop")
    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (5, 4)
    assert completion.usage.cost_usd == 0.0
    assert completion.stats is not None
    assert completion.stats.sum_logprob == pytest.approx(4 * -0.2)
    sent = server.requests[0].body
    assert (sent["max_tokens"], sent["seed"], sent["stop"]) == (50, 7, [" 5"])
    assert "max_completion_tokens" not in sent


async def test_without_a_model_the_first_one_listed_is_used(server: ProviderServer) -> None:
    engine = OpenAIServerEngine(url=f"{server.url}/v1/", api_key=server.key, context_tokens=4096)
    assert (engine.caps.model, engine.caps.local) == ("first-listed", True)
    await generate(engine, ask())

    assert engine.caps.model == "test-model"
    assert engine.caps.context_tokens == 4096
    await engine.close()


async def test_a_server_without_models_says_that_one_must_be_loaded() -> None:
    async with ProviderServer(models=()) as empty:
        engine = OpenAIServerEngine(url=empty.url, api_key=empty.key)
        with pytest.raises(EngineUnavailable, match="no model loaded"):
            await generate(engine, ask())
        await engine.close()


async def test_an_unknown_model_is_answered_with_the_known_ones(server: ProviderServer) -> None:
    engine = OpenAIServerEngine(url=server.url, model="llama-9", api_key=server.key)
    with pytest.raises(EngineRejected, match="no model llama-9; it has test-model, other-model"):
        await generate(engine, ask())
    await engine.close()


async def test_nothing_listening_names_the_address_and_how_to_start_a_server() -> None:
    engine = OpenAIServerEngine(url="http://127.0.0.1:9", model="m")
    with pytest.raises(
        EngineUnavailable, match=r"http://127\.0\.0\.1:9/v1 cannot be reached .*ollama"
    ):
        await generate(engine, ask())
    await engine.close()


@pytest.mark.parametrize("url", ["localhost:8080", "ftp://host/v1", "http://", ""])
def test_what_is_no_address_is_a_config_error(url: str) -> None:
    with pytest.raises(ConfigError, match="is not the address of a model server"):
        OpenAIServerEngine(url=url)


async def test_a_schema_is_sent_and_the_answer_may_still_be_cut_off(
    engine: OpenAIServerEngine, server: ProviderServer
) -> None:
    whole = await generate(engine, ask("number 12", constraint=Constraint(json_schema=SCHEMA)))

    assert whole.text == '{"count":12}'
    sent = server.requests[0].body["response_format"]
    assert sent["json_schema"]["schema"] == SCHEMA


async def test_a_schema_answer_cut_off_by_max_tokens_is_length_and_not_a_crash() -> None:
    async with ProviderServer(reply='{"count": 1, "more": 2}') as server:
        engine = OpenAIServerEngine(url=server.url, model="test-model", api_key=server.key)
        completion = await generate(
            engine, ask(constraint=Constraint(json_schema=SCHEMA), max_tokens=2)
        )
        await engine.close()

    assert (completion.text, completion.finish_reason) == ('{"count":1,', "length")


REFUSALS = [
    ("400", EngineRejected, "rejected the request"),
    ("401", EngineDenied, "give the server's key as api_key"),
    ("403", EngineDenied, "does not let this key use"),
    ("429", EngineOverloaded, "too busy"),
    ("503", EngineOverloaded, "too busy"),
    ("500", EngineUnavailable, "failed while running"),
    ("413", ContextOverflow, "too long"),
    ("context_length_exceeded", ContextOverflow, "too long"),
    ("schema_unsupported", EngineRejected, "simplify it"),
    ("reset_first_byte", EngineUnavailable, "cannot be reached"),
    ("empty_choices", EngineUnavailable, "nothing of a chat API"),
    ("not_json", EngineUnavailable, "with a web page"),
]


@pytest.mark.parametrize(("failure", "error", "said"), REFUSALS, ids=[row[0] for row in REFUSALS])
async def test_a_refusal_before_the_first_word(
    engine: OpenAIServerEngine,
    server: ProviderServer,
    failure: str,
    error: type[EngineError],
    said: str,
) -> None:
    server.fail(failure, retry_after_s=2)

    with pytest.raises(EngineError, match=said) as caught:
        await generate(engine, ask(SECRET_QUESTION))

    assert type(caught.value) is error
    assert caught.value.model == "test-model"
    assert server.url in str(caught.value)
    shown = "".join(traceback.format_exception(caught.value))
    assert server.key not in shown
    assert "private matter" not in shown
    assert len(server.requests) == 1
    assert (await generate(engine, ask())).text, "the next request is served"


@pytest.mark.parametrize(
    "failure", ["reset_mid_stream", "truncated", "malformed_sse", "error_in_stream"]
)
async def test_an_answer_that_breaks_off_is_not_passed_off_as_whole(
    engine: OpenAIServerEngine, server: ProviderServer, failure: str
) -> None:
    server.fail(failure)
    with pytest.raises(EngineUnavailable, match="broke off after 2 pieces"):
        await generate(engine, ask())


@pytest.mark.parametrize("failure", ["hang", "hang_mid_stream"])
async def test_the_deadline_ends_a_silent_answer_and_its_connection(
    engine: OpenAIServerEngine, server: ProviderServer, failure: str
) -> None:
    await generate(engine, ask())
    server.fail(failure)
    with pytest.raises(EngineTimeout, match="time was up"):
        await generate(engine, ask(within_s=0.4))

    await wait_until(lambda: server.requests[1].gave_up)


async def test_leaving_an_answer_closes_the_connection(
    engine: OpenAIServerEngine, server: ProviderServer
) -> None:
    server.fail("slow_tokens", delay_s=0.05)
    async with aclosing(engine.stream(ask("count to 500"))) as parts:
        async for _ in parts:
            break

    await wait_until(lambda: server.requests[0].gave_up)


async def test_a_server_that_counts_nothing_is_counted_for(
    engine: OpenAIServerEngine, server: ProviderServer
) -> None:
    server.fail("no_usage")
    usage = (await generate(engine, ask())).usage

    # Characters over four: "Be brief.count to 6" has 19, "1 2 3 4 5 6" has 11.
    assert (usage.prompt_tokens, usage.completion_tokens) == (5, 3)


async def test_a_server_that_knows_no_probabilities_is_asked_without_them(
    engine: OpenAIServerEngine, server: ProviderServer
) -> None:
    server.fail("no_logprobs")
    assert engine.caps.logprobs
    completion = await generate(engine, ask())

    assert completion.text == "1 2 3 4 5 6"
    assert completion.stats is None
    assert not engine.caps.logprobs
    await generate(engine, ask())
    assert ["logprobs" in seen.body for seen in server.requests] == [True, False, False]


async def test_proxies_and_tracers_of_the_environment_see_nothing_of_a_local_prompt(
    server: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    overheard: list[str] = []

    async def listen(request: web.BaseRequest) -> web.Response:
        overheard.append(f"{request.method} {request.path}")
        return web.json_response({})

    runner = web.ServerRunner(web.Server(listen))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    spy = f"http://127.0.0.1:{runner.addresses[0][1]}"
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "OPENAI_PROXY", "LANGSMITH_ENDPOINT"):
        monkeypatch.setenv(name, spy)
    for name in ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2"):
        monkeypatch.setenv(name, "true")
    monkeypatch.setenv("LANGSMITH_API_KEY", "lsv2_test")
    engine = OpenAIServerEngine(url=server.url, model="test-model", api_key=server.key)

    assert (await generate(engine, ask())).text
    await engine.close()
    await runner.cleanup()

    assert overheard == []


async def test_closing_leaves_no_connection_behind(server: ProviderServer) -> None:
    engine = OpenAIServerEngine(url=server.url, model="test-model", api_key=server.key)
    await generate(engine, ask())
    await engine.close()
    del engine
    gc.collect()  # an unclosed transport would warn now, and a warning fails the test
