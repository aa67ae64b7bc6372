"""Checks that an answer which should carry everything has lost none of the request's figures."""

from __future__ import annotations

import json
import re

from agents.checks.dates import DAYS_AWAY, HOURS_AWAY, RELATIVE, read_dates, read_hours
from agents.checks.numbers import FIGURE, read_figures, readings_of
from agents.checks.source import plain_text
from router.classify import signals
from router.types.completion import Completion
from router.types.decision import EscalationReason, Kind
from router.types.result import CheckResult
from router.types.task import Task

_CARRIES = frozenset({Kind.TRANSLATION, Kind.REWRITING})
"""Kinds whose answers say all that the text says."""

_LONGEST_CHARS = 4000
_CUT_DIGITS, _LOST_DIGITS = 4, 4
_COUNTED = 12
"""Figures up to here often count things, which another language may say without a figure."""
_ORDER_WORDS = 45

_SHORTENS = re.compile(
    r"\b(?:short\w*|summar\w*|trim|condense|brief\w*|concise\w*|fewer|remove|delete|drop|cut|only"
    r"|without|mask|redact|anonymi\w*|hide|title|headline|subject|resum\w*|encurt\w*|mais curt\w*"
    r"|breve\w*|conci[sz]\w*|menos|remov\w*|apag\w*|tir\w*|retir\w*|cort\w*|apenas|somente|sem"
    r"|mascar\w*|anonimi\w*|ocult\w*|titulo|assunto|palavras|words|replace|change|substitu\w*"
    r"|troqu\w*|troca\w*|mud\w*|correct|fix|corrig\w*|corrij\w*)\b"
)
"""Words of requests that leave something out, or put something else in its place."""

_HAS_TEXT = re.compile(r"\n|:\s|[\"“«]")
"""A text that is pasted along stands after a break or a colon, or in quotation marks."""

_REMINDS = re.compile(
    r"\b(?:remind\w*|reminder|schedule|calendar|appointment|meeting|alarm|lembr\w*|agend\w*"
    r"|calendario|compromisso|reuni\w*|alarme|marc(?:a|ar|ue)|consulta)\b"
)
_NOW = re.compile(r"\b(?:it.?s|now|right now|today is|agora|sao|hoje)\b[^.;\n]*$")
_NOW_CHARS = 48
"""Before an hour that says what time it is."""
_REMINDER = re.compile(r"\b(?:remind(?:er)?|lembr(?:ete|a-me|e-me|ar))\b")
_KEEPS = re.compile(
    r"\b(?:keep\w*|all(?: the)?|tod[ao]s?(?: [ao]s)?|mant\w+|confirma\w*|inclu\w+)\b.{0,16}"
    r"\b(?:quantit\w+|quantidades?|amounts?|numbers|figures|numeros|valores|dates?|datas?|times?"
    r"|horas?|prices?|precos|dia)\b"
)
"""Words of requests that want every figure of a text kept."""
_MAKES_A_LIST = re.compile(
    r"\b(?:array|csv|json|checklist|table|tabela|bullets?|topicos|column|coluna)\b"
)
_CHOOSES = (
    r"which|those|longer|shorter|over|under|above|below|start\w*|begin\w*|end\w*|filter|first|last"
    r"|top|except|without|remov\w+|dedup\w*|duplicat\w*|unique|distinct|quais|acima|abaixo|maior\w*"
    r"|menor\w*|comec\w+|termin\w+|primeir\w+|ultim\w+|exceto|sem|tir\w+|unic\w+"
)
"""Words of requests for a part of what they list."""
_PICKS = re.compile(rf"\b(?:{_CHOOSES}|only|just|so|apenas|menos|keys|chaves|fields|campos)\b")
"""Words of requests that leave some of the items out."""
_LINE_EACH = re.compile(
    r"\b(?:one (?:per|on each|a) line|each on (?:its|a) (?:own |new )?line|line by line"
    r"|(?:um|uma) (?:por|em cada) linha|cada (?:um|uma)? ?(?:na|em) (?:sua |uma )?linha)\b"
)
_FILTERS = re.compile(
    rf"\b(?:{_CHOOSES}|once|uma vez|repetid\w*|summar\w+|resum\w+|names?|nomes?|find|extract"
    r"|extra\w+)\b"
)
"""Words of requests in which not every line of the data has its own in the answer."""
_FEWEST_LINES = 2
_BETWEEN_ITEMS = re.compile(r"[,;\n]| e (?=\w+\W*$)| and (?=\w+\W*$)")
_FEWEST_ITEMS, _MOST_ITEMS, _ITEM_CHARS = 3, 20, 40
_CLOCK = re.compile(
    r"(?<![\d.,])\d{1,2}(?::\d{2}| ?h ?\d{0,2}\b)(?: ?[ap]\.?m\b)?|\b\d{1,2} ?[ap]m\b"
)
_GROUPS = re.compile(r"(?<![\w.,:/-])\+?\d(?:[ ().-]{0,2}\d){3,19}(?!\w)")
_RUN = re.compile(r"\d+")


