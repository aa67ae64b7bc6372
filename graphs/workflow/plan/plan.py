"""Plans a workflow: what it would do, who would do it, and what that may cost.

Reads the files and the configuration; opens no model and no store. The expected lengths of texts
and answers are those of `sizes`, `answers` and `router/policy/answer_length`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphs.workflow.definition.bind import bind_inputs
from graphs.workflow.definition.budgets import ceiling
from graphs.workflow.definition.labels import Label, input_labels, step_labels
from graphs.workflow.definition.model import Input, Step, WorkflowDefinition
from graphs.workflow.definition.order import waves
from graphs.workflow.expressions.errors import ExpressionError
from graphs.workflow.expressions.evaluate import Scope
from graphs.workflow.expressions.expressions import render_data
from graphs.workflow.expressions.values import Json
from graphs.workflow.plan.calls import Calls
from graphs.workflow.plan.placement import Seats
from graphs.workflow.plan.sizes import WORD_CHARS, Expected, Knowledge, Size, size_of_data
from graphs.workflow.plan.step import Turns, asking, runs, sound, turns
from graphs.workflow.plan.total import to_cents, total
from graphs.workflow.plan.types import Plan, StepPlan
from graphs.workflow.plan.warnings import Notes
from router.privacy.gate import strictest
from router.settings.settings import Settings
from router.types.task import MAX_PROMPT_CHARS, Privacy, Task

_APPROVED_CHARS = 30
"""Length of `{approved, comment}` without a comment."""


def plan(
    workflow: WorkflowDefinition,
    given: Mapping[str, Any],
    *,
    settings: Settings,
    env: Mapping[str, str],
    from_text: bool = False,
) -> Plan:
    """The plan of a checked workflow. given: some of its inputs, or all.

    from_text: as in `bind_inputs`. Raises ConfigError, with every input that is wrong.
    """
    seats = Seats.of(settings, env)
    lenient = {
        name: one.model_copy(update={"required": False}) for name, one in workflow.inputs.items()
    }
    bound = bind_inputs(workflow.model_copy(update={"inputs": lenient}), given, from_text=from_text)
    absent = [
        name for name, one in workflow.inputs.items() if one.must_be_given and name not in given
    ]
    inputs = {name: value for name, value in bound.items() if name not in absent}
    sizes = {name: _not_given(name, workflow.inputs[name]) for name in absent}
    label = _found_in(inputs, seats)
    marked = {name: Label(label, (f"inputs.{name}",)) for name in inputs}
    planned = _Planned(_Shared(seats), workflow, inputs, sizes, marked)
    return planned.plan.model_copy(update={"not_given": tuple(absent)})


@dataclass(slots=True)
class _Shared:
    """Shared by the plans of a workflow and of those that it calls. planned: plans by their inputs,
    so that equal calls are planned once."""

    seats: Seats
    calls: Calls = field(default_factory=Calls)
    planned: dict[tuple[object, ...], _Planned] = field(default_factory=dict)


class _Planned:
    """The plan of one workflow for some inputs. gives: the size of its outputs."""

    def __init__(
        self,
        shared: _Shared,
        workflow: WorkflowDefinition,
        inputs: Mapping[str, Json],
        sizes: Mapping[str, Size],
        given: Mapping[str, Label],
    ) -> None:
        self._shared = shared
        self._workflow = workflow
        self._labels = step_labels(
            workflow, input_labels(workflow, given), shared.calls.outcomes_in(workflow)
        )
        # The facts of steps that will not run.
        self._over: dict[str, Mapping[str, Json]] = {}
        self._expected: dict[str, Expected] = {}
        self._known = Knowledge(Scope(inputs, self._over), sizes, self._expected)
        self._notes = Notes(workflow, shared.seats)
        steps = []
        for number, wave in enumerate(waves(workflow), start=1):
            steps += [self._step(workflow.step(name), number) for name in wave]
        try:
            self.gives = size_of_data(workflow.outputs, self._known)
        except ExpressionError as error:
            self._notes.tell("outputs", f"they cannot be made: {error}")
            self.gives = Size()
        made = total(workflow, steps, shared.seats)
        self.plan = made.model_copy(update={"warnings": self._notes.warnings(made)})

    def _step(self, step: Step, wave: int) -> StepPlan:
        label = self._labels[step.id]
        said = StepPlan(
            id=step.id,
            wave=wave,
            action=step.action,
            who=step.tool or step.workflow or "",
            condition=step.condition,
            max_parallel=step.max_parallel,
            label=label.privacy,
            label_reason=_reads(label),
        )
        try:
            answer = runs(step, self._known)
            found = Turns(0, ()) if answer == "no" else turns(step, self._known)
            said = said.model_copy(update={"runs": answer, "times": found.times})
            if found.times == 0:
                done: dict[str, Json] = {"status": "done", "output": []}
                self._over[step.id] = {"status": "skipped"} if answer == "no" else done
                return said.model_copy(update={"most_usd": 0.0, "each_s": 0.0, "seconds": 0.0})
            doing = {"prompt": self._asked, "workflow": self._ran}.get(step.action, self._done)
            planned, size = doing(step, said, found)
        except ExpressionError as error:
            self._notes.tell(step.id, f"it cannot be planned, and would fail: {error}")
            planned, size = said.model_copy(update={"each_usd": None, "cost_usd": None}), Size()
        times = planned.times
        if step.for_each is not None:
            own = frozenset({f"steps.{step.id}"} if times is None else ())
            size = Size(size.chars * (times or 1), size.more | own)
        items = times if step.for_each is not None else None
        self._expected[step.id] = Expected(size, items)
        self._notes.about(step, planned)
        return planned

    def _done(self, step: Step, said: StepPlan, found: Turns) -> tuple[StepPlan, Size]:
        """The plan of a step that is done by a tool, a person or the clock."""
        size_of_data([step.arguments, step.approve and step.approve.message], found.each[0])
        each_s = step.wait.seconds if step.wait is not None else None
        update: dict[str, Any] = {"most_usd": 0.0, "each_s": each_s, "seconds": each_s}
        if step.tool is not None:
            return said.model_copy(update=update | {"place": "here"}), Size(
                0, frozenset({f"steps.{step.id}"})
            )
        who = "a person" if step.approve is not None else "the clock"
        size = Size(_APPROVED_CHARS) if step.approve is not None else Size()
        return said.model_copy(update=update | {"who": who}), size

    def _asked(self, step: Step, said: StepPlan, found: Turns) -> tuple[StepPlan, Size]:
        seats, times = self._shared.seats, found.times
        asked = asking(self._workflow, step, said.label, found.each, seats)
        self._notes.asked(step, asked)
        seat, leaves = asked.seat, seats.gate.may_leave(asked.judged.label)
        update = {
            "who": seat.who,
            "model": seat.model,
            "cloud_model": None if seat.place == "here" else seats.roster.cloud_model,
            "place": seat.place,
            "reason": seat.reason,
            "label": asked.judged.label,
            "label_reason": "; ".join(asked.judged.reasons) or said.label_reason,
            "prompt_tokens": asked.prompt_tokens,
            "completion_tokens": asked.completion_tokens,
            "more": tuple(sorted(asked.more)),
            "cloud_share": seat.cloud_share,
            "each_usd": to_cents(asked.usd),
            "cost_usd": None if asked.usd is None or times is None else to_cents(asked.usd * times),
            "most_usd": ceiling(step, leaves=leaves, times=times),
            "each_s": asked.seconds(1, 1),
            "seconds": None if times is None else asked.seconds(times, step.max_parallel),
        }
        return said.model_copy(update=update), Size(asked.completion_tokens * 4)

    def _ran(self, step: Step, said: StepPlan, found: Turns) -> tuple[StepPlan, Size]:
        planned = self._called(step, said, found.each[0])
        inner, gives, times = planned.plan, planned.gives, found.times
        each_s = None if inner.untimed else inner.seconds
        update = {
            "each_usd": None if inner.unpriced else inner.cost_usd,
            "cost_usd": None
            if inner.unpriced or times is None
            else to_cents(inner.cost_usd * times),
            "most_usd": ceiling(step, leaves=True, times=times, called_usd=inner.most_usd),
            "each_s": each_s,
            "seconds": None if each_s is None or times is None else each_s * times,
            "called": inner,
        }
        # A reader of this plan knows the calling step, and none inside the called workflow.
        more = {f"steps.{step.id}" if one.startswith("steps.") else one for one in gives.more}
        return said.model_copy(update=update), Size(gives.chars, frozenset(more))

    def _called(self, step: Step, said: StepPlan, known: Knowledge) -> _Planned:
        """The plan of the called workflow, with the inputs of its first call."""
        path, called = self._shared.calls.called(self._workflow, step)
        inputs: dict[str, Json] = {}
        sizes: dict[str, Size] = {}
        for name, one in called.inputs.items():
            if name not in step.inputs:
                inputs[name] = one.default
                continue
            value = step.inputs[name]
            if known.has_all(value):
                inputs[name] = render_data(value, known.scope)
            else:
                sizes[name] = size_of_data(value, known)
        key = (path, json.dumps(inputs, sort_keys=True), tuple(sizes.items()), said.label)
        if key not in self._shared.planned:
            label = Label(said.label, (f"steps.{step.id}",))
            given = dict.fromkeys(called.inputs, label)
            self._shared.planned[key] = _Planned(self._shared, called, inputs, sizes, given)
        return self._shared.planned[key]


def _reads(label: Label) -> str:
    """Why a step has its label; its own name is not repeated."""
    if label.privacy is Privacy.PUBLIC:
        return ""
    read = Label(label.privacy, label.way[1:])
    return f"reads {read.why}" if read.way else f"marked {label.privacy.value}"


def _not_given(name: str, one: Input) -> Size:
    if one.type in ("number", "integer", "boolean"):
        return Size(WORD_CHARS)
    return Size(0, frozenset({f"inputs.{name}"}))


def _found_in(inputs: Mapping[str, Json], seats: Seats) -> Privacy:
    """The label that the detectors find for the inputs, as in a run."""
    text, found = sound(json.dumps(inputs, ensure_ascii=False)), Privacy.PUBLIC
    for at in range(0, len(text), MAX_PROMPT_CHARS // 2):
        judged = seats.gate.judge(Task(prompt=text[at : at + MAX_PROMPT_CHARS]))
        found = strictest((found, judged.label))
    return found
