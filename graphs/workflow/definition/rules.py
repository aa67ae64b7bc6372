"""Which keys of a step and of an input go together."""

from __future__ import annotations

from typing import Any

from pydantic_core import PydanticCustomError

ACTIONS = ("prompt", "tool", "workflow", "approve", "wait")
_ALWAYS = {"id", "description", "needs", "if"}
_REPEATED = {"for_each", "max_parallel", "retry", "timeout_s", "continue_on_error", "privacy"}
KEYS_OF: dict[str, set[str]] = {
    "prompt": {
        *_ALWAYS, *_REPEATED,
        "prompt", "agent", "system", "output", "placement", "budget", "verify", "escalate",
    },
    "tool": {*_ALWAYS, *_REPEATED, "tool", "arguments", "output"},
    "workflow": {*_ALWAYS, *_REPEATED, "workflow", "inputs", "budget"},
    "approve": {*_ALWAYS, "approve", "timeout_s", "continue_on_error", "privacy"},
    "wait": {*_ALWAYS, "wait"},
}  # fmt: skip


def one_action_schema(schema: dict[str, Any]) -> None:
    """The same rules for editors."""
    every = set(schema["properties"])
    schema["oneOf"] = [
        {
            "title": f"a step with `{action}`",
            "required": [action],
            "properties": dict.fromkeys(sorted(every - KEYS_OF[action]), False),
        }
        for action in ACTIONS
    ]


def refuse_empty(given: Any) -> None:
    """Refuses a key without a value: a forgotten `if` must not count as none."""
    for key, value in given.items() if isinstance(given, dict) else ():
        if value is None and key != "default":
            raise at(str(key), f"`{key}` is empty: write its value, or take the line away")


def fits(value: Any, type_name: str) -> bool:
    """Whether a JSON value is of a type as JSON Schema names it."""
    match type_name:
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "array":
            return isinstance(value, list | tuple)
        case "object":
            return isinstance(value, dict)
        case "null":
            return value is None
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case _:
            return isinstance(value, int | float) and not isinstance(value, bool)


def at(key: str, what: str) -> PydanticCustomError:
    """A mistake at a key, as pydantic takes it; an empty key is the whole part."""
    return PydanticCustomError("rule", "{what}", {"what": what, "inside": (key,) if key else ()})
