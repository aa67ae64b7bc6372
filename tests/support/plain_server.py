"""A server on loopback that answers every request in one way, and keeps what it was sent."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class PlainServer:
    """bodies: of the requests, as they came."""

    url: str
    bodies: list[bytes] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


@asynccontextmanager
async def plain_server(
    answer: Answer, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[PlainServer]:
    """Serves until the end of the block."""
    server = PlainServer("")

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        server.paths.append(request.path)
        server.bodies.append(await request.read())
        return await answer(request)

    runner = web.ServerRunner(web.Server(serve), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, host, 0, ssl_context=tls).start()
    shown = f"[{host}]" if ":" in host else host
    server.url = f"http{'s' if tls else ''}://{shown}:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()
