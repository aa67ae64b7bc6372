"""What the model of complexity looks at: the words that ask, those of the story, and marks."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from router.classify.language import language_of
from router.classify.parts import WORD, Parts
from router.classify.signals import Signals
from router.classify.word_classes import DELIVERABLE, classes_of

_MOST_WORDS = 60
_MOST_STORY_WORDS = 120
_STEM_CHARS = 5
_OPENING_WORDS = 5
_MOST_DELIVERABLES = 5

_LENGTHS = (5, 9, 15, 25, 40)
_STORY_LENGTHS = (1, 8, 20, 40)
_PASTED_CHARS = (10, 60, 200, 600)
_PASTED_LEVEL = 1
_CODE_LINES = (1, 4, 12)
_HARD, _HARDER = 0.2, 0.4

_WORDS_SHARE = 5.0
_FIRST = frozenset(
    ["i", "my", "me", "we", "our", "us", "i'm", "im", "ive", "i've", "eu", "meu", "minha", "meus",
     "minhas", "nos", "nosso", "nossa"]
)  # fmt: skip
_LONG_ANSWER = re.compile(
    r"\b(?:[2-9]\d\d|\d[., ]?\d{3})[ -]?(?:words?|palavras)\b|"
    r"\b\d{1,2}[., ]?\d{3} (?:char|carac)|"
    r"\b(?:[2-9]|[1-9]\d|two|three|four|five|ten|duas|tres|quatro|cinco|dez) (?:full )?"
    r"(?:pages?|paginas?|chapters?|capitulos?|minutes? (?:long|read)|verses|estrofes|quadras)\b"
)


@dataclass(frozen=True, slots=True)
class Features:
    """Names of what was found, by group; each at most once in its group."""

    asks: tuple[str, ...]
    story: tuple[str, ...]
    marks: tuple[str, ...]

    def groups(self) -> dict[str, tuple[str, ...]]:
        """By the name under which a model keeps the weights."""
        return {"asks": self.asks, "story": self.story, "marks": self.marks}


def share(group: str, size: int) -> float:
    """What one feature of a group counts: that of words is divided by the root of their number."""
    return 1.0 if group == "marks" else _WORDS_SHARE / math.sqrt(max(1, size))


def features(parts: Parts, facts: Signals) -> Features:
    """The features of a request; facts: the signals of the same prompt."""
    asked: list[str] = []
    of_asks: set[str] = set()
    opens: set[str] = set()
    for sentence in parts.asks:
        words = ["0" if word.isdigit() else word for word in WORD.findall(sentence)[:_MOST_WORDS]]
        asked += words
        of_asks.update(words)
        of_asks.update(_stems(words))
        bounded = ["^", *words, "$"]
        of_asks.update([f"{a} {b}" for a, b in pairwise(bounded)])
        opens.update(classes_of(words[:_OPENING_WORDS]))
    told = [word for word in WORD.findall(parts.story)[:_MOST_STORY_WORDS] if not word.isdigit()]
    of_story = {*told, *_stems(told)}
    if language_of(f"{' '.join(parts.asks)} {parts.story}") == "pt":
        # "do", "as" and "no" are words of both languages.
        of_asks = {f"pt {word}" for word in of_asks}
        of_story = {f"pt {word}" for word in of_story}
    marks = [*_class_marks(asked, opens, told, parts), *_shape_marks(asked, told, parts, facts)]
    return Features(tuple(of_asks), tuple(of_story), tuple(marks))


def _stems(words: Sequence[str]) -> list[str]:
    return [word[:_STEM_CHARS] + "*" for word in words if len(word) > _STEM_CHARS]


def _class_marks(
    asked: Sequence[str], opens: set[str], told: Sequence[str], parts: Parts
) -> list[str]:
    """Classes of what asks (#, a second time where two words have it), at the opening of a sentence
    that asks (^), of the story (=) and of the rest (~)."""
    found = classes_of(asked)
    listed = classes_of(WORD.findall(parts.rest)) if parts.rest else {}
    names = sorted(found)
    deliverables = found.get(DELIVERABLE, 0) + listed.get(DELIVERABLE, 0)
    return [
        *(f"#{name}" for name in names),
        *(f"#{name} 2" for name in names if found[name] > 1),
        *(f"^{name}" for name in opens),
        *(f"={name}" for name in classes_of(told)),
        *(f"~{name}" for name in listed),
        f"deliverables {min(deliverables, _MOST_DELIVERABLES)}",
    ]


def _shape_marks(
    asked: Sequence[str], told: Sequence[str], parts: Parts, facts: Signals
) -> list[str]:
    length = _level(len(asked), _LENGTHS)
    story = _level(len(told), _STORY_LENGTHS)
    pasted = _level(parts.pasted, _PASTED_CHARS)
    first = not _FIRST.isdisjoint(asked) or not _FIRST.isdisjoint(told)
    typed = " ".join((*parts.asks, parts.story))
    return [
        f"length {length}",
        f"story {story}",
        f"pasted {pasted}",
        f"code {_level(parts.code_lines, _CODE_LINES)}",
        f"length {length} pasted {pasted > _PASTED_LEVEL}",
        f"length {min(length, 3)} story {story}",
        f"story {story} first {first}",
        f"asks {min(len(parts.asks), 3)}",
        *(
            name
            for name, present in (
                ("commas", sum(part.count(",") for part in parts.asks) > 2),
                ("several lines", parts.lines > 3),
                ("bullets", parts.bullets > 2),
                ("long answer", _LONG_ANSWER.search(typed) is not None),
                ("hard", facts.complexity >= _HARD),
                ("harder", facts.complexity >= _HARDER),
                ("quoted", parts.quoted),
                ("first", first),
                ("table", facts.has_table),
                ("json", facts.has_json),
                ("choices", facts.has_choices),
            )
            if present
        ),
    ]


def _level(size: int, edges: Sequence[int]) -> int:
    return sum(size >= edge for edge in edges)
