"""Checks whether the result of a sum that is told as a story can be had from its figures at all."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction
from itertools import combinations

from agents.checks.numbers import FIGURE, readings_of
from agents.checks.source import plain_text
from router.types.completion import Completion
from router.types.decision import EscalationReason, Kind
from router.types.result import CheckResult
from router.types.task import Task

_MOST_FIGURES = 5
_MOST_WORDS = 80
_MOST_VALUES = 40_000
_CONSTANTS = (
    (re.compile(r"\b(?:weeks?|weekly|semana(?:s|l)?)\b"), (4, 7, 52)),
    (re.compile(r"\b(?:months?|monthly|mes(?:es)?|mensa\w+|years?|yearly|anos?|anua\w+)\b"), (12,)),
    (re.compile(r"\b(?:days?|daily|dias?|diari\w+)\b"), (7, 30, 365)),
    (re.compile(r"\b(?:hours?|hourly|horas?|minut\w+|mins?)\b"), (24, 60)),
    (re.compile(r"\b(?:round trip|there and back|ida e volta|both ways|pair|par(?:es)?)\b"), (2,)),
)
"""What a story need not say, by what it speaks of."""
_TELLS_A_SUM = re.compile(
    r"\b(?:how (?:many|much)|quant[oa]s?|total|altogether|left|sobra\w*|resta\w*|troco|change"
    r"|cost\w*|cust\w+|prec\w+|prices?|descont\w*|discount\w*|gast\w+|pag\w+|spend|spent|save\w*|poup\w+|earn\w*|ganh\w+|each|cada|split|divid\w+)\b"
)
_OTHER = re.compile(
    r"[=^√∫]|\b(?:x|y|prime|primo|root|raiz|average|mean|median|media|mediana|probab\w+|chance"
    r"|interest|juros?|compound\w*|convert\w*|inch\w*|feet|foot|pounds?|lbs?|miles?|km|kg|celsius"
    r"|fahrenheit|square|area|perimet\w+|volume|angle|angulo|fraction|frac\w+|ratio|razao|half|metade"
    r"|third|terco|quarter|double|dobro|triple|triplo|dozen|duzia|twice"
    r"|remainder|resto|sqrt"
    r"|factor\w*|sequence|sequencia|pattern|odd|even|pares|impar\w*|date|data|old|idade|am|pm)\b"
    r"|\d ?[:h] ?\d\d|\d/\d"
)
"""What makes the way from the figures to the result another one than the four operations."""
_PERCENT = re.compile(r"%|\bpor cento\b|\bpercent\b")
_FIGURE_WORD = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dois|duas|tres|quatro"
    r"|cinco|seis|sete|oito|nove|dez|onze|doze)\b"
)


def reachable(task: Task, kind: Kind, completion: Completion) -> CheckResult:
    """The one number of an answer can be made of the story's figures, each used once at most.

    Only a short story with two to five figures is judged, and only where nothing in it calls for
    more than addition, subtraction, multiplication and division. That a number can be had does not
    make it right.
    """
    passed = CheckResult.found("reachable", "no sum that is told as a story")
    plain = plain_text(task.prompt)
    if kind is not Kind.MATH or len(plain.split()) > _MOST_WORDS or not _TELLS_A_SUM.search(plain):
        return passed
    if _OTHER.search(plain) or _FIGURE_WORD.search(plain):
        return passed
    figures = [readings_of(literal) for literal, *_ in FIGURE.findall(plain)]
    if not 2 <= len(figures) <= _MOST_FIGURES or not all(figures):
        return passed
    given = _result(plain_text(completion.text), plain)
    if not given:
        return passed
    constants = [one for words, each in _CONSTANTS if words.search(plain) for one in each]
    readings = [[Fraction(one) for one in each] for each in figures]
    if _PERCENT.search(plain):
        readings = [[*each, *_as_shares(each)] for each in readings]
    values = _values(readings, constants)
    if values is None or any(_near(one, values) for one in given):
        return passed
    shown = float(next(iter(given)))
    finding = f"{shown:g} cannot be had from the figures of the request"
    return CheckResult.found("reachable", finding, EscalationReason.UNFAITHFUL)


def _result(answer: str, asked: str) -> set[Fraction]:
    """The readings of the only new figure of an answer; empty where there are several or none."""
    own = [literal for literal, *_ in FIGURE.findall(answer) if literal not in asked]
    if len(set(own)) != 1:
        return set()
    return {Fraction(one) for one in readings_of(own[0])}


def _near(one: Fraction, values: set[Fraction]) -> bool:
    """Whether it is one of them, rounded to cents or to a whole number, or one more or less."""
    slack = Fraction(1, 100) if one.denominator != 1 else Fraction(1)
    return any(abs(one - value) <= slack for value in values)


def _values(readings: list[list[Fraction]], constants: Iterable[int]) -> set[Fraction] | None:
    """What the four operations make of each subset of the figures; None where that is too much."""
    count = len(readings)
    made: dict[int, set[Fraction]] = {1 << place: set(each) for place, each in enumerate(readings)}
    total = 0
    for size in range(2, count + 1):
        for places in combinations(range(count), size):
            whole = sum(1 << place for place in places)
            found: set[Fraction] = set()
            part = (whole - 1) & whole
            while part:
                if part <= whole ^ part:
                    found |= _combined(made[part], made[whole ^ part])
                part = (part - 1) & whole
            made[whole] = found
            total += len(found)
            if total > _MOST_VALUES:
                return None
    values = set().union(*made.values())
    for constant in constants:
        values |= _combined(made[(1 << count) - 1], {Fraction(constant)})
    return values


def _combined(ones: set[Fraction], others: set[Fraction]) -> set[Fraction]:
    found: set[Fraction] = set()
    for one in ones:
        for other in others:
            found.update((one + other, one - other, other - one, one * other))
            if other:
                found.add(one / other)
            if one:
                found.add(other / one)
    return found


def _as_shares(figures: list[Fraction]) -> list[Fraction]:
    """Figures as percentages: of something, off it, and on top of it."""
    shares = [one / 100 for one in figures]
    return [*shares, *(1 - one for one in shares), *(1 + one for one in shares)]
