"""Amounts written as a currency, with separators, or as a plain number."""

from __future__ import annotations

import re
from fractions import Fraction

from agents.exact.answer import Exact
from agents.exact.ask import LONGEST_WORDING, Ask
from agents.exact.figures import number, rounded
from agents.exact.words import words

FAMILY = "money"
_A = "\ue050"
_N = r"\d{1,3}(?:[ .,]\d{3})+(?:[.,]\d{1,6})?|\d+(?:[.,]\d+)?"
_SIGN = r"(?:r\$|us\$|\$|€|£)"
_AMOUNT = re.compile(
    rf"(?<![\w.,])(?P<before>{_SIGN} ?)?(?P<n>{_N})(?P<after> ?{_SIGN})?(?![\w%]|[.,]\d)"
)
_LIKE = re.compile(
    r"\b(?:like|such as|e\.?g\.?|as in|in the (?:form|format|style)(?: of)?|tipo"
    r"|como|no formato|formato|estilo|por exemplo)[:,]? ?[\"'(]*"
    rf"(?P<before>{_SIGN} ?)?(?P<n>1[.,  ]?234[.,]\d\d|x[.,  ]xxx[.,]xx)(?P<after> "
    rf"?{_SIGN})?[\"')]*"
)
_USD = re.compile(
    r"\b(?:as|in|into|to|em|for) (?:an? )?(?:us|american|u\.s\.)? ?(?:us dollars?"
    r"|dollars?|usd|us currency|american currency|dolares)\b"
    r"(?: amount| format| currency| style)*|\bas us currency\b"
)
_GBP = re.compile(
    r"\b(?:as|in|into|to|em) (?:british )?(?:pounds(?: sterling)?|gbp|british "
    r"currency)\b(?: format)?"
)
_BRL = re.compile(
    r"\b(?:as|in|into|to|em|para) (?:brazilian )?(?:reais|brl|real(?: "
    r"brasileiro)?)\b(?: brasileiros)?"
    r"(?:,? (?:no|em|in) (?:formato|padrao) (?:brasileiro|br))?|\bmoeda brasileira\b"
)
_GROUPED = re.compile(
    r"\b(?:with |using |and |the |a )*(?:thousands? (?:separators?|commas?|grouping)"
    r"|commas? (?:as|for) (?:the )?thousands(?: separators?)?)\b"
)
_COMMAS = re.compile(r"\b(?:with|and) (?:the )?commas?\b")
_CENTS = re.compile(
    r"\b(?:with |and |the )*(?:two decimals?(?: places)?|2 decimals?(?: places)?|cents)\b"
)
_PLAIN = re.compile(
    r"\b(?:as |into |to |como |em |para )?(?:an? |um )?(?:plain|simple|regular"
    r"|numero simples|numero)(?: number| decimal)?\b"
    r"(?:,? (?:with|com) (?:a |the )?(?:decimal point|dot(?: decimal)?|ponto(?: "
    r"decimal| como separador decimal)?))"
)
_POINT = re.compile(r"\b(?:with|com) (?:a |o )?(?:decimal point|ponto decimal)\b")
_NOUNS = words(
    "amount value number format formatted formato formata formate formatado valor quantia montante "
    "currency moeda money numero escrito direitinho symbol style price preco"
)


def exact(prompt: str) -> Exact | None:
    """The amount in the form asked; None where nothing says which form that is."""
    if len(prompt) > LONGEST_WORDING:
        return None
    ask = Ask(prompt, prompt)
    like = ask.one(_LIKE)
    grouped, cents = ask.take(_GROUPED), ask.take(_CENTS)
    grouped = ask.take(_COMMAS) or grouped
    plain = ask.take(_PLAIN)
    named = [sign for sign, form in (("$", _USD), ("R$ ", _BRL), ("£", _GBP)) if ask.take(form)]
    amounts: list[re.Match[str]] = []

    def put(found: re.Match[str]) -> str:
        amounts.append(found)
        return _A

    ask.text = _AMOUNT.sub(put, ask.text)
    if len(amounts) != 1 or len(named) > 1 or not ask.nothing_left(_NOUNS):
        return None
    amount = amounts[0]
    value = number(amount["n"], _language(amount, ask.language))
    if value is None:
        return None
    sign = (amount["before"] or amount["after"] or "").strip()
    if like is not None:
        text = _as_example(value, like)
        same = sign in ("", (like["before"] or like["after"] or "").strip())
        return Exact(text, FAMILY, "written as the example is") if text and same else None
    if plain:
        places = (
            len(amount["n"].rsplit(amount["n"][-3], 1)[-1])
            if "," in amount["n"] or "." in amount["n"]
            else 0
        )
        kept = max(0, _decimals(amount["n"], value))
        return Exact(rounded(value, max(kept, places if kept else 0)), FAMILY, "without its marks")
    if named and (not sign or sign.upper() == named[0].strip()):
        marks = ".," if named[0] == "R$ " else ",."
        return Exact(
            named[0] + _with_marks(value, marks, 2), FAMILY, "in the currency's usual form"
        )
    if grouped and cents and ask.language == "en":
        return Exact(sign.upper() + _with_marks(value, ",.", 2), FAMILY, "grouped by thousands")
    return None


def _language(amount: re.Match[str], language: str) -> str:
    sign = (amount["before"] or "").strip()
    if sign == "r$":
        return "pt"
    return "en" if sign in ("$", "us$", "£") and language == "en" else language


def _decimals(text: str, value: Fraction) -> int:
    """How many decimals it was written with."""
    mark = max(text.rfind("."), text.rfind(","))
    tail = text[mark + 1 :] if mark >= 0 else ""
    return len(tail) if tail and rounded(value, len(tail)).endswith(f".{tail}") else 0


def _with_marks(value: Fraction, marks: str, places: int) -> str:
    text = f"{int(rounded(value, places).partition('.')[0]):,}"
    rest = rounded(value, places).partition(".")[2]
    return text.replace(",", marks[0]) + (marks[1] + rest if places else "")


def _as_example(value: Fraction, like: re.Match[str]) -> str:
    figure = like["n"]
    mark, group = figure[-3], figure[1]
    if mark == group or mark not in ".,":
        return ""
    text = (
        _with_marks(value, (group if group in ".,  " else "") + "\0", 2) if group in ".,  " else ""
    )
    if not text:
        return ""
    text = text.replace("\0", mark)
    before, after = like["before"] or "", like["after"] or ""
    return f"{before.upper()}{text}{after.upper()}"
