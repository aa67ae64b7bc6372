"""Infers the shape of an expression's value before anything runs, and finds type errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from graphs.workflow.expressions.functions import FUNCTIONS
from graphs.workflow.expressions.shapes import (
    BOOLEAN,
    NUMBER,
    STRING,
    UNKNOWN,
    Shape,
    any_of,
    either,
    list_of,
    of_value,
)
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
)
from graphs.workflow.expressions.values import Refused, WorkLimit, equal
from graphs.workflow.wording import listed, nearest

T = TypeVar("T")

_OF_CALLS = {
    "split": list_of(STRING),
    "chunks": list_of(STRING),
    "keys": list_of(STRING),
    "range": list_of(NUMBER),
}


@dataclass(frozen=True, slots=True)
class Known:
    """What the expressions of one place may read. item: None outside a loop."""

    inputs: Mapping[str, Shape]
    steps: Mapping[str, Mapping[str, Shape]]
    item: Shape | None = None


@dataclass(slots=True)
class Inference:
    """mistakes: each with the number of characters of the expression before it."""

    known: Known
    mistakes: list[tuple[str, int]] = field(default_factory=list)
    _each: list[Shape] = field(default_factory=list)

    def shape(self, node: Node) -> Shape:
        match node:
            case Constant(value):
                return of_value(value) if value != "" else STRING
            case Root():
                return self._root(node)
            case InputValue(name):
                return self._named(self.known.inputs, name, "input", node.at) or UNKNOWN
            case StepValue(step, part):
                found = self._named(self.known.steps, step, "step", node.at)
                return found[part] if found is not None else UNKNOWN
            case Lookup():
                return self._lookup(node)
            case Each(target, each):
                return self._each_of(self.shape(target), each, node.at)
            case Unary(operator, operand):
                inner = self.shape(operand)
                if operator == "-":
                    self._want(inner, "`-` wants a number", node.at, "number")
                return NUMBER if operator == "-" else BOOLEAN
            case Binary():
                return self._binary(node)
            case Several(items):
                return list_of(any_of([self.shape(each) for each in items]))
            case Call():
                return self._call(node)

    def _root(self, node: Root) -> Shape:
        if node.name == "*":
            return self._each[-1]
        if self.known.item is None:
            self._tell(f"`{node.name}` is known inside a step with `for_each` only", node.at)
            return UNKNOWN
        return NUMBER if node.name == "index" else self.known.item

    def _named(self, known: Mapping[str, T], name: str, what: str, at: int) -> T | None:
        if name not in known:
            self._tell(
                f"unknown {what} `{name}`{nearest(name, known)}: known are {listed(known)}", at
            )
        return known.get(name)

    def _lookup(self, node: Lookup) -> Shape:
        target, key = self.shape(node.target), self.shape(node.key)
        if not target.may_be("object", "array", "null"):
            cure = (
                ": has the step an `output.schema`?" if isinstance(node.target, StepValue) else ""
            )
            self._tell(f"a {target} has no keys{cure}", node.at)
            return UNKNOWN
        constant = node.key.value if isinstance(node.key, Constant) else None
        if target.types == {"array"}:
            if not key.may_be("number"):
                cure = f"`.*.{constant}` reads it in every item" if constant else "use a number"
                self._tell(f"a list is read by number: {cure}", node.at)
            return target.item or UNKNOWN
        if target.types == {"object"} and not key.may_be("string", "null"):
            self._tell(f"an object is read by a key that is text, found {key}", node.at)
        if isinstance(constant, str) and target.keys is not None:
            if constant in target.keys:
                return target.keys[constant]
            if target.closed and target.types <= {"object", "null"}:
                self._tell(
                    f"there is no `{constant}`{nearest(constant, target.keys)}: known are "
                    f"{listed(target.keys)}",
                    node.at,
                )
        return UNKNOWN

    def _each_of(self, target: Shape, each: Node, at: int) -> Shape:
        self._want(target, "`.*` wants a list", at, "array", "object", "null")
        self._each.append(target.item or UNKNOWN)
        inner = self.shape(each)
        self._each.pop()
        return list_of(inner)

    def _binary(self, node: Binary) -> Shape:
        left, right = self.shape(node.left), self.shape(node.right)
        match node.operator:
            case "and" | "or":
                return either(left, right)
            case "==" | "!=":
                self._compared(left, right, node)
                return BOOLEAN
            case "in":
                self._among(left, right, node)
                return BOOLEAN
            case "<" | "<=" | ">" | ">=":
                if not left.types & right.types & {"number", "string"}:
                    self._tell(f"cannot compare {left} with {right}", node.at)
                return BOOLEAN
            case "+":
                both = left.types & right.types & {"number", "string", "array"}
                if not both:
                    cure = "write string(...) or number(...) around one of them"
                    self._tell(f"cannot add {left} and {right}: {cure}", node.at)
                return Shape(both) if both else UNKNOWN
            case _:
                for side in (left, right):
                    self._want(side, f"`{node.operator}` wants numbers", node.at, "number")
                return NUMBER

    def _compared(self, left: Shape, right: Shape, node: Binary) -> None:
        if {"null"} in (left.types, right.types):
            return
        if left.types.isdisjoint(right.types):
            self._tell(f"these can never be equal: {left} and {right}", node.at)
        elif left.values is not None and right.values is not None:
            both_written = isinstance(node.left, Constant) and isinstance(node.right, Constant)
            if not both_written and not any(_in(value, right.values) for value in left.values):
                constant, other = (
                    (left, right) if isinstance(node.left, Constant) else (right, left)
                )
                self._never(constant.values or (), other.values or (), node.at)

    def _among(self, left: Shape, right: Shape, node: Binary) -> None:
        self._want(right, "`in` wants a text, list or object", node.at,
                   "string", "array", "object", "null")  # fmt: skip
        item = right.item
        if right.types == {"array"} and item and item.types.isdisjoint(left.types):
            self._tell(f"a list of {item} never holds a {left}", node.at)
        elif isinstance(node.right, Several) and left.values is not None and item and item.values:
            for value in item.values:
                if not _in(value, left.values) and not isinstance(node.left, Constant):
                    self._never((value,), left.values, node.at)

    def _call(self, node: Call) -> Shape:
        function = FUNCTIONS[node.name]
        given = [self.shape(each) for each in node.arguments]
        for position, shape in enumerate(given):
            wanted = function.type_taken(position)
            words = f"`{node.name}` takes {' or '.join(sorted(wanted))} as argument {position + 1}"
            self._want(shape, words, node.arguments[position].at, *wanted)
        if node.name == "default":
            return either(given[0], given[1])
        if node.name in ("slice", "compact"):
            return Shape(given[0].types & function.gives or function.gives, item=given[0].item)
        return _OF_CALLS.get(node.name) or Shape(function.gives)

    def _never(self, values: tuple[object, ...], known: tuple[object, ...], at: int) -> None:
        words = [str(value) for value in known]
        value = str(values[0]) if values else ""
        self._tell(f"this is never `{value}`{nearest(value, words)}: it is {listed(words)}", at)

    def _want(self, shape: Shape, words: str, at: int, *types: str) -> None:
        if not shape.may_be(*types):
            self._tell(f"{words}, found {shape}", at)

    def _tell(self, message: str, at: int) -> None:
        self.mistakes.append((message, at))


def _in(value: object, among: tuple[object, ...]) -> bool:
    try:
        return any(equal(value, other, WorkLimit()) for other in among)  # type: ignore[arg-type]
    except Refused:
        return True
