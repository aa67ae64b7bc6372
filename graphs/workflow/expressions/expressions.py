"""Expressions in texts and data: `${{ ... }}`, as the executor and the validator use them.

A hand-written parser, and an evaluation over plain JSON values, with limits on length, depth, work
and results. Every function here raises ExpressionError, and no other error.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphs.workflow.expressions.errors import ExpressionError
from graphs.workflow.expressions.evaluate import Evaluation, Scope
from graphs.workflow.expressions.syntax import parse
from graphs.workflow.expressions.tokens import MAX_CHARS, string_end
from graphs.workflow.expressions.tree import InputValue, Node, Root, StepValue, walk
from graphs.workflow.expressions.values import MAX_TEXT, Json, Refused, WorkLimit, is_true, to_text

OPENS, CLOSES = "${{", "}}"
MAX_EXPRESSIONS = 200


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a template: literal text or an expression; at: where it begins."""

    text: str
    at: int
    node: Node | None = None


@dataclass(frozen=True, slots=True)
class Template:
    pieces: tuple[Piece, ...]

    @property
    def alone(self) -> Piece | None:
        """The expression that makes up the whole text, spaces aside: its value keeps its type."""
        found = [one for one in self.pieces if one.node is not None or one.text.strip()]
        return found[0] if len(found) == 1 and found[0].node is not None else None

    @property
    def expressions(self) -> tuple[Piece, ...]:
        return tuple(one for one in self.pieces if one.node is not None)


@dataclass(frozen=True, slots=True)
class References:
    """What an expression reads. loop: whether it reads `item` or `index`."""

    steps: frozenset[str] = frozenset()
    inputs: frozenset[str] = frozenset()
    loop: bool = False

    def __or__(self, other: References) -> References:
        return References(
            self.steps | other.steps, self.inputs | other.inputs, self.loop or other.loop
        )


@lru_cache(maxsize=256)
def template(text: str) -> Template:
    """The text in pieces. Raises ExpressionError, with the expression's place in the text."""
    pieces: list[Piece] = []
    at = 0
    while (start := text.find(OPENS, at)) >= 0:
        if start > at:
            pieces.append(Piece(text[at:start], at))
        begin = _word(text, start + len(OPENS))
        end = _closing(text, begin)
        if end < 0:
            raise ExpressionError(
                "`${{` is never closed: `}}` is missing",
                expression=text[start : start + MAX_CHARS],
                offset=0,
                begins=start,
            )
        try:
            pieces.append(Piece(text[begin:end], begin, parse(text[begin:end])))
        except ExpressionError as error:
            error.begins = begin
            raise
        if len(pieces) > 2 * MAX_EXPRESSIONS:
            raise ExpressionError(
                f"it has more than {MAX_EXPRESSIONS} expressions",
                expression=text[:MAX_CHARS],
                offset=0,
            )
        at = end + len(CLOSES)
    if at < len(text):
        pieces.append(Piece(text[at:], at))
    return Template(tuple(pieces))


def condition(text: str) -> Piece:
    """The expression of an `if` or a `for_each`: bare, or in `${{ }}`."""
    if OPENS not in text:
        begin = _word(text, 0)
        try:
            return Piece(text[begin:], begin, parse(text[begin:]))
        except ExpressionError as error:
            error.begins = begin
            raise
    found = template(text).alone
    if found is None:
        raise ExpressionError(
            "this is one expression: write it all inside one `${{ }}`, or without any",
            expression=text[:MAX_CHARS],
            offset=0,
        )
    return found


def evaluate(expression: str, scope: Scope) -> Json:
    """The value of an expression, bare or in `${{ }}`."""
    piece = condition(expression)
    return _valued(piece, scope, WorkLimit())


def holds(expression: str, scope: Scope) -> bool:
    """Whether the value of an expression is anything but null, false, 0 or empty."""
    return is_true(evaluate(expression, scope))


def render(text: str, scope: Scope) -> Json:
    """The text with its expressions filled in; a single expression keeps its value's type."""
    parsed, work = template(text), WorkLimit()
    if (alone := parsed.alone) is not None:
        return _valued(alone, scope, work)
    return _filled(parsed, scope, work)


def render_text(text: str, scope: Scope) -> str:
    """As `render`, but always a text: null is empty, lists and objects are JSON."""
    return _filled(template(text), scope, WorkLimit())


def render_data(data: Any, scope: Scope) -> Json:
    """Plain data with every text in it rendered; keys stay as they are."""
    if isinstance(data, str):
        return render(data, scope)
    if isinstance(data, dict):
        return {key: render_data(one, scope) for key, one in data.items()}
    if isinstance(data, list | tuple):
        return [render_data(one, scope) for one in data]
    return data  # type: ignore[no-any-return]


def references(expression: str) -> References:
    """What an expression reads, bare or in `${{ }}`."""
    return _read_by(condition(expression))


def references_in(data: Any) -> References:
    """What a text with expressions reads, or every text in plain data."""
    found = References()
    for text in texts_in(data):
        for piece in template(text).expressions:
            found |= _read_by(piece)
    return found


def texts_in(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for one in data.values():
            yield from texts_in(one)
    elif isinstance(data, list | tuple):
        for one in data:
            yield from texts_in(one)


def _read_by(piece: Piece) -> References:
    assert piece.node is not None
    nodes = [node for node, _ in walk(piece.node)]
    return References(
        frozenset(one.step for one in nodes if isinstance(one, StepValue)),
        frozenset(one.name for one in nodes if isinstance(one, InputValue)),
        any(isinstance(one, Root) and one.name != "*" for one in nodes),
    )


def _word(text: str, at: int) -> int:
    """The position of the next word."""
    return len(text) - len(text[at:].lstrip(" \t\r\n"))


def _closing(text: str, at: int) -> int:
    """The position of the `}}` that ends an expression, ignoring strings; -1 if none."""
    while at < len(text):
        if text.startswith(CLOSES, at):
            return at
        at = string_end(text, at) if text[at] in "'\"" else at + 1
        if at < 0:
            return -1
    return -1


def _valued(piece: Piece, scope: Scope, work: WorkLimit) -> Json:
    assert piece.node is not None
    return Evaluation(piece.text, scope, work).value(piece.node)


def _filled(parsed: Template, scope: Scope, work: WorkLimit) -> str:
    parts: list[str] = []
    for piece in parsed.pieces:
        if piece.node is None:
            parts.append(piece.text)
            continue
        value = _valued(piece, scope, work)
        try:
            parts.append(to_text(value, work))
            if sum(map(len, parts)) > MAX_TEXT:
                raise Refused(f"the text has more than {MAX_TEXT:,} characters")
        except Refused as refused:
            raise ExpressionError(str(refused), expression=piece.text, offset=0) from None
    return "".join(parts)
