"""The word beside a number that says what the number is."""

from __future__ import annotations

import re
from dataclasses import dataclass

OTHER = "other"
"""The family of words that name a number which is nobody's: an order, a parcel, a version."""

_BEFORE_CHARS = 48
_WORD = re.compile(r"[A-ZÀ-Þ]?[a-zß-ÿ]+|[A-ZÀ-Þ]+")
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
    "nif": "nif nipc contribuinte",
    "pis": "pis pasep nis nit",
    "cnh": "cnh habilitação habilitacao motorista condutor",
    "titulo": "eleitor eleitoral",
    "phone": "phone telephone tel telefone telemóvel telemovel celular cel mobile cell cellphone "
    "whatsapp whats zap call ring dial ligue ligar liga fone fax contact contacto contato sms "
    "contacte telefonar reach text hotline",
    OTHER: "order pedido encomenda invoice fatura factura boleto tracking track rastreio parcel "
    "rastreamento protocolo protocol ticket chamado isbn issn imei sku serial série serie ref "
    "referência referencia reference build version versão versao release commit hash checksum "
    "processo contrato contract lote batch barcode barras ean gtin matrícula matricula part peça "
    "conta account agência agencia transaction transação transacao total valor price preço preco "
    "timestamp epoch revision shipment remessa package nota danfe nfe nsu uuid guid sha md port "
    "license licença cep zip postal population população sample row linha meter leitura counter "
    "contador catalogue catalog item produto product código codigo doi pmid rfid lot voucher "
    "session sessão sessao request job process pedidos "
    "device coupon cupom apólice apolice policy sequence sequência log",
}
_FAMILY_OF = {word: family for family, words in _FAMILIES.items() for word in words.split()}


@dataclass(frozen=True, slots=True)
class Label:
    """A family of words; the characters between the word and the number.

    spent: the word names a number between them already.
    """

    family: str
    gap: int = 0
    spent: bool = False


def label_of(text: str, start: int, end: int) -> Label | None:
    """The label of the number at `start:end` of a plain text; None where nothing names it.

    "... (NIF)" and "... is my NIF" after the number count first, then the last label before it,
    however many numbers that one has named already: a list has one heading.
    """
    if after := _AFTER.match(text, end, end + 40):
        for word in after.groups():
            if word and (family := _family(word)):
                return Label(family)
    before = text[max(0, start - _BEFORE_CHARS) : start]
    if before.endswith("#"):
        return Label(OTHER)
    for match in reversed(list(_WORD.finditer(before))):
        if family := _family(match[0]):
            between = before[match.end() :]
            return Label(family, len(between), spent=_DIGIT.search(between) is not None)
    return None


def _family(word: str) -> str | None:
    word = word.lower()
    return _FAMILY_OF.get(word) or _FAMILY_OF.get(word.removesuffix("s"))
