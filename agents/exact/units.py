"""Measures in other units, exactly or rounded as asked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from agents.exact.answer import Exact
from agents.exact.ask import LONGEST_WORDING, Ask
from agents.exact.figures import (
    NUMBER,
    PLACES,
    SMALL,
    WHOLE,
    local,
    number,
    places_of,
    plain,
    rounded,
    small,
)
from agents.exact.unit_table import NAMES, SCALES, Unit, degrees, named
from agents.exact.words import words

FAMILY = "unit"
_Q = "\ue040"

_N = rf"(?P<sign>(?<![\w\d])-)?(?P<n>{NUMBER}|\b{SMALL}\b|\b(?:an?|half an?|meia)\b(?= ))"
_MEASURE = re.compile(
    rf"(?<![\w.,/]){_N}(?P<half> and a half| e meia| e meio)? ?-?(?:{NAMES}"
    rf"|{SCALES})(?:(?P<after> e meia| e meio| and a half))?(?![\w²³/])"
)
_TARGET = re.compile(rf"(?!ha\b)(?<![\w²³/'])(?:{NAMES}|{SCALES})(?![\w²³'])")
_APPROXIMATELY = re.compile(r"\b(?:approx\w*|about|aproximad\w*|cerca)\b")
_FEET = re.compile(
    r"(?<![\w.,])(?P<ft>\d) ?(?:ft\.?|feet|foot|') ?(?P<in>\d{1,2})(?: "
    r"?(?:in(?:ches)?\b|\"))?(?![\w/]|[.,]\d)"
)
_NOUNS = words(
    "convert long many much number distance weight temperature height length "
    "degrees graus unit units "
    "unidade unidades valor temperatura peso altura distancia comprimento dao "
    "equivalem equivale value "
    "corresponde correspondem equals there contains contem cabem meters"
)


_HARMLESS = words("american americano americana british ingles inglesa")
_HOW_MANY = re.compile(r"\b(?:how many|quant[ao]s)\b")


@dataclass(frozen=True, slots=True)
class _Measure:
    value: Fraction
    unit: Unit | str


def exact(prompt: str) -> Exact | None:
    """The measure in the unit asked; None for units of different kinds, or none."""
    if len(prompt) > LONGEST_WORDING:
        return None
    ask = Ask(prompt, prompt)
    places, whole = ask.taken(PLACES), ask.take(WHOLE)
    measures: list[_Measure] = []

    def put(found: re.Match[str]) -> str:
        value = _value(found, ask.language)
        if value is None:
            return found[0]
        measures.append(_Measure(value, named(found)))
        return _Q

    def put_feet(found: re.Match[str]) -> str:
        inches = 12 * int(found["ft"]) + int(found["in"])
        measures.append(_Measure(Fraction(inches * 254, 10000), _METRE))
        return _Q

    ask.text = _FEET.sub(put_feet, ask.text)
    ask.text = _MEASURE.sub(put, ask.text)
    ask.text = re.sub(rf"{_Q}(?:,? ?(?:and |e )?{_Q})+", _Q, ask.text)
    targets = ask.taken(_TARGET)
    if not measures or ask.text.count(_Q) != 1 or not targets:
        return None
    units = [named(found) for found in targets]
    if any(unit != units[0] for unit in units):
        return None
    try:
        decimals = places_of(places, whole)
    except ValueError:
        return None
    ask.take(_APPROXIMATELY)
    value = _converted(measures, units[0])
    if value is None or not ask.nothing_left(_NOUNS, harmless=_HARMLESS):
        return None
    return _answer(ask, value, units[0], targets[0][0], decimals)


_METRE = next(unit for unit in map(named, _TARGET.finditer("m")))


def _value(found: re.Match[str], language: str) -> Fraction | None:
    text = found["n"]
    if text in ("a", "an"):
        value: Fraction | None = Fraction(1)
    elif text in ("half a", "half an", "meia"):
        value = Fraction(1, 2)
    elif text.isalpha():
        value = Fraction(small(text))
    else:
        value = number(text, language)
    if value is None:
        return None
    if found["half"] or found["after"]:
        value += Fraction(1, 2)
    return -value if found["sign"] else value


def _converted(measures: list[_Measure], target: Unit | str) -> Fraction | None:
    first = measures[0].unit
    if isinstance(target, str) or isinstance(first, str):
        if len(measures) != 1 or not (isinstance(target, str) and isinstance(first, str)):
            return None
        return None if first == target else degrees(measures[0].value, first, target)
    total = Fraction(0)
    for one in measures:
        if isinstance(one.unit, str) or one.unit.dimension != target.dimension:
            return None
        total += one.value * one.unit.size
    # 2 m, 3 m is no measure; 2 h 30 min is one.
    sizes = [one.unit.size for one in measures if isinstance(one.unit, Unit)]
    if sizes != sorted(set(sizes), reverse=True):
        return None
    return None if first == target and len(measures) == 1 else total / target.size


def _answer(
    ask: Ask, value: Fraction, unit: Unit | str, name: str, decimals: int | None
) -> Exact | None:
    how, loose = "by the definition of the units", False
    text = rounded(value, decimals) if decimals is not None else plain(value)
    if text is None:
        # Hundredths are what people expect of a measure; a small one needs more.
        if abs(value) < 1:
            return None
        text, loose = rounded(value, 2), True
        how += ", rounded to hundredths"
    text = local(text, ask.language)
    if ask.bare or _HOW_MANY.search(ask.text):
        return Exact(text, FAMILY, how, loose)
    if isinstance(unit, str):
        name = "K" if unit == "k" else f"°{unit.upper()}"
    elif unit.symbol:
        name = unit.symbol
    return Exact(f"{text} {name}", FAMILY, how, loose)