def nothing_left_out(task: Task, kind: Kind, completion: Completion) -> CheckResult:
    """No long number is cut short; a translation or a rewriting keeps its figures, a reminder its
    hour and its day.

    Figures are compared by value: 1,500 is 1.500, 3:30 pm is 15h30.
    """
    if len(task.prompt) > _LONGEST_CHARS or kind is Kind.CODE:
        return CheckResult.found("left out", "not compared")
    if cut := _cut_number(task.prompt, completion.text):
        return CheckResult.found("left out", cut, EscalationReason.INCOMPLETE)
    plain = plain_text(task.prompt)
    if _carries(task, kind):
        missing = _missing_figure(plain, plain_text(completion.text))
        if missing:
            return CheckResult.found("left out", missing, EscalationReason.INCOMPLETE)
        return CheckResult.found("left out", "every figure of the text is in it")
    if missing := _missing_wish(task, plain, completion.text):
        return CheckResult.found("left out", missing, EscalationReason.INCOMPLETE)
    if _REMINDS.search(plain) and len(plain.split()) <= _ORDER_WORDS and _is_data(completion.text):
        missing = _missing_moment(plain, plain_text(completion.text))
        if missing:
            return CheckResult.found("left out", missing, EscalationReason.INCOMPLETE)
        return CheckResult.found("left out", "the day and the hour are in it")
    return CheckResult.found("left out", "nothing is cut short")


def _carries(task: Task, kind: Kind) -> bool:
    """Whether the answer says all that a text of the request says; a letter that is only told what
    to say has no such text."""
    if kind not in _CARRIES or (kind is Kind.REWRITING and not _HAS_TEXT.search(task.prompt)):
        return False
    return not _SHORTENS.search(plain_text(signals.read(task.prompt).instruction))


def _cut_number(request: str, answer: str) -> str:
    """A number of the answer that is the beginning of a longer one of the request."""
    longer = {digits for found in _GROUPS.findall(request) if len(digits := _digits(found)) >= 7}
    written = set(_RUN.findall(request)) | longer
    given = {_digits(found) for found in _GROUPS.findall(answer)} | set(_RUN.findall(answer))
    for number in sorted(given - written):
        for whole in sorted(longer):
            lost = len(whole) - len(number)
            if len(number) >= _CUT_DIGITS and 0 < lost <= _LOST_DIGITS and whole.startswith(number):
                return f"{number} is {whole} without its end"
    return ""


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _missing_wish(task: Task, request: str, answer: str) -> str:
    """What is not in an answer although the wish itself says that it is to be."""
    wish, said = plain_text(signals.read(task.prompt).instruction), plain_text(answer)
    if _KEEPS.search(wish) and (lost := _missing_figure(request, said, counts=True)):
        return lost
    reminds = _REMINDER.search(wish) and len(request.split()) <= _ORDER_WORDS
    if reminds and not HOURS_AWAY.search(request) and (lost := _missing_hour(request, said)):
        return lost
    return _missing_line(task.prompt, _lines_of(answer)) or _missing_item(task.prompt, said)


def _lines_of(answer: str) -> int:
    """Lines of an answer that say something; of a fenced one those inside."""
    return sum(bool(line.strip(" `")) for line in answer.strip().strip("`").splitlines())


def _missing_line(request: str, given: int) -> str:
    """Whether an answer that wants a line for each line of data has fewer."""
    first, *data = (line for line in request.strip().splitlines() if line.strip())
    wish = plain_text(first)
    if not _LINE_EACH.search(wish) or _FILTERS.search(wish) or len(data) < _FEWEST_LINES:
        return ""
    return f"{given} of {len(data)} lines have an answer" if given < len(data) else ""


def _missing_hour(request: str, answer: str) -> str:
    given = read_hours(answer)
    for clock in _CLOCK.finditer(request):
        now = _NOW.search(request, max(0, clock.start() - _NOW_CHARS), clock.start())
        if not now and not read_hours(clock[0]) & given:
            return f"the hour, {clock[0].strip()}, is not in it"
    return ""


def _missing_item(request: str, answer: str) -> str:
    """Which of the items that a request lists is lost, where nearly all of them are there."""
    head, _, listed = request.partition(":")
    wish = plain_text(head)
    if not listed or not _MAKES_A_LIST.search(wish) or _PICKS.search(wish):
        return ""
    items = [plain_text(one).strip(" .\"'“”") for one in _BETWEEN_ITEMS.split(listed)]
    items = [one for one in items if one]
    if not _FEWEST_ITEMS <= len(items) <= _MOST_ITEMS or max(map(len, items)) > _ITEM_CHARS:
        return ""
    lost = [one for one in items if not _words_of(one) & _words_of(answer)]
    if not 0 < len(lost) <= max(1, len(items) // 4):
        return ""
    return f"{lost[0]!r} of the list is not in it"


def _words_of(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text) if len(word) > 2 or word.isdigit()}


def _missing_figure(request: str, answer: str, *, counts: bool = False) -> str:
    given = read_figures(answer)
    hours = bool(_CLOCK.search(request) or _CLOCK.search(answer))
    for literal, *_ in FIGURE.findall(request):
        readings = readings_of(literal)
        small = not counts and any(
            figure <= _COUNTED or (hours and figure <= 24) for figure in readings
        )
        if readings and not small and not readings & given:
            return f"{literal} of the text is not in it"
    return ""


def _missing_moment(request: str, answer: str) -> str:
    if HOURS_AWAY.search(request):
        return ""  # what is written is the moment that it is counted from
    if missing := _missing_hour(request, answer):
        return missing
    if RELATIVE.search(request) or DAYS_AWAY.search(request):
        return ""  # the day is another than the ones that are written
    dates, _ = read_dates(request)
    days = {day for _, _, day in dates} - {None}
    if days and not days & {day for _, _, day in read_dates(answer)[0]}:
        return "the day of the request is not in it"
    return ""


def _is_data(text: str) -> bool:
    try:
        return isinstance(json.loads(text.strip().strip("`").removeprefix("json")), dict)
    except ValueError:
        return False
