"""The values of a plan: of a whole workflow, and of each step."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from router.types.base import Frozen
from router.types.task import Privacy

Place = Literal["here", "cloud", "here, then cloud"]


class StepPlan(Frozen):
    """The plan of one step.

    wave: from 1; the steps of one wave do not wait for each other.
    who: the role that answers, the tool, or the file of the called workflow.
    model, cloud_model: the models that would answer, locally and in the cloud. place, reason: where
    the step is done and why there; None where no model is asked.
    label, label_reason: the privacy of its texts, and where that comes from.
    runs: `no` where its `if` is always false, `perhaps` where that is not known.
    times: how often; None where the list is not known. Tokens, `each_usd` and `each_s` are for one
    time, on average, and None where unknown; retries and rejected answers add to them.
    more: names of what the prompt's tokens do not include.
    cloud_share: expected share of its answers that the cloud gives.
    cost_usd, seconds: for all times; None where one time or their number is not known.
    most_usd: the limit that the budgets set; None: there is none.
    called: the plan of the called workflow, for the first item.
    """

    id: str
    wave: int
    action: Literal["prompt", "tool", "workflow", "approve", "wait"]
    who: str = ""
    model: str | None = None
    cloud_model: str | None = None
    place: Place | None = None
    reason: str = ""
    label: Privacy = Privacy.PUBLIC
    label_reason: str = ""
    runs: Literal["yes", "no", "perhaps"] = "yes"
    condition: str | None = None
    times: int | None = 1
    max_parallel: int = 1
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    more: tuple[str, ...] = ()
    cloud_share: float = 0.0
    each_usd: float | None = 0.0
    cost_usd: float | None = 0.0
    most_usd: float | None = None
    each_s: float | None = None
    seconds: float | None = None
    called: Plan | None = None


class Plan(Frozen):
    """The plan of a workflow for the inputs that are known; steps in execution order.

    cost_usd: expected, of every step with a known price, `perhaps` counting as yes; per_item_usd:
    what each item of a list that is not known yet adds to it, by step (`outer/inner` in a called
    workflow); unpriced: steps whose cost is not known. most_usd: the limit that the budgets set;
    None: there is none. seconds: along the waves, of the steps whose time is known; untimed: the
    other steps.
    cloud_model: the model of the prices; cloud_absent: why there is no cloud, empty if there is
    one.
    not_given: inputs that have no value yet.
    """

    workflow: str
    steps: tuple[StepPlan, ...]
    cost_usd: float
    per_item_usd: dict[str, float] = Field(default_factory=dict)
    unpriced: tuple[str, ...] = ()
    most_usd: float | None = None
    seconds: float = 0.0
    untimed: tuple[str, ...] = ()
    cloud_model: str = ""
    cloud_absent: str = ""
    not_given: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def to_json(self) -> str:
        return self.model_dump_json(indent=2)
