"""`edgeward replay`: recorded traffic under a changed policy, before anything is applied."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workers.commands.options import AsJson, Config, run, settings_in_force

if TYPE_CHECKING:
    from rich.console import RenderableType

    from router.evaluate.bootstrap import Interval
    from router.evaluate.replay import Replay, Side


def replay(
    policy: Annotated[
        Path, typer.Option(help="A configuration file; its `policy` and `privacy` are replayed.")
    ],
    since: Annotated[str | None, typer.Option(help="As 7d, 24h, 30m or 2026-11-01.")] = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """What recorded traffic would have cost and scored under another policy; runs nothing."""
    from rich.console import Console

    from router.evaluate.outcomes import task_histories
    from router.evaluate.replay import replay as replay_stories
    from router.settings.settings import load_settings
    from workers.commands.calibrate import recorded
    from workers.commands.evaluate import waiting

    settings = settings_in_force(config)
    changed, _ = load_settings(policy)
    with waiting("replaying"):
        told = task_histories(run(recorded(settings, since)))
        found = replay_stories(told, settings, changed)
    if as_json:
        typer.echo(found.to_json())
    else:
        Console().print(replay_view(found, str(policy)))


def replay_view(found: Replay, policy: str) -> RenderableType:
    """The whole comparison."""
    from rich.console import Group
    from rich.text import Text

    if not found.tasks:
        return Text("nothing is recorded that could be replayed yet: try  edgeward demo")
    left_out = ", ".join(f"{count} {why}" for why, count in found.left_out.items())
    parts: list[RenderableType] = [
        Text(f"{found.tasks:,} recorded tasks under {policy}", "bold"),
        Text(f"left out: {left_out}", "dim") if left_out else Text(),
        _sides(found),
        Text(),
        _changes(found),
    ]
    if found.examples:
        parts += [Text(), Text(f"of {found.total.moved} tasks that move:", "dim")]
        parts += [
            Text(f"  {one.task_id}  {one.kind}: {one.before} to {one.after}: {one.reason}")
            for one in found.examples
        ]
    parts += [Text(f"note: {note}", "yellow") for note in found.notes]
    return Group(*parts)


def _sides(found: Replay) -> RenderableType:
    from rich.table import Table

    from workers.views.render import dollars, seconds

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("", "in force", "replayed"):
        table.add_column(name, justify="right" if name else "left")

    def row(name: str, before: str, after: str) -> None:
        table.add_row(name, before, after)

    old, new = found.before, found.after
    row("sent to the local model", f"{old.local:,}", f"{new.local:,}")
    row("sent to the cloud", f"{old.cloud:,}", f"{new.cloud:,}")
    row("waiting for a cloud", f"{old.parked:,}", f"{new.parked:,}")
    row("local answers not accepted", f"{old.rejected:.1f}", f"{new.rejected:.1f}")
    row("must stay on this machine", f"{old.stays:,}", f"{new.stays:,}")
    row("cost", dollars(old.cost_usd), dollars(new.cost_usd))
    row("expected quality", f"{old.quality:.3f}", f"{new.quality:.3f}")

    def wait(side: Side) -> str:
        return "unknown" if side.seconds is None else seconds(side.seconds)

    row("mean time to answer", wait(old), wait(new))
    return table


def _changes(found: Replay) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    differing = [one for one in found.kinds if one.moved or one.cloud_calls or one.quality.value]
    if not differing:
        return Text("no task would have gone elsewhere, and no answer been judged otherwise")
    table = Table(
        title="differences, new less old",
        title_justify="left",
        caption="quality: points of the mean score; in brackets where 95 % of random draws lie",
        caption_justify="left",
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    table.add_column("kind")
    for name in ("moved", "calls", "cost, $", "quality"):
        table.add_column(name, justify="right")
    for one in (*differing, found.total):
        table.add_row(
            one.kind,
            f"{one.moved:,}/{one.tasks:,}",
            f"{one.cloud_calls:+.1f}",
            _between(one.cost_usd, ".3g"),
            _between(one.quality, ".3f"),
        )
    return table


def _between(found: Interval, form: str) -> str:
    return f"{found.value:+{form}} [{found.low:{form}}, {found.high:{form}}]"
