"""How much money the cloud may cost."""

from __future__ import annotations

from pydantic import Field

from router.types.base import Frozen


class BudgetSettings(Frozen):
    """US dollars for the cloud. Local work goes on when one is used up; cloud steps wait."""

    task_usd: float | None = Field(default=None, ge=0, description="for one task, all its calls")
    session_usd: float | None = Field(default=None, ge=0, description="for one session")
    day_usd: float | None = Field(default=None, ge=0, description="for one day (UTC)")
    month_usd: float | None = Field(default=None, ge=0, description="for one month (UTC)")
    tags_usd: dict[str, float] = Field(
        default_factory=dict, description="for the tasks with a tag in one month, by tag"
    )
    careful_from: float = Field(
        default=0.8,
        gt=0,
        le=1,
        description="share of a budget from which on only what gains more goes to the cloud",
    )

    @property
    def limited(self) -> bool:
        limits = (self.task_usd, self.session_usd, self.day_usd, self.month_usd)
        return bool(self.tags_usd) or any(limit is not None for limit in limits)
