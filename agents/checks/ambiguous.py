"""Checks that an answer does not settle by itself what the request leaves open."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from agents.checks.dates import read_dates
from agents.checks.source import plain_text
from router.classify import signals
from router.types.completion import Completion
from router.types.decision import EscalationReason, Kind
from router.types.result import CheckResult
from router.types.task import Task

_CHARS = 8000
_NUMERIC = re.compile(r"(?<![\d./-])(\d{1,2})([/.-])(\d{1,2})(?:\2(\d{2}|\d{4}))?(?![\d/-]|\.\d)")
_ORDER_TOLD = re.compile(
    r"\b(?:dd|mm)\s?[/.-]|\bday first|\bmonth first|\b(?:us|american|british|uk|european|brazilian"
    r"|portuguese|australian|canadian|indian)(?: date)?s?\b(?: format| style| notation)?"
    r"|\bformato (?:americano|brasileiro|europeu|portugues)|\bdia/mes|\bmes/dia|\bd/m\b|\bm/d\b"
)
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

    Portuguese requests write the day first; English ones either, unless they say which.
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
    if not dates or facts.language == "pt" or _ORDER_TOLD.search(plain_text(facts.instruction)):
        return ""
    if any(date.order_is_clear for date in dates):
        return ""
    given, _ = read_dates(plain_text(_NUMERIC.sub(" ", answer)))
    for date in dates:
        days = {(month, day) for _, month, day in given}
        if date.text not in answer and days & {(date.a, date.b), (date.b, date.a)}:
            return f"{date.text} can be read with the day or with the month first"
    return ""


class _Written:
    """A date in figures as it is written: a/b or a/b/year."""

    def __init__(self, found: re.Match[str]) -> None:
        self.text = found[0]
        self.a, self.b = int(found[1]), int(found[3])
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
