"""What can be configured about the queue."""

from __future__ import annotations

from pydantic import Field

from router.types.base import Frozen


class QueueSettings(Frozen):
    """Tasks for workers in other processes, and on other machines."""

    most_waiting: int = Field(default=100_000, ge=1, description="tasks that may wait at a time")
    lease_s: float = Field(
        default=60.0, gt=0, description="a worker silent for so long loses its task to another one"
    )
    retries: int = Field(
        default=2, ge=0, description="further runs of a task whose models could not be reached"
    )
    most_runs: int = Field(
        default=3, ge=1, description="workers that may die of a task before it is set aside as dead"
    )
    keep_hours: float = Field(default=24.0, gt=0, description="how long a result is kept")
    dead_days: float = Field(default=14.0, gt=0, description="how long a dead task is kept")
    per_minute: int = Field(
        default=0, ge=0, description="tasks a minute of one tenant at most; 0: no limit"
    )
    drain_s: float = Field(
        default=30.0,
        ge=0,
        description="a worker told to end finishes its tasks for so long, then hands them back",
    )
