"""The HTTP client for chat APIs: normalises servers' answers into the form that SDKs expect.

OpenAI-compatible servers deviate: a whole JSON answer where a stream was asked for, an error under
the status 200, a web page of whoever stands in between, a stream that ends with `[DONE]` and no
finish reason, content in typed parts, thinking under several names. An SDK then gets a stream, an
HTTP status, a finish reason, plain text, and `reasoning_content`. Imports httpx: import it lazily.
"""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, NoReturn

import httpx

from agents.engines.quoted import PageAnswered
from agents.engines.refusals import status_of

_LONGEST_WHOLE_BYTES = 8 * 2**20
"""Largest answer that comes as one JSON text or line; far above any real one. Bounds the memory."""

_PAGE_BYTES = 16 * 1024
"""How much of a web page is read, for its title."""

_REASONING = ("reasoning_content", "reasoning", "thinking")


def read_in_one_form(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """Makes a client normalise the answers of chat APIs; returns the same client."""
    hooks = client.event_hooks
    if _in_one_form not in hooks["response"]:
        client.event_hooks = {
            "request": [*hooks["request"], _ask_plainly],
            "response": [*hooks["response"], _in_one_form],
        }
    return client


def made_to_read_in_one_form(owner: type, name: str) -> None:
    """Wraps a library method that makes httpx clients, so that they normalise; idempotent."""
    make = inspect.getattr_static(owner, name)
    is_static = isinstance(make, staticmethod)
    make = make.__func__ if is_static else make
    if hasattr(make, "_reads_in_one_form"):
        return

    @functools.wraps(make)
    def made(*arguments: Any, **named: Any) -> Any:
        client = make(*arguments, **named)
        return client if client is None else read_in_one_form(client)

    made._reads_in_one_form = True  # type: ignore[attr-defined]
    setattr(owner, name, staticmethod(made) if is_static else made)


def _is_chat(request: httpx.Request) -> bool:
    return request.method == "POST" and request.url.path.endswith(
        ("/chat/completions", "/messages")
    )


async def _ask_plainly(request: httpx.Request) -> None:
    if _is_chat(request):
        request.headers["accept-encoding"] = "identity"


async def _in_one_form(response: httpx.Response) -> None:
    stream = response.stream
    if response.request.method != "POST" or not response.is_success:
        return
    if "text/html" in response.headers.get("content-type", "") and isinstance(
        stream, httpx.AsyncByteStream
    ):
        await _refuse_page(stream, b"", response.aiter_raw())
    if not _is_chat(response.request):
        return
    if "content-encoding" in response.headers or not isinstance(stream, httpx.AsyncByteStream):
        return
    pieces = aiter(stream)
    begin = b""
    async for piece in pieces:
        begin += piece
        if begin.strip():
            break
    if begin.lstrip().startswith(b"{"):
        await _whole(response, begin, pieces)
        return
    if begin.lstrip().startswith(b"<"):
        await _refuse_page(stream, begin, pieces)
    frames = _Frames(stream, begin, pieces)
    error = await frames.first_error()
    if error is None:
        _become(response, frames)
        return
    await stream.aclose()
    _become(response, _as_body(error), status=status_of(error))


async def _refuse_page(
    stream: httpx.AsyncByteStream, begin: bytes, pieces: AsyncIterator[bytes]
) -> NoReturn:
    async for piece in pieces:
        begin += piece
        if len(begin) > _PAGE_BYTES:
            break
    await stream.aclose()
    raise PageAnswered(begin[:_PAGE_BYTES])


async def _whole(response: httpx.Response, begin: bytes, pieces: AsyncIterator[bytes]) -> None:
    """A JSON text that came in place of a stream: converted to a stream, or to the error that it
    is.
    """
    stream = response.stream
    parts, size = [begin], len(begin)
    async for piece in pieces:
        parts.append(piece)
        size += len(piece)
        if size > _LONGEST_WHOLE_BYTES:
            break
    begin = b"".join(parts)
    assert isinstance(stream, httpx.AsyncByteStream), "the caller looked"
    await stream.aclose()
    try:
        body = json.loads(begin)
    except ValueError:
        _become(response, _Bytes(begin))
        return
    error = _error_in(body)
    if error is None:
        _become(response, _Bytes(_streamed(body)))
    else:
        _become(response, _as_body(error), status=status_of(error))


def _become(
    response: httpx.Response, body: httpx.AsyncByteStream, *, status: int | None = None
) -> None:
    response.stream = body
    response.headers.pop("content-length", None)
    response.headers.pop("transfer-encoding", None)
    response.headers["content-type"] = "application/json" if status else "text/event-stream"
    response.status_code = status or response.status_code


def _streamed(body: Mapping[str, Any]) -> bytes:
    """A whole answer as one frame, or as Anthropic's events."""
    if body.get("type") == "message":
        return _as_events(body)
    choices = []
    for choice in body.get("choices") or ():
        delta = choice.get("message") or choice.get("delta") or {"content": choice.get("text")}
        wanted = {key: choice[key] for key in ("index", "logprobs") if key in choice}
        reason = choice.get("finish_reason") or "stop"
        choices.append({"index": 0, **wanted, "delta": delta, "finish_reason": reason})
    if not choices:
        return _DONE
    chunk = {**body, "object": "chat.completion.chunk", "choices": choices}
    _plain(chunk)
    return _frame(chunk) + _DONE


def _as_events(message: Mapping[str, Any]) -> bytes:
    used = message.get("usage") or {}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}}
    ]
    for index, block in enumerate(message.get("content") or ()):
        kind = block.get("type")
        if kind not in ("text", "thinking"):
            continue
        begun = {"type": kind, kind: ""}
        events += [
            {"type": "content_block_start", "index": index, "content_block": begun},
            {
                "type": "content_block_delta",
                "index": index,
                "delta": {"type": f"{kind}_delta", kind: block.get(kind) or ""},
            },
            {"type": "content_block_stop", "index": index},
        ]
    ended = {"stop_reason": message.get("stop_reason") or "end_turn", "stop_sequence": None}
    events += [
        {"type": "message_delta", "delta": ended, "usage": used},
        {"type": "message_stop"},
    ]
    return b"".join(f"event: {event['type']}\n".encode() + _frame(event) for event in events)


