"""The runs of workflows in Redis: what each was begun with, how it stands, and who drives it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field, JsonValue, ValidationError

from router.errors import RunTaken, TaskError
from router.store.processes import has_ended, this_process
from router.store.store import Store
from router.types.base import Frozen

KEPT_S = 100 * 86_400
"""A run may wait 90 days for a person; it is forgotten this long after its last change."""

LEASE_S = 30.0
"""A run whose driver has not been heard of for so long may be taken up by another process."""

_RENEW = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then redis.call('DEL', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1
"""
_REPLACE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""


class RunRecord(Frozen):
    """A run from its beginning to its end.

    text, base, files: the workflow's file, its folder, and the files that it named, by their path
    from there: a run goes on with those that it began with. queued: workers drive it. answers:
    said, and not yet heard by who drives it.
    """

    run_id: str
    workflow: str
    path: str = ""
    text: str = ""
    base: str = ""
    files: dict[str, str] = Field(default_factory=dict)
    inputs: dict[str, JsonValue] = Field(default_factory=dict)
    status: Literal["running", "waiting", "done", "failed"] = "running"
    error: str | None = None
    queued: bool = False
    answers: dict[str, JsonValue] = Field(default_factory=dict)
    cost_usd: float | None = 0.0
    began: float = Field(default_factory=time.time)
    changed: float = Field(default_factory=time.time)


class Lease(Frozen):
    """The right to drive a run. text: what stands in Redis for it."""

    run_id: str
    text: str


class Runs:
    """Records and leases. Raises StoreUnavailable, and TaskError where a run cannot be had."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._renew = store.redis.register_script(_RENEW)
        self._replace = store.redis.register_script(_REPLACE)

    async def save(self, record: RunRecord) -> RunRecord:
        """Write it; its `changed` becomes now."""
        record = record.model_copy(update={"changed": time.time()})
        keys = self._store.keys
        with self._store.errors():
            async with self._store.redis.pipeline(transaction=True) as pipe:
                pipe.set(keys.workflow_run(record.run_id), record.model_dump_json(), ex=KEPT_S)
                pipe.zadd(keys.workflow_runs(), {record.run_id: record.began})
                pipe.zremrangebyscore(keys.workflow_runs(), "-inf", time.time() - 2 * KEPT_S)
                pipe.expire(keys.workflow_runs(), KEPT_S)
                await pipe.execute()
        return record

    async def load(self, run_id: str) -> RunRecord:
        """The run of this id, or of the only id that begins so. TaskError where there is none."""
        found = await self._read([await self._whole(run_id)])
        if not found:
            raise TaskError(f"the run {run_id!r} is forgotten, or its record cannot be read")
        return found[0]

    async def latest(self, most: int = 20) -> tuple[RunRecord, ...]:
        """The newest first."""
        with self._store.errors():
            named: Any = await self._store.redis.zrevrange(
                self._store.keys.workflow_runs(), 0, most - 1
            )
        return tuple(await self._read([name.decode() for name in named]))

    async def drivers(self, run_ids: Sequence[str]) -> dict[str, str]:
        """Who drives them, as `host:pid`; nobody drives those that are left out."""
        if not run_ids:
            return {}
        with self._store.errors():
            held: Any = await self._store.redis.mget(
                [self._store.keys.workflow_lease(one) for one in run_ids]
            )
        found = {}
        for run_id, text in zip(run_ids, held, strict=True):
            if text is not None and not has_ended(text.decode()):
                found[run_id] = text.decode().partition(" ")[0]
        return found

    async def lease(self, run_id: str) -> Lease:
        """The right to drive the run. RunTaken while a living process has it."""
        key = self._store.keys.workflow_lease(run_id)
        text = f"{this_process()} {secrets.token_hex(8)}"
        milliseconds = int(LEASE_S * 1000)
        with self._store.errors():
            while not await self._store.redis.set(key, text, nx=True, px=milliseconds):
                held: Any = await self._store.redis.get(key)
                if held is None:
                    continue
                # A process of this machine that is gone need not be waited for.
                if has_ended(held.decode()) and await self._replace(
                    keys=[key], args=[held, text, milliseconds]
                ):
                    break
                who = held.decode().partition(" ")[0]
                raise RunTaken(
                    f"the run {run_id} is driven by {who}: wait for it, or end that process; if "
                    f"its machine is gone, try again in {LEASE_S:.0f} s"
                )
        return Lease(run_id=run_id, text=text)

    async def renew(self, lease: Lease) -> bool:
        """Whether it is still ours."""
        return await self._touch(lease, int(LEASE_S * 1000))

    async def give_back(self, lease: Lease) -> None:
        await self._touch(lease, 0)

    async def _touch(self, lease: Lease, milliseconds: int) -> bool:
        key = self._store.keys.workflow_lease(lease.run_id)
        with self._store.errors():
            return bool(await self._renew(keys=[key], args=[lease.text, milliseconds]))

    async def _whole(self, run_id: str) -> str:
        keys = self._store.keys
        with self._store.errors():
            if await self._store.redis.exists(keys.workflow_run(run_id)):
                return run_id
            named: Any = await self._store.redis.zrevrange(keys.workflow_runs(), 0, -1)
        known: list[str] = [name.decode() for name in named]
        fitting = [one for one in known if run_id and one.startswith(run_id)]
        if len(fitting) == 1:
            return fitting[0]
        latest = ", ".join(known[:3]) or "none"
        what = "no run begins with" if not fitting else f"{len(fitting)} runs begin with"
        raise TaskError(f"{what} {run_id!r}; the latest are: {latest} (edgeward runs)")

    async def _read(self, run_ids: Sequence[str]) -> list[RunRecord]:
        if not run_ids:
            return []
        with self._store.errors():
            texts: Any = await self._store.redis.mget(
                [self._store.keys.workflow_run(one) for one in run_ids]
            )
        found = []
        for text in texts:
            if text is None:
                continue
            try:
                found.append(RunRecord.model_validate_json(text))
            except ValidationError:
                continue  # of a later version
        return found
