"""`edgeward report`: costs and escalations from the ledger, and their tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from router.account.budget import Budget
from router.account.ledger import Ledger, open_witness
from router.account.report import Report, ReportBuilder, Row, parse_since
from router.settings.settings import Settings
from router.store.store import open_configured
from workers.views.render import dollars, seconds

NEARLY = 0.8
"""Share of a budget from which on it is highlighted."""


async def collect(settings: Settings, since: str | None) -> Report:
    """The report of everything recorded since then. Raises StoreUnavailable and ConfigError."""
    start = None if since is None else parse_since(since)
    store = await open_configured(settings.store)
    async with store:
        witness = open_witness(store, settings.store.home.expanduser())
        kept_s = settings.memory.ledger_days * 86_400
        ledger = Ledger(store, retention_s=kept_s, witness=witness)
        budget = Budget(store, settings.budget)
        await budget.calls.book_for_the_dead(ledger)
        builder = ReportBuilder()
        async for record in ledger.read(since=start):
            builder.add(record)
        report = builder.report()
        if settings.budget.limited:
            budgets = await budget.overview()
            report = report.model_copy(update={"budgets": budgets})
        return report


def report_view(report: Report) -> RenderableType:
    """The whole report."""
    if not report.tasks:
        return Text("nothing is recorded yet: try  edgeward demo")
    parts: list[RenderableType] = [Text("Account", "bold"), _summary(report), Text()]
    if report.budgets:
        parts += [_budgets(report), Text()]
    if report.escalations:
        parts += [_escalations(report), Text()]
    parts += [_rows("by kind", report.kinds, "kind"), Text()]
    named = [
        row if row.model else row.model_copy(update={"model": "(no answer)"})
        for row in report.models
    ]
    parts += [_rows("by model", named, "model"), Text()]
    return Group(*parts)


def _budgets(report: Report) -> Table:
    table = Table(box=None, title="budgets", title_justify="left", pad_edge=False)
    table.add_column("of")
    for name in ("used", "limit", "share"):
        table.add_column(name, justify="right")
    for one in report.budgets:
        style = "red" if one.share >= 1 else "yellow" if one.share >= NEARLY else ""
        row = (one.name, dollars(one.taken_usd), dollars(one.limit_usd), f"{one.share:.0%}")
        table.add_row(*row, style=style)
    return table


def _summary(report: Report) -> Table:
    table = Table.grid(padding=(0, 2))
    ends = [f"{count} {route}" for route, count in report.by_route.items() if route != "none"]
    table.add_row("tasks", f"{report.tasks}: " + ", ".join(_counts(report.by_status)))
    if report.by_verification:
        table.add_row("answered here", ", ".join(_counts(report.by_verification)))
    table.add_row("answered by", ", ".join(ends) or "nobody")
    table.add_row("attempts", f"{report.attempts}: " + ", ".join(_counts(report.by_outcome)))
    table.add_row(
        "tokens",
        ", ".join(
            f"{route} {tokens.prompt:,} in, {tokens.completion:,} out"
            for route, tokens in report.tokens.items()
        )
        or "none",
    )
    unknown = report.unknown_price_attempts
    more = f" and {unknown} attempts of unknown price" if unknown else ""
    table.add_row("spent", dollars(report.spent_usd) + more)
    if report.estimated_attempts:
        what = f"{dollars(report.estimated_usd)} of it, in {report.estimated_attempts} attempts"
        table.add_row("estimated", f"{what} of which no provider gave a count that can be")
    if report.shadow_attempts:
        what = f"{dollars(report.shadow_usd)} of it, in {report.shadow_attempts} attempts"
        table.add_row("on shadow runs", what)
    table.add_row("avoided", f"about {dollars(report.avoided_usd)}, at the cloud model's price")
    table.add_row(
        "time to answer",
        ", ".join(
            f"{route} p50 {seconds(item.p50_s)}, p95 {seconds(item.p95_s)}"
            for route, item in report.latency.items()
            if route != "none"
        )
        or "none",
    )
    if report.first is not None:
        table.add_row("since", f"{datetime.fromtimestamp(report.first):%Y-%m-%d %H:%M:%S}")
    return table


def _counts(counts: dict[str, int]) -> list[str]:
    return [f"{count} {name}" for name, count in counts.items()]


def _escalations(report: Report) -> Table:
    table = Table(title="why not local", title_justify="left", box=None, pad_edge=False)
    table.add_column("reason")
    table.add_column("before an answer", justify="right")
    table.add_column("after one", justify="right")
    for reason, times in report.escalations.items():
        table.add_row(reason, str(times.before), str(times.after))
    return table


def _rows(title: str, rows: Sequence[Row], by: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(by, no_wrap=True)
    for name in (
        "tasks",
        "attempts",
        "accepted",
        "rejected",
        "failed",
        "tokens",
        "spent",
        "avoided",
    ):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(
            str(getattr(row, by)),
            str(row.tasks),
            str(row.attempts),
            str(row.accepted),
            str(row.rejected),
            str(row.failed),
            f"{row.prompt_tokens + row.completion_tokens:,}",
            dollars(row.spent_usd),
            dollars(row.avoided_usd),
        )
    return table
