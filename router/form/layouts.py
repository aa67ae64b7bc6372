"""Named formats of dates, times, telephone numbers and money, and a bare number.

A format is the whole answer's only where nothing else is asked for; a letter with a date in it is
a letter. Each is known by its usual name, and has a pattern that the answer matches.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from router.types.form import FormShape

_Y, _M, _D = r"\d{4}", r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])"
_SPACE = "[ \u00a0\u202f]"
_H24, _MIN = r"(?:[01]\d|2[0-3])", r"[0-5]\d"
_H12 = r"(?:0?[1-9]|1[0-2])"


@dataclass(frozen=True, slots=True)
class Layout:
    shape: FormShape
    name: str
    pattern: str


DATE_PARTS = {
    "yyyy": _Y,
    "yy": r"\d{2}",
    "mm": _M,
    "dd": _D,
    "m": r"(?:[1-9]|1[0-2])",
    "d": r"(?:[1-9]|[12]\d|3[01])",
}
_DATE_MASK = re.compile(
    r"(?<![\w/.-])(?P<mask>(?:[ya]{4}|[ya]{2}|mm?|dd?)(?P<sep>[-/.])(?:mm?"
    r"|dd?)(?:(?P=sep)(?:[ya]{4}|[ya]{2}|dd?))|[ya]{4}mmdd|ddmm[ya]{4}|(?:[ya]{4}-mm|mm/[ya]{4}"
    r"|dd/mm))(?![\w/]|-[a-z])"
)
_ISO_DATE = re.compile(
    r"\b(?:iso(?:[ -]?8601)?[ -](?:date|data|format\w*|formato)|(?:date|data)(?: \w+){0,2} iso\b"
    r"|(?:in|em|to|para|no formato|formato|as) iso\b|iso ?-?8601|iso please|iso pls)"
)
_CLOCK = re.compile(r"(?<![\w:])hh:mm(?P<s>:ss)?(?![\w:])")
_H24_NAMED = re.compile(
    r"\b24 ?-?h(?:ou)?rs?(?: clock| format| time)\b|\b24[ -]?(?:h|hr|hour) (?:clock|format|time)\b"
    r"|\b(?:in|em|formato|format|to|para|as|de|using|pra) (?:de )?24[ -]?(?:h\b|hours?|hrs?|horas)"
    r"|\bmilitary time|\bformato 24\b|\b24h,|, 24h\b|\b24-hour\b"
)
_H12_NAMED = re.compile(
    r"\b12[ -]?(?:h|hr|hour) (?:clock|format|time)\b|\b(?:em|in|formato|format|de|to) 12[ -]?(?:h\b"
    r"|hours?|horas)|\bam ?/ ?pm\b|\bwith (?:am|pm)\b|\bcom (?:am|pm)\b"
)
_PHONE = re.compile(r"\be\.? ?164\b|\be-164\b")
_PHONE_INTL = re.compile(r"\b(?:international|internacional|\+ ?country|country code)\b")
_PHONE_WORD = re.compile(
    r"\b(?:phone|telefone|telemove\w+|celular|cell|mobile|number|numero|tel|fone|whats\w*"
    r"|contact\w*|contato)\b"
)
_PHONE_MASK = re.compile(
    r"(?<![\w])(?P<mask>(?:\+\d{1,3}[ -]?)?[\dx()#]*[(x#][\dx()# -]*(?:[x#]{3,4})[- .]?[x#]{3,4})"
    r"(?![\w])",
    re.IGNORECASE,
)
_PHONE_EXAMPLE = re.compile(
    r"\b(?:formato?|like|tipo|padrao|pattern|assim|style)(?: de| as| tipo"
    r"| like)? ?[:\"'(]? ?(?P<mask>(?:\+\d{1,3} )?\(\d{2,3}\) \d{3,5}-\d{4})(?!\d)"
)
_MONEY = re.compile(
    r"(?P<mask>(?:r\$|us\$|\$|€|£|eur|brl|usd) ?\d{1,3}(?:[., ]\d{3})+[.,]\d{2}(?!\d)"
    r"|(?<![\d.,])\d{1,3}(?:[., ]\d{3})+[.,]\d{2} ?(?:€|eur\b|reais|euros)|(?:r\$|\$|€"
    r"|£) ?x(?:[.,]x{3})+[.,]x{2}|x(?:[., ]x{3})+[.,]x{2} ?€)"
)
_MONEY_CUE = re.compile(
    r"\b(?:format\w*|formato|like|tipo|estilo|style|as in|assim|padrao|pattern|written|escrit\w*"
    r"|such as|como)\b[^\n]{0,24}$"
)
_LONG_DATE = re.compile(r"\bpor extenso\b|\b(?:spelled|written) out\b")

TRIGGERS = re.compile(
    r"\(\d\d|yyyy|aaaa|dd[/.-]|mm[/.-]|iso|hh:mm|24|12 ?-?h|am ?/ ?pm|\b[ap]m\b|military|164"
    r"|internacional|international|country|x{3}|#{3}|r\$|us\$|\$|€|£|extenso"
)


def date_layout(plain: str) -> Layout | None:
    """The one date format that a folded request names; None for none or several."""
    masks = {match["mask"].replace("a", "y") for match in _DATE_MASK.finditer(plain)}
    if len(masks) > 1:
        return None
    if masks:
        mask = masks.pop()
        pattern = re.sub(
            r"y+|m+|d+|[./-]", lambda part: DATE_PARTS.get(part[0], re.escape(part[0])), mask
        )
        return Layout(FormShape.DATE, mask.upper(), pattern)
    if _ISO_DATE.search(plain):
        return Layout(FormShape.DATE, "YYYY-MM-DD", f"{_Y}-{_M}-{_D}")
    return None


def time_layout(plain: str) -> Layout | None:
    clock = _CLOCK.search(plain)
    twelve = _H12_NAMED.search(plain)
    if twelve and not (clock or _H24_NAMED.search(plain)):
        return Layout(FormShape.TIME, "h:MM AM/PM", rf"{_H12}:{_MIN} ?[AaPp]\.?[Mm]\.?")
    if clock and not twelve:
        seconds = f":{_MIN}" if clock["s"] else ""
        return Layout(FormShape.TIME, "HH:MM:SS" if seconds else "HH:MM", f"{_H24}:{_MIN}{seconds}")
    if _H24_NAMED.search(plain) and not twelve:
        return Layout(FormShape.TIME, "HH:MM", f"{_H24}:{_MIN}")
    return None


def phone_layout(text: str, plain: str) -> Layout | None:
    if _PHONE.search(plain):
        return Layout(FormShape.PHONE, "E.164", r"\+[1-9]\d{6,14}")
    masks = {
        match["mask"].strip() for match in _PHONE_MASK.finditer(text) if _is_phone(match["mask"])
    }
    if not masks:
        masks = {match["mask"] for match in _PHONE_EXAMPLE.finditer(plain)}
        masks = {re.sub(r"\d", "X", mask) for mask in masks}
    if len(masks) == 1:
        mask = masks.pop()
        pattern = "".join(r"\d" if c in "xX#" else re.escape(c).replace("\\ ", " ") for c in mask)
        return Layout(FormShape.PHONE, mask.upper(), pattern)
    return None


def _is_phone(mask: str) -> bool:
    return 7 <= sum(c in "xX#0123456789" for c in mask) <= 15 and any(c in "()- +" for c in mask)


def money_layout(text: str, plain: str) -> Layout | None:
    """A sum written as an example of the format, next to words that say so."""
    for match in _MONEY.finditer(plain):
        if "x" not in match["mask"] and not _MONEY_CUE.search(plain[: match.start()]):
            continue
        written = text[match.start("mask") : match.end("mask")]
        digits = re.sub(r"x", "1", written.lower())
        groups = re.search(r"\d{1,3}([., ])\d{3}(?:[., ]\d{3})*([.,])\d{2}", digits)
        if groups is None:
            return None
        group, point = re.escape(groups[1]).replace("\\ ", _SPACE), re.escape(groups[2])
        before, after = digits[: groups.start()], digits[groups.end() :]
        number = rf"-?\d{{1,3}}(?:{group}\d{{3}})*{point}\d{{2}}"
        behind = written[len(written) - len(after) :] if after else ""
        pattern = f"{_spaced(written[: len(before)])}{number}{_spaced(behind)}"
        return Layout(FormShape.MONEY, written.strip("\"' "), pattern)
    return None


def _spaced(sign: str) -> str:
    bare = re.escape(sign.strip())
    if not bare:
        return ""
    return (
        f"{bare}{_SPACE}?" if sign.endswith(" ") or not sign.startswith(" ") else f"{_SPACE}?{bare}"
    )


def long_date(plain: str) -> bool:
    return _LONG_DATE.search(plain) is not None


NUMBER_PATTERN = r"[-+−]?(?:\d{1,3}(?:[., ]\d{3})+|\d+)(?:[.,]\d+)?"
"""A number as either language writes it, without a unit."""

_END = (
    r"(?= ?(?:[.,;:!?)(\n\-]|$|please|pls|plz|thx|thanks|and\b|no\b|in\b|rounded|with\b|i.ll|for\b"
    r"|que\b|e\b|sem\b|em\b|arred\w+|pf\b|por favor|pra\b|para\b|da\b|de\b|do\b))"
)
_NUMBER_ONLY = re.compile(
    rf"(?:\b(?:number|figure|digits?|integer|numeral|numbers)[ ,]*(?:only|alone|and nothing)\b"
    r"|\b(?:only|just|nothing but) (?:the |an? |one |in )?(?:single |final |plain |bare "
    r"|resulting )?"
    rf"(?:number|figure|digits?|integer|numeral|total|sum){_END}"
    r"|\b(?:reply|answer|respond|return|output)(?: me)?(?: with| as)? (?:just "
    r"|only )?an? (?:single "
    rf"|plain |bare )?(?:number|figure|integer){_END}"
    r"|\b(?:so|apenas|somente|unicamente)(?: (?:quero|preciso|me|manda|mande|de|do|responda"
    r"|responde|diz|diga|com|da|da-me|devolve|em))* (?:o |um |em )?(?:numero|numerozinho|algarismo"
    r"|valor numerico|total|inteiro)s?\b|\b(?:numero|algarismo|algarismos|numeros) (?:so|apenas"
    r"|somente|e mais nada)\b|\bum (?:unico|so) numero\b|[?.,;:(\n-] ?(?:a )?number(?: please"
    r"| pls)?[.!)]?$|\b(?:a single|one) (?:number|figure)[.!]?$|[,.:] ?(?:a single|one"
    r"|single) (?:number|figure)\b)"
)
_NOT_A_NUMBER = re.compile(
    r"\b(?:phone|order|invoice|ticket|account|room|flight|tracking|serial|card|reference|policy"
    r"|house|page|gate|model|part|version|case|id|telefone|celular|telemove\w+|whats\w*|e\.?164|cpf"
    r"|cnpj|nif|iban|cep|protocolo|processo|pedido|encomenda|sala|conta|cartao|rastreio|contrato"
    r"|matricula|zip|postal|codigo|fone|ddd|chassi|boleto|passport|license)\b"
)
_CODE_NUMBER = re.compile(
    r"\b(?:phone|telefone|celular|telemove\w+|whats\w*|e\.?164|cpf|cnpj|nif|iban|cep|protocolo"
    r"|ddd)\b"
)
_DIGITS_OF_PHONE = re.compile(r"\+\s?\d|\(\d{2,3}\)|\(xx\)|\d{3}[ -]\d{4}|\d{4,5}-\d{4}")
_COUNTS = re.compile(
    r"\b(?:how (?:many|much)|quant[oa]s?|count|conta|conte|total|sum|soma|average|media|percent\w*"
    r"|porcent\w+|kg|km|miles?|ml|celsius|fahrenheit|convert\w*)\b"
)
_OF_NUMBER = re.compile(
    r"[ ]?(?:of (?:the )?|d[oae]s? )(?!pagin|vezes|dias|dia\b|horas|resultado|conta\b|calculo)\w+"
)
_NUMBER_LIST = re.compile(r"\b(?:comma|virgula|separad\w+|one per line|um por linha|each|cada)\b")
NUMBER_TRIGGERS = re.compile(
    r"number|figure|digit|integer|numeral|numero|algarismo|total|sum|inteiro|valor num"
)


_FIELDS = re.compile(r"\w ?\| ?\w+ ?\| ?\w|\b(?:columns|fields|campos|colunas)\b")
"""Of several fields one may be told to be a number."""


def number_only(plain: str) -> bool:
    """Whether the whole answer is to be one number."""
    match = _NUMBER_ONLY.search(plain)
    if match is None or _NUMBER_LIST.search(plain) or _FIELDS.search(plain):
        return False
    before = plain[max(0, match.start() - 40) : match.start()]
    if _OF_NUMBER.match(plain, match.end()) or re.search(rf"{_NOT_A_NUMBER.pattern} ?$", before):
        return False
    if _COUNTS.search(plain):
        return True
    near = plain[max(0, match.start() - 60) : match.end() + 40]
    return not (
        _NOT_A_NUMBER.search(near) or _CODE_NUMBER.search(plain) or _DIGITS_OF_PHONE.search(plain)
    )
