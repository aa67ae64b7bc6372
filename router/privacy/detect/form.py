"""One form of a text, with the origin of each of its characters in the original text."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

_REACH_CHARS = 192
"""Context around a decoded mark: it may hold a word that names the value, or the value's end."""
_NEAR_CHARS = 96
_LONGEST_WORD_CHARS = 2_048

PIECE_CHARS = 32_768
"""An expression is run over pieces of this size: it holds the interpreter lock for milliseconds."""
_AROUND_CHARS = 8_192


class Reading(Enum):
    """What is looked for in a form."""

    ALL = "all"
    NUMBERS = "numbers and announced telephones"
    ANNOUNCED = "what a word announces"


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a form to look through, `start:end`; what begins in `own_start:own_end` counts."""

    start: int
    end: int
    own_start: int
    own_end: int


class Trace:
    """Where the pieces of a rewritten text come from, in order."""

    __slots__ = ("ends", "source_ends", "source_starts", "starts")

    def __init__(self) -> None:
        self.starts, self.ends = array("q"), array("q")
        self.source_starts, self.source_ends = array("q"), array("q")

    def add(self, start: int, end: int, source_start: int, source_end: int) -> None:
        """`start:end` of the rewritten text stands for `source_start:source_end` of the other."""
        self.starts.append(start)
        self.ends.append(end)
        self.source_starts.append(source_start)
        self.source_ends.append(source_end)

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """The span that a span of the rewritten text, not empty, comes from."""
        place = bisect_right(self.starts, start) - 1
        if place >= 0:
            inside = start < self.ends[place]
            past = self.source_ends[place] + start - self.ends[place]
            start = self.source_starts[place] if inside else past
        place = bisect_right(self.starts, end - 1) - 1
        if place >= 0:
            past = self.source_ends[place] + max(0, end - self.ends[place])
            end = past
        return start, end


@dataclass(frozen=True, slots=True)
class Form:
    """One form: its text, and the rewritings, last first, that led to it from the text as given.

    decoded: the next form, in which the marks of this one are read.
    """

    text: str
    traces: tuple[Trace, ...] = ()
    reading: Reading = Reading.ALL
    decoded: Form | None = None

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """The span of the text as given that a span of this form is."""
        for trace in self.traces:
            start, end = trace.origin(start, end)
        return start, end

    def outside_marks(self, start: int, end: int) -> tuple[int, int]:
        """A span without the part of a mark that it cuts: the `n` of a `\\n` is no letter."""
        if self.decoded is None:
            return start, end
        trace = self.decoded.traces[0]
        place = bisect_left(trace.source_starts, start) - 1
        if place >= 0 and end <= trace.source_ends[place]:
            return start, end  # it stands in a tag or a comment, as an attribute does
        if place >= 0 and start < trace.source_ends[place]:
            start = trace.source_ends[place]
        place = bisect_left(trace.source_starts, end) - 1
        if place >= 0 and end < trace.source_ends[place]:
            end = trace.source_starts[place]
        return start, max(start, end)

    def word_end(self, start: int, end: int) -> int:
        """Where the first word of a span ends, if a mark in it stands for a space or a break."""
        if self.decoded is None:
            return end
        trace = self.decoded.traces[0]
        for place in range(bisect_left(trace.source_starts, start), len(trace.starts)):
            if trace.source_starts[place] >= end:
                break
            if self.decoded.text[trace.starts[place] : trace.ends[place]].isspace():
                return trace.source_starts[place]
        return end

    def windows(self) -> Iterator[Window]:
        """Where this form differs from the one before it: all else was read there.

        With the words around, and in pieces.
        """
        for start, end in self._changed():
            at = start
            while end - at > PIECE_CHARS + _AROUND_CHARS:
                low, past = max(start, at - _REACH_CHARS), at + PIECE_CHARS
                yield Window(*self._between_words(low, past + _AROUND_CHARS), at, past)
                at = past
            first = at if at == start else self._between_words(at - _REACH_CHARS, end)[0]
            yield Window(first, end, at, end)

    def _changed(self) -> Iterator[tuple[int, int]]:
        if not self.traces or self.reading is Reading.ANNOUNCED:
            yield 0, len(self.text)
            return
        trace = self.traces[0]
        begun = last = -1
        for start, end in zip(trace.starts, trace.ends, strict=True):
            if begun >= 0 and start - _REACH_CHARS > last:
                yield self._between_words(begun, last)
                begun = -1
            begun = max(0, start - _REACH_CHARS) if begun < 0 else begun
            last = end + _REACH_CHARS
        if begun >= 0:
            yield self._between_words(begun, last)

    def is_new(self, start: int, end: int) -> bool:
        """Whether a span is at or beside what was rewritten last: what is not was found before."""
        if not self.traces:
            return True
        trace = self.traces[0]
        if self.reading is Reading.NUMBERS:
            place = bisect_right(trace.starts, start)
            return place < len(trace.starts) and trace.ends[place] < end
        place = bisect_left(trace.ends, start - _NEAR_CHARS)
        return place < len(trace.starts) and trace.starts[place] <= end + _NEAR_CHARS

    def _between_words(self, start: int, end: int) -> tuple[int, int]:
        low = max(0, start - _LONGEST_WORD_CHARS)
        start = max(self.text.rfind(gap, low, start) for gap in " \n") + 1 or low
        high = min(len(self.text), end + _LONGEST_WORD_CHARS)
        ends = [at for gap in " \n" if (at := self.text.find(gap, end, high)) >= 0]
        return start, min(ends, default=high)
