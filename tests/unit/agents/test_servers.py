"""Finding model servers on this machine, by what each of them answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from agents.engines.servers import DEFAULT_PORTS, SERVERS, FoundServer, discover

OPENAI_MODELS = {"object": "list", "data": [{"id": "first"}, {"id": "second"}]}

ANSWERS: dict[str, dict[str, Any]] = {
    "TabbyAPI": {
        "/.well-known/serviceinfo": {
            "version": 0.1,
            "software": {
                "name": "TabbyAPI",
                "repository": "https://github.com/theroyallab/tabbyAPI",
            },
            "api": {},
        },
        "/health": {"status": "healthy", "issues": []},
        "/v1/models": OPENAI_MODELS,
    },
    "Ollama": {"/": "Ollama is running", "/api/version": {"version": "0.12.3"}},
    "LM Studio": {"/api/v1/models": {"models": [{"type": "llm", "key": "first"}]}},
    "text-generation-webui": {"/v1/internal/health": {"status": "ok"}},
    "Foundry Local": {"/openai/status": {"Endpoints": [], "ModelDirPath": "m", "PipeName": "p"}},
    "llama-swap": {"/running": {"running": []}},
    "llama.cpp": {
        "/health": {"status": "ok"},
        "/props": {"total_slots": 4, "model_path": "m.gguf", "n_ctx": 8192},
    },
    "vLLM": {"/health": "", "/version": {"version": "0.11.0"}},
    "OpenVINO Model Server": {"/v2/health/live": "", "/v3/models": OPENAI_MODELS},
}


@asynccontextmanager
async def serving(answers: Mapping[str, Any]) -> AsyncIterator[int]:
    """A server with these answers to GET, 404 for the rest; gives its port."""

    async def answer(request: web.BaseRequest) -> web.Response:
        if request.path not in answers:
            return web.json_response({"detail": "Not Found"}, status=404)
        content = answers[request.path]
        return (
            web.Response(text=content) if isinstance(content, str) else web.json_response(content)
        )

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("kind", SERVERS, ids=lambda kind: kind.name)
async def test_each_server_is_told_by_its_answers(kind: Any) -> None:
    answers = {f"{kind.chat_path}/models": OPENAI_MODELS, **ANSWERS[kind.name]}
    async with serving(answers) as port:
        found = await discover([port])

    url = f"http://127.0.0.1:{port}{kind.chat_path}"
    assert found == [FoundServer(kind.name, url, ("first", "second"))]


async def test_a_server_nobody_knows_is_found_by_its_list_of_models() -> None:
    async with serving({"/v1/models": OPENAI_MODELS}) as port:
        found = await discover([port])
    assert [(server.name, server.models) for server in found] == [
        ("OpenAI-compatible server", ("first", "second"))
    ]


async def test_a_server_that_keeps_its_models_to_itself_is_still_found() -> None:
    async with serving(ANSWERS["text-generation-webui"]) as port:
        found = await discover([port])
    assert [(server.name, server.models) for server in found] == [("text-generation-webui", ())]


@pytest.mark.parametrize(
    "answers",
    [{"/": "<html>a web site</html>"}, {"/v1/models": {"data": None}}, {"/v1/models": [1]}],
)
async def test_what_is_no_model_server_is_left_out(answers: dict[str, Any]) -> None:
    async with serving(answers) as port:
        assert await discover([port]) == []


async def test_closed_ports_are_no_servers() -> None:
    assert await discover([9]) == []


async def test_several_are_found_at_once_in_the_order_of_the_ports() -> None:
    async with AsyncExitStack() as stack:
        ports = [
            await stack.enter_async_context(serving(ANSWERS[name])) for name in ("vLLM", "Ollama")
        ]
        found = await discover([ports[1], 9, ports[0]])
    assert [server.name for server in found] == ["Ollama", "vLLM"]


async def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with serving(ANSWERS["Ollama"]) as port:
        assert [server.name for server in await discover([port])] == ["Ollama"]


def test_the_usual_ports_are_asked_once_each() -> None:
    assert sorted(DEFAULT_PORTS) == [1234, 5000, 5272, 8000, 8080, 11434]
