"""Dates in a wording: in figures or with the month's name, and how a date is written."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

_EN = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_PT = [
    "janeiro",
    "fevereiro",
    "marco",
    "abril",
    "maio",
    "junho",
    "julho",
    "agosto",
    "setembro",
    "outubro",
    "novembro",
    "dezembro",
]
_NAMES = {
    "en": [name.capitalize() for name in _EN],
    "pt": [name.replace("marco", "março") for name in _PT],
}
WEEKDAYS = {
    "en": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    "pt": [
        "segunda-feira",
        "terça-feira",
        "quarta-feira",
        "quinta-feira",
        "sexta-feira",
        "sábado",
        "domingo",
    ],
}
_MONTHS = {name: n for names in (_EN, _PT) for n, name in enumerate(names, 1)}
_MONTHS |= {name[:3]: n for name, n in _MONTHS.items()} | {"sept": 9}
_LANGUAGE = dict.fromkeys(_EN, "en") | dict.fromkeys(_PT, "pt")
_ORDINALS = {
    word: n
    for n, word in enumerate(
        [
            "first",
            "second",
            "third",
            "fourth",
            "fifth",
            "sixth",
            "seventh",
            "eighth",
            "ninth",
            "tenth",
            "eleventh",
            "twelfth",
            "thirteenth",
            "fourteenth",
            "fifteenth",
            "sixteenth",
            "seventeenth",
            "eighteenth",
            "nineteenth",
            "twentieth",
        ],
        1,
    )
}
_UNITS = [
    "zero",
    "um",
    "dois",
    "tres",
    "quatro",
    "cinco",
    "seis",
    "sete",
    "oito",
    "nove",
    "dez",
    "onze",
    "doze",
    "treze",
    "catorze",
    "quinze",
    "dezesseis",
    "dezessete",
    "dezoito",
    "dezenove",
]
_CARDINALS = {word: n for n, word in enumerate(_UNITS) if n} | {
    "quatorze": 14, "dezasseis": 16, "dezassete": 17, "dezanove": 19, "primeiro": 1,
    "vinte": 20, "trinta": 30, "trinta e um": 31,
}  # fmt: skip
_CARDINALS |= {f"vinte e {word}": 20 + n for n, word in enumerate(_UNITS) if 0 < n < 10}
_YEARS = {"dois mil": 2000} | {f"dois mil e {word}": 2000 + n for word, n in _CARDINALS.items()}


def _any(words: object) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))  # type: ignore[call-overload]


_MONTH = rf"(?P<month>{_any(_MONTHS)})\.?"
_DAY = rf"(?P<day>\d{{1,2}}|{_any(_ORDINALS)}|{_any(_CARDINALS)})(?P<nth>st|nd|rd|th|º|°|o(?=\s))?"
_YEAR = rf"(?P<year>\d{{4}}|{_any(_YEARS)})"
_WEEK = (
    r"(?:\b(?P<week>mon(?:day)?|tue(?:sday|s)?|wed(?:nesday)?|thu(?:rsday|rs)?|fri(?:day)?"
    r"|sat(?:urday)?|sun(?:day)?|segunda|terca|quarta|quinta|sexta|sabado|domingo)(?:-feira)?"
    r"\.?,? )?"
)
_WEEKDAY_OF = {
    **{name[:3]: n for n, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))},
    **{name[:3]: n for n, name in enumerate(("seg", "ter", "qua", "qui", "sex", "sab", "dom"))},
}
_FORMS = (
    re.compile(
        r"(?<![\d./-])(?P<year>\d{4})(?P<sep>[-/.])(?P<month>\d{1,2})(?P=sep)(?P<day>\d{1,2})"
        r"(?!\d|[./-]\d)"
    ),
    re.compile(
        r"(?<![\d./-])(?P<a>\d{1,2})(?P<sep>[-/.])(?P<b>\d{1,2})(?P=sep)(?P<year>\d{4}|\d{2})"
        r"(?!\d|[./-]\d)"
    ),
    re.compile(
        rf"{_WEEK}(?:\bthe )?(?<![\w./,-]){_DAY}(?:(?P<de> de | do )|(?P<of> of )|[ -]|/){_MONTH}"
        rf"(?P<glue> de | do | of |, ?|[ -]|/){_YEAR}(?![\w]|[./-]\d)"
    ),
    re.compile(
        rf"{_WEEK}(?<!\w){_MONTH} (?:the )?{_DAY}(?P<glue>,? (?:of )?){_YEAR}(?!\w|[./-]\d)"
    ),
)


@dataclass(frozen=True, slots=True)
class Written:
    """A date as it stands in a wording.

    numbers: year, and the other two as they are written, where their order is open. style: how it
    is written, as `written` takes it; empty for a form that is not imitated. language: of the
    month's name.
    """

    text: str
    year: int
    first: int
    second: int
    style: str
    named: bool
    month_first: bool | None
    language: str = ""
    weekday: int | None = None

    @property
    def open(self) -> bool:
        """Whether day and month could be swapped."""
        return self.month_first is None and self.first != self.second

    def value(self, *, month_first: bool) -> date | None:
        """The date; None where there is no such day, or it is another day of the week."""
        swapped = self.month_first if self.month_first is not None else month_first
        month, day = (self.first, self.second) if swapped else (self.second, self.first)
        try:
            found = date(self.year, month, day)
        except ValueError:
            return None
        return found if self.weekday in (None, found.weekday()) else None


def replaced(text: str, put: Callable[[Written], str]) -> str:
    """The flat text with `put(date)` in place of every date."""

    def one(found: re.Match[str]) -> str:
        written = _read(found)
        return found[0] if written is None else put(written)

    for form in _FORMS:
        text = form.sub(one, text)
    return text


def _read(found: re.Match[str]) -> Written | None:
    groups = found.groupdict()
    if "a" in groups:
        return _in_figures(found)
    if groups["month"].isdigit():
        month, day = int(groups["month"]), int(groups["day"])
        style = f"%Y{groups['sep']}%m{groups['sep']}%d"
        return Written(
            found[0], int(groups["year"]), month, day, style, named=False, month_first=True
        )
    return _named(found)


def _in_figures(found: re.Match[str]) -> Written | None:
    a, b, sep, year = int(found["a"]), int(found["b"]), found["sep"], found["year"]
    if max(a, b) > 31 or min(a, b) < 1 or min(a, b) > 12:
        return None
    if len(year) == 2:
        if 30 < int(year) < 70:
            return None
        full = int(year) + (2000 if int(year) <= 30 else 1900)
    else:
        full = int(year)
    first = None if max(a, b) <= 12 else b > 12
    return Written(found[0], full, a, b, f"{sep}{len(year)}", named=False, month_first=first)


def _named(found: re.Match[str]) -> Written | None:
    month_name, day, year = found["month"], found["day"], found["year"]
    value = int(day) if day.isdigit() else _ORDINALS.get(day) or _CARDINALS[day]
    language = _LANGUAGE.get(month_name, "")
    letter = "%B" if month_name in _LANGUAGE else "%b"
    number = "%d" if day.startswith("0") else "%-d"
    groups = found.groupdict()
    style = ""
    if day.isdigit() and year.isdigit() and not groups["nth"] and not groups["week"]:
        style = _style(found, number, letter)
    week = groups["week"]
    return Written(
        *(found[0], _YEARS.get(year) or int(year), _MONTHS[month_name], value, style),
        named=True,
        month_first=True,
        language=language or ("pt" if groups.get("de") else ""),
        weekday=None if week is None else _WEEKDAY_OF[week[:3]],
    )


def _style(found: re.Match[str], number: str, letter: str) -> str:
    glue = found["glue"]
    if "de" not in found.groupdict():
        return f"{letter} {number}{glue}%Y" if "of" not in glue else ""
    if found["de"]:
        return f"{number}{found['de']}{letter}{glue}%Y"
    if found["of"]:
        return ""
    between = found[0][found.end("day") - found.start()]
    return f"{number}{between}{letter}{glue}%Y" if len(glue) == 1 else ""


def written(value: date, style: str, language: str) -> str:
    """The date in a style: %Y %y %m %-m %d %-d, %B the month's name, %b its first three letters."""
    name = _NAMES[language][value.month - 1]
    parts = {
        "%-m": str(value.month), "%-d": str(value.day), "%Y": f"{value.year:04d}",
        "%y": f"{value.year % 100:02d}", "%m": f"{value.month:02d}", "%d": f"{value.day:02d}",
        "%B": name, "%b": name[:3],
    }  # fmt: skip
    return re.sub(r"%-?[a-zA-Z]", lambda found: parts[found[0]], style)
