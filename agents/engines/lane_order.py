"""The order of a lane: which job starts next, and when a model makes room for another.

Pure judgement over what the lane knows at one moment, with measured seconds. Three rules:

1. Whatever is resident and has a free slot works. A model that fits into free memory is loaded.
2. A model that nobody waits for makes room at once: the least recently used first, where an hour
   unused counts for less the longer the model takes to load. One that has work of its own makes
   room when that costs less waiting than it saves (`_worth_it`).
3. Every job has a latest start (`due`). A model whose first job would miss it gets its turn from
   one whose own first job is due later: that one finishes what it is doing, starts nothing more,
   and goes. So that nobody is thrown out before the load has paid off, a model stays for `STAY`
   times its load seconds first. Where more is due than can be done this is the order of arrival.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

STAY = 4.0
"""A loaded model may use up to this many times its load seconds before it is forced out again. So
an overloaded lane spends at most a fifth of its time on swaps.
"""

_SHORTEST_LOAD_S = 0.001
"""Below this all loads cost the same."""


@dataclass(frozen=True, slots=True)
class ModelLoad:
    """One model as the order sees it. Seconds are expected ones, times those of `monotonic`.

    waiting, active: numbers of jobs. first_due: the latest start of its most urgent waiting job;
    first_number: the place of its oldest one in the order of submission; both inf where none waits.
    """

    name: str
    resident: bool
    pinned: bool
    footprint_bytes: int
    slots: int
    active: int
    waiting: int
    first_due: float
    first_number: float
    load_s: float
    service_s: float
    last_used: float
    loaded_at: float

    @property
    def idle(self) -> bool:
        return self.active == 0 and self.waiting == 0

    @property
    def backlog_s(self) -> float:
        """Seconds until its waiting jobs are done, in place."""
        return self.waiting * self.service_s / self.slots


@dataclass(frozen=True, slots=True)
class Start:
    """Start the most urgent waiting job of a resident model."""

    model: str


@dataclass(frozen=True, slots=True)
class Load:
    """Unload `evict`, none of which has a running job, and load the model."""

    model: str
    evict: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing can be done before something changes, or before `until`."""

    until: float = math.inf


Step = Start | Load | Idle

Order = Callable[[Sequence[ModelLoad], float, float], Step]
"""(the models, free bytes, now) -> the next step."""


def swap_aware(models: Sequence[ModelLoad], free_bytes: float, now: float) -> Step:
    """The lane's order, as the module says."""
    hungry = sorted(
        (model for model in models if model.waiting and not model.resident),
        key=lambda model: model.first_due,
    )
    held: set[str] = set()
    until = math.inf
    for model in hungry:
        victims = _victims(model, models, free_bytes, held, now)
        if victims is None:
            continue
        turn = _turn(model, victims, now)
        if now < turn:
            until = min(until, turn)
        elif all(victim.active == 0 for victim in victims):
            return Load(model.name, tuple(victim.name for victim in victims))
        else:
            held |= {victim.name for victim in victims}
    ready = [
        model
        for model in models
        if model.resident
        and model.waiting
        and model.active < model.slots
        and model.name not in held
    ]
    if ready:
        return Start(min(ready, key=lambda model: model.first_due).name)
    return Idle(until)


def _turn(model: ModelLoad, victims: list[ModelLoad], now: float) -> float:
    """When the victims will make room; inf while their own jobs are due sooner."""
    if not any(victim.waiting for victim in victims) or _worth_it(model, victims, now):
        return -math.inf
    if min(victim.first_due for victim in victims) <= model.first_due:
        return math.inf
    return max(_latest_turn(model, victims), *(_may_go(victim) for victim in victims))


def _victims(
    model: ModelLoad, models: Sequence[ModelLoad], free_bytes: float, held: set[str], now: float
) -> list[ModelLoad] | None:
    """The models to unload, the cheapest first; empty if there is room, None if there cannot be."""
    lacking = model.footprint_bytes - free_bytes
    chosen: list[ModelLoad] = []
    # A model that is already being unloaded for another one also makes room for this one.
    candidates = (one for one in models if one.resident and not one.pinned and one.name not in held)

    def worth_keeping(one: ModelLoad) -> tuple[bool, bool, float]:
        unused_s = now - one.last_used
        return one.waiting > 0, one.active > 0, -unused_s / max(one.load_s, _SHORTEST_LOAD_S)

    for candidate in sorted(candidates, key=worth_keeping):
        if lacking <= 0:
            break
        chosen.append(candidate)
        lacking -= candidate.footprint_bytes
    if lacking > 0:
        return None
    # A large one taken last may have made a small one before it unnecessary.
    spare = -lacking
    for candidate in list(chosen):
        if candidate.footprint_bytes <= spare:
            chosen.remove(candidate)
            spare -= candidate.footprint_bytes
    return chosen


def _worth_it(model: ModelLoad, victims: list[ModelLoad], now: float) -> bool:
    """Whether swapping now costs less waiting than swapping later, over all waiting jobs.

    Two batches, one in place: if it goes first, each job of the other waits for its backlog; if the
    other goes first, each of its own jobs waits for load, backlog and load again, and none of them
    may become late by that: otherwise a series of short queues would starve a long one.
    """
    theirs = max(victim.backlog_s for victim in victims)
    waiting = sum(victim.waiting for victim in victims)
    away_s = model.load_s + model.backlog_s
    away_s += sum(victim.load_s for victim in victims if victim.waiting)
    if min(victim.first_due for victim in victims) <= now + away_s:
        return False
    return model.waiting * theirs > waiting * away_s


def _latest_turn(model: ModelLoad, victims: list[ModelLoad]) -> float:
    """When the turn must begin for the first job to start when it is due."""
    drain_s = max((victim.service_s for victim in victims if victim.active), default=0.0)
    return model.first_due - model.load_s - drain_s


def _may_go(victim: ModelLoad) -> float:
    """Until when a model with work of its own must not be unloaded."""
    return victim.loaded_at + STAY * victim.load_s
