"""Whether the answer is to be a list, and of how many."""

from __future__ import annotations

import re
from typing import NamedTuple

from router.form.counts import COUNT, count_of

_THINGS = (
    r"(?:bullets?(?: points?)?|items?|itens|topicos|points|pontos|ideas?|ideias|names?|nomes?"
    r"|titles?|titulos|options|opcoes|examples|exemplos|suggestions|sugestoes|tips|dicas"
    r"|reasons|razoes|motivos|questions|perguntas|synonyms|sinonimos|facts|factos|fatos|steps"
    r"|passos|keywords|palavras-chave|hashtags|headlines|alternatives|alternativas"
    r"|slogans|taglines|adjectives|adjetivos|cities|cidades|books|livros|countries|paises|entries"
    r"|entradas|highlights|takeaways|things|coisas|movies|filmes|versions|versoes"
    r"|subject lines|variations|variacoes|legendas|captions|quotes|frases de efeito|benefits"
    r"|beneficios|vantagens|advantages|antonyms|antonimos|frutas|fruits|animals|animais)"
)
_LIST_OF = re.compile(
    rf"\b(?:list|lista|top|give|gimme|suggest|name|write|need|want|brainstorm|send|come up with"
    rf"|make|show|get|de|da|dê|liste|lista|sugira|sugere|cite|quero|queria|preciso|escreva|escreve"
    rf"|manda|mande|"
    rf"bola|pensa em|pensa|cria|crie|inventa|in|em|as|como|into|exactly|exatamente|only|just|so"
    rf"|apenas|somente|me|into|with|com|of|enumer\w+|gera|gere|da-me|diz-me|indica|indique|faz"
    rf"|faca|try)(?: me| us| so| just| up| exactly| exatamente| de| out| apenas| a list of"
    rf"| uma lista de| the)*"
    rf" (?P<n>{COUNT}) (?!or |ou |more |mais |to |a )(?:[a-z-]+ ){{0,2}}?{_THINGS}\b"
    rf"|\b(?:list|lista|listinha) (?:of|com|de|with) (?:exactly |the top "
    rf"|apenas )?(?P<n2>{COUNT})\b|\btop[ -](?P<n3>\d{{1,2}})\b(?! of the world)"
    rf"|\b(?P<n4>{COUNT}) bullet(?: point)?s?\b|\b(?P<n5>{COUNT}) (?:topicos|itens)\b"
)
_LIST_ABOUT = re.compile(
    r"(?:about|around|roughly|some|ate|up to|at most|no maximo|at least|pelo menos|umas?|uns"
    r"|cerca de|mais ou menos|max\w*) $"
)
_LIST_NAMED = re.compile(
    r"\b(?:bullet(?:ed|s| points?| list)|numbered list|lista numerada|lista com marcadores"
    r"|in bullets|em topicos|em bullets|em marcadores|por topicos|como lista|em lista|as a list"
    r"|in a list|in list form|em forma de lista|numa lista)\b"
    r"|\b(?:one|um|uma|1|each|cada)(?: \w+){0,3}? (?:per|por|a|em cada) (?:line|linha)\b"
    r"|\bcada (?:um|uma) (?:na|numa|em) (?:sua |uma |propria )?linha\b|\bon its own line\b"
    r"|\bone (?:on|to) (?:each|a) line\b|\b(?:uma|one) linha cada\b|\beach on (?:a|its) (?:new|own"
    r"|separate) line\b|\bline by line\b"
    r"|\b(?:comma|semicolon|tab)[ -]?(?:separated|delimited)\b|\bseparad[oa]s? por (?:virgulas?"
    r"|ponto e virgula)\b|\b(?:with|by) commas\b|\bcommas between\b|\bcom virgulas?\b"
    r"|\bvirgula entre\b"
)


class Listed(NamedTuple):
    items: int | None
    asked: bool


def read_list(plain: str) -> Listed:
    """Whether the answer is a list, and of how many."""
    counts = set()
    for match in _LIST_OF.finditer(plain):
        group = next(g for g in ("n", "n2", "n3", "n4", "n5") if match[g])
        if not _LIST_ABOUT.search(plain[max(0, match.start(group) - 14) : match.start(group)]):
            counts.add(count_of(match[group]))
        else:
            counts.add(0)
    asked = bool(counts) or _LIST_NAMED.search(plain) is not None
    only = counts.pop() if len(counts) == 1 else 0
    return Listed(only if only > 1 else None, asked)


TRIGGERS = re.compile(
    r"list|bullet|topic|top|per line|linha|line|comma|virgula|\b(?:\d+|two|three|four|five|six"
    r"|seven|eight|nine|ten|dois|duas|tres|quatro|cinco|seis|sete|oito|nove|dez) "
)
