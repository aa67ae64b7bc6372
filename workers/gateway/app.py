"""The ASGI application: who may ask, which dialect it is, and how an answer goes out."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from graphs.app import Router
from router.errors import EdgewardError, StoreUnavailable, TaskError
from router.machine import names_this_machine
from router.types.result import Result
from workers.gateway import chat, messages
from workers.gateway.answering import kept_alive, pieces
from workers.gateway.asked import Asked, targets
from workers.gateway.keys import AccessKey, AccessKeys
from workers.gateway.refused import Refused, refusal_of
from workers.gateway.told import headers_of

log = structlog.get_logger()

MOST_BODY_BYTES = 16 * 2**20
_GONE_S = 0.5
_SSE_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
_NO_RETRY = {"x-should-retry": "false"}


def gateway(router: Router, *, loopback: bool) -> Starlette:
    """The application over an open Router.

    loopback: it listens on this machine alone; then it needs no keys until there are some, and
    answers only what is addressed to this machine by name.
    """
    served = _Gateway(router, loopback=loopback)
    return Starlette(
        routes=[
            Route("/", served.hello, methods=["GET", "HEAD"]),
            Route("/health", served.hello, methods=["GET"]),
            Route("/ready", served.ready, methods=["GET"]),
            Route("/v1/models", served.models, methods=["GET"]),
            Route("/v1/chat/completions", served.chat, methods=["POST"]),
            Route("/v1/messages", served.messages, methods=["POST"]),
            Route("/v1/messages/count_tokens", served.count_tokens, methods=["POST"]),
        ]
    )


class _Gateway:
    def __init__(self, router: Router, *, loopback: bool) -> None:
        self._router, self._loopback = router, loopback
        self._keys = AccessKeys(router.store)

    async def hello(self, _: Request) -> Response:
        return JSONResponse({"status": "ok", "service": "edgeward"})

    async def ready(self, _: Request) -> Response:
        try:
            await self._keys.any()
        except StoreUnavailable as error:
            return JSONResponse({"status": "not ready", "reason": str(error)}, 503)
        return JSONResponse({"status": "ready"})

    async def models(self, request: Request) -> Response:
        """One list for both SDKs."""
        try:
            key = await self._admitted(request)
        except Refused as refused:
            return _refusal(chat, refused)
        names = [one for one in targets(self._router) if key is None or key.allows(one)]
        listed = [
            {
                "id": name,
                "object": "model",
                "created": 0,
                "owned_by": "edgeward",
                "type": "model",
                "display_name": name,
                "created_at": "1970-01-01T00:00:00Z",
            }
            for name in names
        ]
        ends = {"first_id": names[0] if names else None, "last_id": names[-1] if names else None}
        return JSONResponse({"object": "list", "data": listed, "has_more": False, **ends})

    async def chat(self, request: Request) -> Response:
        return await self._answer(request, chat)

    async def messages(self, request: Request) -> Response:
        return await self._answer(request, messages)

    async def count_tokens(self, request: Request) -> Response:
        try:
            await self._admitted(request)
            return JSONResponse(messages.counted(await _body(request)))
        except Refused as refused:
            return _refusal(messages, refused)

    async def _answer(self, request: Request, dialect: ModuleType) -> Response:
        began = time.monotonic()
        try:
            key = await self._admitted(request)
            body = await _body(request)
            floor = None if key is None else key.label
            asked: Asked = dialect.read(body, request.headers, self._router, floor)
            if key is not None and not key.allows(asked.model):
                raise Refused(403, f"this key may not ask for {asked.model!r}", code="model")
            reply = self._streamed if asked.stream else self._whole
            response = await reply(request, asked, dialect)
            log.info(
                "gateway.answered",
                path=request.url.path,
                status=response.status_code,
                task=asked.task.task_id,
                seconds=round(time.monotonic() - began, 3),
            )
            return response
        except Refused as refused:
            log.info("gateway.refused", path=request.url.path, status=refused.status)
            return _refusal(dialect, refused)
        except ClientDisconnect:
            return Response(status_code=499)

    async def _whole(self, request: Request, asked: Asked, dialect: ModuleType) -> Response:
        running = asyncio.ensure_future(self._run(asked))
        try:
            while not (await asyncio.wait({running}, timeout=_GONE_S))[0]:
                if await request.is_disconnected():
                    raise ClientDisconnect
            result = running.result()
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError, EdgewardError):
                await running
        if result.status != "done":
            raise refusal_of(result)
        return JSONResponse(dialect.whole(asked, result), headers=headers_of(result))

    async def _run(self, asked: Asked) -> Result:
        with _as_refusals():
            return await self._router.run(asked.task, options=asked.options)

    async def _streamed(self, request: Request, asked: Asked, dialect: ModuleType) -> Response:
        parts = kept_alive(pieces(self._router, asked))
        # Nothing is sent before there is something: a refusal is then still a status.
        with _as_refusals():
            first = await anext(parts)
        if isinstance(first, Result) and first.status != "done":
            await parts.aclose()
            raise refusal_of(first)

        async def all_parts() -> AsyncIterator[str | Result | None]:
            yield first
            with _as_refusals():
                async for part in parts:
                    if isinstance(part, Result) and part.status != "done":
                        raise refusal_of(part)
                    yield part

        return StreamingResponse(
            dialect.stream(asked, all_parts()),
            media_type="text/event-stream",
            headers={**_SSE_HEADERS, "x-edgeward-task": asked.task.task_id},
        )

    async def _admitted(self, request: Request) -> AccessKey | None:
        """The key of a request; None where none is needed. Raises Refused."""
        host = request.headers.get("host", "")
        origin = request.headers.get("origin")
        if self._loopback and not names_this_machine(_name_of(host)):
            raise Refused(403, f"this server is not called {host[:100]!r}", code="host")
        if origin is not None and origin.partition("://")[2] != host:
            raise Refused(403, "a page of another site may not ask here", code="origin")
        with _as_refusals():
            needed = not self._loopback or await self._keys.any()
            given = _shown_key(request.headers)
            key = await self._keys.of(given) if needed and given else None
        if needed and key is None:
            raise Refused(
                401, "a key is needed that edgeward knows: edgeward keys create", code="key"
            )
        return key


@contextmanager
def _as_refusals() -> Iterator[None]:
    """Turns edgeward's own errors into refusals that a client can read."""
    try:
        yield
    except TaskError as error:
        raise Refused(400, str(error)) from None
    except StoreUnavailable as error:
        raise Refused(503, str(error), code="store") from None


def _shown_key(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else ""
    return bearer or headers.get("x-api-key", "").strip()


def _name_of(host: str) -> str:
    """The host of a Host header, without its port."""
    name, _, port = host.rpartition(":")
    bare = name if name and port.isdigit() else host
    return bare.strip("[]")


async def _body(request: Request) -> Mapping[str, Any]:
    """The request's JSON object. Raises Refused."""
    read = bytearray()
    async for chunk in request.stream():
        read += chunk
        if len(read) > MOST_BODY_BYTES:
            limit = f"{MOST_BODY_BYTES // 2**20} MB"
            raise Refused(413, f"the request is larger than {limit}", code="too_large")
    try:
        body = json.loads(bytes(read))
    except (ValueError, RecursionError):
        raise Refused(400, "the request's body is no JSON") from None
    if not isinstance(body, dict):
        raise Refused(400, "the request's body is no JSON object")
    return body


def _refusal(dialect: ModuleType, refused: Refused) -> Response:
    return JSONResponse(dialect.error(refused), refused.status, headers=_NO_RETRY)
