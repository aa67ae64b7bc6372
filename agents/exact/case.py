"""Text in other letters: capitals, small ones, or joined as names in programs are."""

from __future__ import annotations

import re

from agents.exact.answer import Exact
from agents.exact.ask import FORM, ORDER, Ask
from agents.exact.parts import Part, computed
from agents.exact.words import words

FAMILY = "case"

_ALL = (
    r"(?:(?:in|into|to|em|para|tudo|all|everything|make it|com|toda|todo)(?: (?:all"
    r"|tudo|letras?))* )?"
)
_UPPER = re.compile(
    rf"\b{_ALL}(?:(?:to )?upper[ -]?case(?:d)?(?: letters)?|(?:block|all) (?:caps"
    r"|capitals)|caps|all capital letters|all-caps"
    r"|(?:letras? )?maiusculas?)\b"
)
_LOWER = re.compile(
    rf"\b{_ALL}(?:lower[ -]?case(?:d)?(?: letters)?|small letters|(?:letras? )?minusculas?)\b"
)
_TITLE = re.compile(
    r"\b(?:(?:in|into|to) )?(?:title[ -]?case|capital(?:ize|ise)(?: the first letter "
    r"of)?(?: each| every) word|(?:with )?each word capitali[sz]ed|each word start "
    r"with a capital(?: letter)?"
    r"|capital(?:ize|ise) (?:the )?first letters?(?: of (?:each|every) word)?(?= ?of "
    r"each)|(?:(?:em|com|as) )?iniciais maiusculas(?: \(?(?:em )?cada palavra\)?)?"
    r"|(?:com )?(?:a )?primeira letra de cada palavra (?:em )?maiuscula)\b(?: ?\(cada palavra\))?"
)
_NAMES = {
    "snake_case": re.compile(r"\b(?:in |to |into |em |para |no formato )?snake[_ -]case\b"),
    "kebab-case": re.compile(r"\b(?:in |to |into |em |para |no formato )?kebab[_ -]?case\b"),
    "camelCase": re.compile(r"\b(?:in |to |into |em |para |no formato )?(?:lower )?camel ?case\b"),
    "PascalCase": re.compile(
        r"\b(?:in |to |into |em |para |no formato )?(?:pascal ?case|upper camel ?case)\b"
    ),
    "CONSTANT_CASE": re.compile(
        r"\b(?:in |to |into |em |para |no formato )?(?:constant[_ ]case|screaming[_ "
        r"]snake[_ ]case|upper[_ ]snake[_ ]case)\b"
    ),
}
_SMALL = words(
    "a an the of in on at to for and or but nor by as with from de do da dos das e "
    "em no na o os as para por com"
)
_CAPS_LOCK = re.compile(
    r"\b(?:,? ?(?:o |my )?caps? ?lock (?:ficou|estava|was|got|left)(?: (?:ligado|on|stuck))*)\b"
)
_NOUNS = words(
    "text texto frase sentence phrase word words palavra palavras title titulo line "
    "linha message mensagem string name nome "
    "letters letras letra variable file label heading put set"
)


def exact(prompt: str) -> Exact | None:
    """The text in the letters asked; None where the text cannot be told from the request."""
    return computed(prompt, _compute)


def _compute(ask: Ask, part: Part) -> Exact | None:
    ask.take(_CAPS_LOCK, FORM)
    title = ask.take(_TITLE)
    names = [name for name, pattern in _NAMES.items() if ask.take(pattern)]
    upper, lower = ask.take(_UPPER), ask.take(_LOWER)
    if f"{ORDER} {FORM}" in ask.text:
        # Only the names: of the answer, or in capitals?
        return None
    if upper + lower + title + len(names) != 1 or not ask.nothing_left(_NOUNS):
        return None
    data = part.data
    if not part.marked and data.count("\n\n"):
        return None
    if upper or lower:
        return Exact(data.upper() if upper else data.lower(), FAMILY, "letter by letter")
    words = re.findall(r"\S+", data)
    if title:
        # Which small words stay small is a matter of taste.
        odd = any(
            word.lower() in _SMALL or not re.fullmatch(r"[^\W\d_]+[.,!?]?", word) for word in words
        )
        return (
            None
            if odd
            else Exact(" ".join(word.capitalize() for word in words), FAMILY, "word by word")
        )
    plain = data.isascii() and all(
        re.fullmatch(r"[A-Za-z][a-z]*|[A-Z]+|\d+", word) for word in words
    )
    if not plain or not 1 < len(words) <= 10:
        return None
    return Exact(_joined([word.lower() for word in words], names[0]), FAMILY, "its words joined")


def _joined(words: list[str], name: str) -> str:
    capital = [word.capitalize() for word in words]
    return {
        "snake_case": "_".join(words),
        "kebab-case": "-".join(words),
        "camelCase": "".join([words[0], *capital[1:]]),
        "PascalCase": "".join(capital),
        "CONSTANT_CASE": "_".join(words).upper(),
    }[name]
