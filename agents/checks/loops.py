"""Recognises text that repeats itself, in a whole answer and while it is generated."""

from __future__ import annotations

import math

_LOOP_UNIT_CHARS = 200
_LOOP_REPEATS = 4
_LOOK_CHARS = 120
_EARLIEST_CHARS = 240


def looped_unit(text: str) -> str | None:
    """The string, of at most 200 characters, that the text's end repeats at least four times.

    Units shorter than 4 characters need to fill 40: "----" and "0000" are ordinary text.
    """
    tail = text.rstrip()[-_LOOP_UNIT_CHARS * _LOOP_REPEATS :]
    for size in range(1, len(tail) // _LOOP_REPEATS + 1):
        unit = tail[-size:]
        repeats = max(_LOOP_REPEATS, math.ceil(40 / size))
        if tail.endswith(unit * repeats) and any(char.isalnum() for char in unit):
            return unit
    return None


class LoopWatch:
    """Reads an answer as it comes, and notices when it has begun to repeat itself."""

    def __init__(self) -> None:
        self._text = ""
        self._next = _EARLIEST_CHARS

    def fed(self, piece: str) -> str:
        """The whole text so far, once its end is a loop; empty before."""
        self._text += piece
        if len(self._text) < self._next:
            return ""
        self._next = len(self._text) + _LOOK_CHARS
        return self._text if looped_unit(self._text) else ""
