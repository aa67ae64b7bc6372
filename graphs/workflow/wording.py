"""Words for people: names that are near, lists, and texts cut to one line of a terminal."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def shown(text: str, most: int = 80) -> str:
    """The text on one line, cut where it is long; what cannot be printed is escaped."""
    flat = " ".join(text.split())
    cut = flat if len(flat) <= most else f"{flat[: most - 3]}..."
    return printable(cut)


def printable(text: str) -> str:
    """On one line of a terminal, whatever was in the file."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def nearest(name: str, known: Iterable[str]) -> str:
    """` (did you mean `x`?)` where a known name is near, and nothing where none is."""
    choices = {one.lower(): one for one in known}
    near = difflib.get_close_matches(name[:100].lower(), choices, n=1)
    return f" (did you mean `{choices[near[0]]}`?)" if near else ""


def listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
