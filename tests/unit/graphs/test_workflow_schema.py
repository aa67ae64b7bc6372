"""The JSON Schema for editors says what the models say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema.validators import Draft202012Validator

from graphs.workflow.definition.load import loads
from graphs.workflow.definition.model import Input, Step, WorkflowDefinition
from graphs.workflow.definition.problems import WorkflowError
from graphs.workflow.definition.schema import workflow_json_schema
from graphs.workflow.expressions.functions import FUNCTIONS
from router.settings.shipped import config_path

SCHEMA = Draft202012Validator(workflow_json_schema())

STEPS: list[tuple[bool, dict[str, Any]]] = [
    (True, {"id": "a", "prompt": "x"}),
    (True, {"id": "a", "prompt": "x", "if": "true", "needs": [], "retry": 3, "timeout_s": 1.5}),
    (True, {"id": "a", "prompt": "x", "if": True}),
    (True, {"id": "a", "prompt": "x", "for_each": [1, "b"], "max_parallel": 2}),
    (True, {"id": "a", "prompt": "x", "for_each": "${{ inputs.a }}"}),
    (True, {"id": "a", "prompt": "x", "output": {"schema": "a.json"}, "budget": {"max_usd": 1}}),
    (True, {"id": "a", "prompt": "x", "output": {"schema": {"type": "object"}}}),
    (True, {"id": "a", "prompt": "x", "verify": {"tests": "t.py", "command": ["a"]}}),
    (True, {"id": "a", "prompt": "x", "verify": {"test_code": "${{ inputs.a }}"}}),
    (True, {"id": "a", "prompt": "x", "escalate": {"to": "cloud", "max_usd": 0.1}}),
    (True, {"id": "a", "tool": "t", "arguments": {"a": [None, {"b": 1}]}}),
    (True, {"id": "a", "workflow": "a.yaml", "inputs": {"a": None}}),
    (True, {"id": "a", "approve": {"message": "x"}, "continue_on_error": True}),
    (True, {"id": "a", "wait": {"seconds": 0}}),
    (True, {"id": "a", "wait": {"until": "2030-01-01T00:00:00Z"}}),
    (False, {"prompt": "x"}),
    (False, {"id": "a"}),
    (False, {"id": "a-b", "prompt": "x"}),
    (False, {"id": "a", "prompt": "x", "tool": "y"}),
    (False, {"id": "a", "prompt": "x", "unknown": 1}),
    (False, {"id": "a", "prompt": "x", "condition": "true"}),
    (False, {"id": "a", "prompt": None}),
    (False, {"id": "a", "prompt": "x", "if": None}),
    (False, {"id": "a", "prompt": "x", "if": 3}),
    (False, {"id": "a", "prompt": "x", "for_each": 3}),
    (False, {"id": "a", "prompt": "x", "agent": "me"}),
    (False, {"id": "a", "prompt": "x", "retry": -1}),
    (False, {"id": "a", "prompt": "x", "retry": 1.5}),
    (False, {"id": "a", "prompt": "x", "continue_on_error": "yes"}),
    (False, {"id": "a", "prompt": "x", "output": {"json_schema": "a.json"}}),
    (False, {"id": "a", "prompt": "x", "output": {}}),
    (False, {"id": "a", "prompt": "x", "escalate": {"to": "moon"}}),
    (False, {"id": "a", "prompt": "x", "verify": {"other": 1}}),
    (False, {"id": "a", "prompt": "x", "budget": {"max_usd": -1}}),
    (False, {"id": "a", "prompt": "x", "arguments": {}}),
    (False, {"id": "a", "tool": "t", "agent": "coder"}),
    (False, {"id": "a", "wait": {"minutes": 3}}),
    (False, {"id": "a", "wait": {"seconds": 3}, "retry": 1}),
    (False, {"id": "a", "approve": {"message": "x"}, "for_each": [1]}),
]


def read(data: dict[str, Any]) -> bool:
    try:
        loads(yaml.safe_dump(data))
    except WorkflowError:
        return False
    return True


@pytest.mark.parametrize(("good", "step"), STEPS)
def test_the_schema_and_the_models_agree_on_a_step(good: bool, step: dict[str, Any]) -> None:
    data = {"name": "n", "steps": [step]}
    assert read(data) is good
    assert SCHEMA.is_valid(data) is good


@pytest.mark.parametrize(
    ("good", "keys"),
    [
        (True, {}),
        (True, {"inputs": {"a": {}}, "outputs": {"b": [1]}, "budget": {"max_usd": 0}}),
        (True, {"inputs": {"a": {"type": "array", "default": [], "privacy": "internal"}}}),
        (False, {"on": "push"}),
        (False, {"inputs": {"a-b": {}}}),
        (False, {"inputs": {"a": {"type": "list"}}}),
        (False, {"inputs": {"a": {"kind": "string"}}}),
        (False, {"outputs": {"a-b": 1}}),
        (False, {"budget": {"usd": 1}}),
        (False, {"name": ""}),
        (False, {"steps": []}),
    ],
)
def test_the_schema_and_the_models_agree_on_the_rest(good: bool, keys: dict[str, Any]) -> None:
    data = {"name": "n", "steps": [{"id": "a", "prompt": "x"}], **keys}
    assert read(data) is good
    assert SCHEMA.is_valid(data) is good


@pytest.mark.parametrize(
    "path", sorted(config_path("workflows").glob("*.yaml")), ids=lambda p: p.stem
)
def test_the_schema_accepts_the_shipped_workflows(path: Path) -> None:
    assert [error.message for error in SCHEMA.iter_errors(yaml.safe_load(path.read_text()))] == []


def test_the_page_on_workflows_names_every_key_and_function() -> None:
    page = (Path(__file__).parents[3] / "docs" / "workflows.md").read_text()
    keys = {field.alias or name for name, field in Step.model_fields.items()}
    keys |= {*Input.model_fields, *WorkflowDefinition.model_fields}
    assert [key for key in sorted(keys) if f"`{key}`" not in page] == []
    assert [name for name in FUNCTIONS if f"`{name}(" not in page] == []
    example = page.split("```yaml\n")[1].split("```")[0]
    assert [step.id for step in loads(example).steps] == ["facts", "bug", "replies"]


def test_it_is_a_schema_and_every_object_of_ours_is_closed() -> None:
    schema = workflow_json_schema()
    Draft202012Validator.check_schema(schema)
    for name, part in {"Workflow": schema, **schema["$defs"]}.items():
        if "properties" in part:
            assert part["additionalProperties"] is False, name
