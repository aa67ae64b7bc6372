"""Finds the word beside a number that says what the number is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

OTHER = "other"
"""The family of words for numbers that are not personal: of an order, a parcel, a version."""

_BEFORE_CHARS = 48
_WORD = re.compile(r"[A-ZÀ-Þ]+(?=s?(?![a-zß-ÿ]))|[A-ZÀ-Þ]?[a-zß-ÿ]+")
_DIGIT = re.compile(r"\d")
_AFTER = re.compile(
    r"[\"' ]{0,2}(?:\(|,? ?(?:is|as|was|é|como|foi|era)\b(?: (?:my|the|his|her|our|o|meu|seu|a|"
    r"minha|nosso|dele|dela)\b){0,2}) ?(\w{2,14})(?: (\w{2,14}))?"
)

_FAMILIES = {
    "cpf": "cpf",
    "cnpj": "cnpj cgc",
    "card": "card cartao cartão credit debit crédito credito débito debito visa mastercard amex "
    "express elo hipercard diners discover jcb cc pan",
    "iban": "iban",
    "ssn": "ssn social itin",
    "nif": "nif nipc contribuinte contribuintes vat iva tin taxid taxnumber taxpayer vatid vatno "
    "vatnumber vatin coletiva colectiva",
    "pis": "pis pasep nis nit",
    "cnh": "cnh habilitação habilitacao motorista condutor",
    "titulo": "eleitor eleitoral",
    "phone": "phone telephone tel telefone telemóvel telemovel celular cel mobile cell cellphone "
    "whatsapp whats wpp zap call ring dial ligue ligar liga fone fax contact contacto contato sms "
    "contacte telefonar reach text hotline telephone tlm tlf mob móvil movil fixo landline "
    "teléfono telefono "
    "llame llama llámame llamar llámenos tél téléphone telephone portable appelez appeler appelle "
    "joindre viber telegram signal handy telefon telefónico telefônico chama chame",
    OTHER: "order pedido encomenda invoice fatura factura boleto tracking track rastreio parcel "
    "rastreamento protocolo protocol ticket chamado isbn issn imei sku serial série serie ref "
    "referência referencia reference build version versão versao release commit hash checksum "
    "processo contrato contract lote batch barcode barras ean gtin matrícula matricula part peça "
    "conta account agência agencia transaction transação transacao total valor price preço preco "
    "timestamp epoch revision shipment remessa package nota danfe nfe nsu uuid guid sha md port "
    "license licença cep zip postal population população sample row linha meter leitura counter "
    "contador catalogue catalog item produto product código codigo doi pmid rfid lot voucher "
    "session sessão sessao request job process pedidos "
    "users user utilizadores usuários usuarios downloads views people pessoas visitors visitantes "
    "device coupon cupom apólice apolice policy sequence sequência log",
}
_OF_TAXES = frozenset({"tax", "fiscal"})
"""These words mean a NIF beside one of these, as in "tax ID" and "número fiscal"."""
_BESIDE = (
    "id number no nr num code identification identifier identificação identificacao número numero "
    "registration payer n"
)
_BESIDE_TAXES = frozenset(_BESIDE.split())
_RECEIPTS = frozenset({"nota", "cupom", "cupão", "documento", "recibo", "notas"})
_ENDINGS = ("taxid", "vatid", "taxnumber", "vatnumber", "nipc", "cpf", "cnpj", "iban")
"""Of names in small letters alone, such as `customertaxid`."""

_NUMBER = frozenset({"number", "número", "numero", "numéro", "numbers", "números", "contact"})
"""These words mean a telephone number where it is somebody's and no other word says what it is."""
_SOMEBODYS = frozenset(
    [
        "my",
        "his",
        "her",
        "your",
        "our",
        "their",
        "new",
        "meu",
        "teu",
        "seu",
        "nosso",
        "vosso",
        "dele",
        "dela",
        "este",
        "esse",
        "aquele",
        "mi",
        "tu",
        "su",
        "mon",
        "ton",
        "son",
        "notre",
        "this",
        "best",
        "direct",
        "personal",
        "pessoal",
        "work",
        "novo",
    ]
)
_ARTICLES = frozenset(["the", "o", "el", "le"])
_TO = frozenset(["to", "at", "on", "from", "para", "ao", "no", "pelo", "do", "al", "por", "au"])
_CLAUSE = re.compile(r"(?:^|[\n\"'|,;:.!?({>*-])\s{0,4}$")
_DIRECT = re.compile(
    r"[\"'*]{0,3}(?:\s?\([\w ]{1,12}\))?\s{0,2}(?:[:=\-–|]|(?:is|was|é|era|es|est|:)(?=[\s:]))?"
    r"[\s:=\"'*|+(]{0,5}"
)
_OR = re.compile(r"\s?[/|&]\s?")
_FAMILY_OF = {word: family for family, words in _FAMILIES.items() for word in words.split()}


