"""Checks that an answer has the form that the request asked for, whoever wrote it.

Lenient where it is harmless: a code fence or quotation marks around the whole, a full stop at its
end, white space. What the form leaves open is not looked at.
"""

from __future__ import annotations

import csv
import json
import re
from io import StringIO
from typing import Any

import jsonschema

from agents.checks.prose_language import speaks
from agents.schema_in_words import bare_json
from router.classify.code_language import fenced_blocks, without_blocks
from router.form.request import plain_of
from router.types.completion import Completion
from router.types.decision import EscalationReason
from router.types.form import Form, FormShape
from router.types.result import CheckResult

NAME = "form"

_FENCE = "```"
_QUOTES = "\"'`“”«»‘’*"
_SPACES = str.maketrans("\u00a0\u202f\u2009", "   ")
_INTRODUCES = re.compile(
    r"(?:sure|certainly|of course|okay|ok|absolutely|got it|here(?:'s| is| are| you)|claro"
    r"|the (?:corrected|translated|final|new|requested) |com certeza|certamente|perfeito|segue"
    r"|aqui (?:esta|vai|vao|estao|tem)|abaixo|a (?:frase|traducao|resposta) )[^\n]{0,120}:[ \t]*\n"
)
_SENTENCE_END = re.compile(
    r"(?<![.!?…])[.!?…]++[\"'”»)\]]*+(?=\s[\s\"'“«(\[¿¡]*+[A-ZÀ-Ý0-9]|\s*+\Z)"
)
_ABBREVIATED = re.compile(
    r"\b(?:mr|mrs|ms|dr|dra|sr|sra|prof|st|no|nr|vs|etc|e\.g|i\.e|p\.ex|ex|art|av|jr|inc|ltd|ltda|a\.m"
    r"|p\.m|[a-z]|\d+)\.$",
    re.IGNORECASE,
)
_LISTED = re.compile(r"^[ \t]*(?:[-*•–+]|\d{1,3}[.)])[ \t]+\S", re.MULTILINE)
_RULE_CHARS = frozenset("|:- \t")
_WRONG_CASE_SHARE = 0.03
_LANGUAGES = {"en": "English", "pt": "Portuguese"}
_SHOWN_CHARS = 60
_VALUES = {
    FormShape.NUMBER: "a number",
    FormShape.DATE: "a date",
    FormShape.TIME: "a time",
    FormShape.PHONE: "a telephone number",
    FormShape.MONEY: "an amount",
}


def in_form(form: Form, completion: Completion) -> CheckResult | None:
    """Whether the answer has the form; None where nothing of the form can be checked here.

    A form that was `given` as a schema is checked against the schema, not here.
    """
    text = completion.text
    if form.given or not text.strip():
        return None
    problem = _problem(form, text)
    if problem is None:
        return None
    reason = EscalationReason.FORM if problem else None
    return CheckResult.found(NAME, problem or "has the form that was asked for", reason)


def _problem(form: Form, text: str) -> str | None:
    """What is wrong, in words; empty where nothing is, None where nothing can be told."""
    found = [check for check in (_of_shape(form, text), _of_text(form, text)) if check is not None]
    return next((problem for problem in found if problem), "" if found else None)


def _of_shape(form: Form, text: str) -> str | None:
    match form.shape:
        case FormShape.JSON:
            return _json(form, text)
        case FormShape.LABEL:
            return _label(form, text)
        case FormShape.CODE:
            return _code(form, text)
        case FormShape.TABLE:
            return _table(form, text)
        case FormShape.CSV:
            return _csv(form, text)
        case FormShape.LIST:
            return _list(form, text)
        case FormShape.TEXT:
            return _alone(form, text)
    return _value(form, text)


def bare(text: str) -> str:
    """The text without a fence or quotation marks around the whole of it."""
    inner = _unfenced(text).translate(_SPACES).strip()
    if len(inner) > 1 and inner[0] in _QUOTES and inner[-1] in f"{_QUOTES}.":
        inner = inner.strip(f"{_QUOTES} ")
    return inner


def _unfenced(text: str) -> str:
    """The content of the one fence that the whole text is; else the text."""
    body = text.strip()
    first, _, rest = body.partition("\n")
    whole = first.startswith(_FENCE) and rest.endswith(_FENCE) and body.count(_FENCE) == 2
    return rest.removesuffix(_FENCE).rstrip() if whole else text


def _shown(text: str) -> str:
    flat = " ".join(text.split())
    return repr(flat if len(flat) <= _SHOWN_CHARS else f"{flat[: _SHOWN_CHARS - 3]}...")


def _json(form: Form, text: str) -> str:
    try:
        value: Any = json.loads(_unfenced(text))
    except ValueError as error:
        inside = bare_json(text)
        if inside == text:
            return f"JSON was asked for: {error}"
        if form.alone:
            return "only JSON was asked for, and there is text around it"
        value = json.loads(inside)
    if form.json_schema is None:
        return ""
    problem = jsonschema.exceptions.best_match(
        jsonschema.Draft202012Validator(form.json_schema).iter_errors(value)
    )
    if problem is None:
        return ""
    at = "/".join(str(part) for part in problem.absolute_path)
    return f"{problem.message}{f' (at {at})' if at else ''}, as the request names it"


