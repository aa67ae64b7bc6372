"""Plain JSON values: their types, comparison, text and size limits; attributes of a value are never
accessed, so that no expression reaches Python objects."""

from __future__ import annotations

import json
import math
from typing import Any

Json = dict[str, Any] | list[Any] | str | int | float | bool | None

MAX_WHOLE = 2**63
MAX_TEXT = 1_000_000
MAX_ITEMS = 100_000
MAX_WORK = 2_000_000
MAX_LEVELS = 64

_TYPES: dict[type, str] = {
    dict: "object", list: "array", str: "string", bool: "boolean",
    int: "number", float: "number", type(None): "null",
}  # fmt: skip


class Refused(Exception):
    """A value or an operation is not allowed; becomes an ExpressionError with a place."""


class WorkLimit:
    """The work that an evaluation may still do; about one unit for each value that it touches."""

    __slots__ = ("_left",)

    def __init__(self, most: int = MAX_WORK) -> None:
        self._left = most

    def spend(self, units: int = 1) -> None:
        self._left -= units
        if self._left < 0:
            raise Refused("it does too much: split the work over several steps")


def type_of(value: object) -> str:
    """The JSON name of its type. Subclasses, tuples and other objects are refused."""
    try:
        return _TYPES[type(value)]
    except KeyError:
        raise Refused(f"{type(value).__name__} is no plain data") from None


def is_true(value: Json) -> bool:
    """False for null, false, 0 and empty values."""
    return bool(value)


def made(value: Json, work: WorkLimit) -> Json:
    """The value, unless it is larger than an expression may produce: then Refused."""
    kind = type(value)
    if kind is str:
        length = len(value)  # type: ignore[arg-type]
        work.spend(1 + length // 64)
        if length > MAX_TEXT:
            raise Refused(f"it makes a text of {length:,} characters, the limit is {MAX_TEXT:,}")
    elif kind is list:
        length = len(value)  # type: ignore[arg-type]
        work.spend(1 + length)
        if length > MAX_ITEMS:
            raise Refused(f"it makes a list of {length:,} items, the limit is {MAX_ITEMS:,}")
    elif (kind is int and abs(value) >= MAX_WHOLE) or (kind is float and not math.isfinite(value)):  # type: ignore[arg-type]
        raise Refused("it makes a number that is too large")
    return value


def survey(value: Json, work: WorkLimit, most: int = MAX_TEXT) -> int:
    """The approximate length of its JSON; Refused for other than plain data, or for too much."""
    total, waiting = 0, [(value, 0)]
    while waiting:
        one, level = waiting.pop()
        kind = type_of(one)
        work.spend()
        if level > MAX_LEVELS:
            raise Refused(f"the data is more than {MAX_LEVELS} levels deep")
        if isinstance(one, dict):
            for key in one:
                if type(key) is not str:
                    raise Refused("an object has a key that is no text")
                total += len(key) + 4
            waiting += [(inner, level + 1) for inner in one.values()]
        elif isinstance(one, list):
            waiting += [(inner, level + 1) for inner in one]
        else:
            total += len(one) + 2 if isinstance(one, str) else 8
            if not isinstance(one, str):
                made(one, work)
        total += 2 if kind in ("object", "array") else 1
        if total > most:
            raise Refused(f"as text it has more than {most:,} characters")
    return total


def to_json(value: Json, work: WorkLimit, indent: int | None = None) -> str:
    survey(value, work)
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)


def from_json(text: str, work: WorkLimit) -> Json:
    """Refused for invalid JSON, or where it is too deep or has numbers that are too large."""
    work.spend(1 + len(text) // 16)
    level = 0
    for char in text:
        level += (char in "[{") - (char in "]}")
        if level > MAX_LEVELS * 2:  # An upper bound of the depth: brackets in strings count too.
            raise Refused(f"the JSON is more than {MAX_LEVELS} levels deep")
    try:
        value: Json = json.loads(text, parse_constant=_no_number, parse_int=_whole)
        survey(value, work)
    except ValueError as error:
        raise Refused(f"it is no JSON: {error}") from None
    return value


def to_text(value: Json, work: WorkLimit) -> str:
    """The value as text: null is empty, lists and objects are JSON."""
    kind = type_of(value)
    if isinstance(value, str):
        return value
    if kind == "null":
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return to_json(value, work)


def equal(left: Json, right: Json, work: WorkLimit) -> bool:
    """As JSON compares: 1 equals 1.0, and true equals no number."""
    waiting = [(left, right)]
    while waiting:
        one, other = waiting.pop()
        work.spend()
        if type_of(one) != type_of(other):
            return False
        if isinstance(one, dict) and isinstance(other, dict):
            if one.keys() != other.keys():
                return False
            work.spend(len(one))
            waiting += [(one[key], other[key]) for key in one]
        elif isinstance(one, list) and isinstance(other, list):
            if len(one) != len(other):
                return False
            work.spend(len(one))
            waiting += list(zip(one, other, strict=True))
        elif one != other:
            return False
    return True


def _whole(text: str) -> int:
    if len(text) > 20 or abs(int(text)) >= MAX_WHOLE:
        raise Refused("it holds a number that is too large")
    return int(text)


def _no_number(text: str) -> None:
    raise Refused(f"it is no JSON: {text} is no number there")
