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
_ALONE = re.compile(
    r"\bnothing (?:else|more|around|before|after|fancier|other|besides|extra)\b"
    rf"|\band nothing{_END}|\bnothing but (?:the |an? |one )?(?:\w+ )?{_OUTPUTS}\b"
    r"|\bno (?:extra |other |further |additional |intro |any )?(?:explan\w+|explain\w*"
    r"|comment(?:ary|s)?|prose|text|words|preamble|intro\w*|chat\w*|chit|markdown|backticks?"
    r"|code fences?|fences?"
    rf"|fluff|notes|waffle|small talk|talking|yapping|blah|greeting)\b"
    r"|\bwithout (?:any )?(?:explan\w+|comment\w*|explaining|extra|anything|intro\w*|other text)"
    r"|\b(?:don.?t|do not|dont) (?:explain|add (?:any|anything)|comment\b|write anything)|\b(?:no"
    r"|zero) need to explain"
    rf"|\b(?:only|just) (?:the |that |an? |one |your |its )?(?:\w+ )?{_OUTPUTS}{_END}|\b(?:only"
    rf"|just) (?:the |one )(?:code|query|sql|commands?|cmd|regex|json|csv|table|labels?|translation"
    rf"|number|(?:(?:in )?{_LANGUAGE}))\b"
    r"|\b(?:only|just) (?:return|output|give|reply|respond|answer|say|print|paste|write) "
    r"|\b(?:reply|respond|answer|return|output|say|give|write|send|print) (?:me |with |back |as "
    r"|an? )*(?:only|just)\b"
    rf"|(?:\b(?:{_OUTPUTS}|{_LANGUAGE}|that|this|yes|no|word|name)|[)}}\]]) (?:only|alone){_END}"
    rf"|\bonly[.!]?$|\bexclusively\b|\b(?:just|only) (?:that|this|it){_END}|\bthat.?s (?:it"
    rf"|all){_END}"
    r"|(?<!em )(?<!mudar )(?<!mexer )(?<!alterar )(?<!mude )(?<!altere )\bmais nada\b"
    r"|\bnada (?:mais|alem|de (?:texto|explic\w+|comentario\w*|conversa|intro\w*))\b"
    r"|\bsem (?:mais nada|explica\w+|comentario\w*|texto|conversa|introduc\w+|nada|markdown|aspas"
    r"|crases|barras|acrescent\w+|dizer|nenhum\w* (?:texto|explic\w+|comentario)|outr\w+ (?:texto"
    r"|palavras?|coisas?))\b|\bnao (?:explic\w+|coment\w+|acrescent\w+|precisa (?:de )?explic\w+"
    r"|quero explic\w+|escrev\w+ mais|adicion\w+ (?:mais )?nada)"
    rf"|\b(?:so|apenas|somente|unicamente|exclusivamente)(?: {_SAY})*(?: (?:o|a|os|as|um|uma|de|me"
    rf"|em))*(?: (?:proprio|propria|novo|nova|unica?))? (?:{_SAIDAS}|{_LANGUAGE})\b|\b(?:so|apenas"
    rf"|somente) (?!com\b|usa\b|use\b){_SAY}\b"
    r"|\b(?:so|apenas|somente|only|just) (?:com |with )?(?:o |the |this |este |esse )?[{\[]"
    r"|\b(?:reply|respond|answer|return) (?:with |in )?(?:an? |one )?single number\b"
    rf"|\b(?:so|apenas) (?:isso|isto|ela|ele){_END}|\be so{_END}|\b(?:{_SAIDAS}|{_LANGUAGE}) (?:so"
    rf"|apenas|somente){_END}"
)
_NOT_ALONE = re.compile(
    r"\b(?:not only|nao so|nao apenas|not just|so que|just (?:wanted|want to|a bit|a little|got"
    r"|need(?:ed)? to)|only if|only when|only thing|if only|so se\b|so quando)\b"
)
TRIGGERS = re.compile(
    r"only|just|nothing|no |without|explain|exclus|that's|thats|nada|sem |nao |apenas|somente"
    r"|unicamente|\bso\b|zero|single"
)


def read_alone(plain: str) -> bool:
    """Whether the request wants nothing beside the thing itself."""
    for match in _ALONE.finditer(plain):
        if not _NOT_ALONE.search(plain[max(0, match.start() - 8) : match.end() + 12]):
            return True
    return False
