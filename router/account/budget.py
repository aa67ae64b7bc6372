"""Budgets that hold: money for the cloud is reserved before a call and settled after it, in Redis.

Each scope (a task, a session, the day, the month, a tag in the month) is a hash of what was spent
and what is reserved, in nanodollars: integers, so that no cent is lost between processes. Both
steps are one Lua script each, so any number of processes may ask at once. A reservation that is
never settled, because its process died, is taken as spent once it expires: the provider may have
charged for it, and a budget must not.
"""

from __future__ import annotations

import asyncio
import math
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from router.errors import BudgetExceeded
from router.settings.settings import BudgetSettings
from router.store.store import Store
from router.types.base import Frozen
from router.types.task import Task

NANO = 1_000_000_000

TASK_SCOPE = "the task"

_DAY_S = 86_400
_LIVES_S = {"task": 2 * _DAY_S, "session": 90 * _DAY_S, "day": 3 * _DAY_S, "month": 93 * _DAY_S}
"""How long a scope's figures are kept after the last change; a tag's like a month's."""

_SETTLE_WITHIN_S = 900
"""A call takes minutes at most; after this its process is taken for dead."""

_FIRST_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 0.5

# KEYS: the open reservations (sorted set by expiry), the new reservation, then the scopes.
# ARGV: now, expiry, id, amount, then for each scope its limit (-1: none) and its seconds to live.
_RESERVE = """
local function settle_dead(id)
  local dead = redis.call('HGETALL', KEYS[1] .. ':' .. id)
  local amount, scopes = 0, {}
  for at = 1, #dead, 2 do
    if dead[at] == 'amount' then amount = tonumber(dead[at + 1])
    else scopes[#scopes + 1] = dead[at] end
  end
  for _, scope in ipairs(scopes) do
    redis.call('HINCRBY', scope, 'reserved', -amount)
    redis.call('HINCRBY', scope, 'spent', amount)
  end
  redis.call('DEL', KEYS[1] .. ':' .. id)
  redis.call('ZREM', KEYS[1], id)
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, 100)) do
  settle_dead(id)
end
local amount = tonumber(ARGV[4])
for place = 3, #KEYS do
  local limit = tonumber(ARGV[2 * place - 1])
  local figures = redis.call('HMGET', KEYS[place], 'spent', 'reserved')
  local spent, reserved = tonumber(figures[1]) or 0, tonumber(figures[2]) or 0
  if limit >= 0 and spent + reserved + amount > limit then
    return {place - 3, spent, reserved}
  end
end
for place = 3, #KEYS do
  redis.call('HINCRBY', KEYS[place], 'reserved', amount)
  redis.call('EXPIRE', KEYS[place], ARGV[2 * place])
  redis.call('HSET', KEYS[2], KEYS[place], 1)
end
redis.call('HSET', KEYS[2], 'amount', amount)
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[3])
return {-1, 0, 0}
"""

# KEYS: the open reservations, the reservation. ARGV: id, what it cost.
_SETTLE = """
local held = redis.call('HGETALL', KEYS[2])
if #held == 0 then return 0 end
local amount, scopes = 0, {}
for at = 1, #held, 2 do
  if held[at] == 'amount' then amount = tonumber(held[at + 1])
  else scopes[#scopes + 1] = held[at] end
end
for _, scope in ipairs(scopes) do
  redis.call('HINCRBY', scope, 'reserved', -amount)
  redis.call('HINCRBY', scope, 'spent', ARGV[2])
end
redis.call('DEL', KEYS[2])
redis.call('ZREM', KEYS[1], ARGV[1])
return 1
"""


@dataclass(frozen=True, slots=True)
class Scope:
    """One budget that a task falls under. limit_usd: None where it is only counted."""

    name: str
    key: str
    limit_usd: float | None
    lives_s: int


@dataclass(frozen=True, slots=True)
class Reservation:
    """Money set aside for one call; to be settled exactly once, whatever came of the call."""

    id: str
    amount_usd: float


class BudgetStatus(Frozen):
    """How much of a budget is gone, what is reserved counted in."""

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
        self._reserve = store.redis.register_script(_RESERVE)
        self._settle = store.redis.register_script(_SETTLE)

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
        self, task: Task, amount_usd: float, *, wait_s: float = 0.0, also: Sequence[Scope] = ()
    ) -> Reservation:
        """Set money aside in every scope at once, or in none.

        amount_usd: the most that the call can cost. wait_s: how long to wait for what others have
        reserved and may not need. also: scopes beside those that the settings know. Raises
        BudgetExceeded for the first scope in which it is not there.
        """
        until = time.monotonic() + wait_s
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                return await self._reserve_now((*self.scopes(task), *also), amount_usd)
            except BudgetExceeded as error:
                if not error.may_come_free or time.monotonic() + pause_s > until:
                    raise
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _reserve_now(self, scopes: Sequence[Scope], amount_usd: float) -> Reservation:
        reservation = Reservation(uuid.uuid4().hex, amount_usd)
        if not scopes:
            return reservation
        now = time.time()
        arguments: list[Any] = [now, now + _SETTLE_WITHIN_S, reservation.id, _nano(amount_usd)]
        for scope in scopes:
            arguments += [_nano(scope.limit_usd or 0.0), scope.lives_s]
        with self._store.errors():
            refused, gone, reserved = await self._reserve(
                keys=[*self._keys(reservation), *(scope.key for scope in scopes)], args=arguments
            )
        if refused >= 0:
            scope = scopes[refused]
            assert scope.limit_usd is not None, "what has no limit refuses nothing"
            raise BudgetExceeded(
                f"the budget of {scope.name} is ${scope.limit_usd:.4f}, ${gone / NANO:.4f} of it "
                f"is spent and ${reserved / NANO:.4f} reserved, and this call may cost "
                f"${amount_usd:.4f}",
                scope=scope.name,
                may_come_free=gone + _nano(amount_usd) <= _nano(scope.limit_usd),
            )
        return reservation

    async def settle(self, reservation: Reservation, cost_usd: float) -> None:
        """What the call cost, 0 for one that was never made. A second time does nothing."""
        with self._store.errors():
            await self._settle(keys=self._keys(reservation), args=[reservation.id, _nano(cost_usd)])

    async def statuses(self, task: Task) -> tuple[BudgetStatus, ...]:
        """How the budgets stand that the task falls under, the fullest first."""
        scopes = self.scopes(task)
        if not scopes:
            return ()
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
        """How the budgets stand that are not one task's or one session's, the fullest first."""
        anybody = Task(prompt="-", tags=tuple(self._settings.tags_usd))
        return tuple(one for one in await self.statuses(anybody) if one.name != TASK_SCOPE)

    def _keys(self, reservation: Reservation) -> list[str]:
        held = self._store.keys.reservations()
        return [held, f"{held}:{reservation.id}"]


def _nano(dollars: float) -> int:
    """Rounded up: what is in doubt is spent."""
    return math.ceil(round(dollars * NANO, 3))
