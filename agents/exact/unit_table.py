"""Units of measure: their names in English and Portuguese, and their exact size.

Sizes are definitions (SI brochure, 1959 yard and pound agreement), so that no library is asked:
pint takes 0.4 s to import and to read the same numbers, and knows no Portuguese.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Unit:
    """size: in the base of its dimension. symbol: how it is written after a number; empty: by its
    name as asked."""

    dimension: str
    size: Fraction
    names: str
    symbol: str = ""


def _unit(dimension: str, size: str | int, names: str, symbol: str = "") -> Unit:
    return Unit(dimension, Fraction(size), names, symbol)


_METRE = "met(?:er|re)s?|metros?"
_LITRE = "lit(?:er|re)s?|litros?"
_GRAM = "gram(?:me)?s?|gramas?"
UNITS = (
    _unit("length", "1/1000", r"mm|milli(?:met(?:er|re)s?)|milimetros?", "mm"),
    _unit("length", "1/100", r"cms?|centi(?:met(?:er|re)s?)|centimetros?", "cm"),
    _unit("length", 1, rf"m|mts?|{_METRE}", "m"),
    _unit("length", 1000, r"kms?|kilomet(?:er|re)s?|quilometros?", "km"),
    _unit("length", "254/10000", r"in(?:ch(?:es)?)|polegadas?"),
    _unit("length", "3048/10000", r"ft|foot|feet"),
    _unit("length", "9144/10000", r"yards?|yds?|jardas?"),
    _unit("length", "1609344/1000", r"miles?|mi|milhas?"),
    _unit("mass", "1/1000", r"mg|milligram(?:me)?s?|miligramas?", "mg"),
    _unit("mass", 1, rf"g|gr|{_GRAM}", "g"),
    _unit("mass", 1000, r"kgs?|kilos?|kilogram(?:me)?s?|quilos?|quilogramas?", "kg"),
    _unit("mass", 10**6, r"tonnes?|metric tons?|toneladas?", "t"),
    _unit("mass", "45359237/100000", r"lbs?|pounds?|libras?"),
    _unit("mass", "45359237/1600000", r"oz|ounces?|oncas?"),
    _unit("mass", "635029318/100000", r"stones?"),
    _unit("volume", 1, r"ml|millilit(?:er|re)s?|mililitros?", "ml"),
    _unit("volume", 10, r"cl|centilit(?:er|re)s?|centilitros?", "cl"),
    _unit("volume", 100, r"dl|decilit(?:er|re)s?|decilitros?", "dl"),
    _unit("volume", 1000, rf"l|{_LITRE}", "l"),
    _unit("volume", 10**6, r"m3|m³|cubic met(?:er|re)s?|metros cubicos", "m³"),
    _unit("volume", 1, r"cm3|cm³|cubic centimet(?:er|re)s?|centimetros cubicos", "cm³"),
    _unit("volume", "3785411784/1000000", r"us gallons?|american gallons?"),
    _unit("volume", "454609/100", r"(?:uk|imperial|british) gallons?"),
    _unit("area", 1, r"m2|m²|sqm|sq\.? ?m|square met(?:er|re)s?|metros quadrados", "m²"),
    _unit("area", "1/10000", r"cm2|cm²|square centimet(?:er|re)s?|centimetros quadrados", "cm²"),
    _unit("area", 10**6, r"km2|km²|square kilomet(?:er|re)s?|quilometros quadrados", "km²"),
    _unit("area", 10**4, r"ha|hectares?", "ha"),
    _unit("area", "9290304/100000000", r"sq\.? ?ft|square feet|square foot|ft2|ft²"),
    _unit("area", "40468564224/10000000", r"acres?"),
    _unit("time", "1/1000", r"ms|milliseconds?|milissegundos?", "ms"),
    _unit("time", 1, r"s|secs?|seconds?|segundos?"),
    _unit("time", 60, r"mins?|minutes?|minutos?"),
    _unit("time", 3600, r"h|hs|hrs?|hours?|horas?"),
    _unit("time", 86400, r"days?|dias?"),
    _unit("time", 7 * 86400, r"weeks?|semanas?"),
    _unit(
        "speed",
        "5/18",
        r"km ?/ ?h|kmh|kph|kilomet(?:er|re)s (?:per|an) hour|quilometros por hora",
        "km/h",
    ),
    _unit("speed", 1, r"m/s|met(?:er|re)s per second|metros por segundo", "m/s"),
    _unit("speed", "44704/100000", r"mph|miles (?:per|an) hour|milhas por hora"),
    _unit("energy", 1, r"joules?", "J"),
    _unit("energy", 1000, r"kj|kilojoules?|quilojoules?", "kJ"),
    _unit("power", 1, r"watts?", "W"),
    _unit("power", 1000, r"kw|kilowatts?|quilowatts?", "kW"),
)
DEGREES = {
    "c": r"(?:°|º|degrees? |deg |graus? )?(?:celsius|centigrade|centigrados?|c(?![\w']))|°c",
    "f": r"(?:°|º|degrees? |deg |graus? )?(?:fahrenheit|farenheit|fahreinheit|f(?![\w']))|°f",
    "k": r"kelvins?",
}


def degrees(value: Fraction, source: str, target: str) -> Fraction:
    """A temperature in another scale: `c`, `f` or `k`."""
    kelvin = {
        "c": value + Fraction("273.15"),
        "f": (value - 32) * Fraction(5, 9) + Fraction("273.15"),
        "k": value,
    }[source]
    return {
        "c": kelvin - Fraction("273.15"),
        "f": (kelvin - Fraction("273.15")) * Fraction(9, 5) + 32,
        "k": kelvin,
    }[target]


NAMES = "|".join(f"(?P<u{n}>{unit.names})" for n, unit in enumerate(UNITS))
SCALES = "|".join(f"(?P<d{name}>{names})" for name, names in DEGREES.items())


def named(found: re.Match[str]) -> Unit | str:
    """The unit, or the name of the temperature scale, whose group of the match is set."""
    for name, text in found.groupdict().items():
        if text is not None and name[0] == "u" and name[1:].isdigit():
            return UNITS[int(name[1:])]
        if text is not None and name[0] == "d" and len(name) == 2:
            return name[1]
    raise ValueError("no unit")
