"""Whether the answer is to be a list, and of how many."""

from __future__ import annotations

import re
from typing import NamedTuple

from router.form.counts import COUNT, count_of

_THINGS = (
    r"(?:bullets?(?: points?)?|items?|itens|topicos|points|pontos|ideas?|ideias|names?|nomes?"
    r"|titles?|titulos|options|opcoes|examples|exemplos|suggestions|sugestoes|tips|dicas|reasons"
    r"|razoes|motivos|questions|perguntas|synonyms|sinonimos|facts|factos|fatos|steps|passos"
    r"|keywords|palavras-chave|hashtags|headlines|alternatives|alternativas|slogans|taglines"
    r"|adjectives|adjetivos|cities|cidades|books|livros|countries|paises|entries|entradas"
    r"|highlights|takeaways|things|coisas|movies|filmes|versions|versoes|subject lines|variations"
    r"|variacoes|legendas|captions|quotes|frases de efeito|benefits|beneficios|vantagens|advantages"
    r"|antonyms|antonimos|frutas|fruits|animals|animais)"
)
_ASKS = (
    r"(?:give|gimme|suggest|name|write|need|want|brainstorm|send|come up with|make|show|get|list"
    r"|lista|liste|sugira|sugere|cite|quero|queria|preciso|escreva|escreve|manda|mande|bola"
    r"|pensa em|pensa|cria|crie|inventa|enumer\w+|gera|gere|generate|da-me|diz-me|indica|indique"
    r"|faz|faca|try|exactly|exatamente|me da|da)"
)
_OTHERS = r"(?<!my )(?<!our )(?<!have a )(?<!got a )(?<!tenho uma )(?<!this )(?<!the )(?<!from a )"
"""Whose list it is where it is not the one to be written."""
_COUNTED = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?:^|\n)(?P<n>{COUNT}) (?:[a-z-]+ ){{0,2}}?{_THINGS}"
        r"(?: (?:for|pra|para|p/|about|sobre|to|com)\b|,|$)",
        rf"\b{_ASKS}(?: me| us| so| just| up| exactly| exatamente| de| out| apenas| a list of| the"
        rf"| uma lista de| them)* (?P<n>{COUNT}) (?:[a-z-]+ ){{0,2}}?{_THINGS}\b"
        r"(?! (?:of|from|in) (?:the|this|these|my|our|that)\b)",
        rf"{_OTHERS}\b(?:list|lista|listinha) (?:of|com|de|with) (?:exactly |the top "
        rf"|apenas )?(?P<n>{COUNT})\b",
        r"(?:^|\b(?:list|give|me|show|get|want|need|liste|quero|os"
        r"|as)(?: \w+){0,2} )top[ -](?P<n>\d{1,2})\b(?! hit)",
        rf"\b(?P<n>{COUNT}) (?:bullet(?: point)?s?|topicos|itens)\b",
        rf"\b(?:in|em|as|into|com|with|only|just|so|apenas) (?P<n>{COUNT}) "
        r"(?:short |key |main |simple )?(?:points|pontos|items|steps|passos|tips|dicas)\b",
    )
)
_MOST_ITEMS = 60
_LIST_ABOUT = re.compile(
    r"(?:about|around|roughly|some|ate|up to|at most|no maximo|at least|pelo menos|umas?|uns"
    r"|cerca de|mais ou menos|max\w*|these|this|estes|esses|essas|those|following) $"
)
_LIST_MOST = re.compile(r",? (?:max|tops|at most|or (?:fewer|less)|no max|ou menos)")
_LIST_NAMED = re.compile(
    r"\b(?:bullet(?:ed|s only|s please| points? (?:only|please|with)| list)|(?:in|as|into|use|using"
    r"|with) (?:short )?bullet(?: point)?s?|numbered list|lista numerada|lista com marcadores"
    r"|in bullets|em topicos|em bullets|em marcadores|por topicos|como lista|em lista|as a list"
    r"|in list form|em forma de lista)\b|\b(?:one|um|uma|1|each|cada)(?: \w+){0,3}? (?:per|por|a"
    r"|em cada) (?:line|linha)\b|\bcada (?:um|uma) (?:na|numa|em) (?:sua |uma |propria )?linha\b"
    r"|\bon its own line\b|\bone (?:on|to) (?:each|a) line\b|\b(?:uma|one) linha cada\b"
    r"|\beach on (?:a|its) (?:new|own|separate) line\b|\bline by line\b|\b(?:comma|semicolon"
    r"|tab)[ -]?(?:separated|delimited)\b|\bsepar\w+(?: \w+){0,3} por (?:virgulas?"
    r"|ponto e virgula)\b|\b(?:with|by) commas\b|\bcommas between\b|\bcom virgulas?\b"
    r"|\bvirgula entre\b"
)


class Listed(NamedTuple):
    items: int | None
    asked: bool


def read_list(plain: str) -> Listed:
    """Whether the answer is a list, and of how many."""
    counts: set[int] = set()
    for pattern in _COUNTED:
        for match in pattern.finditer(plain):
            about = _LIST_ABOUT.search(plain[max(0, match.start("n") - 14) : match.start("n")])
            about = about or _LIST_MOST.match(plain, match.end())
            counts.add(0 if about else count_of(match["n"]))
    counts = {count for count in counts if count <= _MOST_ITEMS}
    asked = bool(counts) or _LIST_NAMED.search(plain) is not None
    only = counts.pop() if len(counts) == 1 else 0
    return Listed(only if only > 1 else None, asked)


TRIGGERS = re.compile(
    r"list|bullet|topic|top|per line|linha|line|comma|virgula|\b(?:\d+|two|three|four|five|six"
    r"|seven|eight|nine|ten|dois|duas|tres|quatro|cinco|seis|sete|oito|nove|dez) "
)
