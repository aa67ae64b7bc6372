"""How evaluations look in a terminal."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from router.evaluate.bootstrap import Interval
from router.evaluate.groups import Group as Rows
from router.evaluate.kinds import KindGroup, KindsReport
from router.evaluate.routing import LEAST_GAP, RANDOM
from router.evaluate.routing_report import RoutingReport


def number(found: Interval) -> str:
    """A figure with its confidence interval; a dash where it has no value."""
    if math.isnan(found.value):
        return "-"
    return f"{found.value:.3f} [{_short(found.low)}, {_short(found.high)}]"


def percent(found: Interval) -> str:
    """A share with its confidence interval, in percent."""
    if math.isnan(found.value):
        return "-"
    return f"{found.value:.0%} [{100 * found.low:.0f}, {100 * found.high:.0f}]"


def _short(bound: float) -> str:
    """Two digits, without the zero in front: a terminal has 80 columns."""
    return f"{bound:.2f}".removeprefix("0")


def routing_view(report: RoutingReport) -> RenderableType:
    """The whole evaluation of routing."""
    local, cloud = report.always_local, report.always_cloud
    parts: list[RenderableType] = [
        Text(f"Routing on {report.file}", "bold"),
        Text(
            f"{report.rows:,} rows of {report.questions:,} questions; thresholds are fixed on the "
            f"{report.dev_rows:,} dev rows, all figures are of the other {report.check_rows:,}, "
            "with 95 % bootstrap intervals. Mean score: local "
            f"{number(local)}, cloud {number(cloud)}.",
            "dim",
        ),
        Text(),
        _rankings(report),
        Text(),
        _thresholds(report),
        Text(),
        group_view(f"by kind, at thresholds calibrated for {report.target:.0%}", report.kinds),
    ]
    if report.sources:
        parts += [Text(), _sources(report)]
    return Group(*parts)


def _rankings(report: RoutingReport) -> Table:
    table = _table("ranked by", "APGR", "CPT 50 %", "CPT 80 %", "saved at 95 %")
    table.caption = (
        "APGR: average performance gap recovered. CPT: share of calls that recovers so much of the "
        "gap. saved at 95 %: share of calls saved at 95 % of the cloud's quality, the threshold "
        "chosen on these rows, which flatters."
    )
    table.caption_justify = "left"
    for one in report.routers:
        table.add_row(
            one.name,
            number(one.apgr),
            percent(one.cpt50),
            percent(one.cpt80),
            percent(one.saved95),
        )
    return table


def _thresholds(report: RoutingReport) -> Table:
    table = _table("threshold", "share of cloud quality", "calls saved")
    table.title = f"thresholds fixed on dev for {report.target:.0%} of the cloud's quality"
    table.title_justify = "left"
    local, cloud = report.always_local.value, report.always_cloud.value
    table.add_row("always local", f"{local / cloud:.0%}" if cloud > 0 else "-", "100%")
    table.add_row("always cloud", "100%", "0%")
    for one in report.routers:
        table.add_row(one.name, percent(one.quality), percent(one.saved))
    table.add_row(
        "configuration in force",
        percent(report.configured_quality),
        percent(report.configured_saved),
    )
    return table


def group_view(title: str, groups: Sequence[Rows]) -> Table:
    """A table of rows, group by group."""
    table = _table("kind", "rows", "local", "cloud", "share of cloud quality", "calls saved")
    table.title, table.title_justify = title, "left"
    for one in groups:
        table.add_row(
            one.name,
            f"{one.rows:,}",
            f"{one.local:.3f}",
            f"{one.cloud:.3f}",
            percent(one.quality),
            percent(one.saved),
        )
    return table


def _sources(report: RoutingReport) -> Table:
    shown = [at for at, one in enumerate(report.routers) if one.name != RANDOM]
    names = [report.routers[at].name.split()[0] for at in shown]
    table = _table("source: models", "rows", "gap", *names)
    table.columns[0].min_width = 22
    table.title, table.title_justify = "by source: APGR, without its interval", "left"
    table.caption = (
        "Ranked as above, by the first word. gap: cloud's mean score less the local one; under "
        f"{LEAST_GAP} APGR is noise."
    )
    table.caption_justify = "left"
    for one in report.sources:
        name = ": ".join(part for part in (one.source, one.models) if part)
        gap = one.cloud - one.local
        figures = [f"{one.apgr[at].value:.3f}" if gap >= LEAST_GAP else "-" for at in shown]
        table.add_row(name, f"{one.rows:,}", f"{gap:.3f}", *figures)
    return table


def kinds_view(report: KindsReport) -> RenderableType:
    """The whole evaluation of the classifier."""
    figures = _table("prompts", "n", "right", "right when sure", "unsure")
    for one in (report.overall, *report.languages):
        figures.add_row(*_group_cells(one))
    labels = _table("kind", "n", "recall", "precision")
    for label in report.labels:
        labels.add_row(
            label.label, f"{label.rows:,}", number(label.recall), number(label.precision)
        )
    parts: list[RenderableType] = [
        Text(f"Kinds on {report.file}", "bold"),
        Text(f"{report.rows:,} rows ({report.part}); in brackets 95 % intervals", "dim"),
        Text(),
        figures,
        Text(),
        labels,
        Text(),
        _confusion(report),
    ]
    if report.sources:
        sources = _table("source", "n", "right", "right when sure", "unsure")
        for one in report.sources:
            sources.add_row(*_group_cells(one))
        parts += [Text(), sources]
    ece = "-" if math.isnan(report.ece) else f"{report.ece:.3f}"
    closing = (
        f"confidence off by {ece} on average (expected calibration error); one decision "
        f"{report.p50_ms:.2f} ms (p50), {report.p99_ms:.2f} ms (p99)"
    )
    return Group(*parts, Text(), Text(closing))


def _group_cells(one: KindGroup) -> tuple[str, ...]:
    return (
        one.name,
        f"{one.rows:,}",
        number(one.accuracy),
        number(one.right_when_sure),
        f"{one.unsure:.1%}",
    )


def _confusion(report: KindsReport) -> Table:
    kinds = sorted({one.taken_for for one in report.confusion})
    cells: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for one in report.confusion:
        cells[one.label][one.taken_for] = one.rows
    # Five letters distinguish them, and a terminal has 80 columns.
    table = _table("is \\ taken for", *(kind[:5] for kind in kinds))
    for label in sorted(cells):
        row = cells[label]
        table.add_row(label, *(f"{row[kind]:,}" if kind in row else "" for kind in kinds))
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table
