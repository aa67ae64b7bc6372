"""Code that a request wants written: in which language, or that it is a pattern or a command."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ONLY = (
    r"(?:only|just|nothing but|so|apenas|somente|unicamente)(?: (?:quero|preciso|me|manda|mande|de"
    r"|da|da-me|responde|responda|com|cola|devolve|devolva|the|o|a|return|output|give|paste|write"
    r"|send|one|single|um|uma))*"
)
_SQL_NAME = re.compile(r"\b(?:sql|sqlite|postgres(?:ql)?|mysql)\b")
_SQL_HINT = re.compile(r"\b(?:sql|sqlite|postgres(?:ql)?|mysql|query|tabelas?|tables?)\b")
_SQL = re.compile(
    rf"\b{_ONLY} (?:(?:sql|sqlite) )?(?:sql|query|consulta|select|instrucao)\b"
    r"|\b(?:sql|query|consulta) (?:only|alone|so\b|apenas|somente|and nothing|e mais nada|pls"
    r"|please)|\b(?:sql|sqlite|postgres(?:ql)?|mysql) (?:query|statement|command|select|code"
    r"|only)\b|\bsql (?:pra|para|to|that|which|for|que)\b|\b(?:consulta|query|instrucao|comando"
    r"|select) (?:em |in )?(?:sql|sqlite|postgres(?:ql)?|mysql)\b|\b(?:one|a|uma|1) (?:query"
    r"|consulta|select)\b"
)
_REGEX = re.compile(
    r"\b(?:reg ?exp?(?:es)?|regular expressions?|express(?:ao|oes) regular(?:es)?)\b"
)
_REGEX_FUNCTION = re.compile(r"\b(?:function|funcao|script|func)\b")
_SYSTEM = (
    r"(?:linux|bash|shell|terminal|unix|git|docker|ffmpeg|kubectl|powershell|curl|ubuntu|mac(?:os)?"
    r"|zsh|windows|imagemagick|ssh|npm|pip|systemd|debian|awk|sed|grep|tar|rsync)"
)
_COMMAND = r"(?:command|comando|cmd|one[- ]?liner)"
_SHELL = re.compile(
    rf"\b{_SYSTEM} (?:\w+ )?(?:{_COMMAND}|command line|cli)\b"
    rf"|\b{_COMMAND}\b(?: \w+){{0,8}}? {_SYSTEM}\b|\b{_ONLY} (?:{_SYSTEM} )?{_COMMAND}(?: (?:git"
    rf"|docker))?\b|\b{_COMMAND} (?:only|so\b|apenas|e mais nada|and nothing)|\b(?:one|um|1"
    rf"|single) (?:{_SYSTEM} )?(?:command|comando)\b"
    r"|\bwhat(?:.s| is) the command\b|\bqual(?: e)? o comando\b|\b(?:bash|shell|powershell):"
)
_NOT_SHELL = re.compile(
    r"\b(?:sql|sqlite|excel|word|vim|minecraft|voice|voz|discord|python|javascript|js|py)\b"
)
_NAMES = {
    "py": "python", "python3": "python", "js": "javascript", "node": "javascript",
    "nodejs": "javascript", "node.js": "javascript", "ts": "typescript", "golang": "go",
    "csharp": "c#", "yml": "yaml", "shell": "bash",
}  # fmt: skip
_LANGUAGE = re.compile(
    r"(?<![\w./-])(?P<name>python3?|py|javascript|js|node(?:js|\.js)|typescript|ts|java|golang|rust"
    r"|ruby|php|kotlin|swift|c#|c\+\+|csharp|html|css|bash|shell|powershell|yaml|yml|perl|lua|scala"
    r"|haskell|elixir|dart|vba|xml|dockerfile|latex|julia|(?<=in )go|(?<=em )go)(?![\w+#]|\.\w)"
)
_PIECE = re.compile(
    r"\b(?:func(?:tion|ao|oes)?s?|scripts?|snippets?|code|codigo|one-?liner|oneliner|lambda"
    r"|metodos?|methods?|(?:list|dict) comprehension|decorator|macro|program(?:a|as|s)?|trecho"
    r"|generator)\b"
)
_THING = (
    r"(?:class|classe|component\w*|page|pagina|template|config|file|arquivo|ficheiro|hook|dataclass"
    r"|module|modulo|expression|expressao|test|teste|form|formulario|type guard|interface|enum"
    r"|struct|type|rule|regra|selector|stylesheet)s?"
)
"""What is code only beside the name of a language."""
_LANGUAGE_OF = re.compile(
    rf"\b{_THING} (?:(?:\w+ )?(?:in|em|with|using|de|usando|com) )?(?:plain |pure |vanilla )?$"
)
_ONLY_CODE = re.compile(
    rf"\b(?:code|codigo) (?:only|alone|so\b|apenas|puro|and nothing|e mais nada|pls|please)"
    rf"|\b{_ONLY} (?:(?:python|js|javascript|py|java) )?(?:code|codigo|function"
    r"|funcao|class|classe|script|snippet|lambda|arrow function)\b"
)
_WRITES_CODE = re.compile(
    r"\b(?:write|create|make|build|implement|code|need|want|give me|escrev[ae]|cri[ae]|faz|faca"
    r"|implement[ae]|preciso de|quero|me faz|monta)(?: me)? (?:an? |uma? |one "
    r"|the )?(?:\w+ ){0,2}(?:function|funcao|script|lambda)\b"
)
_SPOKEN_OF = re.compile(
    r"(?:^|[.!?\n:] ?|, )(?:(?:can|could) you |please |pls |pode |me |hey |oi,? )?(?:explain"
    r"|explica\w*|explique|review|what does|o que faz|why (?:does|is|am)|por ?que|debug|how does"
    r"|como funciona|translate|traduz\w*|summar\w+|resum\w+|should i|devo|learn|aprend\w*|recommend"
    r"|compare|compar\w+|classif\w+|what (?:is|are) (?!the (?:command|regex))|what.s (?:a|an|wrong)"
    r"|is (?:this|it)|pros and cons|when|quando|difference|diferenca)\b|\b(?:curso|course|book"
    r"|livro|job|vaga|interview|entrevista|e-?mail to|story|poem|tutorial|job post)\b"
)
TRIGGERS = re.compile(
    r"code|codigo|func|script|snippet|class|lambda|regex|regular exp|reg ex|express|sql|query"
    r"|consulta|select|comm?and|cmd|one-?liner|python|\bpy\b|\bjs\b|java|rust|bash|shell|html|css"
    r"|yaml|kotlin|ruby|php|swift|golang|typescript|comprehension"
)


@dataclass(frozen=True, slots=True)
class Code:
    """language: None where the request names none, or several."""

    language: str | None


def read_code(plain: str) -> Code | None:
    """The code that a folded request wants written; None where it is only spoken of."""
    if _SPOKEN_OF.search(plain):
        return None
    if _REGEX.search(plain) and not _REGEX_FUNCTION.search(plain):
        return Code("regex")
    if _SQL_HINT.search(plain) and (
        _SQL.search(plain) or (_SQL_NAME.search(plain) and _SHELL.search(plain))
    ):
        return Code("sql")
    if _SHELL.search(plain) and not _NOT_SHELL.search(plain):
        return Code("powershell" if "powershell" in plain else "bash")
    only = _ONLY_CODE.search(plain) is not None
    named = list(_LANGUAGE.finditer(plain))
    languages = {_NAMES.get(match["name"], match["name"]) for match in named}
    if named and (only or _PIECE.search(plain) or any(_beside(plain, match) for match in named)):
        return Code(languages.pop() if len(languages) == 1 else None)
    return Code(None) if only or _WRITES_CODE.search(plain) else None


def _beside(plain: str, match: re.Match[str]) -> bool:
    """Whether the language's name stands beside what is code only there."""
    before = plain[max(0, match.start() - 40) : match.start()]
    return bool(re.match(rf" {_THING}\b", plain[match.end() :])) or bool(
        _LANGUAGE_OF.search(before)
    )
