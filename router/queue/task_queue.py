"""TaskQueue: submit tasks, wait for results, follow events."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any, Self

from router.errors import ResultTimeout, TaskError
from router.json_schema import require_schema
from router.privacy.gate import Gate, strictest
from router.privacy.storage import CURE, may_be_written
from router.queue.completion import Completions
from router.queue.consumer import Work
from router.queue.refusals import refused, require_possible
from router.queue.storage import QueueStorage
from router.queue.types import (
    CAPABILITIES,
    ENDED,
    OFFSET_S,
    QUANTUM_S,
    VERSION,
    Queued,
    member_of,
    queued_of,
)
from router.settings.privacy import PrivacySettings
from router.settings.queue import QueueSettings
from router.store.store import Store
from router.types.result import Result
from router.types.task import Privacy, Task


class Handle:
    """A submitted task, from any process that knows its id."""

    def __init__(self, queue: TaskQueue, task_id: str, *, is_new: bool = True) -> None:
        self._queue = queue
        self.task_id = task_id
        self.is_new = is_new

    async def status(self) -> Queued:
        return await self._queue.status(self.task_id)

    async def result(self, timeout_s: float | None = None) -> Result:
        """The task's result. Raises ResultTimeout, and TaskError for one that ended without any."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._queue.ended(self.task_id)
        except TimeoutError:
            state = (await self.status()).state
            raise ResultTimeout(
                f"task {self.task_id} has no result within {timeout_s:g} s; it is {state}"
            ) from None
        return await self._queue.result_of(self.task_id)

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """The task's events from the beginning, whenever the caller subscribes; `end` is last."""
        async for event in self._queue.events(self.task_id):
            yield event

    async def cancel(self) -> bool:
        """Cancels the task. False if it had ended already."""
        return await self._queue.cancel(self.task_id)


