"""How long a text with expressions will be, before all that it reads is there.

What can be evaluated is counted exactly. Of the rest, a step's answer counts with the length that
is expected of it, and with its whole length whatever is looked up in it; a list whose length is not
known counts as one item; and an input that is not given counts as nothing, and is named.
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
"""Of a truth, a number or a status."""

_MEASURING = frozenset(
    {"len", "contains", "startsWith", "endsWith", "number", "boolean", "round", "min", "max", "sum"}
)
"""Functions whose value is a number or a truth, however long what they are given is."""

_KEEPS_LENGTH = frozenset({"compact", "default"})
"""Functions of a list that give a list as long, if nothing in it is empty."""


@dataclass(frozen=True, slots=True)
class Size:
    """Characters, and what is not counted in them: `inputs.x`, or items of `steps.y`."""

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
    """A step's output before there is one. items: how many, of a list whose length is known."""

    size: Size
    items: int | None = None


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known where a text stands. scope: the values; inputs, steps, item: what is expected
    of those that have no value yet."""

    scope: Scope = field(default_factory=Scope)
    inputs: Mapping[str, Size] = field(default_factory=dict)
    steps: Mapping[str, Expected] = field(default_factory=dict)
    item: Size = Size()

    def has(self, node: Node) -> bool:
        """Whether all that the node reads has a value."""
        return all(self._has(one) for one, _ in walk(node))

    def has_all(self, data: object) -> bool:
        """The same of every text in plain data."""
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
        """Of a node that it `has`; ExpressionError as at run time."""
        return Evaluation(expression, self.scope, WorkLimit()).value(node)


def size_of_data(data: object, known: Knowledge) -> Size:
    """Of every text in plain data, keys left out."""
    return sum((size_of_text(text, known) for text in texts_in(data)), Size())


def size_of_text(text: str, known: Knowledge) -> Size:
    """Of a text with its expressions filled in; ExpressionError for one that cannot be."""
    found = Size()
    for piece in template(text).pieces:
        plain = piece.node is None
        found += Size(len(piece.text)) if plain else size_of(piece.node, piece.text, known)
    return found


def words_of(text: str, known: Knowledge, gap: str = "…") -> str:
    """The text as far as it is known, with `gap` for what is not."""
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
    """Of an expression's value as it stands in a text."""
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
    """How many a list will have whose items are not known: as many as the step it comes from."""
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
    """Of one item of a list that is not known: its share, or all of it where it has no number."""
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
