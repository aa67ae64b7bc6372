"""What can be configured about learning from this user's own outcomes, and what it may spend."""

from __future__ import annotations

from pydantic import Field

from router.types.base import Frozen


class LearningSettings(Frozen):
    """Expectations from your own outcomes, and shadow runs to have more of them."""

    use: bool = Field(default=True, description="route by what `edgeward learn` has learned")
    shadow_rate: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="share of the public tasks answered locally that the cloud is asked as well, "
        "after the answer, to compare; 0: none",
    )
    shadow_usd_per_day: float = Field(
        default=0.1, ge=0, description="US dollars that shadow runs may cost a day (UTC)"
    )
    shadow_judge: bool = Field(
        default=True,
        description="where two answers differ, or cannot be compared by what they hold, ask the "
        "cloud which of them do what was asked",
    )
