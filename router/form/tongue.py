"""The natural language, the letters' case and the masking that a request asks for."""

from __future__ import annotations

import re
from typing import Literal

_CODES = {
    "en": "english ingles inglesa", "pt": "portuguese portugues portuguesa brazilian-portuguese",
    "es": "spanish espanhol espanhola castelhano", "fr": "french frances francesa",
    "de": "german alemao alema", "it": "italian italiano italiana", "ja": "japanese japones",
    "zh": "chinese chines mandarin mandarim", "ko": "korean coreano", "ru": "russian russo",
    "nl": "dutch holandes neerlandes", "ar": "arabic arabe", "he": "hebrew hebraico",
    "hi": "hindi", "el": "greek grego", "tr": "turkish turco", "pl": "polish polones polaco",
    "sv": "swedish sueco", "uk": "ukrainian ucraniano", "ca": "catalan catalao",
    "gl": "galician galego", "la": "latin latim", "ro": "romanian romeno",
}  # fmt: skip
_CODE_OF = {name: code for code, names in _CODES.items() for name in names.split()}
LANGUAGE_TRIGGERS = frozenset(_CODE_OF) | {"ptbr", "pt"}

_VARIANT = (
    r"(?:brazilian |european |british |american |uk |us |(?P<style>plain |simple |good |proper "
    r"|clear ))?"
)
_NAME = rf"(?P<tongue>{'|'.join(_CODE_OF)})"
_NAMED = re.compile(rf"\b{_NAME}\b")
_AFTER = (
    r"(?=\s*(?:$|[.,;:!?()\n\"'/&+>-]|(?:please|pls|plz|only|and|with|for|to|so|because|e|com|por"
    r"|apenas|sobre|para|pra|pro|do brasil|brasil\w*|de portugal|europ\w*|using|how|that|as|or|ou"
    r"|thx|thanks|as|well|here|now|then|first|me|it|this|the|my|these|isso|isto|ess[ea]s?|est[ea]s?"
    r"|o|a|os|as|um|uma|ai|aqui|pf|pfv|obrigad\w+|valeu|mesmo|sem|without|not|nao|no|keep|mantendo"
    r"|mantem|is fine|no max|max|in|em|ate|de forma|bem|simples|informal|britanic[oa]|american[oa]"
    r"|coloquial|formal|correto)\b))"
)
_INTO = re.compile(
    r"(?P<how>\b(?:in|into|em|no|pro|pra o|pra|para o|para a lingua|para|to|num|so em|only in|only)"
    rf"|→|->)[ ]?(?:o )?(?:idioma )?{_VARIANT}{_NAME}\b{_AFTER}(?P<after>[^.\n]{{0,24}})"
)
_ONLY_IT = re.compile(rf"\b(?:the|o|só o|so o|just the|only the) {_VARIANT}{_NAME}\b")
_FULL_ORDER = re.compile(
    r"\b(?:translat|tradu[zc]|write|escrev|respond|reply|answer|say\b|diz|digo|fala|fica|put|coloc"
    r"|pass[ae]|pôr|poe|bota|need|want|quero|preciso|queria|version|vers[ao]|give|manda|da-me|dá"
    r"|send|make|turn|vers|rewrite|reescrev|reword|draft|redig|summar|resum|explain|expli|describ"
    r"|descrev|list|output|saida|convert|only|just|apenas|somente|word|palavra|sentence|frase|name"
    r"|titulo|keep|generat|ger[ae]|cria|create|compose|post|caption|legenda|label)"
)
_FROM_BEFORE = re.compile(
    r"\b(?:from|do|of|is|are|was|written|escrit[oa]s?|est[ao]|esta|vem|veio|came|comes|speaks?"
    r"|reads?|fala|le|aula|curso|class|course|lesson|prova|teste|teacher|professor|word|palavra"
    r"|term|named|called|text|texto|email|e-mail|mail|message|mensagem|article|artigo|review|letter"
    r"|carta) (?:\w+ )?$"
)
_ORDER_BEFORE = re.compile(
    r"\b(?:text|texto|email|e-mail|mail|message|mensagem|article|artigo|review|letter|carta|word"
    r"|palavra|is|it)$"
)
_NOT_AFTER = re.compile(
    r"\s*(?:class|lesson|teacher|course|exam|homework|speaker|text\b|article\b|version of the"
    r"|keyboard|below|above|abaixo|acima|literature|literatura|cuisine|food)"
)

