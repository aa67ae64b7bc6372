"""An OpenAI-compatible server on loopback that answers each prompt from a table."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

Answers = Callable[[str], str]
"""(the last user message) -> what the model says."""


def from_table(table: Mapping[str, str], otherwise: str) -> Answers:
    """Answers by the prompt that a message holds; it may hold more, such as a finding to mend."""

    def answer(message: str) -> str:
        if message in table:
            return table[message]
        return next((said for prompt, said in table.items() if prompt in message), otherwise)

    return answer


@asynccontextmanager
async def answer_server(answers: Answers, *, model: str = "table") -> AsyncIterator[str]:
    """Serves until the end of the block; gives the base URL that ends in /v1."""

    async def models(_: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": model, "object": "model"}]})

    async def chat(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        text = answers(_last(body["messages"]))
        usage = {"prompt_tokens": 10, "completion_tokens": max(1, len(text) // 4)}
        usage["total_tokens"] = sum(usage.values())
        head = {"id": f"c-{uuid.uuid4().hex}", "created": 0, "model": model}
        if not body.get("stream"):
            message = {"role": "assistant", "content": text}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            whole = {**head, "object": "chat.completion", "choices": [choice], "usage": usage}
            return web.json_response(whole)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for delta, reason in (({"role": "assistant", "content": text}, None), ({}, "stop")):
            choice = {"index": 0, "delta": delta, "finish_reason": reason}
            await _send(response, {**head, "object": "chat.completion.chunk", "choices": [choice]})
        last = {**head, "object": "chat.completion.chunk", "choices": [], "usage": usage}
        await _send(response, last)
        await response.write(b"data: [DONE]\n\n")
        return response

    app = web.Application(client_max_size=2**24)
    app.router.add_get("/v1/models", models)
    app.router.add_post("/v1/chat/completions", chat)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


def _last(messages: list[dict[str, Any]]) -> str:
    content = messages[-1]["content"]
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content)


async def _send(response: web.StreamResponse, chunk: dict[str, Any]) -> None:
    await response.write(f"data: {json.dumps(chunk)}\n\n".encode())
