"""A lane: one device, one thread that owns every model on it, and a queue in front.

Only that thread loads, unloads, starts and steps models; callers leave a request under the lock and
wake it. `lane_order` decides what comes next. A watchdog thread drops a model that has work but
made no progress for `stall_s`: its running jobs fail with a retryable error, and a fresh lane
thread takes over if the old one is stuck inside that model.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import structlog

from agents.engines.lane_job import Job, Runner
from agents.engines.lane_order import Idle, Load, Order, Start, swap_aware
from agents.engines.lane_seat import Seat
from agents.engines.lane_watch import Call, Doing, Hung, find_hung
from router.engine import WaitEstimate
from router.errors import EngineError, EngineUnavailable

log = structlog.get_logger()

Work = Callable[[int], None]
"""Work for the lane's thread, called with the thread's own epoch."""

_LONGEST_REST_S = 5.0
"""The longest pause between two checks for idle models; urgent work wakes the thread at once."""


@dataclass(frozen=True, slots=True)
class LaneState:
    """What a lane is doing. free_bytes: None where its memory is not limited.

    healthy: false from the moment a model hung until some model has made progress again.
    loads: every time a model was brought into memory; swaps: those that pushed another out.
    """

    name: str
    resident: tuple[str, ...]
    running: int
    queued: int
    free_bytes: int | None
    healthy: bool
    loads: int
    swaps: int
    stalls: int


class Lane:
    """Models that share one device.

    capacity_bytes: memory for all resident models together; None is no limit. idle_s: a model
    unused this long is unloaded, unless pinned; None never. bound_s: how long a job may wait
    before its model gets its turn whatever the others have to do. stall_s: seconds without a token
    or a batch of a prompt after which a running model counts as hung; load_limit_s: the same for a
    load. order: see `lane_order`.

    Its threads run while a model is on it. All methods may be called from any thread.
    """

    def __init__(
        self,
        name: str,
        *,
        capacity_bytes: int | None = None,
        idle_s: float | None = None,
        bound_s: float = 20.0,
        stall_s: float = 60.0,
        load_limit_s: float = 600.0,
        order: Order = swap_aware,
    ) -> None:
        self.name = name
        self._capacity = math.inf if capacity_bytes is None else capacity_bytes
        self._idle_s = math.inf if idle_s is None else idle_s
        self._bound_s = bound_s
        self._stall_s = stall_s
        self._load_limit_s = load_limit_s
        self._order = order
        self._changed = threading.Condition()
        self._seats: dict[Runner, Seat] = {}
        self._epoch = 0
        self._stirred = False
        self._running = False
        self._over = threading.Event()
        self._doing: Doing | None = None
        # No model could make progress before this, because the thread was loading another.
        self._free_since = -math.inf
        self._added = self._submitted = self._loads = self._swaps = self._stalls = 0
        self._healthy = True

    # Public queries.

    def add(self, runner: Runner, *, pinned: bool = False) -> None:
        """Give a model its seat; does nothing where it has one. Loads nothing."""
        with self._changed:
            seat = self._seats.get(runner)
            if seat is None:
                self._seats[runner] = self._seat(runner, pinned)
            elif seat.leaving:
                seat.returning = True
            if not self._running:
                self._running = True
                self._over = threading.Event()
                self._begin_thread()
                watch = partial(self._watch, self._over)
                threading.Thread(target=watch, name=f"lane-{self.name}-watch", daemon=True).start()

    def warm(self, runner: Runner, done: Callable[[EngineError | None], None]) -> None:
        """Loads the model now if there is room without unloading another one.

        done: called with None, or the reason for a failure. Without room the model is loaded when
        its first job is due, and `done` gets None.
        """
        with self._changed:
            self._seats[runner].on_warm.append(done)
            self._stir()

    def submit(self, runner: Runner, job: Job) -> None:
        """Queue a job; its reader hears of everything that becomes of it."""
        with self._changed:
            seat = self._seats.get(runner)
            refusal = self._refusal(runner, seat)
            if refusal is None and seat is not None:
                self._submitted += 1
                seat.queue(job, self._submitted, self._bound_s)
                self._stir()
        if refusal is not None:
            job.give_up(refusal)

    def withdraw(self, runner: Runner, job: Job) -> None:
        """The reader has left: a waiting job never starts, a running one ends within a step."""
        if job.leave():
            with self._changed:
                if seat := self._seats.get(runner):
                    seat.forget(job)

    def remove(self, runner: Runner, done: Callable[[], None]) -> None:
        """Fail the model's jobs with EngineUnavailable, unload it, and take its seat away."""
        with self._changed:
            seat = self._seats.get(runner)
            if seat is not None:
                seat.leaving = True
                seat.on_left.append(done)
                jobs = [*seat.active, *(job for _, _, job in seat.waiting)]
                seat.waiting.clear()
                self._stir()
        if seat is None:
            done()
            return
        for job in jobs:
            job.close(_unavailable(runner, "it was closed during the answer"))

    def outlook(self, runner: Runner) -> WaitEstimate:
        """The expected wait of a job for this model if it were submitted now."""
        with self._changed:
            seat = self._seats.get(runner)
            if seat is None:
                return WaitEstimate(resident=False, swap_s=runner.load_estimate_s)
            seat.drop_over()
            queued = len(seat.waiting) + len(seat.active)
            rounds = max(0, queued - runner.slots + 1) / runner.slots
            wait_s = rounds * seat.service_s
            if seat.resident:
                return WaitEstimate(queued=queued, wait_s=wait_s)
            return WaitEstimate(
                resident=False,
                queued=queued,
                wait_s=wait_s + self._drain_s(seat),
                swap_s=seat.load_s,
            )

    def state(self) -> LaneState:
        with self._changed:
            free = self._free_bytes()
            seats = self._seats.values()
            return LaneState(
                name=self.name,
                resident=tuple(seat.name for seat in seats if seat.resident),
                running=sum(len(seat.active) for seat in seats),
                queued=sum(len(seat.waiting) for seat in seats),
                free_bytes=None if math.isinf(free) else int(free),
                healthy=self._healthy,
                loads=self._loads,
                swaps=self._swaps,
                stalls=self._stalls,
            )

    # Internals; the caller holds the lock.

    def _stir(self) -> None:
        """Wakes the lane's thread, or makes it check again before its next pause."""
        self._stirred = True
        self._changed.notify_all()

    def _seat(self, runner: Runner, pinned: bool) -> Seat:
        self._added += 1
        return Seat(runner, f"{runner.caps.model} ({self._added})", pinned, runner.load_estimate_s)

    def _refusal(self, runner: Runner, seat: Seat | None) -> EngineError | None:
        if seat is None or seat.leaving:
            return _unavailable(runner, "it is not open")
        others = (one for one in self._seats.values() if one.pinned and one is not seat)
        room = self._capacity - sum(one.runner.footprint_bytes for one in others)
        if runner.footprint_bytes > room:
            return _unavailable(
                runner,
                f"it needs {runner.footprint_bytes / 2**30:.2f} GiB, and the lane {self.name} has "
                f"{max(room, 0) / 2**30:.2f} GiB beside its pinned models: use a smaller model, "
                "window or kv_cache, or raise the lane's memory_gib",
            )
        return None

    def _free_bytes(self) -> float:
        taken = sum(seat.runner.footprint_bytes for seat in self._seats.values() if seat.resident)
        return self._capacity - taken

    def _drain_s(self, seat: Seat) -> float:
        """Estimated seconds until a model makes room: half of its running job, and its queue up to
        the bound.
        """
        if seat.runner.footprint_bytes <= self._free_bytes():
            return 0.0
        others = [one for one in self._seats.values() if one.resident and not one.pinned]
        return min((self._busy_s(one) for one in others), default=0.0)

    def _busy_s(self, seat: Seat) -> float:
        running = 0.5 * seat.service_s if seat.active else 0.0
        queue = len(seat.waiting) * seat.service_s / seat.runner.slots
        return running + min(queue, self._bound_s)

    # What follows runs in the lane's thread.

    def _begin_thread(self) -> None:
        self._epoch += 1
        run = partial(self._run, self._epoch)
        threading.Thread(target=run, name=f"lane-{self.name}", daemon=True).start()

    def _run(self, epoch: int) -> None:
        """The loop of the lane's thread: until no model is left or another thread takes over."""
        rest_s = 0.0
        while True:
            with self._changed:
                if rest_s and not self._stirred and self._epoch == epoch:
                    self._changed.wait(rest_s)
                if self._epoch != epoch:
                    return
                self._stirred = False
                if not self._seats:
                    self._running = False
                    self._over.set()
                    return
                work, until = self._next()
            if work is not None:
                work(epoch)
                rest_s = 0.0
            elif self._step_all(epoch):
                rest_s = 0.0
            else:
                rest_s = min(max(until - time.monotonic(), 0.001), _LONGEST_REST_S)

    def _next(self) -> tuple[Work | None, float]:
        """The next thing to do, or until when to pause where there is none."""
        now = time.monotonic()
        seats = {seat.key: seat for seat in self._seats.values()}
        for seat in seats.values():
            seat.drop_over()
            if seat.hung is not None:
                return partial(self._drop, seat, seat.hung), now
            if seat.leaving:
                return partial(self._let_go, seat), now
            if seat.on_warm:
                return partial(self._warm_up, seat), now
        standings = [seat.model_load() for seat in seats.values()]
        match self._order(standings, self._free_bytes(), now):
            case Start(model):
                return partial(self._start, seats[model]), now
            case Load(model, evict):
                victims = [seats[victim] for victim in evict]
                return partial(self._swap, seats[model], victims), now
            case Idle(until):
                return self._next_unload(now, until)

    def _next_unload(self, now: float, until: float) -> tuple[Work | None, float]:
        for seat in self._seats.values():
            if seat.resident and not seat.pinned and not seat.active and not seat.waiting:
                idle_until = seat.last_used + self._idle_s
                if now >= idle_until:
                    return partial(self._unload, seat), now
                until = min(until, idle_until)
        return None, until

    def _let_go(self, seat: Seat, epoch: int) -> None:
        if seat.resident:
            self._unload(seat, epoch)
        with self._changed:
            if self._epoch != epoch:
                return
            del self._seats[seat.runner]
            wishes = seat.on_warm
            if seat.returning:
                back = self._seats[seat.runner] = self._seat(seat.runner, seat.pinned)
                back.on_warm, wishes = wishes, []
        for done in wishes:
            done(_unavailable(seat.runner, "it was closed while it was loaded"))
        for gone in seat.on_left:
            gone()

    def _warm_up(self, seat: Seat, epoch: int) -> None:
        with self._changed:
            wishes, seat.on_warm = seat.on_warm, []
            error = self._refusal(seat.runner, seat)
            fits = seat.runner.footprint_bytes <= self._free_bytes()
            wanted = error is None and fits and not seat.resident
        if wanted:
            error = self._load(seat, time.monotonic(), epoch)
        for done in wishes:
            done(error)

    def _swap(self, seat: Seat, victims: list[Seat], epoch: int) -> None:
        began = time.monotonic()
        for victim in victims:
            self._unload(victim, epoch)
        if self._load(seat, began, epoch) is None and victims:
            self._swaps += 1

    def _load(self, seat: Seat, began: float, epoch: int) -> EngineError | None:
        _, error = self._call(seat, "load", seat.runner.load, epoch)
        with self._changed:
            if self._epoch != epoch:
                return _unavailable(seat.runner, "it was not loaded in time")
            if error is None:
                seat.loaded(time.monotonic() - began)
                self._loads += 1
            else:
                waiting = seat.take_waiting()
        if error is None:
            log.info("lane.loaded", lane=self.name, model=seat.name, seconds=seat.load_s)
            return None
        for job in waiting:
            job.give_up(error)
        return error

    def _unload(self, seat: Seat, epoch: int) -> None:
        _, error = self._call(seat, "unload", seat.runner.unload, epoch)
        with self._changed:
            if self._epoch != epoch:
                return
            seat.resident = False
        log.info("lane.unloaded", lane=self.name, model=seat.name, error=str(error or ""))

    def _start(self, seat: Seat, epoch: int) -> None:
        with self._changed:
            if not seat.waiting:
                return  # its reader left a moment ago
            _, _, job = seat.waiting.pop(0)
            seat.active.add(job)
        if not job.begin(partial(self._ended, seat)):
            with self._changed:
                seat.active.discard(job)
            return
        _, error = self._call(seat, "start", partial(seat.runner.start, job), epoch)
        if error is not None:
            job.finish(error)

    def _ended(self, seat: Seat, job: Job, whole: bool) -> None:
        """Called by whichever thread ended the job."""
        with self._changed:
            seat.served(job, whole)
            self._healthy |= whole
            self._stir()

    def _step_all(self, epoch: int) -> bool:
        """One step of each resident model with work; whether any needed this thread."""
        with self._changed:
            busy = [seat for seat in self._seats.values() if seat.resident and seat.active]
        needed = False
        for seat in busy:
            stepped, error = self._call(seat, "step", seat.runner.step, epoch)
            if self._epoch != epoch:
                return True
            if error is not None:
                self._drop(seat, error, epoch)
            needed |= bool(stepped) or error is not None
        return needed

    def _drop(self, seat: Seat, error: EngineError, epoch: int) -> None:
        """The model cannot go on: its running jobs fail, and the next one loads it afresh."""
        with self._changed:
            jobs = list(seat.active)
            hung, seat.hung = seat.hung, None
        for job in jobs:
            job.finish(error)
        if hung is None:
            self._unload(seat, epoch)
            return
        seat.runner.abandon()
        with self._changed:
            seat.resident = False

    def _call(
        self, seat: Seat, call: Call, function: Callable[[], bool | None], epoch: int
    ) -> tuple[bool | None, EngineError | None]:
        """Call into a model where the watchdog sees it. Whatever it raises is an EngineError."""
        self._doing = doing = Doing(seat, call, time.monotonic())
        try:
            return function(), None
        except EngineError as error:
            return None, error
        except Exception as error:  # noqa: BLE001  the lane outlives what a model raises
            reason = f"{call} failed: {type(error).__name__}: {error}"
            return None, _unavailable(seat.runner, reason)
        finally:
            if self._epoch == epoch:
                self._doing = None
                if doing.moves_a_model:
                    self._free_since = time.monotonic()

    # What follows runs in the watchdog's thread.

    def _watch(self, over: threading.Event) -> None:
        every_s = min(self._stall_s / 4, _LONGEST_REST_S)
        while not over.wait(every_s):
            with self._changed:
                hung = find_hung(
                    self._seats.values(),
                    self._doing,
                    time.monotonic(),
                    free_since=self._free_since,
                    stall_s=self._stall_s,
                    load_limit_s=self._load_limit_s,
                )
            if hung is not None:
                self._give_up(hung)

    def _give_up(self, hung: Hung) -> None:
        seat = hung.seat
        error = _unavailable(seat.runner, f"{hung.reason}; it is loaded afresh")
        with self._changed:
            self._stalls += 1
            self._healthy = False
            log.error("lane.stalled", lane=self.name, model=seat.name, error=str(error))
            if not hung.stuck:
                seat.hung = error
                self._stir()
                return
            self._epoch += 1  # the thread that hangs in the model may do nothing more
            jobs = list(seat.active)
            loading = self._doing is not None and self._doing.moves_a_model
            waiting = seat.take_waiting() if loading else []
            self._doing = None
        seat.runner.abandon()
        for job in jobs:
            job.finish(error)
        for job in waiting:
            job.give_up(error)
        with self._changed:
            seat.resident = False
            self._begin_thread()


def _unavailable(runner: Runner, reason: str) -> EngineUnavailable:
    model = runner.caps.model
    return EngineUnavailable(f"{model}: {reason}", model=model)
