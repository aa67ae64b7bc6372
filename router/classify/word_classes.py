"""Classes of words that tell what a request is about: the law, health, a deliverable, an order.

`requests/words.txt` has them, in both languages and without accents: a word stands for all that
begin with it, one that ends in a dot for itself alone, and hyphens join a phrase.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path

WORDS = Path(__file__).parent / "requests" / "words.txt"

ROUTINE = "routine"
DELIVERABLE = "deliverable"

_SHORTEST = 3
_PHRASE_WORDS = 4

_Table = dict[str, frozenset[str]]


def classes_of(words: Sequence[str]) -> dict[str, int]:
    """How many different words or phrases of each class are among `words`, which are folded."""
    whole, _ = _tables()
    beginners = _beginners()
    found: dict[str, int] = {}
    hits = [name for word in dict.fromkeys(words) for name in _of_word(word)]
    for at, word in enumerate(words):
        if word not in beginners:
            continue
        phrase = word
        for following in words[at + 1 : at + _PHRASE_WORDS]:
            phrase = f"{phrase} {following}"
            if phrase in whole:
                hits += whole[phrase]
    for name in hits:
        found[name] = found.get(name, 0) + 1
    return found


@lru_cache(maxsize=4096)
def _of_word(word: str) -> tuple[str, ...]:
    """The classes of one word, once for each entry that it matches."""
    whole, begun = _tables()
    sizes = range(_SHORTEST, len(word) + 1)
    hits = [whole.get(word, frozenset()), *(begun.get(word[:size], frozenset()) for size in sizes)]
    return tuple(name for names in hits for name in sorted(names))


@cache
def _beginners() -> frozenset[str]:
    """The first words of all phrases: most words begin none."""
    whole, _ = _tables()
    return frozenset(phrase.split(" ")[0] for phrase in whole if " " in phrase)


@cache
def _tables() -> tuple[_Table, _Table]:
    """The classes of whole words and phrases, and those of beginnings."""
    whole: _Table = {}
    begun: _Table = {}
    name = ""
    for row in WORDS.read_text("utf-8").splitlines():
        if row.startswith("## "):
            name = row[3:].strip()
        elif not row.startswith("#"):
            for word in row.split():
                phrase = word.rstrip(".").replace("-", " ")
                table = whole if word.endswith(".") or " " in phrase else begun
                table[phrase] = table.get(phrase, frozenset()) | {name}
    return whole, begun