UPPER = re.compile(
    r"\b(?:all[ -]caps|(?:in|to) caps|upper[ -]?case|in capitals|capital letters|capitals only"
    r"|caps only|block caps|caixa alta|(?:tudo |todo |toda |todas |todos |em |para |pra |p/ ?"
    r"|letras )(?:em |as )?(?:letras )?maiuscul[ao]s?|maiusculas)\b"
)
LOWER = re.compile(
    r"\b(?:all[ -]lower[ -]?case|lower[ -]?cased?|small letters|caixa baixa|(?:tudo |todo |em "
    r"|para |pra |p/ ?|letras )(?:em |as )?(?:letras )?minuscul[ao]s?|minusculas)\b"
)
TITLE = re.compile(
    r"\b(?:title[ -]?case|capitali[sz]e (?:each|every) word|(?:each|every) word capitali[sz]ed"
    r"|(?:com )?iniciais (?:em )?maiusculas|primeira letra de cada palavra (?:em )?maiuscula"
    r"|(?:initial|first) (?:letters? )?caps)\b"
)
_CASE_TRIGGERS_WORDS = (
    "caps uppercase lowercase lowercased upper lower capitals capital small case caixa maiusculas "
    "maiuscula minusculas minuscula maiusculo maiusculos minusculo minusculos iniciais title "
    "titlecase capitalize capitalise capitalized capitalised initial"
)
CASE_TRIGGERS = frozenset(_CASE_TRIGGERS_WORDS.split())
_PART_AFTER = re.compile(
    r"\s*(?:(?:cells?|words?|characters|names|vowels|initials?|version)\b|for (?:the )?(?:first"
    r"|keys?|names?|labels?|acronyms?|headers?|headings?|titles?)|first|(?:letter )?at the (?:start"
    r"|beginning)|only for|initial|no inicio|so no|na primeira|letters? (?:of|followed)|seguid"
    r"|followed)"
)
_PART_BEFORE = re.compile(
    r"(?:\b(?:first|primeira|ignore|ignora|ignoring|ignorando|regardless|sem diferenciar|not|no|nao"
    r"|sem|without|distingu\w+|diferenci\w+|keep|mantem|mantenha|mantendo|keys?|chaves?|acronyms?"
    r"|siglas?|headers?|headings?|tres|three|two|duas|\d|only|contains?|with|starts? with|inicial"
    r"|letra|tirando|except|exceto|menos|entre|apenas|so)[ ,:(]+(?:\w+ ){0,2}| e | and |(?<!p)/ ?)$"
)

