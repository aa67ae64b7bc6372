"""Turns a regular expression into a piece of a llama.cpp grammar: of texts that match it, or, for a
schema's `pattern`, of the JSON of strings that match.

What it allows is a part of what the pattern allows: digits, word characters and white space are
those of ASCII, as in JavaScript, and a repetition without an end gets one. Look-around,
back-references, word boundaries and flags are refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

Ranges = list[tuple[int, int]]

_ALL: Ranges = [(0x20, 0x7E), (0xA0, 0x2027), (0x202A, 0xD7FF), (0xE000, 0x10FFFF)]
"""What may stand in JSON as it is, and no line end of any language; quote and backslash too, which
are then written with a backslash."""

_ESCAPED_IN_JSON: Ranges = [
    *((0, 0x1F), (0x22, 0x22), (0x5C, 0x5C), (0x7F, 0x9F), (0xD800, 0xDFFF))
]
_NO_TEXT: Ranges = [(0, 0x08), (0x0B, 0x0C), (0x0E, 0x1F), (0x7F, 0x9F), (0xD800, 0xDFFF)]

_SPACES: Ranges = [(0x09, 0x0A), (0x0D, 0x0D), (0x20, 0x20)]
_DIGITS: Ranges = [(0x30, 0x39)]
_WORDS: Ranges = [(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)]
_ABOVE_ASCII: Ranges = [(0x80, 0x10FFFF)]
_CATEGORIES: dict[Any, tuple[Ranges, Ranges]] = {
    sre.CATEGORY_DIGIT: (_DIGITS, [*_DIGITS, (0x660, 0x10FFFF)]),
    sre.CATEGORY_WORD: (_WORDS, [*_WORDS, *_ABOVE_ASCII]),
    sre.CATEGORY_SPACE: (
        _SPACES,
        [(0x09, 0x0D), (0x1C, 0x20), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x10FFFF)],
    ),
}
"""Each by its least and by its most: the languages of patterns differ above ASCII."""

_OPPOSITES = {
    sre.CATEGORY_NOT_DIGIT: sre.CATEGORY_DIGIT,
    sre.CATEGORY_NOT_WORD: sre.CATEGORY_WORD,
    sre.CATEGORY_NOT_SPACE: sre.CATEGORY_SPACE,
}
_BEGINS = (sre.AT_BEGINNING, sre.AT_BEGINNING_STRING)
_ENDS = (sre.AT_END, sre.AT_END_STRING)
_REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT)

_MOST_ITEMS = 4000
"""llama.cpp writes every repetition out; more would take seconds to compile."""

_INNER_CAP = 16
_PADDING_CHARS = 64


class PatternRefused(ValueError):
    """The pattern cannot be enforced; the message says why."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of the grammar. least, most: characters that it stands for; size: items written."""

    text: str
    least: int
    most: int
    size: int


def pattern_grammar(
    pattern: str, *, min_chars: int, max_chars: int, literal: Callable[[str], str]
) -> str:
    """The grammar of the text between the quotation marks. Raises PatternRefused.

    literal: writes a text as a terminal.
    """
    compiler = _Compiler(literal, min_chars, max_chars)
    piece = compiler.whole(_parsed(pattern))
    if piece.least < min_chars or piece.most > max_chars:
        raise PatternRefused("with these lengths beside it, it cannot be enforced")
    return piece.text


def match_grammar(pattern: str, *, max_chars: int, literal: Callable[[str], str]) -> str:
    """The grammar of a plain text that matches from its beginning to its end.

    max_chars: bounds the repetitions without an end. Raises PatternRefused.
    """
    compiler = _Compiler(literal, 0, max_chars, json_text=False)
    return compiler.whole(_parsed(pattern), begins=True, ends=True).text


