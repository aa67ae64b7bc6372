"""Decides what a run does next, from the facts of its steps; no I/O."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from graphs.workflow.definition.labels import input_labels
from graphs.workflow.definition.model import Step, WorkflowDefinition
from graphs.workflow.definition.order import needs, reads
from graphs.workflow.execution.outcome import Answer, Ask, Facts, total
from graphs.workflow.expressions.errors import ExpressionError
from graphs.workflow.expressions.evaluate import Scope
from graphs.workflow.expressions.expressions import evaluate, holds, render_data, render_text
from graphs.workflow.expressions.values import Json
from router.privacy.gate import strictest
from router.types.task import Privacy

BATCH_PER_SLOT = 64
"""Items that are handed out together, per parallel slot: all of these end before anything else of
the run begins."""

_ITEM_ERRORS = 3


@dataclass(slots=True)
class Next:
    """facts: newly known, by step. sends: (step, item) to run now. asks: what the run waits for, if
    nothing can run. error: why the run has failed."""

    facts: dict[str, Facts] = field(default_factory=dict)
    sends: list[tuple[str, int | None]] = field(default_factory=list)
    asks: list[Ask] = field(default_factory=list)
    error: str | None = None


@dataclass(slots=True)
class RunProgress:
    """The progress of a run. items: by step and index, of steps that have no facts as a whole yet.

    answers: by the keys of the asks. prefix: of their paths. label: of all inputs of the run.
    wanted: for each step those that must end before it; computed where empty.
    """

    workflow: WorkflowDefinition
    inputs: Mapping[str, Json]
    facts: dict[str, Facts]
    items: Mapping[str, Mapping[int, Facts]]
    answers: Mapping[str, Answer]
    prefix: str = ""
    label: Privacy = Privacy.PUBLIC
    now: float = field(default_factory=time.time)
    lists: dict[str, list[Json]] = field(default_factory=dict)
    wanted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def answered(self, step_id: str, index: int | None) -> dict[str, Answer]:
        """The answers to a waiting step, or an item of one, by the paths of its asks."""
        known = self.facts.get(step_id)
        if index is not None:
            known = self.items.get(step_id, {}).get(index)
        asks = known.asks if known is not None else ()
        return {ask.path: self.answers[ask.key] for ask in asks if ask.key in self.answers}

    def scope(self, item: Json = None, index: int | None = None) -> Scope:
        return scope_of(self.inputs, self.facts, item, index)

    def label_of(self, step: Step) -> Privacy:
        """The strictest of the step's label and the actual labels of all that its texts read."""
        given = input_labels(self.workflow)
        read = reads(step).data
        return strictest(
            (
                step.privacy,
                self.label if read.inputs else Privacy.PUBLIC,
                *(given[name].privacy for name in read.inputs if name in given),
                *(self.facts[name].label for name in read.steps if name in self.facts),
            )
        )


def next_of(run: RunProgress) -> Next:
    """Decides what to do now, and adds what it finds to `run.facts` and `run.lists`.

    After a failure nothing is decided until the failed steps are tried again.
    """
    found = Next()
    if (failed := _failed(run)) is not None:
        found.error = failed
        return found
    wanted = run.wanted or needs(run.workflow)
    steps = {step.id: step for step in run.workflow.steps}
    went_on = True
    while went_on:
        went_on = False
        for step_id, before in wanted.items():
            known = run.facts.get(step_id)
            if known is not None and known.ended:
                continue
            if not all(one in run.facts and run.facts[one].ended for one in before):
                continue
            if any(step_id == sent for sent, _ in found.sends):
                continue
            facts = _Step(run, steps[step_id], known).go(found)
            if facts is not None and facts != known:
                run.facts[step_id] = found.facts[step_id] = facts
                went_on = went_on or facts.ended
                if (failed := _failed(run)) is not None:
                    found.error, found.sends = failed, []
                    return found
    if not found.sends:
        for step_id in steps:
            known = run.facts.get(step_id)
            items = run.items.get(step_id, {})
            parts = [items[index] for index in sorted(items)] if known is None else [known]
            found.asks += [ask for one in parts if not one.ended for ask in one.asks]
    return found


def _failed(run: RunProgress) -> str | None:
    for step in run.workflow.steps:
        facts = run.facts.get(step.id)
        if facts is not None and facts.status == "failed" and not step.continue_on_error:
            return f"the step {run.prefix}{step.id} failed: {facts.error}"
    return None


