"""What the configuration says of an MCP server."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from agents.tools.tool import PUBLIC
from router.types.base import Frozen


class McpServer(Frozen):
    """One server: a program that is started (`command`), or one that is reached (`url`).

    tools: the names that may be offered; None offers all. harmless: those of them that change
    nothing; every other one asks for approval, unless the server's own word is trusted
    (trust_annotations) and it says that a tool only reads; `changes` outweighs both.
    stays_here: what a tool is given does not leave the machine. label: of what tools return.
    """

    command: tuple[str, ...] = ()
    env: dict[str, str] = Field(default_factory=dict)
    cwd: Path | None = None
    url: str | None = Field(default=None, pattern=r"^https?://")
    headers: dict[str, str] = Field(default_factory=dict)
    tools: tuple[str, ...] | None = None
    changes: tuple[str, ...] = ()
    harmless: tuple[str, ...] = ()
    trust_annotations: bool = False
    stays_here: bool = False
    label: str = PUBLIC
    connect_timeout_s: float = Field(default=30.0, gt=0, le=600)
    timeout_s: float = Field(default=30.0, gt=0, le=3600)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.command) == (self.url is not None):
            raise ValueError("an MCP server has either a `command` or a `url`")
        return self

    def connection(self) -> dict[str, Any]:
        """As langchain-mcp-adapters wants it."""
        if self.url is not None:
            return {"transport": "streamable_http", "url": self.url, "headers": self.headers}
        return {
            "transport": "stdio",
            "command": self.command[0],
            "args": list(self.command[1:]),
            "env": self.env,
            "cwd": self.cwd,
        }

    def may_change(self, name: str, annotations: Mapping[str, Any]) -> bool:
        if name in self.changes:
            return True
        says_so = self.trust_annotations and annotations.get("readOnlyHint") is True
        return name not in self.harmless and not says_so
