"""Calls that cost money, from their reservation until they are booked in the ledger.

They are kept in Redis, so that a crash neither loses a call nor counts it twice. Any process
settles for dead ones: a reservation whose call was not sent is released, a call that was sent is
counted at its least cost, and a call that is missing in the ledger is booked.
"""

from __future__ import annotations

import asyncio
import math
import time
import uuid
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from pydantic import ValidationError

from router.account import call_scripts as scripts
from router.account.ledger import Ledger
from router.account.records import RECORD, AttemptRecord
from router.errors import StoreUnavailable
from router.store.processes import has_ended, this_process
from router.store.store import Store

if TYPE_CHECKING:
    from redis.asyncio.client import Pipeline

NANO = 1_000_000_000

USUAL_S = 900.0
"""Kept this long where the deadline is unknown: a call takes minutes at most."""

_SPARE_S = 60.0
"""A process on another machine counts as dead this long after the deadline of its call."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Scope:
    """One budget that a task falls under. limit_usd: None where spending is only counted."""

    name: str
    key: str
    limit_usd: float | None
    lives_s: int


@dataclass(frozen=True, slots=True)
class Reservation:
    """Money reserved for one call; to be settled exactly once, whatever becomes of the call.

    expires: epoch seconds after which its process counts as dead.
    """

    id: str
    amount_usd: float
    expires: float


@dataclass(frozen=True, slots=True)
class Refused:
    """The first scope that has not enough left; amounts in nanodollars."""

    scope: Scope
    spent: int
    reserved: int


class OpenCalls:
    """The calls that a process is making, or has not booked yet."""

    def __init__(self, store: Store) -> None:
        self._store = store
        register = store.redis.register_script
        self._reserve = register(scripts.RESERVE)
        self._sent = register(scripts.SENT)
        self._settle = register(scripts.SETTLE)
        self._take = register(scripts.TAKE)
        self._doubtful = register(scripts.DOUBTFUL)

    async def reserve(
        self, scopes: Sequence[Scope], amount_usd: float, deadline: float | None = None
    ) -> Reservation | Refused:
        """Reserves money in every scope at once, or in none; without a scope nothing is written.

        deadline: of the call, `time.monotonic()` seconds.
        """
        left_s = USUAL_S if deadline is None else max(deadline - time.monotonic(), 0.0) + _SPARE_S
        held = Reservation(uuid.uuid4().hex, amount_usd, time.time() + left_s)
        if not scopes:
            return held
        arguments: list[Any] = [held.expires, held.id, nano(amount_usd), this_process()]
        for scope in scopes:
            limit = -1 if scope.limit_usd is None else nano(scope.limit_usd)
            arguments += [limit, scope.lives_s]
        try:
            with self._store.errors():
                refused, spent, reserved = await self._reserve(
                    keys=[*self._keys(held.id), *(scope.key for scope in scopes)], args=arguments
                )
        except BaseException:
            # The reservation may have been made all the same, and nobody would release it.
            await _in_spite_of_all(self.settle(held, 0.0))
            raise
        return held if refused < 0 else Refused(scopes[refused], spent, reserved)

    async def sent(self, held: Reservation, record: AttemptRecord) -> None:
        """Marks the call as sent: from here on it counts, even if this process dies.

        record: with its least cost.
        """
        arguments: list[Any] = [held.expires, held.id, this_process()]
        arguments += [nano(record.cost_usd or 0.0), record.model_dump_json()]
        with self._store.errors():
            await self._sent(keys=self._keys(held.id), args=arguments)

    async def settle(
        self,
        held: Reservation,
        cost_usd: float,
        record: AttemptRecord | None = None,
        within: Pipeline | None = None,
    ) -> None:
        """Books what the call cost, 0 for one that was never made. Idempotent.

        record: the call stays open until this is in the ledger. within: a transaction to do it in.
        """
        text = "" if record is None else record.model_dump_json()
        arguments: list[Any] = [held.expires, held.id, this_process(), nano(cost_usd), text]
        with self._store.errors():
            await self._settle(keys=self._keys(held.id), args=arguments, client=within)

    async def settle_for_the_dead(self) -> list[tuple[str, bytes]]:
        """Settles the calls of dead processes; returns the unbooked ones with their records."""
        unbooked, dead = [], dict[bytes, bool]()
        with self._store.errors():
            rows: Any = await self._doubtful(
                keys=[self._store.keys.reservations()], args=[time.time(), this_process()]
            )
            for call, by, expired in rows:
                if by not in dead:
                    dead[by] = not by or has_ended(by.decode())
                if not dead[by] and not expired:
                    continue
                record: bytes = await self._take(keys=self._keys(call.decode()), args=[call, by])
                if record:
                    unbooked.append((call.decode(), record))
        return unbooked

    async def book_for_the_dead(self, ledger: Ledger) -> int:
        """Books calls that dead processes sent but did not book; returns how many."""
        unbooked = await self.settle_for_the_dead()
        for call, text in unbooked:
            try:
                record = RECORD.validate_json(text)
            except ValidationError:
                log.warning("account.unreadable_call", call=call)
                continue
            await ledger.append([record], closes=(call,), only_open=True)
        if unbooked:
            log.info("account.booked_for_the_dead", calls=len(unbooked))
        return len(unbooked)

    def _keys(self, call: str) -> list[str]:
        return [self._store.keys.reservations(), self._store.keys.reservation(call)]


async def _in_spite_of_all(step: Coroutine[Any, Any, None]) -> None:
    """Runs to its end even if this task is cancelled; gives up where Redis cannot be reached."""
    with suppress(StoreUnavailable):
        await asyncio.shield(step)


def nano(dollars: float) -> int:
    """Nanodollars, rounded up: doubtful amounts count as spent."""
    return math.ceil(round(dollars * NANO, 3))
