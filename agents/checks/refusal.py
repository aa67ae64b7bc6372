"""Recognises an answer that declines to answer, in English and Portuguese."""

from __future__ import annotations

import re

from agents.checks.source import plain_text
from router.types.completion import Completion
from router.types.decision import EscalationReason, Kind
from router.types.result import CheckResult
from router.types.task import Task

_OPENING_CHARS = 300
_PROMPT_CHARS = 1000
_SHOWN_CHARS = 60


def _any(*phrases: str) -> str:
    """A group that matches one of the phrases; a phrase is a regular expression."""
    return f"(?:{'|'.join(phrases)})"


_MACHINE = _any(
    r"as an? (?:ai|artificial intelligence|(?:large )?language model|assistant|llm)\b",
    r"\bi(?: a|')m (?:just |only |merely )?an? (?:ai|language model|virtual assistant|chatbot)\b",
    r"\b(?:como|enquanto|sendo|por ser)(?: uma?)? "
    r"(?:ia|inteligencia artificial|modelo de (?:linguagem|lingua|ia)|assistente(?: virtual)?)\b",
    r"\bmy (?:capabilit\w+|abilit\w+|knowledge) (?:is|are) limited\b",
    r"\b(?:as )?minhas capacidades sao limitadas\b",
    r"\bsou (?:apenas |so |somente )?uma? "
    r"(?:ia|inteligencia artificial|modelo de linguagem|assistente virtual|chatbot)\b",
)
"""Speaks of itself as a machine, as only one does that declines."""

_REGRET = _any(
    r"i(?: a|')m (?:so |very |really |truly |terribly )?(?:sorry|afraid)",
    r"(?:i (?:sincerely |deeply )?apologi[sz]e|(?:my (?:sincere )?)?apologies|sorry|i regret)",
    r"(?:unfortunately|regrettably|sadly)",
    r"(?:desculp[ae]|peco (?:imensa )?desculpas?|(?:as )?minhas desculpas|perdao|perdoe)",
    r"(?:lamento|sinto muito|infelizmente|lamentavelmente|receio|temo)",
)

_CANNOT = _any(
    r"i (?:simply |really |just |also )?(?:can(?:no|'|)t|can not|could(?: not|n't)|wo(?:n't|nt)"
    r"|will not|wouldn't|would not|do not|don't|am not|am unable)",
    r"i'm (?:unable|not)",
    r"(?:que )?nao (?:possa|consiga)",
    r"(?:eu )?nao (?:e possivel|me e possivel|posso|consigo|poderei|podemos|vou poder|sou capaz"
    r"|tenho|estou|devo|disponho)",
    r"(?:sou|estou) incapaz",
    r"(?:it(?: i|')s|that(?: i|')s|this is) (?:not possible|impossible)",
)

_DOING = _any(
    r"(?:help|assist|answer|respond|provide|fulfil|comply|complete|process|generate|create|write"
    r"|translate|extract|determine|access|browse|open|view|perform|discuss|engage|offer|support"
    r"|share|produce|give|see)\b",
    r"(?:do|handle) (?:that|this|it)\b",
    r"(?:have|enough|sufficient|any) (?:access|information|context|details|data|ability)\b",
    r"(?:the ability|able|allowed|permitted|programmed|designed|trained|equipped|in a position)\b",
    r"(?:ajud|auxili|respond|fornec|atend|cumpr|complet|process|gera|cria|escrev|traduz|extra"
    r"|determin|aced|acess|naveg|abri|ver |realiz|faze|dar |discut|oferec|produz|execut|prest)",
    r"(?:acesso|informac\w+|contexto|dados|capacidade|autorizad[oa]|habilitad[oa]|condicoes"
    r"|permissao|suficiente)",
)

_POLITE = (
    r"(?:(?:thank you|thanks|obrigad[oa]|that's a|great question|i understand|i see|compreendo"
    r"|entendo|agradeco)[^.!,]{0,50}[.!,]\W*(?:but|however|contudo|no entanto|mas|porem)?\W*)"
)
"""Courtesies before it."""

