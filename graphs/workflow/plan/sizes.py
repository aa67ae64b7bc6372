"""Estimates how long a text with expressions will be, before all that it reads is known.

What can be evaluated is counted exactly. For the rest, a step's answer, or anything looked up in
it, counts with the answer's expected length; a list of unknown length counts as one item; and a
missing input counts as nothing, and is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from graphs.workflow.expressions.evaluate import NOTHING, Evaluation, Scope
from graphs.workflow.expressions.expressions import template, texts_in
from graphs.workflow.expressions.tree import (
    Binary,
    Call,
    Constant,
    Each,
    InputValue,
    Lookup,
    Node,
    Root,
    Several,
    StepValue,
    Unary,
    walk,
)
from graphs.workflow.expressions.values import Json, Refused, WorkLimit, to_text

WORD_CHARS = 5
"""Length of a boolean, a number or a status."""

_MEASURING = frozenset(
    {"len", "contains", "startsWith", "endsWith", "number", "boolean", "round", "min", "max", "sum"}
)
"""Functions that return a number or a boolean, however long their arguments are."""

_KEEPS_LENGTH = frozenset({"compact", "default"})
"""Functions whose list is as long as the given one, unless that has empty items."""


@dataclass(frozen=True, slots=True)
class Size:
    """Characters, and the names of what they do not include: `inputs.x`, or items of `steps.y`."""

    chars: int = 0
    more: frozenset[str] = frozenset()

    def __add__(self, other: Size) -> Size:
        return Size(self.chars + other.chars, self.more | other.more)

    @property
    def tokens(self) -> int:
        """As `router.account.pricing.estimate_tokens` counts them: a quarter of the characters."""
        return -(-self.chars // 4)


@dataclass(frozen=True, slots=True)
class Expected:
    """A step's expected output. items: how many, for a list of known length."""

    size: Size
    items: int | None = None


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known about the values that a text reads. scope: known values; inputs, steps, item:
    the expected sizes of the others."""

    scope: Scope = field(default_factory=Scope)
    inputs: Mapping[str, Size] = field(default_factory=dict)
    steps: Mapping[str, Expected] = field(default_factory=dict)
    item: Size = Size()

    def has(self, node: Node) -> bool:
        """Whether all values that the node reads are known."""
        return all(self._has(one) for one, _ in walk(node))

    def has_all(self, data: object) -> bool:
        """Whether all values that the texts in plain data read are known."""
        pieces = (piece for text in texts_in(data) for piece in template(text).expressions)
        return all(piece.node is None or self.has(piece.node) for piece in pieces)

    def _has(self, node: Node) -> bool:
        match node:
            case InputValue(name):
                return name in self.scope.inputs
            case StepValue(step, _):
                return step in self.scope.steps
            case Root("item"):
                return self.scope.item is not NOTHING
            case Root("index"):
                return self.scope.index is not None
            case _:
                return True

    def value(self, node: Node, expression: str) -> Json:
        """The value of a node whose values are known; ExpressionError as at run time."""
        return Evaluation(expression, self.scope, WorkLimit()).value(node)


def size_of_data(data: object, known: Knowledge) -> Size:
    """The size of all texts in plain data, without keys."""
    return sum((size_of_text(text, known) for text in texts_in(data)), Size())


def size_of_text(text: str, known: Knowledge) -> Size:
    """The size of a text with its expressions filled in. Raises ExpressionError."""
    found = Size()
    for piece in template(text).pieces:
        plain = piece.node is None
        found += Size(len(piece.text)) if plain else size_of(piece.node, piece.text, known)
    return found


def words_of(text: str, known: Knowledge, gap: str = "…") -> str:
    """The text with known values filled in, and `gap` for the others."""
    parts: list[str] = []
    for piece in template(text).pieces:
        if piece.node is None:
            parts.append(piece.text)
        elif known.has(piece.node):
            parts.append(_as_text(known.value(piece.node, piece.text)))
        else:
            parts.append(gap)
    return "".join(parts)


def size_of(node: Node | None, expression: str, known: Knowledge) -> Size:
    """The size of an expression's value in a text."""
    assert node is not None
    if known.has(node):
        return Size(len(_as_text(known.value(node, expression))))
    match node:
        case InputValue(name):
            return known.inputs.get(name, Size())
        case StepValue(step, "output"):
            return known.steps[step].size
        case Root("item"):
            return known.item
        case Lookup(target, _) | Each(target, _):
            return size_of(target, expression, known)
        case Binary("and", _, right):
            return size_of(right, expression, known)
        case Binary("or", left, right):
            return _longer(size_of(side, expression, known) for side in (left, right))
        case Binary("+", left, right):
            return size_of(left, expression, known) + size_of(right, expression, known)
        case Call(name, arguments) if name not in _MEASURING:
            sizes = [size_of(one, expression, known) for one in arguments]
            if name == "default":
                return _longer(sizes)
            return sizes[0] if name in ("slice", "chunks", "split") else sum(sizes, Size())
        case Several(items):
            return sum((size_of(one, expression, known) for one in items), Size())
        case Constant() | Unary() | Binary() | Call() | StepValue() | Root():
            return Size(WORD_CHARS)


def items_of(node: Node | None, known: Knowledge) -> int | None:
    """The expected number of items: that of the step which the list comes from, if known."""
    match node:
        case StepValue(step, "output") if step in known.steps:
            return known.steps[step].items
        case Each(target, _):
            return items_of(target, known)
        case Call(name, arguments) if name in _KEEPS_LENGTH:
            return items_of(arguments[0], known)
        case _:
            return None


def size_of_item(node: Node | None, expression: str, known: Knowledge, items: int | None) -> Size:
    """The size of one item of an unknown list: its share, or the whole if the number is unknown."""
    if isinstance(node, Call) and node.name == "chunks" and known.has(node.arguments[1]):
        most = known.value(node.arguments[1], expression)
        if isinstance(most, int | float):
            return Size(int(most))
    whole = size_of(node, expression, known)
    return Size(-(-whole.chars // items), whole.more) if items else whole


def _longer(sizes: Iterable[Size]) -> Size:
    return max(sizes, key=lambda one: (one.chars, len(one.more)))


def _as_text(value: Json) -> str:
    try:
        return to_text(value, WorkLimit())
    except Refused:
        return str(value)
