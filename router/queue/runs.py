"""Workflow runs in Redis: their inputs and state, and the lease of the process that drives each."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field, JsonValue, ValidationError

from router.errors import RunTaken, TaskError
from router.privacy.storage import require_may_be_written
from router.store.processes import has_ended, this_process
from router.store.store import Store
from router.types.base import Frozen
from router.types.task import Privacy

KEPT_S = 100 * 86_400
"""A run may wait 90 days for a person; it is forgotten this long after its last change."""

LEASE_S = 30.0
"""The lease: another process may take over a run whose driver did not renew for so long."""

_RENEW = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then redis.call('DEL', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1
"""
# KEYS: the record, all runs, the lease. ARGV: the record in JSON behind its label, the label, id,
# when it began, seconds that it is kept, the oldest that counts, the lease's text ('' for none),
# 1 where it must be new. Answers the record that stands, nil where the lease is another's.
_SAVE = """
local STRICTNESS = {public = 0, internal = 1, local_only = 2}
local stands = redis.call('GET', KEYS[1])
if ARGV[8] == '1' and stands then return stands end
if ARGV[7] ~= '' and redis.call('GET', KEYS[3]) ~= ARGV[7] then return false end
local label = ARGV[2]
local before = stands and string.match(stands, '^{"label":"([^"]*)"') or 'public'
if not STRICTNESS[before] then before = 'local_only' end
if STRICTNESS[before] > STRICTNESS[label] then label = before end
local record = '{"label":"' .. label .. '",' .. ARGV[1]
redis.call('SET', KEYS[1], record, 'EX', ARGV[5])
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[6])
redis.call('EXPIRE', KEYS[2], ARGV[5])
return record
"""
_REPLACE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""


class RunRecord(Frozen):
    """A run and its state.

    label: of its inputs, as it was found when they were judged; it only rises. text, base, files:
    the workflow's file, its folder, and the files that it named, by their path from there: a run
    continues with those that it began with. queued: workers drive it. answers: given by a person,
    and not yet read by the driver.
    """

    label: Privacy = Privacy.PUBLIC
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
    """The right to drive a run. text: its value in Redis."""

    run_id: str
    text: str


class Runs:
    """Records and leases. Raises StoreUnavailable, and TaskError where a run cannot be had."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._save = store.redis.register_script(_SAVE)
        self._renew = store.redis.register_script(_RENEW)
        self._replace = store.redis.register_script(_REPLACE)

    async def create(self, record: RunRecord) -> RunRecord:
        """Writes the record unless the id exists; returns the stored record."""
        return await self._write(record, None, is_new=True)

    async def save(self, record: RunRecord, lease: Lease | None = None) -> RunRecord:
        """Writes the record and updates `changed`; the label does not fall.

        lease: RunTaken, and nothing is written, where another process has it by now. Raises
        PrivacyViolation where the store is another machine and must not have the record.
        """
        return await self._write(record, lease, is_new=False)

    async def _write(self, record: RunRecord, lease: Lease | None, *, is_new: bool) -> RunRecord:
        require_may_be_written(record.label, self._store, f"the run {record.run_id}")
        record = record.model_copy(update={"changed": time.time()})
        keys, oldest = self._store.keys, time.time() - 2 * KEPT_S
        with self._store.errors():
            stands: Any = await self._save(
                keys=[
                    keys.workflow_run(record.run_id),
                    keys.workflow_runs(),
                    keys.workflow_lease(record.run_id),
                ],
                args=[
                    record.model_dump_json(exclude={"label"}).removeprefix("{"),
                    *(record.label.value, record.run_id, record.began, KEPT_S, oldest),
                    *(lease.text if lease else "", int(is_new)),
                ],
            )
        if stands is None:
            raise RunTaken(f"the run {record.run_id} was taken up by another process")
        try:
            return RunRecord.model_validate_json(stands)
        except ValidationError:
            raise TaskError(f"the record of the run {record.run_id} cannot be read") from None

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
        """The drivers as `host:pid`, by run; a run without a driver is left out."""
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
        """Leases the run. RunTaken while another living process has it."""
        key = self._store.keys.workflow_lease(run_id)
        text = f"{this_process()} {secrets.token_hex(8)}"
        milliseconds = int(LEASE_S * 1000)
        with self._store.errors():
            while not await self._store.redis.set(key, text, nx=True, px=milliseconds):
                held: Any = await self._store.redis.get(key)
                if held is None:
                    continue
                # The lease of an ended process of this machine is replaced at once.
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
        """Renews the lease; False if another process has it by now."""
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
