"""Which models fit on a device together, for which roles, and how fast they will be; pure."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from agents.engines.vram import (
    PROCESS_BYTES,
    KvType,
    ModelShape,
    Speed,
    VramParts,
    estimate,
    load_seconds,
    speed,
    with_weights,
)
from agents.models.catalogue import OPEN_LICENCES, Listed, Role
from router.errors import ConfigError

BIT_RATES = (8.0, 6.5, 6.0, 5.0, 4.5, 4.0, 3.5, 3.0)
"""What models are offered at; a finer one is `edgeward models quantize --fit`."""

GGUF_BITS = 4.85
"""Bits a weight of a Q4_K_M file, which is what a machine without a card is recommended."""

_LOSS = (
    (8.0, 0.0),
    (6.5, 0.01),
    (6.0, 0.02),
    (5.0, 0.05),
    (4.5, 0.1),
    (4.0, 0.25),
    (3.5, 0.6),
    (3.0, 1.1),
)
"""(bits a weight, doublings of size that the quantisation costs): from published perplexities of
1 to 4 B models; a judgement, not a measurement of ours."""

_ROUTER_BILLIONS = 0.65
"""A router need not be larger: it says one word."""

_ROUTER_WINDOW = 2048

_TRAINED_FOR_IT = 1.3
_SHARING = 0.7
_SWAPPING = 1.2
_CLOSED = 1.2
"""In doublings of size: the gain from a coder's training for code, and the costs of two roles
sharing a model (which serves one request at a time), of two models swapping, and of a restrictive
licence.
"""

_LEAST_TOKENS_PER_S = 6.0
"""A slower model is not recommended."""


class PlanRefused(ConfigError):
    """No plan fits. nearest: the one that does if something is given up, None if there is none."""

    def __init__(self, message: str, nearest: Plan | None) -> None:
        super().__init__(message)
        self.nearest = nearest


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that may play roles. bit_rates: at which it can be had. worth: beyond its size.

    stored: bytes of its weights and of its head where its files are at hand; bpw alone does not
    tell them, for the head has bits of its own.
    """

    name: str
    shape: ModelShape
    bit_rates: tuple[float, ...]
    roles: tuple[Role, ...]
    licence: str | None = None
    source: str | None = None
    worth: float = 0.0
    stored: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Seat:
    """One role of a plan. swapped: it shares its place with another and is loaded when asked."""

    role: Role
    name: str
    bpw: float
    context_tokens: int
    kv: KvType
    parts: VramParts
    speed: Speed
    load_s: float
    swapped: bool
    licence: str | None
    source: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is in memory at most, and for what. given_up: what had to be, to make it fit."""

    seats: tuple[Seat, ...]
    budget_bytes: int
    process_bytes: int
    given_up: str = ""

    @property
    def total_bytes(self) -> int:
        """At the worst moment: all that stay, and the largest of those that take turns."""
        stay: dict[tuple[str, float], int] = {}
        for seat in self.seats:
            if not seat.swapped:
                # Two roles of one model share it.
                stay[seat.name, seat.bpw] = seat.parts.total
        turns = [seat.parts.total for seat in self.seats if seat.swapped]
        return self.process_bytes + sum(stay.values()) + max(turns, default=0)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a plan is made for. bandwidth in 10^9 bytes a second."""

    budget_bytes: int
    bandwidth_gb_s: float
    roles: tuple[Role, ...] = ("router", "coder", "general")
    context_tokens: int = 4096
    kv: KvType = "fp16"
    process_bytes: int = PROCESS_BYTES


def from_catalogue(listed: Iterable[Listed], bit_rates: tuple[float, ...]) -> list[Candidate]:
    return [
        Candidate(
            name=one.name,
            shape=one.model_shape(),
            bit_rates=bit_rates,
            roles=one.roles,
            licence=one.licence,
            source=one.source,
            worth=one.worth,
        )
        for one in listed
    ]


