"""A model provider on loopback: OpenAI's and Anthropic's chat APIs over HTTP, and their failures.

In a test:

    async with ProviderServer() as provider:
        provider.fail("429", retry_after_s=0.2)
        ...                                     # api_base=provider.openai_url, api_key=provider.key
        assert provider.requests[0].body["model"] == "test-model"

As a process, for end-to-end tests (the key is printed nowhere: it is `test-key` unless given):

    python tests/support/provider_server.py --port 0 --print-url

It is steered over HTTP: `POST /_fail` with a Failure and `times` as JSON, `GET /_requests`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import jsonschema
from aiohttp import web
from brain import answer, count_tokens, pieces

STATUSES = {
    "400": ("invalid_request_error", "invalid_value", "Invalid value for 'messages'."),
    "401": ("authentication_error", "invalid_api_key", "Incorrect API key provided: {key}."),
    "403": ("permission_error", "forbidden", "Your project has no access to this model."),
    "404": ("invalid_request_error", "model_not_found", "The model `{model}` does not exist."),
    "413": ("invalid_request_error", "too_large", "Request body too large."),
    "429": ("rate_limit_error", "rate_limit_exceeded", "Rate limit reached for requests."),
    "quota": ("insufficient_quota", "insufficient_quota", "You exceeded your current quota."),
    "500": ("server_error", "internal_error", "The server had an error."),
    "503": ("overloaded_error", "overloaded", "The engine is currently overloaded."),
    "529": ("overloaded_error", "overloaded", "Overloaded"),
    "context_length_exceeded": (
        "invalid_request_error",
        "context_length_exceeded",
        "This model's maximum context length is {limit} tokens. However, your messages resulted in "
        "{words} tokens. Please reduce the length of the messages.",
    ),
    "schema_unsupported": (
        "invalid_request_error",
        "invalid_json_schema",
        "Invalid schema for response_format 'answer': 'uniqueItems' is not permitted.",
    ),
    "no_logprobs": (
        "invalid_request_error",
        "unsupported_parameter",
        "logprobs is not supported by this server.",
    ),
    "content_refused": (
        "invalid_request_error",
        "content_policy_violation",
        "Your request was rejected as a result of our safety system.",
    ),
}
HTTP_STATUS = {
    "quota": 429,
    "context_length_exceeded": 400,
    "schema_unsupported": 400,
    "content_refused": 400,
    "no_logprobs": 400,
}
BEHAVIOURS = (
    "hang",  # accepts the request and never answers
    "hang_mid_stream",  # some tokens, then silence
    "slow_first_byte",  # delay_s before the first byte
    "slow_tokens",  # delay_s between tokens
    "reset_first_byte",  # the connection dies before any byte
    "reset_mid_stream",  # some tokens, then the connection dies
    "truncated",  # some tokens, then a clean end without finish_reason
    "malformed_sse",  # some tokens, then a line that is not JSON
    "error_in_stream",  # some tokens, then an error event
    "content_filter",  # some tokens, then finish_reason content_filter
    "empty_choices",  # 200 and no answer at all
    "no_usage",  # the answer, without token counts
    "not_json",  # 200 and an HTML page, as from a proxy
    "whole_json",  # the whole answer as one JSON text, though a stream was asked for
    "error_in_200",  # 200 and a JSON error
    "error_first_frame",  # the stream's first frame is an error
    "done_without_reason",  # the whole answer and [DONE], without a finish reason
    "refusal",  # the answer stands in the field `refusal`
    "said",  # `status` and `message`, or `body`, whatever they are
)


@dataclass(frozen=True, slots=True)
class Failure:
    """What to do to one request. `name` is a key of STATUSES or one of BEHAVIOURS."""

    name: str
    retry_after_s: float | None = None
    after_tokens: int = 2
    delay_s: float = 0.3
    status: int = 400
    message: str = "No."
    code: str | int | None = None
    body: Any = None

    def __post_init__(self) -> None:
        if self.name not in STATUSES and self.name not in BEHAVIOURS:
            known = ", ".join([*STATUSES, *BEHAVIOURS])
            raise ValueError(f"{self.name!r} is no failure this server knows; it knows {known}")


@dataclass(slots=True)
class Assessment:
    """One request as it arrived. `gave_up`: the client closed the connection before the end.

    prompt_tokens, answer_tokens: what a provider would bill it for: 0 where it was refused, else
    the prompt, and what was written until the client went.
    """

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    gave_up: bool = False
    finished: bool = False
    prompt_tokens: int = 0
    answer_tokens: int = 0


@dataclass(slots=True)
class ProviderServer:
    """Serves while the `async with` block runs.

    models: the names it accepts. context_tokens: longer prompts overflow. reply: a fixed answer,
    instead of the brain's. brain: gives the answer to a prompt and a schema. count: counts the
    tokens of a text, by default its words. token_delay_s: seconds between tokens. usage: overrides
    the reported usage; entries of None are sent as null. keeps_to_max_tokens: False to ignore
    max_tokens. behave: chooses a failure by the prompt.

    thought: its thinking before each answer; think_in: where it is written: between <think> and
    </think>, before a "lone" closing mark, after an "unclosed" opening one, as typed "parts", or in
    a field of that name. obeys: the parameters by which its thinking can be switched off. refuses:
    the parameters for which it refuses a request. system_role, schemas: whether it supports them.
    """

    key: str = "test-key"
    models: tuple[str, ...] = ("test-model", "other-model")
    port: int = 0
    context_tokens: int | None = None
    reply: str | None = None
    brain: Callable[[str, dict[str, Any] | None], str] = answer
    count: Callable[[str], int] = count_tokens
    token_delay_s: float = 0.0
    host: str = "127.0.0.1"
    thought: str = ""
    think_in: str = "tag"
    obeys: tuple[str, ...] = ("chat_template_kwargs", "reasoning_effort", "think")
    refuses: tuple[str, ...] = ()
    system_role: bool = True
    schemas: bool = True
    usage: dict[str, Any] | None = None
    keeps_to_max_tokens: bool = True
    behave: Callable[[str], Failure | None] | None = None
    requests: list[Assessment] = field(default_factory=list)
    _failures: deque[Failure] = field(default_factory=deque)
    _runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def openai_url(self) -> str:
        return f"{self.url}/v1"

    def fail(self, name: str, *, times: int = 1, **details: Any) -> None:
        """Makes the next `times` chat requests fail in this way."""
        self._failures.extend([Failure(name, **details)] * times)

    async def __aenter__(self) -> ProviderServer:
        app = web.Application(client_max_size=16 * 2**20)
        app.router.add_post("/v1/chat/completions", self._openai)
        app.router.add_post("/v1/messages", self._anthropic)
        app.router.add_get("/v1/models", self._list_models)
        app.router.add_post("/_fail", self._steer)
        app.router.add_get("/_requests", self._show)
        # Handlers are cancelled on disconnect, so that a closed connection is noticed at once.
        self._runner = web.AppRunner(
            app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _steer(self, request: web.Request) -> web.Response:
        details = await request.json()
        times = int(details.pop("times", 1))
        self._failures.extend([Failure(**details)] * times)
        return web.json_response({"failures": len(self._failures)})

    async def _show(self, _: web.Request) -> web.Response:
        return web.json_response([asdict(seen) for seen in self.requests])

    async def _list_models(self, request: web.Request) -> web.Response:
        if not self._key_accepted(request):
            return _error(request, "401", key=_masked(request))
        data = [{"id": name, "object": "model", "owned_by": "tests"} for name in self.models]
        return web.json_response({"object": "list", "data": data})

    def _key_accepted(self, request: web.Request) -> bool:
        sent = request.headers.get("x-api-key")
        if sent is None:
            sent = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return sent == self.key

    async def _openai(self, request: web.Request) -> web.StreamResponse:
        return await self._chat(request, _OpenAI())

    async def _anthropic(self, request: web.Request) -> web.StreamResponse:
        return await self._chat(request, _Anthropic())

    async def _chat(self, request: web.Request, wire: _OpenAI | _Anthropic) -> web.StreamResponse:
        body = await request.json()
        seen = Assessment(path=request.path, headers=dict(request.headers), body=body)
        self.requests.append(seen)
        try:
            response = await self._answer(request, wire, body, seen)
        except (asyncio.CancelledError, ConnectionResetError):
            seen.gave_up = True
            raise
        seen.finished = True
        return response

    async def _answer(
        self,
        request: web.Request,
        wire: _OpenAI | _Anthropic,
        body: dict[str, Any],
        seen: Assessment,
    ) -> web.StreamResponse:
        failure = self._failures.popleft() if self._failures else None
        if failure is None and self.behave is not None:
            failure = self.behave(wire.prompt(body))
        if failure and failure.name == "said":
            if failure.body is not None:
                return web.json_response(failure.body, status=failure.status)
            return _said(failure.status, failure.message, failure.code)
        if failure and failure.name in STATUSES:
            return _error(
                request, failure.name, failure, key=_masked(request), model=body.get("model")
            )
        if not self._key_accepted(request):
            return _error(request, "401", key=_masked(request))
        if body.get("model") not in self.models:
            return _error(request, "404", model=body.get("model"))
        if refused := self._cannot_serve(request, wire, body):
            return refused
        name = failure.name if failure else ""
        seen.prompt_tokens = _prompt_tokens(body, self.count)
        if failure and name == "hang":
            await asyncio.Event().wait()
        if failure and name == "slow_first_byte":
            await asyncio.sleep(failure.delay_s)
        if name == "reset_first_byte":
            return _reset(request)
        if name == "not_json":
            return web.Response(text="<html>Sign in to the proxy</html>", content_type="text/html")
        if failure and name == "error_in_200":
            error = {"message": failure.message, "type": "server_error", "code": failure.code}
            return web.json_response({"error": error})
        text = self.reply or self.brain(wire.prompt(body), wire.schema(body))
        if not self.keeps_to_max_tokens:
            body = {name: value for name, value in body.items() if not name.startswith("max_")}
        reply = _Reply.to(body, text, self.count, self._thought(body), self.usage)
        if name == "whole_json" or not body.get("stream"):
            seen.answer_tokens = reply.completion_tokens
            return web.json_response(wire.whole(reply, name))
        return await self._stream(request, wire, reply, failure, seen)

    def _thought(self, body: dict[str, Any]) -> tuple[str, str]:
        """The thinking for this request, and where to write it."""
        kwargs = body.get("chat_template_kwargs") or {}
        switched = {
            "chat_template_kwargs": kwargs.get("enable_thinking") is False,
            "reasoning_effort": body.get("reasoning_effort") in ("none", "minimal"),
            "think": body.get("think") is False,
        }
        off = any(switched[name] for name in self.obeys)
        return ("" if off else self.thought), self.think_in

    def _cannot_serve(
        self, request: web.Request, wire: _OpenAI | _Anthropic, body: dict[str, Any]
    ) -> web.Response | None:
        """The refusals that depend on what was asked."""
        words = _prompt_tokens(body, self.count)
        if unwelcome := next((name for name in self.refuses if name in body), None):
            return _said(400, f"Extra inputs are not permitted: {unwelcome}")
        if not self.system_role and any(turn["role"] == "system" for turn in body["messages"]):
            return _said(400, "System role not supported")
        if not self.schemas and wire.schema(body) is not None:
            return _said(400, "response_format of type json_schema is not supported here")
        if self.context_tokens is not None and words > self.context_tokens:
            return _error(
                request, "context_length_exceeded", limit=self.context_tokens, words=words
            )
        try:
            jsonschema.Draft202012Validator.check_schema(wire.schema(body) or {})
        except jsonschema.SchemaError:
            return _error(request, "schema_unsupported")
        return None

    async def _stream(
        self,
        request: web.Request,
        wire: _OpenAI | _Anthropic,
        reply: _Reply,
        failure: Failure | None,
        seen: Assessment,
    ) -> web.StreamResponse:
        name = failure.name if failure else ""
        cut = {"hang_mid_stream", "reset_mid_stream", "truncated", "malformed_sse"}
        cut |= {"error_in_stream", "content_filter"}
        texts = reply.tokens[: failure.after_tokens] if failure and name in cut else reply.tokens
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        if name == "empty_choices":
            await response.write(wire.empty())
            return response
        if failure and name == "error_first_frame":
            error = {"message": failure.message, "type": "server_error", "code": failure.code}
            frame = f"data: {json.dumps({'error': error})}\n\n"
            if failure.body == "bare":
                frame = f"error: {json.dumps(error)}\n\n"
            if failure.body == "after the role":
                frame = wire.opening(reply).decode() + frame
            await response.write(frame.encode())
            return response
        for text in reply.thought:
            await response.write(wire.thought(reply, text))
        await response.write(wire.opening(reply))
        for text in texts:
            if name == "refusal":
                await response.write(wire.refusal(reply, text))
            else:
                await response.write(wire.token(reply, text))
            seen.answer_tokens += 1
            await asyncio.sleep(
                failure.delay_s if failure and name == "slow_tokens" else self.token_delay_s
            )
        if name == "hang_mid_stream":
            await asyncio.Event().wait()
        elif name == "reset_mid_stream":
            return _reset(request, response)
        elif name == "malformed_sse":
            await response.write(b'data: {"choices": [{"delta": \n\n')
        elif name == "error_in_stream":
            await response.write(wire.error_event())
        elif name == "done_without_reason":
            await response.write(b"data: [DONE]\n\n")
        elif name != "truncated":
            reason = "content_filter" if name == "content_filter" else reply.finish_reason
            async for event in wire.closing(reply, reason, usage=name != "no_usage"):
                await response.write(event)
        return response


@dataclass(frozen=True, slots=True)
class _Reply:
    """What the brain said, cut to the request's max_tokens and stop strings.

    thought: what goes into the field `think_in`, or into typed parts.
    """

    model: str
    tokens: list[str]
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    logprobs: bool
    include_usage: bool
    thought: list[str]
    think_in: str
    said: dict[str, Any] | None = None

    @property
    def text(self) -> str:
        return "".join(self.tokens)

    @classmethod
    def to(
        cls,
        body: dict[str, Any],
        text: str,
        count: Callable[[str], int],
        thinks: tuple[str, str] = ("", ""),
        said: dict[str, Any] | None = None,
    ) -> _Reply:
        thought, think_in = thinks
        stops = body.get("stop") or body.get("stop_sequences") or []
        for stop in [stops] if isinstance(stops, str) else stops:
            text = text.split(stop, 1)[0]
        limit = body.get("max_completion_tokens") or body.get("max_tokens") or math.inf
        written = {
            "tag": f"<think>\n{thought}\n</think>\n\n",
            "lone": f"{thought}\n</think>\n\n",
            "unclosed": f"<think>\n{thought}",
        }
        if thought and think_in in written:
            text, thought = written[think_in] + (text if think_in != "unclosed" else ""), ""
        aside = pieces(thought)
        aside = aside if len(aside) <= limit else aside[: int(limit)]
        tokens = pieces(text)
        room = limit - len(aside)
        kept = tokens if len(tokens) <= room else tokens[: int(room)]
        return cls(
            model=body["model"],
            tokens=kept,
            finish_reason="stop" if len(kept) == len(tokens) else "length",
            prompt_tokens=_prompt_tokens(body, count),
            completion_tokens=count("".join(kept)) + count("".join(aside)),
            logprobs=bool(body.get("logprobs")),
            include_usage=bool((body.get("stream_options") or {}).get("include_usage")),
            thought=aside,
            think_in=think_in,
            said=said,
        )


class _OpenAI:
    """The chat completions wire format."""

    def prompt(self, body: dict[str, Any]) -> str:
        return _last_user_text(body)

    def schema(self, body: dict[str, Any]) -> dict[str, Any] | None:
        wanted = body.get("response_format") or {}
        return wanted["json_schema"]["schema"] if wanted.get("type") == "json_schema" else None

    def whole(self, reply: _Reply, behaviour: str) -> dict[str, Any]:
        message = {"role": "assistant", "content": reply.text}
        if reply.thought:
            message[reply.think_in] = "".join(reply.thought)
        choice: dict[str, Any] = {
            "index": 0,
            "message": message,
            "finish_reason": reply.finish_reason,
        }
        if reply.logprobs:
            choice["logprobs"] = {"content": [_logprob(token) for token in reply.tokens]}
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": reply.model,
            "choices": [] if behaviour == "empty_choices" else [choice],
            "usage": self._usage(reply),
        }

    def _usage(self, reply: _Reply) -> dict[str, Any]:
        if reply.said is not None:
            return reply.said
        return {
            "prompt_tokens": reply.prompt_tokens,
            "completion_tokens": reply.completion_tokens,
            "total_tokens": reply.prompt_tokens + reply.completion_tokens,
            "prompt_tokens_details": {"cached_tokens": 0},
        }

    def _chunk(self, reply: _Reply, choices: list[dict[str, Any]], **more: object) -> bytes:
        chunk = {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": reply.model,
            "choices": choices,
            **more,
        }
        return f"data: {json.dumps(chunk)}\n\n".encode()

    def opening(self, reply: _Reply) -> bytes:
        delta = {"role": "assistant", "content": ""}
        return self._chunk(reply, [{"index": 0, "delta": delta, "finish_reason": None}])

    def thought(self, reply: _Reply, text: str) -> bytes:
        delta: dict[str, Any] = {reply.think_in: text}
        if reply.think_in == "parts":
            part = {"type": "thinking", "thinking": [{"type": "text", "text": text}]}
            delta = {"content": [part]}
        return self._chunk(reply, [{"index": 0, "delta": delta, "finish_reason": None}])

    def refusal(self, reply: _Reply, text: str) -> bytes:
        delta = {"content": None, "refusal": text}
        return self._chunk(reply, [{"index": 0, "delta": delta, "finish_reason": None}])

    def token(self, reply: _Reply, text: str) -> bytes:
        choice: dict[str, Any] = {"index": 0, "delta": {"content": text}, "finish_reason": None}
        if reply.logprobs:
            choice["logprobs"] = {"content": [_logprob(text)]}
        return self._chunk(reply, [choice])

    async def closing(self, reply: _Reply, reason: str, *, usage: bool) -> AsyncIterator[bytes]:
        yield self._chunk(reply, [{"index": 0, "delta": {}, "finish_reason": reason}])
        if usage and reply.include_usage:
            yield self._chunk(reply, [], usage=self._usage(reply))
        yield b"data: [DONE]\n\n"

    def error_event(self) -> bytes:
        error = {"error": {"message": "The server had an error.", "type": "server_error"}}
        return f"data: {json.dumps(error)}\n\n".encode()

    def empty(self) -> bytes:
        return b"data: [DONE]\n\n"


class _Anthropic:
    """The messages wire format."""

    REASONS = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}  # noqa: RUF012

    def prompt(self, body: dict[str, Any]) -> str:
        return _last_user_text(body)

    def schema(self, body: dict[str, Any]) -> dict[str, Any] | None:
        wanted = (body.get("output_config") or {}).get("format") or body.get("output_format") or {}
        return wanted.get("schema")

    def whole(self, reply: _Reply, behaviour: str) -> dict[str, Any]:
        content = [] if behaviour == "empty_choices" else [{"type": "text", "text": reply.text}]
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": reply.model,
            "content": content,
            "stop_reason": self.REASONS[reply.finish_reason],
            "stop_sequence": None,
            "usage": {
                "input_tokens": reply.prompt_tokens,
                "output_tokens": reply.completion_tokens,
            },
        }

    def _event(self, kind: str, **fields: object) -> bytes:
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()

    def opening(self, reply: _Reply) -> bytes:
        message: dict[str, Any] = {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": reply.model,
            "content": [],
            "stop_reason": None,
            "usage": {"input_tokens": reply.prompt_tokens, "output_tokens": 1},
        }
        block = {"type": "text", "text": ""}
        return self._event("message_start", message=message) + self._event(
            "content_block_start", index=0, content_block=block
        )

    def token(self, reply: _Reply, text: str) -> bytes:
        delta = {"type": "text_delta", "text": text}
        return self._event("content_block_delta", index=0, delta=delta)

    async def closing(self, reply: _Reply, reason: str, *, usage: bool) -> AsyncIterator[bytes]:
        yield self._event("content_block_stop", index=0)
        yield self._event(
            "message_delta",
            delta={"stop_reason": self.REASONS[reason], "stop_sequence": None},
            usage={"output_tokens": reply.completion_tokens} if usage else {"output_tokens": 0},
        )
        yield self._event("message_stop")

    def error_event(self) -> bytes:
        error = {"type": "overloaded_error", "message": "Overloaded"}
        return self._event("error", error=error)

    def empty(self) -> bytes:
        return self._event("message_stop")


async def wait_until(condition: Callable[[], object], *, within_s: float = 5.0) -> None:
    """Returns when `condition` holds; TimeoutError when it does not in time."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110  the server's records raise no event
            await asyncio.sleep(0.01)


