"""Checks a workflow that is syntactically valid for everything that is known before it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from graphs.workflow.definition.budgets import budget_problems
from graphs.workflow.definition.files import missing, resolved, schema_in
from graphs.workflow.definition.labels import Label, input_labels, label_of_data, step_labels
from graphs.workflow.definition.load import load_workflow
from graphs.workflow.definition.model import Step, WorkflowDefinition
from graphs.workflow.definition.order import circle, needs
from graphs.workflow.definition.problems import Problem, WorkflowError
from graphs.workflow.definition.reading import call_problems, known_in, reading_problems
from graphs.workflow.definition.unreachable import never_problems
from graphs.workflow.expressions.expressions import references_in
from graphs.workflow.wording import listed, nearest
from router.errors import ConfigError
from router.settings.yaml_nodes import Place
from router.types.task import Privacy

MAX_CALLS_DEEP = 10


def check(workflow: WorkflowDefinition) -> WorkflowDefinition:
    """The workflow itself; WorkflowError with every mistake where there are any."""
    if problems := problems_of(workflow):
        raise WorkflowError(problems)
    return workflow


def problems_of(workflow: WorkflowDefinition) -> tuple[Problem, ...]:
    """Every mistake in a workflow and in those that it calls, in the order of the files."""
    found = _All()
    _Checked(workflow, {}, (), found)
    return tuple(
        sorted(dict.fromkeys(found.problems), key=lambda one: (one.file, one.line, one.column))
    )


@dataclass(slots=True)
class _All:
    """What the checks of a workflow and of those that it calls share: each file is read once."""

    problems: list[Problem] = field(default_factory=list)
    opened: dict[Path, WorkflowDefinition | None] = field(default_factory=dict)
    outcomes: dict[tuple[object, ...], Label] = field(default_factory=dict)


class _Checked:
    """The checks of one workflow when it is called with inputs of the given labels."""

    def __init__(
        self,
        workflow: WorkflowDefinition,
        given: Mapping[str, Label],
        above: tuple[Path, ...],
        all_: _All,
    ) -> None:
        self._workflow = workflow
        path = workflow.source.path
        self._above = (*above, path.resolve()) if path else above
        self._all = all_
        self.called: dict[str, WorkflowDefinition] = {}
        self._names()
        self._files()
        self._open_called()
        known = known_in(workflow, self.called)
        for number, step in enumerate(workflow.steps):
            if step.id in self.called:
                all_.problems += call_problems(workflow, number, self.called[step.id], known)
        all_.problems += reading_problems(workflow, known)
        all_.problems += budget_problems(workflow, self.called)
        all_.problems += never_problems(workflow)
        self._inputs = input_labels(workflow, given)
        steps = step_labels(workflow, self._inputs, self._outcome)
        self._leaks(steps)
        self.outcome = label_of_data(workflow.outputs, self._inputs, steps)

    def _tell(self, step: int, key: str, message: str, *below: str | int) -> None:
        place: Place = ("steps", step, key, *below)
        self._all.problems.append(self._workflow.source.problem(place, message))

    def _names(self) -> None:
        """Duplicate and unknown steps, and cycles."""
        workflow, first = self._workflow, dict[str, int]()
        for number, step in enumerate(workflow.steps):
            if step.id in first:
                line = workflow.source.problem(("steps", first[step.id], "id"), "").line
                self._tell(number, "id", f"a step `{step.id}` is there already, in line {line}")
            first.setdefault(step.id, number)
        for number, step in enumerate(workflow.steps):
            for index, name in enumerate(step.needs or ()):
                if name == step.id:
                    self._tell(number, "needs", "a step cannot wait for itself", index)
                elif name not in first:
                    hint = f"{nearest(name, first)}: known are {listed(first)}"
                    self._tell(number, "needs", f"unknown step `{name}`{hint}", index)
        if ring := circle(workflow):
            self._tell_circle(ring, first)

    def _tell_circle(self, ring: tuple[str, ...], numbers: Mapping[str, int]) -> None:
        number = min(numbers[name] for name in ring)
        start = ring.index(self._workflow.steps[number].id)
        ring = (*ring[start:], *ring[:start])
        if len(ring) == 1:
            message = "the step reads itself, before it has run"
        else:
            way = " waits for ".join(f"`{name}`" for name in (*ring, ring[0]))
            message = f"these steps wait for each other: {way}"
            wanted = needs(self._workflow)
            if any(
                self._workflow.step(name).needs is None
                and numbers[ring[(index + 1) % len(ring)]] == numbers[name] - 1
                and ring[(index + 1) % len(ring)] in wanted[name]
                for index, name in enumerate(ring)
            ):
                message += ". Without `needs` a step waits for the one above it: change the order"
        self._tell(number, "id", message)

    def _files(self) -> None:
        for number, step in enumerate(self._workflow.steps):
            schemas = [("output", step.output.json_schema)] if step.output else []
            if step.verify and step.verify.json_schema is not None:
                schemas.append(("verify", step.verify.json_schema))
            for key, schema in schemas:
                try:
                    schema_in(self._workflow, schema)
                except ConfigError as error:
                    self._tell(number, key, str(error), "schema")
            if step.verify and step.verify.tests is not None:
                self._file(number, step.verify.tests, "verify", "tests")
            program = step.verify.command[0] if step.verify and step.verify.command else ""
            if "/" in program:
                self._file(number, program, "verify", "command")

    def _file(self, number: int, name: str, key: str, *below: str) -> bool:
        message = missing(self._workflow, name)
        if message is not None:
            self._tell(number, key, message, *below)
        return message is None

    def _open_called(self) -> None:
        for number, step in enumerate(self._workflow.steps):
            if step.workflow is not None and self._file(number, step.workflow, "workflow"):
                self._open(number, step.id, step.workflow)

    def _open(self, number: int, step_id: str, name: str) -> None:
        path = resolved(self._workflow, name)
        real = path.resolve()
        if real in self._above:
            way = " calls ".join(one.name for one in (*self._above, path))
            self._tell(number, "workflow", f"the workflow calls itself: {way}")
            return
        if len(self._above) >= MAX_CALLS_DEEP:
            self._tell(number, "workflow", f"more than {MAX_CALLS_DEEP} workflows deep")
            return
        if real not in self._all.opened:
            try:
                self._all.opened[real] = load_workflow(path)
            except WorkflowError as error:
                self._all.opened[real] = None
                self._all.problems += error.problems
        called = self._all.opened[real]
        if called is None:
            self._tell(number, "workflow", f"{name} has mistakes of its own")
        else:
            self.called[step_id] = called

    def _outcome(self, step: Step, steps: Mapping[str, Label]) -> Label:
        """Checks a called workflow for the labels of its inputs; the label of its outputs."""
        called = self.called.get(step.id)
        if called is None:
            return Label()
        # An `item` has the label of its list, which is included in the step's own.
        given = {
            name: steps[step.id]
            if references_in(value).loop
            else label_of_data(value, self._inputs, steps)
            for name, value in step.inputs.items()
        }
        marked = tuple(sorted((name, label.privacy) for name, label in given.items()))
        key = (called.source.path, marked, self._above)
        if key not in self._all.outcomes:
            self._all.outcomes[key] = _Checked(called, given, self._above, self._all).outcome
        return self._all.outcomes[key]

    def _leaks(self, labels: Mapping[str, Label]) -> None:
        for number, step in enumerate(self._workflow.steps):
            label = labels.get(step.id, Label())
            if label.privacy is not Privacy.LOCAL_ONLY or not step.may_use_cloud:
                continue
            key = "escalate" if step.escalate else "agent" if step.agent == "cloud" else "placement"
            what = "escalates to" if step.escalate else "is answered in"
            own = step.privacy is Privacy.LOCAL_ONLY
            why = (
                "is local_only itself"
                if own
                else f"reads {Label(label.privacy, label.way[1:]).why}"
            )
            self._tell(
                number,
                key,
                f"local_only text would leave: the step {what} the cloud and {why}. "
                "Answer it on this machine, or take away what it reads",
            )
