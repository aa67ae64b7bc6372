"""The sum that a prompt asks for, and whether the answer gives its value."""

from __future__ import annotations

import re
from fractions import Fraction

from agents.checks.expression import (
    CHUNK,
    MOST_SIDES,
    REMAINDER,
    ROUNDED,
    Side,
    shown_number,
    side_of,
)
from agents.checks.numbers import NUMBER, decimal_marks, plain_number, read_figures
from router.types.decision import Kind

_ASKED_CHARS = 1000

_N = rf"\$?-?{NUMBER}"
_LIST = rf"{_N}(?:(?:, (?:and |e )?|; | and | e | \+ ){_N}){{1,40}}(?!\d|[.,]\d| ?[*/^])"
_AB, _CD = rf"(?P<a>{_N}) @ (?P<b>{_N})", rf"(?P<c>{_N}) @ (?P<d>{_N})"


def _either(english: str, portuguese: str, *between: str) -> str:
    """A pattern for an operation on two numbers in two languages, with the words between them."""
    return (
        rf"\b{english} {_AB.replace('@', between[0])}|\b{portuguese} {_CD.replace('@', between[1])}"
    )


_OPERATIONS = (
    (
        r"\b(?:the )?(?:sum of|add up|add|total of|a soma d[eo]s?|soma d[eo]s?|some|somar)"
        rf"(?: the numbers| numeros| os numeros)?:? (?P<list>{_LIST})",
        "+",
    ),
    (rf"\b(?:the )?(?:product of|o produto d[eo]|produto d[eo]):? (?P<list>{_LIST})", "*"),
    (
        rf"\b(?:the )?(?:average|mean|a media|media)(?: of| de| entre):? (?P<list>{_LIST})",
        "mean",
    ),
    (_either("add", "some", "to", "(?:com|a)"), "{0} + {1}"),
    (_either("subtract", "subtraia", "from", "de"), "{1} - {0}"),
    (_either("multiply", "multiplique", "by", "por"), "{0} * {1}"),
    (_either("divide", "divida", "by", "por"), "{0} / {1}"),
    (
        r"\b(?:(?:what|quantos) ?(?:%|percentage)|que porcentagem) (?:of|de) "
        rf"(?P<a>{_N}) (?:is|e|sao) (?P<b>{_N})"
        rf"|\bwhat is (?P<d>{_N}) as a ?(?:%|percentage) of (?P<c>{_N})",
        "{1} / {0} * 100",
    ),
    (rf"\b(?:increase|aumente) (?P<a>{_N}) (?:by|em) (?P<b>{_N}) ?%", "{0} * (100 + {1}) / 100"),
    (
        rf"\b(?:decrease|reduce|diminua|reduza) (?P<a>{_N}) (?:by|em) (?P<b>{_N}) ?%",
        "{0} * (100 - {1}) / 100",
    ),
)
_ORDERS = tuple((re.compile(pattern), form) for pattern, form in _OPERATIONS)
_SPOKEN = (
    (re.compile(r" ?(?:percent|por cento)\b"), "%"),
    (re.compile(r" %"), "%"),
    (re.compile(r"(?<=\d%) (?:of|de|do|da) (?=[$\d(])"), " * "),
    (re.compile(r"(?<=[\d)]) (?:times|multiplied by|vezes|multiplicado por) (?=[\d(])"), " * "),
    (re.compile(r"(?<=[\d)]) (?:divided by|dividido por) (?=[\d(])"), " / "),
    (re.compile(r"(?<=[\d)]) (?:plus|mais) (?=[\d(])"), " + "),
    (re.compile(r"(?<=[\d)]) (?:minus|menos) (?=[\d(])"), " - "),
    (re.compile(r"(?<=[\d)]) (?:squared|ao quadrado)\b"), "^2"),
    (re.compile(r"(?<=[\d)]) (?:cubed|ao cubo)\b"), "^3"),
    (re.compile(r"(?<=[\d)]) (?:to the power of|elevado a) (?=\d)"), "^"),
)
_ASK = (
    r"(?:what(?:'s| is| are| does)|how much (?:is|are)|calculate|compute|evaluate|work out|find"
    r"|solve|quanto (?:e|da|sao|vale|fica|dao)|quantos sao|qual (?:e )?o (?:resultado|valor) d[aeo]"
    r"|calcule|calcular|calcula|resolva|compute|determine)"
)
_QUESTION = re.compile(
    rf"^(?P<front>[^\d\n]{{0,60}}?)(?:{_ASK}:? ?"
    r"(?:the (?:result|value) of |o (?:resultado|valor) d[eao] )?"
    r"|^)(?P<sum>[-($\d][-+*/^()%$\d., ]*?[\d)%])"
    r"(?: ?=| equals?| e igual a| equal)?(?: ?\?| ?\.(?!\d)|!|\n|$)(?P<rest>.{0,400})",
    re.DOTALL,
)
_HARMLESS = re.compile(
    r"\s*(?:$|(?:just |please |only |por favor,? |apenas |so )?(?:answer|reply|respond|give|show"
    r"|explain|just|only|return|round|think|write|output|please|responda|de |mostre|explique"
    r"|apenas|somente|retorne|arredonde|escreva|diga|passo|step|thanks|obrigad))"
)
_CONDITION = re.compile(r"\b(?:if|se|mean|instead|using|usando|ignor|clock|relogio)")
_MIXED = re.compile(r"(?<![\d.,/])(\d{1,12}) (\d{1,6})/(\d{1,6})(?![\d/])")


