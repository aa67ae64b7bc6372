"""Whose turn it is, whatever dies: pydocket's streams and leases. Nothing else imports it.

What travels through it is a ticket, a name without content: whoever holds one may claim the best
task of a capability (`task_queue`). So nothing of a task is in pydocket's own format, and its
pickles are replaced by JSON; an entry that somebody else put into its stream is set aside.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

import structlog

if TYPE_CHECKING:
    from docket import Docket, Worker

log = structlog.get_logger()

Handler = Callable[[str], Awaitable[None]]
"""Takes a ticket's name. What it raises is logged; the ticket is spent all the same."""

CHECK_S = 0.02
"""How often a worker with all slots taken looks again; the library's own 0.25 s caps throughput."""

_TICKET, _FOREIGN = "edgeward_ticket", "edgeward_foreign"
_KEPT_S = 60


class _Json:
    """In the place of cloudpickle: whoever can write to Redis must not run code in a worker."""

    @staticmethod
    def dumps(value: Any) -> bytes:
        return json.dumps(value).encode()

    @staticmethod
    def loads(data: bytes) -> Any:
        return json.loads(data)


class Delivery:
    """The tickets of one capability. Open it with `async with`.

    lease_s: a ticket whose worker has been silent for so long goes to another one.
    """

    def __init__(self, *, url: str, name: str, lease_s: float) -> None:
        _prepared()
        from docket import Docket

        self._docket = Docket(
            name=name,
            url=url,
            execution_ttl=timedelta(seconds=_KEPT_S),
            heartbeat_interval=timedelta(seconds=2),
        )
        self._lease_s = lease_s
        self._docket.register(_nobody)

    async def __aenter__(self) -> Self:
        await self._docket.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._docket.__aexit__(*error)

    async def ticket(self, delay_s: float = 0.0) -> None:
        """One more ticket, handed out after so many seconds."""
        when = datetime.now(UTC) + timedelta(seconds=delay_s) if delay_s > 0 else None
        name = uuid.uuid4().hex
        await self._docket.add(_TICKET, when=when, key=name)(name)

    async def tickets(self, count: int) -> None:
        await asyncio.gather(*(self.ticket() for _ in range(count)))

    @property
    def stream_key(self) -> str:
        return self._docket.stream_key

    @asynccontextmanager
    async def work(
        self, handler: Handler, foreign: Handler, *, slots: int, name: str
    ) -> AsyncIterator[asyncio.Task[None]]:
        """Hands tickets to `handler`, `slots` at a time, until the context ends.

        The end waits for the handlers that run. foreign: takes what was in the stream and is none
        of ours, as text.
        """
        from docket import Worker

        async def take(ticket: str) -> None:
            try:
                await handler(ticket)
            except Exception as error:  # noqa: BLE001  a ticket must not end the worker
                log.error("queue.handler_failed", error=type(error).__name__)

        async def set_aside(what: str) -> None:
            await foreign(what)

        take.__name__, set_aside.__name__ = _TICKET, _FOREIGN
        self._docket.register(take)
        self._docket.register(set_aside)
        worker = Worker(
            self._docket,
            name=name,
            # The best waits at the gate of the slots, not behind the others in the stream.
            concurrency=slots,
            redelivery_timeout=timedelta(seconds=self._lease_s),
            reconnection_delay=timedelta(seconds=1),
            minimum_check_interval=timedelta(seconds=CHECK_S),
            schedule_automatic_tasks=False,
        )
        async with worker:
            running = asyncio.create_task(_forever(worker))
            yield running
        await asyncio.wait([running])


async def _nobody(ticket: str) -> None:
    """What a submitter names; the workers have their own under the same name."""


_nobody.__name__ = _TICKET


async def _forever(worker: Worker) -> None:
    """An error that pydocket did not foresee costs a second, not the worker."""
    while True:
        try:
            return await worker.run_forever()
        except Exception as error:  # noqa: BLE001  whatever it is, the queue goes on
            log.error("queue.loop_failed", error=f"{type(error).__name__}: {error}"[:300])
            await asyncio.sleep(1.0)


_is_prepared = False


def _prepared() -> None:
    """Makes pydocket read and write JSON, and survive what it cannot read. Once a process."""
    global _is_prepared
    if _is_prepared:
        return
    import docket.execution
    import docket.worker

    base = docket.execution.Execution

    class Careful(base):  # type: ignore[misc, valid-type]
        """An entry that is none of ours becomes a call that sets it aside."""

        @classmethod
        async def from_message(cls, docket: Docket, message: Any, **more: Any) -> Any:
            try:
                return await super().from_message(docket, message, **more)
            except Exception as error:  # noqa: BLE001  a stranger's entry may be anything
                what = f"{type(error).__name__}: {dict(message)!r}"[:2000]
                return cls(
                    docket=docket,
                    function=docket.tasks[_FOREIGN],
                    args=(what,),
                    kwargs={},
                    key=f"foreign-{uuid.uuid4().hex}",
                    when=datetime.now(UTC),
                    attempt=1,
                    redelivered=False,
                    function_name=_FOREIGN,
                    generation=0,
                    message_id=more.get("message_id"),
                )

    for module in (docket.execution, docket.worker):
        vars(module)["cloudpickle"] = _Json
    vars(docket.worker)["Execution"] = Careful
    _is_prepared = True
