"""Personal data of a text replaced by what the request names, and nothing else touched."""

from __future__ import annotations

import re

from agents.exact.answer import Exact
from agents.exact.ask import Ask
from agents.exact.parts import Part, computed
from agents.exact.replacing import NOUNS, RETURN

FAMILY = "mask"

_MAIL = re.compile(r"[\w.+%-]+@(?:[\w-]+\.)+[A-Za-z]{2,}(?!\w)")
_KINDS = {
    "email": (
        r"(?:e-?mail(?: address(?:es)?)?|e-?mails|(?:enderecos? de )?e-?mails?(?: " r"addresses)?)",
        _MAIL,
    ),
    "phone": (
        r"(?:(?:tele)?phone(?: number)?s?|(?:numeros? de )?(?:telefones?|telemove(?:l"
        r"|is)|celular(?:es)?))",
        re.compile(r"(?<![\w.,/@+-])\(?\+?\(?\d(?:[ .()-]{0,2}\d){7,14}(?![\w@]|[.,/-]\d)"),
    ),
    "cpf": (r"cpfs?", re.compile(r"(?<![\d.-])\d{3}\.\d{3}\.\d{3}-\d{2}(?![\d])")),
    "cnpj": (r"cnpjs?", re.compile(r"(?<![\d.-])\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}(?!\d)")),
    "card": (
        r"(?:(?:credit )?card numbers?|cards?|numeros? d[oe] cartao|cartao|cartoes)",
        re.compile(r"(?<![\d.-])\d{4}([ -]?)\d{4}\1\d{4}\1\d{4}(?![\d-])"),
    ),
    "iban": (
        r"ibans?",
        re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?(?!\w)"),
    ),
}
_WHAT = "|".join(rf"(?P<{name}>{names})" for name, (names, _) in _KINDS.items())
_LABEL = r"(?P<label>\[[a-z0-9_ -]{1,20}\]|<[a-z_]{1,20}>|\*{2,12}|x{3,12}|#{3,12})"
_NO_PHONE = re.compile(
    r"\b(?:orders?|pedidos?|encomenda|ref(?:erence|erencia)?|invoice|fatura|nif|cpf"
    r"|account|conta|ids?|case"
    r"|ticket|booking|reserva|protocolo|processo|contract|contrato|policy|apolice|no\.|n[ºo°])\W*"
    r"(?:\w+\W+)?\d(?:[ .()/-]{0,2}\d){5,}|\b(?:call|dial|ligue?|ligar)\W+\d{3}\b(?![ -]\d)",
    re.IGNORECASE,
)
"""Long numbers that are none, and telephone numbers that are short."""
_VERB = (
    r"(?:replac(?:e|ing)|mask(?:ing)?|redact(?:ing)?|swap|change|hide|anonymi[sz]e"
    r"|censor|substitu(?:i|a|ir)|troc(?:a|ar)|troque"
    r"|mascar(?:a|ar|e)|anonimiz(?:a|ar|e)|ocult(?:a|ar|e)|censur(?:a|ar|e)|escond(?:e|a|er))"
)
_EACH = r"(?:(?:every|all|each|any|the|both|todos?|todas?|cada|os|as|o|a|de|of|qualquer|single) )*"
_ORDERS = (
    re.compile(
        rf"\b{_VERB} {_EACH}(?:{_WHAT})(?: (?:below|above|here|abaixo|acima|in (?:it|this"
        r"|the text)|(?:no|neste|deste|do|in the|in this) (?:texto|text|message|frase"
        r"|mensagem)))*"
        r",? (?:(?:trocando|substituindo) )?(?:with|by|to|for|as|por|com|para)(?: a| the"
        rf"| o| just)? ?[\"']?{_LABEL}[\"']?"
    ),
    re.compile(
        rf"\b(?:take|i have to take|have to take) {_EACH}(?:{_WHAT}) out[.,;]? ?(?:and "
        rf")?(?:put|write) [\"']?{_LABEL}[\"']?(?: where (?:they|it) (?:were|was)| "
        r"instead| in (?:their|its) place)?"
    ),
)
_LAST_FOUR = re.compile(
    r"\b(?:mask(?:ed|ing)?|hide|redact)(?: (?:the|this|my|all|number|numbers|digits"
    r"|of|card|credit|it|line))*"
    r"(?:(?: |,)(?:with|showing|leaving|keeping|so))?(?: (?:all )?(?:except|but"
    r"|apart from)(?: for)?| (?:keep|show|leave|showing|leaving)(?: only)?| only)(?: "
    r"the| its)? last (?:4|four)(?: digits?)?(?: of (?:the|this) card)?(?: "
    r"(?:visible|showing|shown))?"
    r"|\ball but the last (?:4|four) digits of the card as asterisks\b"
)
_STARS = re.compile(
    r"\b(?:with|using|as|in the form|like|com) (?:asterisks?|asteriscos?)\b|(?:in "
    r"the form |like |as )?\*{4} \*{4} \*{4} (?:\d{4}|\*{4})"
)
_CARD_WORD = re.compile(r"\b(?:(?:this|the|a|my) )?(?:credit |debit )?card(?: number)?\b")
_REWRITE = re.compile(r"\brewrite (?:this|the) (?:line|text|message)(?: with)?\b|\bline only\b")


def exact(prompt: str) -> Exact | None:
    """The masked text; None where something else in it may be meant as well."""
    if re.search(r"name|nome|pessoa|person", prompt[:400], re.I) and re.search(
        r"\[NOME|\[NAME|nomes|names", prompt
    ):
        return None
    return computed(prompt, _compute)


def _compute(ask: Ask, part: Part) -> Exact | None:
    ask.take(RETURN)
    orders = [found for form in _ORDERS for found in ask.taken(form)]
    if not orders:
        return _last_four(ask, part)
    if not ask.nothing_left(NOUNS):
        return None
    text, times = part.data, 0
    for order in orders:
        name = next(name for name in _KINDS if order[name])
        if name == "phone" and _NO_PHONE.search(text):
            return None
        text, found = _KINDS[name][1].subn(_written(order["label"]), text)
        if not found or not _only(name, text):
            return None
        times += found
    return Exact(text, FAMILY, f"{times} replaced")


def _written(label: str) -> str:
    return label.upper().replace("\\", "")


def _only(name: str, rest: str) -> bool:
    """Whether nothing that is left could be of the same kind."""
    if name == "email":
        return "@" not in rest and not re.search(
            r"\w \W?(?:at|arroba)\W? [\w-]+(?:\W? ?(?:dot|ponto)\W? ?|\.)\w", rest, re.I
        )
    if name == "phone":
        return not re.search(r"\d(?:[ .()/-]{0,2}\d){5,}", rest)
    return not re.search(r"\d(?:[ ./-]{0,2}\d){8,}", rest)


def _last_four(ask: Ask, part: Part) -> Exact | None:
    if not ask.take(_LAST_FOUR):
        return None
    ask.take(_STARS), ask.take(_CARD_WORD), ask.take(_REWRITE)
    cards = list(_KINDS["card"][1].finditer(part.data))
    if len(cards) != 1 or not ask.nothing_left(NOUNS):
        return None
    card = cards[0]
    shown = re.sub(r"\d(?=(?:\D*\d){4})", "*", card[0])
    text = part.data[: card.start()] + shown + part.data[card.end() :]
    return Exact(text, FAMILY, "all digits of the card but the last four")
