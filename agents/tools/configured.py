"""The tools of one configuration: what there is, who may use which, and who approves of changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from agents.tools.builtin import builtin_tools
from agents.tools.folders import Folder
from agents.tools.permission import Permission
from agents.tools.registry import Registry
from agents.tools.servers import McpServer
from agents.tools.tool import Tool
from agents.tools.toolbox import Approve
from router.errors import ConfigError
from router.machine import is_loopback
from router.settings.settings import Settings
from router.settings.urls import shown_url

WORKFLOW = "workflow"
"""The role of a workflow's own steps."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What a Router offers to its roles."""

    registry: Registry
    permissions: Mapping[str, Permission]
    approve: Approve | None = None


def configured_tools(
    settings: Settings,
    own: Iterable[Tool | Callable[..., Any]] = (),
    approve: Approve | None = None,
) -> Tools:
    """The built-in ones, the configured servers', those of installed packages, and `own`.

    Raises ConfigError for a folder, server or permission that cannot be.
    """
    tools = settings.tools
    folders = [Folder(one.path, one.label.value, one.name) for one in tools.folders]
    servers = {name: _server(name, written) for name, written in tools.servers.items()}
    if settings.offline:
        _require_this_machine(servers)
    shipped = builtin_tools(folders)
    registry = Registry([*shipped, *own], servers=servers)
    permissions: dict[str, Permission] = {
        # Who wrote the workflow named the tool; these change nothing and send nothing away.
        WORKFLOW: Permission(tuple(one.name for one in shipped)),
        **{
            role: Permission(one.tools, one.limits, one.max_calls)
            for role, one in tools.roles.items()
        },
    }
    for role, permission in permissions.items():
        registry.check(role, permission)
    return Tools(registry, permissions, approve)


def _server(name: str, written: Mapping[str, Any]) -> McpServer:
    try:
        return McpServer.model_validate(written)
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(("tools.servers", name, *map(str, first["loc"])))
        known = ", ".join(McpServer.model_fields)
        what = first["msg"].removeprefix("Value error, ")
        raise ConfigError(f"{at}: {what}; known keys: {known}") from None


def _require_this_machine(servers: Mapping[str, McpServer]) -> None:
    for name, server in servers.items():
        if server.url is not None and not is_loopback(server.url):
            raise ConfigError(
                f"`offline` is set and tools.servers.{name}.url is "
                f"{shown_url(server.url) or 'a URL that cannot be shown'}, another machine: "
                "leave the server out, or name one on this machine"
            )
