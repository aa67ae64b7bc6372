"""Which spelling of a value stood where: a number with its dots here, and without them there."""

from __future__ import annotations

CONTEXT_CHARS = 48
"""So much of what stands before a value is compared."""

_LEAST_ALIKE = 3
"""Fewer letters and digits in common say nothing."""

_MOST_CONTEXTS = 64
"""Of one value; further ones are not remembered."""


class Occurrences:
    """The spellings of each placeholder's value, with the text before each."""

    def __init__(self) -> None:
        self._seen: dict[str, dict[str, str]] = {}
        self._spellings: dict[str, set[str]] = {}

    def note(self, placeholder: str, before: str, spelling: str) -> None:
        """Remembers one occurrence. before: the redacted text that leads to it."""
        self._spellings.setdefault(placeholder, set()).add(spelling)
        seen = self._seen.setdefault(placeholder, {})
        if len(seen) < _MOST_CONTEXTS:
            seen.setdefault(_key(before), spelling)

    def spelling(self, placeholder: str, before: str, usual: str) -> str:
        """The spelling that stood behind the text most like `before`; `usual` where none is."""
        if len(self._spellings.get(placeholder, ())) < 2:
            return usual
        key = _key(before)
        best, alike = usual, _LEAST_ALIKE - 1
        for context, spelling in self._seen[placeholder].items():
            count = _common_end(context, key)
            if count > alike or (count == alike >= _LEAST_ALIKE and spelling == usual):
                best, alike = spelling, count
        return best


def _key(before: str) -> str:
    """Its letters and digits: a model writes other spaces and quotes."""
    return "".join(filter(str.isalnum, before[-CONTEXT_CHARS:].lower()))


def _common_end(one: str, other: str) -> int:
    count = 0
    for left, right in zip(reversed(one), reversed(other), strict=False):
        if left != right:
            break
        count += 1
    return count
