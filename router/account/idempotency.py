"""Idempotent cloud calls: the key is the task and its messages, and the answer is stored.

A task that is run again, after a crash or by a second worker, gets the stored answer, or waits for
the call that is under way. If the caller dies during a call, the next one takes the call over: at
once on the same machine, else when the lease ends. A provider may then charge the call twice, which
no client can prevent. An answer is stored in the same transaction in which its money is settled:
after a crash there are both or neither.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from router.errors import StoreUnavailable
from router.store.processes import has_ended, is_here, this_process
from router.store.store import Store
from router.types.base import Frozen
from router.types.completion import Completion
from router.types.task import Message

if TYPE_CHECKING:
    from redis.asyncio.client import Pipeline

    Settle = Callable[[Pipeline], Awaitable[None]]

KEPT_S = 86_400
"""How long a finished call is remembered, unless its caller says longer."""

_POLL_S = 0.05
_SPARE_S = 5.0
"""A call ends a moment after its deadline: the lease lasts this much longer."""

_LEASE_S = 30.0
"""The lease: a caller on another machine counts as dead if it did not renew for so long."""

_RUNNING = b"running "

# KEYS: the call, the lease of the claim. ARGV: owner, milliseconds of the claim and of the lease.
# Returns the value of the call, and whether the owner's lease exists; a lease that has ended does
# not prove that its owner is dead.
_CLAIM = """
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[3])
  return {ARGV[1], 1}
end
return {redis.call('GET', KEYS[1]), redis.call('EXISTS', KEYS[2])}
"""
# Only the owner may end a call: another process may have taken over its lease.
_RENEW = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return 1
"""
_REPLACE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '' then redis.call('DEL', KEYS[1])
else redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) end
return 1
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """The exclusive right to make a call."""

    key: str
    owner: str


class Paid(Frozen):
    """A finished call. Its cost is booked by the process that made it, or on its behalf
    (`open_calls`).
    """

    completion: Completion


class PaidCalls:
    """The cloud calls in Redis that are under way or finished."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._replace = store.redis.register_script(_REPLACE)
        self._renew = store.redis.register_script(_RENEW)
        self._claim = store.redis.register_script(_CLAIM)
        self._renewals: dict[str, asyncio.Task[None]] = {}

    async def claim(
        self, task_id: str, messages: Sequence[Message], deadline: float
    ) -> Claim | Paid:
        """Claims the call, or returns the answer of a process that has made it.

        Waits while another process makes the call. deadline: `time.monotonic()` seconds, also for
        the call. After the deadline the claim is granted even if another process is calling, as no
        time is left to wait.
        """
        key = self._store.keys.call(task_id, _digest(messages))
        claim = Claim(key, f"{_RUNNING.decode()}{this_process()} {secrets.token_hex(8)}")
        try:
            return await self._claimed(claim, deadline)
        except BaseException:
            # The claim may exist in Redis all the same, and others would wait for a call that
            # nobody makes.
            with suppress(StoreUnavailable):
                await asyncio.shield(self.drop(claim))
            raise

    async def _claimed(self, claim: Claim, deadline: float) -> Claim | Paid:
        key = claim.key
        while True:
            left_s = deadline - time.monotonic()
            with self._store.errors():
                arguments: list[Any] = [claim.owner, _left_ms(deadline), _lease_ms(deadline)]
                found, leased = await self._claim(keys=_keys(claim), args=arguments)
                if found == claim.owner.encode():
                    renewing = asyncio.create_task(self._keep(claim, deadline))
                    self._renewals[claim.owner] = renewing
                    return claim
                if found is not None and _is_of_the_dead(found, leased=bool(leased)):
                    await self._replace(keys=[key], args=[found, "", 0])
                    continue
            if found is not None and not found.startswith(_RUNNING):
                try:
                    return Paid.model_validate_json(found)
                except ValidationError:
                    # Only if it is unchanged: by now it may be another process's claim.
                    with self._store.errors():
                        await self._replace(keys=[key], args=[found, "", 0])
                    continue
            if left_s <= 0:
                return claim
            await asyncio.sleep(min(_POLL_S, left_s))

    async def finish(
        self,
        claim: Claim,
        completion: Completion,
        keep_s: int = KEPT_S,
        settle: Settle | None = None,
    ) -> None:
        """Stores the answer, unless another process has taken over the lease.

        settle: adds commands to the same transaction; they are carried out whoever has the lease.
        """
        await self._end(claim, Paid(completion=completion).model_dump_json(), keep_s, settle)

    async def drop(self, claim: Claim) -> None:
        """Releases the claim without an answer: the next caller may call at once."""
        await self._end(claim, "")

    async def _keep(self, claim: Claim, deadline: float) -> None:
        """Renews the lease while the call is under way, until its deadline at the latest."""
        while deadline > time.monotonic():
            await asyncio.sleep(_LEASE_S / 4)
            with suppress(StoreUnavailable), self._store.errors():  # the call itself will report it
                if not await self._renew(
                    keys=_keys(claim), args=[claim.owner, _lease_ms(deadline)]
                ):
                    return

    async def _end(
        self, claim: Claim, value: str, keep_s: int = KEPT_S, settle: Settle | None = None
    ) -> None:
        if (renewing := self._renewals.pop(claim.owner, None)) is not None:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
        arguments: list[Any] = [claim.owner, value, keep_s]
        with self._store.errors():
            async with self._store.redis.pipeline(transaction=True) as pipe:
                await self._replace(keys=[claim.key], args=arguments, client=pipe)
                if settle is not None:
                    await settle(pipe)
                await pipe.execute()


def _is_of_the_dead(found: bytes, *, leased: bool) -> bool:
    """Whether the claim's owner is dead: on this machine, if its process has ended, however long it
    was silent; on another machine, if its lease has ended.
    """
    if not found.startswith(_RUNNING):
        return False
    owner = found.removeprefix(_RUNNING).decode()
    return has_ended(owner) if is_here(owner) else not leased


def _keys(claim: Claim) -> list[str]:
    return [claim.key, f"{claim.key}:lease"]


def _left_ms(deadline: float) -> int:
    return max(int((max(deadline - time.monotonic(), 0.0) + _SPARE_S) * 1000), 1)


def _lease_ms(deadline: float) -> int:
    return min(_left_ms(deadline), int(_LEASE_S * 1000))


def _digest(messages: Sequence[Message]) -> str:
    shape = json.dumps([[message.role, message.content] for message in messages])
    return hashlib.sha256(shape.encode()).hexdigest()
