"""Finds known values in a text: all at once, in every spelling, in linear time."""

from __future__ import annotations

import base64
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from router.privacy.detect.found import Found
from router.privacy.spelling import Plain, address_of, decoded, numbers_in

LEAST_CHARS = 4
"""Shorter values are not searched for: they occur in too many words."""

_TOKEN = re.compile(r"[^\W_]+|\s+|.", re.DOTALL)
_WORD = re.compile(r"[^\W_]+")
_JOINT = re.compile(r"[^\w;,:|]{1,3}|_")
"""What may stand between two groups of one number; a list's marks end it."""

_PREFIX_CHARS = 4
_LEAST_ENCODED_CHARS = 6


class KnownValues:
    """Values found earlier, to be searched for in other texts."""

    def __init__(self) -> None:
        self._words: dict[tuple[str, ...], str] = {}
        self._numbers: dict[str, str] = {}
        self._lengths: dict[str, set[int]] = {}
        self._automaton: _Automaton | None = None

    def add(self, kind: str, value: str) -> None:
        """Adds a value of a kind. A value that is known already keeps its kind."""
        for number in numbers_in(kind, value):
            self._numbers.setdefault(number, kind)
            self._lengths.setdefault(number[:_PREFIX_CHARS], set()).add(len(number))
        text = decoded(value).text
        forms = {text}
        if kind == "email":
            forms.add(address_of(text))
        elif kind == "secret" and len(value) >= _LEAST_ENCODED_CHARS:
            forms.update(_encoded(value))
        for written in forms:
            if len(written) < LEAST_CHARS:
                continue
            tokens = tuple(_token(match[0]) for match in _TOKEN.finditer(written))
            if tokens not in self._words:
                self._words[tokens] = kind
                self._automaton = None

    def find(self, text: str) -> Iterator[Found]:
        """Every occurrence of a known value, between word boundaries; occurrences may overlap."""
        if not self._words and not self._numbers:
            return
        read = decoded(text)
        yield from self._spelled(read)
        if self._numbers:
            yield from self._grouped(read)

    def _spelled(self, read: Plain) -> Iterator[Found]:
        if self._automaton is None:
            self._automaton = _Automaton.of(self._words)
        tokens = list(_TOKEN.finditer(read.text))
        state = 0
        for place, match in enumerate(tokens):
            state = self._automaton.step(state, _token(match[0]))
            ending = self._automaton.longest[state]
            if ending is not None:
                count, kind = ending
                start = tokens[place - count + 1].start()
                yield Found(kind, *read.given(start, match.end()))

    def _grouped(self, read: Plain) -> Iterator[Found]:
        """Numbers by their digits and letters, whatever stands between the groups."""
        words = list(_WORD.finditer(read.text))
        joined = "".join(word[0] for word in words).upper()
        if len(joined) != sum(word.end() - word.start() for word in words):
            return  # a sign that has no capital of one character; digits have none
        runs, ends, at = [0] * len(words), {}, 0
        for place, word in enumerate(words):
            between = read.text[words[place - 1].end() : word.start()] if place else ""
            near = _JOINT.fullmatch(between) is not None
            runs[place] = runs[place - 1] + (not near) if place else 0
            at += word.end() - word.start()
            ends[at] = place
        at = 0
        for place, word in enumerate(words):
            for length in self._lengths.get(joined[at : at + _PREFIX_CHARS], ()):
                kind = self._numbers.get(joined[at : at + length])
                last = ends.get(at + length)
                if kind is not None and last is not None and runs[last] == runs[place]:
                    start, end = word.start(), words[last].end()
                    yield Found(kind, *read.given(_with_sign(read, start, end), end))
            at += word.end() - word.start()


@dataclass(frozen=True, slots=True)
class _Automaton:
    """Aho and Corasick's (1975), over tokens. longest: by state, the longest value that ends there,
    as its number of tokens and its kind."""

    next: list[dict[str, int]]
    fail: list[int]
    longest: list[tuple[int, str] | None]

    @classmethod
    def of(cls, values: dict[tuple[str, ...], str]) -> _Automaton:
        made = cls([{}], [0], [None])
        for tokens, kind in values.items():
            state = 0
            for token in tokens:
                following = made.next[state].get(token)
                if following is None:
                    following = len(made.next)
                    made.next[state][token] = following
                    made.next.append({})
                    made.fail.append(0)
                    made.longest.append(None)
                state = following
            made.longest[state] = (len(tokens), kind)
        made._link()
        return made

    def _link(self) -> None:
        """Sets the failure link of each state; a state's parent comes before it."""
        queue = deque(self.next[0].values())
        while queue:
            state = queue.popleft()
            for token, following in self.next[state].items():
                self.fail[following] = self.step(self.fail[state], token)
                if self.longest[following] is None:
                    self.longest[following] = self.longest[self.fail[following]]
                queue.append(following)

    def step(self, state: int, token: str) -> int:
        while state and token not in self.next[state]:
            state = self.fail[state]
        return self.next[state].get(token, 0)


def _encoded(value: str) -> Iterator[str]:
    """A secret in Base64 and in hexadecimal digits, in small letters as a text is searched."""
    raw = value.encode()
    for written in (base64.b64encode(raw), base64.urlsafe_b64encode(raw)):
        yield written.decode().rstrip("=").lower()
    yield raw.hex()


def _with_sign(read: Plain, start: int, end: int) -> int:
    """Where a number begins, with the plus before it and the bracket that it closes."""
    for sign, fits in (("(", ")" in read.text[start:end]), ("+", True)):
        if fits and read.text[start - 1 : start] == sign:
            given = read.given(start - 1, start)
            start -= given[1] - given[0] == 1  # escaped, it is left to its escape
    return start


def _token(text: str) -> str:
    """White space is white space, however much of it."""
    return " " if text.isspace() else text
