"""How privacy labels spread in a workflow: text made from local_only text is local_only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphs.workflow.definition.model import Step, WorkflowDefinition
from graphs.workflow.definition.order import reads, waves
from graphs.workflow.expressions.expressions import References, references_in
from router.privacy.gate import strictest
from router.types.task import Privacy


@dataclass(frozen=True, slots=True)
class Label:
    """A label, and the way to the name that was marked with it: `steps.a`, `inputs.x`."""

    privacy: Privacy = Privacy.PUBLIC
    way: tuple[str, ...] = ()

    @property
    def why(self) -> str:
        """As in: `steps.a`, which reads `inputs.x`, which is local_only."""
        return ", which reads ".join(f"`{one}`" for one in self.way) + (
            f", which is {self.privacy.value}"
        )


def input_labels(
    workflow: WorkflowDefinition, given: Mapping[str, Label] | None = None
) -> dict[str, Label]:
    """The label of each input: its own or that of its given value, whichever is stricter."""
    given = given or {}
    return {
        name: _stricter(Label(one.privacy, (f"inputs.{name}",)), given.get(name, Label()))
        for name, one in workflow.inputs.items()
    }


def step_labels(
    workflow: WorkflowDefinition,
    inputs: Mapping[str, Label],
    outcome: Callable[[Step, Mapping[str, Label]], Label] | None = None,
) -> dict[str, Label]:
    """The label of each step: the strictest of its own and those of all that its texts read.

    What only decides whether a step runs (`if`) is not in its text and does not count. outcome:
    gives the label of a called workflow's outputs, from its step and the labels so far. Steps in a
    cycle are left out.
    """
    steps = {step.id: step for step in workflow.steps}
    found: dict[str, Label] = {}
    for wave in waves(workflow):
        for name in wave:
            step = steps[name]
            label = Label(step.privacy, (f"steps.{name}",))
            read = read_label(reads(step).data, inputs, found)
            if read.privacy is not Privacy.PUBLIC:
                label = _stricter(label, Label(read.privacy, (f"steps.{name}", *read.way)))
            if step.workflow is not None and outcome is not None:
                given = outcome(step, {**found, name: label})
                label = _stricter(label, Label(given.privacy, (f"steps.{name}", *given.way)))
            found[name] = label
    return found


def labels(workflow: WorkflowDefinition) -> dict[str, Privacy]:
    """The label of each step by the file alone; detectors may find a stricter one at run time."""
    found = step_labels(workflow, input_labels(workflow))
    return {step: label.privacy for step, label in found.items()}


def read_label(read: References, inputs: Mapping[str, Label], steps: Mapping[str, Label]) -> Label:
    """The strictest label of the inputs and steps that are read."""
    found = Label()
    for name in sorted(read.inputs):
        found = _stricter(found, inputs.get(name, Label()))
    for name in sorted(read.steps):
        found = _stricter(found, steps.get(name, Label()))
    return found


def label_of_data(data: Any, inputs: Mapping[str, Label], steps: Mapping[str, Label]) -> Label:
    return read_label(references_in(data), inputs, steps)


def _stricter(one: Label, other: Label) -> Label:
    stricter = strictest((one.privacy, other.privacy))
    return one if one.privacy is stricter else other
