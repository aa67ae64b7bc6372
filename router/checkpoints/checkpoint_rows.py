"""Saved LangGraph threads as rows in Redis: writes, lists in order, and deletes them, unparsed.

A thread is one hash with everything it saved, and one sorted set that names the hash's checkpoints
and writes in lexical order, because a hash has none (`router/checkpoints/checkpoint_fields.py`). So
a thread is deleted, copied and expired as a whole, and no checkpoint outlives the ancestors that it
needs. Redis 6.2 without modules is enough.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from router.checkpoints.checkpoint_fields import NUL, Address, join, split
from router.store.store import Store

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

PAGE = 50
"""Checkpoints listed in one round trip."""


class ThreadRows:
    """ttl_s: seconds after its last save that a thread is forgotten; None keeps it."""

    def __init__(self, store: Store, *, ttl_s: float | None) -> None:
        self._store = store
        self._ttl_ms = None if ttl_s is None else int(ttl_s * 1000)

    def data(self, thread: str) -> str:
        return self._store.keys.checkpoints(thread)

    def index(self, thread: str) -> str:
        return self._store.keys.checkpoint_index(thread)

    async def save(
        self,
        thread: str,
        fields: Mapping[str, bytes],
        *,
        keep: Iterable[str] = (),
        indexed: Iterable[str] = (),
        run: str | None = None,
    ) -> None:
        """Set fields in one transaction; those in `keep` only where they are not set yet."""
        kept = set(keep)
        members = [*indexed, *([join("r", run)] if run else [])]
        with self._store.errors():
            async with self._store.redis.pipeline(transaction=True) as pipe:
                for name, value in fields.items():
                    if name in kept:
                        pipe.hsetnx(self.data(thread), name, value)
                    else:
                        pipe.hset(self.data(thread), name, value)
                if members:
                    pipe.zadd(self.index(thread), dict.fromkeys(members, 0))
                if run:
                    self._lead_from_run(pipe, run, thread)
                self._renew(pipe, thread)
                await pipe.execute()

    async def read(self, thread: str, names: Sequence[str]) -> list[bytes | None]:
        """Fields in the order asked for; None for those that are not there."""
        if not names:
            return []
        with self._store.errors():
            found: Any = await self._store.redis.hmget(self.data(thread), list(names))
        return list(found)

    async def head(self, at: Address) -> tuple[bytes | None, bytes | None, list[str]]:
        """A checkpoint, its metadata, and the names of its writes, in one round trip."""
        with self._store.errors():
            async with self._store.redis.pipeline(transaction=False) as pipe:
                pipe.hmget(self.data(at.thread), [at.field("c"), at.field("m")])
                pipe.zrangebylex(self.index(at.thread), *_span(at.field("w") + NUL))
                (checkpoint, metadata), writes = await pipe.execute()
        return checkpoint, metadata, [name.decode() for name in writes]

    async def page(self, at: Address, *, before: str | None, count: int) -> list[Address]:
        """Checkpoints of one namespace, newest first, of those older than the id `before`."""
        low, high = _span(at.namespace_prefix)
        if before is not None:
            high = "(" + at.namespace_prefix + join(before)
        with self._store.errors():
            found: Any = await self._store.redis.zrevrangebylex(
                self.index(at.thread), high, low, start=0, num=count
            )
        return [at.with_id(split(member.decode())[2]) for member in found]

    async def addresses(
        self, config: RunnableConfig | None, *, before: str | None = None
    ) -> AsyncGenerator[Address, None]:
        """Every checkpoint that `config` allows: by thread, by namespace, newest first."""
        wanted = config["configurable"] if config else {}
        threads = [str(wanted["thread_id"])] if wanted else await self._threads()
        for thread in threads:
            if "checkpoint_ns" in wanted:
                namespaces = [wanted["checkpoint_ns"]]
            else:
                members = await self._members(thread, "c" + NUL)
                namespaces = sorted({split(member)[1] for member in members})
            for ns in namespaces:
                last = before
                while page := await self.page(Address(thread, ns, None), before=last, count=PAGE):
                    for at in page:
                        if wanted.get("checkpoint_id") in (None, at.id):
                            yield at
                    last = page[-1].id

    async def threads_of_run(self, run: str) -> list[str]:
        with self._store.errors():
            names: Any = await self._store.redis.smembers(self._store.keys.run_threads(run))
        return [name.decode() for name in names]

    async def forget_run(self, run: str) -> None:
        with self._store.errors():
            await self._store.redis.delete(self._store.keys.run_threads(run))

    async def delete(self, thread: str) -> None:
        with self._store.errors():
            async with self._store.redis.pipeline(transaction=True) as pipe:
                pipe.delete(self.data(thread), self.index(thread))
                pipe.zrem(self._store.keys.threads(), thread)
                await pipe.execute()

    async def copy(self, source: str, target: str) -> None:
        """Makes the target a copy of the source; a source that does not exist leaves it empty."""
        await self.delete(target)
        runs = await self._members(source, "r" + NUL)
        with self._store.errors():
            async with self._store.redis.pipeline(transaction=True) as pipe:
                pipe.copy(self.data(source), self.data(target), replace=True)
                pipe.copy(self.index(source), self.index(target), replace=True)
                for run in runs:
                    self._lead_from_run(pipe, split(run)[1], target)
                self._renew(pipe, target)
                await pipe.execute()

    async def drop(self, thread: str, doomed: Sequence[Address], run: str | None = None) -> None:
        """Delete checkpoints of a thread with their metadata and writes; also a run's mark."""
        gone = [at.field("c") for at in doomed]
        for at in doomed:
            gone += await self._members(thread, at.field("w") + NUL)
        marks = [join("r", run)] if run else []
        if not (gone or marks):
            return
        with self._store.errors():
            async with self._store.redis.pipeline(transaction=True) as pipe:
                pipe.zrem(self.index(thread), *gone, *marks)
                if gone:
                    pipe.hdel(self.data(thread), *gone, *(at.field("m") for at in doomed))
                await pipe.execute()

    async def keep_blobs(self, thread: str, needed: set[str]) -> None:
        """Delete the channel values that are not among the `needed` fields."""
        with self._store.errors():
            names: Any = await self._store.redis.hkeys(self.data(thread))
            blobs = {name.decode() for name in names if name.startswith(b"b" + NUL.encode())}
            if stale := blobs - needed:
                await self._store.redis.hdel(self.data(thread), *stale)

    async def _members(self, thread: str, prefix: str) -> list[str]:
        with self._store.errors():
            found: Any = await self._store.redis.zrangebylex(self.index(thread), *_span(prefix))
        return [member.decode() for member in found]

    async def _threads(self) -> list[str]:
        with self._store.errors():
            names: Any = await self._store.redis.zrange(self._store.keys.threads(), 0, -1)
        return [name.decode() for name in names]

    def _renew(self, pipe: Any, thread: str) -> None:
        """Renews the TTL of the thread and of the list of threads."""
        threads, now = self._store.keys.threads(), time.time()
        pipe.zadd(threads, {thread: now})
        if self._ttl_ms is not None:
            for key in (self.data(thread), self.index(thread), threads):
                pipe.pexpire(key, self._ttl_ms)
            pipe.zremrangebyscore(threads, "-inf", now - self._ttl_ms / 1000)

    def _lead_from_run(self, pipe: Any, run: str, thread: str) -> None:
        key = self._store.keys.run_threads(run)
        pipe.sadd(key, thread)
        if self._ttl_ms is not None:
            pipe.pexpire(key, self._ttl_ms)


def _span(prefix: str) -> tuple[str, str]:
    """The lexical range of all members that begin with a prefix that ends in NUL."""
    return "[" + prefix, "(" + prefix[:-1] + "\x01"
