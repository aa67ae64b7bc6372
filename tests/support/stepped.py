"""A small runner that works only inside `step`, as a GPU model does: one word of a job in a
step."""

from __future__ import annotations

import threading
import time

from agents.engines.lane_job import Job
from router.engine import EngineCaps
from router.errors import EngineError, EngineUnavailable
from router.types.completion import Completion, Usage


class SteppedRunner:
    """Answers with numbers. Each operation can be made slow, or made to hang until released.

    log: the lane's calls, with their threads.
    """

    def __init__(
        self,
        model: str,
        *,
        slots: int = 1,
        footprint_bytes: int = 100,
        load_s: float = 0.0,
        token_s: float = 0.0,
    ) -> None:
        self.model = model
        self.slots = slots
        self.footprint_bytes = footprint_bytes
        self.load_estimate_s = load_s
        self.token_s = token_s
        self.log: list[tuple[str, str]] = []
        self.order: list[str] = []
        self.hangs_in: str | None = None
        self.fails_in: str | None = None
        self.released = threading.Event()
        self.jobs: dict[Job, int] = {}
        self.loaded = False

    @property
    def caps(self) -> EngineCaps:
        return EngineCaps(engine="stepped", model=self.model, local=True)

    def load(self) -> None:
        self._enter("load")
        assert not self.loaded
        time.sleep(self.load_estimate_s)
        self.loaded = True

    def unload(self) -> None:
        self._enter("unload")
        assert self.loaded
        for job in list(self.jobs):
            self._end(job, EngineUnavailable(f"{self.model}: unloaded", model=self.model))
        self.loaded = False

    def start(self, job: Job) -> None:
        self._enter("start")
        assert self.loaded
        assert len(self.jobs) < self.slots
        self.order.append(job.request.messages[-1].content)
        self.jobs[job] = 0

    def step(self) -> bool:
        self._enter("step")
        assert self.loaded
        for job in list(self.jobs):
            self._advance(job)
        return bool(self.jobs)

    def abandon(self) -> None:
        self.log.append(("abandon", threading.current_thread().name))
        self.jobs.clear()
        self.loaded = False
        self.hangs_in = None

    def _advance(self, job: Job) -> None:
        if job.stopped:
            self._end(job, job.timeout(self.model))
            return
        time.sleep(self.token_s)
        self.jobs[job] += 1
        count = self.jobs[job]
        job.emit(f"{count} ")
        if count >= job.request.max_tokens:
            text = "".join(f"{number + 1} " for number in range(count))
            usage = Usage(prompt_tokens=1, completion_tokens=count)
            completion = Completion(
                text=text, engine="stepped", model=self.model, finish_reason="length", usage=usage
            )
            self._end(job, completion)

    def _end(self, job: Job, outcome: Completion | EngineError) -> None:
        del self.jobs[job]
        job.finish(outcome)

    def _enter(self, call: str) -> None:
        if call != "step":
            self.log.append((call, threading.current_thread().name))
        if self.fails_in == call:
            raise ZeroDivisionError(f"in {call}")
        if self.hangs_in == call:
            self.released.wait(30)
