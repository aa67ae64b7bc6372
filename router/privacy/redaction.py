"""Puts placeholders in the place of what was found, and the values back into the answer."""

from __future__ import annotations

import json as json_text
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from router.privacy.detect.detectors import NUMBER_KINDS
from router.privacy.detect.found import Found, plain
from router.privacy.detect.numbers import compact

_NAME_CHARS = 60
# [EMAIL_1], and what models make of it: [email_1], [EMAIL\_1], \[EMAIL_1\], [ EMAIL 1 ].
_WRITTEN = re.compile(
    rf"(?P<escape>\\{{1,2}})?\[(?P<name>[A-Za-z0-9_\\ ]{{3,{_NAME_CHARS}}}?)"
    r"(?(escape)(?P=escape))\]"
)
_BEGUN = re.compile(rf"\\{{0,2}}\[[A-Za-z0-9_\\ ]{{0,{_NAME_CHARS + 2}}}\Z")
_BOUNDARY = re.compile(r"(?:(?<!\w)|(?!\w))(?=(.{6}))", re.DOTALL)
_SAME_HOWEVER_WRITTEN = NUMBER_KINDS | {"phone"}


class Redaction:
    """The placeholders of one task: a value has the same one in all of its texts.

    A number is the same value with and without its dots and spaces, and is restored as it was first
    written. A text that holds a placeholder of ours literally has that replaced as well, so give
    `redact` what was written, never what it returned. Not safe between threads.
    """

    def __init__(self) -> None:
        self._values: dict[str, str] = {}
        self._placeholders: dict[tuple[str, str], str] = {}
        self._openings: dict[str, list[tuple[str, str]]] = {}
        self._taken: set[str] = set()
        self._last: dict[str, int] = {}

    @property
    def mapping(self) -> Mapping[str, str]:
        """Placeholder -> value, as it stands; it grows with every text."""
        return MappingProxyType(self._values)

    def redact(self, text: str, found: Sequence[Found]) -> str:
        """The text with a placeholder for every find, and for each further copy of what was found.

        Raises ValueError for finds that overlap or lie outside the text.
        """
        finds = _in_order(text, found)
        self._taken.update(_name(match) for match in _WRITTEN.finditer(text))
        placed = [(find.start, find.end, self._placeholder(text, find)) for find in finds]
        placed += self._copies(text, _gaps(text, finds))
        pieces, at = [], 0
        for start, end, placeholder in sorted(placed):
            pieces += [text[at:start], placeholder]
            at = end
        return "".join([*pieces, text[at:]])

    def restore(self, text: str, *, json: bool = False) -> str:
        """The text with the values back in, also where a model changed a placeholder's case.

        json: the placeholders stand in strings of a JSON text, which stays one.
        """

        def value(match: re.Match[str]) -> str:
            found = self._values.get(f"[{_name(match)}]")
            if found is None:
                return match[0]
            return json_text.dumps(found, ensure_ascii=False)[1:-1] if json else found

        return _WRITTEN.sub(value, text)

    def restorer(self, *, json: bool = False) -> StreamRestorer:
        """Restores a text that arrives in pieces."""
        return StreamRestorer(self, json=json)

    def may_begin(self, opening: str) -> bool:
        """Whether a placeholder of ours may begin so: `[`, `[em`, `[EMAIL_`."""
        begun = _plain_name(opening)
        return any(placeholder[1:].startswith(begun) for placeholder in self._values)

    def _placeholder(self, text: str, find: Found) -> str:
        value = text[find.start : find.end]
        same = compact(plain(value)) if find.kind in _SAME_HOWEVER_WRITTEN else value
        return self._placeholders.get((find.kind, same)) or self._new(find.kind, same, value)

    def _new(self, kind: str, same: str, value: str) -> str:
        word = re.sub(r"[^A-Z0-9]+", "_", kind.upper())[:40].strip("_") or "VALUE"
        number = self._last.get(word, 0) + 1
        while f"{word}_{number}" in self._taken:
            number += 1
        self._last[word] = number
        self._taken.add(f"{word}_{number}")
        placeholder = f"[{word}_{number}]"
        self._values[placeholder] = value
        self._placeholders[kind, same] = placeholder
        if len(value) >= 6:
            self._openings.setdefault(value[:6], []).append((value, placeholder))
        return placeholder

    def _copies(self, text: str, gaps: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int, str]]:
        """What is to be replaced between the finds: known values again, literal placeholders."""
        for gap_start, gap_end in gaps:
            at = gap_start
            copies = [*self._literals(text, gap_start, gap_end)]
            copies += self._again(text, gap_start, gap_end)
            for start, end, placeholder in sorted(copies, key=lambda copy: (copy[0], -copy[1])):
                if start >= at:
                    yield start, end, placeholder
                    at = end

    def _literals(self, text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
        for match in _WRITTEN.finditer(text, start, end):
            if f"[{_name(match)}]" in self._values:
                literal = Found("literal", match.start(), match.end())
                yield match.start(), match.end(), self._placeholder(text, literal)

    def _again(self, text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
        if not self._openings:
            return
        gap = text[start:end]
        for match in _BOUNDARY.finditer(gap):
            for value, placeholder in self._openings.get(match[1], ()):
                after = match.start() + len(value)
                inside_a_word = value[-1].isalnum() and gap[after : after + 1].isalnum()
                if gap.startswith(value, match.start()) and not inside_a_word:
                    yield start + match.start(), start + after, placeholder


class StreamRestorer:
    """Restores one streamed text; what comes out, joined, is what `restore` makes of the whole."""

    def __init__(self, redaction: Redaction, *, json: bool = False) -> None:
        self._redaction = redaction
        self._json = json
        self._held = ""

    def feed(self, piece: str) -> str:
        """What can be shown after this piece; the beginning of a placeholder is kept back."""
        text = self._held + piece
        safe = self._safe_chars(text)
        self._held = text[safe:]
        return self._redaction.restore(text[:safe], json=self._json)

    def close(self) -> str:
        """What was kept back when the stream ended."""
        rest, self._held = self._held, ""
        return self._redaction.restore(rest, json=self._json)

    def _safe_chars(self, text: str) -> int:
        bracket = text.rfind("[", max(0, len(text) - _NAME_CHARS - 3))
        if bracket >= 0 and (begun := _BEGUN.search(text, max(0, bracket - 2))):
            return begun.start() if self._redaction.may_begin(text[bracket:]) else len(text)
        slashes = len(text) - len(text.rstrip("\\"))
        return len(text) - min(slashes, 2)


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


def _gaps(text: str, finds: Sequence[Found]) -> Iterator[tuple[int, int]]:
    at = 0
    for find in finds:
        yield at, find.start
        at = find.end
    yield at, len(text)


def _name(match: re.Match[str]) -> str:
    return _plain_name(match["name"])


def _plain_name(written: str) -> str:
    bare = written.replace("\\", "").removeprefix("[")
    return bare.strip(" ").replace(" ", "_").upper()
