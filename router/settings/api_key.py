"""Keys as people paste them: what stands around one is taken off, what cannot be one is named."""

from __future__ import annotations

_AROUND = "\ufeff\u200b\u200c\u200d\u2060"
"""Characters that cannot be seen, beside white space; they come with a copy from a page."""

_QUOTES = (('"', '"'), ("'", "'"), ("`", "`"), ("\u201c", "\u201d"), ("\u2018", "\u2019"))


def cleaned_key(written: str) -> str:
    """The key itself, without the white space and the quotation marks around it.

    Raises ValueError, which does not show the key, for what no HTTP header can carry.
    """
    key = _stripped(written)
    for start, end in _QUOTES:
        if len(key) >= 2 and key.startswith(start) and key.endswith(end):
            key = _stripped(key[1:-1])
    for place, letter in enumerate(key, start=1):
        if not "!" <= letter <= "~":
            raise ValueError(
                f"its character {place} of {len(key)} is {_named(letter)}, which no key has: "
                "copy it again"
            )
    return key


def _stripped(text: str) -> str:
    while (shorter := text.strip().strip(_AROUND)) != text:
        text = shorter
    return text


def _named(letter: str) -> str:
    if letter in "\r\n":
        return "a line break"
    if letter.isspace():
        return "a space"
    return f"U+{ord(letter):04X}"
