"""The order of a workflow's steps, and what each of them reads."""

from __future__ import annotations

from dataclasses import dataclass

from graphs.workflow.definition.model import Step, WorkflowDefinition
from graphs.workflow.expressions.expressions import References, references, references_in


@dataclass(frozen=True, slots=True)
class Reads:
    """What a step reads. data: for its texts; choice: to decide whether it runs."""

    data: References
    choice: References

    @property
    def all(self) -> References:
        return self.data | self.choice


def reads(step: Step) -> Reads:
    texts = {
        "prompt": step.prompt,
        "system": step.system,
        # Of what a test finds, its words go into the prompt that asks again.
        "test_code": step.verify.test_code if step.verify else None,
        "arguments": step.arguments,
        "inputs": step.inputs,
        "approve": step.approve.message if step.approve else None,
        "wait": step.wait.until if step.wait else None,
    }
    data = references_in(texts)
    if isinstance(step.for_each, str):
        data |= references(step.for_each)
    elif step.for_each is not None:
        data |= references_in(step.for_each)
    choice = References() if step.condition is None else references(step.condition)
    return Reads(data, choice)


def needs(workflow: WorkflowDefinition) -> dict[str, tuple[str, ...]]:
    """The steps that must end before each step starts, in the order of the file.

    Those in its `needs`, or without that the step above it; and every step that it reads.
    """
    ids = [step.id for step in workflow.steps]
    known = dict.fromkeys(ids)
    found: dict[str, tuple[str, ...]] = {}
    for number, step in enumerate(workflow.steps):
        named = step.needs if step.needs is not None else ids[number - 1 : number] if number else ()
        wanted = ({*named} - {step.id}) | reads(step).all.steps
        found[step.id] = tuple(one for one in known if one in wanted)
    return found


def waves(workflow: WorkflowDefinition) -> tuple[tuple[str, ...], ...]:
    """The steps in execution order; the steps of one wave do not wait for each other.

    Steps in a cycle are left out; `problems_of` reports them.
    """
    waiting = {step: set(wanted) for step, wanted in needs(workflow).items()}
    found: list[tuple[str, ...]] = []
    while ready := tuple(step for step, wanted in waiting.items() if not wanted):
        found.append(ready)
        for step in ready:
            del waiting[step]
        for wanted in waiting.values():
            wanted.difference_update(ready)
    return tuple(found)


def circle(workflow: WorkflowDefinition) -> tuple[str, ...]:
    """Steps that form a cycle, each waiting for the next and the last for the first; or none."""
    wanted = needs(workflow)
    left = {*wanted} - {step for wave in waves(workflow) for step in wave}
    if not left:
        return ()
    path = [next(step for step in wanted if step in left)]
    while True:
        following = next(one for one in wanted[path[-1]] if one in left)
        if following in path:
            return tuple(path[path.index(following) :])
        path.append(following)
