"""Sums, percentages, averages and the like, on exact numbers."""

from __future__ import annotations

import re
from fractions import Fraction

from agents.exact.answer import Exact
from agents.exact.ask import LONGEST_WORDING, Ask
from agents.exact.figures import (
    NUMBER,
    PLACES,
    SMALL,
    WHOLE,
    local,
    number,
    places_of,
    plain,
    rounded,
    small,
)
from agents.exact.words import words
from agents.tools.calculate import value_of
from agents.tools.tool import ToolFailed, ToolRefused

FAMILY = "arithmetic"

_X = "[\ue080-\ue0bf]"
_FIRST = 0xE080

_LITERAL = re.compile(
    rf"(?<![\w.,])(?P<sign>r\$ ?|us\$ ?|[$€£] ?)?(?P<n>\d{{1,3}}(?: "
    rf"\d{{3}})+(?:[.,]\d+)?(?![\d])|{NUMBER})(?P<after> ?[€£]| ?(?:euros?|reais|real"
    r"|dollars?|pounds?|libras?)\b)?(?![\w]|[.,/:-]\d+[./:-]\d)"
)
_WORD_NUMBER = re.compile(rf"\b{SMALL}\b")
_P = r"(?: ?%| ?percent\b| ?per cent\b| ?por cento\b)"
_OF = rf"({_X}){_P} (?:of|de|do|da|sobre|on) ({_X})"
_SPOKEN = (
    (
        re.compile(
            rf"(?<={_X}) ?(?:times|multiplied by|x|\*|·|vezes|multiplicado por) ?(?=[{_X[1:-1]}(])"
        ),
        "*",
    ),
    (re.compile(rf"(?<={_X}) ?(?:divided by|over|dividido por|/|:) ?(?=[{_X[1:-1]}(])"), "/"),
    (re.compile(rf"(?<={_X}) ?(?:plus|mais|\+) ?(?=[{_X[1:-1]}(])"), "+"),
    (re.compile(rf"(?<={_X}) ?(?:minus|menos|less|-) ?(?=[{_X[1:-1]}(])"), "-"),
    (re.compile(rf"(?<={_X}) ?(?:squared|ao quadrado)"), "^2"),
    (re.compile(rf"(?<={_X}) ?(?:cubed|ao cubo)"), "^3"),
    (re.compile(rf"(?<={_X}) ?(?:to the power of|elevado a|\^) ?(?={_X})"), "^"),
)
_EXPRESSION = re.compile(
    rf"[(]*-?{_X}(?:\^[23])?(?: ?[-+*/^()] ?|{_X}|\^[23])*(?: ?=+(?= ?\??\s*$| ?\?))?"
)
_LIST = rf"(?P<list>{_X}(?:(?:,? (?:and|e|to|com|with)|,|;| \+) ?{_X})+)"
_FORMS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            r"\b(?:sum|add(?: up)?|total|soma(?:r)?|some|adiciona|adicione)(?: (?:of|up"
            r"|together|the|these|numbers|d[eo]s?|os|numeros|all|entre|estes))*:? "
            rf"?{_LIST}(?: together)?"
        ),
        "sum",
    ),
    (
        re.compile(
            r"\b(?:average|mean|media)(?: (?:of|the|these|numbers|d[eo]s?|os|numeros|entre"
            rf"|valores|aritmetica))*:? ?{_LIST}"
        ),
        "mean",
    ),
    (
        re.compile(
            r"\b(?:product|multiply|produto|multiplica(?:r)?|multiplique)(?: (?:of|the|these"
            rf"|numbers|d[eo]s?))*:? ?(?P<a>{_X}) (?:and|by|with|times|e|por) (?P<b>{_X})"
        ),
        "product",
    ),
    (
        re.compile(rf"\b(?:difference between|diferenca entre) (?P<a>{_X}) (?:and|e) (?P<b>{_X})"),
        "difference",
    ),
    (
        re.compile(
            rf"\bsubtract (?P<b>{_X}) from (?P<a>{_X})|\bsubtrai(?:a|r)? (?P<d>{_X}) (?:de|a) "
            rf"(?P<c>{_X})"
        ),
        "minus",
    ),
    (re.compile(rf"\b(?:divide|divida|dividir) (?P<a>{_X}) (?:by|por) (?P<b>{_X})"), "quotient"),
    (
        re.compile(
            r"\b(?:split|divide|share|divida|dividir|rachar)(?: (?:a bill of|the bill of"
            rf"|equally|uma conta de|igualmente))? ?(?P<a>{_X})(?: (?:equally|evenly"
            rf"|igualmente))? (?:between|among|by|entre|por) (?P<b>{_X}) (?:people|friends"
            r"|persons|of us|pessoas|amigos)(?: (?:equally|evenly|igualmente))?"
        ),
        "quotient",
    ),
    (re.compile(rf"(?P<p>{_X}){_P} (?:of|de|do|da|sobre) (?P<a>{_X})"), "part"),
    (
        re.compile(
            rf"\b(?:increase|raise|aument(?:a|e|ar)) (?P<a>{_X}) (?:by|em) (?P<p>{_X}){_P}"
            rf"|\badd (?P<q>{_X}){_P}(?: vat| tax| iva| tip)? to (?P<b>{_X})"
        ),
        "more",
    ),
    (
        re.compile(
            rf"\b(?:decrease|reduce|lower|reduz(?:a|ir)?|diminu(?:a|i|ir)) (?P<a>{_X}) (?:by"
            rf"|em) (?P<p>{_X}){_P}"
        ),
        "less",
    ),
    (
        re.compile(
            rf"(?P<a>{_X}) (?:with|com|minus|after|menos)(?: an?| um)? (?P<p>{_X}){_P} (?:off"
            r"|discount|desconto|de desconto)"
        ),
        "less",
    ),
    (
        re.compile(
            rf"(?P<p>{_X}){_P} (?:off|discount on|off of|de desconto (?:em|sobre|de)) (?P<a>{_X})"
        ),
        "less",
    ),
    (
        re.compile(
            r"\b(?:what|which|quanto|que|qual)(?: e)?(?: a)? ?(?:percentage|percent|per cent"
            rf"|%|porcentagem|percentagem|por cento)(?: is)? (?:of|de|do) (?P<a>{_X}) (?:is|e"
            rf"|sao|representa(?:m)?|corresponde a) (?P<b>{_X})"
        ),
        "ratio",
    ),
    (
        re.compile(
            rf"(?P<b>{_X}) (?:is|e|as|sao|representa|corresponde a)(?: a)?(?: what| que| "
            r"quantos| quanto)? (?:percentage|percent|per cent|%|porcentagem|percentagem|por "
            rf"cento) (?:of|de|do) (?P<a>{_X})"
        ),
        "ratio",
    ),
    (
        re.compile(rf"\b(?:square root|raiz quadrada)(?: of| de| do)? (?P<a>{_X})|√ ?(?P<b>{_X})"),
        "root",
    ),
    (re.compile(rf"\b(?:half of|metade de) (?P<a>{_X})"), "half"),
    (re.compile(rf"\b(?:double|o dobro de|twice) (?P<a>{_X})"), "double"),
)
_NO_SUM = re.compile(r"\d[-/]\d|\d:\d|^[^a-z]*\d[^a-z=+*/^-]*$|(?<![a-z])v\d|\d\.\d+\.\d")
"""Dates, times, versions and numbers of documents look like sums."""
_ASKS = re.compile(
    r"\b(?:how much|how many|the (?:result|value|sum|total|answer) of|o (?:resultado"
    r"|valor|total) d[eao]|qual|resultado|valor|sum of|final price)\b"
)
_NOUNS = words(
    "much result value equals equal total resultado valor number numbers numero "
    "answer sum da fica sao solve evaluate resolve resolva calcula "
    "final price get if dao igual e vale quick math conta maths"
)


