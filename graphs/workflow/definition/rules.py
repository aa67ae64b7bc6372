"""Which keys of a step and of an input go together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    from graphs.workflow.definition.model import Input, Step

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


def check_step(step: Step) -> None:
    """Raises what pydantic takes: one mistake, at the key where it is."""
    given = {type(step).model_fields[name].alias or name for name in step.model_fields_set}
    actions = [one for one in ACTIONS if getattr(step, one) is not None]
    if len(actions) != 1:
        found = " and ".join(f"`{one}`" for one in actions) or "none"
        choices = ", ".join(f"`{one}`" for one in ACTIONS)
        raise _at("", f"a step has exactly one of {choices} (found {found})")
    action = actions[0]
    for key in sorted(given - KEYS_OF[action]):
        raise _at(key, f"`{key}` means nothing in a step with `{action}`: take it away")
    if "max_parallel" in given and step.for_each is None:
        raise _at("max_parallel", "`max_parallel` is for steps with `for_each`")
    if step.agent == "cloud" and step.placement == "local":
        raise _at("placement", "agent `cloud` does not answer on this machine")
    if step.escalate and step.always_in_cloud:
        raise _at("escalate", "the step is in the cloud already: there is nothing to escalate to")
    if step.escalate and step.placement == "local":
        raise _at("escalate", "placement `local` does not escalate: take one of them away")
    if step.verify and step.verify.model_fields_set == set():
        raise _at("verify", "give at least one of `tests`, `test_code`, `command`, `schema`")


def refuse_empty(given: Any) -> None:
    """A key with nothing behind it: an `if` that was forgotten is not the same as none."""
    for key, value in given.items() if isinstance(given, dict) else ():
        if value is None and key != "default":
            raise _at(str(key), f"`{key}` is empty: write its value, or take the line away")


def check_input(one: Input) -> None:
    if one.required and "default" in one.model_fields_set:
        raise _at("default", "an input that is required needs no default: take one of them away")
    if one.default is not None and not fits(one.default, one.type):
        raise _at("default", f"the default is no {one.type}, found {one.default!r}")
    for value in one.enum or ():
        if not fits(value, one.type):
            raise _at("enum", f"all values are of type {one.type}, found {value!r}")
    if one.enum and one.default is not None and one.default not in one.enum:
        raise _at("default", f"the default {one.default!r} is not in `enum`")


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


def _at(key: str, what: str) -> PydanticCustomError:
    return PydanticCustomError("rule", "{what}", {"what": what, "inside": (key,) if key else ()})
