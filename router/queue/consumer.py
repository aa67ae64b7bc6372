"""The worker's side of the queue: claiming tasks, renewing leases, events, and results."""

from __future__ import annotations

import json
import time
from typing import Any

from router.errors import MessageCorrupt
from router.privacy.storage import may_be_written, why_not_written
from router.queue.delivery import Delivery
from router.queue.storage import QueueStorage
from router.queue.types import BINDING_S, Claimed, State, member_of, task_of
from router.types.result import Result
from router.types.task import Privacy

_MOST_EVENTS = 10_000
_MOST_MENDED = 100


class Work:
    """A worker's operations on the queue."""

    def __init__(self, shelf: QueueStorage) -> None:
        self._shelf = shelf

    def delivery(self, capability: str) -> Delivery:
        return self._shelf.deliveries[capability]

    async def claim(self, capability: str, ticket: str, worker: str) -> Claimed | None:
        """Claims the best waiting task for a ticket; a redelivered ticket gets the same task.

        None where nothing waits. A task that is malformed, has expired, or whose workers died too
        often is ended here, and the next one claimed.
        """
        shelf = self._shelf
        keys = [shelf.key("ready", capability), shelf.key("delayed", capability)]
        keys += [shelf.key("binding", ticket), shelf.key("running", capability)]
        while True:
            member, run, now, text, failures, expires = await self._next(keys, worker)
            if not member:
                return None
            try:
                task = task_of(text)
            except MessageCorrupt as error:
                await self._end(member, capability, ticket, run, "dead", error=str(error))
                continue
            claimed = Claimed(task, ticket, capability, run, failures)
            if claimed.run > shelf.settings.most_runs + claimed.failures:
                why = f"{claimed.run - 1} workers ended while they ran it"
                await self.finish(claimed, "dead", error=why)
            elif 0 < expires < now and run == 1:
                await self.finish(claimed, "expired", error="nobody began it in time")
            else:
                return claimed

    async def _next(
        self, keys: list[str], worker: str
    ) -> tuple[str, int, float, bytes, int, float]:
        """Member, run, Redis' time, text, failures and expiry; an empty member if nothing waits."""
        shelf = self._shelf
        found = await shelf.run(
            *("CLAIM", keys, shelf.prefix, worker, BINDING_S), shelf.events(""), shelf.kept_s
        )
        if not found[0]:
            return "", 0, 0.0, b"", 0, 0.0
        member, run, now, text, failures, expires = found
        return member.decode(), run, float(now), text, int(failures), float(expires)

    async def renew(self, claimed: Claimed) -> str:
        """Renews the lease. Returns `cancelled` if the task was cancelled, `lost` if another run
        has it by now, else an empty text.
        """
        shelf, member = self._shelf, member_of(claimed.task.task_id)
        keys = [shelf.task(member), shelf.key("running", claimed.capability)]
        said: bytes = await shelf.run("RENEW", keys, claimed.run, member)
        return said.decode()

    async def tell(
        self, claimed: Claimed, event: dict[str, Any], label: Privacy = Privacy.PUBLIC
    ) -> None:
        """Appends an event to the task's stream.

        label: of the text in it; nothing is written where the store must not have it.
        """
        if not may_be_written(label, self._shelf.store):
            return
        shelf = self._shelf
        key = shelf.events(member_of(claimed.task.task_id))
        with shelf.store.errors():
            async with shelf.store.redis.pipeline(transaction=False) as pipe:
                pipe.xadd(key, {"event": json.dumps(event)}, maxlen=_MOST_EVENTS, approximate=True)
                pipe.expire(key, shelf.kept_s)
                await pipe.execute()

    async def finish(
        self, claimed: Claimed, state: State, result: Result | None = None, error: str = ""
    ) -> bool:
        """Ends the task; False if this run had lost its lease, and changed nothing.

        A result whose label the store must not have becomes a failure that says so.
        """
        if result is not None and not may_be_written(result.label, self._shelf.store):
            state, error = "failed", why_not_written("its answer", result.label, self._shelf.store)
            result = None
        text = "" if result is None else result.model_dump_json()
        member = member_of(claimed.task.task_id)
        return await self._end(
            member, claimed.capability, claimed.ticket, claimed.run, state, text, error
        )

    async def hand_back(
        self, claimed: Claimed, *, delay_s: float = 0.0, error: str = "", failed: bool = False
    ) -> bool:
        """Requeues the task, at once or after a delay; False if the lease was lost."""
        shelf, member = self._shelf, member_of(claimed.task.task_id)
        keys = [shelf.task(member), shelf.key("binding", claimed.ticket)]
        keys += [shelf.key(name, claimed.capability) for name in ("ready", "delayed", "running")]
        arguments = (claimed.run, member, delay_s, error[:500], int(failed))
        if not await shelf.run("HAND_BACK", keys, *arguments):
            return False
        with shelf.store.errors():
            await self.delivery(claimed.capability).ticket(delay_s)
        return True

    async def mend(self, capability: str) -> int:
        """Replaces tickets that were lost in a crash; returns how many."""
        shelf = self._shelf
        keys = [shelf.key("running", capability), shelf.key("ready", capability)]
        missing: int = await shelf.run("RECOVER", keys, shelf.prefix, shelf.settings.lease_s)
        with shelf.store.errors():
            redis = shelf.store.redis
            if await redis.xlen(self.delivery(capability).stream_key) == 0:
                late = await redis.zcount(shelf.key("delayed", capability), "-inf", time.time())
                missing = await redis.zcard(shelf.key("ready", capability)) + late
            await self.delivery(capability).tickets(min(missing, _MOST_MENDED))
        return missing

    async def set_aside(self, capability: str, what: str) -> None:
        """Makes a stream entry that is not one of our tickets a dead letter, unparsed."""
        shelf = self._shelf
        member = f"foreign-{capability}-{time.time_ns()}"
        fields: dict[Any, Any] = {
            "state": "dead",
            "capability": capability,
            "finished": time.time(),
            "error": f"a foreign entry: {what}"[:500],
        }
        with shelf.store.errors():
            async with shelf.store.redis.pipeline(transaction=True) as pipe:
                pipe.hset(shelf.task(member), mapping=fields)
                pipe.expire(shelf.task(member), shelf.dead_s)
                pipe.zadd(shelf.key("dead"), {member: time.time()})
                await pipe.execute()

    async def present(self, name: str, state: dict[str, Any], ttl_s: int) -> None:
        """Announces the worker for `ttl_s` seconds."""
        shelf = self._shelf
        with shelf.store.errors():
            await shelf.store.redis.set(shelf.key("worker", name), json.dumps(state), ex=ttl_s)

    async def absent(self, name: str) -> None:
        with self._shelf.store.errors():
            await self._shelf.store.redis.delete(self._shelf.key("worker", name))

    async def _end(
        self,
        member: str,
        capability: str,
        ticket: str,
        run: int,
        state: State,
        result: str = "",
        error: str = "",
    ) -> bool:
        shelf = self._shelf
        keys = [shelf.task(member), shelf.key("binding", ticket), shelf.events(member)]
        keys += [shelf.key("dead"), shelf.key("running", capability)]
        ttl_s = shelf.dead_s if state == "dead" else shelf.kept_s
        arguments = (run, state, result, error[:500], ttl_s, member, shelf.key("ended"))
        return bool(await shelf.run("FINISH", keys, *arguments))
