"""`edgeward outbox`: tasks that wait for the cloud."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workers.commands.options import AsJson, Config, require_one, settings_in_force
from workers.commands.options import run as run_async

if TYPE_CHECKING:
    from rich.console import RenderableType

    from graphs.app import Router
    from router.queue.outbox import Parked
    from router.settings.settings import Settings
    from router.types.result import Result

outbox_app = typer.Typer(help="Tasks whose cloud step waits for a cloud.")


@outbox_app.command("ls")
def list_waiting(
    delivered: Annotated[bool, typer.Option(help="Those that were delivered instead.")] = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """What waits, since when and why; or what was delivered."""
    from rich.console import Console

    async def look(router: Router) -> tuple[Any, ...]:
        if delivered:
            return await router.outbox.delivered()
        return await router.outbox.waiting()

    found = _with_router(config, look)
    if as_json:
        typer.echo(json.dumps([one.model_dump(mode="json", by_alias=True) for one in found]))
    elif not found:
        typer.echo("nothing was delivered" if delivered else "nothing waits")
    else:
        Console().print(_delivered_view(found) if delivered else _waiting_view(found))


@outbox_app.command("run")
def deliver(as_json: AsJson = False, config: Config = None) -> None:
    """Have the cloud answer what waits, if there is one again."""
    from rich.console import Console

    console = Console(stderr=True)

    async def go(router: Router) -> tuple[tuple[Result, ...], int]:
        waiting = len(await router.outbox.waiting())
        with console.status(f"{waiting} waiting"):
            done = await router.deliver()
        return done, len(await router.outbox.waiting())

    done, left = _with_router(config, go)
    if as_json:
        typer.echo(json.dumps([one.model_dump(mode="json") for one in done]))
    else:
        for result in done:
            typer.echo(f"{result.task_id}\n{result.text}\n")
    console.print(f"{len(done)} delivered, {left} still waiting", markup=False)


@outbox_app.command("drop")
def drop(
    task_ids: Annotated[
        list[str] | None, typer.Argument(help="Ids of tasks, or their beginnings.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that wait.")] = False,
    config: Config = None,
) -> None:
    """Tasks that are no longer wanted."""
    from router.errors import TaskError

    if not task_ids and not everything:
        raise TaskError("say which: ids as `edgeward outbox ls` shows them, or --all")
    require_one({"ids": bool(task_ids), "--all": everything})

    async def remove(router: Router) -> int:
        ids = [parked.task.task_id for parked in await router.outbox.waiting()]
        for given in task_ids or ():
            if not any(one.startswith(given) for one in ids):
                raise TaskError(f"no task {given!r} waits: see `edgeward outbox ls`")
        chosen = [
            one for one in ids if everything or any(one.startswith(g) for g in task_ids or ())
        ]
        return sum([await router.outbox.drop(one) for one in chosen])

    typer.echo(f"{_with_router(config, remove)} dropped")


def _with_router(config: Path | None, use: Any) -> Any:
    async def opened(settings: Settings) -> Any:
        from graphs.app import Router

        async with Router.open(settings) as router:
            return await use(router)

    return run_async(opened(settings_in_force(config)))


def _waiting_view(found: tuple[Parked, ...]) -> RenderableType:
    from datetime import datetime

    from rich.table import Table

    from workers.views.render import one_line

    table = Table(box=None, pad_edge=False)
    for name in ("id", "since", "why", "until", "request"):
        table.add_column(name, no_wrap=name != "request")
    for parked in found:
        since, until = (
            datetime.fromtimestamp(at).strftime("%d %b %H:%M")
            for at in (parked.parked_at, parked.expires_at)
        )
        request = one_line(parked.task.prompt, 60)
        table.add_row(parked.task.task_id[:12], since, parked.why.value, until, request)
    return table


def _delivered_view(found: tuple[Result, ...]) -> RenderableType:
    from rich.table import Table

    from workers.views.render import dollars, one_line

    table = Table(box=None, pad_edge=False)
    for name in ("id", "model", "cost", "answer"):
        table.add_column(name, no_wrap=name != "answer")
    for result in found:
        cells = (result.model or "", dollars(result.cost_usd), one_line(result.text, 60))
        table.add_row(result.task_id[:12], *cells)
    return table
