"""Schemas as engines take them, and answers to the strict form as answers to the schema."""

from __future__ import annotations

import copy
import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema.validators import Draft202012Validator

from agents.engines.schema_form import (
    has_optional,
    strict_form,
    without_nulls,
    without_remarks,
)

CONTACT: dict[str, Any] = {
    "$defs": {
        "phone": {
            "type": "object",
            "properties": {"number": {"type": "string"}, "note": {"type": "string"}},
            "required": ["number"],
        },
    },
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "phone": {"type": "string", "pattern": r"^\d{9}$"},
        "kind": {"enum": ["a", "b"]},
        "level": {"type": "integer", "enum": [1, 2]},
        "fixed": {"const": "x"},
        "born": {"type": ["string", "null"]},
        "mobile": {"$ref": "#/$defs/phone"},
        "more": {"type": "array", "items": {"$ref": "#/$defs/phone"}},
        "either": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/phone"}]},
        "anything": {},
    },
    "required": ["name"],
}
NOTHING = {name: None for name in CONTACT["properties"] if name != "name"}


def test_a_property_that_may_be_left_out_may_be_null_in_the_strict_form() -> None:
    before = copy.deepcopy(CONTACT)
    tight = strict_form(CONTACT)

    assert before == CONTACT
    assert tight["required"] == list(CONTACT["properties"])
    assert tight["additionalProperties"] is False
    jsonschema.validate({"name": "Ana", **NOTHING}, tight)
    assert not Draft202012Validator(tight).is_valid({**NOTHING, "name": None})
    assert tight["properties"]["phone"] == {"type": ["string", "null"], "pattern": r"^\d{9}$"}
    assert tight["properties"]["level"] == {"type": ["integer", "null"], "enum": [1, 2, None]}


def test_what_was_null_for_want_of_a_value_is_left_out_again() -> None:
    said = {"name": "Ana", **NOTHING, "more": [{"number": "1", "note": None}]}
    cleaned = json.loads(without_nulls(json.dumps(said), CONTACT))

    assert cleaned == {"name": "Ana", "born": None, "anything": None, "more": [{"number": "1"}]}, (
        "a null that the schema allows stays"
    )
    jsonschema.validate(cleaned, CONTACT)


def test_of_several_cases_the_one_that_fits_says_what_may_be_left_out() -> None:
    schema = {
        "oneOf": [
            {
                "type": "object",
                "properties": {"kind": {"const": "a"}, "n": {"type": "null"}},
                "required": ["kind"],
                "additionalProperties": False,
            },
            {
                "type": "object",
                "properties": {"kind": {"const": "b"}, "n": {"type": "integer"}},
                "required": ["kind"],
                "additionalProperties": False,
            },
        ]
    }
    assert "oneOf" not in strict_form(schema)
    assert without_nulls('{"kind": "a", "n": null}', schema) == '{"kind":"a","n":null}'
    assert without_nulls('{"kind": "b", "n": null}', schema) == '{"kind":"b"}'


def test_a_required_null_stays_and_what_is_no_json_is_left_alone() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "null"}}, "required": ["a"]}
    assert without_nulls('{"a":null}', schema) == '{"a":null}'
    assert without_nulls('{"a":nu', schema) == '{"a":nu'
    assert not has_optional(schema)
    assert has_optional(CONTACT)


def test_remarks_go_and_limits_stay_and_a_property_may_be_called_like_a_keyword() -> None:
    schema = {
        "title": "T",
        "example": 1,
        "nullable": True,
        "x-order": 3,
        "discriminator": {},
        "xml": {},
        "type": "object",
        "properties": {
            "example": {"type": "string", "example": "x", "deprecated": True},
            "x-a": {"const": {"example": 1}},
        },
        "required": ["example"],
    }
    assert without_remarks(schema) == {
        "title": "T",
        "type": "object",
        "properties": {"example": {"type": "string"}, "x-a": {"const": {"example": 1}}},
        "required": ["example"],
    }


@pytest.mark.parametrize(
    "part",
    [
        {"type": "string"},
        {"enum": [1]},
        {"const": 1},
        {"$ref": "#/$defs/s"},
        {"type": "null"},
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
        {"type": ["string", "null"], "enum": ["a"]},
        {"oneOf": [{"type": "string"}]},
        {"allOf": [{"type": "string"}]},
        {},
        True,
    ],
)
def test_every_kind_of_optional_part_may_be_null(part: Any) -> None:
    schema = {"$defs": {"s": {"type": "string"}}, "type": "object", "properties": {"a": part}}
    assert Draft202012Validator(strict_form(schema)).is_valid({"a": None})


@given(
    present=st.sets(st.sampled_from(["a", "b", "c"])),
    required=st.sets(st.sampled_from(["a", "b", "c"])),
)
def test_an_answer_to_the_strict_form_becomes_one_to_the_schema(
    present: set[str], required: set[str]
) -> None:
    schema = {
        "type": "object",
        "properties": {name: {"type": "integer"} for name in "abc"},
        "required": sorted(required),
    }
    said = {name: 1 if name in present | required else None for name in "abc"}
    jsonschema.validate(said, strict_form(schema))
    cleaned = json.loads(without_nulls(json.dumps(said), schema))
    jsonschema.validate(cleaned, schema)
    assert set(cleaned) == present | required
