"""Submits tasks and waits for them; and runs a worker until it is told to stop."""

from __future__ import annotations

import asyncio
import hashlib
import json
import signal
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from graphs.app import Router
from graphs.queue import open_queue, queue_in
from graphs.workflow.api import Workflow
from graphs.workflow.execution.runs import begin
from router.errors import TaskError
from router.queue.runs import RunRecord
from router.queue.task_queue import Handle
from router.settings.settings import Settings
from router.types.result import Result
from router.types.task import Task
from workers.commands.workflow_inputs import read_inputs
from workers.consumer.worker import Worker
from workers.views.render import dollars
from workers.views.terminal_text import for_terminal

DONE, FAILED, PARKED = 0, 1, 3


async def submit_all(
    settings: Settings,
    tasks: Sequence[Task],
    options: Mapping[str, Any],
    *,
    wait: bool,
    as_json: bool,
) -> int:
    """The exit status: 0, 1 where a task failed, 3 where one is parked."""
    async with open_queue(settings) as queue:
        if len(tasks) == 1:
            handles = [await queue.submit(tasks[0], **options)]
        else:
            if options["key"] is not None:
                raise TaskError(
                    f"--key names one task, and there are {len(tasks)}: leave it out, or submit "
                    "them one by one"
                )
            handles = await queue.submit_many(
                tasks, delay_s=options["delay_s"], expires_s=options["expires_s"]
            )
        if not wait:
            for handle in handles:
                sys.stdout.write(f"{handle.task_id}\n")
            return DONE
        if len(handles) == 1 and not as_json:
            return await _follow(handles[0])
        return await _gather(handles, as_json=as_json)


async def begin_queued(
    settings: Settings, path: Path, given: Sequence[str], *, key: str | None
) -> RunRecord:
    """Records a workflow's run for the workers. key: idempotency key; the same gives one run."""
    workflow = Workflow.load(path)
    inputs = read_inputs(workflow.definition, given)
    run_id = None if key is None else hashlib.sha256(key.encode()).hexdigest()[:12]
    async with Router.open(settings) as router:
        return await begin(
            router, workflow.definition, inputs, run_id=run_id, from_text=True, queued=True
        )


async def _follow(handle: Handle) -> int:
    """One task's tokens as they come."""
    live, written = sys.stdout.isatty(), False
    async for event in handle.events():
        if event["type"] == "token" and live:
            if event.get("restarts"):
                sys.stdout.write("\n")
                sys.stderr.write("that was thinking; the answer:\n")
            sys.stdout.write(for_terminal(event["text"]))
            sys.stdout.flush()
            written = True
    result = await handle.result()
    if not written:
        sys.stdout.write(for_terminal(result.text) if live else result.text)
    sys.stdout.write("\n" if result.text else "")
    if result.status != "done":
        sys.stderr.write(f"{result.status}: {result.reason}\n")
    return _code([result])


async def _gather(handles: Sequence[Handle], *, as_json: bool) -> int:
    """Prints results as they complete, with counts by route and the cost so far."""
    routes: Counter[str] = Counter()
    results: list[Result] = []
    failed = 0
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as progress:
        bar = progress.add_task("", total=len(handles))
        for waiting in asyncio.as_completed([_outcome(handle) for handle in handles]):
            outcome = await waiting
            if isinstance(outcome, Result):
                results.append(outcome)
                routes[outcome.route if outcome.status == "done" else outcome.status] += 1
                text = outcome.model_dump_json() if as_json else outcome.text
                if sys.stdout.isatty():
                    text = for_terminal(text)
                progress.console.file.flush()
                sys.stdout.write(f"{text}\n")
            else:
                failed += 1
                routes["failed"] += 1
                progress.console.print(outcome, style="red", markup=False)
            spent = sum(result.cost_usd or 0.0 for result in results)
            counts = ", ".join(f"{count} {name}" for name, count in sorted(routes.items()))
            progress.update(bar, advance=1, description=f"{counts}; {dollars(spent)}")
    return FAILED if failed else _code(results)


async def _outcome(handle: Handle) -> Result | str:
    try:
        return await handle.result()
    except TaskError as error:
        return str(error)


def _code(results: Sequence[Result]) -> int:
    statuses = {result.status for result in results}
    return FAILED if "failed" in statuses else PARKED if "parked" in statuses else DONE


async def work_until_told(settings: Settings, roles: Sequence[str], slots: int) -> None:
    """Works until SIGTERM or SIGINT; then finishes the tasks in progress, or hands them back."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for told in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(told, stop.set)
    notes = Console(stderr=True, highlight=False)
    async with (
        Router.open(settings) as router,
        queue_in(router.store, settings) as queue,
    ):
        worker = Worker(router=router, queue=queue, roles=roles, slots=slots)
        shown = json.dumps(list(roles))
        notes.print(f"{worker.name} works: {shown}, {slots} at a time, {router.store.description}")
        await worker.run(stop)
        notes.print(f"{worker.name} ended: {worker.done} done")