@dataclass(frozen=True, slots=True)
class Label:
    """A family of words; the characters between the word and the number.

    spent: the word names a number between them already. joined: families of words it is joined to.
    """

    family: str
    gap: int = 0
    spent: bool = False
    joined: tuple[str, ...] = ()

    def names(self, family: str) -> bool:
        """Whether it names this family, alone or beside another: `CPF/CNPJ`."""
        return family == self.family or family in self.joined


def label_of(text: str, start: int, end: int) -> Label | None:
    """The label of the number at `start:end` of a plain text; None where nothing names it.

    "... (NIF)" and "... is my NIF" after the number count first, then the last label before it,
    however many numbers that one has named already: a list has one heading.
    """
    after = _AFTER.match(text, end, end + 40)
    for named in families_of([word for word in after.groups() if word]) if after else ():
        return Label(named)
    before = text[max(0, start - _BEFORE_CHARS) : start]
    if before.endswith("#"):
        return Label(OTHER)
    words = list(_WORD.finditer(before))
    names = [match[0].lower() for match in words]
    for place in range(len(words) - 1, -1, -1):
        if family := _family_at(names, place):
            between = before[words[place].end() :]
            spent = _DIGIT.search(between) is not None
            return Label(family, len(between), spent, _joined(before, words, names, place))
    return _of_somebody(before, words)


def _joined(
    before: str, words: list[re.Match[str]], names: list[str], place: int
) -> tuple[str, ...]:
    """The families of the words right before a word that it is an alternative to."""
    families: list[str] = []
    while place > 0 and _OR.fullmatch(before, words[place - 1].end(), words[place].start()):
        place -= 1
        families += [family] if (family := _family_at(names, place)) else []
    return tuple(families)


def _of_somebody(before: str, words: list[re.Match[str]]) -> Label | None:
    """ "my number is" or a field "Number:", where no other word says what is numbered."""
    for place in range(len(words) - 1, max(-1, len(words) - 3), -1):
        word = words[place]
        if word[0].lower() not in _NUMBER:
            continue
        between = before[word.end() :]
        if not _DIRECT.fullmatch(between):
            return None
        alone = _CLAUSE.search(before, 0, word.start()) is not None
        earlier = [other[0].lower() for other in words[max(0, place - 2) : place]]
        own = not _SOMEBODYS.isdisjoint(earlier[-1:])
        # "to number", "para o número"
        to = len(earlier) > 0 and not _TO.isdisjoint(
            earlier[-1:] if earlier[-1] not in _ARTICLES else earlier[:1]
        )
        return Label("phone", len(between)) if alone or own or to else None
    return None


def names_a_number(text: str) -> bool:
    """Whether a text has a word for a number that is personal."""
    families = families_of([match[0] for match in _WORD.finditer(text)])
    return any(family != OTHER for family in families)


def families_of(words: Sequence[str]) -> tuple[str, ...]:
    """The families that words side by side name, in order."""
    names = [word.lower() for word in words]
    return tuple(family for at in range(len(names)) if (family := _family_at(names, at)))


def _family_at(names: list[str], at: int) -> str | None:
    """The family that a word names, in the singular or the plural, with the words beside it."""
    word = names[at]
    if family := _FAMILY_OF.get(word) or _FAMILY_OF.get(word.removesuffix("s")):
        return family
    if word in _OF_TAXES:
        beside = {*names[max(0, at - 2) : at], *names[at + 1 : at + 2]}
        taxes = not _BESIDE_TAXES.isdisjoint(beside) and _RECEIPTS.isdisjoint(beside)
        return "nif" if taxes else None
    if word.endswith(_ENDINGS):
        ending = next(one for one in _ENDINGS if word.endswith(one))
        return _FAMILY_OF[ending]
    return None
