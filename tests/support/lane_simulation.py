"""Simulates a lane in virtual time: runs a scheduling order over a trace of arrivals, without
threads."""

from __future__ import annotations

import heapq
import math
from bisect import insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agents.engines.lane_order import Idle, Load, ModelLoad, Order, Start

BOUND_S = 20.0
DUE_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class Model:
    footprint_bytes: int
    slots: int
    load_s: float
    service_s: float


@dataclass(frozen=True, slots=True, order=True)
class Arrival:
    at: float
    model: str


@dataclass(slots=True)
class Outcome:
    """waits_s: from arrival to start, in the order of the starts."""

    waits_s: list[float] = field(default_factory=list)
    swaps: int = 0
    loads: int = 0
    most_bytes: int = 0
    finished_at: float = 0.0


@dataclass(slots=True)
class _Seat:
    model: Model
    resident: bool = False
    active: int = 0
    last_used: float = 0.0
    loaded_at: float = -math.inf
    waiting: list[tuple[float, int, float]] = field(default_factory=list)

    def model_load(self, name: str) -> ModelLoad:
        first = self.waiting[0] if self.waiting else (math.inf, math.inf, 0.0)
        return ModelLoad(
            name=name,
            resident=self.resident,
            pinned=False,
            footprint_bytes=self.model.footprint_bytes,
            slots=self.model.slots,
            active=self.active,
            waiting=len(self.waiting),
            first_due=first[0],
            first_number=min((entry[1] for entry in self.waiting), default=math.inf),
            load_s=self.model.load_s,
            service_s=self.model.service_s,
            last_used=self.last_used,
            loaded_at=self.loaded_at,
        )


def simulate(
    order: Order,
    models: Mapping[str, Model],
    arrivals: Sequence[Arrival],
    *,
    capacity_bytes: int,
) -> Outcome:
    """Serves every job; a model's jobs take its `service_s`, and run on during loads."""
    seats = {name: _Seat(model) for name, model in models.items()}
    outcome = Outcome()
    coming = list(enumerate(sorted(arrivals)))[::-1]
    ends: list[tuple[float, str]] = []
    now = 0.0
    for _ in range(100 * len(arrivals) + 1000):
        while coming and coming[-1][1].at <= now:
            number, arrival = coming.pop()
            due = arrival.at + DUE_SHARE * BOUND_S
            insort(seats[arrival.model].waiting, (due, number, arrival.at))
            seats[arrival.model].last_used = now
        while ends and ends[0][0] <= now:
            _, name = heapq.heappop(ends)
            seats[name].active -= 1
            seats[name].last_used = now
        taken = sum(seat.model.footprint_bytes for seat in seats.values() if seat.resident)
        outcome.most_bytes = max(outcome.most_bytes, taken)
        statuses = [seat.model_load(name) for name, seat in seats.items()]
        match order(statuses, capacity_bytes - taken, now):
            case Start(name):
                seat = seats[name]
                _, _, at = seat.waiting.pop(0)
                seat.active += 1
                outcome.waits_s.append(now - at)
                heapq.heappush(ends, (now + seat.model.service_s, name))
            case Load(name, evict):
                for victim in evict:
                    assert seats[victim].active == 0
                    assert seats[victim].resident
                    seats[victim].resident = False
                outcome.swaps += bool(evict)
                outcome.loads += 1
                now += seats[name].model.load_s
                seats[name].resident = True
                seats[name].loaded_at = seats[name].last_used = now
            case Idle(until):
                following = [until]
                following += [coming[-1][1].at] if coming else []
                following += [ends[0][0]] if ends else []
                if math.isinf(min(following)):
                    outcome.finished_at = now
                    return outcome
                now = max(now, min(following))
    raise AssertionError("the order does not come to an end")
