"""The arguments of a tool under a role's limits: the schema that a model sees, and validation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from agents.tools.permission import MISSING, Limit, Permission
from agents.tools.schemas import Schema, arguments_schema, decodable, fault_in, self_contained
from agents.tools.tool import Tool, ToolRefused


def narrowed(tool: Tool, limits: Mapping[str, Limit]) -> Schema:
    """The tool's schema with the role's limits added."""
    properties = dict(tool.schema["properties"])
    required = list(tool.schema["required"])
    for name, limit in limits.items():
        default = limit.default(properties[name].get("default", MISSING))
        properties[name] = limit.narrowed(properties[name])
        if default is not MISSING:
            properties[name]["default"] = default
        elif name not in required:
            required.append(name)
    return {**tool.schema, "properties": properties, "required": required}


def reply_schema(
    tools: Iterable[Tool], permission: Permission, answer: Mapping[str, Any] | None
) -> Schema:
    """One schema for a model's whole reply: a call of one of the tools, or an answer.

    No reply satisfies two cases. `anyOf` all the same: decoders refuse a `oneOf` of which they do
    not see that.
    """
    calls = [
        {
            "tool": {"const": tool.name},
            "arguments": decodable(narrowed(tool, permission.limits_of(tool.name))),
        }
        for tool in tools
    ]
    wanted = {"type": "string"} if answer is None else self_contained(answer)
    replies = [*calls, {"answer": wanted}]
    return {"anyOf": [arguments_schema(reply, list(reply)) for reply in replies]}


def judged(
    tool: Tool, limits: Mapping[str, Limit], role: str, arguments: dict[str, Any]
) -> dict[str, Any]:
    """The validated arguments, with the defaults of limited ones filled in. Raises ToolRefused."""
    if (fault := fault_in(arguments, tool.schema)) is not None:
        raise ToolRefused(fault, mendable=True)
    for name, limit in limits.items():
        if name in arguments:
            if (fault := limit.fault(arguments[name])) is not None:
                raise ToolRefused(f"the argument {name!r} {fault} for the role {role!r}")
            continue
        default = limit.default(tool.schema["properties"][name].get("default", MISSING))
        if default is MISSING:
            wanted = f"the argument {name!r} must be given for the role {role!r}"
            raise ToolRefused(wanted, mendable=True)
        arguments[name] = default
    return arguments
