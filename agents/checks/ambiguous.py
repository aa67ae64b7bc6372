"""Checks that an answer does not settle by itself what the request leaves open."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator

from agents.checks.dates import read_dates
from agents.checks.source import plain_text
from agents.nano.data.calendar import DAYS, MONTHS
from router.classify import signals
from router.classify.language import language_of
from router.types.completion import Completion
from router.types.decision import EscalationReason, Kind
from router.types.result import CheckResult
from router.types.task import Task

_CHARS = 8000
_NUMERIC = re.compile(r"(?<![\d./-])(\d{1,2})([/.-])(\d{1,2})(?:\2(\d{2}|\d{4}))?(?![\d/-]|\.\d)")
_ORDER_TOLD = re.compile(
    r"\b(?:dd|mm)\s?[/.-]|\bday first|\bmonth first|\b(?:american|british|european|brazilian"
    r"|portuguese|australian|canadian|indian)(?: date)?s?\b(?: format| style| notation)?"
    r"|\bformato (?:americano|brasileiro|europeu|portugues)|\bdia/mes|\bmes/dia|\bd/m\b|\bm/d\b"
)
_BESIDE = 24
_QUOTED_PART = re.compile(r"\"[^\"\n]{3,400}\"|“[^”\n]{3,400}”|«[^»\n]{3,400}»")
_WEEKDAYS = {
    plain_text(name).removesuffix("-feira"): number
    for names in DAYS.values()
    for number, name in enumerate(names)
}
_WEEKDAY = re.compile(rf"\b(?:{'|'.join(_WEEKDAYS)})\b")
_MONTH_NUMBERS = {
    plain_text(name): number for names in MONTHS.values() for number, name in enumerate(names, 1)
}
_PLACE = re.compile(
    r"\b(?:portugal|brasil|brazil|lisboa|lisbon|porto|coimbra|braga|faro|sao paulo|rio de janeiro"
    r"|brasilia|salvador|recife|fortaleza|curitiba|cpf|cnpj|nif"
    r"|usa|united states|america|chicago|new york|boston|los angeles|san francisco|seattle|texas"
    r"|houston|dallas|austin|florida|miami|california|denver|atlanta|philadelphia|ohio|michigan"
    r"|england|scotland|wales|ireland|britain|london|manchester|leeds|glasgow|edinburgh|dublin"
    r"|cardiff|belfast|birmingham|bristol|liverpool|sydney|melbourne|australia|nhs|canada)\b"
)
"""Places, and what only one of them has, where everybody writes dates in one order."""
_ENGLISH_FIELD = re.compile(
    r"\b(?:date|login|arrival|departure|due|issued|birth|ship(?:ped|ping)?|booking|order|invoice|from"
    r"|until|expires?|valid|name|guest|nights?|payment|received|delivery|last|the|of|on|by)\b"
)
_COUNTRY = re.compile(r"\b(?:USA?|UK)\b|\bU\.[SK]\.")
_WANTED_FORM = re.compile(
    r"\b[ya]{4}[-/.]mm[-/.]dd\b"
    r"|\b(?:to|into|as|para|em|no formato) [ymda]{2,4}[-/.][ymda]{2}[-/.][ymda]{2,4}"
)
"""The form that an answer is to have says nothing of the form that a text has."""
_LABELLED = r"(?<!\w)(?:{name})\s{{0,3}}(?:[:=]|\bis\b|\be\b|\bde\b|\bof\b)?\s{{0,3}}"
_VALUE = (
    r"((?:[a-z]{3} |[$€£])?\s?\d[\d.,]{0,14}\d|\d+|[\w.+-]{1,40}@[\w.-]{1,60}"
    r"|\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4})"
)
_MOST_FIELDS = 20
_SEVERAL = re.compile(
    r"\b(?:all|every|each|list|both|which|latest|last|first|newest|oldest|new|old|current|previous"
    r"|corrected|updated|todos|todas|cada|liste|listar|ambos|quais|qual|ultim[oa]|primeir[oa]|nov[oa]"
    r"|antig[oa]|atual|anterior|corrigid[oa]|sum|total of|soma|difference|diferenca|compare)\b"
)
"""Words of requests that say which of several values is meant, or that all are."""


def unambiguous(task: Task, kind: Kind, completion: Completion) -> CheckResult:
    """It does not turn a date into another form that could be read both ways, nor give one of two
    values that the text gives for the same thing.

    Portuguese writes the day first; English either, unless the request, a weekday or a place says
    which.
    """
    if kind is Kind.CODE or len(task.prompt) > _CHARS:
        return CheckResult.found("ambiguous", "not looked for")
    found = _open_date(task.prompt, completion.text) or _two_values(task.prompt, completion.text)
    if found:
        return CheckResult.found("ambiguous", found, EscalationReason.AMBIGUOUS)
    return CheckResult.found("ambiguous", "nothing is left open")


def _open_date(prompt: str, answer: str) -> str:
    """The date that the answer reads in one of two possible ways; empty without one."""
    dates = [_Written(found) for found in _NUMERIC.finditer(prompt)]
    dates = [date for date in dates if date.is_date]
    facts = signals.read(prompt)
    told = _WANTED_FORM.sub(" ", plain_text(facts.instruction))
    if not dates or _ORDER_TOLD.search(told) or _COUNTRY.search(prompt):
        return ""
    if any(date.order_is_clear for date in dates) or _PLACE.search(plain_text(prompt)):
        return ""
    plain = plain_text(answer)
    given, _ = read_dates(plain_text(_NUMERIC.sub(" ", answer)))
    days = {(month, day) for _, month, day in given}
    named = {_MONTH_NUMBERS[word] for word in re.findall(r"\w+", plain) if word in _MONTH_NUMBERS}
    for date in dates:
        if date.text in answer or _order_known(date, prompt, facts.language):
            continue
        by_month = not any(day for _, day in days) and len(named & {date.a, date.b}) == 1
        if by_month or len(days & {(date.a, date.b), (date.b, date.a)}) == 1:
            return f"{date.text} can be read with the day or with the month first"
    return ""


def _order_known(date: _Written, prompt: str, asked_in: str) -> bool:
    """Whether the weekday beside it, or the language around it, says which is the day.

    Portuguese writes the day first, in whatever language it is asked about; a line of English
    words around a date says nothing, although a Portuguese request asks about it.
    """
    at = prompt.find(date.text)
    near = plain_text(prompt[max(0, at - _BESIDE) : at + len(date.text) + _BESIDE])
    if (weekday := _WEEKDAY.search(near)) and date.year is not None:
        orders = ((date.a, date.b), (date.b, date.a))
        wanted = _WEEKDAYS[weekday[0]]
        if sum(_weekday(date.year, *order) == wanted for order in orders) == 1:
            return True
    if asked_in != "pt":
        return False
    begin = prompt.rfind("\n", 0, at) + 1
    end = prompt.find("\n", at)
    quoted = [found[0] for found in _QUOTED_PART.finditer(prompt) if date.text in found[0]]
    own = quoted[0] if quoted else prompt[begin : end if end >= 0 else len(prompt)]
    foreign = _ENGLISH_FIELD.search(plain_text(own.replace("_", " "))) or language_of(own) == "en"
    return not foreign


def _weekday(year: int, month: int, day: int) -> int | None:
    try:
        return dt.date(year, month, day).weekday()
    except ValueError:
        return None


class _Written:
    """A date in figures as it is written: a/b or a/b/year."""

    def __init__(self, found: re.Match[str]) -> None:
        self.text = found[0]
        self.a, self.b = int(found[1]), int(found[3])
        self.year = None if found[4] is None else int(found[4]) % 100 + 2000
        # 3.5 and 10-12 are dates only with a year.
        self.is_date = max(self.a, self.b) <= 31 and 0 < min(self.a, self.b) <= 12
        self.is_date = self.is_date and (found[4] is not None or found[2] == "/")

    @property
    def order_is_clear(self) -> bool:
        return self.a == self.b or max(self.a, self.b) > 12


def _two_values(prompt: str, answer: str) -> str:
    """The thing for which the text has two values and the answer one of them; empty without."""
    facts = signals.read(prompt)
    if _SEVERAL.search(plain_text(facts.instruction)):
        return ""
    text = plain_text(prompt)
    for name, value in _fields(answer):
        words = [re.escape(word) for word in re.split(r"[_\W]+", plain_text(name)) if word]
        if not words:
            continue
        pattern = _LABELLED.format(name=r"[ _-]?".join(words)) + _VALUE
        values = list(dict.fromkeys(_bare(one) for one in re.findall(pattern, text)))
        if len(values) > 1 and _bare(plain_text(value)) in values:
            return f"the text gives {' and '.join(values[:3])} as the {name}"
    return ""


def _fields(answer: str) -> Iterator[tuple[str, str]]:
    """Names and values of a JSON answer's fields."""
    body = re.sub(r"^```\w*\n|\n```$", "", answer.strip())
    try:
        parsed = json.loads(body, parse_float=str)
    except (ValueError, RecursionError):
        return
    if isinstance(parsed, dict):
        for name, value in list(parsed.items())[:_MOST_FIELDS]:
            if isinstance(value, str | int | float) and not isinstance(value, bool):
                yield str(name), str(value)


def _bare(value: str) -> str:
    return re.sub(r"^[a-z]{3} |[\s$€£]", "", value).rstrip(".,")
