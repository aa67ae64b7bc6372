"""`edgeward submit`, `work`, `queue` and `workers`: tasks for other processes and machines."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workers.commands.options import AsJson, Config, run, settings_in_force

if TYPE_CHECKING:
    from rich.console import RenderableType

    from router.queue.task_queue import TaskQueue
    from router.queue.types import Queued
    from router.settings.settings import Settings

queue_app = typer.Typer(help="Tasks that wait for a worker.", no_args_is_help=True)


def submit(
    prompt: Annotated[str | None, typer.Argument(help="The request.")] = None,
    file: Annotated[
        Path | None, typer.Option(help="Requests, one JSON object a line, instead.")
    ] = None,
    workflow: Annotated[Path | None, typer.Option(help="A workflow's YAML file, instead.")] = None,
    inputs: Annotated[
        list[str] | None, typer.Option("--input", "-i", help="Of the workflow: name=value, ...")
    ] = None,
    key: Annotated[str | None, typer.Option(help="The same key is the same task.")] = None,
    priority: Annotated[str, typer.Option(help="high, normal or low.")] = "normal",
    tenant: Annotated[str, typer.Option(help="On whose behalf.")] = "",
    delay: Annotated[float, typer.Option(help="Not before so many seconds.")] = 0.0,
    expires: Annotated[float | None, typer.Option(help="Not begun after so many seconds.")] = None,
    wait: Annotated[bool, typer.Option(help="Wait for the results and print them.")] = True,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Hand requests to whoever works; `edgeward work` is one."""
    from router.errors import TaskError
    from workers.commands.inputs import make_task, read_prompt, read_requests
    from workers.commands.submit import begin_queued, submit_all
    from workers.consumer.queued_run import task_of_run

    if sum(one is not None for one in (prompt, file, workflow)) > 1:
        raise TaskError("either a request, --file or --workflow, not several of them")
    if inputs and workflow is None:
        raise TaskError("--input goes with --workflow")
    if workflow is not None:
        settings = settings_in_force(config)
        made = run(begin_queued(settings, workflow, inputs or [], key=key))
        tasks = [task_of_run(made.run_id, made.workflow, priority=priority, tenant=tenant)]
    elif file is not None:
        tasks = read_requests(file)
    else:
        text = read_prompt(prompt, None)
        tasks = [make_task(prompt=text, priority=priority, tenant=tenant)]
    settings = settings_in_force(config)
    options = {"key": key, "delay_s": delay, "expires_s": expires}
    code = run(submit_all(settings, tasks, options, wait=wait, as_json=as_json))
    raise typer.Exit(code)


def work(
    roles: Annotated[str, typer.Option(help="Which tasks to take.")] = "general,coder",
    slots: Annotated[int, typer.Option(min=1, help="Tasks at the same time.")] = 2,
    config: Config = None,
) -> None:
    """Take tasks from the queue and run them, until told to end."""
    from router.errors import ConfigError
    from router.queue.types import CAPABILITIES
    from workers.commands.submit import work_until_told

    chosen = [role.strip() for role in roles.split(",") if role.strip()]
    unknown = [role for role in chosen if role not in CAPABILITIES]
    if unknown or not chosen:
        known = ", ".join(CAPABILITIES)
        raise ConfigError(f"--roles {roles!r}: known are {known}, separated by commas")
    run(work_until_told(settings_in_force(config), chosen, slots))


def workers(as_json: AsJson = False, config: Config = None) -> None:
    """Who works: models in memory, tasks in hand."""

    async def look(queue: TaskQueue) -> Any:
        return await queue.workers()

    _shown(_with_queue(config, look), as_json, _workers_view, "nobody works: edgeward work")


@queue_app.command("ls")
def list_waiting(as_json: AsJson = False, config: Config = None) -> None:
    """What waits, in the order in which it will be taken."""
    from router.queue.types import CAPABILITIES

    async def look(queue: TaskQueue) -> Any:
        found = [await queue.waiting(name) for name in CAPABILITIES]
        return [one.model_dump() for group in found for one in group]

    _shown(_with_queue(config, look), as_json, _tasks_view, "nothing waits")


