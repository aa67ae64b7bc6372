"""The schema compiler: a real model's answers obey it, and what it cannot enforce it refuses."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_gguf import write_tiny_gguf

from agents.engines.grammar import MAX_STRING_CHARS, SchemaRefused, compact_grammar
from agents.engines.lane_engine import LaneEngine
from agents.engines.llamacpp import llamacpp_engine
from router.engine import Constraint, GenerateRequest, generate
from router.errors import EngineRejected
from router.types.completion import Completion
from router.types.task import Message

SHORT = {"type": "string", "maxLength": 8}

SCHEMAS: dict[str, dict[str, Any]] = {
    "nested": {
        "type": "object",
        "properties": {
            "who": {"type": "object", "properties": {"name": SHORT}, "required": ["name"]},
            "tags": {"type": "array", "items": SHORT, "maxItems": 2},
            "note": SHORT,
        },
        "required": ["who", "note"],
        "additionalProperties": False,
    },
    "array": {"type": "array", "items": SHORT, "minItems": 1, "maxItems": 4},
    "pair": {"type": "array", "prefixItems": [SHORT, {"type": "boolean"}], "items": False},
    "enum": {"enum": ["red", "green", 3, None, {"a": [1, 2]}]},
    "const": {"const": {"x": 1, "y": 'é "quoted"\n'}},
    "integer": {"type": "integer", "minimum": 3, "maximum": 120},
    "free integer": {"type": "integer"},
    "boolean or null": {"type": ["boolean", "null"]},
    "date": {"type": "string", "format": "date"},
    "optional": {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": SHORT, "c": {"type": "boolean"}},
        "required": ["c"],
        "additionalProperties": False,
    },
    "either": {"anyOf": [{"type": "boolean"}, {"type": "array", "items": SHORT, "maxItems": 2}]},
    "referenced": {
        "$defs": {"place": {"type": "object", "properties": {"city": SHORT}, "required": ["city"]}},
        "type": "object",
        "properties": {"from": {"$ref": "#/$defs/place"}, "to": {"$ref": "#/$defs/place"}},
        "required": ["from", "to"],
        "additionalProperties": False,
    },
    "recursive": {
        "$defs": {
            "tree": {
                "type": "object",
                "properties": {
                    "leaf": {"type": "boolean"},
                    "under": {"type": "array", "items": {"$ref": "#/$defs/tree"}, "maxItems": 2},
                },
                "required": ["leaf"],
                "additionalProperties": False,
            }
        },
        "$ref": "#/$defs/tree",
    },
    "one of": {
        "oneOf": [
            {"type": "null"},
            {
                "type": "object",
                "properties": {"kind": {"const": "a"}, "n": {"type": "integer"}},
                "required": ["kind", "n"],
            },
            {"type": "object", "properties": {"kind": {"const": "b"}}, "required": ["kind"]},
        ]
    },
    "one of some values": {"oneOf": [{"const": 1}, {"enum": ["a", 2]}]},
    "below zero": {"type": "integer", "minimum": -250, "exclusiveMaximum": -7},
    "share": {"type": "number", "minimum": 0, "maximum": 1},
    "positive": {"type": "number", "exclusiveMinimum": 0},
    "around zero": {"type": "number", "minimum": -2, "maximum": 3},
    "all optional": {
        "type": "object",
        "properties": {name: {"type": "boolean"} for name in "abcd"},
        "minProperties": 0,
    },
    "never": {"type": "object", "properties": {"a": {"type": "null"}, "b": False}},
    "empty": {"type": "array", "items": False},
    "map": {"type": "object", "additionalProperties": {"type": "boolean"}},
    "anything": {},
    "not named": {"type": "object", "required": ["zz"], "additionalProperties": {"enum": [1]}},
    "narrowed": {"type": "string", "enum": ["a", 1, "b"]},
    "instant": {"type": "string", "format": "date-time"},
    "uuid": {"type": "string", "format": "uuid"},
    "list with a head": {
        "type": "array",
        "prefixItems": [{"const": 1}],
        "items": {"const": 2},
        "minItems": 3,
        "maxItems": 5,
    },
    "annotated": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "T",
        "type": "object",
        "properties": {"title": {**SHORT, "description": "x-rated", "format": "no such format"}},
        "required": ["title"],
        "additionalProperties": False,
        "x-note": 1,
    },
    "annotated by OpenAPI": {
        "type": "object",
        "properties": {
            "kind": {"type": "string", "enum": ["a", "b"], "example": "a", "deprecated": True},
            "name": {**SHORT, "nullable": True, "externalDocs": {"url": "x"}, "xml": {"name": "n"}},
        },
        "discriminator": {"propertyName": "kind", "mapping": {"a": "#/x"}},
        "required": ["kind"],
        "additionalProperties": False,
        "unheardOf": {"not": "a schema"},
    },
}

PATTERNS = [
    r"^[A-Z]{2}\d{3}$",
    r"^\d{4}-\d{4}-\d{4}-\d{4}$",
    r"^\+?[1-9]\d{7,14}$",
    r"^[a-z0-9]+(-[a-z0-9]+)*$",
    r"^(red|green|blue)$",
    r"^red$|^[0-9]{3}$",
    r"^#[0-9a-fA-F]{6}$",
    r"^[^@\s]{1,8}@[^@\s]{1,8}\.[a-z]{2,3}$",
    r"^\w{2,5}\s\w{2,5}$",
    r"^[^\w]{3}$",
    r"^\D\S\W$",
    r"^[\"\\\\]{4}$",
    r"^.{3}$",
    r"^a.*z$",
    r"needle",
    r"^begin",
    r"end$",
    r"^(?:ab?c*){2,3}$",
    r"^\u00e9[\u4e00-\u4e2f]{2}$",
    r"^\.\(\)\[\]$",
    r"^x*?y+?$",
    r"",
]
LENGTHS: list[dict[str, int]] = [{}, {"maxLength": 24}, {"minLength": 6, "maxLength": 20}]

WITHOUT_END = {"anything", "map"}
"""Schemas that set no end, and in which this model finds none."""

STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


@pytest.fixture(scope="module")
def model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_gguf(tmp_path_factory.mktemp("model") / "tiny.gguf")


@pytest.fixture
async def engine(model_path: Path) -> AsyncIterator[LaneEngine]:
    engine = llamacpp_engine(model_path=model_path, model="tiny", threads=1)
    await engine.open()
    yield engine
    await engine.close()


async def answer(
    engine: LaneEngine,
    schema: dict[str, Any] | None = None,
    *,
    regex: str | None = None,
    **changes: Any,
) -> Completion:
    prompt = changes.pop("prompt", "hi")
    request = GenerateRequest(
        messages=(Message(role="user", content=prompt),),
        deadline=time.monotonic() + 30,
        constraint=Constraint(json_schema=schema, regex=regex),
        **changes,
    )
    return await generate(engine, request)


@pytest.mark.parametrize("name", SCHEMAS)
async def test_answers_obey_the_schema_and_carry_no_free_white_space(
    engine: LaneEngine, name: str
) -> None:
    schema = SCHEMAS[name]
    # Greedy, then sampled, so that the grammar is led down more than one path.
    tries: list[dict[str, Any]] = [{"prompt": "hi"}, {"prompt": "hello"}]
    tries += [{"temperature": 1.5, "seed": seed} for seed in range(4)]
    whole = 0
    for changes in tries:
        completion = await answer(engine, schema, max_tokens=3000, **changes)
        if completion.finish_reason == "length":
            continue
        whole += 1
        jsonschema.validate(json.loads(completion.text), schema)
        assert not re.search(r"\s", STRING.sub("", completion.text))
    least = 0 if name in WITHOUT_END else len(tries)
    assert whole >= least, "hardly any answer is cut off: everything has an end"


@pytest.mark.parametrize("pattern", PATTERNS)
async def test_an_answer_matches_its_pattern_and_keeps_to_its_lengths(
    engine: LaneEngine, pattern: str
) -> None:
    held = 0
    for lengths in LENGTHS:
        schema = {"type": "string", "pattern": pattern, **lengths}
        try:
            compact_grammar(schema)
        except SchemaRefused:
            assert lengths, "only a length beside it may be too much"
            continue
        for changes in ({}, {"temperature": 1.5, "seed": 1}, {"temperature": 1.5, "seed": 2}):
            completion = await answer(engine, schema, max_tokens=4000, **changes)
            assert completion.finish_reason == "stop"
            jsonschema.validate(json.loads(completion.text), schema)
            held += 1
    assert held >= 3


EXPRESSIONS = (
    r"(?:sim|não)",
    r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])",
    r"R\$ ?\d{1,3}(?:\.\d{3})*,\d{2}",
    r"[-+]?\d+(?:[.,]\d+)?",
    r"say \"hi\\\\\"[^\n\"]{0,8}",
)


@pytest.mark.parametrize("regex", EXPRESSIONS)
async def test_an_answer_matches_a_regular_expression_as_a_whole(
    engine: LaneEngine, regex: str
) -> None:
    for changes in ({}, {"temperature": 1.5, "seed": 1}, {"temperature": 1.5, "seed": 2}):
        completion = await answer(engine, regex=regex, max_tokens=4000, **changes)
        assert completion.finish_reason == "stop"
        assert re.fullmatch(regex, completion.text)


@pytest.mark.parametrize("regex", [r"(a)\1", r"a(?=b)", r"(?i)yes", r"(unclosed"])
async def test_an_expression_that_cannot_be_enforced_is_refused(
    engine: LaneEngine, regex: str
) -> None:
    with pytest.raises(EngineRejected, match="the expression") as caught:
        await answer(engine, regex=regex)
    assert caught.value.about == "schema"


def test_a_bounded_repetition_is_bounded_by_the_lengths() -> None:
    schema = {"type": "string", "pattern": "^[a-z]+$", "minLength": 3, "maxLength": 7}
    assert "{3,7}" in compact_grammar(schema)


@pytest.mark.parametrize(
    "pattern", ["^(((a{0,50}){0,50}){0,50})$", "^" + "(a|" * 300 + "b" + ")" * 300]
)
def test_a_pattern_that_would_fill_the_memory_is_refused(pattern: str) -> None:
    with pytest.raises(SchemaRefused):
        compact_grammar({"type": "string", "pattern": pattern, "maxLength": 8})


async def test_probabilities_are_those_before_the_grammar(engine: LaneEngine) -> None:
    free = await answer(engine, {"type": "string", "maxLength": 4})
    assert free.stats is not None
    assert free.stats.min_logprob < -4, "the model would not have begun with a quotation mark"


async def test_a_free_string_ends(engine: LaneEngine) -> None:
    completion = await answer(engine, {"type": "string"}, max_tokens=3000)
    assert completion.finish_reason == "stop"
    assert len(json.loads(completion.text)) <= MAX_STRING_CHARS


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "nothing"}, "schema.type"),
        ({"type": "object", "properties": {"a": {"type": 3}}}, "schema.properties.a.type"),
        ({"properties": {"a": {"not": {}}}}, "schema.properties.a: 'not'"),
        ({"type": "array", "uniqueItems": True}, "'uniqueItems'"),
        ({"if": {"type": "string"}}, "'if'"),
        ({"enum": []}, "no value"),
        ({"type": "object", "minProperties": 2}, "'minProperties'"),
        ({"anyOf": [{"type": "string", "minLength": 4, "maxLength": 2}]}, "schema.anyOf[0]"),
        ({"type": "string", "pattern": "("}, "schema.pattern"),
        ({"type": "string", "pattern": "^(?!b)a"}, "'pattern' '^(?!b)a': look-around"),
        ({"type": "string", "pattern": "^(a|b)\\1$"}, "back-reference"),
        ({"type": "string", "pattern": "(?i)^a$"}, "flags"),
        ({"type": "string", "pattern": "^a{9}$", "maxLength": 8}, "'pattern'"),
        ({"type": "integer", "multipleOf": 3}, "'multipleOf'"),
        ({"allOf": [{"type": "object"}, {"type": "object"}]}, "'allOf' of several"),
        ({"anyOf": [{"type": "null"}], "maxLength": 3}, "'anyOf' beside 'maxLength'"),
        ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, "cases 0 and 1 may overlap"),
        ({"oneOf": [True, {"type": "number"}]}, "cases 0 and 1 may overlap"),
        ({"properties": {"a": False}, "required": ["a"]}, "schema.properties.a: nothing"),
        ({"type": "number", "minimum": 0.5}, "whole"),
        ({"type": "integer", "minimum": 4, "exclusiveMaximum": 4}, "no number"),
        ({"type": "array", "items": False, "minItems": 1}, "'minItems'"),
        ({"type": "array", "minItems": 100_000}, "100,000"),
        ({"type": "integer", "enum": ["a"]}, "no value"),
        ({"enum": ["a"], "anyOf": [{"type": "string"}]}, "'anyOf' beside fixed values"),
        ({"$ref": "#/$defs/none"}, "'#/$defs/none' points at nothing"),
        ({"$ref": "https://example.org/s.json"}, "not a path in this schema"),
        ({"$ref": "#"}, "leads back to itself"),
        (
            {
                "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}},
                "$ref": "#/$defs/a",
            },
            "leads back to itself",
        ),
    ],
)
def test_what_cannot_be_enforced_is_refused_by_name(schema: dict[str, Any], words: str) -> None:
    with pytest.raises(SchemaRefused) as caught:
        compact_grammar(schema)
    assert words in str(caught.value)


def test_a_schema_nested_without_end_is_refused() -> None:
    schema: dict[str, Any] = {}
    for _ in range(5000):
        schema = {"type": "array", "items": schema}
    with pytest.raises(SchemaRefused, match="too deeply"):
        compact_grammar(schema)


def test_the_callers_schema_is_left_as_it_was() -> None:
    schema = {"type": "object", "title": "T", "properties": {"a": {"type": "string"}}}
    before = json.dumps(schema)

    compact_grammar(schema)

    assert json.dumps(schema) == before


def as_pattern(grammar: str) -> re.Pattern[str]:
    """The root rule of a grammar of numbers as a regular expression."""
    root = next(line for line in grammar.splitlines() if line.startswith("root ::= "))
    unquoted = re.sub(r'"([^"]*)"', lambda found: re.escape(found[1]), root[9:])
    return re.compile(unquoted.replace(" ", ""))


BOUNDS = st.integers(-1200, 1200)


@given(bounds=st.tuples(BOUNDS, BOUNDS).map(sorted), exclusive=st.booleans())
def test_an_integer_is_allowed_exactly_within_its_bounds(
    bounds: list[int], exclusive: bool
) -> None:
    least, most = bounds
    if exclusive and most - least < 2:
        return
    names = ("exclusiveMinimum", "exclusiveMaximum") if exclusive else ("minimum", "maximum")
    allowed = as_pattern(compact_grammar({"type": "integer", names[0]: least, names[1]: most}))
    inner = range(least + exclusive, most + 1 - exclusive)
    edges = {0, least, most, -least, -most, 9, 10, 99, 100, 999, 1000}
    for value in {edge + step for edge in edges for step in (-1, 0, 1)}:
        assert bool(allowed.fullmatch(str(value))) == (value in inner), value
    assert not allowed.fullmatch("-0")
    assert not allowed.fullmatch("01")


@given(
    bounds=st.tuples(BOUNDS, BOUNDS).map(sorted),
    exclusive=st.booleans(),
    value=st.decimals(-1300, 1300, places=2),
)
def test_a_number_is_allowed_only_within_its_bounds(
    bounds: list[int], exclusive: bool, value: Decimal
) -> None:
    least, most = bounds
    if most - least < 2:
        return
    names = ("exclusiveMinimum", "exclusiveMaximum") if exclusive else ("minimum", "maximum")
    allowed = as_pattern(compact_grammar({"type": "number", names[0]: least, names[1]: most}))
    within = least < value < most if exclusive else least <= value <= most
    plain = f"{value.normalize():f}"
    assert bool(allowed.fullmatch(plain)) == within or (within and plain == "-0")
