"""The interface between a lane and its models: a job, and what a model must implement."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Literal, Protocol

from router.engine import Delta, EngineCaps, GenerateRequest
from router.errors import EngineError, EngineOverloaded, EngineTimeout
from router.types.completion import Completion

Part = Delta | Completion | EngineError
"""What a reader receives: pieces of text, then the completion, or the error that replaces it."""


class Job:
    """One request on its way through a lane: waiting, running, over.

    post: hands a part to the reader; called from whichever thread has it, and it does not block.
    Times are `time.monotonic()` seconds; `started` and `last_progress` mean something from the
    first moment of running on.
    """

    def __init__(self, request: GenerateRequest, post: Callable[[Part], None]) -> None:
        self.request = request
        self.submitted = time.monotonic()
        self.started = self.submitted
        self.last_progress = self.submitted
        self.began_to_answer = False
        self._post = post
        self._lock = threading.Lock()
        self._state: Literal["waiting", "running", "over"] = "waiting"
        self._left = False
        self._on_end: Callable[[Job, bool], None] | None = None

    @property
    def waiting(self) -> bool:
        return self._state == "waiting"

    @property
    def over(self) -> bool:
        return self._state == "over"

    @property
    def stopped(self) -> bool:
        """Whether the job should end: its reader left, its deadline passed, or it has ended
        already.

        Whoever runs the job checks this at least once a token and once a batch of the prompt.
        """
        return self._left or self.over or time.monotonic() >= self.request.deadline

    def begin(self, on_end: Callable[[Job, bool], None]) -> bool:
        """From waiting to running; False if it was withdrawn meanwhile.

        on_end: called once, at the end, with the job and whether it came to a whole answer.
        """
        with self._lock:
            if self._state != "waiting" or self._left:
                return False
            self._state = "running"
            self._on_end = on_end
            self.started = self.last_progress = time.monotonic()
            return True

    def progress(self) -> None:
        """The model is alive: part of the prompt was read, or a token made."""
        self.last_progress = time.monotonic()

    def emit(self, text: str, *, restarts: bool = False) -> None:
        """A piece of the answer, empty only where it restarts."""
        self.last_progress = time.monotonic()
        self.began_to_answer = True
        if not self._left and not self.over:
            self._post(Delta(text, restarts))

    def finish(self, outcome: Completion | EngineError) -> None:
        """Ends a running job and frees its slot. Only the first call has an effect."""
        with self._lock:
            if self._state == "over":
                return
            self._state = "over"
            on_end, self._on_end = self._on_end, None
        if not self._left:
            self._post(outcome)
        if on_end is not None:
            on_end(self, isinstance(outcome, Completion))

    def leave(self) -> bool:
        """The reader wants no more. True if the job had not begun: then it never will."""
        with self._lock:
            self._left = True
            if self._state == "waiting":
                self._state = "over"
                return True
            return False

    def give_up(self, error: EngineError) -> bool:
        """End it with an error if it is still waiting; False if it runs or is over."""
        with self._lock:
            if self._state != "waiting":
                return False
            self._state = "over"
        self._post(error)
        return True

    def close(self, error: EngineError) -> None:
        """Tell the reader at once; a running job keeps its place until its runner has ended it."""
        if self.give_up(error):
            return
        with self._lock:
            told, self._left = self._left, True
        if not told and not self.over:
            self._post(error)

    def timeout(self, model: str) -> EngineTimeout:
        """The error of a job that ran out of time."""
        state = "answered in part" if self.began_to_answer else "no token yet"
        return EngineTimeout(f"{model}: the deadline passed, {state}", model=model)

    def too_long_a_wait(self, model: str) -> EngineOverloaded:
        """The error of a job that waited longer than it may."""
        return EngineOverloaded(
            f"{model}: still waiting for its turn after {self.request.max_wait_s:g} s",
            model=model,
        )


class Runner(Protocol):
    """One model as a lane drives it. Every method but `abandon` is called by the lane's thread.

    caps: may be narrowed by `load` (the file's own window). slots: jobs it runs at once.
    footprint_bytes: memory of the lane's device that it takes while resident, an estimate before it
    was loaded. load_estimate_s: seconds that `load` is expected to take, before it was measured.

    A runner either has threads of its own, and then `step` returns False, or works only inside
    `step`, a token or a batch of the prompt at a time. In both cases it looks at `job.stopped`
    once a step, and calls `job.finish` exactly once for each job that it started without raising,
    also for a stopped one.
    """

    @property
    def caps(self) -> EngineCaps: ...

    @property
    def slots(self) -> int: ...

    @property
    def footprint_bytes(self) -> int: ...

    @property
    def load_estimate_s(self) -> float: ...

    def load(self) -> None:
        """Bring the model into memory, ready to answer. Raises EngineUnavailable, and is then as
        before: it may be tried again."""
        ...

    def unload(self) -> None:
        """Free the memory. Jobs still running were stopped before; this waits for their end."""
        ...

    def start(self, job: Job) -> None:
        """Take a job that has begun. Raises EngineError for one that cannot run."""
        ...

    def step(self) -> bool:
        """Advance every started job; False if that needs nothing of this thread."""
        ...

    def abandon(self) -> None:
        """It hangs: drop everything without waiting. Called by the watchdog's thread; afterwards
        `load` may be called again, by another thread."""
        ...
