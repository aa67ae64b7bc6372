"""Text as it is compared: lower case, no accents, one sign for each kind of quote and dash."""

from __future__ import annotations

import re
import unicodedata

_SIGNS = {
    **dict.fromkeys("“”„‟«»", '"'),
    **dict.fromkeys("‘’‚‛´", "'"),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("\u00a0\u2009\u202f\t", " "),
    "×": "x",
    "÷": "/",
}


class _Table(dict[int, str]):
    """One character for each character, made when it is first met."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if char in _SIGNS:
            flat = _SIGNS[char]
        else:
            base = unicodedata.normalize("NFD", char)[0].casefold()
            flat = base if len(base) == 1 else char
        self[code] = flat
        return flat


_TABLE = _Table()


def flat(text: str) -> str:
    """As long as `text`, character for character."""
    return text.translate(_TABLE)


def composed(text: str) -> str:
    """One form of each character, one kind of line break, no white space at the ends."""
    return re.sub(r"\r\n?", "\n", unicodedata.normalize("NFC", text)).strip()
