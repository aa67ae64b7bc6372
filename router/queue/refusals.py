"""What is not queued, and why: options that cannot be, and a queue without room."""

from __future__ import annotations

import math

from router.errors import QueueFull, TaskError
from router.types.task import Task

_LONGEST_S = 366 * 86_400.0
_FULL_RETRY_S = 5.0


def require_possible(key: str | None, delay_s: float, expires_s: float | None) -> None:
    """Raises TaskError for options of a submission that mean nothing."""
    if key is not None and not key.strip():
        raise TaskError("the idempotency key is empty: name one, or leave it out")
    if not 0 <= delay_s <= _LONGEST_S:
        raise TaskError(f"delay: {delay_s:g} is no delay: write seconds, 0 to {_LONGEST_S:g}")
    if expires_s is not None and not 0 < expires_s < math.inf:
        raise TaskError(
            f"expires: {expires_s:g} is no time to wait: write seconds, more than 0, or leave it "
            "out for a task that waits without end"
        )


def refused(code: int, said: str, task: Task) -> QueueFull:
    """The error for what the SUBMIT script answered. code: negative. said: its figure."""
    if code == -1:
        return QueueFull(
            f"the queue is full: {said} tasks wait; try again later, or raise queue.most_waiting",
            retry_after_s=_FULL_RETRY_S,
        )
    return QueueFull(
        f"tenant {task.tenant!r} has submitted as many tasks as it may in a minute; try again in "
        f"{said} s",
        retry_after_s=float(said),
    )
