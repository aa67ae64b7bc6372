"""How long texts and answers are expected to be."""

from __future__ import annotations

from typing import Any

import pytest

from graphs.workflow.expressions.evaluate import Scope
from graphs.workflow.plan.answers import LIST_ITEMS, STRING_CHARS, json_chars
from graphs.workflow.plan.sizes import Expected, Knowledge, Size, size_of_text, words_of

KNOWN = Knowledge(
    Scope({"x": "four", "n": 3}, {"skipped": {"status": "skipped"}}),
    {"y": Size(0, frozenset({"inputs.y"}))},
    {"a": Expected(Size(100)), "list": Expected(Size(60), 3)},
    Size(20),
)

TEXTS = [
    ("as it is", 8, ()),
    ("[${{ inputs.x }}]", 6, ()),
    ("${{ upper(inputs.x) }}${{ inputs.n + 1 }}", 5, ()),
    ("[${{ inputs.y }}]", 2, ("inputs.y",)),
    ("${{ steps.a.output }}", 100, ()),
    ("${{ steps.a.output.some.key }}", 100, ()),
    ("${{ join(steps.list.output.*.key, ', ') }}", 62, ()),
    ("${{ len(steps.a.output) }}", 5, ()),
    ("${{ steps.a.output == 'x' }}", 5, ()),
    ("${{ steps.a.output == 'x' and 'yes' or 'perhaps' }}", 7, ()),
    ("${{ default(steps.a.output, inputs.x) }}", 100, ()),
    ("${{ slice(steps.a.output, 0, inputs.n) }}", 100, ()),
    ("${{ 'and ' + steps.a.output }}", 104, ()),
    ("${{ [steps.a.output, inputs.y] }}", 100, ("inputs.y",)),
    ("${{ steps.skipped.output }}", 0, ()),
    ("${{ item }}", 20, ()),
    ("${{ steps.a.status }}", 5, ()),
]


@pytest.mark.parametrize(("text", "chars", "more"), TEXTS, ids=[text for text, *_ in TEXTS])
def test_a_text_is_as_long_as_what_is_known_and_what_is_expected(
    text: str, chars: int, more: tuple[str, ...]
) -> None:
    assert size_of_text(text, KNOWN) == Size(chars, frozenset(more))


def test_what_is_not_known_yet_leaves_a_gap() -> None:
    assert words_of("${{ inputs.x }}: ${{ steps.a.output }}", KNOWN, "_") == "four: _"


SCHEMAS: list[tuple[dict[str, Any], int]] = [
    ({"type": "string"}, STRING_CHARS + 2),
    ({"type": "string", "maxLength": 600}, 302),
    ({"type": "string", "minLength": 100}, 102),
    ({"type": ["string", "null"]}, STRING_CHARS + 2),
    ({"type": "boolean"}, 5),
    ({"enum": ["a", "three"]}, 7),
    ({"const": "yes"}, 5),
    ({"type": "array", "items": {"type": "integer"}}, 2 + LIST_ITEMS * 6),
    ({"type": "array", "items": {"type": "integer"}, "maxItems": 2}, 2 + 2 * 6),
    ({"type": "array", "items": {"type": "integer"}, "minItems": 5}, 2 + 5 * 6),
    ({"type": "object", "properties": {"a": {"type": "null"}, "bc": {"type": "number"}}},
     2 + (5 + 5) + (6 + 5)),
    ({"anyOf": [{"type": "number"}, {"const": "longest of all"}]}, 16),
    ({"type": "object"}, STRING_CHARS),
    ({"$ref": "#/$defs/x"}, STRING_CHARS),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "chars"), SCHEMAS)
def test_an_answer_under_a_schema_is_as_long_as_what_satisfies_it(
    schema: dict[str, Any], chars: int
) -> None:
    assert json_chars(schema) == chars


def test_a_schema_that_is_deep_without_end_is_still_measured() -> None:
    endless: dict[str, Any] = {"type": "array", "maxItems": 1}
    endless["items"] = endless
    assert 0 < json_chars(endless) < 1000
