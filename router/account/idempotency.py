"""Never pay twice: a cloud call is known by its task and its messages, and its answer is kept.

A task that is run again, after a crash or by a second worker, finds the finished call and takes its
answer, or waits for the one that is under way. Who dies during a call loses it to the next one: at
once where that runs on the same machine, else when its lease ends. What the provider charged for it
is then charged again, which no client can prevent. An answer is kept in the same step in which its
money is settled: whoever dies before has neither, whoever dies after has both.
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
"""A lease may outlive its deadline by this much: a call ends a moment after it."""

_LEASE_S = 30.0
"""A caller on another machine that was not heard of for so long is taken for dead."""

_RUNNING = b"running "

# KEYS: the call, the lease of the claim. ARGV: owner, milliseconds of the claim and of the lease.
# What is found there, and whether the lease of its owner has ended, which is no word on who lives.
_CLAIM = """
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[3])
  return {ARGV[1], 1}
end
return {redis.call('GET', KEYS[1]), redis.call('EXISTS', KEYS[2])}
"""
# Only the owner may end a call: its lease may have passed to somebody else.
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
    """The right to make a call that nobody else makes."""

    key: str
    owner: str


class Paid(Frozen):
    """A finished call. What it cost is counted by whoever made it, or for it (`open_calls`)."""

    completion: Completion


class PaidCalls:
    """The calls that are under way or finished, in Redis."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._replace = store.redis.register_script(_REPLACE)
        self._renew = store.redis.register_script(_RENEW)
        self._claim = store.redis.register_script(_CLAIM)
        self._renewals: dict[str, asyncio.Task[None]] = {}

    async def claim(
        self, task_id: str, messages: Sequence[Message], deadline: float
    ) -> Claim | Paid:
        """The right to make the call, or the call that somebody else has made.

        Waits while another one makes it; deadline: `time.monotonic()` seconds, also for the call.
        After it, the right is given whoever else may be calling: there is no time left to ask.
        """
        key = self._store.keys.call(task_id, _digest(messages))
        claim = Claim(key, f"{_RUNNING.decode()}{this_process()} {secrets.token_hex(8)}")
        try:
            return await self._claimed(claim, deadline)
        except BaseException:
            # It may be ours all the same, and others would wait for a call that nobody makes.
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
                    # Only if it still stands there: by now it may be somebody's claim.
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
        """Keep the answer. Does nothing where the lease has passed to somebody else.

        settle: given a transaction, what is done in the same step, whoever has the lease.
        """
        await self._end(claim, Paid(completion=completion).model_dump_json(), keep_s, settle)

    async def drop(self, claim: Claim) -> None:
        """There was no answer: the next one may call at once."""
        await self._end(claim, "")

    async def _keep(self, claim: Claim, deadline: float) -> None:
        """Renews the lease while the call is under way, at the longest until its deadline."""
        while deadline > time.monotonic():
            await asyncio.sleep(_LEASE_S / 4)
            with suppress(StoreUnavailable), self._store.errors():  # the call itself will say so
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
    """A process of this machine is dead when it is gone, however busy it was; another one when it
    was not heard of for its lease."""
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