@dataclass(slots=True)
class _Step:
    """A step whose predecessors have ended."""

    run: RunProgress
    step: Step
    known: Facts | None

    def go(self, found: Next) -> Facts | None:
        """The step's facts as far as they are known; work to do is added to `found`."""
        step, run = self.step, self.run
        try:
            if self.known is None and step.id not in run.items and self._skipped():
                return Facts(status="skipped")
            if step.for_each is not None:
                return self._each(found)
            if step.action in ("approve", "wait"):
                return self._waits()
        except ExpressionError as error:
            return self._facts("failed", error=str(error))
        if self.known is None or self._may_go_on(self.known):
            found.sends.append((step.id, None))
        return self.known

    def _skipped(self) -> bool:
        condition = self.step.condition
        return condition is not None and not holds(condition, self.run.scope())

    def _facts(self, status: str, **fields: object) -> Facts:
        label = self.run.label_of(self.step)
        return Facts.model_validate({"status": status, "label": label, **fields})

    def _may_go_on(self, waiting: Facts) -> bool:
        """Whether an answer has come, or a wait is over."""
        return any(
            ask.key in self.run.answers or (ask.due is not None and ask.due <= self.run.now)
            for ask in waiting.asks
        )

    def _waits(self) -> Facts:
        known, now = self.known, self.run.now
        if known is None:
            return self._facts("waiting", asks=(self._ask(),))
        (ask,) = known.asks
        late = ask.due is not None and ask.due <= now
        if ask.kind == "wait":
            return self._facts("done", seconds=now - ask.since) if late else known
        answer = self.run.answers.get(ask.key)
        if answer is None and late:
            said = f"nobody answered within {now - ask.since:.0f} s"
            answer = Answer(approved=False, comment=said)
        if answer is None:
            return known
        output = {"approved": answer.approved, "comment": answer.comment}
        seconds = now - ask.since
        if answer.approved:
            return self._facts("done", output=output, seconds=seconds)
        error = answer.comment or "it was not approved"
        return self._facts("failed", output=output, error=error, seconds=seconds)

    def _ask(self) -> Ask:
        step, now = self.step, self.run.now
        path = f"{self.run.prefix}{step.id}"
        if step.approve is not None:
            message = render_text(step.approve.message, self.run.scope())
            due = None if step.timeout_s is None else now + step.timeout_s
            return Ask(path=path, kind="approve", message=message, since=now, due=due)
        assert step.wait is not None
        if step.wait.seconds is not None:
            return Ask(path=path, kind="wait", since=now, due=now + step.wait.seconds)
        assert step.wait.until is not None
        text = render_text(step.wait.until, self.run.scope())
        return Ask(path=path, kind="wait", since=now, due=moment(text))

    def _each(self, found: Next) -> Facts | None:
        """Hands out the remaining items, or gathers the facts of all items in one."""
        step, run = self.step, self.run
        items = run.lists.get(step.id)
        if items is None:
            items = run.lists[step.id] = self._list()
        done = run.items.get(step.id, {})
        left = [
            index
            for index in range(len(items))
            if index not in done or (not done[index].ended and self._may_go_on(done[index]))
        ]
        failed = [index for index in sorted(done) if done[index].status == "failed"]
        if failed and not step.continue_on_error:
            return self._gathered(items, done, failed)
        if left:
            batch = left[: BATCH_PER_SLOT * step.max_parallel]
            found.sends += [(step.id, index) for index in batch]
            return None
        if all(done[index].ended for index in range(len(items))):
            return self._gathered(items, done, failed)
        return None

    def _list(self) -> list[Json]:
        step, scope = self.step, self.run.scope()
        if isinstance(step.for_each, str):
            found = evaluate(step.for_each, scope)
        else:
            found = render_data(step.for_each, scope)
        return list_of(found, step)

    def _gathered(self, items: list[Json], done: Mapping[int, Facts], failed: list[int]) -> Facts:
        parts = [done[index] for index in sorted(done)]
        lost = bool(failed) and (not self.step.continue_on_error or len(failed) == len(items))
        error = None
        if failed:
            first = "; ".join(
                f"item {index}: {done[index].error}" for index in failed[:_ITEM_ERRORS]
            )
            error = f"{len(failed)} of {len(items)} items failed: {first}"
        outputs = [
            done[index].output if index in done and done[index].status == "done" else None
            for index in range(len(items))
        ]
        return self._facts(
            "failed" if lost else "done",
            output=None if lost else outputs,
            error=error,
            items=len(items),
            seconds=sum(one.seconds for one in parts),
            tries=max((one.tries for one in parts), default=0),
            warnings=tuple(dict.fromkeys(said for one in parts for said in one.warnings)),
            **total(parts),
        ).model_copy(
            update={"label": strictest((self.run.label_of(self.step), *(p.label for p in parts)))}
        )


def scope_of(
    inputs: Mapping[str, Json], facts: Mapping[str, Facts], item: Json, index: int | None
) -> Scope:
    """What expressions may read; `item` and `index` only where an index is given."""
    steps: dict[str, Mapping[str, Json]] = {
        step_id: {
            "output": one.output,
            "status": one.status,
            "error": one.error,
            "cost_usd": one.cost_usd,
        }
        for step_id, one in facts.items()
        if one.ended
    }
    if index is None:
        return Scope(inputs, steps)
    return Scope(inputs, steps, item, index)


def list_of(found: Json, step: Step) -> list[Json]:
    """The value of a `for_each`; ExpressionError where it is no list."""
    if not isinstance(found, list):
        what = "nothing" if found is None else type(found).__name__
        raise ExpressionError(
            f"`for_each` wants a list, found {what}",
            expression=str(step.for_each)[:200],
            offset=0,
        )
    return found


def moment(text: str) -> float:
    """Epoch seconds of a moment in ISO 8601; without a zone it is UTC. Raises ExpressionError."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ExpressionError(
            "`until` wants a moment such as 2030-01-31T09:00:00Z", expression=text, offset=0
        ) from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
