"""One model's state on a lane: its waiting and running jobs, and its measured times."""

from __future__ import annotations

import math
import time
from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass, field

from agents.engines.lane_job import Job, Runner
from agents.engines.lane_order import ModelLoad
from router.errors import EngineError
from router.types.task import Priority

WAIT_SHARE = {Priority.HIGH: 0.15, Priority.NORMAL: 0.6, Priority.LOW: 0.8}
"""The share of the bound after which a job is due, by priority. A high one overtakes jobs that came
up to nearly half a bound before it; a low one still has a fifth of its bound left for a swap.
"""

_WEIGHT = 0.3
"""The weight of the newest measurement in a running mean; the last three make up two thirds."""


@dataclass(eq=False)
class Seat:
    """The state of one model; mutable, guarded by the lane's lock.

    key: its name on the lane; two models may have one name. hung: the reason, once the watchdog has
    given the model up. returning: it was added again while it was leaving. load_s: expected seconds
    of a load, from the runner's estimate until one was measured. service_s: expected seconds of one
    job, 0 until one was measured. on_warm: called with None or the reason once the request to load
    it was handled. on_left: called when it has left the lane.
    """

    runner: Runner
    key: str
    pinned: bool
    load_s: float
    service_s: float = 0.0
    resident: bool = False
    leaving: bool = False
    returning: bool = False
    hung: EngineError | None = None
    loads: int = 0
    last_used: float = field(default_factory=time.monotonic)
    loaded_at: float = -math.inf
    active: set[Job] = field(default_factory=set)
    waiting: list[tuple[float, int, Job]] = field(default_factory=list)
    on_warm: list[Callable[[EngineError | None], None]] = field(default_factory=list)
    on_left: list[Callable[[], None]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.runner.caps.model

    def queue(self, job: Job, number: int, bound_s: float) -> None:
        insort(self.waiting, (self._due(job, bound_s), number, job))
        self.last_used = time.monotonic()

    def _due(self, job: Job, bound_s: float) -> float:
        """The sort key of a job, from priority and age: the first due starts first."""
        request = job.request
        bound = bound_s if request.max_wait_s is None else request.max_wait_s
        due = job.submitted + bound * WAIT_SHARE[request.priority]
        return min(due, request.deadline - self.service_s)

    def progress_at(self) -> float:
        """When a running job last made a token or read a part of its prompt; inf for none."""
        return max((job.last_progress for job in self.active), default=math.inf)

    def forget(self, job: Job) -> None:
        self.waiting = [entry for entry in self.waiting if entry[2] is not job]

    def take_waiting(self) -> list[Job]:
        """Removes and returns the waiting jobs."""
        jobs = [job for _, _, job in self.waiting]
        self.waiting.clear()
        return jobs

    def drop_over(self) -> None:
        """Removes the jobs whose readers no longer wait."""
        if any(not entry[2].waiting for entry in self.waiting):
            self.waiting = [entry for entry in self.waiting if entry[2].waiting]

    def loaded(self, took_s: float) -> None:
        self.load_s = took_s if self.loads == 0 else _mean(self.load_s, took_s)
        self.loads += 1
        self.resident = True
        self.loaded_at = self.last_used = time.monotonic()

    def served(self, job: Job, whole: bool) -> None:
        """A job has ended; only complete answers update `service_s`."""
        self.active.discard(job)
        self.last_used = time.monotonic()
        if whole:
            took_s = self.last_used - job.started
            self.service_s = _mean(self.service_s, took_s) if self.service_s else took_s

    def model_load(self) -> ModelLoad:
        return ModelLoad(
            name=self.key,
            resident=self.resident,
            pinned=self.pinned,
            footprint_bytes=self.runner.footprint_bytes,
            slots=self.runner.slots,
            active=len(self.active),
            waiting=len(self.waiting),
            first_due=self.waiting[0][0] if self.waiting else math.inf,
            first_number=min((entry[1] for entry in self.waiting), default=math.inf),
            load_s=self.load_s,
            service_s=self.service_s,
            last_used=self.last_used,
            loaded_at=self.loaded_at,
        )


def _mean(mean: float, newest: float) -> float:
    return (1 - _WEIGHT) * mean + _WEIGHT * newest
