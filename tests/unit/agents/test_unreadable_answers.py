"""Pages, broken compression and answers of other shapes are named, or used where they can be."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web
from plain_server import Answer, plain_server

from agents.engines.litellm import LiteLLMEngine
from agents.engines.openai_server import OpenAIServerEngine
from agents.engines.quoted import quoted
from router.account.pricing import Prices
from router.engine import Engine, GenerateRequest, generate
from router.errors import EngineError, EngineRejected, EngineUnavailable
from router.types.task import Message

PAGE = (
    "<!DOCTYPE html>\n<html><head><title>502 Bad&nbsp;Gateway</title></head>"
    "<body><h1>Sorry</h1><script>alert(1)</script></body></html>"
)
CHUNK = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
EVENTS = "text/event-stream"


def local(url: str) -> Engine:
    return OpenAIServerEngine(url=url, model="m")


def cloud(url: str) -> Engine:
    return LiteLLMEngine(
        model="openai/m",
        prices=Prices.load(),
        max_tokens=20,
        api_base=url,
        api_key="sk-abcdefghijklmnop",
        timeout_s=60,
        retries=0,
    )


both = pytest.mark.parametrize("engine", [local, cloud])
Make = Callable[[str], Engine]


def streamed(*contents: Any) -> bytes:
    choices = [{"delta": {"content": one}, "finish_reason": None} for one in contents]
    choices.append({"delta": {}, "finish_reason": "stop"})
    chunks = [{**CHUNK, "choices": [{"index": 0, **choice}]} for choice in choices]
    return "".join(f"data: {json.dumps(one)}\n\n" for one in chunks).encode() + b"data: [DONE]\n\n"


def says(body: bytes | str, status: int = 200, kind: str = "text/html", **more: str) -> Answer:
    content = body.encode() if isinstance(body, str) else body

    async def answer(_: web.BaseRequest) -> web.Response:
        return web.Response(status=status, body=content, headers={"Content-Type": kind, **more})

    return answer


async def asked(make: Make, answer: Answer) -> str:
    async with plain_server(answer) as server:
        engine = make(server.url)
        await engine.open()
        messages = (Message(role="user", content="a private matter"),)
        try:
            request = GenerateRequest(messages=messages, deadline=time.monotonic() + 120)
            return (await generate(engine, request)).text
        finally:
            await engine.close()


@both
@pytest.mark.parametrize("status", [403, 429, 500, 502, 503])
async def test_a_page_of_a_proxy_is_called_one(engine: Make, status: int) -> None:
    with pytest.raises(EngineError, match="a web page, '502 Bad Gateway'") as caught:
        await asked(engine, says(PAGE, status))
    assert "<" not in str(caught.value)
    assert caught.value.status == status


@both
async def test_a_page_in_place_of_an_answer_is_none(engine: Make) -> None:
    for content, kind in ((PAGE, "text/html"), (PAGE, EVENTS), (f"\n<!-- x -->{PAGE}", EVENTS)):
        with pytest.raises(EngineUnavailable, match="with a web page, '502 Bad Gateway': ") as told:
            await asked(engine, says(content, kind=kind))
        assert "<" not in str(told.value)
        assert "sign-in of a network stands in between" in str(told.value)


@both
async def test_a_page_that_knows_no_such_place_is_no_word_about_the_model(engine: Make) -> None:
    with pytest.raises(EngineRejected, match=r"is no chat API for \S+ \(404: a web page, '502"):
        await asked(engine, says(PAGE, 404))


def of_provider(model: str) -> Make:
    def make(url: str) -> Engine:
        return LiteLLMEngine(
            model=model,
            prices=Prices.load(),
            max_tokens=20,
            api_base=url,
            api_key="sk-abcdefghijklmnop",
            retries=0,
        )

    return make


PROVIDERS = ("anthropic/claude-haiku-4-5", "gemini/gemini-2.5-flash", "openrouter/x/y")
BROKEN = json.dumps({"error": {"message": "The model crashed", "code": 500}})


@pytest.mark.parametrize("model", PROVIDERS)
async def test_a_page_is_one_whatever_the_providers_api(model: str) -> None:
    with pytest.raises(EngineUnavailable, match="with a web page, '502 Bad Gateway': "):
        await asked(of_provider(model), says(PAGE))


@pytest.mark.parametrize("make", [local, cloud, *map(of_provider, PROVIDERS)])
@pytest.mark.parametrize(
    ("body", "kind"),
    [(BROKEN, "application/json"), (f"data: {BROKEN}\n\n", EVENTS)],
    ids=["body", "frame"],
)
async def test_an_error_under_200_is_told_once(make: Make, body: str, kind: str) -> None:
    with pytest.raises(EngineUnavailable) as told:
        await asked(make, says(body, kind=kind))
    assert str(told.value).endswith("(500: The model crashed): try again later")


async def test_an_error_in_the_middle_is_told_once() -> None:
    begun = streamed("half").split(b"\n\n")[0] + f"\n\ndata: {BROKEN}\n\n".encode()
    for make in (local, cloud, of_provider("openrouter/x/y")):
        with pytest.raises(EngineUnavailable, match=r"after 1 pieces \(The model crashed\): "):
            await asked(make, says(begun, kind=EVENTS))


@both
@pytest.mark.parametrize(
    ("status", "said"), [(407, "a proxy on the way wants a name"), (511, "wants a sign-in first")]
)
async def test_who_wants_a_sign_in_is_said(engine: Make, status: int, said: str) -> None:
    with pytest.raises(EngineUnavailable, match=said):
        await asked(engine, says(PAGE, status))


@both
@pytest.mark.parametrize(
    ("body", "more"),
    [
        (b"\x00\x01 no gzip", {"Content-Encoding": "gzip"}),
        (bytes(range(128, 256)), {}),
        (streamed("cafe").replace(b"cafe", b"caf\xe9"), {}),
    ],
    ids=["gzip", "bytes", "latin-1"],
)
async def test_what_cannot_be_decoded_is_no_server_that_cannot_be_reached(
    engine: Make, body: bytes, more: dict[str, str]
) -> None:
    with pytest.raises(EngineUnavailable, match="with what cannot be read: ") as caught:
        await asked(engine, says(body, kind=EVENTS, **more))
    for raw in ("codec", "decompressing", "\ufffd"):
        assert raw not in str(caught.value)


@both
@pytest.mark.parametrize(
    ("body", "more"),
    [(bytes(range(256)), {}), (b"\x00\x01 no gzip", {"Content-Encoding": "gzip"})],
    ids=["bytes", "gzip"],
)
async def test_an_error_that_is_no_text_keeps_its_status(
    engine: Make, body: bytes, more: dict[str, str]
) -> None:
    with pytest.raises(EngineUnavailable, match=r"failed while running .*\(500: what is no text\)"):
        await asked(engine, says(body, 500, "application/octet-stream", **more))


@both
async def test_an_error_that_repeats_the_request_is_quoted_without_it(engine: Make) -> None:
    detail = {"loc": ["body", "seed"], "msg": "not allowed", "input": {"x": "a private matter"}}
    with pytest.raises(EngineRejected, match=r"\(422: body\.seed: not allowed\)") as caught:
        await asked(engine, says(json.dumps({"detail": [detail]}), 422, "application/json"))
    assert "private" not in str(caught.value)


@both
@pytest.mark.parametrize(
    "content",
    [
        [{"type": "text", "text": "Hello"}, {"type": "text", "text": " you"}],
        ["Hello", " you"],
        [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Hello you"}],
    ],
    ids=["parts", "strings", "thinking"],
)
async def test_content_in_parts_is_read(engine: Make, content: Any) -> None:
    assert await asked(engine, says(streamed(content, "!"), kind=EVENTS)) == "Hello you!"


async def test_nothing_is_said_about_proxies_that_a_local_server_does_not_need(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with caplog.at_level(logging.INFO):
        assert await asked(local, says(streamed("Hello"), kind=EVENTS)) == "Hello"
    assert "proxy" not in caplog.text.lower()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words", "plain words"),
        ("two\nlines\tand \x1b[31mred\x1b[0m", "two lines and red"),
        ('{"error": {"message": "no such model", "input": "private"}}', "no such model"),
        ("{'error': 'just text'}", "just text"),
        ('{"errors": 3}', "JSON that is no error message"),
        ("b'<html><body>x</body></html>'", "a web page"),
        ("broke Traceback (most recent call last):\n  File", "broke"),
        ("<h1>Blocked by <b>Sentinel</b></h1>", "a web page, 'Blocked by Sentinel'"),
        ("a < b and c > d", "a < b and c > d"),
        ("[" * 5000, "[" * 5000),
        ("\ufffd" * 20, "what is no text"),
        ("", ""),
    ],
)
def test_a_servers_words_are_made_fit_to_be_quoted(text: str, shown: str) -> None:
    assert quoted(text) == shown


@pytest.mark.parametrize(
    ("code", "due"), [("content_filter", 1), ("invalid_request_error", 0), ("context_length", 0)]
)
async def test_a_prompt_that_a_filter_has_read_may_be_charged(code: str, due: int) -> None:
    said = {"error": {"message": f"refused: {code}", "code": code, "param": "prompt"}}
    async with plain_server(says(json.dumps(said), 400, "application/json")) as server:
        engine = cloud(server.url)
        messages = (Message(role="user", content="a private matter"),)
        request = GenerateRequest(messages=messages, deadline=time.monotonic() + 120)
        try:
            with pytest.raises(EngineRejected):
                await generate(engine, request)
        finally:
            await engine.close()
        assert request.meter.due == due
