"""The types of text in a workflow's file, each with its validation."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, WithJsonSchema
from pydantic_core import PydanticCustomError

from graphs.workflow.expressions.errors import ExpressionError
from graphs.workflow.expressions.expressions import condition, template
from graphs.workflow.expressions.values import MAX_TEXT

MAX_LEVELS = 20
NAME = r"^[A-Za-z_][A-Za-z0-9_]{0,63}$"


def _checked(read: Callable[[str], object]) -> Callable[[str], str]:
    def check(text: str) -> str:
        try:
            read(text)
        except ExpressionError as error:
            raise wrong_expression(error) from None
        return text

    return check


def wrong_expression(error: ExpressionError, inside: tuple[str | int, ...] = ()) -> Exception:
    """As an error for pydantic. inside: the keys below the field that lead to the text."""
    facts = {"begins": error.begins, "offset": error.offset, "inside": inside}
    return PydanticCustomError("expression", "{what}", {"what": str(error), **facts})


def _name(name: Any) -> Any:
    if not isinstance(name, str) or re.match(NAME, name):
        return name
    instead = re.sub(r"\W", "_", name, flags=re.ASCII)[:64]
    cure = f": write `{instead}`" if re.match(NAME, instead) else ""
    raise ValueError(f"a name is letters, digits and _, and no digit first{cure}")


def _path(path: str) -> str:
    if "${{" in path:
        raise ValueError("the name of a file is fixed: no expression can stand in it")
    if "\0" in path or "\n" in path:
        raise ValueError("this is no name of a file")
    return path


def _data(value: Any) -> Any:
    _check_data(value, ())
    return value


def _check_data(value: Any, inside: tuple[str | int, ...]) -> None:
    if len(inside) > MAX_LEVELS:
        raise ValueError(f"more than {MAX_LEVELS} levels deep")
    if isinstance(value, str):
        try:
            template(value)
        except ExpressionError as error:
            raise wrong_expression(error, inside) from None
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("this is no number that JSON knows")
    elif isinstance(value, dict):
        for key, one in value.items():
            _check_data(one, (*inside, key))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            _check_data(one, (*inside, index))


def _expression(value: Any) -> Any:
    """YAML reads `if: true` as a boolean: turned into the expression `true`."""
    return str(value).lower() if isinstance(value, bool) else value


def _listing(value: Any) -> Any:
    if isinstance(value, str):
        return _checked(condition)(value)
    if isinstance(value, list | tuple):
        return _data(list(value))
    raise ValueError("give a list, or an expression that is one")


Name = Annotated[
    str,
    BeforeValidator(_name),
    Field(pattern=NAME, max_length=64),
    WithJsonSchema({"type": "string", "pattern": NAME}),
]
"""The name of a step, an input or an output."""

FilePath = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_path)]
"""A path from the workflow's own folder."""

Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT), AfterValidator(_checked(template))]
"""A text with expressions in `${{ }}`."""

Condition = Annotated[
    str,
    BeforeValidator(_expression),
    AfterValidator(_checked(condition)),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "boolean"}]}),
]
"""One expression, bare or in `${{ }}`."""

Listing = Annotated[
    Any,
    BeforeValidator(_listing),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array"}]}),
]
"""A list, or one expression that gives one."""

Data = Annotated[JsonValue, AfterValidator(_data), WithJsonSchema({})]
"""Any JSON value; every text in it may hold expressions."""
