"""Dates and hours as English and Portuguese write them, in every reading."""

from __future__ import annotations

import re

from agents.nano.data.calendar import DAYS, MONTHS
from agents.nano.lexicon import fold


def _month_names() -> dict[str, int]:
    names = {"sept": 9}
    for months in MONTHS.values():
        for number, month in enumerate(months, 1):
            names |= {fold(month): number, fold(month)[:3]: number}
    return names


_MONTH_NAMES = _month_names()
_MONTH = f"(?P<name>{'|'.join(sorted(_MONTH_NAMES, key=len, reverse=True))})(?![a-z])"
_DAY = r"(?<!\d)(?P<d>\d{1,2})(?:st|nd|rd|th|o)?(?![\d])"
_LAST = r"(?P<last>\d{1,2})(?:st|nd|rd|th|o)?(?!\d)"
_FIRST = r"(?<!\d)(?P<last>\d{1,2})(?:st|nd|rd|th|o)?"
_TO = r"\s?(?:-|–|to|and|a|e|ate|until|through)\s?"
WEEKDAY = "|".join(fold(day) for days in DAYS.values() for day in days)
DATE_FORMS = tuple(
    re.compile(form)
    for form in (
        r"(?<!\d)(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})(?!\d)",
        r"(?<!\d)(?P<a>\d{1,2})[-/.](?P<b>\d{1,2})[-/.](?P<y>\d{4}|\d{2})(?!\d)",
        rf"(?<![a-z]){_MONTH}\.?\s?{_DAY}(?:{_TO}{_LAST})?,?\s?(?P<y>\d{{4}})(?!\d)",
        rf"(?:{_FIRST}{_TO})?{_DAY}[\s/.-]?(?:of |de |do )?{_MONTH}\.?"
        r"(?:[,\s/.-]{0,2}(?:of |de |do )?(?P<y>\d{4}|(?<=[/-])\d{2})(?!\d))?",
        rf"(?<![a-z]){_MONTH}\.?\s?(?:the )?{_DAY}(?:{_TO}{_LAST})?",
        rf"(?<![a-z]){_MONTH}\.?[\s,/-]{{0,2}}(?:of |de )?(?P<y>\d{{4}})(?!\d)",
        r"(?<![\d/-])(?P<y>\d{4})[-/](?P<m>\d{1,2})(?![\d/-])",
        r"(?<![\d/-])(?P<m>\d{1,2})/(?P<y>\d{4})(?![\d/-])",
        r"(?<![\d/])(?P<a>\d{1,2})/(?P<b>\d{1,2})(?![\d/])",
    )
)
"""In this order: each takes its dates out of the text before the next one looks."""

_PERIOD = rf"(?:week|weekend|month|year|semana|mes|ano|{WEEKDAY})"
RELATIVE = re.compile(
    rf"\b(?:today|tomorrow|yesterday|tonight|hoje|amanha|ontem|(?:days?|weeks?|months?) ago|que vem"
    rf"|(?:next|last|this|coming|proxim[oa]|nest[ae]) {_PERIOD}|{_PERIOD} (?:passad|proxim)[oa]"
    rf"|{WEEKDAY}|na (?:segunda|terca|quarta|quinta|sexta)|(?:in|within|em|ha|net|daqui a) \d+ "
    r"(?:days|weeks|months|dias|semanas|meses))\b"
)


def _away(units: str) -> re.Pattern[str]:
    """A pattern for a moment told by its distance, in one of the units, from another one."""
    return re.compile(
        rf"\b(?:in|after|within|plus|em|daqui(?: a)?|dali a|apos) \d{{1,4}} ?(?:{units})\b"
        rf"|\b\d{{1,4}} ?(?:{units}) (?:from|after|before|later|earlier|early|late|antes|depois"
        r"|apos|mais|a (?:contar|partir))\b"
    )


HOURS_AWAY = _away(r"h|hrs?|hours?|horas?|mins?|minutes?|minutos?")
DAYS_AWAY = _away(r"days?|weeks?|months?|years?|dias?|semanas?|mes|meses|anos?")
_DATED_WEEKDAY = re.compile(rf"\b(?:{WEEKDAY})[,\s]{{0,3}};|;[\s(]{{0,3}}(?:{WEEKDAY})\b")
_HOUR = re.compile(
    r"(?<![\d:])(\d{1,2})(?:[:h.](\d{2}))?(?::\d{2})?(?!\d)"
    r"\s?(a\.?m\b|p\.?m\b|da tarde|da noite|da manha)?"
)
SPOKEN_HOUR = re.compile(
    r"\b(?:quarter|half|noon|midnight|meia|meio-dia|o'clock|evening|afternoon|in the morning|hours?"
    r"|horas?|da (?:manha|tarde|noite|madrugada))\b"
)
HOUR_VALUE = re.compile(r"(\d{1,2}:\d{2})(?::\d{2}(?:\.\d+)?)?\s?([ap]m)?(?:z|[+-]\d{2}:?\d{2})?")

Date = tuple[int | None, int, int | None]
"""Year, month and day; None for what is not written."""


def dates_of(match: re.Match[str]) -> set[Date]:
    part = match.groupdict()
    years: list[int | None] = [None]
    if year := part.get("y"):
        years = [int(year)] if len(year) == 4 else [2000 + int(year), 1900 + int(year)]
    if "a" in part:
        a, b = int(part["a"]), int(part["b"])
        pairs: list[tuple[int, int | None]] = [(b, a), (a, b)]
    else:
        name = part.get("name")
        month = _MONTH_NAMES[name] if name else int(part["m"])
        days = [part[key] for key in ("d", "last") if part.get(key)]
        pairs = [(month, int(day)) for day in days] or [(month, None)]
    return {
        (y, m, d) for y in years for m, d in pairs if 1 <= m <= 12 and (d is None or 1 <= d <= 31)
    }


def read_dates(folded: str) -> tuple[set[Date], str]:
    """The dates of a folded text in every reading, and the text without them."""
    found: set[Date] = set()

    def take(match: re.Match[str]) -> str:
        dates = dates_of(match)
        found.update(dates)
        return " ; " if dates else match[0]

    for form in DATE_FORMS:
        folded = form.sub(take, folded)
    return found, _DATED_WEEKDAY.sub(" ", folded)


def read_hours(folded: str) -> set[int]:
    """Minutes since midnight of every hour that a folded text may mean; 7:30 is two of them."""
    found = set()
    for hour, minute, half in set(_HOUR.findall(folded)):
        h, m = int(hour), int(minute or 0)
        if h > 24 or m > 59:
            continue
        early, late = h % 12 * 60 + m, (h % 12 + 12) * 60 + m
        morning = half[:1] == "a" or half == "da manha"
        if half:
            found.add(early if morning else late)
        else:
            found |= {h % 24 * 60 + m, late} if h < 12 else {h % 24 * 60 + m}
    return found
