"""Refines a kind: the language of its code, whether to call a tool, whether the answer has a form.

Deterministic and cheap: words of the instruction, in English and Portuguese, and for code the
fences, file names and first lines of what was pasted along.
"""

from __future__ import annotations

import re

from router.classify.code_language import (
    NOT_PROGRAMS,
    asked_languages,
    canonical_language,
    evident_language,
    fenced_blocks,
    languages_of,
    named_languages,
)
from router.classify.lexicon import folded
from router.classify.signals import Signals
from router.types.decision import Guess, Kind
from router.types.task import Task

_PASTED_CHARS = 400
"""Of pasted code that are read: its first lines. All of a page would take as long as the kind."""

_FILE = re.compile(
    r"(?<![\w.])[\w/-]+\.(py|jsx?|mjs|tsx?|rs|go|java|kts?|scala|cpp|cxx|cc|hpp|cs|fs|php|rb|swift|"
    r"lua|hs|exs?|dart|jl|zig|sh|ps1|sql|ya?ml|toml|html|s?css)\b(?![/(])"
)
"""A file by its ending, as `src/main.rs`; endings that are words or other names are left out."""

_ENDINGS = {"kts": "kotlin"}

_TOOLS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (language, re.compile(rf"\b(?:{words})\b"))
    for language, words in (
        ("python", r"pandas|numpy|django|flask|fastapi|pytest|pydantic|tensorflow|pytorch|"
            r"matplotlib|dataframes?|list comprehension|jupyter|asyncio|decorador python"),
        ("javascript", r"react|express|jquery|vue|npm|next\.js|svelte"),
        ("typescript", r"angular|nestjs|zod"),
        ("java", r"spring boot|junit|maven|hibernate"),
        ("c#", r"asp\.net|\.net core|entity framework|linq|unity"),
        ("ruby", r"rails|rspec"),
        ("php", r"laravel|wordpress|symfony"),
        ("rust", r"tokio|serde|cargo"),
        ("kotlin", r"jetpack compose|coroutines"),
        ("swift", r"swiftui|xcode"),
        ("sql", r"(?:left |inner |outer )?joins?|group by|stored procedures?|primary key|"
            r"chave primaria|(?:query|consulta)\b.{0,60}\b(?:tables?|tabelas?|rows?|linhas?|"
            r"database|banco(?: de dados)?|customers|clientes|orders|pedidos)"),
        ("shell", r"(?:linux|unix|terminal|command[ -]line|shell|bash) (?:command|one-liner)s?|"
            r"(?:comandos?|linha de comando) (?:do |no |de |para o )?(?:terminal|linux|unix|shell)|"
            r"crontab|awk|grep|chmod|rsync|systemd"),
        ("dockerfile", r"dockerfile"),
        ("makefile", r"makefile"),
    )
)  # fmt: skip
"""What is written in one language only; looked for where no language is named."""

_DATA = frozenset({"json", "yaml", "toml", "xml"})

_FORMAT = r"(?:json|csv|tsv|ya?ml|xml|jsonl|ndjson)"
_STRUCTURED = re.compile(
    # A format that the answer is to have ...
    rf"\b(?:as|in|into|to|using|em|como|para|num|formato|format|only|apenas|valid|valido|somente|"
    rf"just|so) (?:(?:an?|um|uma|o|the|valid|pure|strict|plain|formato|format(?:o)? de|single|only|"
    rf"apenas|well-formed) ){{0,3}}{_FORMAT}\b"
    rf"|\b{_FORMAT} (?:with (?:the )?(?:keys?|fields?|columns?)|com (?:as |os )?(?:chaves?|campos?|"
    r"colunas?)|only|output|format|apenas|de saida|valido)\b"
    rf"|\b(?:return|output|respond(?:a)?|reply|answer|give(?: me)?|produce|generate|emit|print|"
    rf"retorn[ae]r?|devolv[ae]r?|gere|de|entregue|produza|crie|create|make|write|escreva) "
    rf"(?:with |com |me )?(?:(?:an?|the|um|uma|o|only|apenas|so) ){{0,2}}(?:\w+ )?{_FORMAT}\b"
    # ... a table ...
    r"|\b(?:as|in|into|to) (?:an? )?(?:\w+ ){0,2}table\b(?! of contents| below| above)"
    r"|\b(?:make|create|draw|build|give me|produce|write|generate) (?:an? |me an? )(?:\w+ ){0,2}"
    r"table\b"
    r"|\b(?:em|como|numa|para|forma de|formato de) (?:uma )?tabela\b(?! abaixo| acima)"
    r"|\b(?:monte|faca|crie|gere|desenhe|construa|escreva) (?:me )?uma tabela\b"
    # ... or a schema and its keys.
    r"|\b(?:json[ -]?schema|(?:following|this) (?:schema|(?:json )?format|structure)|"
    r"(?:seguinte|neste|nesse|este) (?:esquema|formato|schema|estrutura)|key[ -]value pairs|"
    r"pares chave[ -]valor|with (?:the )?(?:keys|fields|columns)|com (?:as chaves|os campos|as "
    r"colunas|campos|colunas))\b"
)
_HINTS = ("json", "csv", "tsv", "yaml", "yml", "xml", "tab", "schema", "format", "estrutura",
          "esquema", "struct", "key", "field", "column", "chave", "campo", "coluna")  # fmt: skip
"""One of these stands in whatever `_STRUCTURED` finds: looking for them is cheap."""


def with_sub_kind(guess: Guess, task: Task, facts: Signals) -> Guess:
    """The guess with what lies below its kind. facts: the signals of the task's prompt."""
    language = None
    if guess.kind in (Kind.CODE, Kind.UNSURE):
        language = _asked_language(facts.instruction)
    if guess.kind is Kind.CODE and language is None and facts.has_code:
        language = _pasted_language(task.prompt)
    tool = guess.kind is Kind.TOOL or facts.has_tools
    structured = task.json_schema is not None or _structured(guess.kind, language, facts)
    if language is None and not tool and not structured:
        return guess
    found = {"code_language": language, "tool": tool, "structured": structured}
    return guess.model_copy(update=found)


def _asked_language(asked: str) -> str | None:
    """The language asked for, by the surest sign: words that ask for it, a file name, a name that
    is just mentioned, something that is written in one language only. None where a sign names two.
    """
    if found := asked_languages(asked):
        return _only(found)
    if endings := _FILE.findall(asked):
        named = {_ENDINGS.get(ending) or canonical_language(ending) for ending in endings}
        return _only({name for name in named if name is not None})
    if named_here := named_languages(asked):
        return _only(named_here)
    words = folded(asked)
    return _only({language for language, pattern in _TOOLS if pattern.search(words)})


def _pasted_language(prompt: str) -> str | None:
    """Of the first fenced block, else of the prompt's own first lines."""
    fence = prompt.find("```")
    if fence < 0:
        return evident_language(prompt[:_PASTED_CHARS])
    begin = prompt.rfind("\n", 0, fence) + 1
    return _only(languages_of(fenced_blocks(prompt[begin : fence + _PASTED_CHARS])))


def _only(found: set[str] | frozenset[str]) -> str | None:
    """The one language, or the one program among data and commands; None for several."""
    if len(found) > 1:
        found = found - NOT_PROGRAMS
    return next(iter(found)) if len(found) == 1 else None


def _structured(kind: Kind, code_language: str | None, facts: Signals) -> bool:
    if kind is Kind.CODE:
        # The answer is code, whatever that code reads or writes.
        return code_language in _DATA
    words = folded(facts.instruction)
    return any(hint in words for hint in _HINTS) and _STRUCTURED.search(words) is not None
