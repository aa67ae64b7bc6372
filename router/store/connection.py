"""Connections to Redis on which a cancelled command is cancelled, and none outlasts its task."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")

LEAST_S = 0.5
"""For a command after the deadline: a finished result must still be stored."""

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextmanager
def commands_end_by(deadline: float) -> Iterator[None]:
    """Bounds what each Redis command in this context may take, beside the socket's time-out.

    deadline: `time.monotonic()` seconds. After it a command still has LEAST_S. A Redis that is
    frozen so costs a task its own time, and not 30 s for each command.
    """
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


async def _in_time(command: Awaitable[T]) -> T:
    """Raises redis-py's own TimeoutError."""
    from redis import exceptions

    deadline = _deadline.get()
    left_s = None if deadline is None else max(deadline - time.monotonic(), LEAST_S)
    try:
        async with asyncio.timeout(left_s):
            return await command
    except TimeoutError:
        raise exceptions.TimeoutError("Redis did not answer in the task's time") from None


def cancellable(kind: Any) -> Any:
    """That kind of redis-py connection, writing without `asyncio.wait_for`.

    redis-py bounds each write by `wait_for`, which on Python 3.11 drops a cancellation that arrives
    in the step in which the write ends (fixed in 3.12): the command goes on, and so does the task
    that somebody cancelled or whose time was up. `asyncio.timeout` drops none. It also costs no
    task of its own for each command.
    """
    from redis import exceptions

    class CancellableConnection(kind):  # type: ignore[misc]
        async def connect(self) -> None:
            await _in_time(super().connect())

        async def read_response(self, *args: Any, **options: Any) -> Any:
            return await _in_time(super().read_response(*args, **options))

        async def send_packed_command(
            self, command: bytes | str | Iterable[bytes], check_health: bool = True
        ) -> None:
            if not self.is_connected:
                await self.connect_check_health(check_health=False)
            if check_health:
                await self.check_health()
            parts = command.encode() if isinstance(command, str) else command
            try:
                async with asyncio.timeout(self.socket_timeout):
                    self._writer.writelines([parts] if isinstance(parts, bytes) else parts)
                    await self._writer.drain()
            except TimeoutError:
                await self.disconnect(nowait=True)
                raise exceptions.TimeoutError("Redis did not take a command in time") from None
            except OSError as error:
                await self.disconnect(nowait=True)
                raise exceptions.ConnectionError(f"Redis took no command: {error}") from error
            except BaseException:
                # The command may be sent in part: the connection cannot be used any more.
                await self.disconnect(nowait=True)
                raise

    return CancellableConnection
