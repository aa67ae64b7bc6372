"""The scheduling that a lane is compared with: strictly first come, first served, as servers with
one queue do; all jobs wait while the first one's model loads."""

from __future__ import annotations

import math
from collections.abc import Sequence

from agents.engines.lane_order import Idle, Load, ModelLoad, Start, Step


def fifo(models: Sequence[ModelLoad], free_bytes: float, now: float) -> Step:
    """Starts the oldest job; evicts the least recently used idle models to load its model."""
    head = min(models, key=lambda model: model.first_number, default=None)
    if head is None or not head.waiting:
        return Idle(math.inf)
    if head.resident:
        return Start(head.name) if head.active < head.slots else Idle(math.inf)
    evict: list[str] = []
    for victim in sorted(models, key=lambda model: model.last_used):
        if head.footprint_bytes <= free_bytes:
            break
        if victim.resident and not victim.pinned and victim.active == 0:
            evict.append(victim.name)
            free_bytes += victim.footprint_bytes
    return Load(head.name, tuple(evict)) if head.footprint_bytes <= free_bytes else Idle(math.inf)
