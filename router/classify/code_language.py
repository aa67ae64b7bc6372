"""Recognises the programming language of a fenced block, of code, and of what a prompt asks for."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from textwrap import dedent

# A language's own name first, then what fences and people call it. The key is what results say.
_NAMES: dict[str, tuple[str, ...]] = {
    "python": ("python", "python3", "py", "pycon", "ipython"),
    "javascript": ("javascript", "js", "node", "nodejs", "node.js", "jsx", "mjs", "cjs"),
    "typescript": ("typescript", "ts", "tsx", "mts"),
    "rust": ("rust", "rs"),
    "go": ("go", "golang"),
    "java": ("java",),
    "kotlin": ("kotlin", "kt"),
    "scala": ("scala",),
    "c": ("c", "h"),
    "c++": ("c++", "cpp", "cxx", "cc", "hpp"),
    "c#": ("c#", "csharp", "cs", "c-sharp"),
    "f#": ("f#", "fsharp"),
    "php": ("php",),
    "ruby": ("ruby", "rb"),
    "swift": ("swift",),
    "perl": ("perl", "pl"),
    "lua": ("lua",),
    "haskell": ("haskell", "hs"),
    "elixir": ("elixir", "ex", "exs"),
    "dart": ("dart",),
    "julia": ("julia", "jl"),
    "r": ("r",),
    "zig": ("zig",),
    "shell": ("shell", "bash", "sh", "zsh", "shellscript", "shell script"),
    "powershell": ("powershell", "ps1", "pwsh"),
    "sql": ("sql", "sqlite", "postgresql", "postgres", "mysql", "plsql", "tsql", "t-sql"),
    "json": ("json",),
    "yaml": ("yaml", "yml"),
    "toml": ("toml",),
    "xml": ("xml",),
    "html": ("html",),
    "css": ("css", "scss"),
    "dockerfile": ("dockerfile", "docker"),
    "makefile": ("makefile", "make"),
}
_LANGUAGE_OF = {alias: language for language, aliases in _NAMES.items() for alias in aliases}

NOT_PROGRAMS = frozenset(
    {
        "shell",
        "powershell",
        "sql",
        "json",
        "yaml",
        "toml",
        "xml",
        "html",
        "css",
        "dockerfile",
        "makefile",
    }
)
"""Used beside a program in any language, so they say nothing about the program's language."""

# Names that are also words or single letters count only with their capital; after "in" some do
# without. File endings are not how people ask.
_AS_WRITTEN = {"c": "C", "r": "R", "go": "Go", "swift": "Swift", "dart": "Dart"}
_FILE_ENDING = re.compile(
    "py|rs|rb|pl|hs|exs?|jl|kt|cs|cc|h|hpp|cxx|m[tj]s|cjs|ps1|make|docker|node"
)


def _asked_as(alias: str) -> str:
    written = _AS_WRITTEN.get(alias)
    return re.escape(written) if written else f"(?i:{re.escape(alias)})"


