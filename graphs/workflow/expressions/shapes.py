"""The shape of a value that is not known yet: its types, its keys, its items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphs.workflow.expressions.values import Json

EVERY = frozenset({"null", "boolean", "number", "string", "array", "object"})
_MAX_DEPTH = 12
_MOST_PARTS = 2_000
_MOST_VALUES = 200


@dataclass(frozen=True, slots=True)
class Shape:
    """keys: of an object, None where unknown; closed: it has no other keys.

    item: the shape of a list's items. values: all possible values, None where unknown.
    """

    types: frozenset[str] = EVERY
    keys: Mapping[str, Shape] | None = None
    closed: bool = False
    item: Shape | None = None
    values: tuple[Json, ...] | None = field(default=None)

    def __str__(self) -> str:
        return " or ".join(sorted(self.types))

    def may_be(self, *types: str) -> bool:
        return not self.types.isdisjoint(types)


UNKNOWN = Shape()


def one(type_name: str) -> Shape:
    """The shape of a type as JSON Schema names it."""
    return Shape(frozenset({"number" if type_name == "integer" else type_name}))


STRING, NUMBER, BOOLEAN = one("string"), one("number"), one("boolean")


def list_of(item: Shape) -> Shape:
    return Shape(frozenset({"array"}), item=item)


def object_of(keys: Mapping[str, Shape]) -> Shape:
    return Shape(frozenset({"object"}), keys=keys, closed=True)


def either(left: Shape, right: Shape) -> Shape:
    """The shape of a value that has one shape or the other."""
    types = left.types | right.types
    if left.types == {"null"} or right.types == {"null"}:
        known = right if left.types == {"null"} else left
        return Shape(types, known.keys, known.closed, known.item)
    values = None
    if left.values is not None and right.values is not None:
        values = _few((*left.values, *right.values))
    item = either(left.item, right.item) if left.item and right.item else None
    keys, closed = None, False
    if left.keys is not None and right.keys is not None:
        names = dict.fromkeys((*left.keys, *right.keys))
        keys = {name: _joined(left.keys.get(name), right.keys.get(name)) for name in names}
        closed = left.closed and right.closed
    return Shape(types, keys, closed, item, values)


def any_of(shapes: Sequence[Shape]) -> Shape:
    """The shape of a value that has one of several; unknown if there are none or too many."""
    if not shapes or len(shapes) > _MOST_VALUES:
        return UNKNOWN
    found = shapes[0]
    for other in shapes[1:]:
        found = either(found, other)
    return found


def _few(values: tuple[Json, ...]) -> tuple[Json, ...] | None:
    """The values; None (unknown) if they are too many to compare with each other."""
    return values if len(values) <= _MOST_VALUES else None


def _joined(left: Shape | None, right: Shape | None) -> Shape:
    return either(left, right) if left and right else left or right or UNKNOWN


def of_value(value: Json) -> Shape:
    """The shape of a value in the file. A text with expressions may become anything."""
    if isinstance(value, str):
        return UNKNOWN if "${{" in value else Shape(STRING.types, values=(value,))
    if isinstance(value, list | tuple):
        return list_of(any_of([of_value(each) for each in value]))
    if isinstance(value, dict):
        return object_of({key: of_value(each) for key, each in value.items()})
    if value is None:
        return Shape(frozenset({"null"}), values=(None,))
    return Shape((BOOLEAN if isinstance(value, bool) else NUMBER).types, values=(value,))


def of_schema(schema: Any) -> Shape:
    """The shape of what satisfies a JSON Schema; parts that are not understood are unknown."""
    return _Schema(schema).shape(schema, 0)


class _Schema:
    def __init__(self, root: Any) -> None:
        self._root = root
        self._left = _MOST_PARTS

    def shape(self, schema: Any, depth: int) -> Shape:
        self._left -= 1
        if not isinstance(schema, dict) or depth > _MAX_DEPTH or self._left < 0:
            return UNKNOWN
        if isinstance(reference := schema.get("$ref"), str):
            return self.shape(_referred(self._root, reference), depth + 1)
        for key in ("anyOf", "oneOf"):
            if isinstance(arms := schema.get(key), list) and arms and "properties" not in schema:
                return any_of([self.shape(arm, depth + 1) for arm in arms])
        values = schema.get("enum", [schema["const"]] if "const" in schema else None)
        if isinstance(values, list) and values:
            types = frozenset[str]().union(*(of_value(value).types for value in values))
            return Shape(types, values=_few(tuple(values)))
        return self._typed(schema, depth)

    def _typed(self, schema: dict[str, Any], depth: int) -> Shape:
        given = schema.get("type")
        named = [given] if isinstance(given, str) else given if isinstance(given, list) else []
        types = frozenset("number" if name == "integer" else str(name) for name in named) & EVERY
        properties = schema.get("properties")
        keys: dict[str, Shape] | None = None
        if isinstance(properties, dict):
            types = types or frozenset({"object"})
            keys = {str(key): self.shape(sub, depth + 1) for key, sub in properties.items()}
        # A model under a schema writes the keys that the schema names: any other key in an
        # expression is a typing error, unless the schema mentions further keys.
        closed = keys is not None and not any(
            schema.get(word) for word in ("additionalProperties", "patternProperties", "allOf")
        )
        item = self.shape(schema["items"], depth + 1) if "items" in schema else None
        return Shape(types or EVERY, keys, closed, item)


def _referred(root: Any, reference: str) -> Any:
    if reference != "#" and not reference.startswith("#/"):
        return None
    found = root
    for part in reference.split("/")[1:]:
        found = found.get(part) if isinstance(found, dict) else None
    return found
