"""Finds steps that can never run, and text that looks like an expression and is none."""

from __future__ import annotations

import re
from collections.abc import Iterator

from graphs.workflow.definition.model import Step, WorkflowDefinition
from graphs.workflow.definition.places import Written, texts_of
from graphs.workflow.definition.problems import Problem
from graphs.workflow.expressions.errors import ExpressionError
from graphs.workflow.expressions.evaluate import Scope
from graphs.workflow.expressions.expressions import (
    References,
    condition,
    evaluate,
    references,
    template,
)
from graphs.workflow.expressions.tree import Binary, Constant, Node, StepValue
from router.settings.yaml_nodes import Place

_ALMOST = re.compile(
    r"\$?\{\{?\s*(?:(?:inputs|steps)\.[A-Za-z_]\w*|item|index)\b[^{}\n]{0,200}\}\}?"
    r"|\$(?:inputs|steps)\.[A-Za-z_]\w*"
)


def never_problems(workflow: WorkflowDefinition) -> list[Problem]:
    found: list[Problem] = []
    for number, step in enumerate(workflow.steps):
        for key, message in _never(workflow, step):
            found.append(workflow.source.problem(("steps", number, key), message))
    for written in texts_of(workflow):
        found += _almost(workflow, written)
    return found


def _never(workflow: WorkflowDefinition, step: Step) -> Iterator[tuple[str, str]]:
    if step.for_each == [] or (isinstance(step.for_each, str) and _fixed(step.for_each) == ([],)):
        yield "for_each", "the step never runs: the list is empty"
    if step.condition is None:
        return
    fixed = _fixed(step.condition)
    if fixed is not None and not fixed[0]:
        yield "if", "the step never runs: this is always false"
    ids = {one.id: one for one in workflow.steps}
    for name in _failed(condition(step.condition).node):
        if name in ids and not ids[name].continue_on_error:
            yield (
                "if",
                f"the step never runs: when `{name}` fails, so does the workflow. "
                f"Give `{name}` `continue_on_error: true`",
            )


def _fixed(expression: str) -> tuple[object] | None:
    """The value, in a tuple, of an expression that reads nothing; None for any other."""
    if references(expression) != References():
        return None
    try:
        return (evaluate(expression, Scope()),)
    except ExpressionError:
        return None


def _failed(node: Node | None) -> Iterator[str]:
    """Steps that must have failed for a condition to hold."""
    if isinstance(node, Binary) and node.operator == "and":
        yield from _failed(node.left)
        yield from _failed(node.right)
    elif isinstance(node, Binary) and node.operator == "==":
        for one, other in ((node.left, node.right), (node.right, node.left)):
            if (
                isinstance(one, StepValue)
                and one.field == "status"
                and isinstance(other, Constant)
                and other.value == "failed"
            ):
                yield one.step


def _almost(workflow: WorkflowDefinition, written: Written) -> Iterator[Problem]:
    if written.is_condition:
        return
    for piece in template(written.text).pieces:
        if piece.node is None and (match := _ALMOST.search(piece.text)):
            inner = match.group().strip("${} ")
            place: Place = written.place
            yield workflow.source.problem(
                place, f"`{match.group()}` stays as it is: an expression is `${{{{ {inner} }}}}`"
            )
