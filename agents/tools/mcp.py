"""MCP servers as tools, through langchain-mcp-adapters: the only file that knows them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from agents.engines.connection import keep_here
from agents.tools.schemas import SchemaUnusable, self_contained
from agents.tools.servers import McpServer
from agents.tools.shown import cleaned, one_line
from agents.tools.tool import NAME, Output, Tool, ToolFailed
from router.errors import ConfigError
from router.machine import is_loopback

if TYPE_CHECKING:
    import httpx
    from langchain_core.tools import BaseTool
    from mcp import ClientSession

_DESCRIPTION_CHARS = 1000
_CLOSE_S = 10.0
_LEFT_ALONE_S = 30.0
_PING_S = 5.0
_WAIT_S = 30.0
_STREAM_WAIT_S = 300.0
"""The library's own: a server may hold a stream open between two messages."""


class McpConnection:
    """One server: connected to when it is first needed, and again after it died.

    A session must be left by the task that entered it, so that a task of its own holds it.
    """

    def __init__(self, name: str, settings: McpServer) -> None:
        self.name = name
        self.settings = settings
        self._lock = asyncio.Lock()
        self._holder: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()
        self._session: ClientSession | None = None
        self._tools: tuple[Tool, ...] = ()
        self._doubted = False
        self._failed: ToolFailed | None = None
        self._failed_at = 0.0

    async def tools(self) -> tuple[Tool, ...]:
        """Those the server offers and the settings allow, called `server.tool`.

        Raises ToolFailed where the server cannot be reached, ConfigError without the library.
        """
        await self._connected()
        return self._tools

    async def close(self) -> None:
        """Ends the session, and the server if it was started here."""
        holder, self._holder, self._session = self._holder, None, None
        if holder is None:
            return
        self._stop.set()
        await asyncio.wait({holder}, timeout=_CLOSE_S)
        if not holder.done():
            holder.cancel()
            await asyncio.wait({holder}, timeout=_CLOSE_S)

    async def _connected(self) -> ClientSession:
        async with self._lock:
            if not await self._alive():
                await self.close()
                await self._tried()
            assert self._session is not None, "connecting raises where there is no session"
            return self._session

    async def _alive(self) -> bool:
        """Whether the session is usable; after a call that timed out, whether the server still
        answers.
        """
        if self._session is None or self._holder is None or self._holder.done():
            return False
        if not self._doubted:
            return True
        try:
            # A shorter timeout than what the waiting call has left.
            async with asyncio.timeout(min(_PING_S, self.settings.timeout_s / 2)):
                await self._session.send_ping()
        except Exception:  # noqa: BLE001  whatever it is, it is no answer
            return False
        self._doubted = False
        return True

    async def _tried(self) -> None:
        """Connects. After a failure it does not try again for a while, so that tasks do not wait
        for it.

        Raises ToolFailed.
        """
        if self._failed is not None and time.monotonic() - self._failed_at < _LEFT_ALONE_S:
            raise ToolFailed(self._failed.reason, self._failed.detail)
        try:
            await self._connect()
        except ToolFailed as failed:
            self._failed, self._failed_at = failed, time.monotonic()
            raise
        self._failed = None

    async def _connect(self) -> None:
        if (failed := _import_fault()) is not None:
            raise ConfigError(
                f"the MCP server {self.name!r} needs langchain-mcp-adapters ({failed}): "
                "pip install 'edgeward[mcp]'"
            )
        self._stop = asyncio.Event()
        ready: asyncio.Future[tuple[ClientSession, list[BaseTool]]]
        ready = asyncio.get_running_loop().create_future()
        self._holder = asyncio.create_task(self._hold(ready, self._stop))
        try:
            async with asyncio.timeout(self.settings.connect_timeout_s):
                session, offered = await ready
        except TimeoutError:
            self._holder.cancel()
            limit = f"{self.settings.connect_timeout_s:g} s"
            raise ToolFailed(f"the MCP server {self.name!r} did not answer in {limit}") from None
        except asyncio.CancelledError:
            self._holder.cancel()
            raise
        self._session, self._doubted = session, False
        made = (self._tool(one) for one in offered)
        self._tools = tuple(tool for tool in made if tool is not None)

    async def _hold(
        self, ready: asyncio.Future[tuple[ClientSession, list[BaseTool]]], stop: asyncio.Event
    ) -> None:
        """Enters the session, keeps it until `stop`, and leaves it."""
        from langchain_mcp_adapters.sessions import create_session
        from langchain_mcp_adapters.tools import load_mcp_tools

        try:
            connection: Any = self.settings.connection()
            if self.settings.url is not None and is_loopback(self.settings.url):
                connection["httpx_client_factory"] = _direct_client
            async with create_session(connection) as session:
                await session.initialize()
                offered = await load_mcp_tools(session)
                if not ready.done():
                    ready.set_result((session, offered))
                await stop.wait()
        except Exception as error:  # noqa: BLE001  whatever a transport raises, the server is gone
            if not ready.done():
                reason = f"the MCP server {self.name!r} cannot be reached ({_kind(error)})"
                ready.set_exception(ToolFailed(reason, one_line(str(_first(error)))))

    def _tool(self, offered: BaseTool) -> Tool | None:
        """None for one that is not allowed, or whose name or schema cannot be used."""
        name, settings = offered.name, self.settings
        if settings.tools is not None and name not in settings.tools:
            return None
        given: Any = offered.args_schema
        if not NAME.fullmatch(name) or not isinstance(given, dict):
            return None
        try:
            schema = self_contained(given, patterns=False)
        except SchemaUnusable:
            return None
        called = f"{self.name}.{name}"

        async def run(arguments: Mapping[str, Any]) -> Output:
            return await self._call(name, arguments)

        return Tool(
            name=called,
            description=cleaned(offered.description)[:_DESCRIPTION_CHARS],
            schema=schema,
            run=run,
            changes=settings.may_change(name, offered.metadata or {}),
            label=settings.label,
            leaves=not settings.stays_here,
            timeout_s=settings.timeout_s,
        )

    async def _call(self, name: str, arguments: Mapping[str, Any]) -> Output:
        """Calls through the session: LangChain's own call reserves an argument named `runtime`, and
        may send every argument to a tracing service.
        """
        session = await self._connected()
        holder = self._holder
        assert holder is not None, "a session has a holder"
        call = asyncio.create_task(session.call_tool(name, dict(arguments)))
        try:
            await asyncio.wait({call, holder}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not call.done():
                self._doubted = True
                call.cancel()
                with suppress(asyncio.CancelledError):
                    await call
        if call.cancelled():
            raise ToolFailed(f"the MCP server {self.name!r} ended during the call")
        if (error := call.exception()) is not None:
            raise await self._broken(error)
        result = call.result()
        text = _text(result.content, result.structuredContent)
        if result.isError:
            raise ToolFailed(f"the MCP server {self.name!r} reports an error", one_line(text))
        return Output(text)

    async def _broken(self, error: BaseException) -> ToolFailed:
        from mcp import McpError
        from mcp.types import CONNECTION_CLOSED

        if isinstance(error, McpError) and error.error.code != CONNECTION_CLOSED:
            reason = f"the MCP server {self.name!r} refused the call (code {error.error.code})"
            return ToolFailed(reason, one_line(error.error.message))
        await self.close()
        return ToolFailed(f"the MCP server {self.name!r} ended during the call ({_kind(error)})")


def _direct_client(
    headers: dict[str, str] | None = None,
    timeout: httpx.Timeout | None = None,
    auth: httpx.Auth | None = None,
) -> httpx.AsyncClient:
    """A client for a server on this machine that uses no proxy and refuses names that lead
    elsewhere.

    Redirects are the library's to follow, on the server's own origin.
    """
    import httpx

    waits = timeout or httpx.Timeout(_WAIT_S, read=_STREAM_WAIT_S)
    client = httpx.AsyncClient(headers=headers, timeout=waits, auth=auth, trust_env=False)
    keep_here(client)
    return client


def _import_fault() -> str | None:
    try:
        import langchain_mcp_adapters.tools  # noqa: F401
    except ImportError as error:
        return str(error)
    return None


def _text(content: list[Any], structured: Mapping[str, Any] | None) -> str:
    parts = []
    for block in content:
        text = getattr(block, "text", None)
        parts.append(text if isinstance(text, str) else f"[{block.type}, not shown]")
    return "\n".join(parts) if parts else json.dumps(structured or {}, ensure_ascii=False)


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _kind(error: BaseException) -> str:
    return type(_first(error)).__name__
