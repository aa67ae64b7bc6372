"""Expressions of + - * / ^ ( ) and %, as people write them, and their exact values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from agents.checks.numbers import NUMBER, decimal_marks, plain_number

_NEUTRAL = (
    (re.compile(r"```.*?(?:```|\Z)", re.DOTALL), "\n"),
    (re.compile(r"\\[dt]?frac\{(\d{1,20})\}\{(\d{1,20})\}"), r"(\1/\2)"),
    (re.compile(r"\\times|\\cdot|[×·∙∗]"), "*"),
    (re.compile(r"\\div|÷"), "/"),
    (re.compile(r"\\%"), "%"),
    (re.compile(r"\\[()\[\],;!]"), " "),
    (re.compile(r"[−–]"), "-"),
    (re.compile(r"\\approx|≃|≅|~="), "≈"),
    (re.compile(r"(?i)\b(?:us|r)\$|\\\$|[€£]"), "$"),
    (re.compile(r"(?<=[\d)])²"), "^2"),
    (re.compile(r"(?<=[\d)])³"), "^3"),
    (re.compile(r"(?<=[\d)])\*\*(?=[\d(-])|(?<=[\d)]) \*\* (?=[\d(-])"), "^"),
    (re.compile(r"\*\*"), ""),
    (re.compile(r"(?<=[\d)]) ?x ?(?=[\d(])(?<!\b0x)"), " * "),
    (re.compile(r"(?<=\d%) (?:of|de|do|da) (?=[$\d(])"), " * "),
)
"""Formulas, typographic signs and emphasis, brought to + - * / ^ ( ) % and =."""

_ARITHMETIC_TOKEN = re.compile(
    rf"(?P<number>{NUMBER}(?:%(?! ?[\d(]))?)|(?P<sign>[-+*/^()])|(?P<equals>==?|≈)|[ $]"
)
CHUNK = re.compile(r"[\d.,%$()+*/^=≈ \-]{3,}")
MOST_SIDES = 300
_MOST_TOKENS = 80
_MOST_BITS = 512
"""Largest numerator or denominator of an intermediate result, in bits: 154 digits."""
_DEEPEST = 20
OTHER_ARITHMETIC = re.compile(r"\b(?:binar|hexadec|octal|base \d|mod\b|modul|bitwise|xor)")
ROUNDED = re.compile(r"\b(?:round|arredond|nearest|whole number|inteir|approx|aprox|about|cerca)|≈")
REMAINDER = re.compile(r"\b(?:remainder|resto|r ?\d)\b")


@dataclass(frozen=True, slots=True)
class Side:
    """One side of an equation: numbers and signs, as they are written."""

    tokens: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.tokens).replace("( ", "(").replace(" )", ")")

    @property
    def operates(self) -> bool:
        return sum(token[0].isdigit() for token in self.tokens) > 1

    def value(self, mark: str) -> Fraction | None:
        """Its exact value where `mark` is the decimal mark of doubtful numbers, or None."""
        try:
            reader = _Reader(list(self.tokens[:_MOST_TOKENS]), mark)
            value = reader.sum(0)
        except (_Unreadable, ZeroDivisionError):
            return None
        return value if not reader.tokens and len(self.tokens) <= _MOST_TOKENS else None

    def step(self, mark: str, *, rounded: bool) -> Fraction:
        """How far from the exact value it may stand: the unit of a rounded number's last place."""
        if self.operates:
            return Fraction(0)
        literal = self.tokens[-1].rstrip(")%")
        percent = self.tokens[-1].endswith("%")
        marks = decimal_marks(literal)
        at = mark if mark in marks else marks[:1]
        places = len(literal.partition(at)[2]) if at else 0
        if not (places or percent or rounded):
            return Fraction(0)
        return Fraction(1, 10 ** (places + 2 * percent))


class _Unreadable(Exception):
    """The text is not arithmetic, or is longer than what is recomputed."""


class _Reader:
    """Reads + - * / ^ and parentheses from the front of `tokens`, with exact fractions."""

    def __init__(self, tokens: list[str], mark: str) -> None:
        self.tokens = tokens[::-1]
        self._mark = mark

    def sum(self, depth: int) -> Fraction:
        if depth > _DEEPEST:
            raise _Unreadable
        value, percent = self._product(depth), False
        while self.tokens and self.tokens[-1] in "+-":
            sign = self.tokens.pop()
            percent = percent or (bool(self.tokens) and self.tokens[-1].endswith("%"))
            term = self._product(depth)
            value = _bounded(value + term if sign == "+" else value - term)
        if percent:  # 80 + 15% is 92 to a shop and 80.15 to a mathematician
            raise _Unreadable
        return value

    def _product(self, depth: int) -> Fraction:
        value = self._power(depth)
        while self.tokens and self.tokens[-1] in "*/":
            sign = self.tokens.pop()
            factor = self._power(depth)
            value = _bounded(value * factor if sign == "*" else value / factor)
        return value

    def _power(self, depth: int) -> Fraction:
        if depth > _DEEPEST:
            raise _Unreadable
        if self.tokens and self.tokens[-1] in "+-":
            sign = self.tokens.pop()
            value = self._power(depth + 1)
            return -value if sign == "-" else value
        base = self._atom(depth)
        if not self.tokens or self.tokens[-1] != "^":
            return base
        self.tokens.pop()
        exponent = self._power(depth + 1)
        size = max(base.numerator.bit_length(), base.denominator.bit_length())
        if exponent.denominator != 1 or abs(exponent) * size > _MOST_BITS:
            raise _Unreadable
        return base ** int(exponent)

    def _atom(self, depth: int) -> Fraction:
        token = self.tokens.pop() if self.tokens else ""
        if token == "(":
            value = self.sum(depth + 1)
            if not self.tokens or self.tokens.pop() != ")":
                raise _Unreadable
            return value
        literal = token.rstrip("%")
        marks = decimal_marks(literal) if literal[:1].isdigit() else ""
        # 007 and 03/07/2026 are no numbers to reckon with.
        if not marks or re.match(r"0\d", literal):
            raise _Unreadable
        plain = plain_number(literal, self._mark if self._mark in marks else marks[0])
        return _bounded(Fraction(plain) / (100 if token.endswith("%") else 1))


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > _MOST_BITS:
        raise _Unreadable
    return value


def shown_number(value: Fraction) -> str:
    """Exact where that takes few digits, else six significant ones."""
    if value.denominator == 1:
        return str(value)
    return f"{float(value):.10g}" if 10**6 % value.denominator == 0 else f"{float(value):.6g}"


def neutral(text: str) -> str:
    for pattern, replacement in _NEUTRAL:
        text = pattern.sub(replacement, text)
    return text


def side_of(text: str) -> Side | None:
    tokens = [match[0] for match in _ARITHMETIC_TOKEN.finditer(text) if match[0] not in " $"]
    if "%" in re.sub(NUMBER + "%", "", text):  # a remainder, as programmers write it
        return None
    # "(2 + 3 = 5)" has one parenthesis on each side.
    if tokens[:1] == ["("] and tokens.count("(") > tokens.count(")"):
        tokens = tokens[1:]
    if tokens[-1:] == [")"] and tokens.count(")") > tokens.count("("):
        tokens = tokens[:-1]
    return Side(tuple(tokens)) if any(token[0].isdigit() for token in tokens) else None
