"""The queue's records, and the order in which tasks are taken."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

from pydantic import ValidationError

from router.errors import MessageCorrupt
from router.store.keys import escaped
from router.types.base import Frozen
from router.types.task import Priority, Task

VERSION = 1
CAPABILITIES = ("general", "coder")
"""The capability that a worker needs for a task: the local role that answers its kind."""

OFFSET_S = {Priority.HIGH: -300.0, Priority.NORMAL: 0.0, Priority.LOW: 300.0}
"""Priority as an offset in time: a low task of five minutes ago ranks like a normal one of now, so
that no task starves.
"""

QUANTUM_S = 0.05
"""Each further task of a tenant ranks this much later, so that a tenant with thousands of tasks
does not delay one with a single task.
"""

State = Literal[
    "queued", "running", "done", "parked", "failed", "cancelled", "expired", "dead", "unknown"
]
ENDED = frozenset({"done", "parked", "failed", "cancelled", "expired", "dead"})
BINDING_S = 7 * 86_400


class Queued(Frozen):
    """A task as it stands in the queue. Times: epoch seconds. runs: of workers that took it."""

    task_id: str
    state: State
    capability: str = ""
    tenant: str = ""
    priority: str = "normal"
    submitted: float | None = None
    started: float | None = None
    finished: float | None = None
    expires: float | None = None
    runs: int = 0
    failures: int = 0
    worker: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A task that a worker runs. run: only the latest may end it."""

    task: Task
    ticket: str
    capability: str
    run: int
    failures: int


def member_of(task_id: str) -> str:
    """A task's id as part of a key, whatever its user chose."""
    return escaped(task_id)


def task_of(text: bytes | None) -> Task:
    """Raises MessageCorrupt for what is no task of this version."""
    try:
        payload = json.loads(text or b"")
        if payload["v"] != VERSION:
            raise MessageCorrupt(f"its version is {payload['v']}, this worker reads {VERSION}")
        return Task.model_validate(payload["task"])
    except (ValueError, TypeError, KeyError, ValidationError) as error:
        raise MessageCorrupt(f"it cannot be read as a task ({type(error).__name__})") from None


def queued_of(task_id: str, fields: dict[str, str]) -> Queued:
    if not fields:
        return Queued(task_id=task_id, state="unknown")
    known = {name: fields[name] for name in Queued.model_fields if fields.get(name)}
    if known.get("expires") == "0":
        del known["expires"]
    return Queued.model_validate({**known, "task_id": task_id})
