"""How a calibration of routing looks in a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from router.evaluate.calibrate import Calibrated
from workers.views.evaluate import group_view


def calibrated_view(found: Calibrated) -> RenderableType:
    """What is set, based on what, and the expected effect."""
    aim = (
        f"{found.aimed_at:.0%} of the cloud's quality with the fewest calls"
        if found.aim == "quality"
        else f"at most {found.aimed_at:.0%} of the tasks sent to the cloud"
    )
    told = ", ".join(f"{count} by {name}" for name, count in sorted(found.counts.items()))
    parts: list[RenderableType] = [
        Text(f"Thresholds for {aim}", "bold"),
        Text(
            f"from {found.source}: {found.fit_rows:,} outcomes to fit, {found.held_rows:,} held "
            f"back to judge{f' ({told})' if told else ''}",
            "dim",
        ),
        Text(),
        _limits(found),
        Text(),
    ]
    if found.expected:
        parts += [
            group_view("expected on the outcomes held back", found.expected),
            Text(),
            group_view("the policy in force on the same", found.expected_before[-1:]),
            Text(),
        ]
    parts.append(
        Text(f"tasks sent to the cloud: {found.sent_before:.1%} now, {found.sent:.1%} then")
    )
    parts += [Text(f"note: {note}", "yellow") for note in found.notes]
    return Group(*parts, Text())


def _limits(found: Calibrated) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("policy", "in force", "new"):
        table.add_column(name, justify="left" if name == "policy" else "right")
    before, after = found.before, found.after
    table.add_row("max_gain", f"{before.max_gain:g}", f"{after.max_gain:g}")
    for kind in sorted({*before.max_gain_by_kind, *after.max_gain_by_kind}):
        now = before.max_gain_by_kind.get(kind)
        then = after.max_gain_by_kind.get(kind)
        table.add_row(
            f"max_gain_by_kind.{kind}",
            "-" if now is None else f"{now:g}",
            "-" if then is None else f"{then:g}",
        )
    table.add_row("max_complexity", f"{before.max_complexity:g}", f"{after.max_complexity:g}")
    return table
