"""Checks and converts the inputs that a workflow is started with, and adds the defaults."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from graphs.workflow.definition.model import Input, WorkflowDefinition
from graphs.workflow.definition.rules import fits
from graphs.workflow.expressions.values import Json, Refused, WorkLimit, from_json, survey
from graphs.workflow.wording import listed, nearest
from router.errors import ConfigError
from router.wording import shown

_MOST_CHARS = 50_000_000


def bind_inputs(
    workflow: WorkflowDefinition, given: Mapping[str, Any], *, from_text: bool = False
) -> dict[str, Json]:
    """Every input by its name, as expressions read it; one that is not given has its default.

    from_text: the values are texts from a command line, converted to the inputs' types. Raises
    ConfigError with every mistake, one a line.
    """
    mistakes = [
        f"{workflow.name} has no input `{shown(name)}`{nearest(name, workflow.inputs)}: it has "
        f"{listed(workflow.inputs)}"
        for name in given
        if name not in workflow.inputs
    ]
    found: dict[str, Json] = {}
    for name, wanted in workflow.inputs.items():
        if name not in given:
            if wanted.must_be_given:
                about = f" ({wanted.description})" if wanted.description else ""
                mistakes.append(f"the input `{name}`{about} is missing; its type is {wanted.type}")
            found[name] = wanted.default
            continue
        try:
            found[name] = _read(given[name], wanted, from_text)
        except Refused as refused:
            mistakes.append(f"the input `{name}`: {refused}")
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return found


def _read(value: Any, wanted: Input, from_text: bool) -> Json:
    if from_text and isinstance(value, str) and wanted.type != "string":
        try:
            value = from_json(value, WorkLimit(_MOST_CHARS))
        except Refused:
            raise Refused(f"{wanted.type} is wanted, found {shown(value, 60)!r}") from None
    if isinstance(value, tuple):
        value = list(value)
    if not fits(value, wanted.type):
        raise Refused(f"{wanted.type} is wanted, found {type(value).__name__}")
    if not isinstance(value, str):
        survey(value, WorkLimit(_MOST_CHARS), most=_MOST_CHARS)
    if wanted.enum is not None and value not in wanted.enum:
        known = ", ".join(json.dumps(one, ensure_ascii=False) for one in wanted.enum)
        raise Refused(f"{shown(str(value), 60)!r} is none of {known}")
    return value  # type: ignore[no-any-return]