class TaskQueue:
    """The queue of one namespace. Open it with `async with`.

    capability_of: what a task needs; decides for which workers it waits. label_of: of a task, by
    what is found in it; asked before it is written to another machine. Without one the detectors
    look for what they look for by default.
    """

    def __init__(
        self,
        store: Store,
        settings: QueueSettings,
        capability_of: Callable[[Task], str],
        label_of: Callable[[Task], Privacy] | None = None,
    ) -> None:
        self._shelf = QueueStorage(store, settings)
        self._capability_of = capability_of
        self._label_of = label_of or labels_by(PrivacySettings())
        self._stack = AsyncExitStack()
        self._ends = Completions(self._shelf)
        self.work = Work(self._shelf)

    @property
    def settings(self) -> QueueSettings:
        return self._shelf.settings

    async def __aenter__(self) -> Self:
        for delivery in self._shelf.deliveries.values():
            await self._stack.enter_async_context(delivery)
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._ends.close()
        await self._stack.aclose()

    async def submit(
        self,
        task: Task,
        *,
        key: str | None = None,
        delay_s: float = 0.0,
        expires_s: float | None = None,
    ) -> Handle:
        """Queues the task for a worker with its capability.

        key: the idempotency key; the same key returns the same handle, whatever the task. delay_s:
        not started before. expires_s: not started after. Raises QueueFull; TaskError for options
        that mean nothing, a schema that cannot be used, or a text that must not be written to a
        remote Redis.
        """
        require_possible(key, delay_s, expires_s)
        require_schema(task.json_schema)
        if not self._shelf.store.local:
            self._require_room_for(task)
        shelf, member = self._shelf, member_of(task.task_id)
        capability = self._capability_of(task)
        keys = [
            shelf.task(member),
            shelf.key("ready", capability),
            shelf.key("delayed", capability),
            shelf.key("tenants", capability),
            shelf.key("wish", key) if key else "",
            shelf.key("rate", task.tenant),
        ]
        payload = json.dumps({"v": VERSION, "task": task.model_dump(mode="json", by_alias=True)})
        code, said = await shelf.run(
            *("SUBMIT", keys, member, payload, capability, task.tenant),
            *(OFFSET_S[task.priority], delay_s, self.settings.most_waiting),
            *(self.settings.per_minute, QUANTUM_S, shelf.kept_s),
            *(expires_s or 0, task.priority.value, task.task_id),
        )
        if code < 0:
            raise refused(int(code), said.decode(), task)
        if code == 0:
            (known,) = await shelf.read(said.decode(), "id")
            return Handle(self, (known or said).decode(), is_new=False)
        with shelf.store.errors():
            await shelf.deliveries[capability].ticket(delay_s)
        return Handle(self, task.task_id)

    def _require_room_for(self, task: Task) -> None:
        """TaskError for a text that must not be written to the queue's machine."""
        label = strictest((task.privacy, self._label_of(task)))
        if not may_be_written(label, self._shelf.store):
            raise TaskError(
                f"task {task.task_id} is {label.value}, and the queue is in "
                f"{self._shelf.store.description}: {CURE}, or run it here"
            )

    async def submit_many(
        self,
        tasks: Sequence[Task],
        *,
        delay_s: float = 0.0,
        expires_s: float | None = None,
        at_once: int = 16,
    ) -> list[Handle]:
        """A handle each, in order. Raises as `submit`, at the first that finds no room."""
        gate = asyncio.Semaphore(at_once)

        async def one(task: Task) -> Handle:
            async with gate:
                return await self.submit(task, delay_s=delay_s, expires_s=expires_s)

        return list(await asyncio.gather(*map(one, tasks)))

    def handle(self, task_id: str) -> Handle:
        return Handle(self, task_id, is_new=False)

    async def status(self, task_id: str) -> Queued:
        return await self._status(member_of(task_id), task_id)

    async def _status(self, member: str, task_id: str = "") -> Queued:
        names = ("id", *(name for name in Queued.model_fields if name != "task_id"))
        read = await self._shelf.read(member, *names)
        told = zip(names, read, strict=True)
        fields = {name: one.decode(errors="replace") for name, one in told if one is not None}
        return queued_of(fields.get("id") or task_id or member, fields)

    async def ended(self, task_id: str) -> None:
        """Returns once the task has ended, or is unknown."""
        with self._ends.expected(member_of(task_id)) as ended:
            # Checked after subscribing, so that an end in between is not missed.
            while not await self._has_ended(member_of(task_id)):
                await self._ends.heard(ended)

    async def _has_ended(self, member: str) -> bool:
        (state,) = await self._shelf.read(member, "state")
        return state is None or state.decode() in ENDED

    async def result_of(self, task_id: str) -> Result:
        """The result of a task that has ended; TaskError for one without."""
        read = await self._shelf.read(member_of(task_id), "result", "state", "error")
        text, state, error = read
        if text:
            return Result.model_validate_json(text)
        shown = state.decode() if state else "unknown: it was never submitted, or is forgotten"
        why = f": {error.decode()}" if error else ""
        raise TaskError(f"task {task_id} has no result, it is {shown}{why}")

    async def events(self, task_id: str) -> AsyncIterator[dict[str, Any]]:
        """All events from the start, then new ones; ends with `end`."""
        at, key = "0", self._shelf.events(member_of(task_id))
        while True:
            with self._shelf.store.errors():
                read: Any = await self._shelf.store.redis.xread({key: at}, count=500, block=1000)
            for entry_id, fields in read[0][1] if read else ():
                at = entry_id
                event = json.loads(fields[b"event"])
                yield event
                if event["type"] == "end":
                    return
            if not read and (await self.status(task_id)).state in ENDED | {"unknown"}:
                yield {"type": "end", "state": (await self.status(task_id)).state}
                return

    async def history(self, task_id: str) -> AsyncIterator[dict[str, Any]]:
        """What happened to it so far."""
        with self._shelf.store.errors():
            read: Any = await self._shelf.store.redis.xrange(self._shelf.events(member_of(task_id)))
        for _, fields in read:
            yield json.loads(fields[b"event"])

    async def cancel(self, task_id: str) -> bool:
        """Cancels the task. False if it had ended already."""
        shelf, member = self._shelf, member_of(task_id)
        capability = (await self.status(task_id)).capability or CAPABILITIES[0]
        keys = [shelf.task(member), shelf.key("ready", capability)]
        keys += [shelf.key("delayed", capability), shelf.events(member)]
        state = await shelf.run("CANCEL", keys, member, shelf.kept_s, shelf.key("ended"))
        return state in (b"queued", b"running")

    async def retry(self, task_id: str) -> bool:
        """Queues a task again that had ended without a result; False for any other."""
        shelf, member = self._shelf, member_of(task_id)
        capability = (await self.status(task_id)).capability
        if not capability:
            return False
        keys = [shelf.task(member), shelf.key("ready", capability)]
        keys += [shelf.key("dead"), shelf.events(member)]
        if await shelf.run("RETRY", keys, member) != b"queued":
            return False
        with shelf.store.errors():
            await shelf.deliveries[capability].ticket()
        return True

    async def waiting(self, capability: str, count: int = 100) -> list[Queued]:
        """The waiting tasks in the order in which they will be taken; delayed ones after them."""
        with self._shelf.store.errors():
            ready: Any = await self._shelf.store.redis.zrange(
                self._shelf.key("ready", capability), 0, count - 1
            )
            late: Any = await self._shelf.store.redis.zrange(
                self._shelf.key("delayed", capability), 0, count - 1
            )
        return [await self._status(one.decode()) for one in (*ready, *late)][:count]

    async def lengths(self) -> dict[str, dict[str, int]]:
        """By capability: how many are ready and how many delayed; `dead` over all."""
        with self._shelf.store.errors():
            redis, found = self._shelf.store.redis, {}
            for name in CAPABILITIES:
                found[name] = {
                    "ready": await redis.zcard(self._shelf.key("ready", name)),
                    "delayed": await redis.zcard(self._shelf.key("delayed", name)),
                }
            found["all"] = {"dead": await redis.zcard(self._shelf.key("dead"))}
        return found

    async def dead(self, count: int = 100) -> list[Queued]:
        """The dead letters, newest first; drops expired ones."""
        with self._shelf.store.errors():
            oldest = time.time() - self._shelf.settings.dead_days * 86_400
            await self._shelf.store.redis.zremrangebyscore(self._shelf.key("dead"), "-inf", oldest)
            ids: Any = await self._shelf.store.redis.zrevrange(
                self._shelf.key("dead"), 0, count - 1
            )
        return [await self._status(one.decode()) for one in ids]

    async def purge(self, capability: str) -> int:
        """Cancels all waiting tasks of a capability; returns how many."""
        count = 0
        while found := await self.waiting(capability, 500):
            count += sum([await self.cancel(one.task_id) for one in found])
        return count

    async def workers(self) -> list[dict[str, Any]]:
        """The workers' own announcements."""
        with self._shelf.store.errors():
            pattern = f"{self._shelf.key('worker')}:*"
            names = [
                key async for key in self._shelf.store.redis.scan_iter(match=pattern, count=500)
            ]
            states: Any = await self._shelf.store.redis.mget(names) if names else []
        return sorted((json.loads(one) for one in states if one), key=lambda one: one["name"])


def labels_by(settings: PrivacySettings) -> Callable[[Task], Privacy]:
    """A function that labels a task under these settings; raises ConfigError for invalid ones."""
    gate = Gate(settings)

    def label_of(task: Task) -> Privacy:
        names = "\n".join((task.session or "", task.tenant, *task.tags))
        return strictest((gate.judge(task).label, gate.label_of(names)))

    return label_of
