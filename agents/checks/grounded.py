"""Checks that every value of an extraction occurs in the source text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from agents.checks.code import is_code
from agents.checks.dates import DAYS_AWAY, HOURS_AWAY
from agents.checks.source import Source, plain_text
from agents.nano.lexicon import fold
from router.classify import signals
from router.classify.code_language import fenced_blocks
from router.types.completion import Completion
from router.types.decision import EscalationReason, Kind
from router.types.result import CheckResult
from router.types.task import Task

_JUDGED = re.compile(
    r"sentiment|categor|classif|\btype|\btipo|intent|priorit|prioridade|language|idioma|topic"
    r"|assunto|label|etiqueta|class\b|classe|status|summary|resumo|reason|motivo|tone\b|tom\b"
    r"|urgen|severity|gravidade|confidence|confianca|gender|genero|descri|explan|explica|note\b"
    r"|count\b|^num\b|number of|quantidade de|numero de|quantos|^has |^is |relation|relacao"
)
"""Names of fields that ask for a judgement or a count, not for a copy."""
_ABSENT = re.compile(
    r"null|none|n/a|na|nil|unknown|missing|true|false|yes|no|sim|nao|ausente|desconhecid[oa]"
    r"|(?:not|nao|none|nenhum\w*|no) .{1,30}|sem .{1,20}"
)
_TRANSFORMED = re.compile(
    r"\b(?:translat|traduz|infer|guess|adivinh|paraphras|parafras|rewrit|reescrev|summar|resum"
    r"|classif|categor|sentiment|label|rotul|\btag\b|tone\b|analy[sz]|analis|anonymi|anonimi"
    r"|redact|mask|generat|suggest|sugir)"
)
_COMPUTED = re.compile(
    r"\b(?:how many|count|number of|sum|average|calculat|compute|convert|round|difference|age"
    r"|quant[oa]s|conte|conta[rg]|numero de|soma|somar|some|media|calcul|arredond|diferenca|idade"
    r"|duration|duracao)\b"
)
_COUNTS = re.compile(r"\b(?:how many|quant[oa]s)\b")
_MOMENT = re.compile(
    r"\d{4}-\d\d|\d{1,2}[:h/.]\d\d|\d{1,2} ?[ap]\.?m\b"
    r"|\b(?:jan|feb|fev|mar|apr|abr|may|mai|jun|jul|aug|ago|sep|set|oct|out|nov|dec|dez)\w*",
    re.IGNORECASE,
)
_ASKED_CHARS = 2000
_WORK_CHARS = 50_000_000
"""Characters of the text times values compared: half a second on a slow machine."""
_VALUE_TOKENS = 8
_COPULA = re.compile(r"\s(?:is|are|was|were|é|e'|são|foi|era)\s|:\s", re.IGNORECASE)
_CLAUSE = re.compile(
    r"^(?:yes|no|sim|nao)\b"
    r"|\b(?:gives?|says?|states?|mentions?|has|have|there (?:is|are)|da|diz|indica|refere|menciona"
    r"|tem|ha|existem?|aparecem?)\b"
)
"""A verb before a colon: what follows is a sentence, and no value of a name."""
_BULLET = re.compile(r"^\s{0,12}(?:[-*•>]\s|\(?\d{1,3}[.)]\s)?\s{0,4}")
_FACT = re.compile(
    r"[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,32}){1,4}|(?<!\w)\d{4}-\d\d-\d\d(?!\w)"
    r"|(?<=[a-z,] )[A-ZÀ-Ý][\w'-]{1,40}(?: (?:d[aeo]s? )?[A-ZÀ-Ý][\w'-]{1,40}){1,4}"
    r"|(?<![\w.,])\d{1,20}(?:[.,]\d{1,9}){0,9}(?!\w)"
)
_COUNTED = 12
_SHOWN_CHARS = 60


@dataclass(frozen=True, slots=True)
class _Value:
    """A value of an answer: the names of its fields, and what stands there.

    number: it is a JSON number, of which `text` is the literal. fact: it was found in a sentence.
    """

    key: str
    text: str
    number: bool = False
    fact: bool = False


@dataclass(frozen=True, slots=True)
class _Literal:
    """A JSON number as it is written: 1.50 is not 1.5 in every text."""

    text: str


def grounded(task: Task, kind: Kind, completion: Completion) -> CheckResult:
    """Every value of an extraction's answer occurs in the task's text, in some spelling.

    Exempt are booleans, nulls, labels that the schema names, words for "not given", and fields
    whose name asks for a judgement or a count. A sentence is held to its figures, addresses and
    names. In a session a value may come from an earlier turn, which is not seen here.
    """
    if kind is not Kind.EXTRACTION:
        return CheckResult.found("grounded", "not an extraction")
    instruction = plain_text(signals.read(task.prompt).instruction)
    if _TRANSFORMED.search(instruction):
        return CheckResult.found("grounded", "not compared: the task asks for more than copies")
    if is_code(completion.text):
        return CheckResult.found("grounded", "not compared: the answer is code")
    text = task.prompt if task.system is None else f"{task.prompt}\n{task.system}"
    values = list(dict.fromkeys(_values(completion.text)))
    if not values:
        return CheckResult.found("grounded", "no value to compare")
    source, labels = Source.read(text), _labels(task.json_schema)
    asked = plain_text(task.prompt[:_ASKED_CHARS])
    computed = bool(_COMPUTED.search(instruction) or _COUNTS.search(asked))
    moved = DAYS_AWAY.search(asked) or HOURS_AWAY.search(asked)
    compared = 0
    for value in values:
        if _exempt(value, labels, computed=computed) or (moved and _MOMENT.search(value.text)):
            continue
        if compared * len(text) > _WORK_CHARS:
            return CheckResult.found(
                "grounded", f"the first {compared} of {len(values)} values occur in the text"
            )
        compared += 1
        if source.holds_number(value.text) if value.number else source.holds(value.text):
            continue
        at = f" ({_shortened(value.key)[1:-1]})" if value.key else ""
        finding = f"{_shortened(value.text)}{at} does not occur in the text"
        if task.session is not None:
            return CheckResult.found("grounded", f"{finding}; an earlier turn may hold it")
        return CheckResult.found("grounded", finding, EscalationReason.UNFAITHFUL)
    return CheckResult.found("grounded", f"{compared} compared, all occur in the text")


def _shortened(text: str) -> str:
    """A text for a finding: quoted, and with escapes for what cannot be encoded."""
    return repr(text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 3] + "...")


def _exempt(value: _Value, labels: frozenset[str], *, computed: bool) -> bool:
    text, key = value.text.strip().casefold(), fold(re.sub(r"[_\W]+", " ", value.key))
    if value.text in labels or text in labels or _JUDGED.search(key):
        return True
    if value.number and (computed or text in ("0", "0.0")):
        return True
    if computed and text.isdigit():
        return True
    plain = fold(text).strip(" .")
    if value.fact and plain.isdigit() and len(plain) < 3 and int(plain) <= _COUNTED:
        return True
    return _ABSENT.fullmatch(plain) is not None


def _labels(schema: dict[str, Any] | None) -> frozenset[str]:
    """The values that a schema itself names: enums, constants, defaults, words of descriptions."""
    found: set[str] = set()
    stack: list[Any] = [schema]
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            stack.extend(node)
        if not isinstance(node, dict):
            continue
        for name in ("const", "default", "enum", "examples"):
            given = node.get(name)
            found.update(str(v) for v in (given if isinstance(given, list) else [given]))
        described = node.get("description")
        if isinstance(described, str):
            found.update(re.findall(r"[\w-]+", described.casefold()))
        stack.extend(node.values())
    return frozenset(found | {label.casefold() for label in found})


def _values(answer: str) -> Iterator[_Value]:
    """The values of a JSON answer, or of the lines of any other."""
    blocks = fenced_blocks(answer)
    body = (blocks[0].code if blocks else answer).strip()
    parsed: Any = None
    if body[:1] in ("{", "[", '"'):
        try:
            parsed = json.loads(body, parse_int=_Literal, parse_float=_Literal)
        except (ValueError, RecursionError):
            parsed = None
    if parsed is not None:
        yield from _json_values(parsed)
        return
    for line in body.splitlines():
        bare = _BULLET.sub("", line, count=1).strip().strip('*_`"“”').strip()
        if bare:
            yield from _line_values(bare)


def _json_values(parsed: Any) -> Iterator[_Value]:
    stack: list[tuple[str, Any]] = [("", parsed)]
    while stack:
        key, node = stack.pop()
        if isinstance(node, dict):
            stack.extend((f"{key[-80:]}.{name}" if key else name, v) for name, v in node.items())
        elif isinstance(node, list):
            stack.extend((key, item) for item in node)
        elif isinstance(node, _Literal):
            yield _Value(key, node.text, number=True)
        elif isinstance(node, str) and node.strip():
            yield _Value(key, node)


def _line_values(line: str) -> Iterator[_Value]:
    """A short line is a value, with its name before a colon; a sentence holds facts."""
    parts = [line] if len(line) > 400 else _COPULA.split(line)
    short = parts[-1].strip(' .*_`"“”')
    key = line[: line.rfind(parts[-1])] if len(parts) > 1 else ""
    clause = _CLAUSE.search(plain_text(key)) is not None
    sentence = clause or (line.endswith((".", "!", "?")) and len(line.split()) > 3)
    if not key and not sentence and len(line.split()) <= _VALUE_TOKENS:
        yield _Value("", line)
    elif (
        not clause
        and key
        and len(short.split()) <= _VALUE_TOKENS
        and len(key.split()) <= _VALUE_TOKENS
    ):
        yield _Value(key.rstrip(" :"), short)
    else:
        for fact in _FACT.findall(line):
            yield _Value("", fact, fact=True)
