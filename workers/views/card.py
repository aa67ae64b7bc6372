"""How a model's card looks in a terminal."""

from __future__ import annotations

from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from agents.calibration import confidence, lower_bound
from router.types.card import Card, Tally


def card_view(card: Card, least: float) -> RenderableType:
    """least: the probability of being right from which an answer is trusted."""
    facts = Table.grid(padding=(0, 2))
    when = "" if card.probed_at is None else f", {datetime.fromtimestamp(card.probed_at):%Y-%m-%d}"
    facts.add_row("model", Text(card.model, "bold"))
    facts.add_row("known by", f"{card.source}{when}")
    if card.context_tokens is not None:
        facts.add_row("window", f"{card.context_tokens:,} tokens")
    if card.tokens_per_s is not None:
        facts.add_row("speed", f"{card.tokens_per_s:g} tokens/s")
    for name, tally in (
        ("language", card.language),
        ("forms", card.forms),
        ("tool calls", card.tools),
        ("ends by itself", card.ends),
    ):
        if tally.asked:
            facts.add_row(name, f"{_share(tally)} of {tally.asked}")
    if card.confidence is not None and card.confidence.auroc is not None:
        facts.add_row("knows if right", f"AUROC {card.confidence.auroc:.2f}")
    return Group(facts, Text(), _kinds(card, least))


def _kinds(card: Card, least: float) -> Table:
    table = Table(
        box=None,
        pad_edge=False,
        caption=f"trusted: right with probability {least:g} or more (policy.min_confidence)",
        caption_justify="left",
    )
    table.add_column("kind")
    for name in ("asked", "right", "at least", "trusted"):
        table.add_column(name, justify="right")
    for kind, tally in card.kinds.items():
        if not tally.asked:
            continue
        known = confidence(card.model_copy(update={"confidence": None}), kind, None) or 0.0
        trusted = "when sure" if card.confidence else "yes" if known >= least else "no"
        bound = f"{lower_bound(tally):.0%}"
        table.add_row(kind.value, str(tally.asked), _share(tally), bound, trusted)
    return table


def _share(tally: Tally) -> str:
    return "-" if tally.share is None else f"{tally.share:.0%}"
