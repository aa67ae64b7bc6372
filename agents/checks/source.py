"""A text from which values were to be taken, and whether a value occurs in it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from agents.checks.dates import (
    DATE_FORMS,
    HOUR_VALUE,
    RELATIVE,
    SPOKEN_HOUR,
    WEEKDAY,
    Date,
    dates_of,
    read_dates,
    read_hours,
)
from agents.checks.numbers import (
    FIGURE,
    MOST_DIGITS,
    MULTIPLIERS,
    NUMBER,
    read_figures,
    readings_of,
)
from agents.nano.data.calendar import DAYS, MONTHS
from agents.nano.lexicon import fold
from agents.nano.verify import digits, verify

_CURRENCY = re.compile(
    r"(?P<brl>r\$|\brea(?:l|is)\b)|(?P<usd>us\$|\$|\bdollars?\b|\bdolar(?:es)?\b)"
    r"|(?P<eur>€|\beuros?\b)|(?P<gbp>£|\bpounds?\b|\blibras?\b)"
)
# Scripts from Thai onwards write words without spaces: there each letter counts as a word.
_TOKEN = re.compile(r"[^\W\d_\u0e00-\U0010ffff]+|\d+|(?=[\u0e00-\U0010ffff])[^\W_]")
_OPTIONAL_TOKENS = frozenset({"http", "https", "www", "mailto", "tel"})
_AMOUNT = re.compile(
    rf"\(?(?P<currency>brl|usd|eur|gbp|jpy|cad|aud|chf)? ?[-+−]? ?"
    rf"(?P<number>{NUMBER}|\d{{1,3}}(?: \d{{3}})+) ?%? ?(?P<unit>[a-z]+(?: [a-z]+){{0,2}})?\)?"
)
_PARTS = re.compile(r"[,;|/\n]|\s[-–]\s|\s(?:and|e|&)\s")
_SQUEEZED_TRIES = 32
_PHONE_DIGITS = 8
_ABROAD = re.compile(r"\+(\d[\d ().-]{6,20})")
_COUNTRY_CODE = re.compile(r"[17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\d{3}")
"""Calling codes by their length (ITU-T E.164): one digit, two, and three for all others."""
_PROSE_TOKENS = 12
_CALENDAR = frozenset(
    fold(name).removesuffix("-feira")
    for names in (DAYS, MONTHS)
    for each in names.values()
    for name in each
)
_FEW_TOKENS, _LEAST_LETTERS = 4, 3
_MOST_PARTS = 20


def plain_text(text: str) -> str:
    """Lower case, no accents, one form for each character, currencies by their codes."""
    folded = fold(unicodedata.normalize("NFKC", text))
    return _CURRENCY.sub(lambda match: f" {match.lastgroup} ", folded)


@dataclass(frozen=True, slots=True)
class Source:
    """A text from which values were to be taken, read once in each way in which they compare.

    spaced: its tokens, between single spaces. squeezed: the same without spaces; `starts` are the
    places in it at which a token begins, its end included. coarse: dates without their year, or
    without their day, for values that lack it. relative: it speaks of "tomorrow" or "next week".
    hours: minutes since midnight. spoken_hours: it has "a quarter to eight", or the like.
    abroad: the digits of its telephone numbers that begin with a country's code.
    """

    text: str
    spaced: str
    squeezed: str
    starts: frozenset[int]
    tokens: frozenset[str]
    figures: frozenset[Decimal]
    dates: frozenset[Date]
    coarse: frozenset[Date]
    relative: bool
    hours: frozenset[int]
    spoken_hours: bool
    abroad: frozenset[str]

    @classmethod
    def read(cls, text: str) -> Source:
        plain = plain_text(text)
        tokens = _TOKEN.findall(plain)
        starts, at = {0}, 0
        for token in tokens:
            at += len(token)
            starts.add(at)
        dates, rest = read_dates(plain)
        coarse: set[Date] = {(None, m, d) for _, m, d in dates} | {
            (y, m, None) for y, m, _ in dates
        }
        return cls(
            text=text,
            spaced=f" {' '.join(tokens)} ",
            squeezed="".join(tokens),
            starts=frozenset(starts),
            tokens=frozenset(tokens),
            figures=frozenset(read_figures(plain)),
            dates=frozenset(dates),
            coarse=frozenset(coarse),
            relative=RELATIVE.search(rest) is not None,
            hours=frozenset(read_hours(plain)),
            spoken_hours=SPOKEN_HOUR.search(plain) is not None,
            abroad=frozenset(digits(number) for number in _ABROAD.findall(text)),
        )

    def holds(self, value: str) -> bool:
        """Whether a value occurs here, as it is written or in another spelling."""
        plain = " ".join(plain_text(value).split())
        tokens = [token for token in _TOKEN.findall(plain) if token not in _OPTIONAL_TOKENS]
        if not tokens:
            return True
        if match := _AMOUNT.fullmatch(plain):
            return self._holds_amount(match, tokens)
        moment = self._holds_moment(plain)
        if moment is not None:
            return moment
        if self._holds_tokens(tokens) or self._holds_squeezed("".join(tokens)):
            return True
        if len(tokens) <= _FEW_TOKENS and self._holds_forms_of(tokens):
            return True
        if re.fullmatch(r"[+\d\s().-]+", plain):
            return self._holds_phone("".join(tokens), international=plain[0] == "+")
        parts = [part for part in _PARTS.split(value, _MOST_PARTS) if part.strip()]
        if 1 < len(parts) <= _MOST_PARTS and all(self.holds(part) for part in parts):
            return True
        # A passage in the model's own words need not be a copy, but its figures must occur.
        return len(tokens) > _PROSE_TOKENS and _figures_written(plain) <= self.figures

    def _holds_forms_of(self, tokens: list[str]) -> bool:
        """Whether they occur with one word in another number (bag, bags), or with the short form of
        a day or a month (Sat, Saturday)."""
        for place, token in enumerate(tokens):
            if not token.isalpha() or len(token) < _LEAST_LETTERS:
                continue
            others = [token.removesuffix("s"), f"{token}s"]
            if token in _CALENDAR:
                others += [token[:length] for length in range(3, len(token))]
            changed = ([*tokens[:place], other, *tokens[place + 1 :]] for other in others)
            if any(self._holds_tokens(one) for one in changed):
                return True
        return False

    def holds_number(self, literal: str) -> bool:
        """Whether the JSON number occurs: as an amount, a share of 100, or a long identifier."""
        bare = literal.lstrip("-").lower()
        if not re.fullmatch(r"\d+(?:\.\d+)?(?:e[+-]?\d{1,2})?", bare) or len(bare) > MOST_DIGITS:
            return self._holds_tokens(_TOKEN.findall(bare))
        # 14 of a row TR-88,14,A3 is no part of 88.14.
        if Decimal(bare) in self.figures or re.search(rf"(?<![\d.]){bare}(?![\d.])", self.text):
            return True
        return bare.isdigit() and len(bare) > 6 and self._holds_squeezed(bare)

    def _holds_amount(self, match: re.Match[str], tokens: list[str]) -> bool:
        number, unit = match["number"].replace(" ", ""), match["unit"] or ""
        readings = readings_of(number)
        if not readings:  # an address or a version: 10.0.0.1
            return self._holds_tokens(tokens)
        if unit in MULTIPLIERS:
            readings, unit = {n.scaleb(MULTIPLIERS[unit]) for n in readings}, ""
        words = {match["currency"], *unit.split()} - {None}
        if number in self.tokens and unit and unit not in _CURRENCY.groupindex:
            # "3 apples" of "2 apples, 3 pears" is wrong, "2 apples" of "2 red apples" is not.
            return re.search(rf" {number}(?: [a-z]+){{0,2}} {unit}", self.spaced) is not None
        if readings & self.figures and words <= self.tokens:
            return True
        if not number.isdigit() or words:
            return self._holds_tokens(tokens)
        return (
            self._holds_moment(number) is True
            or (len(number) > 6 and self._holds_squeezed(number))
            or self._holds_phone(number, international="+" in match[0])
        )

    def _holds_moment(self, plain: str) -> bool | None:
        """Whether a date, an hour or both occur; None where the value is neither."""
        if re.fullmatch(r"\d{8}", plain):
            plain = f"{plain[:4]}-{plain[4:6]}-{plain[6:]}"
        halves = re.fullmatch(r"(\d{4}-\d{2}-\d{2})(?:t| )(\d{2}:\d{2}.{0,16})", plain)
        if halves:
            hour = halves[2].startswith("00:00") or self._holds_moment(halves[2])
            return self._holds_moment(halves[1]) is not False and hour is not False
        if clock := HOUR_VALUE.fullmatch(plain):
            minutes = read_hours(f"{clock[1]} {clock[2] or ''}")
            written = clock[1].zfill(5)
            if minutes & self.hours:
                return True
            return self.spoken_hours and verify("time", self.text, written) is None
        plain = re.sub(rf"^(?:{WEEKDAY}),?\s+", "", plain)
        for form in DATE_FORMS:
            match = form.fullmatch(plain)
            if match and (dates := dates_of(match)):
                return self.relative or any(map(self._holds_date, dates))
        return None

    def _holds_date(self, date: Date) -> bool:
        year, month, day = date
        if year is None or day is None:
            return date in self.coarse
        # The year or day that the text leaves out must be added by whoever normalises a date.
        return bool({date, (None, month, day), (year, month, None)} & self.dates)

    def _holds_tokens(self, tokens: list[str]) -> bool:
        wanted = " ".join(tokens)
        if f" {wanted} " in self.spaced:
            return True
        plural = len(tokens[-1]) > 3 and tokens[-1].isalpha()  # one camisa of "2 camisas"
        if plural and (f" {wanted}s " in self.spaced or f" {wanted}es " in self.spaced):
            return True
        # "Lima, Ana" is Ana Lima.
        turned = (tokens[i:] + tokens[:i] for i in range(1, len(tokens) if len(tokens) < 5 else 0))
        return any(f" {' '.join(order)} " in self.spaced for order in turned)

    def _holds_squeezed(self, squeezed: str) -> bool:
        """Whether the text has it with other spaces or signs: wi-fi, 11987654321."""
        if len(squeezed) < 4:
            return False
        at = -1
        for _ in range(_SQUEEZED_TRIES):
            at = self.squeezed.find(squeezed, at + 1)
            if at < 0:
                return False
            if at in self.starts and at + len(squeezed) in self.starts:
                return True
        return False

    def _holds_phone(self, number: str, *, international: bool) -> bool:
        """Whether a telephone number occurs, with its country's code where the text has none."""
        if not _PHONE_DIGITS <= len(number) <= 15:
            return False
        if not international:
            return any(n.endswith(number) for n in self.abroad)
        national = _COUNTRY_CODE.sub("", number, count=1)
        if len(national) < _PHONE_DIGITS or any(n.endswith(national) for n in self.abroad):
            return number in self.abroad
        return self._holds_squeezed(national) or self._holds_squeezed(f"0{national}")


def _figures_written(plain: str) -> set[Decimal]:
    """Numbers above 12 that a passage has in digits: smaller ones often count things."""
    found = [readings_of(literal) for literal, _, _ in set(FIGURE.findall(plain))]
    return {min(readings) for readings in found if readings and min(readings) > 12}
