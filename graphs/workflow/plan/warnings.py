"""The warnings of a plan: what is missing, and which budgets will not suffice."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from graphs.workflow.definition.model import Step, WorkflowDefinition
from graphs.workflow.plan.types import Plan, StepPlan
from router.types.task import MAX_PROMPT_CHARS

if TYPE_CHECKING:
    from graphs.workflow.plan.placement import Seats
    from graphs.workflow.plan.step import Asking


@dataclass(slots=True)
class Notes:
    """Collects the warnings, each with the steps that it is about."""

    workflow: WorkflowDefinition
    seats: Seats
    _told: dict[str, list[str]] = field(default_factory=dict)

    def tell(self, step: str, message: str) -> None:
        self._told.setdefault(message, []).append(f"`{step}`")

    def asked(self, step: Step, asked: Asking) -> None:
        """Adds warnings about who answers, and whether the budget allows one answer."""
        seat, one = asked.seat, asked.answer_usd
        if seat.problem:
            self.tell(step.id, seat.problem)
        if asked.longest_chars > MAX_PROMPT_CHARS:
            self.tell(
                step.id,
                f"the prompt has {asked.longest_chars:,} characters, the limit is "
                f"{MAX_PROMPT_CHARS:,}: that fails",
            )
        if not seat.cloud_share:
            return
        if one is None:
            name = self.seats.roster.cloud_model
            self.tell(step.id, f"no price is known of {name}: name one in a file of `prices`")
            return
        allowed = step.escalate.max_usd if step.escalate else None
        limits = {
            "`escalate.max_usd`": allowed,
            "`budget.task_usd` of the configuration": self.seats.settings.budget.task_usd,
        }
        for name, limit in limits.items():
            if limit is not None and limit < one:
                self.tell(
                    step.id, f"an answer of the cloud may cost {one:.4f} USD, {name} is {limit:g}"
                )

    def about(self, step: Step, planned: StepPlan) -> None:
        """Adds warnings about the planned step."""
        if planned.times is None:
            self.tell(step.id, "the list is known when it runs; figures are of one item")
        if step.tool is not None and (against := self.seats.against_tool(step.tool)):
            self.tell(step.id, f"{against}: that fails")
        if step.approve is not None:
            self.tell(step.id, "waits until a person says yes or no")
        if step.wait is not None:
            until = f"until {step.wait.until}" if step.wait.until else f"{step.wait.seconds:g} s"
            self.tell(step.id, f"waits {until}")
        if step.budget is not None and (planned.cost_usd or 0.0) > step.budget.max_usd:
            self.tell(
                step.id,
                f"expected to cost {planned.cost_usd:.4f} USD, the step's budget is "
                f"{step.budget.max_usd:g}",
            )

    def warnings(self, plan: Plan) -> tuple[str, ...]:
        found = [f"{', '.join(steps)}: {message}" for message, steps in self._told.items()]
        budget = self.workflow.budget
        if budget is not None and plan.cost_usd > budget.max_usd:
            found.append(
                f"{self.workflow.name} is expected to cost {plan.cost_usd:.4f} USD, its budget is "
                f"{budget.max_usd:g}"
            )
        return tuple(found)