def _label(form: Form, text: str) -> str:
    body = plain_of(bare(text)).strip(" .!;:")
    labels = {plain_of(label): label for label in form.labels}
    given = [part.strip(f" .{_QUOTES}") for part in re.split(r"[,;\n|/]|\b(?:and|e)\b", body)]
    given = [part for part in given if part]
    several = form.several and bool(given) and all(part in labels for part in given)
    if body in labels or several:
        return ""
    named = [label for label in labels if re.search(rf"(?<!\w){re.escape(label)}(?!\w)", body)]
    if named and not form.alone and form.max_words is None:
        return ""
    wanted = ", ".join(form.labels)
    which = "some" if form.several else "one"
    return f"the answer is {_shown(text)}, {which} of {wanted} was asked for"


def _value(form: Form, text: str) -> str | None:
    if form.pattern is None:
        return None
    body = bare(text)
    number = form.shape is FormShape.NUMBER
    tries = {body, body.rstrip("."), body.strip(" %$€£R") if number else body}
    if any(re.fullmatch(form.pattern, one) for one in tries):
        return ""
    if not form.alone and re.search(rf"(?<!\w){form.pattern}(?!\w)", body):
        return ""
    wanted = form.layout or _VALUES[form.shape]
    only = "only " if number and form.alone else ""
    return f"the answer is {_shown(text)}, {only}{wanted} was asked for"


def _code(form: Form, text: str) -> str | None:
    if _FENCE not in text:
        return _alone(form, text)
    around = " ".join(without_blocks(text).split())
    if form.alone and len(around.split()) > 2:
        return f"only code was asked for, and there is text around it: {_shown(around)}"
    return ""


def _table(form: Form, text: str) -> str:
    if "<table" in text.lower():
        return ""
    rows = [row for row in text.splitlines() if "|" in row and not _RULE_CHARS.issuperset(row)]
    if len(rows) < 2 and "\t" not in text:
        return "a table was asked for, and there is none"
    if form.columns and rows:
        missing = _missing_columns(form.columns, rows[0].split("|"))
        if missing:
            return f"the table has no column {missing!r}"
    return ""


def _csv(form: Form, text: str) -> str:
    fenced = fenced_blocks(text)
    if form.alone and fenced and without_blocks(text).strip():
        return "only CSV was asked for, and there is text around it"
    body = (fenced[0].code if fenced else text).strip()
    try:
        dialect: Any = csv.Sniffer().sniff(body[:2000], delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel
    rows = [row for row in csv.reader(StringIO(body), dialect) if row]
    if not rows or max(len(row) for row in rows) < 2 <= max(len(form.columns), 2):
        return "CSV was asked for, and there are no columns"
    if form.columns and (missing := _missing_columns(form.columns, rows[0])):
        return f"the CSV has no column {missing!r}"
    widths = {len(row) for row in rows}
    if form.alone and len(widths) > 1:
        return "the rows of the CSV have different numbers of columns"
    return ""


def _missing_columns(columns: tuple[str, ...], header: list[str]) -> str:
    written = {plain_of(cell).strip(f" {_QUOTES}") for cell in header}
    return next((name for name in columns if plain_of(name) not in written), "")


def _list(form: Form, text: str) -> str | None:
    if form.items is None:
        return None
    count = len(_LISTED.findall(text))
    if not count:
        lines = [line for line in bare(text).splitlines() if line.strip()]
        count = len(lines) if len(lines) > 1 else len(re.split(r"[,;]", bare(text)))
    if count == form.items:
        return ""
    return f"the list has {count} items, {form.items} were asked for"


def _alone(form: Form, text: str) -> str | None:
    if not form.alone:
        return None
    if _INTRODUCES.match(plain_of(text[:200].lstrip())):
        return f"it begins with an introduction, {_shown(text.lstrip().splitlines()[0])}"
    return ""


def _of_text(form: Form, text: str) -> str | None:
    """Length, case and language."""
    body = bare(text)
    checked = False
    for unit, count, least, most in (
        ("words", len(_words(body)), form.min_words, form.max_words),
        ("sentences", _sentences(body), None, form.max_sentences),
        ("characters", len(body), None, form.max_chars),
        ("lines", len([line for line in body.splitlines() if line.strip()]), None, form.max_lines),
    ):
        checked = checked or least is not None or most is not None
        if most is not None and count > most:
            return f"the answer has {count} {unit}, at most {most} were asked for"
        if least is not None and count < least:
            return f"the answer has {count} {unit}, at least {least} were asked for"
    if form.case is not None:
        checked = True
        if _wrong_case(form.case, body):
            return f"the answer is not in {form.case} case"
    if form.language in _LANGUAGES:
        found = speaks(body, form.language)
        checked = checked or found is not None
        if found is False:
            return f"the answer is not in {_LANGUAGES[form.language]}, as asked"
    return "" if checked else None


def _words(text: str) -> list[str]:
    return [word for word in text.split() if any(char.isalnum() for char in word)]


def _sentences(text: str) -> int:
    """How many there are for sure: a stop after an abbreviation or a number ends none."""
    ends = list(_SENTENCE_END.finditer(text))
    count = sum(not _ABBREVIATED.search(text[: match.start() + 1][-12:]) for match in ends[:-1])
    return count + 1


def _wrong_case(case: str, text: str) -> bool:
    if case == "title":
        words = [word for word in _words(text) if len(word) > 4 and word[0].isalpha()]
        return sum(word[0].islower() for word in words) > len(words) * _WRONG_CASE_SHARE
    letters = [char for char in text if char.isalpha() and char.lower() != char.upper()]
    wrong = sum(char.islower() if case == "upper" else char.isupper() for char in letters)
    return wrong > len(letters) * _WRONG_CASE_SHARE
