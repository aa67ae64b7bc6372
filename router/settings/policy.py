"""When a task goes to the cloud, and when a local answer is good enough."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from router.types.base import Frozen
from router.types.decision import Kind


class PolicySettings(Frozen):
    """When a task goes to the cloud, and when a local answer is good enough."""

    max_gain: float = Field(
        default=0.20,
        ge=-1,
        le=1,
        description="a task goes to the cloud when its expected gain there (its score less the "
        "local one, 0..1) is above this",
    )
    max_gain_by_kind: dict[Kind, Annotated[float, Field(ge=-1, le=1)]] = Field(
        default_factory=dict,
        description="the same for one kind, over max_gain: {math: 0.3}; 'edgeward calibrate' sets "
        "both",
    )
    gain: dict[Kind, float] = Field(
        default_factory=dict,
        description="expected gain by kind, over what was measured (0: the local model is as good)",
    )
    max_complexity: float = Field(
        default=0.4, ge=0, le=1, description="from here on a task goes to the cloud, of any kind"
    )
    min_probability: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="least geometric-mean token probability of an uncalibrated model's answer",
    )
    min_confidence: float = Field(
        default=0.8,
        ge=0,
        le=1,
        description="least probability of being right, of a model that 'edgeward models probe' "
        "has seen",
    )
    unverified: Literal["escalate", "accept"] = Field(
        default="escalate",
        description="an answer that no check could verify, of a model that 'edgeward models probe' "
        "has not seen: escalate sends the task to the cloud, if there is one",
    )
    second_opinion: bool = Field(
        default=True,
        description="compare an answer with that of a second local model that is loaded and idle",
    )
    default_language: str | None = Field(
        default=None,
        description="the programming language of code where a task names none, such as typescript",
    )
    local_share: float = Field(
        default=0.6,
        gt=0,
        le=1,
        description="share of a task's time that local attempts may use when a cloud stands behind",
    )
    max_wait_s: float = Field(
        default=20.0,
        gt=0,
        description="no task waits longer for a local model's turn; it then goes to the cloud, "
        "if there is one",
    )
