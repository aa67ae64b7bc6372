"""Registry: every tool there is, by name: functions, installed packages' and MCP servers'."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Self

from agents.tools.audit import Audit
from agents.tools.mcp import McpConnection
from agents.tools.permission import Permission
from agents.tools.servers import McpServer
from agents.tools.tool import NAME, Tool, ToolFailed, tool
from agents.tools.toolbox import Approve, Toolbox
from router.errors import ConfigError

GROUP = "edgeward.tools"
"""Entry points of this group are tools, or typed functions, by their names."""


@dataclass(frozen=True, slots=True)
class Offer:
    """The tools of a permission. unavailable: by tool or server, why the others are not there."""

    tools: tuple[Tool, ...]
    unavailable: Mapping[str, str]


class Registry:
    """Tools by name. What a package brings is imported, and a server started, when a role's
    permission names it and that role gets its first task; `close` ends the servers.

    installed: whether the entry points count. Raises ConfigError for two of one name.
    """

    def __init__(
        self,
        tools: Iterable[Tool | Callable[..., Any]] = (),
        *,
        servers: Mapping[str, McpServer] | None = None,
        installed: bool = True,
    ) -> None:
        self._tools: dict[str, Tool] = {}
        self._entries: dict[str, EntryPoint] = {}
        self._servers: dict[str, McpConnection] = {}
        for one in tools:
            self.add(one)
        for entry in entry_points(group=GROUP) if installed else ():
            self._refuse_taken(entry.name)
            self._entries[entry.name] = entry
        for name, settings in (servers or {}).items():
            if not NAME.fullmatch(name):
                raise ConfigError(f"the MCP server {name!r} needs a name of letters, digits, _, -")
            self._servers[name] = McpConnection(name, settings)

    def add(self, one: Tool | Callable[..., Any]) -> Tool:
        """Adds a tool, or a typed function as one."""
        made = one if isinstance(one, Tool) else tool(one)
        self._refuse_taken(made.name)
        self._tools[made.name] = made
        return made

    @property
    def names(self) -> tuple[str, ...]:
        """What a permission may name, as far as it is known without starting a server."""
        servers = (f"{name}.*" for name in self._servers)
        return (*sorted({*self._tools, *self._entries}), *servers)

    def check(self, role: str, permission: Permission) -> None:
        """Raises ConfigError for a permission that names what there is not."""
        for name in permission.tools:
            server, dot, _ = name.partition(".")
            if not (server in self._servers if dot else name in self.names):
                raise ConfigError(
                    f"the role {role!r} may use {name!r}, which is no tool; "
                    f"there are: {', '.join(self.names) or 'none'}"
                )

    async def offer(self, permission: Permission) -> Offer:
        """The tools that the permission names. A server that does not answer is left out, and
        asked again the next time. Raises ConfigError for an entry point that cannot be loaded.
        """
        tools = [self._own(name) for name in permission.tools if "." not in name]
        wanted = {name.partition(".")[0] for name in permission.tools if "." in name}
        names = [name for name in self._servers if name in wanted]
        answers = await asyncio.gather(*(self._ask(name) for name in names))
        unavailable = {}
        for name, answer in zip(names, answers, strict=True):
            if isinstance(answer, str):
                unavailable[name] = answer
            else:
                tools += [one for one in answer if permission.allows(one.name)]
        return Offer(tuple(tools), unavailable)

    async def toolbox(
        self,
        *,
        task_id: str,
        role: str,
        permissions: Mapping[str, Permission],
        audit: Audit,
        approve: Approve | None = None,
        local_only: bool = False,
        **bounds: Any,
    ) -> Toolbox:
        """The tools of one task. A role without a permission has none.

        bounds: `timeout_s`, `approval_timeout_s` and `result_chars` of the Toolbox.
        """
        permission = permissions.get(role, Permission())
        self.check(role, permission)
        offer = await self.offer(permission)
        return Toolbox(
            offer.tools,
            task_id=task_id,
            role=role,
            permission=permission,
            audit=audit,
            approve=approve,
            unavailable=offer.unavailable,
            local_only=local_only,
            **bounds,
        )

    async def close(self) -> None:
        """Ends the servers that were started."""
        await asyncio.gather(*(server.close() for server in self._servers.values()))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _refuse_taken(self, name: str) -> None:
        if name in self._tools or name in self._entries:
            raise ConfigError(f"two tools are called {name!r}: rename or leave out one of them")

    def _own(self, name: str) -> Tool:
        if name not in self._tools:
            self._tools[name] = _loaded(self._entries[name])
        return self._tools[name]

    async def _ask(self, name: str) -> tuple[Tool, ...] | str:
        """The server's tools, or the reason why there are none."""
        try:
            return await self._servers[name].tools()
        except ToolFailed as failed:
            return failed.reason


def _loaded(entry: EntryPoint) -> Tool:
    try:
        found = entry.load()
        made = found if isinstance(found, Tool) else tool(name=entry.name)(found)
    except Exception as error:
        raise ConfigError(
            f"the tool {entry.name!r} ({entry.value}) cannot be loaded: "
            f"{type(error).__name__}: {error}: mend or uninstall its package"
        ) from error
    return dataclasses.replace(made, name=entry.name)
