"""Checks that the answer is in the language asked for: English, Portuguese, or another script."""

from __future__ import annotations

import re

from agents.checks.code import is_code
from agents.nano.lexicon import fold
from router.classify import signals
from router.classify.language import language_of
from router.types.completion import Completion
from router.types.decision import EscalationReason, Kind
from router.types.result import CheckResult
from router.types.task import Task

_LANGUAGES = {
    "en": "english ingles",
    "pt": "portuguese portugues",
    "other": "spanish french german italian japanese chinese mandarin korean russian dutch latin "
    "arabic hebrew hindi greek turkish polish swedish ukrainian catalan galician espanhol frances "
    "alemao italiano japones chines coreano russo holandes latim arabe hebraico grego turco "
    "polones sueco ucraniano catalao galego esperanto",
}
_CODES = {name: code for code, names in _LANGUAGES.items() for name in names.split()}
_NAMED = rf"(?P<language>{'|'.join(_CODES)})"
_VARIANT = r"(?:brazilian |european |british |american |plain |simple |good )?"
_MENTION = re.compile(rf"\b{_NAMED}\b")
_TARGET = re.compile(
    r"\b(?:translat|traduz|traduc|convert|passe\b|verta\b)[^\n]{0,200}?"
    rf"\b(?:in)?(?:to|para)(?: o| a lingua)? {_VARIANT}{_NAMED}\b"
)
_IN_LANGUAGE = re.compile(
    rf"(?P<noun>\b(?:text|email|e-mail|article|message|sentence|texto|artigo|mensagem|frase)s? )?"
    rf"\b(?:in|em)(?: lingua)? {_VARIANT}{_NAMED}\b"
    r"(?=\s*(?:$|[.,;:!?()\n\"']|please|only|and\b|with|about|for|to\b|using|how|why|what|por favor"
    r"|apenas|so\b|somente|e\b|com\b|sobre|para|como|o que|do brasil|brasileir))"
)
_PRODUCE = re.compile(
    r"\b(?:answer|reply|respond|write|explain|describe|summar|rewrite|list|give|tell|compose|draft"
    r"|create|make|continue|say|speak|use|respond[ae]|escrev[ae]|expli(?:que|ca)|descrev[ae]|resum[ae]"
    r"|reescrev[ae]|liste|conte|redija|crie|fac[ao]|fal[ae]|di[gz]a?|elabore|translate|traduz)"
)
_NEGATED = re.compile(r"\b(?:not|n't|dont|don't|never|without|except|nao|nunca|sem|exceto)\b")
_DICTIONARY = re.compile(
    r"how (?:do|would|can) (?:you|i|we) say|como se diz|what is the word|palavra"
)
_NOT_PROSE = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]{1,200}`|\$[^$\n]{1,400}\$|\\\[.{1,400}?\\\]"
    r"|\\begin\{.{1,800}?\\end\{|\\[a-zA-Z]{1,30}|https?://\S{1,300}|[\w.+-]{1,64}@[\w.-]{1,64}"
    r"|\"[^\"\n]{1,300}\"|“[^”\n]{1,300}”|«[^»\n]{1,300}»",
    re.DOTALL,
)
_NAME = re.compile(r"(?<!\w)[A-ZÀ-Ý][\w'-]*")
_SMALL_WORD = re.compile(r"(?<![\w'])[a-zà-ÿ]{2,}")
_LEAST_WORDS = 8
_LEAST_FOREIGN = 12
_WINDOW_CHARS = 1500
_LANGUAGE_NAMES = {"en": "English", "pt": "Portuguese", "other": "another language"}


def in_language(task: Task, kind: Kind, completion: Completion) -> CheckResult:
    """The answer is in the language asked for, else in one of those of the prompt.

    It tells English from Portuguese, and either from writing in other letters.
    """
    data = kind in (Kind.CODE, Kind.TOOL) or completion.text.lstrip()[:1] in ("{", "[")
    if data or is_code(completion.text):
        return CheckResult.found("language", "too short to tell: code or data")
    wanted = _wanted(task, kind)
    if not wanted:
        return CheckResult.found("language", "the task leaves the language open")
    found = _read_language(completion.text)
    if found is None:
        return CheckResult.found("language", "too short to tell")
    if found in wanted:
        return CheckResult.found("language", f"in {_LANGUAGE_NAMES[found]}, as asked")
    asked = " or ".join(_LANGUAGE_NAMES[language] for language in sorted(wanted))
    finding = f"in {_LANGUAGE_NAMES[found]}, asked for {asked}"
    return CheckResult.found("language", finding, EscalationReason.UNFAITHFUL)


def speaks(text: str, language: str) -> bool | None:
    """Whether a text is in `en` or `pt`; None where it is too short to tell."""
    found = _read_language(text)
    return None if found is None else found == language


def _wanted(task: Task, kind: Kind) -> frozenset[str]:
    """The languages that an answer may have; empty where it cannot be told."""
    facts = signals.read(task.prompt)
    instruction = fold(facts.instruction)
    # How an answer is wanted stands around what is asked.
    around = fold(task.prompt.replace(facts.core, "\n", 1))
    for text in (f"{instruction}\n{around}", fold(task.system or "")[:4000]):
        named = _named(text)
        if named is not None:
            return named - {"other"} if "other" not in named else frozenset()
    if kind is Kind.TRANSLATION or re.search(r"\b(?:translat|traduz|traduc)", instruction):
        return frozenset()
    if _MENTION.search(instruction):
        return frozenset()
    rest = task.prompt.replace(facts.instruction, " ") if facts.asked else ""
    spoken = {_sure(facts.instruction)}
    if len(_SMALL_WORD.findall(rest[:_WINDOW_CHARS])) > 3:
        spoken |= {_sure(rest[:_WINDOW_CHARS]), _sure(rest[-_WINDOW_CHARS:])}
    languages = frozenset(language for language in spoken if language is not None)
    return languages if None not in spoken and "other" not in languages else frozenset()


def _named(instruction: str) -> frozenset[str] | None:
    """The language that an instruction asks for; empty where it names several, or one for another
    reason.
    """
    if targets := {_CODES[match["language"]] for match in _TARGET.finditer(instruction)}:
        return frozenset(targets) if len(targets) == 1 else frozenset()
    found: set[str] = set()
    for sentence in re.split(r"[\n!?;]|\.\s", instruction):
        matches = list(_IN_LANGUAGE.finditer(sentence))
        if not matches:
            continue
        clear = _PRODUCE.search(sentence) and not _NEGATED.search(sentence)
        mentions = {_CODES[match["language"]] for match in _MENTION.finditer(sentence)}
        if not clear or len(mentions) > 1 or _DICTIONARY.search(sentence) or matches[0]["noun"]:
            return frozenset()
        found |= mentions
    if not found:
        return None
    return frozenset(found) if len(found) == 1 else frozenset()


def _sure(text: str) -> str | None:
    """The language of a text, where one more word would not change the result, else None."""
    text = _NOT_PROSE.sub(" ", text)
    language = language_of(text)
    against = {"en": " é", "pt": " the", "other": " é the"}[language]
    return language if language_of(text[:_WINDOW_CHARS] + against) == language else None


def _read_language(answer: str) -> str | None:
    """The language of an answer's prose, the same at both ends; None where it has too little."""
    prose = _NOT_PROSE.sub(" ", answer)
    letters = [c for c in prose[: 4 * _WINDOW_CHARS] if c.isalpha()]
    if len(letters) >= _LEAST_FOREIGN and sum(ord(c) > 0x24F for c in letters) > len(letters) / 2:
        return "other"
    prose = _NAME.sub(" ", prose)
    if len(_SMALL_WORD.findall(prose)) < _LEAST_WORDS:
        return None
    ends = {_sure(prose[:_WINDOW_CHARS]), _sure(prose[-_WINDOW_CHARS:])}
    language = ends.pop()
    # Spanish and its neighbours are not told from Portuguese reliably enough to fail an answer.
    return language if not ends and language != "other" else None
