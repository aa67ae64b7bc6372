"""What can be configured about tools: what they may read, who may call which, and how often."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from router.types.base import Frozen
from router.types.task import Privacy


class ToolFolder(Frozen):
    """A folder that tools may read, with all that is in it."""

    path: Path = Field(description="the folder")
    label: Privacy = Field(
        default=Privacy.LOCAL_ONLY, description="of what is read from it: public, internal, ..."
    )
    name: str = Field(default="", description="what a model calls it; empty: its last part")

    @field_validator("path")
    @classmethod
    def _expand(cls, path: Path) -> Path:
        return path.expanduser()


class RoleTools(Frozen):
    """What one role may call."""

    tools: tuple[str, ...] = Field(
        default=(), description="names, as read_file, calculate, or git.* of an MCP server"
    )
    limits: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description="of arguments, by tool: {read_file: {max_bytes: 20000}}",
    )
    max_calls: int = Field(default=10, ge=1, description="calls of one task")


class ToolsSettings(Frozen):
    """Tools with permission: enforced where they run, whatever a model writes."""

    folders: tuple[ToolFolder, ...] = Field(
        default=(), description="folders to read: [{path: ~/docs, label: local_only}]"
    )
    roles: dict[Literal["general", "coder", "cloud", "workflow"], RoleTools] = Field(
        default_factory=dict,
        description="who may call what: {general: {tools: [read_file, calculate]}}; the steps of "
        "workflows, without a `workflow` here: the built-in tools",
    )
    servers: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        repr=False,
        description="MCP servers by name: {git: {command: [uvx, mcp-server-git], harmless: "
        "[git_log], stays_here: true}}",
    )