_ALIASES = "|".join(
    _asked_as(alias)
    for alias in sorted(_LANGUAGE_OF, key=len, reverse=True)
    if not _FILE_ENDING.fullmatch(alias)
)
_NAME = rf"(?<![\w+#./-])(?P<name>{_ALIASES})(?![\w+#]|[.-]\w)"
_A = r"(?i:an?|the|some|one|plain|pure|idiomatic|modern|safe|um|uma|o|a|uns|umas|puro)"
_PIECE = (
    r"(?i:functions?|scripts?|programs?|class(?:es)?|code|snippets?|methods?|quer(?:y|ies)"
    r"|one-liners?|modules?|structs?|implementation|solution|version|routine|decorator|cli|server)"
)
_PIECE_PT = (
    r"(?i:fun[çc](?:ão|ao|ões|oes)|scripts?|programas?|classes?|c[óo]digos?|consultas?|m[ée]todos?"
    r"|m[óo]dulos?|comandos?|rotinas?|trechos?|implementa[çc][ãa]o|solu[çc][ãa]o|vers[ãa]o)"
)
_TURN = (
    r"(?i:port|convert|translate|rewrite|migrate|transpile|turn|converta|converter|traduza"
    r"|traduzir|reescreva|reescrever|migre|migrar|porte|passe|transforme)"
)
# Ways of asking, from the most to the least certain.
_CONVERSION = re.compile(
    rf"\b{_TURN}\b[^.?!\n]{{0,200}}?\b(?i:to|into|in|para|em)\s+(?:{_A}\s+)*{_NAME}"
)
_IN = re.compile(
    r"(?<!without )(?<!not )(?<!sem )(?<!não )\b(?i:in|using|with|em|usando|com)\s+"
    rf"(?:{_A}\s+)*{_NAME.replace(_ALIASES, _ALIASES + '|go|c')}"
)
_PIECE_OF = re.compile(
    rf"{_NAME}\s+{_PIECE}\b|\b{_PIECE_PT}\s+(?:(?i:em|de)\s+)?{_NAME.replace('name', 'nome')}"
)
_NAMED = re.compile(_NAME)
_AND = re.compile(rf"\s*(?:,|(?i:and|or|e|ou|&|/))\s+(?:(?i:in|em)\s+)?{_NAME}")

_FENCE = re.compile(r"^(?P<indent>[ \t]*)(?P<mark>`{3,}|~{3,})[ \t]*(?P<tag>[^\s`{,:]*)[^`\n]*$")