def make_plan(wish: Wish, candidates: Sequence[Candidate]) -> Plan:
    """The best plan within the budget; PlanRefused, with the nearest one, where none fits."""
    found = _best(wish, candidates)
    if found is not None:
        return found
    smallest = min(
        (_seat(wish, role, one, bpw) for role in wish.roles for one, bpw in _of(role, candidates)),
        key=lambda seat: seat.parts.total,
        default=None,
    )
    if smallest is None:
        raise PlanRefused("there is no model to plan with: name a directory of models", None)
    nearest = _nearest(wish, candidates)
    need = (wish.process_bytes + smallest.parts.total) / 2**30
    message = (
        f"nothing fits into {wish.budget_bytes / 2**30:.2f} GiB with a window of "
        f"{wish.context_tokens:,} tokens and a {wish.kv} cache: already {smallest.name} at "
        f"{smallest.bpw:g} bits with the process takes {need:.2f} GiB; take a larger card, or let "
        "the processor work (--device cpu)"
        if nearest is None or wish.process_bytes + smallest.parts.total > wish.budget_bytes
        else f"{len(wish.roles)} roles do not fit into {wish.budget_bytes / 2**30:.2f} GiB with a "
        f"window of {wish.context_tokens:,} tokens and a {wish.kv} cache"
    )
    if nearest is not None:
        message += f"; the nearest plan that fits {nearest.given_up}"
    raise PlanRefused(message, nearest)


