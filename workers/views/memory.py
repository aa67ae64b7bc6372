"""How sessions and facts look in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from router.memory.facts import Fact
from router.memory.sessions import Turn
from router.memory.traces import SessionSummary
from workers.views.render import one_line

PREVIEW_CHARS = 60

_STYLE = {"public": "green", "internal": "yellow", "local_only": "red"}


def listing(
    sessions: Sequence[SessionSummary], facts: Sequence[Fact], answers: int
) -> RenderableType:
    """Everything that is remembered, a line each."""
    if not sessions and not facts and not answers:
        return Text("nothing is remembered")
    parts: list[RenderableType] = []
    if sessions:
        parts += [_sessions(sessions), Text()]
    if facts:
        parts += [_facts(facts), Text()]
    if answers:
        parts.append(Text(f"and {counted(answers, 'kept answer')}"))
    return Group(*parts)


def fact_view(fact: Fact) -> RenderableType:
    """One fact, whole."""
    table = Table.grid(padding=(0, 2))
    rows = {
        "fact": fact.key,
        "label": fact.label,
        "source": fact.source,
        "about": ", ".join(fact.subjects) or "nobody named",
        "written": when(fact.created_at),
        "expires": when(fact.expires_at) if fact.expires_at else "never",
        "tokens": f"about {fact.tokens:,}",
    }
    for name, value in rows.items():
        table.add_row(Text(name, "dim"), Text(value))
    return Group(table, Text(), Text(fact.text))


def session_view(name: str, turns: Sequence[Turn]) -> RenderableType:
    """One conversation, oldest turn first; an answer that nothing spoke for is marked."""
    lines = []
    for turn in turns:
        mark = (" (unverified)", "yellow") if turn.unverified else ""
        said = turn.message
        lines.append(Text.assemble((said.role, "bold"), mark, (": ", "bold"), said.content))
    return Group(Text(f"session {name}", "bold"), *lines)


def when(epoch_s: float) -> str:
    return f"{datetime.fromtimestamp(epoch_s):%Y-%m-%d %H:%M:%S}"


def counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}" + ("" if number == 1 else "s")


def _sessions(sessions: Sequence[SessionSummary]) -> Table:
    table = Table(title="sessions", title_justify="left", box=None, pad_edge=False)
    table.add_column("name", overflow="fold")
    table.add_column("label")
    table.add_column("messages", justify="right")
    table.add_column("last used")
    for one in sessions:
        used = when(one.last_used) if one.last_used else "unknown"
        label = Text(one.label, _STYLE[one.label])
        table.add_row(Text(one.name), label, str(one.messages), used)
    return table


def _facts(facts: Sequence[Fact]) -> Table:
    table = Table(title="facts", title_justify="left", box=None, pad_edge=False)
    table.add_column("key", overflow="fold")
    table.add_column("label")
    table.add_column("source", overflow="fold")
    table.add_column("text")
    table.add_column("tokens", justify="right")
    for fact in facts:
        table.add_row(
            Text(fact.key),
            Text(fact.label, _STYLE[fact.label]),
            Text(fact.source),
            Text(one_line(fact.text, PREVIEW_CHARS)),
            f"{fact.tokens:,}",
        )
    return table
