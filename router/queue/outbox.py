"""The outbox: tasks that wait for a cloud, parked in Redis and delivered once.

Delivery moves a task from the waiting ones to the delivered ones in one step, which only the holder
of its lease can do: if a process dies on the way its lease ends, and the next one delivers.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from router.privacy.storage import may_be_written, require_may_be_written, why_not_written
from router.store.store import Store
from router.types.base import Frozen
from router.types.result import CloudState, Result
from router.types.task import Privacy, Task

KEPT_DELIVERIES = 10_000
_SPARE_S = 5.0
"""The lease lasts this much longer than the task's own time limit."""

# Scripts, because separate steps would race: another writer could lower a label between reading and
# writing it, or park a task anew while its last parking is being dropped, which would lose it.

# KEYS: tasks, order. ARGV: id, the parked task in JSON behind its label, when, the most, its label.
# One that waits already keeps the strictest label that it ever had.
_PUT = """
local STRICTNESS = {public = 0, internal = 1, local_only = 2}
local waiting = redis.call('HGET', KEYS[1], ARGV[1])
if not waiting and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then return 0 end
local label = ARGV[5]
if waiting then
  local fine, parked = pcall(cjson.decode, waiting)
  local before = fine and type(parked) == 'table' and parked.label or 'local_only'
  if not STRICTNESS[before] then before = 'local_only' end
  if STRICTNESS[before] > STRICTNESS[label] then label = before end
end
redis.call('HSET', KEYS[1], ARGV[1], '{"label":"' .. label .. '",' .. ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
return 1
"""
# KEYS: tasks, lease. ARGV: id, owner, milliseconds. The task as it waits now, nil for none.
_LEASE = """
local waiting = redis.call('HGET', KEYS[1], ARGV[1])
if waiting and redis.call('SET', KEYS[2], ARGV[2], 'NX', 'PX', ARGV[3]) then return waiting end
return false
"""
# KEYS: tasks, order. ARGV: id, the value that was read, or nothing for any value.
_DROP = """
if ARGV[2] ~= '' and (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
redis.call('ZREM', KEYS[2], ARGV[1])
return redis.call('HDEL', KEYS[1], ARGV[1])
"""
_FINISH = """
if redis.call('GET', KEYS[3]) ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[3])
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[4], '*', 'result', ARGV[3])
return 1
"""
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end"


class Parked(Frozen):
    """A task that waits for a cloud. Times: epoch seconds. draft: it has a local answer already."""

    task: Task
    why: CloudState
    label: Privacy
    parked_at: float
    expires_at: float
    draft: bool = False


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to deliver a parked task, until it ends."""

    parked: Parked
    owner: str


class Outbox:
    """The parked tasks of one namespace; every process may park and deliver.

    keep_s: how long a task waits at most, where it does not say itself. most: tasks that may wait
    at the same time.
    """

    def __init__(self, store: Store, *, keep_s: float, most: int) -> None:
        self._store = store
        self._keep_s = keep_s
        self._most = most
        of = store.keys.of
        self._tasks, self._order = of("outbox"), of("outbox", "order")
        self._delivered = of("outbox", "delivered")
        self._put = store.redis.register_script(_PUT)
        self._lease = store.redis.register_script(_LEASE)
        self._drop = store.redis.register_script(_DROP)
        self._finish = store.redis.register_script(_FINISH)
        self._release = store.redis.register_script(_RELEASE)

    async def park(self, task: Task, why: CloudState, label: Privacy, *, draft: bool) -> bool:
        """Parks the task; False where it does not want to wait, or too many wait already.

        Raises PrivacyViolation where it must stay and the store is another machine.
        """
        require_may_be_written(label, self._store, f"task {task.task_id}, which would wait,")
        keep_s = self._keep_s if task.upgrade_within_s is None else task.upgrade_within_s
        if keep_s <= 0:
            return False
        now = time.time()
        parked = Parked(
            task=task, why=why, label=label, parked_at=now, expires_at=now + keep_s, draft=draft
        )
        with self._store.errors():
            done: Any = await self._put(
                keys=[self._tasks, self._order],
                args=[
                    task.task_id,
                    parked.model_dump_json(by_alias=True, exclude={"label"}).removeprefix("{"),
                    *(now, self._most, label.value),
                ],
            )
        return bool(done)

    async def waiting(self) -> tuple[Parked, ...]:
        """The waiting tasks, the oldest first; drops expired ones."""
        with self._store.errors():
            ids: Any = await self._store.redis.zrange(self._order, 0, -1)
            entries: Any = await self._store.redis.hmget(self._tasks, ids) if ids else []
        found = []
        for task_id, entry in zip(ids, entries, strict=True):
            parked = _read(entry)
            if parked is not None and parked.expires_at > time.time():
                found.append(parked)
            elif entry is not None:
                await self._dropped(task_id, entry)
        return tuple(found)

    async def lease(self, parked: Parked) -> Lease | None:
        """Leases the task for delivery; None where another process has the lease, or it no longer
        waits.
        """
        task_id, owner = parked.task.task_id, uuid.uuid4().hex
        lease_ms = int((parked.task.timeout_s + _SPARE_S) * 1000)
        with self._store.errors():
            entry: Any = await self._lease(
                keys=[self._tasks, self._key(task_id)], args=[task_id, owner, lease_ms]
            )
        if entry is None:
            return None
        return Lease(_read(entry) or parked, owner)

    async def deliver(self, lease: Lease, result: Result) -> bool:
        """Delivers the result; False if another process has delivered it.

        A text whose label the store must not have is left out.
        """
        if not may_be_written(result.label, self._store):
            why = why_not_written("its answer", result.label, self._store)
            result = result.model_copy(update={"text": "", "warnings": (*result.warnings, why)})
        task_id = lease.parked.task.task_id
        with self._store.errors():
            done: Any = await self._finish(
                keys=[self._tasks, self._order, self._key(task_id), self._delivered],
                args=[task_id, lease.owner, result.model_dump_json(), KEPT_DELIVERIES],
            )
        return bool(done)

    async def give_back(self, lease: Lease) -> None:
        """Releases the lease without a delivery: the next process may try at once."""
        with self._store.errors():
            await self._release(keys=[self._key(lease.parked.task.task_id)], args=[lease.owner])

    async def drop(self, task_id: str) -> bool:
        """Drops a task that is no longer wanted. Whether it was waiting."""
        return await self._dropped(task_id, "")

    async def _dropped(self, task_id: str | bytes, entry: str | bytes) -> bool:
        """entry: as it was read, so that a task that was parked anew meanwhile stays."""
        with self._store.errors():
            return bool(await self._drop(keys=[self._tasks, self._order], args=[task_id, entry]))

    async def delivered(self, count: int = 100) -> tuple[Result, ...]:
        """The last deliveries, newest first."""
        with self._store.errors():
            entries: Any = await self._store.redis.xrevrange(self._delivered, count=count)
        found = []
        for _, fields in entries:
            try:
                found.append(Result.model_validate_json(fields[b"result"]))
            except (KeyError, ValidationError):
                continue
        return tuple(found)

    def _key(self, task_id: str) -> str:
        return self._store.keys.of("outbox", "lease", task_id)


def _read(entry: bytes | None) -> Parked | None:
    try:
        return None if entry is None else Parked.model_validate_json(entry)
    except ValidationError:
        return None