def _nearest(wish: Wish, candidates: Sequence[Candidate]) -> Plan | None:
    """The first plan that fits when the cache, then the window, then roles are given up."""
    kinds: tuple[KvType, ...] = ("fp16", "q8", "q6", "q4")
    caches = kinds[kinds.index(wish.kv) :]
    windows = [wish.context_tokens]
    while windows[-1] > 1024:
        windows.append(max(1024, windows[-1] // 2))
    fewer = [wish.roles[-count:] for count in range(len(wish.roles), 0, -1)]
    for roles, window, kv in itertools.product(fewer, windows, caches):
        changed = replace(wish, roles=roles, context_tokens=window, kv=kv)
        plan = _best(changed, candidates)
        if plan is not None:
            return replace(plan, given_up=_given_up(wish, changed))
    return None


def _given_up(wish: Wish, changed: Wish) -> str:
    parts = []
    if changed.kv != wish.kv:
        parts.append(f"a {changed.kv} cache")
    if changed.context_tokens != wish.context_tokens:
        parts.append(f"a window of {changed.context_tokens:,} tokens")
    if changed.roles != wish.roles:
        parts.append(f"only the roles {', '.join(changed.roles)}")
    return "has " + " and ".join(parts)


def _best(wish: Wish, candidates: Sequence[Candidate]) -> Plan | None:
    offers = {role: _frontier(wish, role, candidates) for role in wish.roles}
    if not all(offers.values()):
        return None
    best: tuple[float, Plan] | None = None
    for seats in itertools.product(*(offers[role] for role in wish.roles)):
        worth = sum(_worth(wish, seat, candidates) for seat in seats)
        worth -= _SHARING * (len(seats) - len({seat.name for seat in seats}))
        if best is not None and worth <= best[0]:
            continue
        for shared in _ways_to_share(_one_window(seats)):
            value = worth - (_SWAPPING if any(seat.swapped for seat in shared) else 0.0)
            plan = Plan(shared, wish.budget_bytes, wish.process_bytes)
            if plan.total_bytes <= wish.budget_bytes and (best is None or value > best[0]):
                best = value, plan
    return best[1] if best else None


def _one_window(seats: tuple[Seat, ...]) -> tuple[Seat, ...]:
    """Roles of one model have its larger window: with two they would be two copies of it."""
    largest: dict[tuple[str, float], Seat] = {}
    for seat in seats:
        known = largest.setdefault((seat.name, seat.bpw), seat)
        if seat.context_tokens > known.context_tokens:
            largest[seat.name, seat.bpw] = seat
    if len(largest) == len(seats):
        return seats
    return tuple(replace(largest[seat.name, seat.bpw], role=seat.role) for seat in seats)


def _ways_to_share(seats: tuple[Seat, ...]) -> Iterable[tuple[Seat, ...]]:
    """All in memory, or the router's model alone and the others by turns."""
    yield seats
    stay = {(seat.name, seat.bpw) for seat in seats if seat.role == "router"}
    others = {(seat.name, seat.bpw) for seat in seats} - stay
    if len(others) > 1:
        yield tuple(replace(seat, swapped=(seat.name, seat.bpw) in others) for seat in seats)


def _of(role: Role, candidates: Sequence[Candidate]) -> Iterable[tuple[Candidate, float]]:
    for one in candidates:
        if role in one.roles:
            yield from ((one, bpw) for bpw in one.bit_rates)


def _frontier(wish: Wish, role: Role, candidates: Sequence[Candidate]) -> list[Seat]:
    """The seats for a role, without those that a smaller one of the same model is as good as."""
    seats = [_seat(wish, role, one, bpw) for one, bpw in _of(role, candidates)]
    room = wish.budget_bytes - wish.process_bytes
    fitting = [seat for seat in seats if seat.parts.total <= room]
    # A slow model is better than none.
    quick = [seat for seat in fitting if seat.speed.expected >= _LEAST_TOKENS_PER_S]
    kept: list[Seat] = []
    best: dict[str, float] = {}
    for seat in sorted(quick or fitting, key=lambda seat: seat.parts.total):
        worth = _worth(wish, seat, candidates)
        if worth > best.get(seat.name, -math.inf):
            kept.append(seat)
            best[seat.name] = worth
    # The best first, so that most combinations need not be looked at.
    return sorted(kept, key=lambda seat: -_worth(wish, seat, candidates))


def _seat(wish: Wish, role: Role, one: Candidate, bpw: float) -> Seat:
    window = min(_wanted(wish, role), one.shape.max_position_tokens)
    if one.stored is None:
        parts = estimate(one.shape, bpw=bpw, context_tokens=window, kv=wish.kv)
    else:
        parts = with_weights(one.shape, *one.stored, window, wish.kv)
    return Seat(
        role=role,
        name=one.name,
        bpw=bpw,
        context_tokens=window,
        kv=wish.kv,
        parts=parts,
        speed=speed(
            parts,
            one.shape,
            read_tokens=0,
            kv=wish.kv,
            bandwidth_gb_s=wish.bandwidth_gb_s,
        ),
        load_s=load_seconds(parts),
        swapped=False,
        licence=one.licence,
        source=one.source,
    )


def _wanted(wish: Wish, role: Role) -> int:
    # A router reads a question and says a word.
    return min(wish.context_tokens, _ROUTER_WINDOW) if role == "router" else wish.context_tokens


def _worth(wish: Wish, seat: Seat, candidates: Sequence[Candidate]) -> float:
    """How well the model plays the role, in doublings of size; a judgement, useful for ordering
    only.
    """
    candidate = next(one for one in candidates if one.name == seat.name)
    billions = candidate.shape.decoder_params / 1e9
    if seat.role == "router":
        # Beyond what is enough, size only makes everybody wait.
        excess = max(0.0, billions - _ROUTER_BILLIONS)
        worth = math.log2(min(billions, _ROUTER_BILLIONS)) - excess
    else:
        worth = math.log2(billions)
    worth += candidate.worth - _loss(seat.bpw)
    if seat.role == "coder" and "coder" in seat.name.lower():
        worth += _TRAINED_FOR_IT
    # Half the window that is asked for is worth half the model.
    worth -= max(0.0, math.log2(_wanted(wish, seat.role) / seat.context_tokens))
    if seat.licence is not None and seat.licence not in OPEN_LICENCES:
        worth -= _CLOSED
    return worth


def _loss(bpw: float) -> float:
    for bits, loss in _LOSS:
        if bpw >= bits:
            return loss
    return 1.5
