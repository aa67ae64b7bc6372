"""Removes deceptive characters and words from a request before a model reads it."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

_KEPT = frozenset("\n\t\r")
_BIDIRECTIONAL = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_TAGS = range(0xE0000, 0xE0080)
"""Invisible copies of ASCII: whole instructions can be written with them."""

# Chat templates mark turns with these; an engine may read them as such wherever they stand.
_TURN_MARKS = re.compile(
    r"<\|[\w]{1,40}\|>|<(?:start|end)_of_turn>|\[/?INST\]|<</?SYS>>|<｜[^｜\n]{1,40}｜>"
)


def clean(text: str) -> tuple[str, tuple[str, ...]]:
    """The text without deceptive characters, and what was removed, in words.

    Removed: control characters, and characters that are invisible or change the direction of
    writing. A model's own turn marks are broken by a space, so that they are ordinary words again.
    """
    done = []
    if not text.isprintable():
        removed = Counter(kind for char in text if (kind := _deceives(char)))
        text = "".join(char for char in text if not _deceives(char)) if removed else text
        done += [f"{count} {kind} characters were removed" for kind, count in removed.items()]
    broken, count = _TURN_MARKS.subn(_broken, text)
    if count:
        done.append(f"{count} marks of a chat template were broken up")
    return broken, tuple(done)


def _deceives(char: str) -> str:
    """The name of a character class that no honest text needs; empty for all others."""
    if char in _BIDIRECTIONAL:
        return "bidirectional"
    if ord(char) in _TAGS:
        return "invisible"
    return "control" if unicodedata.category(char) == "Cc" and char not in _KEPT else ""


def _broken(match: re.Match[str]) -> str:
    return f"{match[0][0]} {match[0][1:]}"