_MASKS = re.compile(
    r"\b(?:mask(?:ed|ing)?|redact(?:ed)?|anonymi[sz]ed?|black(?:ed)? out|blank(?:ed)? out"
    r"|blur(?:red)?(?: out)?|censor(?:ed)?|hide|scrub|strip out|obfuscate|obscure|pseudonymi[sz]e"
    r"|de-?identify|mascar(?:ar?|e|ad[ao]s?)|anonimiz(?:ar?|e|ad[ao]s?)|anonimo|ocult(?:ar?|e"
    r"|ad[ao]s?)|escond(?:er?|a|e)|tarj(?:ar?|e|ad[ao])|censur(?:ar?|e|ad[ao])|camufl(?:ar?|e)"
    r"|suprim(?:ir|a|e)|rasur(?:ar?|e))\b"
)
_REPLACES = re.compile(
    r"\b(?:replac(?:e|ed|ing)|swap|chang(?:e|ed)|put|substitu(?:a|i|ir|e)|troc(?:a|ar|ado)|troque"
    r"|coloc(?:a|ar|que)|poe|use|turn|with|por|as)\b[^\n]{0,90}(?:\[(?:nam|nom|e-?mail|phone|tel"
    r"|address|ender|morad|redact|remov|hidden|ocult|censur|cpf|nif|iban|card|cart|client|person"
    r"|pessoa|id|num|dat|x|\.\.)[a-z_. ]*\]|\*{2,}|x{3,}\b|#{3,}|█|<[a-z_]{3,12}>|asterisks?"
    r"|asteriscos?)"
)
_PRIVATE = re.compile(
    r"\b(?:names?|nomes?|e-?mails?|phones?|telefones?|telemove\w+|celular\w*|numbers?|numeros?"
    r"|cpfs?|cnpjs?|nifs?|ibans?|ssns?|rgs?|cards?|cart(?:ao|oes)|address\w*|enderecos?|moradas?"
    r"|pii|personal|pessoa\w*|sensitive|sensive\w+|confidencia\w+|private|privad\w+|identif\w+"
    r"|dados|data|digits?|digitos?|patients?|pacientes?|clientes?|customers?|accounts?|contas?"
    r"|password\w*|senhas?|passport\w*|passaportes?|license|plates?|placas?|matriculas?|birth\w*"
    r"|nascimento|ips?|people|contacts?|contact\w*|contatos?|contactos?|surnames?|apelidos?"
    r"|utentes?|documentos?)\b"
)
_REMOVED = re.compile(
    r"\b(?:remove|strip|take out|delete|tira|retira|remov[ae]|apaga"
    r"|elimina)(?: \w+){0,3}? (?:dados pessoais|personal (?:data|info\w*|details)|pii"
    r"|informac\w+ pessoa\w+)\b"
)
_ANONYMISED = re.compile(
    r"(?:^|[.!?\n:,] ?|please |pls |can you |pode |you to )(?:anonymi[sz]e|redact"
    r"|anonimiz[ae]r?) (?:this|that|it|the|isto|isso|esse|este|o|a|os|as)\b"
)
_HIDDEN = re.compile(rf"(?: (?:[a-z0-9'/-]+,?)){{0,5}}? {_PRIVATE.pattern}")
"""What is hidden, a few words after the word that hides it."""
MASK_TRIGGERS = re.compile(
    r"pessoa|personal|pii|blur|mask|redact|anon[iy]|out|censor|hide|scrub|strip|obfus|obscur"
    r"|identif|mascar|ocult|escond|tarj|censur|camufl|suprim|rasur|\*\*|xxx|\[|#|█|asteri|<"
)


def read_language(plain: str) -> str | None:
    """ISO 639-1 of the language that the answer is to be in; None where none or several are "
    "named."""
    found: set[str] = set()
    for match in _INTO.finditer(plain):
        before = plain[max(0, match.start() - 40) : match.start()].rstrip(" ")
        if _NOT_AFTER.match(match["after"]) or (match["style"] and match["tongue"] == "english"):
            continue
        spoken = match["how"] in ("in", "em") and (
            _FROM_BEFORE.search(before + " ") or _ORDER_BEFORE.search(before)
        )
        near = plain[max(0, match.start() - 160) : match.end() + 30]
        answered = before.endswith(("answer", "reply", "response", "resposta"))
        if spoken and not (answered or _TURNS.search(near)):
            continue
        if match["how"] in ("to", "into", "->", "→", "para", "pra") or _FULL_ORDER.search(near):
            found.add(_CODE_OF[match["tongue"]])
    if not found:
        for match in _ONLY_IT.finditer(plain):
            near = plain[max(0, match.start() - 24) : match.end() + 16]
            if re.search(r"\b(?:only|just|so|apenas|somente|please|version|versao)\b", near):
                found.add(_CODE_OF[match["tongue"]])
    return found.pop() if len(found) == 1 else None


_TURNS = re.compile(r"\b(?:translat|tradu[zc]|version|versao|diz\b|digo|fica|say\b)")


def read_case(plain: str) -> Literal["upper", "lower", "title"] | None:
    """The case that the whole answer is to have."""
    found: set[Literal["upper", "lower", "title"]] = set()
    title = TITLE.search(plain)
    if title:
        return None if UPPER.search(plain[: title.start()]) else "title"
    for case, pattern in (("upper", UPPER), ("lower", LOWER)):
        for match in pattern.finditer(plain):
            before = plain[max(0, match.start() - 30) : match.start()]
            if _PART_BEFORE.search(before) or _PART_AFTER.match(plain, match.end()):
                return None
            found.add(case)  # type: ignore[arg-type]
    return found.pop() if len(found) == 1 else None


def read_masked(plain: str) -> bool:
    """Whether values of persons are to be hidden in the answer."""
    for match in _MASKS.finditer(plain):
        if _HIDDEN.match(plain, match.end()):
            return True
    if _REMOVED.search(plain) or _ANONYMISED.search(plain):
        return True
    replaced = _REPLACES.search(plain)
    return replaced is not None and _PRIVATE.search(replaced[0]) is not None