def _text(content: Any) -> str:
    """A message's text; both APIs also allow a list of typed parts."""
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content)


def _prompt_tokens(body: dict[str, Any], count: Callable[[str], int]) -> int:
    texts = [_text(turn["content"]) for turn in body["messages"]]
    return sum(count(text) for text in [*texts, _text(body.get("system", ""))])


def _last_user_text(body: dict[str, Any]) -> str:
    return next(_text(m["content"]) for m in reversed(body["messages"]) if m["role"] == "user")


def _logprob(token: str) -> dict[str, Any]:
    """Made up but steady: -0.1 for a word, -0.2 for one with a digit."""
    value = -0.2 if any(character.isdigit() for character in token) else -0.1
    return {"token": token, "logprob": value, "bytes": None, "top_logprobs": []}


def _masked(request: web.Request) -> str:
    """The key as OpenAI echoes it: enough to leak a part of it."""
    sent = request.headers.get("x-api-key") or request.headers.get("Authorization") or ""
    return sent.removeprefix("Bearer ") or "none"


def _error(
    request: web.Request, name: str, failure: Failure | None = None, **fields: object
) -> web.Response:
    kind, code, message = STATUSES[name]
    error = {
        "type": kind,
        "code": code,
        "message": message.format_map({"limit": 8192, "words": 9000, **fields}),
        "param": None,
    }
    status = HTTP_STATUS.get(name) or int(name)
    headers = {}
    if failure and failure.retry_after_s is not None:
        headers["Retry-After"] = f"{failure.retry_after_s:g}"
    if request.path == "/v1/messages":
        kind = {"404": "not_found_error", "429": "rate_limit_error", "500": "api_error"}.get(
            name, kind
        )
        error = {"type": kind, "message": str(error["message"])}
    return web.json_response({"type": "error", "error": error}, status=status, headers=headers)


def _said(status: int, message: str, code: str | int | None = None) -> web.Response:
    error = {"message": message, "type": "invalid_request_error", "code": code}
    return web.json_response({"error": error}, status=status)


def _reset(request: web.Request, response: web.StreamResponse | None = None) -> web.StreamResponse:
    """Drops the connection as a crashed server does."""
    assert request.transport is not None
    request.transport.abort()
    return response or web.Response()


async def _serve(port: int, key: str, print_url: bool) -> None:
    async with ProviderServer(port=port, key=key) as server:
        if print_url:
            sys.stdout.write(f"{server.openai_url}\n")
            sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--key", default="test-key")
    parser.add_argument("--print-url", action="store_true")
    options = parser.parse_args()
    try:
        asyncio.run(_serve(options.port, options.key, options.print_url))
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
