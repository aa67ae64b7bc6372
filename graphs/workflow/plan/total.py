"""Sums up the steps of a plan."""

from __future__ import annotations

from collections.abc import Sequence

from graphs.workflow.definition.budgets import bounded
from graphs.workflow.definition.model import WorkflowDefinition
from graphs.workflow.plan.placement import Seats
from graphs.workflow.plan.types import Plan, StepPlan


def total(workflow: WorkflowDefinition, steps: Sequence[StepPlan], seats: Seats) -> Plan:
    """The plan of these steps, without its warnings."""
    waves_s: dict[int, float] = {}
    for one in steps:
        waves_s[one.wave] = max(waves_s.get(one.wave, 0.0), one.seconds or 0.0)
    return Plan(
        workflow=workflow.name,
        steps=tuple(steps),
        cost_usd=to_cents(sum(one.cost_usd or 0.0 for one in steps)) or 0.0,
        per_item_usd={name: usd for one in steps for name, usd in _per_item(one).items()},
        unpriced=tuple(name for one in steps for name in _unpriced(one)),
        most_usd=bounded(workflow.budget, (one.most_usd for one in steps)),
        seconds=round(sum(waves_s.values()), 3),
        untimed=tuple(one.id for one in steps if one.seconds is None),
        cloud_model=seats.roster.cloud_model,
        cloud_absent=seats.roster.cloud_absent,
    )


def to_cents(usd: float | None) -> float | None:
    """Rounded to a ten-thousandth of a cent: expected costs are not more precise."""
    return None if usd is None else round(usd, 6)


def _per_item(step: StepPlan) -> dict[str, float]:
    """The cost of each item of a list that is not known yet, by the step of the list."""
    found: dict[str, float] = {}
    if step.times is None and step.each_usd:
        found[step.id] = step.each_usd
    inner = {} if step.called is None else step.called.per_item_usd
    for name, usd in inner.items():
        # An unknown number of calls counts as one.
        found[f"{step.id}/{name}"] = to_cents(usd * (step.times or 1)) or 0.0
    return found


def _unpriced(step: StepPlan) -> list[str]:
    if step.called is not None:
        return [f"{step.id}/{name}" for name in step.called.unpriced]
    return [step.id] if step.each_usd is None else []
