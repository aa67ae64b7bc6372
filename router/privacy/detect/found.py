"""A find: what was found where; and the plain form of a text, in which detectors search."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

HIDDEN = "\u200b"
"""Replaces, in a plain text, every character that has no width."""


@dataclass(frozen=True, slots=True)
class Found:
    """One find. Offsets count characters of the text as it was given; `end` is one past the last.

    kind: one of `router.privacy.detect.detectors.KINDS`, or the name of a user's pattern.
    """

    kind: str
    start: int
    end: int


def plain(text: str) -> str:
    """The text with digits, dashes, spaces and wide letters of any script as their ASCII ones.

    Character by character, so that an offset means the same in both.
    """
    if text.isascii():
        return text
    table = {ord(mark): _ascii(mark) for mark in set(text) if not mark.isascii()}
    return text.translate(table)


def _ascii(mark: str) -> str:
    category = unicodedata.category(mark)
    if category == "Nd":
        return str(unicodedata.digit(mark))
    if category in ("Pd", "Zs") or mark == "\u2212":
        return "-" if category != "Zs" else " "
    if category == "Cf":
        return HIDDEN
    return chr(ord(mark) - 0xFEE0) if "\uff01" <= mark <= "\uff5e" else mark


def settle(finds: Iterable[Found], order: Sequence[str]) -> tuple[Found, ...]:
    """Sorts the finds and resolves overlaps.

    Of overlapping ones a secret names the kind, else the longest, else the one whose kind comes
    first in `order`. The find that stays is widened to cover the others, so that no part of a value
    is left over.
    """
    rank = {kind: place for place, kind in enumerate(order)}
    settled: list[tuple[Found, Found]] = []
    for find in sorted(finds, key=lambda find: (find.start, -find.end)):
        if not settled or find.start >= settled[-1][1].end:
            settled.append((find, find))
            continue
        namer, whole = settled[-1]
        namer = min(namer, find, key=lambda each: _weight(each, rank))
        settled[-1] = (namer, Found(namer.kind, whole.start, max(whole.end, find.end)))
    return tuple(whole for _, whole in settled)


def _weight(find: Found, rank: dict[str, int]) -> tuple[bool, int, int]:
    return find.kind != "secret", find.start - find.end, rank.get(find.kind, len(rank))
