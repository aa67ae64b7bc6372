"""Delivers tickets with pydocket's streams and leases; the only module that imports pydocket.

A ticket is a random name: its holder may claim the best task of a capability (`task_queue`). So
nothing of a task is in pydocket's own format.

pydocket pickles what it stores, so whoever can write to Redis could run code in every reader. Here
nothing is unpickled: entries are read by `_ticket_in`, which accepts tickets only, and others are
set aside; the stream of strikes, which every submitter and worker would follow, is not read; and
the library's pickling module is replaced by one that cannot load.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
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
"""Handles a ticket. Exceptions are logged; the ticket is used up all the same."""

CHECK_S = 0.02
"""How often a worker without a free slot polls; the library's own 0.25 s limits throughput."""

_TICKET, _FOREIGN = "edgeward_ticket", "edgeward_foreign"
_NAME = re.compile(r"[0-9a-f]{32}")
_KEPT_S = 60


class _WriteOnly:
    """Replaces cloudpickle. It has no `loads`, as nothing here is unpickled."""

    @staticmethod
    def dumps(value: Any) -> bytes:
        return json.dumps(value, default=repr).encode()


class Delivery:
    """The tickets of one capability. Open it with `async with`.

    lease_s: the ticket of a worker that was silent for so long is redelivered.
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
        # The library's own tasks (to sleep, to fail) must not be callable.
        self._docket.tasks.clear()
        self._docket.register(_nobody)

    async def __aenter__(self) -> Self:
        await self._docket.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._docket.__aexit__(*error)

    async def ticket(self, delay_s: float = 0.0) -> None:
        """Adds a ticket, delivered after so many seconds."""
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
        """Passes tickets to `handler`, `slots` at a time, until the context ends.

        The exit waits for running handlers. foreign: gets entries of the stream that are not our
        tickets, as text.
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
            # Tickets wait for a free slot before they are taken, so that the best task is claimed
            # then.
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
    """A placeholder that submitters name; workers register their handler under the same name."""


_nobody.__name__ = _TICKET


async def _forever(worker: Worker) -> None:
    """Restarts the worker a second after an error that pydocket did not handle."""
    while True:
        try:
            return await worker.run_forever()
        except Exception as error:  # noqa: BLE001  whatever it is, the queue goes on
            log.error("queue.loop_failed", error=f"{type(error).__name__}: {error}"[:300])
            await asyncio.sleep(1.0)


_is_prepared = False


def _prepared() -> None:
    """Patches pydocket to unpickle nothing and to survive foreign entries; idempotent."""
    global _is_prepared
    if _is_prepared:
        return
    import docket.docket
    import docket.execution
    import docket.worker
    from docket.strikelist import StrikeList

    base = docket.execution.Execution

    class Careful(base):  # type: ignore[misc, valid-type]
        """Accepts tickets only; any other entry becomes a call that sets it aside."""

        @classmethod
        async def from_message(cls, docket: Docket, message: Any, **more: Any) -> Any:
            known: dict[str, Any] = {
                "docket": docket,
                "kwargs": {},
                "message_id": more.get("message_id"),
            }
            try:
                read = _ticket_in(message)
            except (ValueError, KeyError) as error:
                what = f"{type(error).__name__}: {dict(message)!r}"[:2000]
                return cls(
                    **known,
                    function=docket.tasks[_FOREIGN],
                    args=(what,),
                    key=f"foreign-{uuid.uuid4().hex}",
                    when=datetime.now(UTC),
                    attempt=1,
                    redelivered=False,
                    function_name=_FOREIGN,
                    generation=0,
                )
            return cls(
                **known,
                function=docket.tasks[_TICKET],
                args=(read["key"],),
                redelivered=more.get("redelivered", False),
                function_name=_TICKET,
                **read,
            )

    for name, module in sys.modules.items():
        if name.split(".")[0] == "docket" and "cloudpickle" in vars(module):
            vars(module)["cloudpickle"] = _WriteOnly
    vars(docket.worker)["Execution"] = Careful
    # It imports cloudpickle itself; its results are not used here.
    vars(docket.docket)["Docket"].get_execution = _refused
    # Without a URL a strike list is this process's own: it opens no connection.
    vars(docket.docket)["StrikeList"] = lambda **_: StrikeList()
    _is_prepared = True


def _ticket_in(message: Any) -> dict[str, Any]:
    """The ticket in a stream entry. Raises ValueError or KeyError for any other entry."""
    key = message[b"key"].decode()
    if not _NAME.fullmatch(key) or message[b"function"] != _TICKET.encode():
        raise ValueError("no ticket of ours")
    if (message[b"args"], message[b"kwargs"]) != (_WriteOnly.dumps((key,)), _WriteOnly.dumps({})):
        raise ValueError("a ticket has its name and nothing else")
    when = datetime.fromisoformat(message[b"when"].decode())
    if when.tzinfo is None:
        raise ValueError("its time has no zone")
    return {
        "key": key,
        "when": when,
        "attempt": int(message[b"attempt"]),
        "generation": int(message.get(b"generation", b"0")),
    }


async def _refused(*_: Any) -> None:
    raise NotImplementedError("pydocket would unpickle what it finds in Redis")
