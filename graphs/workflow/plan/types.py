"""What a plan says of a workflow and of each of its steps, as values."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from router.types.base import Frozen
from router.types.task import Privacy

Place = Literal["here", "cloud", "here, then cloud"]


class StepPlan(Frozen):
    """One step as it would run; nothing of it was asked of anybody.

    wave: from 1; the steps of one wave wait for none of each other.
    who: the role that answers, the tool, or the file of the workflow that is called.
    model, cloud_model: whose answers it would be, here and in the cloud. place, reason: where it is
    done and why there; None where nobody is asked.
    label, label_reason: how private its texts are, and what made them so.
    runs: `no` where its `if` is false whatever comes, `perhaps` where that is open.
    times: how often; None where the list is not known. Tokens, `each_usd` and `each_s` are of one
    time, on average, and None where unknown; with more than one try or an answer that is not good
    enough it is more.
    more: what the tokens of the prompt do not count, by name.
    cloud_share: of its answers, expected of the cloud.
    cost_usd, seconds: of all times; None where one time or their number is not known.
    most_usd: what the budgets allow it; None: nothing bounds it.
    called: the plan of the workflow that is called, as for the first item.
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
    """What a workflow would do, with what is known of its inputs; steps by the order they run.

    cost_usd: expected, of every step with a known price, each `perhaps` as a yes; per_item_usd:
    what each item of a list that is not known yet adds to it, by step (`outer/inner` of one that
    is called); unpriced: steps whose cost is not known. most_usd: what the budgets allow; None:
    nothing bounds it. seconds: along the waves, of the steps whose time is
    known; untimed: those whose is not.
    cloud_model: whose prices these are; cloud_absent: why there is no cloud, empty where there is.
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