def asked_sum(folded: str, kind: Kind) -> Side | None:
    """The expression whose value is all that the prompt asks for, else None."""
    if len(folded) > _ASKED_CHARS:
        return None
    text = re.sub(r"[^\S\n]+", " ", folded).strip()
    for pattern, replacement in _SPOKEN:
        text = pattern.sub(replacement, text)
    ordered = False
    for order, form in _ORDERS:
        if match := order.search(text):
            text = text[: match.start()] + f"what is {_formula(match, form)}" + text[match.end() :]
            text, ordered = text.replace("what is what is", "what is"), True
            break
    match = _QUESTION.match(text)
    if match is None or not _HARMLESS.match(match["rest"]) or _CONDITION.search(match["front"]):
        return None
    # 9/11 and 2020-2021 are names more often than sums.
    if kind is not Kind.MATH and re.fullmatch(r"\d+(?:[/-]\d+)+", match["sum"]):
        return None
    side = side_of(match["sum"])
    if side is None or not (side.operates or ordered):
        return None
    return side if side.value(".") is not None or side.value(",") is not None else None


def _formula(match: re.Match[str], form: str) -> str:
    found = match.groupdict()
    if "list" not in found:
        operands = [found[name] for name in "abcd" if found.get(name)]
        return f"({form.format(*operands)})"
    operands = re.findall(_N, found["list"])
    total = " + ".join(operands)
    return f"({total}) / {len(operands)}" if form == "mean" else f"({f' {form} '.join(operands)})"


def misses(asked: Side, answer: str, marks: str, *, rounded: bool) -> str | None:
    """A sentence with the asked value, where the answer has numbers and none is that value."""
    expected = [value for mark in marks if (value := asked.value(mark)) is not None]
    written = re.sub(r" ", "", asked.text)
    rest = re.sub(r"(?<=[\d)%]) (?=[-+*/^])|(?<=[-+*/^]) (?=[\d(])", "", answer).replace(
        written, " "
    )
    numbers = {Fraction(figure) for figure in read_figures(rest)}
    if not expected or not numbers or not any(c.isdigit() for c in rest):
        return None
    for chunk in list(CHUNK.finditer(rest))[:MOST_SIDES]:
        side = side_of(re.split(r"[=≈]", chunk[0])[-1].strip(" ."))
        numbers |= {v for mark in marks if side and (v := side.value(mark)) is not None}
    numbers |= {int(w) + Fraction(int(a), int(b) or 1) for w, a, b in _MIXED.findall(rest)}
    if {abs(value) for value in expected} & {abs(number) for number in numbers}:
        return None
    about = rounded or ROUNDED.search(answer) is not None
    for value in expected:
        if REMAINDER.search(answer) and value // 1 in numbers:
            return None
        for literal in set(re.findall(NUMBER, rest)):
            for mark in decimal_marks(literal):
                near = Fraction(plain_number(literal, mark))
                step = Side((literal,)).step(mark, rounded=about)
                if abs(near - abs(value)) < step or abs(near / 100 - abs(value)) < step / 100:
                    return None
    return f"{asked.text[:80]} is {shown_number(expected[0])}, which the answer does not give"
