"""calculate: arithmetic on exact numbers, read from the expression's tree and never evaluated."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from agents.tools.tool import Tool, ToolFailed, ToolRefused, tool

Number = Fraction | float
"""A Fraction is exact; a float came out of a root, a logarithm or an angle."""

_MOST_CHARS = 500
_MOST_BITS = 4096
_MOST_PLACES = 30
_DEEPEST = 40
_WRITTEN = str.maketrans({"×": "*", "÷": "/", "−": "-", "·": "*"})
_CONSTANTS = {"pi": math.pi, "e": math.e}


def calculate_tool() -> Tool:
    """The tool."""

    @tool
    def calculate(expression: Annotated[str, Field(min_length=1, max_length=_MOST_CHARS)]) -> str:
        """Computes numbers exactly: + - * / // % ^ and parentheses, a point for decimals.

        Functions: sqrt round(x, places) min max abs sum log(x, base) sin cos (radians); pi, e.
        """
        return shown(value_of(expression))

    return calculate


def value_of(expression: str) -> Number:
    """Its value. Raises ToolRefused for what is no arithmetic, ToolFailed where there is none."""
    text = re.sub(r"\s+", " ", expression.translate(_WRITTEN).replace("^", "**")).strip()
    if len(text) > 2 * _MOST_CHARS:
        raise ToolRefused("the expression is too long")
    try:
        tree = ast.parse(text, mode="eval")
        return _Reader(text).value(tree.body, 0)
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise ToolRefused("the expression cannot be read; write it as (2 + 3) * 4") from error
    except ZeroDivisionError as error:
        raise ToolFailed("it divides by zero") from error
    except (OverflowError, ValueError) as error:
        raise ToolFailed("it has no value that can be computed") from error


def shown(value: Number) -> str:
    """Exact where that takes few digits; otherwise about, and the fraction where it is short."""
    if isinstance(value, float):
        return f"about {value:.12g}"
    if value.denominator == 1:
        return str(value.numerator)
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    places = value.denominator.bit_length()
    if rest == 1 and places <= _MOST_PLACES:
        scaled = abs(value.numerator) * 10**places // value.denominator
        digits = str(scaled).rjust(places + 1, "0")
        return f"{'-' * (value < 0)}{digits[:-places]}.{digits[-places:]}".rstrip("0")
    about = f"about {float(value):.12g}"
    return f"{about}, exactly {value}" if value.denominator < 10**6 else about


class _Reader:
    """Computes the nodes of one expression; whatever it does not know is refused."""

    def __init__(self, text: str) -> None:
        self._text = text

    def value(self, node: ast.expr, depth: int) -> Number:
        if depth > _DEEPEST:
            raise ToolRefused("the expression is nested too deeply")
        match node:
            case ast.Constant():
                return self._constant(node)
            case ast.Name(id=name) if name in _CONSTANTS:
                return _CONSTANTS[name]
            case ast.UnaryOp(op=ast.UAdd() | ast.USub()):
                value = self.value(node.operand, depth + 1)
                return -value if isinstance(node.op, ast.USub) else value
            case ast.BinOp():
                left = self.value(node.left, depth + 1)
                return _bounded(_operated(node.op, left, self.value(node.right, depth + 1)))
            case ast.Call(func=ast.Name(id=name), keywords=[]) if name in _FUNCTIONS:
                return _bounded(_called(name, self._arguments(node, depth)))
        known = ", ".join((*_FUNCTIONS, *_CONSTANTS))
        raise ToolRefused(f"only numbers, + - * / // % ^ and these are known: {known}")

    def _constant(self, node: ast.Constant) -> Number:
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            raise ToolRefused("only numbers can be computed")
        written = ast.get_source_segment(self._text, node) or ""
        if isinstance(node.value, int):
            return _bounded(Fraction(node.value))
        # From the text: 0.1 is a tenth here, which no float is.
        mantissa, _, exponent = written.replace("_", "").lower().partition("e")
        if abs(int(exponent or 0)) > 1000:
            raise ToolRefused("a number is too large")
        return _bounded(Fraction(mantissa) * Fraction(10) ** int(exponent or 0))

    def _arguments(self, node: ast.Call, depth: int) -> list[Number]:
        given = node.args
        if len(given) == 1 and isinstance(given[0], ast.List | ast.Tuple):
            given = given[0].elts
        return [self.value(argument, depth + 1) for argument in given]


def _operated(sign: ast.operator, left: Number, right: Number) -> Number:
    if isinstance(sign, ast.Pow):
        return _power(left, right)
    plain: dict[type[ast.operator], Callable[[Number, Number], Number]] = {
        ast.Add: operator.add,
        ast.Sub: operator.sub,
        ast.Mult: operator.mul,
        ast.Div: operator.truediv,
        ast.FloorDiv: lambda one, other: Fraction(one // other),
        ast.Mod: operator.mod,
    }
    if type(sign) not in plain:
        raise ToolRefused("only + - * / // % ^ are known")
    return plain[type(sign)](left, right)


def _power(base: Number, exponent: Number) -> Number:
    if not isinstance(exponent, Fraction) or exponent.denominator != 1:
        if base < 0:
            raise ToolFailed("a root of a negative number is no real number")
        return float(float(base) ** float(exponent))
    whole = exponent.numerator
    if isinstance(base, float):
        return float(base**whole)
    if abs(whole) * max(base.numerator.bit_length(), base.denominator.bit_length()) > _MOST_BITS:
        raise ToolRefused("the power is too large to be computed")
    return Fraction(base**whole)


def _bounded(value: Number) -> Number:
    if isinstance(value, float):
        if not math.isfinite(value):
            raise OverflowError
        return value
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > _MOST_BITS:
        raise ToolRefused("a number is too large to be computed")
    return value


def _called(name: str, values: list[Number]) -> Number:
    least, most, function = _FUNCTIONS[name]
    if not least <= len(values) <= most:
        raise ToolRefused(f"{name} takes {least} to {most} numbers")
    return function(*values)


def _sqrt(value: Number) -> Number:
    if value < 0:
        raise ToolFailed("a root of a negative number is no real number")
    if isinstance(value, Fraction):
        roots = math.isqrt(value.numerator), math.isqrt(value.denominator)
        if (roots[0] ** 2, roots[1] ** 2) == (value.numerator, value.denominator):
            return Fraction(*roots)
    return math.sqrt(value)


def _round(value: Number, places: Number = Fraction(0)) -> Number:
    """Halves go away from zero, as in school."""
    if places != int(places) or abs(int(places)) > _MOST_PLACES:
        raise ToolRefused(f"round takes at most {_MOST_PLACES} places")
    scale = Fraction(10) ** int(places)
    scaled = abs(Fraction(value)) * scale
    return Fraction(math.floor(scaled + Fraction(1, 2)) * (1 if value >= 0 else -1)) / scale


_MANY = 100
_FUNCTIONS: dict[str, tuple[int, int, Callable[..., Number]]] = {
    "sqrt": (1, 1, _sqrt),
    "round": (1, 2, _round),
    "min": (1, _MANY, lambda *values: min(values)),
    "max": (1, _MANY, lambda *values: max(values)),
    "abs": (1, 1, abs),
    "sum": (1, _MANY, lambda *values: sum(values, Fraction(0))),
    "log": (1, 2, math.log),
    "sin": (1, 1, math.sin),
    "cos": (1, 1, math.cos),
}
