"""Takes a JSON schema's texts and values apart to be judged, and writes it anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_CHOICES = frozenset({"const", "enum", "pattern", "patternProperties"})
"""An answer must match these exactly: a placeholder there would change the meaning."""

_FORMS = frozenset({"pattern", "format", "minLength", "maxLength"})
_TOLD = frozenset({"description", "title", "$comment"})
_NAMED = frozenset({"properties", "patternProperties", "dependentSchemas", "$defs", "definitions"})
_DATA = frozenset({"const", "enum", "default", "examples", "example"})
_STRUCTURE = frozenset(
    {"type", "format", "$ref", "$schema", "$id", "$anchor", "required", "contentEncoding"}
)
"""What stands here is the schema's own, and never a value."""

_KEYWORDS = (
    _DATA
    | _CHOICES
    | _TOLD
    | {"minimum", "maximum", "exclusiveMinimum"}
    | {
        "exclusiveMaximum",
        "multipleOf",
        "items",
    }
)
"""Any other keyword may name a value itself: `x-nif`."""

_LEAST_BOUND_DIGITS = 7
"""A limit of fewer digits is a limit: the largest PIN is 9999."""
_LONGEST_TITLE_CHARS = 40


@dataclass(frozen=True, slots=True)
class Part:
    """One text of a schema. befores: what may name it, each to be read with it, as "nif: ".

    exact: an answer holds it, or the schema refers to it, just as it stands. replaceable: with a
    placeholder in its place the schema still means the same.
    """

    text: str
    befores: tuple[str, ...] = ()
    exact: bool = False
    replaceable: bool = True


def parts_of(schema: Any) -> Iterator[Part]:
    """Every key and every value, in order."""
    found: list[Part] = []

    def keep(part: Part) -> str:
        found.append(part)
        return part.text

    rewritten(schema, keep)
    yield from found


def without_forms(schema: Any, keyword: str = "") -> Any:
    """The schema without what a placeholder cannot satisfy: patterns, formats and lengths of texts.

    A model that is held to them would have to invent a value. The answer is judged by the whole
    schema once the values are back in it.
    """
    if isinstance(schema, list):
        return [without_forms(one, keyword) for one in schema]
    if not isinstance(schema, Mapping) or keyword in _DATA:
        return schema
    if keyword in _NAMED:
        return {name: without_forms(inner) for name, inner in schema.items()}
    return {key: without_forms(inner, key) for key, inner in schema.items() if key not in _FORMS}


def rewritten(schema: Any, write: Callable[[Part], str]) -> Any:
    """A copy of the schema with what `write` makes of each text. Numbers stay what they are."""
    return _rewritten(schema, write, name="", keyword="")


def _rewritten(
    value: Any, write: Callable[[Part], str], *, name: str, keyword: str, title: str = ""
) -> Any:
    """name: of the nearest property around it; keyword: the schema's word that it belongs to."""
    if isinstance(value, Mapping):
        named = keyword in _NAMED
        told = value.get("title")
        title = told if isinstance(told, str) and len(told) <= _LONGEST_TITLE_CHARS else title
        written = {}
        for key, inner in value.items():
            part = Part(str(key), exact=True, replaceable=keyword not in _CHOICES)
            below = keyword if keyword in _DATA else "" if named else str(key)
            called = str(key) if named or keyword in _DATA else name
            written[write(part)] = _rewritten(
                inner, write, name=called, keyword=below, title="" if named else title
            )
        return written
    if isinstance(value, list | tuple):
        return [_rewritten(one, write, name=name, keyword=keyword, title=title) for one in value]
    befores = _befores(name, keyword, title)
    replaceable = keyword not in _CHOICES
    if isinstance(value, str):
        return write(Part(value, befores, exact=keyword not in _TOLD, replaceable=replaceable))
    if isinstance(value, int | float) and not isinstance(value, bool):
        if keyword not in _DATA and len(str(value)) < _LEAST_BOUND_DIGITS:
            befores = ()
        write(Part(str(value), befores, exact=True, replaceable=False))
    return value


def _befores(name: str, keyword: str, title: str) -> tuple[str, ...]:
    """The names that a value may have: its property's, its title's, an unknown keyword."""
    if keyword in _STRUCTURE:
        return ()
    names = [name, title if keyword != "title" else ""]
    names += [keyword] if keyword not in _KEYWORDS else []
    return tuple(f"{one}: " for one in dict.fromkeys(names) if one)
