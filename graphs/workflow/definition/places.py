"""Every text of a workflow that may hold expressions, with its place in the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graphs.workflow.definition.model import WorkflowDefinition
from router.settings.yaml_nodes import Place


@dataclass(frozen=True, slots=True)
class Written:
    """step: None in the workflow's outputs. in_loop: whether `item` and `index` are known."""

    text: str
    place: Place
    step: int | None = None
    is_condition: bool = False
    in_loop: bool = False


def texts_of(workflow: WorkflowDefinition) -> Iterator[Written]:
    for number, step in enumerate(workflow.steps):
        at: Place = ("steps", number)
        loop = step.for_each is not None
        if step.condition is not None:
            yield Written(step.condition, (*at, "if"), number, is_condition=True)
        if isinstance(step.for_each, str):
            yield Written(step.for_each, (*at, "for_each"), number, is_condition=True)
        elif step.for_each is not None:
            for text, place in _below(step.for_each, (*at, "for_each")):
                yield Written(text, place, number)
        data = {
            ("prompt",): step.prompt,
            ("system",): step.system,
            ("verify", "test_code"): step.verify.test_code if step.verify else None,
            ("arguments",): step.arguments,
            ("inputs",): step.inputs,
            ("approve", "message"): step.approve.message if step.approve else None,
            ("wait", "until"): step.wait.until if step.wait else None,
        }
        for keys, value in data.items():
            for text, place in _below(value, (*at, *keys)):
                yield Written(text, place, number, in_loop=loop)
    for text, place in _below(workflow.outputs, ("outputs",)):
        yield Written(text, place)


def _below(data: Any, place: Place) -> Iterator[tuple[str, Place]]:
    if isinstance(data, str):
        yield data, place
    elif isinstance(data, dict):
        for key, one in data.items():
            yield from _below(one, (*place, key))
    elif isinstance(data, list | tuple):
        for index, one in enumerate(data):
            yield from _below(one, (*place, index))
