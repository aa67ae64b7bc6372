"""Typing errors in the words that orders are made of."""

from __future__ import annotations

import re
from functools import lru_cache

from agents.exact.words import words

_KNOWN = words("""
    convert converted converting alphabetically alphabetical alphabetize alphabetise ascending
    descending duplicates duplicate duplicated repeated uppercase lowercase capitals replace
    occurrences characters character percentage percent multiplied divided difference kilometers
    kilometres kilometer celsius fahrenheit minutes seconds fortnight separated comma thousands
    thousand decimal decimals separator numbers weekday international yesterday february september
    november december january october wednesday thursday smallest largest highest lowest reverse
    average sentence sentences appear appears
    converte converta converter alfabetica alfabeticamente crescente decrescente duplicados
    duplicadas repetidos repetidas maiusculas minusculas substitui substitua substituir ocorrencias
    caracteres porcentagem percentagem quilometros quilometro segundos minutos separados separadas
    virgulas virgula milhares decimais internacional telefone fevereiro setembro novembro dezembro
    janeiro outubro formatado formatada formata obrigado obrigada
    """)
_TYPED = {
    "convet": "convert", "convrt": "convert", "covert": "convert", "conver": "convert",
    "fomat": "format", "formt": "format", "foramt": "format", "frmat": "format",
    "pleas": "please", "plese": "please", "teh": "the", "adn": "and", "wich": "which",
    "aphabetical": "alphabetical", "remvoe": "remove", "remov": "remove",
    "replce": "replace", "uper": "upper", "numer": "number", "nubmer": "number",
    "numro": "numero", "lsit": "list", "wrds": "words", "wods": "words",
}  # fmt: skip
_LONG = re.compile(r"\b[a-z]{7,}\b|\b[a-z]{3,6}\b")
_LEAST = 7


def spelled(text: str) -> str:
    """The flat text with the typing errors of known words mended."""
    return _LONG.sub(lambda found: _mended(found[0]), text)


@lru_cache(maxsize=4096)
def _mended(word: str) -> str:
    if word in _TYPED:
        return _TYPED[word]
    if len(word) < _LEAST or word in _KNOWN:
        return word
    near = {known for known in _KNOWN if known[0] == word[0] and _one_slip(word, known)}
    # Its own inflection is no slip.
    near = {known for known in near if known.rstrip("s") != word.rstrip("s")}
    return near.pop() if len(near) == 1 else word


def _one_slip(word: str, known: str) -> bool:
    """Whether one letter too many, too few, another, or two swapped make the one from the other."""
    if abs(len(word) - len(known)) > 1 or min(len(word), len(known)) < _LEAST - 1:
        return False
    start = 0
    while start < min(len(word), len(known)) and word[start] == known[start]:
        start += 1
    one, other = word[start:], known[start:]
    if len(one) == len(other):
        swapped = one[:2] == other[:2][::-1] and one[2:] == other[2:]
        # Another last letter is another form of the word: alphabetical, converta.
        return swapped or (one[1:] == other[1:] and len(one) > 1)
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return longer[1:] == shorter and len(longer) > 1