_OUTRIGHT = _any(
    r"i(?: (?:must|have to|need to|will have to|would rather|would prefer to)|'d rather)"
    r"(?: respectfully)? (?:decline|refuse|not)\b",
    r"i(?: do not|'? ?don't) (?:know|understand|feel comfortable)\b",
    r"i have no (?:information|access|knowledge|way|data)\b",
    r"(?:that|this|your request|the request)(?:'s| is| goes| falls) "
    r"(?:something i can't|beyond|outside)",
    r"(?:there is|there's) (?:not enough|no|insufficient) (?:information|context|data)\b",
    r"(?:eu )?(?:nao (?:sei|entendi|compreendi|me sinto)|prefiro nao|(?:tenho de|devo) recusar)\b",
    r"(?:isso|isto|ess[ae] (?:pedido|solicitacao)|este pedido) "
    r"(?:esta |vai )?(?:fora|alem|para la)",
    r"nao ha (?:informac\w+|contexto|dados) (?:suficiente|bastante)",
)

_THE_REQUEST = _any(
    r"(?:help|assist)(?: you)? with\b",
    r"(?:fulfil|comply with|complete|process) (?:that|this|your|the)\b",
    r"(?:write|create|generate|translate|provide) (?:that|this|such|an?|the|any)\b",
    r"(?:ajud\w+|auxili\w+)(?: voce)? (?:com|nisso|nisto|nesse|neste)\b",
    r"(?:atender|cumprir|processar) (?:a |o )?(?:ess|est|seu|sua|pedido)",
    r"(?:escrever|criar|gerar|traduzir|fornecer) (?:ess|est|[oa] |um|conteudo|tal)",
)

_SPEAKS_AS_MACHINE = re.compile(_MACHINE)
_DECLINES = re.compile(
    rf"\W*(?:oh|well|hm+|bem|olh[ae]|ah)?\W*{_POLITE}?"
    rf"(?:{_REGRET}.{{0,40}}?)?(?:{_CANNOT}(?:\W*$|.{{0,40}}?{_DOING})|{_OUTRIGHT})"
)
_DECLINES_TO_WRITE = re.compile(
    rf"\W*(?:{_REGRET}.{{0,20}}?)?(?:{_CANNOT}.{{0,20}}?{_THE_REQUEST}|i must (?:decline|refuse))"
)
_LETTER = re.compile(
    r"\b(?:repl(?:y|ies)|answer (?:to|him|her|them)|e-?mail|message|letter|note|text (?:him|her|my)"
    r"|declin\w*|apolog\w*|excuse|sorry|resposta|respond[aeo]r?|mensagem|carta|bilhete|recado"
    r"|recus\w*|desculp\w*|convite|invitation|whatsapp|sms)\b"
)
"""A request for somebody's own words, of which "I'm afraid I can't come" may be the right ones."""

_DECLINED_ABROAD = re.compile(
    r"\b(?:no puedo|no podemos|lo siento|lamentamos|je ne peux|desole\w*|nous ne pouvons|leider"
    r"|kann (?:ich )?nicht|tut mir leid|non posso|non possiamo|mi dispiace|spiacent\w"
    r"|nao (?:posso|podemos"
    r"|consigo|conseguimos)|lamento|infelizmente|sorry|can(?:no|'|)t|unable|unfortunately|regret)\b"
)
"""A text that declines something itself, which its translation must do too."""

_OWN_WORDS = frozenset({Kind.WRITING, Kind.REWRITING, Kind.TRANSLATION})


_QUOTED = re.compile(r"\"([^\"]{20,})\"|“([^”]{20,})”|«([^»]{20,})»")


def _is_source(task: Task, opening: str) -> bool:
    """Whether a quoted text of the request is about as long as the answer: its translation."""
    lengths = [len(next(filter(None, found.groups()))) for found in _QUOTED.finditer(task.prompt)]
    return any(length / 2 <= len(opening) <= 2 * length for length in lengths)


def not_a_refusal(task: Task, kind: Kind, completion: Completion) -> CheckResult:
    """It does not decline to answer, as its opening would say.

    Where somebody's own words were asked for, only what declines the request itself counts.
    """
    opening = plain_text(completion.text[:_OPENING_CHARS]).replace("’", "'")
    opening = " ".join(opening.split())
    prompt = plain_text(task.prompt[:_PROMPT_CHARS])
    in_own_words = kind in _OWN_WORDS or _LETTER.search(prompt) is not None
    if kind is Kind.TRANSLATION and (_DECLINED_ABROAD.search(prompt) or _is_source(task, opening)):
        return CheckResult.found("refusal", "the text that is translated declines something")
    declines = _DECLINES_TO_WRITE if in_own_words else _DECLINES
    if not declines.match(opening) and not _SPEAKS_AS_MACHINE.search(opening):
        return CheckResult.found("refusal", "not a refusal")
    shown = " ".join(completion.text.split())[:_SHOWN_CHARS].strip()
    return CheckResult.found("refusal", f'begins with "{shown}"', EscalationReason.REFUSAL)
