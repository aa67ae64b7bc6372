"""Evaluates the syntax tree of an expression, over plain JSON values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from graphs.workflow.expressions.errors import ExpressionError
from graphs.workflow.expressions.functions import FUNCTIONS
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
from graphs.workflow.expressions.values import (
    Json,
    Refused,
    WorkLimit,
    equal,
    is_true,
    made,
    type_of,
)
from graphs.workflow.wording import listed, nearest


class _Nothing:
    __slots__ = ()


NOTHING: Final = _Nothing()


@dataclass(frozen=True, slots=True)
class Scope:
    """The values that expressions may read.

    steps: for each step that has ended, by id: `output`, `status`, `error`, `cost_usd`; a missing
    field is null. item, index: inside a `for_each` only.
    """

    inputs: Mapping[str, Json] = field(default_factory=dict)
    steps: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    item: Any = NOTHING
    index: int | None = None


class Evaluation:
    """One evaluation of one tree. `work` is shared by all expressions of a text."""

    def __init__(self, expression: str, scope: Scope, work: WorkLimit) -> None:
        self._expression = expression
        self._scope = scope
        self._work = work
        self._each: list[Json] = []

    def value(self, node: Node) -> Json:
        """Raises ExpressionError; its place is that of the innermost part that failed."""
        try:
            self._work.spend()
            found = self._value(node)
            type_of(found)
        except Refused as refused:
            raise self._error(str(refused), node) from None
        return found

    def _value(self, node: Node) -> Json:
        match node:
            case Constant(value):
                return value
            case Root(name):
                return self._root(name, node)
            case InputValue(name):
                return self._named(self._scope.inputs, name, "input", node)
            case StepValue(step, part):
                facts: Any = self._named(self._scope.steps, step, "step", node)
                return facts.get(part) if isinstance(facts, Mapping) else None
            case Lookup(target, key):
                return _looked_up(self.value(target), self.value(key))
            case Each(target, each):
                return self._each_of(target, each)
            case Unary("not", operand):
                return not is_true(self.value(operand))
            case Unary(_, operand):
                return made(-_number(self.value(operand), "-"), self._work)
            case Binary():
                return self._binary(node)
            case Several(items):
                return made([self.value(one) for one in items], self._work)
            case Call():
                return self._called(node)

    def _root(self, name: str, node: Node) -> Json:
        if name == "*":
            return self._each[-1]
        value = self._scope.item if name == "item" else self._scope.index
        if value is NOTHING or (name == "index" and value is None):
            raise self._error(f"`{name}` is known inside a step with `for_each` only", node)
        return value

    def _named(self, known: Mapping[str, Any], name: str, what: str, node: Node) -> Json:
        if name not in known:
            raise self._error(
                f"unknown {what} `{name}`{nearest(name, known)}: known are {listed(known)}", node
            )
        return known[name]  # type: ignore[no-any-return]

    def _each_of(self, target: Node, each: Node) -> Json:
        whole = self.value(target)
        if whole is None:
            return []
        if not isinstance(whole, list | dict):
            raise Refused(f"`.*` wants a list or an object, found {type_of(whole)}")
        found: list[Json] = []
        for one in whole.values() if isinstance(whole, dict) else whole:
            self._each.append(one)
            found.append(self.value(each))
            self._each.pop()
        return made(found, self._work)

    def _binary(self, node: Binary) -> Json:
        left = self.value(node.left)
        if node.operator == "and":
            return self.value(node.right) if is_true(left) else left
        if node.operator == "or":
            return left if is_true(left) else self.value(node.right)
        right = self.value(node.right)
        match node.operator:
            case "==":
                return equal(left, right, self._work)
            case "!=":
                return not equal(left, right, self._work)
            case "in":
                contains = FUNCTIONS["contains"]
                if right is None:
                    return False
                if type_of(right) not in contains.type_taken(0):
                    raise Refused(f"`in` wants a text, list or object, found {type_of(right)}")
                return contains.run(self._work, [right, left])
            case "<" | "<=" | ">" | ">=":
                return _compared(node.operator, left, right)
            case _:
                return made(self._calculated(node.operator, left, right), self._work)

    def _calculated(self, operator: str, left: Json, right: Json) -> Json:
        if operator == "+":
            if isinstance(left, str) and isinstance(right, str):
                self._work.spend((len(left) + len(right)) // 64)
                return left + right
            if isinstance(left, list) and isinstance(right, list):
                self._work.spend(len(left) + len(right))
                return left + right
            if type_of(left) != "number" or type_of(right) != "number":
                raise Refused(
                    f"cannot add {type_of(left)} and {type_of(right)}: "
                    "write string(...) or number(...) around one of them"
                )
        one, other = _number(left, operator), _number(right, operator)
        if operator in "/%" and other == 0:
            raise Refused("division by zero")
        try:
            match operator:
                case "+":
                    return one + other
                case "-":
                    return one - other
                case "*":
                    return one * other
                case "%":
                    return one % other
                case _:
                    exact = isinstance(one, int) and isinstance(other, int) and one % other == 0
                    return one // other if exact else one / other
        except OverflowError:
            raise Refused("it makes a number that is too large") from None

    def _called(self, node: Call) -> Json:
        function = FUNCTIONS[node.name]
        given = [self.value(one) for one in node.arguments]
        for position, value in enumerate(given):
            if type_of(value) not in (wanted := function.type_taken(position)):
                cure = ": give it a value with default(...)" if value is None else ""
                raise self._error(
                    f"`{node.name}` takes {' or '.join(sorted(wanted))} as argument "
                    f"{position + 1}, found {type_of(value)}{cure}",
                    node.arguments[position],
                )
        self._work.spend(sum(len(one) // 64 for one in given if isinstance(one, str | list)))
        return made(function.run(self._work, given), self._work)

    def _error(self, message: str, node: Node) -> ExpressionError:
        return ExpressionError(message, expression=self._expression, offset=node.at)


def _looked_up(target: Json, key: Json) -> Json:
    """A missing key is null, and so is every key of null."""
    if target is None or key is None:
        return None
    if isinstance(target, dict):
        if not isinstance(key, str):
            raise Refused(f"a key of an object is text, found {type_of(key)}")
        return target.get(key)
    if isinstance(target, list):
        if type(key) is not int:
            raise Refused(
                f"a list is read by number, or by .* in every element, found "
                f"{repr(key[:40]) if isinstance(key, str) else type_of(key)}"
            )
        return target[key] if -len(target) <= key < len(target) else None
    raise Refused(
        f"a {type_of(target)} has no keys"
        + (": has the step an `output.schema`?" if isinstance(target, str) else "")
    )


def _number(value: Json, operator: str) -> int | float:
    if type_of(value) != "number":
        cure = ": give it a value with default(...)" if value is None else ""
        raise Refused(f"`{operator}` wants numbers, found {type_of(value)}{cure}")
    assert isinstance(value, int | float)
    return value


def _compared(operator: str, left: Json, right: Json) -> bool:
    one, other = type_of(left), type_of(right)
    if one != other or one not in ("number", "string"):
        cure = ": give it a value with default(...)" if "null" in (one, other) else ""
        raise Refused(f"cannot compare {one} with {other}{cure}")
    less = left < right  # type: ignore[operator]
    if operator in ("<", ">="):
        return less is (operator == "<")
    more = left > right  # type: ignore[operator]
    return more is (operator == ">")
