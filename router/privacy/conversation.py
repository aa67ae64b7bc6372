"""Values that one message announces or begins and a later one holds: "my NIF is", "501964843"."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from router.privacy.detect.found import Found
from router.privacy.detect.labels import names_a_number
from router.privacy.detect.secret_words import WORDS

_CONTEXT_CHARS = 160
_MESSAGES_BACK = 2
"""What one announces, the next may ask about and the one after it tell."""

_ENDS_IN_DIGITS = re.compile(r"\d[\d .\-/]{2,}\Z|\d{3}\Z")
_END = " \t\r\n?!.…,;:)\"'"


def split_values(
    texts: Sequence[str], find: Callable[[str], Iterable[Found]]
) -> list[tuple[Found, ...]]:
    """For each text, what is a value only because of one before it.

    texts: of one conversation, in order. find: the detectors. Reads a few words of each.
    """
    found: list[list[Found]] = [[] for _ in texts]
    for place, text in enumerate(texts):
        head = _head(text)
        if not any(map(str.isdigit, head)):
            continue
        for earlier in range(place - 1, max(-1, place - 1 - _MESSAGES_BACK), -1):
            before = texts[earlier].rstrip(_END)
            tail = before[-_CONTEXT_CHARS:]
            begun = _ENDS_IN_DIGITS.search(tail) is not None
            if not (begun or WORDS.search(tail) or names_a_number(tail)):
                continue
            # A question is answered as a field is filled in.
            gap = "\n" if begun else ":\n"
            shift = len(tail) + len(gap)
            for one in find(f"{tail}{gap}{head}"):
                if one.end <= shift:
                    continue
                found[place].append(Found(one.kind, max(0, one.start - shift), one.end - shift))
                if one.start < len(tail):
                    start = len(before) - len(tail) + one.start
                    found[earlier].append(Found(one.kind, start, len(before)))
    return [tuple(each) for each in found]


def _head(text: str) -> str:
    """The beginning, up to the end of a word."""
    if len(text) <= _CONTEXT_CHARS:
        return text
    cut = text.rfind(" ", 0, _CONTEXT_CHARS)
    return text[: cut if cut > 0 else _CONTEXT_CHARS]
