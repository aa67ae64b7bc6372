"""Finds hung models for a lane's watchdog."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from agents.engines.lane_seat import Seat

Call = Literal["load", "unload", "start", "step"]


@dataclass(frozen=True, slots=True)
class Doing:
    """Which call into a model the lane's thread is in, and since when."""

    seat: Seat
    call: Call
    since: float

    @property
    def moves_a_model(self) -> bool:
        return self.call in ("load", "unload")


@dataclass(frozen=True, slots=True)
class Hung:
    """A model that hangs. stuck: the lane's own thread is inside it."""

    seat: Seat
    reason: str
    stuck: bool


def find_hung(
    seats: Iterable[Seat],
    doing: Doing | None,
    now: float,
    *,
    free_since: float,
    stall_s: float,
    load_limit_s: float,
) -> Hung | None:
    """The first model that hangs at `now`, if any; called under the lane's lock.

    free_since: when the lane's thread was last done with moving a model; before that no model that
    needs the thread could make progress.
    """
    if doing is not None:
        limit_s = load_limit_s if doing.moves_a_model else stall_s
        if now - doing.since > limit_s:
            reason = f"{doing.call} has not come back for {limit_s:g} s"
            return Hung(doing.seat, reason, stuck=True)
        if doing.moves_a_model:
            return None
    for seat in seats:
        if seat.hung is None and now - max(seat.progress_at(), free_since) > stall_s:
            return Hung(seat, f"no token for {stall_s:g} s", stuck=False)
    return None
