"""Counts as people write them: in digits and in words, in English and Portuguese."""

from __future__ import annotations

_IN_WORDS = {
    "a": 1, "an": 1, "one": 1, "single": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "dozen": 12,
    "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60,
    "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100,
    "um": 1, "uma": 1, "unica": 1, "unico": 1, "so": 1, "dois": 2, "duas": 2, "tres": 3,
    "quatro": 4, "cinco": 5, "seis": 6, "sete": 7, "oito": 8, "nove": 9, "dez": 10, "onze": 11,
    "doze": 12, "quinze": 15, "vinte": 20, "trinta": 30, "quarenta": 40, "cinquenta": 50,
    "sessenta": 60, "setenta": 70, "oitenta": 80, "noventa": 90, "cem": 100,
}  # fmt: skip

_SAID = "|".join(word for word in _IN_WORDS if word not in ("a", "an", "single", "so"))
COUNT = rf"(?:\d{{1,3}}[.,]\d{{3}}|\d{{1,4}}|(?:a |one )?hundred|(?:{_SAID}))"
"""A count in a folded text."""


def count_of(written: str) -> int:
    """The number that a match of COUNT says."""
    bare = written.replace(".", "").replace(",", "").strip()
    return int(bare) if bare.isdigit() else _IN_WORDS[bare.split()[-1]]
