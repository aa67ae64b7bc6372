"""`edgeward learn` and `edgeward feedback`: learns from this user's own outcomes, and records
verdicts."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from workers.commands.options import AsJson, Config, run, settings_in_force

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from router.account.feedback import Feedback, Judged, Verdict
    from router.learned.learn import Learned
    from router.settings.settings import Settings

learn_app = typer.Typer(
    help="Learn from your own outcomes what local and cloud answers are worth, by kind of task."
)


@learn_app.callback(invoke_without_command=True)
def learn(
    context: typer.Context,
    since: Annotated[
        str | None, typer.Option(help="As 30d, 24h or 2026-11-01; else all that is new.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be learned.")] = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Learn from what the ledger has recorded since the last time; makes a new version."""
    if context.invoked_subcommand is not None:
        return
    from rich.console import Console

    from workers.views.learn import learned_view

    found = run(_learn(settings_in_force(config), since, dry_run=dry_run))
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
    else:
        Console().print(learned_view(found))


@learn_app.command("ls")
def list_versions(as_json: AsJson = False, config: Config = None) -> None:
    """Every version: when it was made, of what, and which one serves."""
    from rich.console import Console

    from router.errors import ConfigError
    from router.learned.version import Version
    from router.learned.versions import Versions
    from workers.views.learn import versions_view

    versions = Versions(settings_in_force(config).store.home.expanduser())
    rows: list[Version | str] = []
    for number in versions.numbers():
        try:
            rows.append(versions.load(number))
        except ConfigError as error:
            rows.append(str(error))
    if as_json:
        shown: list[Any] = [
            {"error": row} if isinstance(row, str) else row.model_dump(mode="json") for row in rows
        ]
        typer.echo(json.dumps(shown, indent=2))
    elif not rows:
        typer.echo("nothing was learned yet: try  edgeward learn")
    else:
        Console().print(versions_view(rows))


@learn_app.command("rollback")
def rollback(
    number: Annotated[
        int | None,
        typer.Argument(min=0, help="As `edgeward learn ls` shows it; 0: what was shipped."),
    ] = None,
    config: Config = None,
) -> None:
    """Go back to an earlier version, by default the one before; outcomes are not learned again."""
    from router.learned.learn import roll_back
    from router.learned.versions import Versions

    versions = Versions(settings_in_force(config).store.home.expanduser())
    made = roll_back(versions, number)
    what = f"those of version {made.restores}" if made.restores else "the shipped ones"
    typer.echo(f"version {made.number} serves: its expectations are {what}")


def feedback(
    task: Annotated[
        str | None, typer.Argument(help="A task's id, its beginning, or `last`.")
    ] = None,
    verdict: Annotated[str | None, typer.Argument(help="good or bad.")] = None,
    note: Annotated[str, typer.Option(help="Why, for yourself; kept beside the account.")] = "",
    count: Annotated[int, typer.Option(min=1, help="How many tasks to list.")] = 10,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Say whether an answer was good; without a task, list the latest ones."""
    from rich.console import Console

    from router.errors import TaskError
    from workers.views.learn import judged_view

    settings = settings_in_force(config)
    if task is None:
        found = run(_latest(settings, count))
        if as_json:
            typer.echo(json.dumps([_as_data(one) for one in found], indent=2))
        elif not found:
            typer.echo("no task was answered yet: try  edgeward ask")
        else:
            Console().print(judged_view(found))
        return
    if verdict is None:
        raise TaskError(f"say what the answer was: edgeward feedback {task} good, or bad")
    judged = run(_give(settings, task, verdict, note))
    if as_json:
        typer.echo(json.dumps(_as_data(judged)))
    else:
        typer.echo(f"{judged.task.task_id}: {judged.task.route} {judged.task.model}: {verdict}")


async def _learn(settings: Settings, since: str | None, *, dry_run: bool) -> Learned:
    from router.account.ledger import Ledger
    from router.account.report import parse_since
    from router.learned.learn import learn as learn_from
    from router.learned.learn import place_of
    from router.learned.versions import Versions
    from router.store.store import open_configured

    start = None if since is None else parse_since(since)
    versions = Versions(settings.store.home.expanduser())
    async with await open_configured(settings.store) as store:
        ledger = Ledger(store, retention_s=settings.memory.ledger_days * 86_400)
        return await learn_from(ledger, place_of(store), versions, since=start, dry_run=dry_run)


async def _give(settings: Settings, task: str, verdict: str, note: str) -> Judged:
    async with _open_feedback(settings) as judgements:
        # `give` raises for an unknown verdict, naming the known ones.
        return await judgements.give(task, cast("Verdict", verdict), note)


async def _latest(settings: Settings, count: int) -> tuple[Judged, ...]:
    async with _open_feedback(settings) as judgements:
        return await judgements.latest(count)


@asynccontextmanager
async def _open_feedback(settings: Settings) -> AsyncIterator[Feedback]:
    from router.account.feedback import Feedback
    from router.account.ledger import Ledger, open_witness
    from router.privacy.gate import Gate
    from router.store.store import open_configured

    async with await open_configured(settings.store) as store:
        keep_s = settings.memory.ledger_days * 86_400
        witness = open_witness(store, settings.store.home.expanduser())
        ledger = Ledger(store, retention_s=keep_s, witness=witness)
        judge = Gate(settings.privacy).label_of
        yield Feedback(store, ledger, keep_s=keep_s, judge=judge)


def _as_data(judged: Judged) -> dict[str, Any]:
    return {
        "task_id": judged.task.task_id,
        "time": judged.task.time,
        "kind": judged.task.kind.value,
        "route": judged.task.route,
        "model": judged.task.model,
        "verdict": judged.verdict,
        "note": judged.note,
    }