_EVIDENCE = {
    language: re.compile(pattern, re.MULTILINE)
    for language, pattern in {
        "python": r"^\s*(?:async )?def \w+\(.*\).*:\s*(?:#.*)?$|^(?:from [\w.]+ )?import [\w., ]+$"
        r"|^class \w+(?:\(.*\))?:\s*$|^\s*(?:elif|if|for|while) .*:\s*$|^>>> ",
        "rust": r"\bfn \w+(?:<.*>)?\(.*\{?$|\blet mut \b|\bprintln!\(|^use \w+::|^\s*impl\b",
        "go": r"^package \w+$|^func (?:\(\w+ [*\w]+\) )?\w+\(|\w+ := |\bfmt\.\w+\(",
        "java": r"\bpublic (?:static|class|interface|final|void)\b|\bSystem\.out\.|^import java",
        "kotlin": r"^\s*(?:suspend )?fun \w+\(|\bval \w+(?:: \w+)? = |^\s*data class ",
        "c++": r"^#include <(?:iostream|vector|string|map|algorithm|memory|cmath)>|\bstd::",
        "c": r"^#include <\w+\.h>|\bprintf\(\"|^(?:int|void|char \*?|size_t) \*?\w+\(.*\)\s*\{",
        "c#": r"^using System|\bConsole\.Write|^\s*namespace [\w.]+",
        "php": r"<\?php|^\s*\$\w+ = |\becho \$",
        "ruby": r"^\s*def \w+[?!]?(?:\([^)]*\))?$|^\s*end$|^\s*puts |\.each do \|",
        "swift": r"^\s*func \w+\(.*\)(?: throws)?(?: -> [\w\[\]?]+)? \{|\bguard let |\bimport Foun",
        "typescript": r"^(?:export )?(?:interface|type) \w+.*[{=]|[\w)]\??: (?:string|number|bool)",
        "javascript": r"^\s*(?:const|let|var) [\w{}\[\], ]+ = |\bfunction\s?\w*\(.*\)\s*\{|\) => "
        r"|\bconsole\.log\(|\brequire\(['\"]|===",
        "shell": r"^#!.*sh\b|^\s*(?:fi|done|esac)$|^\s*(?:sudo|echo|export|cd|apt|pip|npm|curl) ",
        "sql": r"(?i)^\s*(?:select\b[\s\S]*?\bfrom\b|insert into|create (?:table|index|view)"
        r"|update \w+ set|delete from|alter table)\b",
        "html": r"(?i)<!doctype html|<html|</(?:div|p|ul|body|table|span)>",
    }.items()
}


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. tag: as written, lower case; language: None where it cannot be told."""

    tag: str
    language: str | None
    code: str


def fenced_blocks(text: str) -> tuple[Block, ...]:
    """The fenced blocks in order, without the indentation of their fences.

    One that is not closed ends with the text, as CommonMark has it.
    """
    blocks: list[Block] = []
    opened: re.Match[str] | None = None
    lines: list[str] = []
    for line in text.splitlines():
        fence = _FENCE.match(line)
        if opened is None:
            if fence is not None:
                opened, lines = fence, []
        elif fence is not None and fence["mark"].startswith(opened["mark"]) and not fence["tag"]:
            blocks.append(_block(opened["tag"], lines))
            opened = None
        else:
            indent = opened["indent"]
            lines.append(line[len(indent) :] if line.startswith(indent) else line.lstrip())
    if opened is not None:
        blocks.append(_block(opened["tag"], lines))
    return tuple(blocks)


def without_blocks(text: str) -> str:
    """The prose around the fenced blocks."""
    prose, opened = [], ""
    for line in text.splitlines():
        fence = _FENCE.match(line)
        if not opened and fence:
            opened = fence["mark"]
        elif not opened:
            prose.append(line)
        elif fence and fence["mark"].startswith(opened) and not fence["tag"]:
            opened = ""
    return "\n".join(prose)


def languages_of(blocks: tuple[Block, ...]) -> frozenset[str]:
    """The languages of the blocks; a page holds those of its scripts and styles too."""
    languages = {block.language for block in blocks if block.language is not None}
    pages = "".join(block.code for block in blocks if block.language in {"html", "php"})
    inside = {"<script": "javascript", "<style": "css", "<?php": "php", "</": "html"}
    return frozenset(languages | {name for mark, name in inside.items() if mark in pages})


def _block(tag: str, lines: list[str]) -> Block:
    tag, code = tag.lower(), "\n".join(lines) + "\n"
    return Block(tag, _LANGUAGE_OF.get(tag) if tag else evident_language(code), code)


def canonical_language(name: str) -> str | None:
    """The name used here for what a configuration, a fence or a person calls a language."""
    return _LANGUAGE_OF.get(name.strip().lower())


def evident_language(code: str) -> str | None:
    """The language whose marks the code bears most of; None without any, or between two."""
    if dedent(code).lstrip()[:1] in {"{", "["}:
        try:
            json.loads(code)
        except (ValueError, RecursionError):
            pass
        else:
            return "json"
    marks = {
        language: len(set(pattern.findall(code)))
        for language, pattern in _EVIDENCE.items()
        if pattern.search(code)
    }
    most = max(marks.values(), default=0)
    leading = [language for language, count in marks.items() if count == most]
    return leading[0] if len(leading) == 1 else None


def asked_languages(prompt: str) -> frozenset[str]:
    """The languages that a prompt asks for in words, in English or Portuguese; often one or none.

    A language to convert to is the one; programs go before data ("a script in Python that prints
    JSON"); a language that is only spoken of ("like in C") cannot be told from one asked for.
    """
    prose = without_blocks(prompt)
    surest: frozenset[str] = frozenset()
    for way in (_CONVERSION, _IN, _PIECE_OF):
        found_languages = _found(way, prose)
        if programs := found_languages - NOT_PROGRAMS:
            return programs
        surest = surest or found_languages
    return surest


def _found(way: re.Pattern[str], prose: str) -> frozenset[str]:
    languages = set()
    for match in way.finditer(prose):
        named = match.groupdict()
        name = named["name"] or named["nome"]
        languages.add(_LANGUAGE_OF[name.lower()])
        end = match.end()
        while more := _AND.match(prose, end):  # "in Rust or Go"
            languages.add(_LANGUAGE_OF[more["name"].lower()])
            end = more.end()
    return frozenset(languages)


def named_languages(text: str) -> frozenset[str]:
    """Every language that a text names, asked for or not, in its prose."""
    return frozenset(_LANGUAGE_OF[found["name"].lower()] for found in _NAMED.finditer(text))
