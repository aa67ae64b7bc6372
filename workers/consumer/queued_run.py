"""Runs a workflow as a task of the queue, driven by whichever worker claims it."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import aclosing
from typing import Any, Literal

from graphs.app import Router
from graphs.workflow.execution.outcome import (
    Began,
    Ended,
    ItemEnded,
    RunEnded,
    RunResult,
    WorkflowEvent,
)
from graphs.workflow.execution.runs import stream
from router.errors import RunTaken
from router.privacy.gate import strictest
from router.queue.runs import LEASE_S
from router.queue.task_queue import TaskQueue
from router.queue.types import Claimed
from router.types.decision import Guess, Kind, RouteDecision
from router.types.result import Result
from router.types.task import Task

PATIENCE_S = 60.0
"""Waits of at most this are waited out in the worker; for longer ones the run is queued again."""

_POLL_S = 2.0


def task_of_run(run_id: str, workflow: str, **fields: Any) -> Task:
    """The queue's task that drives a run; each continuation of the run is a further task."""
    return Task(prompt=f"workflow {workflow}", workflow=run_id, timeout_s=86_400.0, **fields)


async def drive_queued(router: Router, queue: TaskQueue, claimed: Claimed) -> Result:
    """Drives the run; returns a task's result, parked if the run waits. Raises as
    `continue_run`."""
    task = claimed.task
    assert task.workflow is not None
    # The previous worker may have died; its lease on the run must expire first.
    until = time.monotonic() + 2 * LEASE_S
    while True:
        try:
            result = await _driven(router, queue, claimed, task.workflow)
            break
        except RunTaken:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(_POLL_S)
    await _come_back(queue, task, result)
    return _as_result(task, result)


async def _driven(router: Router, queue: TaskQueue, claimed: Claimed, run_id: str) -> RunResult:
    async with aclosing(stream(router, run_id, patience_s=PATIENCE_S)) as events:
        async for event in events:
            if isinstance(event, RunEnded):
                return event.result
            await queue.work.tell(claimed, _shown(event))
    raise AssertionError("a stream ends with RunEnded")


def _shown(event: WorkflowEvent) -> dict[str, Any]:
    if isinstance(event, Began):
        return {"type": "step", "step": event.path, "state": "begun", "items": event.items}
    assert isinstance(event, Ended | ItemEnded)
    told = {"type": "step", "step": event.path, "state": event.facts.status}
    return told | ({"item": event.index} if isinstance(event, ItemEnded) else {})


async def _come_back(queue: TaskQueue, task: Task, result: RunResult) -> None:
    """Submits a task that continues the run at the earliest due time of its waits."""
    dues = [ask.due for ask in result.waits_for if ask.due is not None]
    if not dues:
        return
    later = task_of_run(
        result.run_id, result.workflow, tenant=task.tenant, priority=task.priority, tags=task.tags
    )
    # The idempotency key: one continuation per due time, however often the run stops before.
    key = f"{result.run_id} {min(dues):.0f}"
    await queue.submit(later, key=key, delay_s=max(min(dues) - time.time(), 0.0))


def _as_result(task: Task, result: RunResult) -> Result:
    states: dict[str, Literal["done", "parked", "failed"]] = {"done": "done", "waiting": "parked"}
    asked = ", ".join(ask.path for ask in result.waits_for)
    reason = result.error or (f"it waits for {asked}" if asked else "all steps have ended")
    if asked:
        reason += f": edgeward show {result.run_id}"
    return Result(
        task_id=task.task_id,
        status=states.get(result.status, "failed"),
        text=json.dumps(result.outputs, ensure_ascii=False) if result.outputs is not None else "",
        route="none",
        reason=reason,
        guess=Guess(kind=Kind.UNSURE, confidence=0.0, language="other"),
        decision=RouteDecision(route="local", agent=None, reason="a workflow's steps decide"),
        cost_usd=result.cost_usd,
        avoided_usd=result.avoided_usd,
        latency_s=time.time() - result.began,
        label=strictest(facts.label for facts in result.steps.values()),
    )
