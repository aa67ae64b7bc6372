"""Texts for a terminal: one line, cut where it is long, without what cannot be printed."""

from __future__ import annotations


def shown(text: str, most: int = 80) -> str:
    """The text on one line, cut where it is long; what cannot be printed is escaped."""
    flat = " ".join(text.split())
    cut = flat if len(flat) <= most else f"{flat[: most - 3]}..."
    return printable(cut)


def printable(text: str) -> str:
    """On one line of a terminal, whatever was in the file."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
