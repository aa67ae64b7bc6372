"""Budgets in Redis: money for a cloud call is reserved before the call and settled after it.

Each scope (a task, a session, the day, the month, a tag in the month) is a hash of what was spent
and what is reserved, in nanodollars: integers, so that sums are exact. Reserving and settling are
one Lua script each, so any number of processes may do so at once. A reservation of a process that
died is released, or counted as spent if its call had been sent (`open_calls`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from router.account.open_calls import NANO, OpenCalls, Reservation, Scope, nano
from router.errors import BudgetExceeded
from router.settings.budget import BudgetSettings
from router.store.store import Store
from router.types.base import Frozen
from router.types.task import Task

__all__ = ["NANO", "TASK_SCOPE", "Budget", "BudgetStatus", "Reservation", "Scope"]

TASK_SCOPE = "the task"

_DAY_S = 86_400
_LIVES_S = {"task": 2 * _DAY_S, "session": 90 * _DAY_S, "day": 3 * _DAY_S, "month": 93 * _DAY_S}
"""How long a scope's figures are kept after the last change; a tag's like a month's."""

_FIRST_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 0.5


class BudgetStatus(Frozen):
    """How much of a budget is used, reservations included."""

    name: str
    limit_usd: float
    taken_usd: float

    @property
    def share(self) -> float:
        """0 untouched, 1 used up."""
        return self.taken_usd / self.limit_usd if self.limit_usd else 1.0


class Budget:
    """The limits of the settings, and what was spent against them."""

    def __init__(self, store: Store, settings: BudgetSettings) -> None:
        self._store = store
        self._settings = settings
        self.calls = OpenCalls(store)
        self._look_at = 0.0

    def scopes(self, task: Task, now: float | None = None) -> tuple[Scope, ...]:
        """Every budget with a limit that the task falls under. Days and months are those of UTC."""
        limits = self._settings
        moment = datetime.fromtimestamp(time.time() if now is None else now, UTC)
        day, month = moment.strftime("%Y-%m-%d"), moment.strftime("%Y-%m")
        keys = self._store.keys
        found = [
            Scope(TASK_SCOPE, keys.budget("task", task.task_id), limits.task_usd, _LIVES_S["task"]),
            Scope("the day", keys.budget("day", day), limits.day_usd, _LIVES_S["day"]),
            Scope("the month", keys.budget("month", month), limits.month_usd, _LIVES_S["month"]),
        ]
        if task.session:
            key = keys.budget("session", task.session)
            scope = Scope("the session", key, limits.session_usd, _LIVES_S["session"])
            found.append(scope)
        for tag in task.tags:
            limit = limits.tags_usd.get(tag)
            key = keys.budget("tag", tag, month)
            found.append(Scope(f"the tag {tag!r} in the month", key, limit, _LIVES_S["month"]))
        return tuple(scope for scope in found if scope.limit_usd is not None)

    async def reserve(
        self,
        task: Task,
        amount_usd: float,
        *,
        wait_s: float = 0.0,
        also: Sequence[Scope] = (),
        deadline: float | None = None,
    ) -> Reservation:
        """Reserves money in every scope at once, or in none.

        amount_usd: the most that the call can cost. wait_s: how long to wait for reservations of
        others that may be released. also: scopes beside those of the settings. deadline: of the
        call, `time.monotonic()` seconds. Raises BudgetExceeded for the first scope that has too
        little left.
        """
        until = time.monotonic() + wait_s
        pause_s = _FIRST_PAUSE_S
        scopes = (*self.scopes(task), *also)
        while True:
            if scopes and (pause_s == _FIRST_PAUSE_S or time.monotonic() > self._look_at):
                self._look_at = time.monotonic() + _LONGEST_PAUSE_S  # once for all who wait
                await self.calls.settle_for_the_dead()
            try:
                return await self._reserve_now(scopes, amount_usd, deadline)
            except BudgetExceeded as error:
                if not error.may_come_free or time.monotonic() + pause_s > until:
                    raise
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _reserve_now(
        self, scopes: Sequence[Scope], amount_usd: float, deadline: float | None
    ) -> Reservation:
        held = await self.calls.reserve(scopes, amount_usd, deadline)
        if isinstance(held, Reservation):
            return held
        scope = held.scope
        assert scope.limit_usd is not None, "what has no limit refuses nothing"
        raise BudgetExceeded(
            f"the budget of {scope.name} is ${scope.limit_usd:.4f}, ${held.spent / NANO:.4f} of it "
            f"is spent and ${held.reserved / NANO:.4f} reserved, and this call may cost "
            f"${amount_usd:.4f}",
            scope=scope.name,
            may_come_free=held.spent + nano(amount_usd) <= nano(scope.limit_usd),
        )

    async def settle(self, reservation: Reservation, cost_usd: float) -> None:
        """Books what the call cost, 0 for one that was never made. Idempotent."""
        await self.calls.settle(reservation, cost_usd)

    async def statuses(self, task: Task) -> tuple[BudgetStatus, ...]:
        """The budgets that the task falls under, the fullest first."""
        scopes = self.scopes(task)
        if not scopes:
            return ()
        await self.calls.settle_for_the_dead()
        with self._store.errors():
            async with self._store.redis.pipeline(transaction=False) as pipe:
                for scope in scopes:
                    pipe.hmget(scope.key, "spent", "reserved")
                rows: Sequence[Sequence[bytes | None]] = await pipe.execute()
        statuses = [
            BudgetStatus(
                name=scope.name,
                limit_usd=scope.limit_usd or 0.0,
                taken_usd=sum(int(cell or 0) for cell in row) / NANO,
            )
            for scope, row in zip(scopes, rows, strict=True)
        ]
        return tuple(sorted(statuses, key=lambda standing: -standing.share))

    async def overview(self) -> tuple[BudgetStatus, ...]:
        """The budgets that are not one task's or one session's, the fullest first."""
        anybody = Task(prompt="-", tags=tuple(self._settings.tags_usd))
        return tuple(one for one in await self.statuses(anybody) if one.name != TASK_SCOPE)
