"""Numbers of documents: check digits and usual forms, by python-stdnum."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from typing import Any

from agents.exact.answer import Exact
from agents.exact.ask import LONGEST_WORDING, Ask
from agents.exact.words import words

FAMILY = "document"
_V = "\ue060"


@dataclass(frozen=True, slots=True)
class _Kind:
    """module: of python-stdnum. length: of the letters and digits alone. groups: of its usual form,
    None where the library's is taken; empty where there is none."""

    names: str
    module: str
    length: tuple[int, ...]
    groups: str = ""


_KINDS = {
    "cpf": _Kind(r"cpfs?", "br.cpf", (11,), "xxx.xxx.xxx-xx"),
    "cnpj": _Kind(r"cnpjs?", "br.cnpj", (14,), "xx.xxx.xxx/xxxx-xx"),
    "nif": _Kind(r"nif|numero de contribuinte", "pt.nif", (9,)),
    "iban": _Kind(r"ibans?", "iban", tuple(range(15, 35)), "4"),
    "isbn": _Kind(r"isbn(?:[- ]?1[03])?", "isbn", (10, 13)),
    "card": _Kind(
        r"(?:credit |debit |bank )?card(?: number| no\.?)?|(?:numero (?:do|de) "
        r")?cartao(?: de credito)?",
        *("luhn", (13, 14, 15, 16, 19), "4"),
    ),
    "cep": _Kind(r"cep", "", (8,), "xxxxx-xxx"),
}
_NAMED = {
    name: re.compile(rf"\b(?:{kind.names})\b(?: number| code| numero)?")
    for name, kind in _KINDS.items()
}
_VALUE = re.compile(
    r"(?<![\w.])(?=[a-z0-9./ -]*\d{2})(?:[a-z]{2}\d{2}(?: ?(?=[a-z]*\d)[a-z0-9]{4}| "
    r"?(?<=[a-z]{2}\d\d )[a-z]{4}){2,7}(?: ?(?=[a-z]*\d)[a-z0-9]{1,3})?|\d[\d./ "
    r"-]{6,24}[\dx])(?!\w)"
)
_VALID = re.compile(
    r"\b(?:is|if|whether|se|e|esta|eh)?(?: (?:o|a|the|this|este|esse))?\s*\b(?:valid"
    r"|correct|validos?|validas?|corret[oa]|certo)(?: or not| or invalid| ou nao| ou "
    r"invalid[oa])?\b"
    r"|\b(?:passes|pass|passa|passam)(?: in| the| no| na)*(?: luhn| validation| "
    r"check| validacao| algoritmo de luhn| teste de luhn)+\b"
    r"|\b(?:validate|valida|valide|validar)\b(?: if| whether| that| se)?"
)
_CHECK = re.compile(
    r"\b(?:check|verify|verifica|verifique|confere|checa)\b(?: if| whether| that| se)?"
)
_LUHN = re.compile(
    r"\b(?:(?:using|with|by|com|pelo|por)(?: the| o)? )?luhn(?: algorithm| check)?\b"
)
_YES_NO = re.compile(
    r"\b(?:(?:with |by )?(?:a )?(?:just |only )?yes or no|yes/no|(?:com |so )?(?:um "
    r")?sim ou nao|sim/nao)\b"
)
_FORMATTED = re.compile(
    r"\b(?:format(?:ted|ting)?|formata(?:d[oa]|r)?|formate|formatacao|punctuated?"
    r"|pontuad[oa]|com mascara|na mascara)\b"
    r"(?: (?:it|with|com)(?= (?:the |a |os |as )?(?:usual|dots|pontos|pontuacao"
    r"|punctuation|standard)))?"
    r"|\b(?:with|com|add|poe|põe|coloca|coloque|insere|insira|in|no|the)?(?: the| a| "
    r"os| as| o)? ?(?:usual |standard )?"
    r"(?:dots(?: and (?:an? |the )?(?:dash|hyphen|slash|dashes))*|punctuation"
    r"|pontos(?:,? (?:e |barra )*(?:traco|hifen|barra))*|pontuacao"
    r"|formato padrao|standard format|usual format)\b"
)
_FOURS = re.compile(
    r"\b(?:(?:in|into|em) )?(?:groups|blocks|grupos|blocos) (?:of|de) (?:four|4"
    r"|quatro)(?: (?:digits|characters|caracteres|digitos))?\b"
)
_STRIPPED = re.compile(
    r"\b(?:remove|strip|drop|take (?:out|off)|delete|tir[ae]r?|retir[ae]r?"
    r"|remov[ae]r?|elimin[ae]r?|apag[ae]r?)(?: all| out)?"
    r"(?: the| a| os| as| toda a| todos os)? (?:spaces|dots|punctuation|pontuacao"
    r"|pontos|espacos|formatting|formatacao|mascara|tracos?|dashes|hyphens)"
    r"(?:,? (?:(?:and|e|or|the|o|a|os) )*(?:spaces|dots|dashes|dash|hyphens?"
    r"|slash(?:es)?|tracos?|hifen|barra|espacos))*(?: (?:from|of|do|da|desse|deste"
    r"|neste))?\b"
    r"|\b(?:without|sem)(?: the| a| os| as)? (?:spaces|punctuation|pontuacao|pontos"
    r"|espacos|formatting|formatacao|mascara)(?:,? (?:(?:and|e|nem) )*(?:spaces"
    r"|dashes|tracos?|hifen|barra|espacos))*\b"
    r"|\b(?:only|just|so) (?:the |os )?(?:digits|digitos)\b"
)
_NOUNS = words(
    "number numero code codigo document documento valor value padrao brazilian brasileiro it's"
)