def _parsed(pattern: str) -> list[Any]:
    try:
        parsed = parser.parse(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise PatternRefused(f"it is no regular expression: {error}") from error
    if parsed.state.flags & (re.IGNORECASE | re.MULTILINE | re.DOTALL | re.VERBOSE):
        raise PatternRefused("flags in a pattern cannot be enforced")
    return list(parsed)


class _Compiler:
    """json_text: characters are written as they stand between the quotation marks of JSON."""

    def __init__(
        self,
        literal: Callable[[str], str],
        min_chars: int,
        max_chars: int,
        *,
        json_text: bool = True,
    ) -> None:
        self._literal = literal
        self._min_chars = min_chars
        self._max_chars = max_chars
        self._json_text = json_text

    def whole(self, items: list[Any], *, begins: bool = False, ends: bool = False) -> _Piece:
        """A whole pattern, with what may stand before and after it where it is not anchored."""
        if items and items[0][0] is sre.AT and items[0][1] in _BEGINS:
            begins, items = True, items[1:]
        if len(items) == 1 and items[0][0] is sre.BRANCH:
            cases = items[0][1][1]
            return _either([self.whole(list(one), begins=begins, ends=ends) for one in cases])
        if len(items) == 1 and items[0][0] is sre.SUBPATTERN and _has_anchor(items[0][1][3]):
            return self.whole(list(items[0][1][3]), begins=begins, ends=ends)
        if items and items[-1][0] is sre.AT and items[-1][1] in _ENDS:
            ends, items = True, items[:-1]
        inner = self._sequence(items, self._caps(items))
        sides = 2 - begins - ends
        room = min(_PADDING_CHARS, (self._max_chars - inner.most) // sides) if sides else 0
        if room <= 0:
            return inner
        around = _Piece(f"char{{0,{room}}}", 0, room, room)
        least = min(room, max(0, self._min_chars - inner.least))
        filled = _Piece(f"char{{{least},{room}}}", least, room, room)
        before = [] if begins else [filled if ends else around]
        return _joined([*before, inner, *([] if ends else [filled])])

    def _caps(self, items: Sequence[Any]) -> dict[int, tuple[int, int]]:
        """How often the repetitions at the top may and must be repeated to keep to the lengths."""
        bodies = {
            place: self._sequence(list(value[2]), {})
            for place, (kind, value) in enumerate(items)
            if kind in _REPEATS
        }
        others = [self._item(item) for place, item in enumerate(items) if place not in bodies]
        bounds = {place: (int(items[place][1][0]), items[place][1][1]) for place in bodies}
        endless = [place for place, (_, high) in bounds.items() if high == sre.MAXREPEAT]
        room = self._max_chars - sum(piece.most for piece in others)
        ended = [place for place in bounds if place not in endless]
        left = max(0, room - sum(bodies[one].most * int(bounds[one][1]) for one in ended))
        for place in endless:
            low, body = bounds[place][0], bodies[place]
            most = min(left // len(endless) // max(1, body.most), _MOST_ITEMS // max(1, body.size))
            bounds[place] = (low, max(low, most))
        if len(bodies) == 1:
            (place, body), *_ = bodies.items()
            low, high = bounds[place]
            short = self._min_chars - sum(piece.least for piece in others) - low * body.least
            high = max(low, min(int(high), room // max(1, body.most)))
            more = -(-max(0, short) // body.least) if body.least else 0
            bounds[place] = (min(low + more, high), high)
        return {place: (low, int(high)) for place, (low, high) in bounds.items()}

    def _sequence(self, items: Sequence[Any], caps: dict[int, tuple[int, int]]) -> _Piece:
        return _joined([self._item(item, caps.get(place)) for place, item in enumerate(items)])

    def _item(self, item: Any, cap: tuple[int, int] | None = None) -> _Piece:
        kind, value = item
        if kind is sre.LITERAL:
            return self._set([(value, value)])
        if kind is sre.NOT_LITERAL:
            return self._set(_without(_ALL, [(value, value)]))
        if kind is sre.ANY:
            return self._set(_ALL)
        if kind is sre.IN:
            return self._set(_of_set(value))
        if kind is sre.BRANCH:
            return _either([self._sequence(list(case), {}) for case in value[1]])
        if kind is sre.SUBPATTERN:
            if value[1] or value[2]:
                raise PatternRefused("flags in a pattern cannot be enforced")
            return self._sequence(list(value[3]), {})
        if kind in _REPEATS:
            low, high, body = value
            if cap is not None:
                low, high = cap
            elif high == sre.MAXREPEAT:
                high = max(int(low), _INNER_CAP)
            return _repeated(self._sequence(list(body), {}), int(low), int(high))
        words = {
            sre.AT: "an anchor in its middle",
            sre.ASSERT: "look-around",
            sre.ASSERT_NOT: "look-around",
            sre.GROUPREF: "a back-reference",
            sre.GROUPREF_EXISTS: "a condition",
        }
        raise PatternRefused(f"{words.get(kind, str(kind).lower())} cannot be enforced")

    def _set(self, ranges: Ranges) -> _Piece:
        """One character of a set."""
        plain, escaped = [], []
        for low, high in ranges if self._json_text else ():
            codes = [code for code in range(low, min(high, 0x5C) + 1) if _needs_escape(code)]
            escaped += [self._literal(json.dumps(chr(code))[1:-1]) for code in codes]
        for low, high in _without(ranges, _ESCAPED_IN_JSON if self._json_text else _NO_TEXT):
            plain.append(_code(low) if low == high else f"{_code(low)}-{_code(high)}")
        if not plain and not escaped:
            raise PatternRefused("no character satisfies one of its sets")
        single = len(ranges) == 1 and ranges[0][0] == ranges[0][1] and plain
        cases = [self._literal(chr(ranges[0][0]))] if single else []
        cases = cases or ([f"[{''.join(plain)}]"] if plain else []) + escaped
        text = cases[0] if len(cases) == 1 else f"({' | '.join(cases)})"
        return _Piece(text, 1, 1, 1)


def _needs_escape(code: int) -> bool:
    return code < 0x20 or code in (0x22, 0x5C)


def _of_set(parts: Sequence[Any]) -> Ranges:
    negated = bool(parts) and parts[0][0] is sre.NEGATE
    found: Ranges = []
    for kind, value in parts[1:] if negated else parts:
        if kind is sre.LITERAL:
            found.append((value, value))
        elif kind is sre.RANGE:
            found.append(value)
        elif value in _CATEGORIES:
            found += _CATEGORIES[value][negated]
        else:
            least, most = _CATEGORIES[_OPPOSITES[value]]
            found += _without([(0, 0x10FFFF)], least) if negated else _without(_ALL, most)
    return _without(_ALL, found) if negated else sorted(set(found))


def _without(ranges: Iterable[tuple[int, int]], holes: Iterable[tuple[int, int]]) -> Ranges:
    left = list(ranges)
    for begin, end in holes:
        cut: Ranges = []
        for low, high in left:
            if end < low or begin > high:
                cut.append((low, high))
                continue
            cut += [(low, begin - 1)] if low < begin else []
            cut += [(end + 1, high)] if high > end else []
        left = cut
    return left


def _has_anchor(items: Iterable[Any]) -> bool:
    """Whether an anchor stands in it, at any depth."""
    for kind, value in items:
        if kind is sre.AT:
            return True
        if kind is sre.BRANCH and any(_has_anchor(case) for case in value[1]):
            return True
        if kind is sre.SUBPATTERN and _has_anchor(value[3]):
            return True
    return False


def _code(code: int) -> str:
    if chr(code).isascii() and chr(code).isalnum():
        return chr(code)
    return (
        f"\\U{code:08X}"
        if code > 0xFFFF
        else f"\\u{code:04X}"
        if code > 0xFF
        else (f"\\x{code:02X}")
    )


def _joined(pieces: Sequence[_Piece]) -> _Piece:
    if not pieces:
        return _Piece('""', 0, 0, 1)
    return _bounded(
        _Piece(
            " ".join(piece.text for piece in pieces)
            if len(pieces) == 1
            else f"({' '.join(piece.text for piece in pieces)})",
            sum(piece.least for piece in pieces),
            sum(piece.most for piece in pieces),
            sum(piece.size for piece in pieces),
        )
    )


def _either(pieces: Sequence[_Piece]) -> _Piece:
    return _bounded(
        _Piece(
            f"({' | '.join(piece.text for piece in pieces)})",
            min(piece.least for piece in pieces),
            max(piece.most for piece in pieces),
            sum(piece.size for piece in pieces),
        )
    )


def _repeated(piece: _Piece, low: int, high: int) -> _Piece:
    return _bounded(
        _Piece(
            f"({piece.text}){{{low},{high}}}",
            piece.least * low,
            piece.most * high,
            piece.size * max(1, high),
        )
    )


def _bounded(piece: _Piece) -> _Piece:
    if piece.size > _MOST_ITEMS * 2:
        raise PatternRefused("it repeats too much to be enforced")
    return piece
