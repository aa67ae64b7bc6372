"""Which JSON Schemas can be used at all."""

from __future__ import annotations

from typing import Any

import pytest

from router.errors import TaskError
from router.json_schema import require_schema, schema_problem

DEFINED = {
    "x": {"type": "string"},
    "y": {"$anchor": "named"},
    "z": {"$id": "z.json", "properties": {"deep": {"$ref": "#/properties/deep"}}},
}


def refers(to: str) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": {"$ref": to}}, "$defs": DEFINED}


@pytest.mark.parametrize(
    "schema",
    [
        refers("#/$defs/x"),
        refers("#named"),
        refers("z.json"),
        refers("#"),
        refers("https://json-schema.org/draft/2020-12/schema"),
        {"enum": [{"$ref": "#/no"}], "properties": {"$ref": {"type": "string"}}},
        {"$id": "https://example.org/a", "$ref": "#/$defs/a", "$defs": {"a": {}}},
        {"$schema": "http://json-schema.org/draft-07/schema#", "definitions": {"a": {}},
         "items": {"$ref": "#/definitions/a"}},
    ],
)  # fmt: skip
def test_what_refers_to_itself_can_be_used(schema: dict[str, Any]) -> None:
    assert schema_problem(schema) == ""


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (refers("#/$defs/none"), "'#/$defs/none' leads to nothing"),
        (refers("#nobody"), "'#nobody' leads to nothing"),
        (refers("https://example.org/elsewhere.json"), "elsewhere.json' leads to nothing"),
        ({"type": "strange"}, "'strange' is not valid"),
        ({"properties": {"a": {"minimum": "1"}}}, "properties/a/minimum"),
    ],
)
def test_what_leads_nowhere_cannot(schema: dict[str, Any], said: str) -> None:
    with pytest.raises(TaskError, match="not a valid JSON Schema") as caught:
        require_schema(schema)
    assert said in str(caught.value)
