"""Signs of a prompt's kind that do not depend on its subject.

On a subject never seen in training the n-grams often guess wrong; the persons addressed, how the
text ends, and how many numbers it has do not depend on the subject.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from router.classify.lexicon import folded
from router.classify.signals import Signals
from router.types.decision import Kind

_SEEN_CHARS = 2_000
_MANY_NUMBERS = 3
_STORY_CHARS = 1_300
_CHARS_PER_NUMBER = 110
"""A problem in words has a figure in every other line; a report has fewer."""

_STEM_CHARS = (15, 400)
_STEM_SPACES = 3
_LENGTHS = (50, 160, 600)
_NUMBERS = (1, 2, 3, 5, 8)

_FIRST = frozenset(
    ["i", "i'm", "im", "my", "me", "mine", "we", "our", "us", "eu", "meu", "meus",
     "minha", "minhas", "mim", "comigo", "nosso", "nos"]
)  # fmt: skip
_SECOND = frozenset(["you", "your", "u", "voce", "vc", "tu", "te", "seu", "sua"])
_PUNCTUATION = str.maketrans(",.;:!?\"'()", "          ")
_QUANTITY = re.compile(
    r"\bhow (?:many|much|long|far|old|fast|tall|often)\b|\bat what\b|"
    r"\bwhat (?:percent|fraction|number)|"
    r"\bwhat (?:is|was|will be|would be) (?:the|his|her|their|its)\b|"
    r"\bquant[oa]s?\b|\bqual (?:e|foi|sera|era) [oa]\b"
)
_FORMULA = re.compile(
    r"\$[^$\n]{1,200}\$|"
    r"\\(?:frac|sqrt|sum|int|begin|text|overline|angle|boxed|cdot|le|ge|pi|theta)\b|\[asy\]"
)
_HEADING = re.compile(
    r"^\s*(?:def |class |function |public |fn |func |sub |#include|import |using |from \w+ import|"
    r"package )",
    re.MULTILINE,
)
_BLANK = re.compile(r"_\s*[.?!]?\s*$")
_OPEN_END = re.compile(
    r"\b(?:the|a|an|of|to|in|is|are|by|with|for|was|were|be|has|have|can|will|may|would|from|that|"
    r"because|at|on|into|and|than|it|like|as|through|requires?|needs?|uses?|contains?|o|um|uma|os|"
    r"as|de|do|da|em|no|na|e|sao|por|para|com|que|ser|foi)$"
)
"""A last word that leaves its sentence open: the question is how it ends."""


@dataclass(frozen=True, slots=True)
class Shape:
    """marks: names of the signs that were found, each at most once. leaning: the kind that the
    shape suggests where no rule matches.
    """

    marks: tuple[str, ...]
    leaning: Kind | None = None


def read(facts: Signals) -> Shape:
    """The shape of the prompt whose signals are `facts`."""
    asked = facts.plain
    words = set(asked.translate(_PUNCTUATION).split())
    first = not _FIRST.isdisjoint(words)
    quantity = _QUANTITY.search(asked) is not None
    seen = facts.core[:_SEEN_CHARS]
    formula = ("$" in seen or "\\" in seen or "[asy]" in seen) and bool(_FORMULA.search(seen))
    return Shape(
        _marks(facts, words, first=first, quantity=quantity, formula=formula),
        _leaning(facts, first=first, quantity=quantity, formula=formula),
    )


def fact_words(facts: Signals) -> list[str]:
    """A word for each signal that is present."""
    return [
        word
        for word, present in (
            ("factcode", facts.has_code),
            ("facttable", facts.has_table),
            ("factjson", facts.has_json),
            ("factchoices", facts.has_choices),
            ("factnumbers", facts.numbers >= _MANY_NUMBERS),
            ("factquestion", facts.questions > 0 and facts.instructions == 0),
            ("factdocument", len(facts.core) > 300 + len(facts.instruction)),
        )
        if present
    ]


def _marks(
    facts: Signals, words: set[str], *, first: bool, quantity: bool, formula: bool
) -> tuple[str, ...]:
    prompt = facts.core
    length = sum(len(prompt) >= edge for edge in _LENGTHS)
    numbers = sum(facts.numbers >= edge for edge in _NUMBERS)
    way = "order" if facts.instructions else "question" if facts.questions else "neither"
    last = prompt[-20:].rstrip()[-1:]
    end = last if last in "?:" else "." if last in ".!" else "word" if last.isalnum() else "other"
    long = len(prompt) > len(facts.instruction) + 200
    found = fact_words(facts)
    found += [
        word
        for word, present in (
            ("first", first),
            ("second", not _SECOND.isdisjoint(words)),
            ("quantity", quantity),
            ("formula", formula),
            ("blank", _BLANK.search(prompt[-12:]) is not None),
            ("heading", _HEADING.search(prompt[:600]) is not None),
        )
        if present
    ]
    if quantity and facts.numbers > 1:
        found.append(f"quantity {min(numbers, 4)}")
    found += [
        f"length {length}", f"numbers {numbers}", f"end {end}", way,
        f"{way} numbers {numbers}", f"{way} end {end}", f"{way} long {long} {min(numbers, 3)}",
    ]  # fmt: skip
    return tuple(found)


def _leaning(facts: Signals, *, first: bool, quantity: bool, formula: bool) -> Kind | None:
    prompt = facts.core
    if facts.has_code or facts.has_table or facts.has_json:
        return None
    if formula:
        return Kind.MATH
    figures = facts.numbers > 1 and facts.numbers * _CHARS_PER_NUMBER >= len(prompt)
    if quantity and figures and len(prompt) < _STORY_CHARS and not facts.has_choices:
        return Kind.MATH
    if facts.instructions == 0 and _BLANK.search(prompt[-12:]):
        return Kind.KNOWLEDGE
    if not facts.asked and not first and _is_open(prompt):
        return Kind.KNOWLEDGE
    return None


def _is_open(prompt: str) -> bool:
    """One line that stops in the middle of its sentence."""
    least, most = _STEM_CHARS
    if "\n" in prompt or not least < len(prompt) < most or prompt.count(" ") < _STEM_SPACES:
        return False
    return _OPEN_END.search(folded(prompt[-40:].rstrip(" _:."))) is not None
