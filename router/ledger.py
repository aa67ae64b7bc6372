"""The account book: one record an attempt and one a task in a Redis stream, and no word of either.

Neither prompts nor answers are written, nor the free text of errors and reasons, which may quote
them; a session appears as a hash. The stream is append-only and shared by all processes.
"""

from __future__ import annotations

import hashlib
import math
import re
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from router.store import Store
from router.types import Attempt, EscalationReason, Frozen, Kind, Privacy, Result, Task

PAGE = 500
"""Entries read in one round trip."""


class _Record(Frozen):
    """What both kinds of record say about the task.

    time: epoch seconds. session: a hash of its name. Fields of a later version are ignored, so
    that processes of two versions can share a ledger.
    """

    model_config = ConfigDict(extra="ignore")

    task_id: str
    time: float
    kind: Kind
    language: str
    tags: tuple[str, ...] = ()
    session: str | None = None


class AttemptRecord(_Record):
    """One generation. time: when it began. cost_usd: None where the price is unknown.

    error: the class of the error that ended it, without its message.
    """

    record: Literal["attempt"] = "attempt"
    number: int
    role: str
    engine: str
    model: str
    route: Literal["local", "cloud"]
    outcome: Literal["accepted", "rejected", "failed", "cancelled"]
    escalation: EscalationReason | None = None
    error: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: float | None = 0.0
    latency_s: float = 0.0
    ttft_s: float = 0.0


class TaskRecord(_Record):
    """One task. time: when it ended. Tokens and dollars are in its attempts, not here again.

    escalation: why the local model was not tried at all; None when it was, or was not needed.
    decided: where the task was sent before anything was generated; route: where its answer is from.
    """

    record: Literal["task"] = "task"
    status: Literal["done", "parked", "failed"]
    route: Literal["local", "cloud", "cache", "none"]
    decided: Literal["local", "cloud", "parked"]
    escalation: EscalationReason | None = None
    privacy: Privacy = Privacy.PUBLIC
    model: str | None = None
    attempts: int = 0
    cost_usd: float | None = 0.0
    avoided_usd: float = 0.0
    latency_s: float = 0.0
    cache_hit: bool = False


Record = AttemptRecord | TaskRecord

_RECORD: TypeAdapter[Record] = TypeAdapter(Annotated[Record, Field(discriminator="record")])


def records_of(task: Task, result: Result) -> tuple[Record, ...]:
    """What the ledger keeps of a task: its attempts in order, then the task itself."""
    common = {
        "task_id": task.task_id,
        "kind": result.guess.kind,
        "language": result.guess.language,
        "tags": task.tags,
        "session": _hashed(task.session),
    }
    attempts = [
        AttemptRecord(
            **common,
            time=attempt.started_at,
            number=attempt.number,
            role=attempt.role,
            engine=attempt.engine,
            model=attempt.model,
            route=attempt.route,
            outcome=attempt.outcome,
            escalation=attempt.escalation,
            error=_error_class(attempt),
            prompt_tokens=attempt.usage.prompt_tokens,
            completion_tokens=attempt.usage.completion_tokens,
            cached_tokens=attempt.usage.cached_tokens,
            cost_usd=_dollars(attempt.usage.cost_usd),
            latency_s=attempt.latency_s,
            ttft_s=attempt.ttft_s,
        )
        for attempt in result.attempts
    ]
    whole = TaskRecord(
        **common,
        time=result.finished_at,
        status=result.status,
        route=result.route,
        decided=result.decision.route,
        escalation=result.decision.escalation,
        privacy=task.privacy,
        model=result.model,
        attempts=len(result.attempts),
        cost_usd=_dollars(result.cost_usd),
        avoided_usd=_dollars(result.avoided_usd) or 0.0,
        latency_s=result.latency_s,
        cache_hit=result.route == "cache",
    )
    return (*attempts, whole)


class Ledger:
    """Writes and reads the account.

    retention_s: how long a record is kept at least; trimming is approximate, so some stay longer.
    skipped: entries that the latest `read` could not understand.
    A task recorded twice is counted twice: recording is not idempotent per task_id.
    """

    def __init__(self, store: Store, *, retention_s: float = 90 * 86_400.0) -> None:
        self._store = store
        self._retention_ms = int(retention_s * 1000)
        self.skipped = 0

    async def record(self, task: Task, result: Result) -> None:
        """Write all attempts and the task: one round trip, and all of them or none."""
        key = self._store.keys.ledger()
        oldest = int(time.time() * 1000) - self._retention_ms
        with self._store.errors():
            async with self._store.redis.pipeline(transaction=True) as pipe:
                for record in records_of(task, result):
                    entry = record.model_dump_json()
                    pipe.xadd(key, {"record": entry}, minid=max(0, oldest), approximate=True)
                pipe.pexpire(key, self._retention_ms)
                await pipe.execute()

    async def read(
        self, since: float | None = None, until: float | None = None
    ) -> AsyncIterator[Record]:
        """Records in the order of writing, between two times of writing in epoch seconds.

        A task and its attempts are written together, when the task ends. Entries that are not
        ours, or not readable, are counted in `skipped`.
        """
        self.skipped = 0
        first = "-" if since is None else str(max(0, math.floor(since * 1000)))
        last = "+" if until is None else str(max(0, math.floor(until * 1000)))
        while True:
            with self._store.errors():
                page: Any = await self._store.redis.xrange(
                    self._store.keys.ledger(), first, last, count=PAGE
                )
            for _, fields in page:
                try:
                    record = _RECORD.validate_json(fields[b"record"])
                except (KeyError, ValidationError):
                    self.skipped += 1
                else:
                    yield record
            if len(page) < PAGE:
                return
            first = f"({page[-1][0].decode()}"


def _hashed(session: str | None) -> str | None:
    return session and hashlib.sha256(session.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _dollars(cost: float | None) -> float | None:
    """NaN and infinity are no prices: they would poison every sum."""
    return cost if cost is not None and math.isfinite(cost) else None


def _error_class(attempt: Attempt) -> str | None:
    """`EngineTimeout` of `EngineTimeout: the deadline passed`; the rest may quote the prompt."""
    if attempt.error is None:
        return None
    named = re.match(r"([A-Z]\w{2,60})(?=[:(]|\s*$)", attempt.error)
    return named[1] if named else "unnamed"
