"""Estimates the length of an answer under a JSON Schema."""

from __future__ import annotations

from typing import Any

STRING_CHARS = 60
"""Assumed length of a text that the schema does not bound: a name or a sentence."""

LIST_ITEMS = 3
"""Assumed length of a list that the schema does not bound."""

_SHORT_CHARS = 5
_MAX_DEPTH = 12


def json_chars(schema: Any, depth: int = 0) -> int:
    """Estimated characters of compact JSON that satisfies a schema.

    A bounded text counts half of its bound; of several choices the longest counts; what is not
    understood counts as a text.
    """
    if not isinstance(schema, dict) or depth > _MAX_DEPTH:
        return STRING_CHARS
    for key in ("anyOf", "oneOf"):
        if isinstance(arms := schema.get(key), list) and arms:
            return max(json_chars(arm, depth + 1) for arm in arms)
    values = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if isinstance(values, list) and values:
        return max(len(str(value)) for value in values) + 2
    named = schema.get("type")
    match named[0] if isinstance(named, list) and named else named:
        case "array":
            items = _bounded(LIST_ITEMS, schema, "minItems", "maxItems")
            return 2 + items * (json_chars(schema.get("items"), depth + 1) + 1)
        case "number" | "integer" | "boolean" | "null":
            return _SHORT_CHARS
        case "string":
            most = schema.get("maxLength")
            chars = most // 2 if isinstance(most, int) else STRING_CHARS
            return _bounded(chars, schema, "minLength", "maxLength") + 2
        case _:
            pass
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return STRING_CHARS
    return 2 + sum(len(key) + 4 + json_chars(one, depth + 1) for key, one in properties.items())


def _bounded(expected: int, schema: dict[str, Any], least: str, most: str) -> int:
    low, high = schema.get(least), schema.get(most)
    if isinstance(high, int):
        expected = min(expected, high)
    return max(expected, low) if isinstance(low, int) else expected