def exact(prompt: str) -> Exact | None:
    """The number in the form asked, or whether its check digits fit."""
    if len(prompt) > LONGEST_WORDING:
        return None
    ask = Ask(prompt, prompt)
    kinds = [name for name, pattern in _NAMED.items() if ask.take(pattern)]
    values: list[str] = []

    def put(found: re.Match[str]) -> str:
        values.append(found[0].strip())
        return _V

    ask.text = _VALUE.sub(put, ask.text)
    if len(values) != 1 or len(kinds) != 1:
        return None
    name, kind = kinds[0], _KINDS[kinds[0]]
    compact = re.sub(r"[^a-z0-9]", "", values[0]).upper()
    if len(compact) not in kind.length:
        return None
    yes_no, fours = ask.take(_YES_NO), ask.take(_FOURS)
    stripped = ask.take(_STRIPPED)
    formatted = ask.take(_FORMATTED) or fours
    valid = ask.take(_VALID)
    valid = (ask.take(_LUHN) and name == "card") or valid
    if valid:
        ask.take(_CHECK)
    if valid + stripped + formatted != 1 or not ask.nothing_left(_NOUNS, remarks=False):
        return None
    if valid:
        return _validity(ask, name, kind, compact)
    if yes_no:
        return None
    if stripped:
        return Exact(compact, FAMILY, "its letters and digits alone")
    return _formatted(kind, compact, fours=fours)


def _validity(ask: Ask, name: str, kind: _Kind, compact: str) -> Exact | None:
    # A number of one digit throughout has right check digits and is given to nobody.
    if not kind.module or len(set(compact)) == 1:
        return None
    library: Any = importlib.import_module(f"stdnum.{kind.module}")
    yes = bool(library.is_valid(compact))
    text = ("Sim" if yes else "Não") if ask.language == "pt" else ("Yes" if yes else "No")
    return Exact(text, FAMILY, f"the check digits of the {name} {'fit' if yes else 'do not fit'}")


def _formatted(kind: _Kind, compact: str, *, fours: bool) -> Exact | None:
    if fours and kind.groups not in ("4", ""):
        return None
    if kind.groups == "4" or fours:
        groups = [compact[i : i + 4] for i in range(0, len(compact), 4)]
        return Exact(" ".join(groups), FAMILY, "in groups of four")
    if not kind.groups or not compact.isdigit():
        return None
    digits = iter(compact)
    text = re.sub("x", lambda _: next(digits), kind.groups)
    return Exact(text, FAMILY, "its digits in their usual form")
