"""How learned versions, drifts, and verdicts on answers look in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from router.account.feedback import Judged
from router.learned.learn import Correction, Learned
from router.learned.version import DriftRow, Version
from workers.views.render import one_line


def learned_view(learned: Learned) -> RenderableType:
    """What an update learned, by kind; drifts are highlighted."""
    version = learned.version
    if version is None:
        return Text("nothing new was recorded since the last time")
    counts = ", ".join(f"{count} by {source.value}" for source, count in version.outcomes.items())
    where = "shown only: nothing was written" if learned.path is None else str(learned.path)
    parts: list[RenderableType] = [
        Text(f"version {version.number}, of {counts}"),
        Text(where, style="dim", overflow="fold"),
        Text(),
        _corrections(learned.corrections),
    ]
    parts += [Text(drift_words(drift), style="yellow") for drift in version.drifts]
    if learned.skipped:
        parts.append(Text(f"{learned.skipped} entries could not be read", style="yellow"))
    return Group(*parts)


def drift_words(drift: DriftRow) -> str:
    """A drift as a sentence."""
    what = f"{drift.side} {drift.kind} ({drift.model})"
    when = datetime.fromtimestamp(drift.time)
    return (
        f"drift: {what} was good in {drift.before:.0%} by {drift.source.value}, and is in "
        f"{drift.after:.0%} since about {when:%Y-%m-%d %H:%M}; what was before counts little now"
    )


def _corrections(rows: Sequence[Correction]) -> Table:
    table = Table(
        box=None,
        pad_edge=False,
        caption="the score expected of an answer, 0..1; count: outcomes; ±: standard deviation",
        caption_justify="left",
    )
    for name in ("kind", "answer", "model", "length"):
        table.add_column(name, no_wrap=True)
    for name in ("count", "shipped", "before", "now", "±"):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(
            row.kind,
            row.side,
            escape(row.model),
            row.length or "all",
            str(row.outcomes),
            f"{row.shipped:.2f}",
            f"{row.before:.2f}",
            f"{row.after:.2f}",
            f"{row.error:.2f}",
        )
    return table


def versions_view(rows: Sequence[Version | str]) -> RenderableType:
    """One line a version, the active one marked; for a version that cannot be read, why."""
    table = Table(box=None, pad_edge=False)
    for name in ("", "version", "made", "of", "outcomes", "drifts"):
        table.add_column(name, no_wrap=name != "outcomes")
    readable = [row.number for row in rows if isinstance(row, Version)]
    serving = max(readable, default=0)
    broken: list[RenderableType] = []
    for row in rows:
        if isinstance(row, str):
            broken.append(Text(row, style="yellow"))
            continue
        counts = ", ".join(f"{count} {source.value}" for source, count in row.outcomes.items())
        back = None if row.restores is None else f"as {row.restores}" if row.restores else "shipped"
        table.add_row(
            "*" if row.number == serving else "",
            str(row.number),
            f"{datetime.fromtimestamp(row.made_at):%Y-%m-%d %H:%M}",
            back or (str(row.basis) if row.basis else "shipped"),
            "rolled back" if back else counts,
            str(len(row.drifts) or ""),
        )
    return Group(table, *broken)


def judged_view(found: Sequence[Judged]) -> Table:
    """The latest tasks, with the verdicts on them."""
    table = Table(box=None, pad_edge=False)
    for name in ("id", "ended", "kind", "answer", "model", "verdict", "note"):
        table.add_column(name, no_wrap=name != "note")
    for one in found:
        task = one.task
        table.add_row(
            escape(task.task_id[:12]),
            f"{datetime.fromtimestamp(task.time):%d %b %H:%M}",
            task.kind.value,
            task.route,
            escape(task.model or ""),
            one.verdict or "",
            escape(one_line(one.note, 60)) if one.note else "",
        )
    return table
