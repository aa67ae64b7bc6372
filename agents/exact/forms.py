"""Wordings that say how the answer is to look, and none that changes what it is."""

from __future__ import annotations

import re

_NOUN = (
    r"(?:final |new |converted |resulting |sorted |formatted |cleaned |clean |updated |edited "
    r"|rewritten |masked |finished |bare |raw )?"
    r"(?:numbers?|figures?|digits?|results?|answers?|dates?|text|lists?|values?|amounts?|outputs?"
    r"|json|csv|table|lines?|items?|names?|sentences?|words?|times?|strings?|phrases?|day|weekday"
    r"|version|tags?|array|message|it|that|this|count|total|hour|surnames|emails|entries)"
)
_SUBST = (
    r"(?:numeros?|resultados?|respostas?|datas?|textos?|listas?|valor(?:es)?|frases?|horas?"
    r"|horarios?|palavras?|json|csv|tabelas?|linhas?|itens|nomes?|dia|isso|isto|digitos?|total"
    r"|algarismos?|mensagem|saida|array|montante|quantia)"
    r"(?: (?:final|convertid[oa]|formatad[oa]|ordenad[oa]|corrigid[oa]|nov[oa]|alterad[oa]))?"
)
_SEND = (
    r"(?:(?:please )?(?:give|gimme|return|output|send|reply|respond|answer|write|print|paste|show"
    r"|want|need|tell)(?: (?:me|back|with|us))* )"
)
_MANDA = (
    r"(?:(?:me )?(?:manda|mande|devolve|devolva|responde|responda|envia|envie|quero|preciso|da"
    r"|diz|diga|mostra|mostre|escreve|escreva|retorna|retorne)(?:[- ]me)?(?: (?:com|de))? )"
)
_TALK = (
    r"(?:explanations?|comments?|commentary|extra (?:text|words|stuff)|extras?|other (?:text|words)"
    r"|additional text|preamble|intro(?:duction)?|prose|chit-?chat|fluff|markdown|code (?:block"
    r"|fence)s?|quotes|text around it|text|words|fuss|working|steps)"
)
_CONVERSA = (
    r"(?:explicac(?:ao|oes)|comentarios?|(?:mais )?nada(?: mais)?|texto (?:a volta|extra|adicional)"
    r"|palavras a mais|enrolacao|conversa|rodeios|introducao|aspas|markdown|nada a volta|texto"
    r"|justificativa|justificacao|passos)"
)

BARE = re.compile(
    rf"\b(?:just|only|simply|solely|nothing but) {_SEND}?(?:the |a )?(?:bare |plain |raw |final )?"
    r"(?:number|figure|digits?)\b(?: only)?(?! of| in)"
    rf"|\b{_SEND}?(?:just |only )?(?:the |a |one |single )?(?:bare |plain )?"
    r"(?:number|figure|digits?) (?:only|alone)\b"
    rf"|\b(?:so|apenas|somente|unicamente) {_MANDA}?(?:com )?(?:o |os )?"
    r"(?:numeros?|algarismos?|digitos?)\b(?! de| da)"
    rf"|\b{_MANDA}?(?:o )?(?:numero|algarismo) (?:so|apenas|somente)\b"
    r"|\b(?:one|single) (?:number|figure|digit)\b"
)
"""The number without its unit."""

FORMS = re.compile(
    rf"\b(?:please )?{_SEND}?(?:with )?(?:just|only|simply|solely|nothing but|nothing more than) "
    rf"(?:with )?{_SEND}?(?:the |that |this |a |one )?{_NOUN}\b"
    rf"|\b(?:please )?{_SEND}?(?:the |that |a )?{_NOUN} (?:only|alone)\b|\bonly (?:that|this|it)\b"
    rf"|\b(?:and )?nothing (?:else|more|around it|fancier|extra)\b"
    rf"|\b(?:and )?(?:with )?no {_TALK}(?:,? (?:and |or )?(?:no )?{_TALK})*\b"
    rf"|\bwithout (?:any )?{_TALK}\b|\b(?:don't|do not|dont) explain(?: anything| it| why)?\b"
    rf"|\bskip the {_TALK}\b|\bthat's (?:all|it)\b|\bthats all\b|\b(?:in )?(?:one|a single) word\b"
    r"|\banswer:?(?= ?$)"
    rf"|\b{_MANDA}?(?:com )?(?:so|apenas|somente|unicamente) {_MANDA}?(?:com )?"
    rf"(?:o |a |os |as |um |uma |pelo |pela )?{_SUBST}\b"
    rf"|\b{_MANDA}?(?:o |a )?{_SUBST} (?:so|apenas|somente)\b|\be (?:so|mais nada)\b"
    rf"|\bmais nada\b|\bnada (?:mais|alem(?: disso)?)\b|\b(?:e )?sem {_CONVERSA}"
    rf"(?:,? (?:nem|e|ou) (?:sem )?{_CONVERSA})*\b|\bsem explicar(?: nada)?\b"
    r"|\bnuma (?:so )?palavra\b|\bem uma (?:unica )?palavra\b|\buma (?:so )?palavra\b"
)

KEEP = re.compile(
    r"\b(?:and |but |e |mas )?(?:(?:leave|keep) (?:everything else|the rest|all else"
    r"|the other(?: parts?)?)(?: (?:exactly|just))?(?: (?:as (?:it )?is|alone"
    r"|untouched|unchanged|the same|as it was|intact))*"
    r"|(?:don't|do not|dont) (?:touch|change|alter|modify) (?:anything else|the rest"
    r"|a thing else)|(?:touch|change) nothing else|rest (?:the )?same|same (?:text"
    r"|rest)"
    r"|(?:e )?(?:nao|sem) (?:mexe(?:r|s)?|mexa|mud(?:a|e|ar|es)|toqu?(?:e|es|ar|a)"
    r"|alter(?:a|e|ar|es)) (?:em |no |o |a )?(?:mais nada|nada mais|resto|restante)"
    r"|(?:mantem|mantenha|deixa|deixe|manter|mantendo) (?:o )?(?:resto|restante|todo "
    r"o resto)(?: (?:igual|como (?:esta|ta)|intacto|do texto))*)\b"
)
"""That nothing else is to be touched, which is so anyway."""
