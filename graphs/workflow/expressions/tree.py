"""The syntax tree of expressions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Constant:
    value: str | int | float | bool | None
    at: int


@dataclass(frozen=True, slots=True)
class Root:
    """`item`, `index`, or `*`: the current element inside a `.*`."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class InputValue:
    name: str
    at: int


@dataclass(frozen=True, slots=True)
class StepValue:
    step: str
    field: str
    at: int


@dataclass(frozen=True, slots=True)
class Lookup:
    target: Node
    key: Node
    at: int


@dataclass(frozen=True, slots=True)
class Each:
    """`target.*`, with what follows it applied to every element."""

    target: Node
    each: Node
    at: int


@dataclass(frozen=True, slots=True)
class Unary:
    """operator: `not` or `-`."""

    operator: str
    operand: Node
    at: int


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str
    left: Node
    right: Node
    at: int


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    arguments: tuple[Node, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Several:
    """A list written out: `[a, b]`."""

    items: tuple[Node, ...]
    at: int


Node = (
    Constant
    | Root
    | InputValue
    | StepValue
    | Lookup
    | Each
    | Unary
    | Binary
    | Call
    | Several
)  # fmt: skip


def parts_of(node: Node) -> tuple[Node, ...]:
    match node:
        case Lookup(target, key):
            return (target, key)
        case Each(target, each):
            return (target, each)
        case Unary(_, operand):
            return (operand,)
        case Binary(_, left, right):
            return (left, right)
        case Call(_, arguments):
            return arguments
        case Several(items):
            return items
        case _:
            return ()


def walk(node: Node) -> Iterator[tuple[Node, int]]:
    """The node and everything below it, each with its depth."""
    waiting = [(node, 1)]
    while waiting:
        one, depth = waiting.pop()
        yield one, depth
        waiting += [(part, depth + 1) for part in parts_of(one)]
