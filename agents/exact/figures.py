"""Numbers as English and Portuguese write them: read where there is one reading, and written."""

from __future__ import annotations

import re
from fractions import Fraction

NUMBER = r"\d+(?:[.,]\d+)*"
"""In a flat text; which mark is the decimal one is not said."""

_PLAIN = re.compile(r"\d{1,15}")
_ONE_MARK = re.compile(r"(\d{1,15})([.,])(\d{1,12})")
_GROUPED = re.compile(
    r"\d{1,3}(?P<group>[., ])\d{3}(?:(?P=group)\d{3})*(?:(?P<mark>[.,])\d{1,12})?"
)
_WORDS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "um": 1, "uma": 1, "dois": 2,
    "duas": 2, "tres": 3, "quatro": 4, "cinco": 5, "seis": 6, "sete": 7, "oito": 8, "nove": 9,
    "dez": 10, "onze": 11, "doze": 12,
}  # fmt: skip
SMALL = rf"(?:{'|'.join(sorted(_WORDS, key=len, reverse=True))})"
"""Number words from zero to twelve."""


def small(text: str) -> int:
    """The value of one or two digits, or of a number word to twelve."""
    return int(text) if text.isdigit() else _WORDS[text]


def readings(text: str) -> set[Fraction]:
    """The values that a written number can have: 1,234 has two; empty for what is none."""
    sign, text = (-1, text[1:]) if text[:1] == "-" else (1, text)
    found: set[Fraction] = set()
    if _PLAIN.fullmatch(text):
        found.add(Fraction(text))
    if one := _ONE_MARK.fullmatch(text):
        found.add(Fraction(f"{one[1]}.{one[3]}"))
    grouped = _GROUPED.fullmatch(text)
    if grouped and grouped["mark"] != grouped["group"] and not text.startswith("0"):
        whole, mark = text, grouped["mark"]
        rest = ""
        if mark:
            whole, _, rest = text.rpartition(mark)
        found.add(Fraction(re.sub(r"[., ]", "", whole) + (f".{rest}" if rest else "")))
    return {sign * value for value in found}


def number(text: str, language: str) -> Fraction | None:
    """The value of a written number; None where the language leaves two readings, or for none.

    1,234 is a thousand and more in English, 1.234 in Portuguese; the other way round is open.
    """
    found = readings(text)
    if len(found) == 1:
        value = found.pop()
        return None if re.match(r"-?0\d", text) else value
    if len(found) == 2:
        usual = "," if language == "en" else "."
        if usual in text and not text.startswith("0"):
            return max(found, key=abs)
    return None


def terminates(value: Fraction, places: int) -> bool:
    """Whether it is exact with so many decimals."""
    return bool(10**places % value.denominator == 0)


def rounded(value: Fraction, places: int) -> str:
    """With so many decimals and a point, halves away from zero."""
    scaled = abs(value) * 10**places
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    digits = str(whole).rjust(places + 1, "0")
    sign = "-" if value < 0 and whole else ""
    if not places:
        return sign + digits
    return f"{sign}{digits[:-places]}.{digits[-places:]}"


def plain(value: Fraction, most: int = 6) -> str | None:
    """Exact, with a point and no needless zeros; None where it takes more than `most` decimals."""
    if not terminates(value, most):
        return None
    text = rounded(value, most)
    return text.rstrip("0").rstrip(".") if "." in text else text


def local(text: str, language: str) -> str:
    """A number with a point as the language writes it."""
    return text.replace(".", ",") if language == "pt" else text


_N = rf"(?P<n>\d{{1,2}}|{SMALL}|a)"
_PLACES = re.compile(
    rf"\b(?:rounded |round(?:ed)?(?: it| that| the result)? |arredonda(?:d[oa])? |arredonde )?"
    rf"(?:to |with |at |com |para |a |em |ate )?{_N} (?:decimal(?: place| digit)?s?|d\.?p\.?|places"
    r"|casas? decima(?:l|is)|casas?|decima(?:l|is))\b(?: places?| digits?)?"
)
_WHOLE = re.compile(
    r"\b(?:round(?:ed)?|arredond[ae]d?[oa]?)(?: it| off| up or down| that| the "
    r"result)?,? (?:to |para |pro |ao |a )?"
    r"(?:the |um |o |a )?(?:nearest |closest )?(?:numero )?(?:whole(?: number)?|integer|inteiro"
    r"|unit|unidade)\b(?: mais proximo)?"
    r"|\b(?:to |as )?(?:a |an |the )(?:nearest )?(?:whole number|integer)\b|\bno "
    r"decimals\b|\bsem (?:casas )?decimais\b"
    r"|\bnumero inteiro\b"
)
_UNROUNDED = re.compile(r"\b(?:round\w*|arredond\w*|truncat\w*|trunca\w*)\b")

PLACES, WHOLE = _PLACES, _WHOLE
"""Wordings for a number of decimals, and for a whole number."""


def places_of(found: list[re.Match[str]], whole: bool) -> int | None:
    """The decimals that the wordings ask for; None for none. ValueError where they contradict."""
    asked = {1 if one["n"] == "a" else small(one["n"]) for one in found} | ({0} if whole else set())
    if len(asked) > 1:
        raise ValueError("two numbers of decimals")
    return asked.pop() if asked else None
