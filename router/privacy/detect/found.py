"""A find: what was found where; and the plain form of a text, in which detectors search."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

HIDDEN = "\u200b"
"""Replaces, in a plain text, every character that has no width."""

_UNSEEN = re.compile(
    "[\u0305\u0332-\u0338\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u20d0-\u20f0\ufe00-\ufe0f"
    "\U000e0100-\U000e01ef]"
)
"""Marks that change how a character looks and not which one it is, besides those of category Cf."""
_LOOKS_LIKE = {
    **dict.fromkeys("\u00b7\u2022\u2027\u2219\u22c5\u30fb\u3002", "."),
    **dict.fromkeys("\u2044\u2215\u29f8", "/"),
    **dict.fromkeys("\u02d7\u2043\u207b\u208b\u2212\u2796", "-"),
    **dict.fromkeys("\u2800\u3164\uffa0", " "),
    **dict.fromkeys("\u0085\u2028\u2029", "\n"),
}
_RAISED_DIGITS = "".join(
    mark
    for mark in map(chr, (0xB2, 0xB3, 0xB9, *range(0x2070, 0x2090), *range(0x2460, 0x2793)))
    if unicodedata.digit(mark, None) is not None
)
_RAISED = re.compile(rf"(?<!\d)[{_RAISED_DIGITS}]{{2,}}(?!\d)")
"""Raised, lowered and circled digits: one alone, or one behind a number, is a footnote's."""


@dataclass(frozen=True, slots=True)
class Found:
    """One find. Offsets count characters of the text as it was given; `end` is one past the last.

    kind: one of `router.privacy.detect.detectors.KINDS`, or the name of a user's pattern.
    """

    kind: str
    start: int
    end: int


def plain(text: str) -> str:
    """The text with digits, dashes, spaces, dots and wide letters of any script as ASCII ones.

    Character by character, so that an offset means the same in both.
    """
    if text.isascii():
        return text
    text = _RAISED.sub(lambda run: "".join(str(unicodedata.digit(one)) for one in run[0]), text)
    table = {ord(mark): _ascii(mark) for mark in set(text) if not mark.isascii()}
    return text.translate(table)


def _ascii(mark: str) -> str:
    category = unicodedata.category(mark)
    if category == "Nd":
        return str(unicodedata.digit(mark))
    if mark in _LOOKS_LIKE:
        return _LOOKS_LIKE[mark]
    if category in ("Pd", "Zs"):
        return "-" if category == "Pd" else " "
    if category == "Cf" or _UNSEEN.match(mark):
        return HIDDEN
    # Wide, small, bold and circled signs; not the ordinals of "nº", nor a footnote's digit.
    same = unicodedata.normalize("NFKC", mark) if category not in ("No", "Lo") else mark
    return same if len(same) == 1 and same.isascii() else mark


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