def exact(prompt: str) -> Exact | None:
    """The value of the one sum that is asked for; None where a number has two readings."""
    if len(prompt) > LONGEST_WORDING:
        return None
    ask = Ask(prompt, prompt)
    places, whole = ask.taken(PLACES), ask.take(WHOLE)
    values: list[Fraction] = []
    signs: set[str] = set()

    def put(found: re.Match[str]) -> str:
        value = number(found["n"], ask.language)
        if value is None or len(values) > 60:
            return found[0]
        values.append(value)
        sign = ((found["sign"] or "") + (found["after"] or "")).strip()
        signs.update({sign} if sign else ())
        return chr(_FIRST + len(values) - 1)

    def put_word(found: re.Match[str]) -> str:
        values.append(Fraction(small(found[0])))
        return chr(_FIRST + len(values) - 1)

    if _NO_SUM.search(ask.text):
        return None
    ask.text = _LITERAL.sub(put, ask.text)
    if not values:
        return None
    if re.search(r"\d,\d{1,2}(?!\d)", prompt) and re.search(r"\d\.\d{1,2}(?!\d)", prompt):
        return None
    comma = bool(re.search(r"\d,\d{1,2}(?!\d)", prompt)) and not re.search(r"\d\.\d", prompt)
    ask.text = _WORD_NUMBER.sub(
        lambda found: found[0] if found[0] in ("um", "uma", "one") else put_word(found), ask.text
    )
    try:
        decimals = places_of(places, whole)
        found = _form(ask, values) or _expression(ask, values)
    except (ValueError, ZeroDivisionError, ToolRefused, ToolFailed):
        return None
    if found is None:
        return None
    value, what = found
    ask.take(_ASKS)
    left = re.search(_X, ask.text) or not ask.nothing_left(_NOUNS, remarks=False)
    return (
        None if left or len(signs) > 1 else _written(ask, value, what, decimals, signs, comma=comma)
    )