class _Bytes(httpx.AsyncByteStream):
    """A body that is there already."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content


class _Frames(httpx.AsyncByteStream):
    """A stream of server-sent events, frame by frame."""

    def __init__(
        self, stream: httpx.AsyncByteStream, begin: bytes, pieces: AsyncIterator[bytes]
    ) -> None:
        self._stream = stream
        self._unread = begin
        self._pieces = pieces
        self._ready: list[bytes] = []
        self._last: dict[str, Any] | None = None
        self._refused = False
        self._finished = False

    async def first_error(self) -> Mapping[str, Any] | None:
        """The error that the first frame holds, if it is one."""
        async for line in self._lines():
            data = _data(line)
            chunk = _parsed(data)
            error = _error_in(chunk)
            if error is not None:
                return error
            self._ready.append(self._line(line))
            if data:
                break
        return None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self._ready:
            yield self._ready.pop(0)
        async for line in self._lines():
            yield self._line(line)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def _lines(self) -> AsyncIterator[bytes]:
        """Lines with their ends; the last may have none."""
        while True:
            while (at := self._unread.find(b"\n")) >= 0:
                line, self._unread = self._unread[: at + 1], self._unread[at + 1 :]
                yield line
            if len(self._unread) > _LONGEST_WHOLE_BYTES:
                break
            try:
                self._unread += await anext(self._pieces)
            except StopAsyncIteration:
                break
        if self._unread:
            line, self._unread = self._unread, b""
            yield line

    def _line(self, line: bytes) -> bytes:
        """The line as an SDK reads it."""
        data = _data(line)
        if data == b"[DONE]":
            return line if self._finished or self._last is None else self._reason() + line
        chunk = _parsed(data)
        choices = chunk.get("choices") if chunk else None
        if chunk is None or not isinstance(choices, list) or not choices:
            return line
        self._last = chunk
        changed = _plain(chunk)
        for choice in choices:
            delta = choice.get("delta") or {}
            self._refused = self._refused or bool(delta.get("refusal"))
            if choice.get("finish_reason"):
                self._finished = True
                if self._refused and choice["finish_reason"] == "stop":
                    choice["finish_reason"], changed = "content_filter", True
        end = b"\r\n" if line.endswith(b"\r\n") else b"\n"
        return b"data: " + json.dumps(chunk).encode() + end if changed else line

    def _reason(self) -> bytes:
        """A frame with the finish reason that `[DONE]` implies: the answer is complete."""
        assert self._last is not None, "the caller looked"
        reason = "content_filter" if self._refused else "stop"
        head = {key: value for key, value in self._last.items() if key not in ("choices", "usage")}
        return _frame({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})


_DONE = b"data: [DONE]\n\n"


def _frame(chunk: Mapping[str, Any]) -> bytes:
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def _data(line: bytes) -> bytes:
    """What follows `data:`, or an error in a field of its own; empty for other lines."""
    if line.startswith(b"error:"):  # older llama.cpp
        return b'{"error":' + line[6:].strip() + b"}"
    return line[5:].strip() if line.startswith(b"data:") else b""


def _parsed(data: bytes) -> dict[str, Any] | None:
    if not data.startswith(b"{"):
        return None
    try:
        chunk = json.loads(data)
    except ValueError:
        return None  # the SDK complains of it
    return chunk if isinstance(chunk, dict) else None


def _plain(chunk: dict[str, Any]) -> bool:
    """Moves each delta's content and thinking into the usual fields; returns whether anything
    changed.
    """
    changed = False
    for choice in chunk["choices"]:
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            continue
        content = delta.get("content")
        thought = next((text for key in _REASONING if (text := _words(delta.get(key)))), "")
        if isinstance(content, list):
            # Some servers put bare texts among the typed parts.
            parts = [{"text": part} if isinstance(part, str) else part for part in content]
            parts = [part for part in parts if isinstance(part, dict)]
            thought += "".join(
                _words(part.get("thinking")) for part in parts if part.get("type") == "thinking"
            )
            refused = "".join(_words(part.get("refusal")) for part in parts)
            delta["content"] = "".join(_words(part.get("text")) for part in parts)
            delta |= {"refusal": refused} if refused else {}
            changed = True
        if thought and delta.get("reasoning_content") != thought:
            delta["reasoning_content"] = thought
            changed = True
        if delta.get("refusal"):
            # LiteLLM drops the field, and takes others along in this one.
            delta["provider_specific_fields"] = {"refusal": delta["refusal"]}
            changed = True
        no_answer = delta.get("refusal") and not delta.get("content")
        if no_answer and choice.get("finish_reason") == "stop":
            choice["finish_reason"], changed = "content_filter", True
    return changed


def _words(value: Any) -> str:
    """A text, or the texts of a list of parts."""
    if isinstance(value, list):
        return "".join(_words(part.get("text")) for part in value if isinstance(part, dict))
    return value if isinstance(value, str) else ""


def _error_in(body: Any) -> Mapping[str, Any] | None:
    """The error in a body that should hold an answer; None without one."""
    if not isinstance(body, dict) or body.get("choices"):
        return None
    error = body.get("error")
    if isinstance(error, str) and error:
        return {"message": error}
    if isinstance(error, dict) and error:
        return error
    return body if body.get("object") == "error" and "message" in body else None


def _as_body(error: Mapping[str, Any]) -> httpx.AsyncByteStream:
    return _Bytes(json.dumps({"error": dict(error)}).encode())
