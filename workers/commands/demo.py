"""`edgeward demo`: requests through the whole graph, each shown as it ends, then the report."""

from __future__ import annotations

import asyncio
import sys
import time
import uuid
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from graphs.app import Router
from router.account.report import Report, build_report
from router.settings.settings import Settings
from router.settings.shipped import config_path
from router.types.result import Result
from router.types.task import Task
from workers.commands.inputs import read_requests
from workers.commands.report import report_view
from workers.views.render import result_block

AT_ONCE = 4
"""Requests in flight: enough to keep a cloud busy, few enough to follow."""


def shipped_requests() -> list[Task]:
    """The requests that come with edgeward."""
    return read_requests(config_path("demo.jsonl"))


async def run_demo(
    settings: Settings, tasks: Sequence[Task], console: Console, *, as_json: bool
) -> int:
    """Runs the tasks and prints each as it ends; exit status 1 when one of them failed."""
    tag = f"demo-{uuid.uuid4().hex[:8]}"
    tagged = [task.model_copy(update={"tags": (*task.tags, tag)}) for task in tasks]
    began = time.time()
    async with Router.open(settings) as router:
        if not as_json:
            cloud = router.roster.cloud_absent or f"the cloud is {router.roster.cloud_model}"
            models = ", ".join(
                f"{role}: {agent.engine.caps.model}" for role, agent in router.roster.local.items()
            )
            console.print(f"[dim]{len(tagged)} requests; local {models}; {cloud}[/dim]\n")
        failed = await _run_all(router, tagged, console, as_json=as_json)
        records = [record async for record in router.ledger.read(since=began) if tag in record.tags]
        report = build_report(records)
        _require_all_accounted(report, len(tagged))
        if not as_json:
            console.print(report_view(report))
            console.print("To have more of it answered", style="bold")
            console.print(_next_steps(router))
    return 1 if failed else 0


async def _run_all(
    router: Router, tasks: Sequence[Task], console: Console, *, as_json: bool
) -> int:
    """Runs the tasks, with a progress bar in a terminal; returns how many failed."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(task: Task) -> tuple[Task, Result]:
        async with slots:
            return task, await router.run(task)

    running = [asyncio.create_task(one(task)) for task in tasks]
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    failed = 0
    try:
        with Progress(*columns, console=console, transient=True, disable=as_json) as progress:
            bar = progress.add_task("routing", total=len(tasks))
            for number, ended in enumerate(asyncio.as_completed(running), start=1):
                task, result = await ended
                failed += result.status == "failed"
                if as_json:
                    sys.stdout.write(result.model_dump_json() + "\n")
                else:
                    console.print(result_block(task, result, f"{number:>2}/{len(tasks)}"))
                progress.advance(bar)
    finally:
        for item in running:
            item.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    return failed


def _require_all_accounted(report: Report, expected: int) -> None:
    """Raises if a request is missing from the ledger, which would be a bug."""
    if report.tasks != expected:
        raise RuntimeError(f"the ledger accounts for {report.tasks} of {expected} requests")


def _next_steps(router: Router) -> Table:
    """Suggests what would let more of these requests be answered."""
    table = Table.grid(padding=(0, 2))
    if not router.roster.clouds:
        table.add_row("a cloud key", "export OPENAI_API_KEY=...   (or ANTHROPIC_API_KEY=...)")
        table.add_row("another cloud", "edgeward demo --cloud-url http://host:port/v1")
    table.add_row("a local server", "models: {general: {url: http://127.0.0.1:11434/v1}}")
    table.add_row("a model, a GPU", "models: {general: {path: ~/your.gguf, gpu_layers: 99}}")
    table.add_row("", "in edgeward.yaml, which edgeward config init writes")
    table.add_row("your requests", "edgeward demo --file requests.jsonl")
    table.add_row("what is here", "edgeward doctor")
    return table
