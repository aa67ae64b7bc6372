"""The scripted brain of the test provider: answers by rule, and counts words as tokens."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

CAPITALS = {"portugal": "Lisbon", "france": "Paris", "brazil": "Brasília", "japan": "Tokyo"}


def count_tokens(text: str) -> int:
    """One token a word, so that a test's numbers can be worked out by hand."""
    return len(text.split())


def pieces(text: str) -> list[str]:
    """The text as a model would stream it: words, each with the white space before it."""
    return re.findall(r"\s*\S+|\s+$", text)


def answer(prompt: str, schema: dict[str, Any] | None = None) -> str:
    """What the provider says to `prompt`; JSON satisfying `schema` where one is given."""
    if schema is not None:
        return json.dumps(_instance(schema, prompt), separators=(",", ":"), ensure_ascii=False)
    for pattern, reply in _RULES:
        if match := re.search(pattern, prompt, re.IGNORECASE | re.DOTALL):
            return reply(match)
    return "I read your request and this is my considered answer to: " + " ".join(
        prompt.split()[:12]
    )


def _arithmetic(match: re.Match[str]) -> str:
    left, operator, right = int(match[1]), match[2], int(match[3])
    results = {"+": left + right, "-": left - right, "*": left * right, "x": left * right}
    return f"The result is {results[operator]}."


def _count(match: re.Match[str]) -> str:
    return " ".join(str(number) for number in range(1, int(match[1]) + 1))


def _function(match: re.Match[str]) -> str:
    name = match[1] or "solve"
    return f"```python\ndef {name}(a, b):\n    return a + b\n```"


_RULES: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (r"reply exactly:\s*(.+)$", lambda match: match[1]),
    (r"(-?\d+)\s*([-+*x])\s*(-?\d+)", _arithmetic),
    (r"count to (\d+)", _count),
    (r"capital of (\w+)", lambda match: CAPITALS.get(match[1].lower(), "I do not know.")),
    (r"function(?: called| named)? ?(\w+)?", _function),
)


def _instance(schema: dict[str, Any], prompt: str) -> Any:
    """A value that satisfies the plain part of JSON Schema: types, enum, properties, items."""
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        mentioned = [value for value in schema["enum"] if str(value).lower() in prompt.lower()]
        return (mentioned or schema["enum"])[0]
    kind = schema.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {
            name: _instance(part, prompt) for name, part in schema.get("properties", {}).items()
        }
    if kind == "array":
        return [_instance(schema.get("items", {"type": "string"}), prompt)]
    number = re.search(r"-?\d+(?:\.\d+)?", prompt)
    if kind == "integer":
        return int(float(number[0])) if number else 0
    if kind == "number":
        return float(number[0]) if number else 0.0
    if kind == "boolean":
        return True
    if kind == "null":
        return None
    name = re.search(r"\b[A-Z][a-z]+(?: [A-Z][a-z]+)*", prompt)
    return name[0] if name else "text"
