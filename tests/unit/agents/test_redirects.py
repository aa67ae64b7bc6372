"""A server that sends a request on is not followed: whoever reads a prompt was named before."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web
from huggingface_hub import close_session
from plain_server import Answer, plain_server
from tls import OPENSSL, certificate

from agents.engines.chat_api import list_models
from agents.engines.litellm import LiteLLMEngine
from agents.engines.openai_server import OpenAIServerEngine
from agents.models.pull import PullFailed, look
from agents.tools.mcp import McpConnection
from agents.tools.servers import McpServer
from agents.tools.tool import ToolFailed
from router.account.pricing import Prices
from router.engine import Engine, GenerateRequest, generate
from router.errors import EngineUntrusted
from router.types.task import Message

PROMPT = "count to 6, a private matter"
STATUSES = (301, 302, 303, 307, 308)
CHUNK = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "test-model"}
WHOLE_STREAM = "".join(
    f"data: {json.dumps({**CHUNK, 'choices': [{'index': 0, **choice}]})}\n\n"
    for choice in (
        {"delta": {"content": "a stranger's words"}, "finish_reason": None},
        {"delta": {}, "finish_reason": "stop"},
    )
)


def cloud(model: str) -> Callable[[str], Engine]:
    return lambda url: LiteLLMEngine(
        model=model,
        prices=Prices.load(),
        max_tokens=20,
        api_base=url,
        api_key="sk-private-key",
        timeout_s=60,
        retries=1,
    )


def local(url: str) -> Engine:
    return OpenAIServerEngine(url=url, model="test-model", api_key="sk-private-key")


ENGINES = {
    "local": local,
    # Each over another of LiteLLM's handlers.
    "openai": cloud("openai/test-model"),
    "anthropic": cloud("anthropic/test-model"),
    "gemini": cloud("gemini/test-model"),
    "mistral": cloud("mistral/test-model"),
    "azure": cloud("azure/test-model"),
    "openrouter": cloud("openrouter/test-model"),
    "ollama": cloud("ollama_chat/test-model"),
    "cohere": cloud("cohere_chat/test-model"),
}


def ask() -> GenerateRequest:
    messages = (Message(role="user", content=PROMPT),)
    return GenerateRequest(messages=messages, deadline=time.monotonic() + 120)


async def stranger(_: web.BaseRequest) -> web.Response:
    return web.Response(text=f"{WHOLE_STREAM}data: [DONE]\n\n", content_type="text/event-stream")


def sends_to(place: str, status: int) -> Answer:
    async def redirect(_: web.BaseRequest) -> web.Response:
        return web.Response(status=status, headers={"Location": place})

    return redirect


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("status", STATUSES)
async def test_a_prompt_is_not_sent_on_to_another_origin(name: str, status: int) -> None:
    async with plain_server(stranger) as other:
        place = f"{other.url}/v1/chat/completions?token=of-a-session"
        async with plain_server(sends_to(place, status)) as asked:
            engine = ENGINES[name](asked.url)
            await engine.open()
            with pytest.raises(EngineUntrusted) as caught:
                await generate(engine, ask())
            await engine.close()
    assert other.bodies == []
    assert len(asked.bodies) == 1, "nor is it asked again"
    said = str(caught.value)
    assert other.url in said
    for secret in ("of-a-session", "private matter", "sk-private-key"):
        assert secret not in said


@pytest.mark.parametrize("name", ["local", "openai", "anthropic", "gemini"])
@pytest.mark.parametrize("place", ["/login", "login?back=1", "//127.0.0.1:{port}/x"])
async def test_nor_on_the_same_origin_for_what_comes_is_no_answer(name: str, place: str) -> None:
    async def login(request: web.BaseRequest) -> web.StreamResponse:
        if "login" in request.path or request.path == "/x":
            return await stranger(request)
        port = str(request.url.port)
        return web.Response(status=302, headers={"Location": place.replace("{port}", port)})

    async with plain_server(login) as asked:
        engine = ENGINES[name](asked.url)
        await engine.open()
        with pytest.raises(EngineUntrusted, match="wants the request to be sent to http://127"):
            await generate(engine, ask())
        await engine.close()
    assert len(asked.bodies) == 1


@pytest.mark.parametrize("model", ["text-completion-openai/davinci-002", "openai/davinci-002"])
async def test_a_model_that_only_completes_is_refused_before_anything_is_sent(model: str) -> None:
    """Its API goes over clients that follow."""
    async with plain_server(stranger) as server:
        engine = cloud(model)(server.url)
        await engine.open()
        with pytest.raises(Exception, match="cannot chat: name a chat model"):
            await generate(engine, ask())
        await engine.close()
    assert server.bodies == []


async def test_a_list_of_models_may_move_on_its_own_origin_and_no_further() -> None:
    async def moved(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/v2/models":
            return web.json_response({"data": [{"id": "m"}]})
        return web.Response(status=307, headers={"Location": "/v2/models"})

    async with plain_server(moved) as server:
        listed = await list_models(f"{server.url}/v1", api_key="sk-private-key", timeout_s=5)
        away = sends_to(f"{server.url}/v2/models?token=of-a-session", 307)
        async with plain_server(away) as asked:
            with pytest.raises(EngineUntrusted, match=f"to be sent to {server.url} ") as caught:
                await list_models(f"{asked.url}/v1", api_key="sk-private-key", timeout_s=5)
    assert listed == ["m"]
    assert server.paths == ["/v1/models", "/v2/models"]
    assert "of-a-session" not in str(caught.value)


async def test_a_list_that_is_sent_round_in_a_circle_ends() -> None:
    async with plain_server(sends_to("/v1/models", 302)) as server:
        with pytest.raises(EngineUntrusted):
            await list_models(f"{server.url}/v1", api_key=None, timeout_s=5)
    assert len(server.paths) < 10


@pytest.mark.skipif(OPENSSL is None, reason="there is no openssl command")
async def test_the_hub_may_send_on_over_tls_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = certificate(tmp_path, self_signed=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(own.vouched_by))
    close_session()  # one that was made without that file
    async with plain_server(stranger) as other:
        away = sends_to(f"{other.url}/api/models/owner/tiny?token=of-a-session", 302)
        async with plain_server(away, tls=own.server_context()) as hub:
            monkeypatch.setenv("HF_ENDPOINT", hub.url)
            with pytest.raises(PullFailed, match="sends the request on to http://127") as caught:
                await asyncio.to_thread(look, "owner/tiny")
    close_session()
    assert other.paths == []
    assert "of-a-session" not in str(caught.value)


async def test_a_tools_server_is_not_followed_to_another_one() -> None:
    pytest.importorskip("langchain_mcp_adapters", reason="pip install 'edgeward[mcp]'")
    async with (
        plain_server(stranger) as other,
        plain_server(sends_to(f"{other.url}/mcp", 307)) as server,
    ):
        connection = McpConnection("desk", McpServer(url=f"{server.url}/mcp"))
        with pytest.raises(ToolFailed):
            await connection.tools()
        await connection.close()
    assert other.paths == []
