"""Recognises an answer that says again what the model was shown."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.checks.source import plain_text
from router.classify import signals
from router.types.completion import Completion
from router.types.decision import EscalationReason, Kind
from router.types.result import CheckResult
from router.types.task import Message, Task

_RUN_WORDS = 8
"""As many words in a row of somebody's instructions are no coincidence."""
_LEAST_WORDS = 4
_CHARS = 20_000

_WORD = re.compile(r"\w+")
_ASKS_FOR_IT = re.compile(
    r"\b(?:repeat|again|verbatim|word for word|as (?:it )?is|unchanged|copy|quote|echo|restate"
    r"|proofread|correct|fix|spell|grammar|format|repita|repete|repetir|outra vez|de novo|novamente"
    r"|tal e qual|copie|copia|corrig\w+|corrij\w+|revis\w+|revej\w+|gramatic\w*|ortogra\w*)\b"
)
"""Words of requests that a right answer may repeat."""
_CHANGED = frozenset({Kind.REWRITING, Kind.SUMMARISATION})
_CHANGES = re.compile(
    r"\b(?:simpl\w+|short\w*|brief\w*|formal\w*|informal|polite\w*|friendl\w+|rephras\w+|rewrit\w+"
    r"|rewrote|paraphras\w+|summar\w+|condense|sound|plain|resum\w+|encurt\w+|reescrev\w+|reformul\w+"
    r"|parafras\w+|mais curt\w+|educad\w+|cordial|clar[oa])\b"
)
"""Words of requests after which the text cannot stay as it is."""
_MOST_OF_IT = 0.8
_TAKES = re.compile(
    r"\b(?:extract\w*|extra[ií]\w*|who|what|which|when|where|how|quem|qual|quais|quando|onde|quanto"
    r"|reply|answer|respond\w*|tell|give|d[aá]|diz|diga|list\w*)\b"
)
"""Words of requests for a part of a text, or for something of one's own about it."""
_EDITS = re.compile(r"\b(?:remov\w+|replac\w+|delet\w+|tir\w+|retir\w+|substitu\w+|troc\w+)\b")
_TEXT_WORDS, _NEARLY_ALL = 14, 0.9
_TRANSLATES = re.compile(
    r"\b(?:translat\w*|tradu\w+|verta|verte|(?:in|to|into|em|para|pra) (?:english|portuguese"
    r"|spanish"
    r"|french|german|italian|ingles|portugues|espanhol|frances|alemao|italiano))\b"
)


def not_an_echo(
    task: Task,
    kind: Kind,
    completion: Completion,
    *,
    system: str = "",
    turns: Sequence[Message] = (),
) -> CheckResult:
    """It does not repeat the request, the system prompt, or an earlier answer of the session.

    system: what the model was told. turns: of the session, oldest first. Material that was given
    with the request may stand in an answer; the instruction may not.
    """
    said = _words(completion.text)
    asked = _words(task.prompt)
    if len(said) < _LEAST_WORDS or _ASKS_FOR_IT.search(" ".join(asked)):
        return CheckResult.found("echo", "nothing is repeated")
    if found := _echoed(task, kind, said, asked, _words(system), turns):
        return CheckResult.found("echo", found, EscalationReason.ECHO)
    return CheckResult.found("echo", "nothing is repeated")


def _echoed(
    task: Task,
    kind: Kind,
    said: list[str],
    asked: list[str],
    told: list[str],
    turns: Sequence[Message],
) -> str:
    if said == asked:
        return "it is the request itself"
    if _shared_run(said, told) and not _shared_run(asked, told):
        return "it repeats what the model was told about its work"
    facts = signals.read(task.prompt)
    order = _words(facts.instruction)
    wish, rest = " ".join(order), len(asked) - len(order)
    material = rest >= _LEAST_WORDS
    # A question is often taken up in its answer, an order is not.
    if facts.instructions and material and said[: len(order)] == order[: len(said)]:
        return "it begins with the request"
    translates = kind is Kind.TRANSLATION and _TRANSLATES.search(" ".join(asked)) is not None
    if translates and material and _within(said, asked):
        return "it is the text that was to be translated"
    if material and kind is not Kind.CODE and _within(said, asked):
        takes = _TAKES.search(wish) and not _EDITS.search(wish)
        if takes and len(said) >= max(_TEXT_WORDS, rest * _NEARLY_ALL):
            return "it is the whole text that was given"
        changes = kind in _CHANGED and _CHANGES.search(wish)
        if changes and len(said) >= max(_RUN_WORDS, rest * _MOST_OF_IT):
            return "it is the text that was to be changed"
    for earlier in reversed(turns) if len(said) >= _RUN_WORDS else ():
        if earlier.role == "assistant" and _words(earlier.content) == said:
            return "it is an earlier answer of the session"
    return ""


def _words(text: str) -> list[str]:
    return _WORD.findall(plain_text(text[:_CHARS]))


def _shared_run(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether the two have eight words in a row in common."""
    runs = {tuple(other[at : at + _RUN_WORDS]) for at in range(len(other) - _RUN_WORDS + 1)}
    return any(tuple(one[at : at + _RUN_WORDS]) in runs for at in range(len(one) - _RUN_WORDS + 1))


def _within(part: Sequence[str], whole: Sequence[str]) -> bool:
    return f" {' '.join(part)} " in f" {' '.join(whole)} "
