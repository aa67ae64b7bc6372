"""Separates a model's thinking from its answer, wherever the stream is cut into pieces."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from router.account.pricing import estimate_tokens
from router.types.completion import Usage
from router.types.task import Message


@dataclass(frozen=True, slots=True)
class _Marks:
    """The marks with which one family of models encloses its thinking.

    reserved: the marks never occur in ordinary text. The others are plain XML, which a task may ask
    for by name.
    """

    opening: str
    closing: str
    reserved: bool = True


_MARKS = (
    _Marks("<think>", "</think>"),
    _Marks("<thinking>", "</thinking>"),
    _Marks("<seed:think>", "</seed:think>"),
    _Marks("[think]", "[/think]"),
    _Marks("◁think▷", "◁/think▷"),
    _Marks("<|begin_of_thought|>", "<|end_of_thought|>"),
    _Marks(
        "<|channel|>analysis<|message|>",
        "<|end|><|start|>assistant<|channel|>final<|message|>",
    ),
    _Marks("<thought>", "</thought>", reserved=False),
    _Marks("<reasoning>", "</reasoning>", reserved=False),
)
"""In small letters. DeepSeek, Qwen and most others; Seed; Magistral; Kimi; Sky-T1; gpt-oss."""

_LONGEST = max(len(mark) for one in _MARKS for mark in (one.opening, one.closing))
_QUOTES = tuple("`'\"“”‘’«»")
_JSON_BEGINS = ("{", "[", '"')


@dataclass(frozen=True, slots=True)
class Answered:
    """Text that can be returned now. restarts: everything returned before was thinking."""

    text: str
    restarts: bool = False


_NOTHING = Answered("")


class Thinking:
    """Takes the pieces of a stream, keeps the thinking and returns the answer.

    Only a block that begins the text is thinking; the same marks further on belong to the answer.
    Some chat templates open the block themselves, and the text then holds the closing mark alone:
    everything before it was thinking, which shows only when the mark arrives. opened: the model is
    known to do so, and nothing is returned before the mark. asked: the conversation; marks that it
    mentions may belong to the answer.
    """

    def __init__(self, *, asked: Sequence[Message] = (), opened: bool = False) -> None:
        named = "\n".join(message.content for message in asked)
        spoken_of = {one for one in _MARKS if _names(named, one)}
        self._marks = [one for one in _MARKS if one.reserved or one not in spoken_of]
        self._alone = [one for one in _MARKS if one.reserved and (opened or one not in spoken_of)]
        self._opened = opened
        self._closing: str | None = None
        self._begins = True
        self._held = ""
        self._thought: list[str] = []
        self._given: list[str] = []
        self.closed_alone = False

    @property
    def text(self) -> str:
        """All thinking so far."""
        return "\n\n".join(text for block in self._thought if (text := block.strip()))

    @property
    def thinks(self) -> bool:
        """Whether the latest text was thinking, as far as can be told."""
        awaits = self._begins and (bool(self._thought) or self._opened)
        return awaits or self._closing is not None

    def feed(self, text: str) -> Answered:
        """The part of `text`, and of what was held back before, that certainly belongs to the
        answer.
        """
        self._held += text
        given, restarts = "", False
        while True:
            answered, goes_on = self._step()
            given = answered.text if answered.restarts else given + answered.text
            restarts = restarts or answered.restarts
            if not goes_on:
                return Answered(given, restarts)

    def also(self, text: str) -> None:
        """Adds thinking that arrived in a field of its own."""
        if self._thought and self._closing is None:
            self._thought[-1] += text
        else:
            self._thought.append(text)
        self._opened = False  # a server that separates it leaves no mark in the text

    def rest(self, *, cut_off: bool = False) -> str:
        """The text held back, once no more can arrive. cut_off: the model would have gone on."""
        held, self._held = self._held, ""
        if self._closing is not None or (self._begins and self._opened and cut_off):
            self._think(held)
            return ""
        if self._begins and self._thought:
            held = held.lstrip()
        self._begins = self._begins and not held
        self._given.append(held)
        return held

    def _step(self) -> tuple[Answered, bool]:
        """Reads up to the next mark; the flag says whether more of the held text can be read."""
        if self._closing is not None:
            return _NOTHING, self._to_closing(self._closing)
        if self._begins:
            return self._at_beginning()
        return self._in_answer()

    def _to_closing(self, closing: str) -> bool:
        at = _find(closing, self._held)
        if at < 0:
            sure = len(self._held) - _may_begin(self._held, [closing])
            self._think(self._held[:sure])
            self._held = self._held[sure:]
            return False
        self._think(self._held[:at])
        self._held = self._held[at + len(closing) :]
        self._closing, self._begins, self._opened = None, True, False
        return True

    def _at_beginning(self) -> tuple[Answered, bool]:
        seen = self._held.lstrip()
        small = seen[:_LONGEST].casefold()
        for marks in self._marks:
            if small.startswith(marks.opening):
                self._held = seen[len(marks.opening) :]
                self._closing, self._begins = marks.closing, False
                self._thought.append("")
                return _NOTHING, True
        if not seen or any(marks.opening.startswith(small) for marks in self._marks):
            return _NOTHING, False
        if self._opened:
            found = self._lone_closing()
            return (_NOTHING, False) if found is None else (self._close_alone(*found), True)
        self._held = seen if self._thought else self._held
        self._begins = False
        return _NOTHING, True

    def _in_answer(self) -> tuple[Answered, bool]:
        if (found := self._lone_closing()) is not None:
            return self._close_alone(*found), True
        keep = _may_begin(self._held, [one.closing for one in self._alone])
        at = len(self._held) - keep
        sure, self._held = self._held[:at], self._held[at:]
        self._given.append(sure)
        return Answered(sure), False

    def _lone_closing(self) -> tuple[int, _Marks] | None:
        """Position and text of a closing mark in the held text that has no opening mark."""
        if self._thought:
            return None
        places = [(at, one) for one in self._alone if (at := _find(one.closing, self._held)) >= 0]
        if not places:
            return None
        at, marks = min(places, key=lambda place: place[0])
        before = "".join(self._given) + self._held[:at]
        after = self._held[at + len(marks.closing) :][:1]
        if _find(marks.opening, before) >= 0 or before.count("```") % 2:
            return None
        quoted = before[-1:] in _QUOTES or after in _QUOTES
        json = before.lstrip().startswith(_JSON_BEGINS)
        return None if not self._opened and (quoted or json) else (at, marks)

    def _close_alone(self, at: int, marks: _Marks) -> Answered:
        self._thought.append("".join(self._given) + self._held[:at])
        restarts = any(self._given)
        self._given = []
        self._held = self._held[at + len(marks.closing) :]
        self._begins, self._opened, self.closed_alone = True, False, True
        return Answered("", restarts=restarts)

    def _think(self, text: str) -> None:
        if self._thought:
            self._thought[-1] += text
        else:
            self._thought.append(text)


def without_thinking(text: str, asked: Sequence[Message] = ()) -> tuple[str, str]:
    """(thinking, answer) of a whole text."""
    thinking = Thinking(asked=asked)
    answer = thinking.feed(text).text + thinking.rest()
    return thinking.text, answer


def with_thinking_counted(usage: Usage, thought: str) -> Usage:
    """The usage with `thinking_tokens` filled in, where the server did not report them."""
    if usage.thinking_tokens or not thought:
        return usage
    estimate = min(estimate_tokens(thought), usage.completion_tokens)
    return usage.model_copy(update={"thinking_tokens": estimate})


def _names(text: str, marks: _Marks) -> bool:
    return _find(marks.opening, text) >= 0 or _find(marks.closing, text) >= 0


def _find(mark: str, text: str) -> int:
    """Where `mark` stands, in large or small letters; -1 where it does not."""
    found = re.search(re.escape(mark), text, re.IGNORECASE)
    return found.start() if found else -1


def _may_begin(text: str, marks: Sequence[str]) -> int:
    """Length of the longest end of `text` that may be the beginning of a mark."""
    end = text[-_LONGEST:].casefold()
    return max(
        (size for mark in marks for size in range(1, len(mark)) if end.endswith(mark[:size])),
        default=0,
    )