@queue_app.command("show")
def show(task_id: str, as_json: AsJson = False, config: Config = None) -> None:
    """One task: where it is, and what happened to it."""
    from rich.console import Console
    from rich.table import Table

    async def look(queue: TaskQueue) -> Any:
        found = await _known(queue, task_id)
        events = [event async for event in queue.history(task_id)]
        return {**found.model_dump(), "events": events}

    found = _with_queue(config, look)
    if as_json:
        typer.echo(json.dumps(found))
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in found.items():
        if name != "events" and value not in (None, "", 0):
            table.add_row(f"[dim]{name}", str(value))
    for event in found["events"]:
        if event["type"] != "token":
            rest = {name: value for name, value in event.items() if name != "type" and value}
            table.add_row(f"[dim]{event['type']}", json.dumps(rest, ensure_ascii=False))
    Console().print(table)


@queue_app.command("retry")
def retry(task_ids: list[str], config: Config = None) -> None:
    """Put dead, failed, cancelled or expired tasks back as new."""
    _count(config, task_ids, lambda queue, one: queue.retry(one), "put back")


@queue_app.command("cancel")
def cancel(task_ids: list[str], config: Config = None) -> None:
    """Tell tasks to end, whether they wait or run."""
    _count(config, task_ids, lambda queue, one: queue.cancel(one), "told to end")


@queue_app.command("purge")
def purge(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    config: Config = None,
) -> None:
    """Cancel everything that waits."""
    from router.queue.types import CAPABILITIES

    if not yes:
        typer.confirm("Cancel everything that waits?", abort=True)

    async def go(queue: TaskQueue) -> int:
        return sum([await queue.purge(name) for name in CAPABILITIES])

    typer.echo(f"{_with_queue(config, go)} cancelled")


@queue_app.command("dlq")
def dead_letters(
    retry_all: Annotated[bool, typer.Option("--retry", help="Put all of them back.")] = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Dead letters: tasks that killed their workers, and what was no task at all."""

    async def look(queue: TaskQueue) -> Any:
        found = [one.model_dump() for one in await queue.dead()]
        if not retry_all:
            return found
        return sum([await queue.retry(one["task_id"]) for one in found])

    found = _with_queue(config, look)
    if retry_all:
        typer.echo(json.dumps({"put_back": found}) if as_json else f"{found} put back")
    else:
        _shown(found, as_json, _tasks_view, "no dead letters")


async def _known(queue: TaskQueue, task_id: str) -> Queued:
    from router.errors import TaskError

    found = await queue.status(task_id)
    if found.state == "unknown":
        raise TaskError(
            f"no task {task_id!r} is in the queue: it was never submitted, or is forgotten by now"
        )
    return found


def _count(
    config: Path | None,
    task_ids: list[str],
    act: Callable[[TaskQueue, str], Awaitable[bool]],
    what: str,
) -> None:
    async def go(queue: TaskQueue) -> int:
        for one in task_ids:
            await _known(queue, one)
        return sum([await act(queue, one) for one in task_ids])

    typer.echo(f"{_with_queue(config, go)} {what}")


def _with_queue(config: Path | None, use: Callable[[TaskQueue], Awaitable[Any]]) -> Any:
    async def opened(settings: Settings) -> Any:
        from graphs.queue import open_queue

        async with open_queue(settings) as queue:
            return await use(queue)

    return run(opened(settings_in_force(config)))


def _shown(
    found: list[dict[str, Any]],
    as_json: bool,
    view: Callable[[list[dict[str, Any]]], RenderableType],
    nothing: str,
) -> None:
    from rich.console import Console

    if as_json:
        typer.echo(json.dumps(found))
    elif not found:
        typer.echo(nothing)
    else:
        Console().print(view(found))


def _tasks_view(found: list[dict[str, Any]]) -> RenderableType:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("task", "state", "for", "priority", "tenant", "runs", "error"):
        table.add_column(name, no_wrap=name != "error")
    for one in found:
        cells = (one["task_id"], one["state"], one["capability"], one["priority"], one["tenant"])
        table.add_row(*cells, str(one["runs"]), one["error"])
    return table


def _workers_view(found: list[dict[str, Any]]) -> RenderableType:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("worker", "roles", "slots", "done", "in memory", "in hand"):
        table.add_column(name)
    for one in found:
        resident = [model for lane in one["lanes"] for model in lane["resident"]]
        hand = ", ".join(task[:12] for task in one["in_hand"])
        cells = (one["name"], ", ".join(one["roles"]), str(one["slots"]), str(one["done"]))
        table.add_row(*cells, ", ".join(resident), hand)
    return table
