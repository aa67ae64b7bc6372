"""Words for messages: similar names, and lists of names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """` (did you mean `x`?)` where a known name is similar, else empty."""
    choices = {one.lower(): one for one in known}
    near = difflib.get_close_matches(name[:100].lower(), choices, n=1)
    return f" (did you mean `{choices[near[0]]}`?)" if near else ""


def listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
