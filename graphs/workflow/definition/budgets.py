"""Checks whether a workflow's budgets are consistent with each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from graphs.workflow.definition.labels import labels
from graphs.workflow.definition.model import BudgetOf, Step, WorkflowDefinition
from graphs.workflow.definition.problems import Problem
from router.types.task import Privacy


def most_usd(
    workflow: WorkflowDefinition, called: Mapping[str, WorkflowDefinition] | None = None
) -> float | None:
    """The most that a run may spend according to the file; None where there is no bound."""
    return bounded(workflow.budget, _ceilings(workflow, called or {}))


def bounded(budget: BudgetOf | None, parts: Iterable[float | None]) -> float | None:
    """The sum of the parts, limited by the budget; None where there is no bound."""
    found = [*parts]
    known = [one for one in found if one is not None]
    own = None if len(known) < len(found) else sum(known)
    bounds = [one for one in (budget.max_usd if budget else None, own) if one is not None]
    return min(bounds, default=None)


def ceiling(
    step: Step, *, leaves: bool, times: int | None, called_usd: float | None = None
) -> float | None:
    """The most that a step may spend; None where there is no bound.

    leaves: whether its text may go to a cloud. times: how often the step runs, None if unknown.
    called_usd: the most that one run of the workflow that it calls may spend.
    """
    if step.workflow is None and not (leaves and _may_be_sent(step)):
        return 0.0
    each = called_usd
    if step.escalate is not None and step.escalate.max_usd is not None:
        each = step.escalate.max_usd
    tries = None if times is None else times * (step.retry + 1)
    if each == 0:
        return 0.0
    return bounded(step.budget, (None if each is None or tries is None else each * tries,))


def budget_problems(
    workflow: WorkflowDefinition, called: Mapping[str, WorkflowDefinition]
) -> list[Problem]:
    found: list[Problem] = []
    ceilings: dict[str, float] = {}
    # A list of unknown length counts as one item: an empty one costs nothing.
    of_steps = _ceilings(workflow, called, unknown=1)
    for number, step in enumerate(workflow.steps):
        one = of_steps[number]
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


def _of_step(step: Step, called: Mapping[str, WorkflowDefinition]) -> str | None:
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


def _ceilings(
    workflow: WorkflowDefinition,
    called: Mapping[str, WorkflowDefinition],
    unknown: int | None = None,
) -> tuple[float | None, ...]:
    """The most that each step may spend. unknown: times of a step whose list is not in the file."""
    kept = labels(workflow)
    return tuple(
        ceiling(
            step,
            leaves=kept.get(step.id) is not Privacy.LOCAL_ONLY,
            times=times_written(step, unknown),
            called_usd=most_usd(called[step.id]) if step.id in called else None,
        )
        for step in workflow.steps
    )


def times_written(step: Step, unknown: int | None = None) -> int | None:
    """How often a step runs according to the file; `unknown` where the file does not say."""
    if step.for_each is None:
        return 1
    return len(step.for_each) if isinstance(step.for_each, list) else unknown


def _may_be_sent(step: Step) -> bool:
    """Whether the step may ask a model in the cloud."""
    free = step.agent == "auto" and step.placement == "auto"
    return step.prompt is not None and (step.may_use_cloud or free)


def _listed(ids: list[str]) -> str:
    named = ", ".join(f"`{one}`" for one in ids)
    return f"{named} {'is' if len(ids) == 1 else 'are'}"
