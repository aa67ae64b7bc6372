"""The words of the training prompts: a request in other words may ask for something else.

A model this small guesses the operation behind a verb that it never met, with high confidence. So
in the families whose requests are an order and the names that it copies, every other word must be
one of the training's. Where a request carries a text, the same words tell the wording from values.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from agents.nano import LEXICON_PATH
from agents.nano.data.grammar import Sample

CLOSED = ("code", "reply", "shell", "sql")
"""Families whose requests are an order and names alone. Where a family is not here, its requests
carry free text, or its answer can be checked against the figures of the request."""

CARRYING = ("extract",)
"""Families whose answers are checked against the wording of the text they carry."""

LEAST_SHARE = 0.0008
"""Of a family's requests, below which a word was a value, a typing error or an accident."""
WORDING_ODDS = 50
"""A word this much oftener outside the answer than in it is wording, not a value."""

_WORD = re.compile(r"[^\W\d_]{3,}")


def fold(text: str) -> str:
    """Lower case without accents, for comparing words."""
    decomposed = unicodedata.normalize("NFD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def words(text: str) -> list[str]:
    """The words of three letters or more, folded."""
    return _WORD.findall(fold(text))


def build(samples: Iterable[Sample]) -> dict[str, list[str]]:
    """By family, the words that stand in requests and not in their answers, sorted."""
    outside: dict[str, Counter[str]] = {}
    inside: dict[str, Counter[str]] = {}
    asked: Counter[str] = Counter()
    for sample in samples:
        asked[sample.family] += 1
        answer = set(words(sample.answer))
        outside.setdefault(sample.family, Counter()).update(set(words(sample.prompt)) - answer)
        inside.setdefault(sample.family, Counter()).update(answer)
    lexicon: dict[str, list[str]] = {}
    for family in (*CLOSED, *CARRYING):
        counts = outside[family]
        least = max(3.0, LEAST_SHARE * asked[family])
        odds = 0 if family in CLOSED else WORDING_ODDS
        lexicon[family] = sorted(
            word
            for word, count in counts.items()
            if count >= least and count >= odds * inside[family][word]
        )
    return lexicon


@lru_cache
def load(path: Path = LEXICON_PATH) -> dict[str, frozenset[str]]:
    """The shipped lexicon by family."""
    stored = json.loads(path.read_text(encoding="utf-8"))
    return {family: frozenset(known) for family, known in stored.items()}


def unfamiliar(family: str, prompt: str, answer: str) -> str | None:
    """A word of the request that is neither copied nor known, in a sentence; None without one."""
    if family not in CLOSED:
        return None
    known = load()[family]
    copied = set(words(answer))
    strange = [word for word in words(prompt) if word not in known and word not in copied]
    return f"{strange[0]!r} is not a word that it learnt for {family}" if strange else None


def is_wording(family: str, value: str) -> bool:
    """Whether a value begins or ends with a word that only ever belongs to the wording."""
    found = words(value)
    known = load()[family]
    return bool(found) and (found[0] in known or found[-1] in known)
