"""Whether a request wants the thing itself and nothing beside it."""

from __future__ import annotations

import re

_OUTPUTS = (
    r"(?:number|figure|digits?|date|time|names?|word|labels?|answer|result|code|quer(?:y|ies)|sql"
    r"|commands?|cmd|regex|pattern|functions?|json|csv|table|list|sentence|text"
    r"|translation|phone|total|value|string|title|line|bucket|category|urls?|emails?|headline"
    r"|letters?|tags?|subject|output|class|script|string|yaml|html|xml|price|amount|array"
    r"|corrected|final|new|edited|revised|translated|fixed|rewritten|converted|version|expression"
    r"|address|bare|raw|object|summary|reply|caption|slug|id|code|snippet|sum|lambda)"
)
_SAIDAS = (
    r"(?:frase|palavra|resposta|data|hora|horario|valor|traducao|query|consulta|comando|codigo"
    r"|numeros?|nomes?|textos?|resultado|json|csv|tabela|lista|sigla|etiqueta|rotulo|label"
    r"|sql|regex|express\w+|padrao|funcao|titulo|total|telefone|celular|e-?mails?|letra|percent\w+"
    r"|porcent\w+|prestacao|linha|url|link|categoria|setor|bucket|correcao|versao"
    r"|assunto|legenda|conta|script|quantia|montante|preco|string|array|objeto|resumo|algarismo"
    r"|classe|select|formula|tags?|hashtags?|digitos?|ano|mes|dia|html|xml|yaml|produto)"
)
_SAY = (
    r"(?:quero|queria|preciso|manda|mande|responde|responda|respondas|devolve|devolva|retorna"
    r"|retorne|diz|diga|me (?:da|de|diz|diga|manda|mande|responde|devolve|passa)|escreve|escreva"
    r"|cola|mostra|com|da-me|usa|use|coloca|imprime|imprima|tens de|deve)"
)
_ALONE = re.compile(
    r"\bnothing (?:else|more|but|around|before|after|fancier|other|besides|extra)\b"
    r"|\band nothing\b|\bno (?:extra |other |further |additional |intro |any )?"
    r"(?:explan\w+|explain\w*|comment(?:ary|s)?|prose|text|words|preamble|intro\w*|chat\w*|chit"
    r"|markdown|backticks?|code fences?|fences?|fluff"
    r"|notes?|waffle|small talk|talking|quotes|yapping|blah|greeting)\b"
    r"|\bwithout (?:any )?(?:explan\w+|comment\w*|explaining|extra|anything|intro\w*|text|other)"
    r"|\b(?:don.?t|do not|dont) (?:explain|add (?:any|anything)|comment|write anything)|\b(?:no"
    r"|zero) need to explain"
    rf"|\b(?:only|just) (?:the |that |a |an |one |your |its )?(?:\w+ )?{_OUTPUTS}\b|\b(?:only"
    rf"|just) (?:return|output|give|reply|respond|answer|say|print|send|show|paste|write|yes"
    rf"|with)\b"
    r"|\b(?:reply|respond|answer|return|output|say|give|write|send|print) (?:me |with "
    r"|back )?(?:only|just)\b"
    r"|\bnothing\b[.!]?$|\b(?:\w+|\)) only\b(?= ?(?:[.,;:!?)\n-]|$|please|pls|plz|thx|thanks|for"
    r"|ok|no\b|and|i.m|it.s|because|as\b))|\bonly[.!]?$|\bexclusively\b|\b(?:just|only) that\b"
    r"|\bthat.?s (?:it|all)\b|\bonly (?:the|in)\b"
    r"|\bmais nada\b|\bnada (?:mais|alem|de (?:texto|explic\w+|comentario\w*|conversa|intro\w*))\b"
    r"|\bsem (?:mais nada|explica\w+|comentario\w*|texto|conversa|introduc\w+|palavras|nada"
    r"|enrol\w+|blabla|bla|rodeios|markdown|aspas|crases|barras|outr\w+|acrescent\w+|dizer"
    r"|nenhum\w*)\b"
    r"|\bnao (?:explic\w+|coment\w+|acrescent\w+|precisa (?:de )?explic\w+|quero explic\w+"
    r"|escrev\w+ mais|adicion\w+ (?:mais )?nada)|\b(?:somente|unicamente|exclusivamente)\b"
    rf"|\b(?:so|apenas)(?: {_SAY})*(?: (?:o|a|os|as|um|uma|de|me))*(?: (?:proprio|propria|novo"
    rf"|nova|unica?))? {_SAIDAS}\b|\b(?:so|apenas) {_SAY}\b|\bso (?:isso|isto|ela|ele|sim|em)\b"
    rf"|\bapenas (?:isso|isto|o|a|os|as|um|uma|em)\b"
    r"|\be so\b[.!]?|\b\w+ (?:so|apenas)(?= ?(?:[.,;:!?)\n]|$|por favor|pf\b|pls))"
)
_NOT_ALONE = re.compile(
    r"\b(?:not only|nao so|nao apenas|not just|so que|just (?:wanted|want to|a bit|a little|got"
    r"|need(?:ed)? to)|only if|only when|only thing|if only|so se\b|so quando)\b"
)
TRIGGERS = re.compile(
    r"only|just|nothing|no |without|explain|exclus|that's|thats|nada|sem |nao |apenas|somente"
    r"|unicamente|\bso\b|zero"
)


def read_alone(plain: str) -> bool:
    """Whether the request wants nothing beside the thing itself."""
    for match in _ALONE.finditer(plain):
        if not _NOT_ALONE.search(plain[max(0, match.start() - 8) : match.end() + 12]):
            return True
    return False
