"""Is the answer the one that can be computed?"""

from __future__ import annotations

import json
import re
from fractions import Fraction

from agents.exact.answer import Exact
from agents.exact.compute import exact
from agents.exact.figures import SMALL, readings, small
from agents.exact.flat import composed, flat
from agents.exact.specialist import NOTHING, stands_alone
from router.types.completion import Completion
from router.types.decision import EscalationReason, Kind
from router.types.result import CheckResult
from router.types.task import Task

_FENCE = re.compile(r"\A```[^\n`]*\n(.*?)\n?```\Z", re.DOTALL)
_TOKEN = re.compile(r"[^\W_]+")
_FIGURE = re.compile(r"(?<![\w.,])-?\d+(?:[., ]\d{3})*(?:[.,]\d+)?(?!\d)")
_YES_NO = {"yes": True, "sim": True, "no": False, "nao": False}
_LEEWAY = Fraction(1, 100)
_SHOWN_CHARS = 120
_NUMBERS = frozenset({"arithmetic", "unit", "count", "money"})
_LETTERS = frozenset({"case", "replace", "mask"})
"""Families in whose answers every sign counts."""


def computed(task: Task, kind: Kind, completion: Completion) -> CheckResult:
    """The answer says what was computed; nothing is said of a task that cannot be."""
    # Earlier turns may have asked for another form.
    alone = stands_alone(task) and task.session is None
    found = exact(task.prompt) if alone else None
    if found is None:
        return CheckResult.found("exact", NOTHING)
    same = _same(task.prompt, completion.text, found)
    if same is None:
        return CheckResult.found("exact", "the answer could not be compared with what is computed")
    if same:
        return CheckResult.found("exact", f"as computed: {found.how}", proves=not found.loose)
    shown = " ".join(found.text.split())[:_SHOWN_CHARS]
    finding = f"it should be {shown} ({found.how})"
    return CheckResult.found("exact", finding, EscalationReason.UNFAITHFUL)


def _same(prompt: str, answer: str, found: Exact) -> bool | None:
    """Whether the answer gives the computed value, alone or in a sentence; None: cannot be told."""
    text = composed(answer)
    text = composed(fenced[1]) if (fenced := _FENCE.match(text)) else text
    text = text.strip("\"'`*“”")
    if text.rstrip(".") == found.text.rstrip("."):
        return True
    if found.family == "table":
        return _same_table(text, found.text)
    if found.family in _LETTERS:
        return text == found.text
    if (wanted := _YES_NO.get(flat(found.text))) is not None:
        said = _said(flat(text))
        return None if said is None else said == wanted
    if found.family == "phone":
        return _digits(found.text) in _digits(text)
    if found.family in _NUMBERS and len(_FIGURE.findall(found.text)) == 1:
        return _same_number(prompt, text, found)
    plain, wanted_text = _clock(flat(text)), _clock(flat(found.text))
    if found.family == "list":
        return _TOKEN.findall(plain) == _TOKEN.findall(wanted_text)
    return _within(_TOKEN.findall(wanted_text.removesuffix("-feira")), _TOKEN.findall(plain))


def _same_number(prompt: str, text: str, found: Exact) -> bool:
    given = _FIGURE.findall(text)
    own = [figure for figure in given if figure not in prompt] or given[-1:]
    if not own:
        own = [str(small(word)) for word in re.findall(rf"\b{SMALL}\b", flat(text))][-1:]
    wanted = _values(found.text)
    return bool(own) and all(_near(_values(one), wanted, loose=found.loose) for one in own)


def _said(text: str) -> bool | None:
    first = _TOKEN.search(text)
    if first is not None and first[0] in _YES_NO:
        return _YES_NO[first[0]]
    if re.search(r"\binvalid|\b(?:not|isn't|nao e|nao esta) (?:a )?(?:valid|corre)|incorre", text):
        return False
    return True if re.search(r"\bvalid|\bcorre[ct]", text) else None


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _clock(text: str) -> str:
    """Hours in one form: 5:30 pm of 05h30 p.m."""
    text = re.sub(r"\b([ap])\.? ?m\b\.?", r"\1m", text)
    text = re.sub(r"(?<=\d)(?=[ap]m\b)", " ", text)
    return re.sub(r"\b0?(\d{1,2})[h:](\d\d)\b", r"\1:\2", text)


def _values(text: str) -> set[Fraction]:
    figure = _FIGURE.search(text)
    return readings(figure[0]) if figure else set()


def _near(given: set[Fraction], wanted: set[Fraction], *, loose: bool) -> bool:
    if given & wanted:
        return True
    return loose and any(abs(a - b) <= abs(b) * _LEEWAY for a in given for b in wanted)


def _same_table(text: str, wanted: str) -> bool:
    try:
        return bool(json.loads(text) == json.loads(wanted))
    except ValueError:
        return [_TOKEN.findall(line) for line in text.split("\n") if _TOKEN.search(line)] == [
            _TOKEN.findall(line) for line in wanted.split("\n") if _TOKEN.search(line)
        ]


def _within(wanted: list[str], given: list[str]) -> bool:
    size = len(wanted)
    return any(given[start : start + size] == wanted for start in range(len(given) - size + 1))
