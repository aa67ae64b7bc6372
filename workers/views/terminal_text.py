"""A model's text for a terminal: it may be read there, and must not steer it."""

from __future__ import annotations

import re

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def for_terminal(text: str) -> str:
    """The text without control characters, line breaks and tabs excepted: an escape sequence in an
    answer could move the cursor, set the window's title or write to the clipboard."""
    return _CONTROLS.sub("", text)
