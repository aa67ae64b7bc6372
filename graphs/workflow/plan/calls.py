"""Loads the workflows that a planned one calls, and finds the labels of their outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from graphs.workflow.definition.files import resolved
from graphs.workflow.definition.labels import Label, input_labels, label_of_data, step_labels
from graphs.workflow.definition.load import load_workflow
from graphs.workflow.definition.model import Step, WorkflowDefinition
from router.types.task import Privacy


@dataclass(slots=True)
class Calls:
    """The called workflows of one plan, each loaded once; cycles were ruled out by the checks."""

    _opened: dict[Path, WorkflowDefinition] = field(default_factory=dict)
    _outcomes: dict[tuple[Path, Privacy], Label] = field(default_factory=dict)

    def called(self, workflow: WorkflowDefinition, step: Step) -> tuple[Path, WorkflowDefinition]:
        """The workflow that a step calls, and its file."""
        assert step.workflow is not None
        path = resolved(workflow, step.workflow).resolve()
        if path not in self._opened:
            self._opened[path] = load_workflow(path)
        return path, self._opened[path]

    def outcomes_in(
        self, workflow: WorkflowDefinition
    ) -> Callable[[Step, Mapping[str, Label]], Label]:
        """The `outcome` for `step_labels`: the label of a called workflow's outputs."""
        return lambda step, labels: self._outcome(workflow, step, labels[step.id])

    def _outcome(self, workflow: WorkflowDefinition, step: Step, label: Label) -> Label:
        """As in a run, all inputs of the called workflow have the label of the step."""
        path, called = self.called(workflow, step)
        key = (path, label.privacy)
        if key not in self._outcomes:
            inputs = input_labels(called, dict.fromkeys(called.inputs, label))
            steps = step_labels(called, inputs, self.outcomes_in(called))
            self._outcomes[key] = label_of_data(called.outputs, inputs, steps)
        return self._outcomes[key]
