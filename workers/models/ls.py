"""`edgeward models ls`: which model plays which role, and how it is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from workers.models.probe import AsJson, Config

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agents.agent import Agent


def ls(as_json: AsJson = False, config: Config = None) -> None:
    """List the models of the roles, and how it is known what each can do."""
    import json
    import os

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from agents.roster import build_roster
    from router.account.pricing import Prices
    from workers.trust import load_or_ask

    settings, _ = load_or_ask(config)
    rows = _rows(build_roster(settings, Prices.load(settings.prices), os.environ).roles)
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for head in ("role", "model", "billions", "known by"):
        table.add_column(head)
    for row in rows:
        size = "-" if row["billions"] is None else f"{row['billions']:g}"
        known = row["card"] or "nothing: edgeward models probe"
        table.add_row(Text(str(row["role"])), Text(str(row["model"])), size, str(known))
    Console().print(table)


def _rows(agents: Mapping[str, Agent]) -> list[dict[str, object]]:
    """card: of a specialist, `measured`: its calibration comes with it."""
    rows: list[dict[str, object]] = []
    for role, agent in agents.items():
        card = agent.card
        known = "measured" if agent.specialist else card.source if card else None
        billions = card.billions if card else None
        rows.append(
            {"role": role, "model": agent.engine.caps.model, "billions": billions, "card": known}
        )
    return rows
