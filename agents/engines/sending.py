"""Tells a generation's meter when its request is sent, with any HTTP client.

Only a sent request can cost anything, and an SDK's exception does not say whether it was sent: a
timeout may have struck while connecting. Both HTTP clients that LiteLLM uses are hooked.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from router.meter import Meter

_meter: ContextVar[Meter | None] = ContextVar("meter", default=None)

_watched = False


@contextmanager
def told(meter: Meter) -> Iterator[None]:
    """Requests that are sent inside this context count for the meter."""
    token = _meter.set(meter)
    try:
        yield
    finally:
        _meter.reset(token)


def watch_clients(aiohttp_transport: Any) -> None:
    """Hooks every HTTP request of the process; those outside `told` are ignored. Idempotent.

    aiohttp_transport: LiteLLM's own class, by which it sends httpx's requests over aiohttp.
    """
    global _watched
    if _watched:
        return
    _watch_aiohttp(aiohttp_transport)
    _watch_httpx()
    _watched = True


async def _going_out() -> None:
    meter = _meter.get()
    if meter is not None:
        await meter.sending()


def _watch_aiohttp(transport: Any) -> None:
    import aiohttp

    async def headers_sent(_: Any, __: Any, sent: aiohttp.TraceRequestHeadersSentParams) -> None:
        if sent.method == "POST":
            await _going_out()

    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(headers_sent)
    trace.freeze()
    session_of = transport.get_valid_client_session

    def watched_session(self: Any) -> aiohttp.ClientSession:
        session: aiohttp.ClientSession = session_of(self)
        if trace not in session.trace_configs:
            session.trace_configs.append(trace)
        return session

    transport.get_valid_client_session = watched_session


def _watch_httpx() -> None:
    import httpx

    async def step(event: str, told: Any) -> None:
        # Through a proxy there is a CONNECT before it.
        is_post = event.endswith("send_request_headers.started") and told["request"].method
        if is_post == b"POST":
            await _going_out()

    handle = httpx.AsyncHTTPTransport.handle_async_request

    async def watched_handle(
        self: httpx.AsyncHTTPTransport, request: httpx.Request
    ) -> httpx.Response:
        if _meter.get() is not None:
            request.extensions = {**request.extensions, "trace": step}
        return await handle(self, request)

    httpx.AsyncHTTPTransport.handle_async_request = watched_handle  # type: ignore[method-assign]
