"""Checks that what the expressions of a workflow read exists, and has a suitable type."""

from __future__ import annotations

from collections.abc import Mapping

from graphs.workflow.definition.files import output_schema
from graphs.workflow.definition.model import Input, Step, WorkflowDefinition
from graphs.workflow.definition.places import Written, texts_of
from graphs.workflow.definition.problems import Problem
from graphs.workflow.expressions.expressions import condition, template
from graphs.workflow.expressions.infer import Inference, Known
from graphs.workflow.expressions.shapes import (
    BOOLEAN,
    NUMBER,
    STRING,
    UNKNOWN,
    Shape,
    list_of,
    object_of,
    of_schema,
    of_value,
    one,
)
from graphs.workflow.expressions.tree import Node
from graphs.workflow.wording import listed, nearest
from router.errors import ConfigError

_STATUS = Shape(STRING.types, values=("done", "skipped", "failed"))


Reading = tuple[Known, dict[int, Shape | None]]
"""What expressions may read anywhere in a workflow, and the shape of each step's `item`."""


def reading_problems(workflow: WorkflowDefinition, reading: Reading) -> list[Problem]:
    known, loops = reading
    found: list[Problem] = []
    for written in texts_of(workflow):
        item = loops[written.step] if written.in_loop and written.step is not None else None
        here = Known(known.inputs, known.steps, item)
        pieces = [condition(written.text)] if written.is_condition else (
            template(written.text).expressions
        )  # fmt: skip
        for piece in pieces:
            assert piece.node is not None
            inference = Inference(here)
            shape = inference.shape(piece.node)
            found += [
                workflow.source.in_expression(written.place, message, piece.at, at)
                for message, at in inference.mistakes
            ]
            if not inference.mistakes and (message := _no_list(written, shape)):
                found.append(workflow.source.problem(written.place, message))
    return found


def call_problems(
    workflow: WorkflowDefinition, number: int, called: WorkflowDefinition, reading: Reading
) -> list[Problem]:
    """Mistakes in the inputs that a step gives to the workflow that it calls."""
    step, found = workflow.steps[number], []
    known, loops = reading
    for name, value in step.inputs.items():
        wanted = called.inputs.get(name)
        if wanted is None:
            message = (
                f"{step.workflow} has no input `{name}`{nearest(name, called.inputs)}: it has "
                f"{listed(called.inputs)}"
            )
        else:
            shape = _given(value, Known(known.inputs, known.steps, loops[number]))
            if shape.types & (_input_shape(wanted).types | {"null"}):
                continue
            message = f"{step.workflow} takes {wanted.type}, found {shape}"
        found.append(workflow.source.problem(("steps", number, "inputs", name), message))
    for name, wanted in called.inputs.items():
        if wanted.must_be_given and name not in step.inputs:
            message = f"{step.workflow} wants the input `{name}` ({wanted.type}): it is missing"
            found.append(workflow.source.problem(("steps", number, "workflow"), message))
    return found


def known_in(workflow: WorkflowDefinition, called: Mapping[str, WorkflowDefinition]) -> Reading:
    """called: the called workflows that could be loaded, by the step that calls them."""
    inputs = {name: _input_shape(given) for name, given in workflow.inputs.items()}
    steps: dict[str, dict[str, Shape]] = {}
    for step in workflow.steps:
        output = _output_shape(workflow, step, called.get(step.id))
        if step.for_each is not None:
            output = list_of(output)
        steps[step.id] = {
            "output": output,
            "status": _STATUS,
            "error": STRING,
            "cost_usd": NUMBER,
        }
    known = Known(inputs, steps)
    return known, {number: _item_shape(step, known) for number, step in enumerate(workflow.steps)}


def _input_shape(given: Input) -> Shape:
    few = given.enum if given.enum is None or len(given.enum) <= 200 else None
    return Shape(one(given.type).types, values=few)


def _output_shape(
    workflow: WorkflowDefinition, step: Step, called: WorkflowDefinition | None
) -> Shape:
    if step.output is not None:
        try:
            return of_schema(output_schema(workflow, step))
        except ConfigError:
            return UNKNOWN
    match step.action:
        case "prompt":
            return STRING
        case "workflow":
            return UNKNOWN if called is None else object_of(dict.fromkeys(called.outputs, UNKNOWN))
        case "approve":
            return object_of({"approved": BOOLEAN, "comment": STRING})
        case _:
            return UNKNOWN


def _item_shape(step: Step, known: Known) -> Shape | None:
    if step.for_each is None:
        return None
    if isinstance(step.for_each, str):
        return _shape(condition(step.for_each).node, known).item or UNKNOWN
    return of_value(step.for_each).item or UNKNOWN


def _given(value: object, known: Known) -> Shape:
    """The shape of a value that may be, or contain, expressions."""
    if isinstance(value, str) and "${{" in value:
        alone = template(value).alone
        return STRING if alone is None else _shape(alone.node, known)
    return of_value(value)  # type: ignore[arg-type]


def _shape(node: Node | None, known: Known) -> Shape:
    assert node is not None
    return Inference(known).shape(node)


def _no_list(written: Written, shape: Shape) -> str | None:
    if not written.is_condition or written.place[-1] != "for_each" or shape.may_be("array"):
        return None
    cure = ': make one with split(..., "\\n")' if shape.may_be("string") else ""
    return f"`for_each` wants a list, found {shape}{cure}"
