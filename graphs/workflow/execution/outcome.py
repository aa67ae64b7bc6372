"""The results of steps and of whole runs, as values that are stored in Redis and returned."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, JsonValue

from router.privacy.gate import strictest
from router.types.base import Frozen
from router.types.task import Privacy

Status = Literal["done", "skipped", "failed", "waiting"]
RunStatus = Literal["running", "waiting", "done", "failed", "interrupted"]


class Ask(Frozen):
    """What a run waits for. path: of the step: `approval`, or `sub[3]/approval` in a called
    workflow.

    approve: a person's yes or no to `message`; due: when silence counts as no, None for never.
    wait: until `due`. Times are epoch seconds.
    """

    path: str
    kind: Literal["approve", "wait"]
    message: str = ""
    since: float = Field(default_factory=time.time)
    due: float | None = None

    @property
    def key(self) -> str:
        """The key of its answer, which differs from that of the step's earlier questions."""
        return f"{self.path} {self.since!r}"


class Answer(Frozen):
    """What a person said to an `approve`."""

    approved: bool
    comment: str = ""


class Facts(Frozen):
    """The result of a step, or of one item of it.

    cost_usd: of all tries; None where a price is unknown. local, cloud, cached: number of answers
    from each. items: how many, with `for_each`; seconds are then the sum over the items.
    cloud_tokens: prompt and answer tokens of the cloud. asks: what a `waiting` step waits for.
    label: the strictest of what its output is made of.
    """

    status: Status
    output: JsonValue = None
    error: str | None = None
    cost_usd: float | None = 0.0
    avoided_usd: float = 0.0
    seconds: float = 0.0
    tries: int = 1
    items: int | None = None
    local: int = 0
    cloud: int = 0
    cached: int = 0
    cloud_tokens: int = 0
    label: Privacy = Privacy.PUBLIC
    asks: tuple[Ask, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def ended(self) -> bool:
        return self.status != "waiting"


class RunResult(Frozen):
    """The state of a run. steps: those that have begun, in the order of the file.

    outputs: those of the file; None until the run is done. waits_for: what a `waiting` run needs.
    cost_usd: None where a price is unknown. avoided_usd: what the cloud would have charged for the
    local answers; an estimate. Times: epoch seconds.
    """

    run_id: str
    workflow: str
    status: RunStatus
    outputs: dict[str, JsonValue] | None = None
    error: str | None = None
    steps: dict[str, Facts] = Field(default_factory=dict)
    waits_for: tuple[Ask, ...] = ()
    cost_usd: float | None = 0.0
    avoided_usd: float = 0.0
    began: float = 0.0
    ended: float | None = None


@dataclass(frozen=True, slots=True)
class Began:
    """A step has begun. items: how many it has with `for_each`, else None."""

    path: str
    items: int | None


@dataclass(frozen=True, slots=True)
class ItemEnded:
    """One item of a step has ended; `facts` are its own."""

    path: str
    index: int
    facts: Facts


@dataclass(frozen=True, slots=True)
class Ended:
    """A step has ended, or begun to wait."""

    path: str
    facts: Facts


@dataclass(frozen=True, slots=True)
class RunEnded:
    """Always the last event of a stream: the run has ended, or waits."""

    result: RunResult


WorkflowEvent = Began | ItemEnded | Ended | RunEnded
"""What a caller of `Workflow.stream` receives."""


def total(parts: list[Facts]) -> dict[str, float | int | None]:
    """The sums of the figures of several facts, by field."""
    costs = [one.cost_usd for one in parts]
    return {
        "cost_usd": None if None in costs else sum(one or 0.0 for one in costs),
        "avoided_usd": sum(one.avoided_usd for one in parts),
        "local": sum(one.local for one in parts),
        "cloud": sum(one.cloud for one in parts),
        "cached": sum(one.cached for one in parts),
        "cloud_tokens": sum(one.cloud_tokens for one in parts),
    }


def so_far(parts: list[Facts]) -> Facts:
    """The facts so far of a step whose items have not all ended."""
    return Facts.model_validate(
        {
            "status": "waiting",
            "items": len(parts),
            "asks": tuple(ask for one in parts if not one.ended for ask in one.asks),
            "label": strictest(one.label for one in parts),
            **total(parts),
        }
    )
