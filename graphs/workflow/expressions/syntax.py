"""Parses expressions: a hand-written Pratt parser, so that nothing is ever compiled as Python."""

from __future__ import annotations

import math
from functools import lru_cache

from graphs.workflow.expressions.errors import ExpressionError
from graphs.workflow.expressions.functions import FUNCTIONS
from graphs.workflow.expressions.tokens import Token, tokens
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
from graphs.workflow.expressions.values import MAX_WHOLE
from graphs.workflow.wording import listed, nearest

MAX_DEPTH = 100
MAX_NESTED = 40

ROOTS = ("inputs", "steps", "item", "index")
STEP_FIELDS = ("output", "status", "error", "cost_usd")
_WORDS = {"true": True, "false": False, "null": None}
_SAME = {"&&": "and", "||": "or"}
_BINDS = {
    "or": 1,
    "and": 2,
    "in": 4, "not": 4, "==": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4,
    "+": 5, "-": 5,
    "*": 6, "/": 6, "%": 6,
}  # fmt: skip
_NOT, _COMPARISON, _SIGN = 3, 4, 7


@lru_cache(maxsize=2048)
def parse(expression: str) -> Node:
    """The tree of an expression (without its `${{ }}`). Raises ExpressionError."""
    return _Parser(expression).whole()


