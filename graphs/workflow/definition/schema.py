"""The JSON Schema of workflow files, for editors; generated from the models."""

from __future__ import annotations

from typing import Any

from graphs.workflow.definition.model import WorkflowDefinition

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def workflow_json_schema() -> dict[str, Any]:
    """The schema for checks while a person types; it covers no expressions and no named files."""
    schema = WorkflowDefinition.model_json_schema(by_alias=True, mode="validation")
    return {"$schema": DIALECT, **_without_null(schema), "title": "edgeward workflow"}


def _without_null(schema: Any) -> Any:
    """Removes `null`: None means a missing key, while a key without a value is a mistake."""
    if isinstance(schema, list):
        return [_without_null(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _without_null(one) for key, one in schema.items()}
    if "patternProperties" in found:
        found["additionalProperties"] = False
    if isinstance(arms := found.get("anyOf"), list) and {"type": "null"} in arms:
        left = [one for one in arms if one != {"type": "null"}]
        del found["anyOf"]
        found = {**found, **left[0]} if len(left) == 1 else {**found, "anyOf": left}
        if found.get("default", 0) is None:
            del found["default"]
    return found
