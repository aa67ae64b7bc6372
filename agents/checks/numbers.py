"""Numbers as English and Portuguese write them, in figures or in words, in every reading."""

from __future__ import annotations

import re
from decimal import Decimal

NUMBER = r"\d+(?:[.,]\d+)*(?:e[+-]?\d{1,2}(?!\w))?"
MOST_DIGITS = 30
MULTIPLIERS = {
    **dict.fromkeys(("k", "mil", "thousand"), 3),
    **dict.fromkeys(("m", "mi", "million", "milhao", "milhoes"), 6),
    **dict.fromkeys(("b", "bi", "bn", "billion", "bilhao", "bilhoes"), 9),
}
"""Powers of ten that a word after a figure stands for."""

FIGURE = re.compile(rf"({NUMBER})(?:(\s?%)|\s?({'|'.join(MULTIPLIERS)})\b)?")
_SPACED_FIGURE = re.compile(r"(?<![\d.,])\d{1,3}(?: \d{3})+(?:[.,]\d{1,4})?(?!\d|[.,]\d)")


def _number_words() -> dict[str, int]:
    spelled = (
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen",
        "zero um dois tres quatro cinco seis sete oito nove dez onze doze treze quatorze quinze "
        "dezesseis dezessete dezoito dezenove",
        "zeroth first second third fourth fifth sixth seventh eighth ninth tenth",
        "zero primeiro segundo terceiro quarto quinto sexto setimo oitavo nono decimo",
        "none a couple",
        "nenhum uma duas primeira",
        "nenhuma an",
    )
    words = {word: n for line in spelled for n, word in enumerate(line.split())}
    words |= {"primeira": 1, "segunda": 2, "terceira": 3, "catorze": 14, "dozen": 12, "duzia": 12}
    for line in (
        "twenty thirty forty fifty sixty seventy eighty ninety",
        "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa",
    ):
        words |= {word: 10 * n for n, word in enumerate(line.split(), 2)}
    hundreds = "cem duzentos trezentos quatrocentos quinhentos seiscentos setecentos oitocentos"
    words |= {word: 100 * n for n, word in enumerate(hundreds.split(), 1)}
    return words | {"cento": 100, "hundred": 100, "mil": 1000, "thousand": 1000, "million": 10**6}


_NUMBER_WORDS = _number_words()


def decimal_marks(literal: str) -> str:
    """Which of "." and "," may be the decimal mark of a written number; "" if it is no number.

    1,234 may be either; 1.234,50 and 12,5 have a comma, 1,234,567 a point that is not written.
    """
    mantissa = literal.split("e")[0]
    if sum(c.isdigit() for c in mantissa) > MOST_DIGITS:
        return ""
    if "." in mantissa and "," in mantissa:
        marks = max(".,", key=mantissa.rfind)
    elif mantissa.count(".") + mantissa.count(",") == 1:
        mark = "." if "." in mantissa else ","
        both = re.fullmatch(r"[1-9]\d{0,2}.\d{3}", mantissa)
        marks = ".," if both else mark
    else:
        marks = "," if "." in mantissa else "."
    return "".join(mark for mark in marks if _groups_fit(mantissa, mark))


def _groups_fit(mantissa: str, mark: str) -> bool:
    whole, _, rest = mantissa.partition(mark)
    first, *groups = re.split(r"[.,]", whole)
    grouped = not groups or (len(first) <= 3 and all(len(group) == 3 for group in groups))
    return grouped and "." not in rest and "," not in rest


def plain_number(literal: str, mark: str) -> str:
    """The number as Python writes it, given its decimal mark."""
    return literal.replace("," if mark == "." else ".", "").replace(mark, ".")


def readings_of(literal: str) -> set[Decimal]:
    """Every number that a literal may stand for; empty for a version, an address or a date."""
    return {Decimal(plain_number(literal, mark)) for mark in decimal_marks(literal)}


def read_figures(folded: str) -> set[Decimal]:
    """Every number that a folded text mentions, in figures or in words, without its sign."""
    found: set[Decimal] = set()
    for literal, percent, multiplier in set(FIGURE.findall(folded)):
        readings = readings_of(literal)
        if not readings:
            readings = {n for part in re.split(r"[.,]", literal) for n in readings_of(part)}
        found |= readings
        if percent:
            found |= {n.scaleb(-2) for n in readings}
        if multiplier:
            found |= {n.scaleb(MULTIPLIERS[multiplier]) for n in readings}
    for literal in set(_SPACED_FIGURE.findall(folded)):
        found |= readings_of(literal.replace(" ", ""))
    total = current = 0
    for word in re.findall(r"[^\W_]+", folded):
        size = _NUMBER_WORDS.get(word)
        if size is None:
            if word not in ("and", "e"):
                total = current = 0
            continue
        if size in (100, 1000, 10**6) and current:
            current *= size
        else:
            current += size
        if size >= 1000:
            total, current = total + current, 0
        found |= {Decimal(size), Decimal(total + current)}
    return found