class _Parser:
    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._tokens = tokens(expression)
        self._next = 0
        self._nested = 0

    def whole(self) -> Node:
        node = self._operation(0)
        if self._here.is_a != "end":
            raise self._unexpected("an operator")
        if any(depth > MAX_DEPTH for _, depth in walk(node)):
            raise self._error(f"it goes more than {MAX_DEPTH} levels deep: split it", 0)
        return node

    @property
    def _here(self) -> Token:
        return self._tokens[self._next]

    @property
    def _operator(self) -> str:
        """The operator at this position, by its canonical name; empty for any other token."""
        if self._here.is_a not in ("sign", "name"):
            return ""
        text = _SAME.get(self._here.text, self._here.text)
        return text if text in _BINDS else ""

    def _take(self) -> Token:
        token = self._here
        self._next += 1
        return token

    def _sees(self, sign: str) -> bool:
        return self._here.is_a == "sign" and self._here.text == sign

    def _expect(self, sign: str) -> None:
        if not self._sees(sign):
            raise self._unexpected(f"`{sign}`")
        self._take()

    def _operation(self, least: int) -> Node:
        """An operand, and all operators after it that bind tighter than `least`."""
        self._nested += 1
        if self._nested > MAX_NESTED:
            raise self._error(f"more than {MAX_NESTED} levels of brackets and operators: split it")
        left = self._operand()
        while (operator := self._operator) and _BINDS[operator] > least:
            at, binds = self._take().at, _BINDS[operator]
            negated = operator == "not"
            if negated:
                if self._operator != "in":
                    raise self._unexpected("`in` after `not`")
                self._take()
                operator = "in"
            right = self._operation(binds)
            left = Binary(operator, left, right, at)
            left = Unary("not", left, at) if negated else left
            if binds == _COMPARISON and _BINDS.get(self._operator) == _COMPARISON:
                raise self._error("comparisons do not chain: write `a < b and b < c`")
        self._nested -= 1
        return left

    def _operand(self) -> Node:
        token = self._here
        if token.is_a == "sign" and token.text in ("!", "-", "+"):
            self._take()
            operand = self._operation(_SIGN)
            if isinstance(operand, Constant) and token.text == "-" and _is_number(operand.value):
                return Constant(-operand.value, token.at)  # type: ignore[operator]
            return operand if token.text == "+" else Unary(
                "not" if token.text == "!" else "-", operand, token.at
            )  # fmt: skip
        if token.is_a == "name" and token.text == "not":
            self._take()
            return Unary("not", self._operation(_NOT), token.at)
        return self._behind(self._primary())

    def _primary(self) -> Node:
        token = self._here
        if token.is_a == "number":
            return Constant(self._number(self._take()), token.at)
        if token.is_a == "string":
            return Constant(self._take().text, token.at)
        if token.is_a == "name" and token.text not in _BINDS:
            return self._name(self._take())
        if self._sees("("):
            self._take()
            inner = self._operation(0)
            self._expect(")")
            return inner
        if self._sees("["):
            self._take()
            return Several(self._list("]"), token.at)
        raise self._unexpected("a value")

    def _list(self, closing: str) -> tuple[Node, ...]:
        items: list[Node] = []
        while not self._sees(closing):
            items.append(self._operation(0))
            if not self._sees(closing):
                self._expect(",")
        self._take()
        return tuple(items)

    def _name(self, token: Token) -> Node:
        name = token.text
        if self._sees("("):
            return self._call(token)
        if name in _WORDS:
            return Constant(_WORDS[name], token.at)
        if name == "inputs":
            return InputValue(self._key_after("inputs", "an input's name"), token.at)
        if name == "steps":
            step = self._key_after("steps", "a step's id")
            at = self._here.at
            field = self._key_after(f"steps.{step}", f"one of {listed(STEP_FIELDS)}")
            if field not in STEP_FIELDS:
                raise self._error(
                    f"a step has no `{field}`{nearest(field, STEP_FIELDS)}: it has "
                    f"{listed(STEP_FIELDS)}",
                    at,
                )
            return StepValue(step, field, token.at)
        if name in ROOTS:
            return Root(name, token.at)
        hint = nearest(name, (*ROOTS, *_WORDS))
        if not hint and name in FUNCTIONS:
            hint = f" (a function is called: `{name}(...)`)"
        raise self._error(
            f"unknown name `{name}`{hint}: known are {listed(ROOTS)}; text stands in quotes",
            token.at,
        )

    def _call(self, token: Token) -> Node:
        function = FUNCTIONS.get(token.text)
        if function is None:
            raise self._error(
                f"unknown function `{token.text}`{nearest(token.text, FUNCTIONS)}: known are "
                f"{listed(FUNCTIONS)}",
                token.at,
            )
        self._take()
        arguments = self._list(")")
        if not function.least <= len(arguments) <= function.most:
            raise self._error(f"`{token.text}` is called as {function.usage}", token.at)
        return Call(token.text, arguments, token.at)

    def _key_after(self, owner: str, wanted: str) -> str:
        """The key in `.name` or `['name']`: a literal, so that it is known before anything runs."""
        if self._sees("."):
            self._take()
            if self._here.is_a == "name":
                return self._take().text
        elif self._sees("["):
            self._take()
            if self._here.is_a == "string":
                key = self._take().text
                self._expect("]")
                return key
        raise self._error(f"after `{owner}` stands {wanted}, as in `{owner}.name`")

    def _behind(self, node: Node) -> Node:
        """The value with every `.key`, `[key]` and `.*` behind it."""
        while self._sees(".") or self._sees("["):
            token = self._take()
            if token.text == "[":
                key = self._operation(0)
                self._expect("]")
                node = Lookup(node, key, token.at)
            elif self._sees("*"):
                self._take()
                return Each(node, self._behind(Root("*", token.at)), token.at)
            elif self._here.is_a == "name":
                name = self._take()
                node = Lookup(node, Constant(name.text, name.at), token.at)
            else:
                raise self._unexpected("a key")
        return node

    def _number(self, token: Token) -> int | float:
        if token.text.isdigit():
            if len(token.text) < 20 and (whole := int(token.text)) < MAX_WHOLE:
                return whole
        elif math.isfinite(real := float(token.text)):
            return real
        raise self._error("the number is too large", token.at)

    def _unexpected(self, wanted: str) -> ExpressionError:
        if self._here.is_a == "end":
            what = "the expression is empty" if len(self._tokens) == 1 else "it ends too early"
            return self._error(f"{what}: {wanted} is missing")
        return self._error(f"expected {wanted}, found `{self._here.text[:40]}`")

    def _error(self, message: str, at: int | None = None) -> ExpressionError:
        offset = self._here.at if at is None else at
        return ExpressionError(message, expression=self._expression, offset=offset)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
