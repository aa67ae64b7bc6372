"""The shipped workflows, walked through without a model: every expression in them has a value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from graphs.workflow.definition.bind import bind_inputs
from graphs.workflow.definition.files import output_schema, resolved
from graphs.workflow.definition.load import load_workflow
from graphs.workflow.definition.model import Step, WorkflowDefinition
from graphs.workflow.definition.order import waves
from graphs.workflow.expressions.evaluate import Scope
from graphs.workflow.expressions.expressions import evaluate, holds, render_data, render_text
from graphs.workflow.expressions.values import Json
from router.settings.shipped import config_path

SHIPPED = sorted(config_path("workflows").glob("*.yaml"))
SAMPLES = {"string": "some text (12 bytes)", "integer": 150, "array": ["a text", "another"]}


def sample(schema: dict[str, Any]) -> Json:
    """A value that satisfies the small schemas of these workflows."""
    if "enum" in schema:
        return schema["enum"][0]  # type: ignore[no-any-return]
    named = schema.get("type")
    match named[0] if isinstance(named, list) else named:
        case "object":
            return {key: sample(one) for key, one in schema["properties"].items()}
        case "array":
            return [sample(schema["items"])] * 2
        case "string":
            return "words"
        case "boolean":
            return True
        case _:
            return 3


def outcome(workflow: WorkflowDefinition, step: Step, scope: Scope, *, fails: bool) -> Json:
    """What a step might give, after all its texts were rendered."""
    render_data([step.prompt, step.system, step.approve and step.approve.message], scope)
    arguments = render_data(step.arguments, scope)
    assert arguments == {} or isinstance(arguments, dict)
    if step.workflow is not None:
        given = render_data(step.inputs, scope)
        assert isinstance(given, dict)
        return walk(load_workflow(resolved(workflow, step.workflow)), given, fails=fails)
    if step.approve is not None:
        return {"approved": True, "comment": ""}
    schema = output_schema(workflow, step)
    return sample(schema) if schema else render_text("text of ${{ 1 }}", scope)


def walk(workflow: WorkflowDefinition, given: dict[str, Any], *, fails: bool) -> dict[str, Json]:
    """The outputs. fails: every step that may fail does, or every second of its items."""
    inputs = bind_inputs(workflow, given)
    done: dict[str, dict[str, Json]] = {}
    for step in (workflow.step(name) for wave in waves(workflow) for name in wave):
        scope = Scope(inputs, done)
        if step.condition is not None and not holds(step.condition, scope):
            done[step.id] = {"status": "skipped"}
            continue
        broken = fails and step.continue_on_error
        if step.for_each is None:
            output = outcome(workflow, step, scope, fails=fails)
            status = "failed" if broken else "done"
            done[step.id] = {"output": None if broken else output, "status": status}
            continue
        items = evaluate(step.for_each, scope) if isinstance(step.for_each, str) else step.for_each
        assert isinstance(items, list)
        outputs: list[Json] = [
            outcome(workflow, step, Scope(inputs, done, item, index), fails=fails)
            for index, item in enumerate(items)
        ]
        if broken:
            outputs[::2] = [None] * len(outputs[::2])
        done[step.id] = {"output": outputs, "status": "done"}
    found = render_data(workflow.outputs, Scope(inputs, done))
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("fails", [False, True], ids=["all well", "what may fail fails"])
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_workflow_can_be_walked_to_its_outputs(path: Path, fails: bool) -> None:
    workflow = load_workflow(path)
    given = {name: SAMPLES[one.type] for name, one in workflow.inputs.items() if one.must_be_given}
    found = walk(workflow, given, fails=fails)
    assert found.keys() == workflow.outputs.keys()
    assert any(value not in (None, "", []) for value in found.values())
