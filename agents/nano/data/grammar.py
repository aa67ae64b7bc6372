"""Phrasing grammars: alternatives written in line, and the splits that keep test wordings unseen.

A template is plain text with `(a|b|)` for alternatives, which may nest, and `{slot}` for values.
"""

from __future__ import annotations

import json
import random
import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeVar

Split = Literal["train", "calibration", "test"]
T = TypeVar("T")

_INNERMOST = re.compile(r"\(([^()]*)\)")
_SLOT = re.compile(r"\{(\w+)\}")
# Twenty buckets of values: one for the test, one for calibration, the rest for training.
_BUCKETS = 20


def bucket(value: str) -> Split:
    """The split to which a value belongs, from its spelling alone (case does not count)."""
    number = zlib.crc32(value.casefold().encode()) % _BUCKETS
    return "test" if number == 0 else "calibration" if number == 1 else "train"


@dataclass(frozen=True, slots=True)
class Sample:
    """One request and its only right answer; `system` names a role prompt, or none is sent."""

    family: str
    language: str
    prompt: str
    answer: str
    system: str | None = None


def compact(value: object) -> str:
    """JSON without spaces: the only spelling the model is taught."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class Frames:
    """Templates of one wording, one a line; calibration and test lines are never trained on."""

    vocabulary: ClassVar[set[str]] = set()
    """Every word of the trained templates: words that would else never be copied as a value."""

    def __init__(self, train: str, calibration: str, test: str) -> None:
        self._of: dict[Split, list[str]] = {
            "train": _lines(train),
            "calibration": _lines(calibration),
            "test": _lines(test),
        }
        self.vocabulary.update(re.findall(r"(?<!\{)\b[^\W\d_]{2,}\b(?!\})", train))

    def of(self, split: Split) -> list[str]:
        return self._of[split]


class Draw:
    """A random source bound to a split of the values and a split of the phrasings."""

    def __init__(self, seed: int, values: Split = "train", phrasing: Split = "train") -> None:
        self.rng = random.Random(seed)
        self.values: Split = values
        self.phrasing: Split = phrasing

    def pick(self, options: Sequence[T]) -> T:
        return options[int(self.rng.random() * len(options))]

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def integer(self, low: int, high: int) -> int:
        return low + int(self.rng.random() * (high - low + 1))

    def held(self, make: Callable[[Draw], str]) -> str:
        """A value of this split: draws until the spelling falls in one of its buckets."""
        for _ in range(400):
            value = make(self)
            if bucket(value) == self.values:
                return value
        raise ValueError(f"{make.__name__} has no value in the {self.values!r} split")

    def held_bucket(self, value: str) -> bool:
        """Whether a value, for instance the bare digits of a number, belongs to this split."""
        return bucket(value) == self.values

    def expand(self, template: str, /, **slots: str) -> str:
        """One reading of a template, with its slots filled."""
        text = template
        while "(" in text:
            shorter = _INNERMOST.sub(lambda m: self.pick(m.group(1).split("|")), text)
            if shorter == text:
                raise ValueError(f"unbalanced alternatives in {template!r}")
            text = shorter
        return self.expand_slots(text, **slots).replace("\\n", "\n")

    def expand_slots(self, text: str, /, **slots: str) -> str:
        """The text with its slots filled; parentheses are left alone."""
        return _SLOT.sub(lambda m: slots[m.group(1)], text)

    def phrase(self, frames: Frames, /, **slots: str) -> str:
        return self.expand(self.pick(frames.of(self.phrasing)), **slots)


def _lines(block: str) -> list[str]:
    return [line.strip() for line in block.strip().splitlines() if line.strip()]
