"""What model servers really answer, against a server that has their habits: thinking in the text
and beside it, parameters that are refused, no system role, errors and answers in unusual places."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from provider_server import ProviderServer

from agents.engines.litellm import LiteLLMEngine
from agents.engines.openai_server import OpenAIServerEngine
from router.account.pricing import Prices
from router.engine import Constraint, Delta, Engine, GenerateRequest, generate
from router.errors import (
    ContextOverflow,
    EngineDenied,
    EngineError,
    EngineOverloaded,
    EngineRejected,
    EngineUnavailable,
)
from router.types.completion import Completion
from router.types.task import Message

THOUGHT = "The user wants me to count. Let me see."


def _local(server: ProviderServer) -> Engine:
    return OpenAIServerEngine(url=server.url, model="test-model", api_key=server.key)


def _claude(server: ProviderServer) -> Engine:
    return _cloud(server, "anthropic/claude-haiku-4-5")


def _cloud(server: ProviderServer, model: str = "openai/test-model") -> Engine:
    return LiteLLMEngine(
        model=model,
        api_base=server.url,
        api_key=server.key,
        max_tokens=1000,
        prices=Prices.load(),
        retries=0,
    )


ENGINES = {"openai_server": _local, "litellm": _cloud}


@pytest.fixture(params=ENGINES.values(), ids=ENGINES)
def make(request: pytest.FixtureRequest) -> Callable[[ProviderServer], Engine]:
    """Each way to a chat API in turn."""
    chosen: Callable[[ProviderServer], Engine] = request.param
    return chosen


@asynccontextmanager
async def serving(
    make: Callable[[ProviderServer], Engine], **habits: Any
) -> AsyncIterator[tuple[Engine, ProviderServer]]:
    async with ProviderServer(**habits) as server:
        engine = make(server)
        await engine.open()
        try:
            yield engine, server
        finally:
            await engine.close()


def ask(prompt: str = "count to 6", **changes: Any) -> GenerateRequest:
    messages = (Message(role="system", content="Be brief."), Message(role="user", content=prompt))
    return GenerateRequest(messages=messages, deadline=time.monotonic() + 30, **changes)


async def parts_of(engine: Engine, request: GenerateRequest) -> tuple[list[Delta], Completion]:
    parts = [part async for part in engine.stream(request)]
    deltas = [part for part in parts if isinstance(part, Delta)]
    last = parts[-1]
    assert isinstance(last, Completion)
    return deltas, last


def shown(deltas: list[Delta]) -> str:
    """What a reader has seen in the end."""
    begin = max((place for place, one in enumerate(deltas) if one.restarts), default=0)
    return "".join(one.text for one in deltas[begin:])


@pytest.mark.parametrize(
    "think_in", ["tag", "lone", "reasoning_content", "reasoning", "thinking", "parts"]
)
async def test_thinking_is_kept_apart_from_the_answer_wherever_a_server_puts_it(
    make: Callable[[ProviderServer], Engine], think_in: str
) -> None:
    async with serving(make, thought=THOUGHT, think_in=think_in) as (engine, _):
        for _round in range(2):
            deltas, completion = await parts_of(engine, ask())

            assert completion.text == shown(deltas) == "1 2 3 4 5 6"
            assert completion.thinking == THOUGHT
            assert completion.usage.completion_tokens >= 6 + 9, "what was thought is paid for"
            assert 0 < completion.usage.thinking_tokens <= completion.usage.completion_tokens
            assert THOUGHT not in completion.model_dump_json()


async def test_a_lone_closing_mark_is_expected_once_the_model_is_known(
    make: Callable[[ProviderServer], Engine],
) -> None:
    async with serving(make, thought=THOUGHT, think_in="lone") as (engine, _):
        first, _ = await parts_of(engine, ask())
        second, _ = await parts_of(engine, ask())

    assert any(one.restarts for one in first), "it showed too late the first time"
    assert not any(one.restarts for one in second)


async def test_a_model_that_only_thought_answers_with_an_empty_text_and_its_thoughts(
    make: Callable[[ProviderServer], Engine],
) -> None:
    for think_in in ("unclosed", "reasoning_content"):
        async with serving(make, thought="why " * 50, think_in=think_in) as (engine, _):
            completion = await generate(engine, ask(max_tokens=20))

        assert (completion.text, completion.finish_reason) == ("", "length")
        assert completion.thinking.startswith("why why")
        assert completion.usage.thinking_tokens > 0


@pytest.mark.parametrize("refuses", [(), ("chat_template_kwargs",), ("think", "reasoning_effort")])
async def test_thinking_is_switched_off_by_what_the_server_takes(refuses: tuple[str, ...]) -> None:
    habits = {"thought": THOUGHT, "refuses": refuses}
    async with serving(_local, **habits) as (engine, server):
        for _ in range(2):
            completion = await generate(engine, ask(thinking="off"))
            assert (completion.text, completion.thinking) == ("1 2 3 4 5 6", "")
        asked = [
            set(seen.body) & {"chat_template_kwargs", "think", "reasoning_effort"}
            for seen in server.requests
        ]

    assert len(server.requests) == 2 + len(refuses), "a refusal is remembered"
    assert not asked[-1] & set(refuses)


async def test_a_server_that_takes_none_of_it_is_asked_without_it_and_thinks() -> None:
    everything = ("chat_template_kwargs", "think", "reasoning_effort")
    async with serving(_local, thought=THOUGHT, refuses=everything) as (engine, _):
        completion = await generate(engine, ask(thinking="off"))

    assert (completion.text, completion.thinking) == ("1 2 3 4 5 6", THOUGHT)


async def test_the_cloud_is_asked_for_less_effort_and_without_where_it_refuses() -> None:
    async with serving(_cloud, thought=THOUGHT, refuses=("reasoning_effort",)) as (engine, _):
        completion = await generate(engine, ask(thinking="off"))

    assert (completion.text, completion.thinking) == ("1 2 3 4 5 6", THOUGHT)


async def test_a_model_without_a_system_role_gets_it_in_the_first_user_turn(
    make: Callable[[ProviderServer], Engine],
) -> None:
    async with serving(make, system_role=False) as (engine, server):
        for _ in range(2):
            assert (await generate(engine, ask())).text == "1 2 3 4 5 6"

    sent = [
        [(turn["role"], turn["content"]) for turn in seen.body["messages"]]
        for seen in server.requests
    ]
    merged = [("user", "Be brief.\n\ncount to 6")]
    assert sent[1:] == [merged, merged], "asked again once, and remembered"


async def test_a_schema_that_the_server_cannot_enforce_is_said_to_be_that(
    make: Callable[[ProviderServer], Engine],
) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    async with serving(make, schemas=False) as (engine, _):
        with pytest.raises(EngineRejected) as caught:
            await generate(engine, ask(constraint=Constraint(json_schema=schema)))

    assert caught.value.about == "schema"
    assert caught.value.escalates


ERRORS = [
    ("Rate limit reached", 429, EngineOverloaded),
    ("The engine is overloaded", "overloaded_error", EngineOverloaded),
    ("Incorrect API key", "invalid_api_key", EngineDenied),
    ("Something broke", None, EngineUnavailable),
    (
        "Trying to keep the first 5231 tokens when context the overflows. However, the model is "
        "loaded with context length of only 4096 tokens, which is not enough",
        None,
        ContextOverflow,
    ),
    ("maximum context length is 10 tokens", "context_length_exceeded", ContextOverflow),
]


@pytest.mark.parametrize(
    ("where", "form"),
    [
        ("error_in_200", None),
        ("error_first_frame", None),
        ("error_first_frame", "bare"),
        ("error_first_frame", "after the role"),
    ],
)
@pytest.mark.parametrize(("message", "code", "kind"), ERRORS)
async def test_an_error_under_the_status_200_is_the_error_that_it_is(
    make: Callable[[ProviderServer], Engine],
    where: str,
    form: str | None,
    message: str,
    code: str | int | None,
    kind: type[EngineError],
) -> None:
    async with serving(make) as (engine, server):
        server.fail(where, message=message, code=code, body=form)
        with pytest.raises(EngineError) as caught:
            await generate(engine, ask())

    assert type(caught.value) is kind
    if kind is not EngineDenied:
        assert message in str(caught.value)


async def test_a_stream_that_ends_with_done_alone_is_whole(
    make: Callable[[ProviderServer], Engine],
) -> None:
    async with serving(make) as (engine, server):
        server.fail("done_without_reason")
        completion = await generate(engine, ask())

    assert (completion.text, completion.finish_reason) == ("1 2 3 4 5 6", "stop")


@pytest.mark.parametrize("think_in", ["tag", "reasoning_content"])
async def test_a_whole_answer_in_place_of_a_stream_is_an_answer(
    make: Callable[[ProviderServer], Engine], think_in: str
) -> None:
    async with serving(make, thought=THOUGHT, think_in=think_in) as (engine, server):
        server.fail("whole_json")
        deltas, completion = await parts_of(engine, ask())

    assert completion.text == shown(deltas) == "1 2 3 4 5 6"
    assert completion.thinking == THOUGHT
    assert completion.usage.prompt_tokens == 5
    assert len(server.requests) == 1


async def test_a_refusal_in_its_own_field_is_a_refusal_in_the_models_words(
    make: Callable[[ProviderServer], Engine],
) -> None:
    async with serving(make, reply="I will not do that.") as (engine, server):
        server.fail("refusal")
        completion = await generate(engine, ask())

    assert (completion.text, completion.finish_reason) == ("", "content_filter")
    assert completion.refusal == "I will not do that."


TOO_LONG = "The input (61709 tokens) is longer than the model's context length (40960 tokens)."


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"object": "error", "message": TOO_LONG, "type": "BadRequestError", "code": 400}),
        (422, {"error": f"Input validation error: {TOO_LONG}", "error_type": "validation"}),
        (422, {"detail": TOO_LONG}),
        (422, {"detail": [{"loc": ["body"], "msg": TOO_LONG, "type": "value_error"}]}),
        (400, [{"error": {"code": 400, "message": TOO_LONG, "status": "INVALID_ARGUMENT"}}]),
        (400, {"object": "error", "message": {"detail": [{"msg": TOO_LONG}]}}),
        (500, {"error": {"message": TOO_LONG}}),
        (200, {"object": "error", "message": TOO_LONG, "type": "BadRequestError", "code": 400}),
    ],
    ids=["SGLang", "TGI", "detail", "pydantic", "Gemini", "Mistral", "as 500", "as 200"],
)
async def test_a_prompt_that_is_too_long_is_known_in_every_shape_of_an_error(
    make: Callable[[ProviderServer], Engine], status: int, body: Any
) -> None:
    async with serving(make) as (engine, server):
        server.fail("said", status=status, body=body)
        with pytest.raises(ContextOverflow) as caught:
            await generate(engine, ask())

    assert (caught.value.prompt_tokens, caught.value.limit_tokens) == (61709, 40960)


async def test_claudes_api_has_such_servers_before_it_too() -> None:
    async with serving(_claude, models=("claude-haiku-4-5",)) as (engine, server):
        server.fail("whole_json")
        deltas, completion = await parts_of(engine, ask())
        assert completion.text == shown(deltas) == "1 2 3 4 5 6"
        assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (5, 6)

        for where in ("error_in_200", "error_first_frame"):
            server.fail(where, message="Overloaded", code="overloaded_error")
            with pytest.raises(EngineOverloaded):
                await generate(engine, ask())


async def test_the_cloud_is_asked_to_think_where_that_is_wanted() -> None:
    async with serving(_cloud, thought=THOUGHT) as (engine, server):
        wanted = await generate(engine, ask(thinking="on"))
        server.refuses = ("reasoning_effort", "chat_template_kwargs")
        refused = await generate(engine, ask(thinking="on"))

    first, last = server.requests[0].body, server.requests[-1].body
    assert (first["reasoning_effort"], first["chat_template_kwargs"]) == (
        "medium",
        {"enable_thinking": True},
    )
    assert "reasoning_effort" not in last
    assert wanted.text == refused.text == "1 2 3 4 5 6"
