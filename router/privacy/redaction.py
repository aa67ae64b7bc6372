"""Replaces private values by placeholders, and restores them in the answer."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from router.privacy.copies import KnownValues
from router.privacy.detect.detectors import NUMBER_KINDS
from router.privacy.detect.found import Found, plain
from router.privacy.detect.number_kinds import compact
from router.privacy.occurrences import CONTEXT_CHARS, Occurrences
from router.privacy.placeholders import Names
from router.privacy.spelling import identities, is_international

LITERAL = "literal"
"""The kind of a text that looks like one of our placeholders but was written by somebody."""


_CODE_BEFORE = re.compile(r"\+\d{1,3}[\s.()-]{0,3}\Z")
"""The code of a country, right before a number."""


@dataclass(slots=True)
class _Value:
    """One value: as it was first written, of what kind, and what stands for it once it is sent."""

    kind: str
    text: str
    placeholder: str = ""


class Redaction:
    """The placeholders of one request: a value has the same one in all of its texts.

    A number is the same value with and without its dots and spaces. It is restored as it stood
    where the same words lead to it, elsewhere as it was first written. Learn from all texts before
    the first is redacted. A text that contains one of our placeholders literally has that replaced
    as well, so pass `redact` original texts, never its own result. Not thread-safe.
    """

    def __init__(self) -> None:
        self._names = Names()
        self._values: dict[str, str] = {}
        self._known: dict[str, _Value] = {}
        self._copies = KnownValues()
        self._occurrences = Occurrences()

    @property
    def mapping(self) -> Mapping[str, str]:
        """Placeholder -> value, as it stands; it grows with every text."""
        return MappingProxyType(self._values)

    def learn(self, text: str, found: Sequence[Found], *, exact: bool = False) -> None:
        """Learns the finds of a text: from now on these values are replaced in every text.

        A value that has two kinds in two texts gets one of them. exact: the value must be restored
        exactly as it stands here. Raises ValueError for finds that overlap or lie outside.
        """
        self._names.read(text)
        for find in _in_order(text, found):
            self.know(find.kind, text[find.start : find.end], exact=exact)

    def know(self, kind: str, value: str, *, exact: bool = False) -> None:
        """As `learn`, for a value that was found elsewhere than in a text to be redacted."""
        known = self._value(kind, value, exact=exact)
        if not known.placeholder and _says_more(kind, known.kind):
            known.kind = kind
        self._copies.add(kind, value)

    def redact(self, text: str, found: Sequence[Found] = (), *, exact: bool = False) -> str:
        """The text with a placeholder for every find, and for whatever was learned before.

        Raises ValueError for finds that overlap or lie outside the text.
        """
        self.learn(text, found, exact=exact)
        placed = self._to_be_replaced(text, found)
        pieces, at = [], 0
        while True:
            put = [self._value(one.kind, text[one.start : one.end], exact=exact) for one in placed]
            stand_ins = [self._placeholder(value) for value in put]
            # Beside a new placeholder, other text may look like a part of one.
            if not (literals := list(self._literals(text, placed))):
                break
            placed = _merged([*placed, *literals])
        before = ""
        for find, stand_in in zip(placed, stand_ins, strict=True):
            self._names.read(text[at : find.start])
            pieces += [text[at : find.start], stand_in]
            before += text[max(at, find.start - CONTEXT_CHARS) : find.start]
            self._occurrences.note(stand_in, before, text[find.start : find.end])
            before = f"{before[-CONTEXT_CHARS:]}{stand_in}"
            at = find.end
        if placed:
            self._names.read(text[at:])
        return "".join([*pieces, text[at:]])

    def restore(self, text: str, *, json: bool = False) -> str:
        """The text with the values back in, also where a model wrote a placeholder otherwise.

        json: the placeholders stand in strings of a JSON text, which stays one.
        """
        return self._restored(text, 0, len(text), json=json)

    def left_in(self, restored: str) -> tuple[str, ...]:
        """Texts in a restored answer that look like placeholders but stand for nothing."""
        return self._names.left_in(restored)

    def restorer(self, *, json: bool = False) -> StreamRestorer:
        """Restores a text that arrives in pieces."""
        return StreamRestorer(self, json=json)

    def _restored(self, text: str, start: int, end: int, *, json: bool) -> str:
        """The part of the text; no placeholder reaches over its end."""
        pieces, at = [], start
        for written, placeholder in self._names.found(text, start):
            if written.start >= end:
                break
            pieces += [text[at : written.start]]
            before = text[max(0, written.start - CONTEXT_CHARS) : written.start]
            value = self._occurrences.spelling(placeholder, before, self._values[placeholder])
            pieces += [written.filled(value, json=json)]
            at = written.end
        return "".join([*pieces, text[at:end]])

    def _value(self, kind: str, text: str, *, exact: bool = False) -> _Value:
        same = identities(kind, text)
        known = next(
            (
                self._known[one]
                for one in same
                if one in self._known and not _of_two_countries(kind, text, self._known[one].text)
            ),
            None,
        )
        if exact and known is not None and known.text != text:
            same, known = (f"= {text}",), self._known.get(f"= {text}")
        if known is None:
            known = _Value(kind, text)
        for one in same:
            self._known.setdefault(one, known)
        return known

    def _placeholder(self, value: _Value) -> str:
        if not value.placeholder:
            value.placeholder = self._names.new(value.kind)
            self._values[value.placeholder] = value.text
        return value.placeholder

    def _to_be_replaced(self, text: str, found: Sequence[Found]) -> list[Found]:
        """The finds, and occurrences of known values."""
        finds = _in_order(text, found)
        copies = (
            copy
            for copy in self._copies.find(text)
            if not self._is_known(text, copy, finds) and not self._is_of_another_country(text, copy)
        )
        return _merged([*finds, *copies])

    def _is_known(self, text: str, copy: Found, finds: Sequence[Found]) -> bool:
        """Whether a copy is part of a find, or the same value with a prefix that the find is
        without: a larger piece of text would not come back as it was."""
        if _is_within(text, copy, finds):
            return True
        place = bisect_right(finds, copy.end - 1, key=lambda find: find.start) - 1
        if place < 0 or finds[place].end <= copy.start:
            return False
        find = finds[place]
        found = self._value(find.kind, text[find.start : find.end])
        return found is self._value(copy.kind, text[copy.start : copy.end])

    def _is_of_another_country(self, text: str, copy: Found) -> bool:
        """Whether digits of a known telephone number are the end of one of another country."""
        number = text[copy.start : copy.end]
        if copy.kind != "phone" or is_international(number):
            return False
        code = _CODE_BEFORE.search(text, max(0, copy.start - 8), copy.start)
        known = self._value(copy.kind, number).text
        return code is not None and _of_two_countries("phone", code[0] + number, known)

    def _literals(self, text: str, placed: Sequence[Found]) -> Iterator[Found]:
        """Texts that `restore` would take for placeholders after the replacement."""
        at = 0
        for start, end in (*((one.start, one.end) for one in placed), (len(text), len(text))):
            if start > at:
                for written, _ in self._names.found(text[at:start]):
                    yield Found(LITERAL, at + written.start, at + written.end)
            at = end


class StreamRestorer:
    """Restores one streamed text; what comes out, joined, is what `restore` makes of the whole."""

    def __init__(self, redaction: Redaction, *, json: bool = False) -> None:
        self._redaction = redaction
        self._json = json
        self._text = ""
        self._shown = 0

    def feed(self, piece: str) -> str:
        """What can be shown after this piece; the beginning of a placeholder is kept back."""
        self._text += piece
        return self._until(self._redaction._names.may_begin(self._text, self._shown))

    def close(self) -> str:
        """What was kept back when the stream ended."""
        return self._until(len(self._text))

    def _until(self, end: int) -> str:
        """Keeps some characters of context: what a placeholder is, and which spelling of its value
        stood there, depends on them."""
        restored = self._redaction._restored(self._text, self._shown, end, json=self._json)
        cut = max(0, end - CONTEXT_CHARS)
        self._text, self._shown = self._text[cut:], end - cut
        return restored


def _says_more(kind: str, other: str) -> bool:
    """Whether a kind takes precedence over another one for the same value."""

    def weight(one: str) -> int:
        return 2 if one == "secret" else 1 if one in NUMBER_KINDS else 0

    return weight(kind) > weight(other)


def _merged(finds: Sequence[Found]) -> list[Found]:
    """Sorts the finds and merges overlapping ones, so that no part of a value is left."""
    merged: list[Found] = []
    for find in sorted(finds, key=lambda find: (find.start, -find.end)):
        if not merged or find.start >= merged[-1].end:
            merged.append(find)
        elif find.end > merged[-1].end:
            merged[-1] = Found(merged[-1].kind, merged[-1].start, find.end)
    return merged


def _is_within(text: str, copy: Found, finds: Sequence[Found]) -> bool:
    """Whether a copy, but for signs at its ends, is part of what was found there."""
    start, end = copy.start, copy.end
    while start < end and not text[start].isalnum():
        start += 1
    while start < end and not text[end - 1].isalnum():
        end -= 1
    place = bisect_right(finds, start, key=lambda find: find.start) - 1
    return place >= 0 and start < end <= finds[place].end


def _of_two_countries(kind: str, text: str, known: str) -> bool:
    """Two telephone numbers that say their countries are one only with all their digits."""
    if kind != "phone" or not (is_international(text) and is_international(known)):
        return False
    one, other = (compact(plain(number)).removeprefix("00") for number in (text, known))
    return one != other


def _in_order(text: str, found: Sequence[Found]) -> list[Found]:
    finds = sorted(found, key=lambda find: find.start)
    at = 0
    for find in finds:
        if not at <= find.start < find.end <= len(text):
            raise ValueError(
                f"{find} overlaps another find or lies outside the {len(text)} characters of the "
                "text; give the finds of this very text, without overlaps"
            )
        at = find.end
    return finds