def _form(ask: Ask, values: list[Fraction]) -> tuple[Fraction, str] | None:
    for pattern, name in _FORMS:
        if (found := ask.one(pattern)) is not None:
            groups = {key: text for key, text in found.groupdict().items() if text}
            if "list" in groups:
                numbers = [values[ord(mark) - _FIRST] for mark in re.findall(_X, groups["list"])]
                total = sum(numbers, Fraction(0))
                return (total / len(numbers) if name == "mean" else total), name
            read = {key: values[ord(mark) - _FIRST] for key, mark in groups.items()}
            a = read.get("a", read.get("c"))
            if name == "more" and "q" in read:
                a, read["p"] = read["b"], read["q"]
            if name == "root":
                return _root(a if a is not None else read["b"]), name
            assert a is not None
            return _value(
                name, a, read.get("b", read.get("d", Fraction(0))), read.get("p", Fraction(0))
            ), name
    return None


def _value(name: str, a: Fraction, b: Fraction, p: Fraction) -> Fraction:
    match name:
        case "product":
            return a * b
        case "difference":
            return abs(a - b)
        case "minus":
            return a - b
        case "quotient":
            return a / b
        case "part":
            return a * p / 100
        case "more":
            return a * (100 + p) / 100
        case "less":
            return a * (100 - p) / 100
        case "ratio":
            return b / a * 100
        case "half":
            return a / 2
    return 2 * a


def _root(value: Fraction) -> Fraction:
    found = value_of(f"sqrt({value})")
    if not isinstance(found, Fraction):
        raise ValueError("not a square")
    return found


def _expression(ask: Ask, values: list[Fraction]) -> tuple[Fraction, str] | None:
    for pattern, sign in _SPOKEN:
        ask.text = pattern.sub(sign, ask.text)
    found = ask.one(_EXPRESSION)
    if found is None or not re.search(r"[-+*/^]", found[0].lstrip("-(")):
        return None
    text = re.sub(_X, lambda mark: f"({values[ord(mark[0]) - _FIRST]})", found[0].rstrip("= "))
    value = value_of(text)
    return (value, "expression") if isinstance(value, Fraction) else None


def _written(
    ask: Ask, value: Fraction, what: str, decimals: int | None, signs: set[str], *, comma: bool
) -> Exact | None:
    text = rounded(value, decimals) if decimals is not None else plain(value)
    if text is None:
        # How a third is to be written is not said.
        return None
    sign = signs.pop() if signs and what not in ("ratio",) else ""
    if sign and decimals is None and "." in text:
        text = rounded(value, 2) if len(text.partition(".")[2]) <= 2 else text
    text = local(text, "pt" if comma else ask.language)
    how = {"expression": "recomputed exactly"}.get(what, f"the {what}, exactly")
    if ask.bare or not (sign or what == "ratio"):
        return Exact(text, FAMILY, how)
    if what == "ratio":
        return Exact(f"{text}%", FAMILY, how)
    if sign in ("$", "£"):
        return Exact(f"{sign}{text}", FAMILY, how)
    return Exact(f"R$ {text}" if sign == "r$" else f"{text} {sign}", FAMILY, how)
