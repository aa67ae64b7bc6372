"""Whether a request wants the thing itself and nothing beside it."""

from __future__ import annotations

import re

_OUTPUTS = (
    r"(?:number|figure|digits?|date|time|names?|word|labels?|answer|result|code|quer(?:y|ies)|sql"
    r"|commands?|cmd|regex|pattern|functions?|json|csv|table|list|sentence|text|translation|phone"
    r"|total|value|string|title|line|options?|bucket|category|urls?|emails?|headline|letters?|tags?"
    r"|subject|output|class|script|string|yaml|html|xml|price|amount|array|corrected|final|new"
    r"|edited|revised|translated|fixed|rewritten|converted|version|expression|address|bare|raw"
    r"|object|summary|reply|caption|year|city|country|colou?r|place|surname|author|winner|shop"
    r"|store|hour|day|month|percent\w*|ratio|unit|verdict|choice|phrase|file|link|symbol|equation"
    r"|formula|initials|room|seat|gate|capital|am|pm|format|slug|id|code|snippet|sum|lambda)"
)
_SAIDAS = (
    r"(?:frase|palavra|resposta|data|hora|horario|valor|traducao|query|consulta|comando|codigo"
    r"|numeros?|nomes?|textos?|resultado|json|csv|tabela|lista|sigla|etiqueta|rotulo|label|sql"
    r"|regex|express\w+|padrao|funcao|titulo|total|telefone|celular|e-?mails?|letra|percent\w+"
    r"|porcent\w+|prestacao|linha|url|link|categoria|setor|bucket|correcao|versao|assunto|legenda"
    r"|conta|script|quantia|montante|preco|string|array|objeto|resumo|algarismo|classe|select"
    r"|formula|tags?|hashtags?|digitos?|sim|delas|deles|destas|destes|opcao|ano|mes|dia|html|xml"
    r"|yaml|produto)"
)
_SAY = (
    r"(?:quero|queria|preciso|manda|mande|responde|responda|respondas|devolve|devolva|retorna"
    r"|retorne|diz|diga|me (?:da|de|diz|diga|manda|mande|responde|devolve|passa)|escreve|escreva"
    r"|cola|mostra|com|da-me|usa|use|coloca|imprime|imprima|tens de|deve)"
)
_END = r"(?= ?(?:[.,;:!?)\n\-→]|$|please|pls|plz|thx|thanks|ok\b|no\b|and no|por favor|pf\b))"
_LANGUAGE = (
    r"(?:english|portuguese|spanish|french|german|italian|ingles|portugues|espanhol|frances)"
)
_ALONE = tuple(
    (words, re.compile(pattern))
    for words, pattern in (
        (
            ("nothing",),
            r"\bnothing (?:else|more|around|before|after|fancier|other|besides|extra)\b"
            rf"|\bnothing but (?:the |an? |one )?(?:\w+ )?{_OUTPUTS}\b"
            rf"|\bnothing(?<=and nothing){_END}",
        ),
        (
            ("no ",),
            r"\bno (?:extra |other |further |additional |intro |any )?(?:explan\w+|explain\w*"
            r"|comment(?:ary|s)?|prose|text|words|preamble|intro\w*|chat\w*|chit|markdown"
            r"|backticks?|code fences?|fences?|fluff|notes|waffle|small talk|talking|yapping|blah"
            r"|greeting|need to explain)\b",
        ),
        (
            ("without", "don", "do not"),
            r"\bwithout (?:any )?(?:explan\w+|comment\w*|explaining|extra|anything|intro\w*"
            r"|other text)|\b(?:don.?t|do not) (?:explain|add (?:any|anything)|comment\b"
            r"|write anything)",
        ),
        (
            ("only", "just"),
            rf"\b(?:only|just) (?:the |that |an? |one |your |its )?(?:\w+ )?{_OUTPUTS}{_END}"
            r"|\b(?:only|just) (?:the |one )(?:code|query|sql|commands?|cmd|regex|json|csv|table"
            rf"|labels?|translation|number|(?:in )?{_LANGUAGE})\b"
            r"|\b(?:only|just) (?:return|output|give|reply|respond|answer|say|print|paste"
            r"|write) (?!if|when|to\b)"
            rf"|\b(?:only|just) (?:that|this|it){_END}"
            r"|\b(?:only|just) (?:with )?(?:the |this )?[{\[]",
        ),
        (
            ("only", "just", "alone"),
            r"\b(?:reply|respond|answer|return|output|say|give|write|send|print) (?:me |with |back "
            r"|as |an? )*(?:only|just)\b",
        ),
        (
            ("only", "alone"),
            rf"\b(?:{_OUTPUTS}|{_LANGUAGE}|that|this|yes|no|word|name) (?:only|alone){_END}"
            rf"|[)}}\]] (?:only|alone){_END}|\bonly[.!]?$",
        ),
        (("exclusively",), r"\bexclusively\b"),
        (("that", "single"), rf"\bthat.?s (?:it|all){_END}|\b(?:an?|one) single number\b"),
        (
            ("nada",),
            r"\bmais nada\b(?<!em mais nada)(?<!mudar mais nada)(?<!mexer mais nada)"
            r"(?<!alterar mais nada)(?<!mude mais nada)(?<!altere mais nada)|\bnada (?:mais|alem"
            r"|de (?:texto|explic\w+|comentario\w*|conversa|intro\w*))\b",
        ),
        (
            ("sem ",),
            r"\bsem (?:mais nada(?<!mudar mais nada)|explica\w+|comentario\w*|texto|conversa"
            r"|introduc\w+|nada|markdown|aspas|crases|barras|acrescent\w+|dizer|nenhum\w* (?:texto"
            r"|explic\w+|comentario)|outr\w+ (?:texto|palavras?|coisas?))\b",
        ),
        (
            ("nao ",),
            r"\bnao (?:explic\w+|coment\w+|acrescent\w+|precisa (?:de )?explic\w+|quero explic\w+"
            r"|escrev\w+ mais|adicion\w+ (?:mais )?nada)",
        ),
        (
            ("so ", "apenas", "somente", "unicamente", "exclusivamente"),
            rf"\b(?:so|apenas|somente|unicamente|exclusivamente)(?: {_SAY})*"
            r"(?: (?:o|a|os|as|um|uma|de|me|em))*(?: (?:proprio|propria|novo|nova|unica?))? "
            rf"(?:{_SAIDAS}|{_LANGUAGE})\b|\b(?:so|apenas|somente) (?!com\b|usa\b|use\b){_SAY}\b"
            rf"|\b(?:so|apenas) (?:isso|isto|ela|ele){_END}"
            r"|\b(?:so|apenas|somente) (?:com )?(?:o |este |esse )?[{\[]",
        ),
        (
            (" so", "apenas", "somente"),
            rf"\be so{_END}|(?<!uma )(?<!um )\b(?:{_SAIDAS}|{_LANGUAGE}) (?:so|apenas"
            rf"|somente){_END}",
        ),
    )
)
"""Each with the words of which it has one: looking for those is cheap."""
_NOT_ALONE = re.compile(
    r"\b(?:not only|nao so|nao apenas|not just|so que|just (?:wanted|want to|a bit|a little|got"
    r"|need(?:ed)? to)|only if|only when|only thing|if only|so se\b|so quando)\b"
)


def read_alone(plain: str) -> bool:
    """Whether the request wants nothing beside the thing itself."""
    for words, pattern in _ALONE:
        if any(word in plain for word in words):
            for match in pattern.finditer(plain):
                near = plain[max(0, match.start() - 8) : match.end() + 12]
                if not _NOT_ALONE.search(near):
                    return True
    return False
