"""Checks that an answer obeys the request, and not an order that stands in the pasted text."""

from __future__ import annotations

import re

from agents.checks.source import plain_text
from router.classify import signals
from router.types.completion import Completion
from router.types.decision import EscalationReason, Kind
from router.types.result import CheckResult
from router.types.task import Task

_READER = (
    r"(?:ai|assistant|llm|(?:language |ai )?model|bot|ia|assistente|modelo(?: de linguagem)?"
    r"|machine)"
)
_TAKEOVER = re.compile(
    r"(?:ignor\w*|disregard|forget|overlook|desconsider\w*|esquec\w*|despre[zs]\w*)\b.{0,40}"
    r"\b(?:instruc\w+|instruction\w*|prompt|rules?|regras?|orders?|ordens|above|acima|previous"
    r"|anterior\w*|task|tarefa|everything|tudo)"
    rf"|\b(?:system|(?:note|attention|message|nota|atencao|mensagem)\W{{1,3}}"
    rf"(?:(?:to|for|para|a|ao|o|the)\W{{1,2}}){{0,2}}{_READER}s?)\s?[:-]"
    r"|\b(?:new|real|actual|nov[ao]s?|verdadeir[ao]s?) "
    r"(?:instructions?|task|instruc\w+|tarefa|ordem)"
    r"|\byou (?:are|must) now\b|\b(?:agora|a partir de agora),? (?:voce|tu|es|deves?)\b"
    rf"|\b{_READER}s?\b.{{0,30}}\b(?:must|should|reading this|deve|que le|ao ler)\b"
)
"""Speaks to whoever processes the text, instead of being the text."""

_TO_THE_READER = re.compile(
    rf"(?:note|attention|message|notice|warning|hint|nota|atencao|mensagem|aviso|recado|instruc\w+"
    rf"|instruction)\W{{1,3}}(?:(?:to|for|para|a|ao|aos|o|the|any|quem|qualquer)\W{{1,2}}){{0,2}}"
    rf"(?:{_READER}s?|system|sistema)\b[^\n]{{0,200}}"
    rf"|(?:^|[.!?\n<\[(>-] ?){_READER}s?[,:] [^\n]{{0,200}}"
    rf"|\bimportant(?:e)? (?:for|para|a) (?:os |as |all )?{_READER}s?\b[^\n]{{0,200}}"
    rf"|\bif you(?: are|'re) an? {_READER}\b[^\n]{{0,200}}"
    rf"|\bse (?:es|fores|for|voce e) uma? {_READER}\b[^\n]{{0,200}}"
)
"""What is said to a machine that reads the text, and to nobody else."""
_OWN_WORDS = 2
_CONTENT_WORD = re.compile(r"[a-z0-9]{4,}")
_PAYLOAD = re.compile(
    r"\b(?:reply|answer|respond|say|write|output|print|return"
    r"|(?:classify|label|mark)(?: it| this)? as|respond[ae]|diga|diz|escrev[ae]|imprima|devolva"
    r"|(?:classifique|marque)(?: isto| isso)? como)\s"
    r"(?:(?:only|just|exactly|simply|with|the word|the text|apenas|so|somente|exatamente|com"
    r"|a palavra|o texto)[ :]+){0,4}[:\s]*[\"'“«]?([^\"'”».,;!?\n]{2,60})"
)
_SPAN_CHARS = 240
_CHARS = 20_000


def not_injected(task: Task, kind: Kind, completion: Completion) -> CheckResult:
    """Where the pasted text gives orders to its reader, the answer is not what they order."""
    said = " ".join(plain_text(completion.text).split()).strip(" .!\"'`")
    material = plain_text(_material(task.prompt))
    spans = [
        material[max(0, found.start() - 20) : found.end() + _SPAN_CHARS]
        for found in _TAKEOVER.finditer(material)
    ]
    if kind is not Kind.CODE and (why := _obeyed(material, said)):
        return CheckResult.found("injected", why, EscalationReason.INJECTED)
    if not spans or kind is Kind.CODE:
        return CheckResult.found("injected", "the text gives no orders")
    for span in spans:
        for found in _PAYLOAD.finditer(span):
            ordered = " ".join(found[1].split()).strip(" .!\"'`")
            if ordered and (said == ordered or said.startswith(f"{ordered} ")):
                finding = f"it says {ordered[:40]!r}, as an order inside the pasted text demands"
                return CheckResult.found("injected", finding, EscalationReason.INJECTED)
            if len(ordered.split()) > 1 and ordered in said:
                finding = f"it holds {ordered[:40]!r}, as an order inside the pasted text demands"
                return CheckResult.found("injected", finding, EscalationReason.INJECTED)
    return CheckResult.found("injected", "it does not follow the orders in the text")


def _obeyed(material: str, said: str) -> str:
    """Why an answer seems to do what a machine is told in the text; empty where it does not.

    It has words in common with that order and none with all the rest, or with neither.
    """
    orders = " ".join(found[0] for found in _TO_THE_READER.finditer(material))
    if not orders:
        return ""
    elsewhere = set(_CONTENT_WORD.findall(_TO_THE_READER.sub(" ", material)))
    words = set(_CONTENT_WORD.findall(said))
    own = words & set(_CONTENT_WORD.findall(orders)) - elsewhere
    follows = said in orders or len(own) >= _OWN_WORDS or bool(own and own >= words)
    if follows or not words & elsewhere:
        return "the text gives an order to machines that read it, and the answer may follow it"
    return ""


def _material(prompt: str) -> str:
    """The prompt without what its own words ask for, at the beginning or the end."""
    instruction = signals.read(prompt[:_CHARS]).instruction
    first = instruction.split("\n")[0]
    if first and prompt.lstrip().startswith(first):
        return prompt.lstrip()[len(first) : _CHARS]
    return prompt[:_CHARS]
