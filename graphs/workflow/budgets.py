"""Whether the money in a workflow can suffice."""

from __future__ import annotations

from collections.abc import Mapping

from graphs.workflow.model import Step, Workflow
from graphs.workflow.problems import Problem


def most_usd(workflow: Workflow, called: Mapping[str, Workflow] | None = None) -> float | None:
    """What a run may spend at most by the file; None where nothing bounds it."""
    if workflow.budget is not None:
        return workflow.budget.max_usd
    found = [_ceiling(step, called or {}) for step in workflow.steps]
    known = [one for one in found if one is not None]
    unbounded = any(
        one is None and (step.may_use_cloud or step.workflow)
        for one, step in zip(found, workflow.steps, strict=True)
    )
    return None if unbounded else sum(known)


def budget_problems(workflow: Workflow, called: Mapping[str, Workflow]) -> list[Problem]:
    found: list[Problem] = []
    ceilings: dict[str, float] = {}
    for number, step in enumerate(workflow.steps):
        one = _ceiling(step, called)
        if one:
            ceilings[step.id] = one
        if message := _of_step(step, called):
            key = "budget" if step.budget else "escalate"
            found.append(workflow.source.problem(("steps", number, key, "max_usd"), message))
    if workflow.budget is None:
        return found
    place, most = ("budget", "max_usd"), workflow.budget.max_usd
    clouds = [step.id for step in workflow.steps if step.always_in_cloud]
    if most == 0 and clouds:
        message = f"a budget of nothing, and {_listed(clouds)} answered in the cloud"
        found.append(workflow.source.problem(place, message))
    elif (total := sum(ceilings.values())) > most + 1e-9:
        parts = ", ".join(f"{step} {usd:g}" for step, usd in ceilings.items())
        message = (
            f"it cannot suffice: the steps may spend {total:g} USD together ({parts}), which is "
            f"more than {most:g}: raise it, or lower theirs"
        )
        found.append(workflow.source.problem(place, message))
    return found


def _of_step(step: Step, called: Mapping[str, Workflow]) -> str | None:
    own = step.budget.max_usd if step.budget else None
    each = step.escalate.max_usd if step.escalate else None
    if step.budget and own == 0 and step.always_in_cloud:
        return "it cannot suffice: the step is answered in the cloud, and may spend nothing"
    if each == 0:
        return "it cannot suffice: an answer of the cloud costs something"
    if own is not None and each is not None and each > own:
        return f"it cannot suffice: one answer may cost {each:g} USD, the whole step {own:g}"
    other = called.get(step.id)
    if own is not None and other is not None and other.budget and other.budget.max_usd > own:
        return (
            f"it cannot suffice: {step.workflow} may spend {other.budget.max_usd:g} USD, "
            f"this step {own:g}"
        )
    return None


def _ceiling(step: Step, called: Mapping[str, Workflow]) -> float | None:
    """What a step may spend at most; None where nothing bounds it."""
    if step.budget is not None:
        return step.budget.max_usd
    times = len(step.for_each) if isinstance(step.for_each, list) else 1
    if step.escalate and step.escalate.max_usd is not None:
        return step.escalate.max_usd * times
    if (other := called.get(step.id)) is not None and other.budget is not None:
        return other.budget.max_usd * times
    return None if step.may_use_cloud or step.workflow else 0.0


def _listed(ids: list[str]) -> str:
    named = ", ".join(f"`{one}`" for one in ids)
    return f"{named} {'is' if len(ids) == 1 else 'are'}"
