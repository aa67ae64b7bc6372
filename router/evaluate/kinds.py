"""How good the classifier of kinds is on labelled prompts: right, sure, and fast."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import AliasChoices, Field

from router.classify.kinds import Classifier
from router.evaluate.bootstrap import Interval, Resampling, ratio
from router.evaluate.curves import Floats
from router.evaluate.files import FileRow, read_rows
from router.types.base import Frozen
from router.types.decision import Guess, Kind

GENERAL = "general"
_GENERAL_KINDS = frozenset({Kind.WRITING, Kind.TRANSLATION, Kind.REWRITING})

BINS = 10
WARM_UP = 200

Label = Literal[
    "code",
    "math",
    "extraction",
    "summarisation",
    "knowledge",
    "tool",
    "writing",
    "translation",
    "rewriting",
    "general",
]


class Labelled(FileRow):
    """One prompt and what it asks for.

    label: one of our kinds, or `general`, which stands for writing, translation and rewriting.
    """

    prompt: str = Field(min_length=1)
    label: Label = Field(validation_alias=AliasChoices("kind", "label"))
    language: str = Field(default="", validation_alias=AliasChoices("language", "lang"))
    source: str = ""
    split: str = ""
    question: str = Field(default="", validation_alias=AliasChoices("question", "prompt_hash"))


class KindGroup(Frozen):
    """The prompts of one language, or of one source. right_when_sure: of those not left unsure."""

    name: str
    rows: int
    accuracy: Interval
    right_when_sure: Interval
    unsure: float


class KindFigures(Frozen):
    """One label. recall: of its prompts, those found; precision: of those named so, the right."""

    label: str
    rows: int
    recall: Interval
    precision: Interval


class Confused(Frozen):
    """So many prompts of one label were taken for a kind."""

    label: str
    taken_for: str
    rows: int


class KindsReport(Frozen):
    """The classifier on one file.

    part: which rows counted. ece: expected calibration error of the confidences that come with a
    kind, ten bins of equal width. p50_ms, p99_ms: one warm decision by the wall clock.
    """

    file: str
    rows: int
    part: Literal["all rows", "check rows"]
    overall: KindGroup
    languages: tuple[KindGroup, ...]
    sources: tuple[KindGroup, ...]
    labels: tuple[KindFigures, ...]
    confusion: tuple[Confused, ...]
    ece: float
    p50_ms: float
    p99_ms: float

    def to_json(self) -> str:
        return self.model_dump_json(indent=2)


@dataclass(frozen=True, slots=True)
class Answer:
    """One prompt and what the classifier said of it. seconds: by the wall clock."""

    row: Labelled
    guess: Guess
    seconds: float

    @property
    def right(self) -> bool:
        return fits(self.guess.kind, self.row.label)

    @property
    def sure(self) -> bool:
        return self.guess.kind is not Kind.UNSURE


def fits(kind: Kind, label: str) -> bool:
    """Whether a kind is what the label says; UNSURE is never right."""
    return kind in _GENERAL_KINDS if label == GENERAL else kind.value == label


def read_labelled(path: Path) -> tuple[list[Labelled], Literal["all rows", "check rows"]]:
    """The file's rows; where it has a split, those of its check side. Raises ConfigError."""
    rows = read_rows(path, Labelled)
    check = [row for row in rows if row.split in ("check", "test")]
    return (check, "check rows") if check else (rows, "all rows")


def ask(
    rows: Sequence[Labelled],
    classifier: Classifier,
    told: Callable[[int], None] = lambda _: None,
) -> list[Answer]:
    """What the classifier says of each. told: called with how many are done, now and then."""
    for row in rows[:WARM_UP]:
        classifier.classify(row.prompt)
    answers = []
    for number, row in enumerate(rows, start=1):
        started = time.perf_counter()
        guess = classifier.classify(row.prompt)
        answers.append(Answer(row, guess, time.perf_counter() - started))
        if number % 100 == 0:
            told(number)
    told(len(rows))
    return answers


def report(
    answers: Sequence[Answer],
    file: str,
    part: Literal["all rows", "check rows"],
    samples: int = 1000,
) -> KindsReport:
    """All figures of one file."""
    languages = sorted({one.row.language for one in answers} - {""})
    sources = sorted({one.row.source for one in answers} - {""})
    seconds = np.array([one.seconds for one in answers])
    taken = Counter((one.row.label, one.guess.kind.value) for one in answers)
    return KindsReport(
        file=file,
        rows=len(answers),
        part=part,
        overall=group("all", answers, samples),
        languages=tuple(
            group(name, [one for one in answers if one.row.language == name], samples)
            for name in languages
        ),
        sources=tuple(
            group(name, [one for one in answers if one.row.source == name], samples)
            for name in sources
        ),
        labels=tuple(
            _figures(label, answers, samples)
            for label in sorted({one.row.label for one in answers})
        ),
        confusion=tuple(
            Confused(label=label, taken_for=kind, rows=count)
            for (label, kind), count in sorted(taken.items())
        ),
        ece=calibration_error(answers),
        p50_ms=1000 * float(np.quantile(seconds, 0.50)),
        p99_ms=1000 * float(np.quantile(seconds, 0.99)),
    )


def group(name: str, answers: Sequence[Answer], samples: int = 1000) -> KindGroup:
    """How often these are right."""
    right, sure = _marks(answers, "right"), _marks(answers, "sure")

    def figures(weights: Floats) -> tuple[float, float]:
        return ratio(weights, right, np.ones(len(right))), ratio(weights, right, sure)

    accuracy, when_sure = _again(answers, samples).intervals(figures)
    return KindGroup(
        name=name,
        rows=len(answers),
        accuracy=accuracy,
        right_when_sure=when_sure,
        unsure=1 - float(sure.mean()),
    )


def calibration_error(answers: Sequence[Answer]) -> float:
    """Mean distance between confidence and share right, bin by bin; NaN where nothing is sure."""
    sure = [one for one in answers if one.sure]
    if not sure:
        return float("nan")
    confidence = np.array([one.guess.confidence for one in sure])
    right = _marks(sure, "right")
    at = np.minimum((confidence * BINS).astype(int), BINS - 1)
    apart = [
        abs(confidence[at == bin_].mean() - right[at == bin_].mean()) * (at == bin_).mean()
        for bin_ in set(at.tolist())
    ]
    return float(sum(apart))


def _figures(label: str, answers: Sequence[Answer], samples: int) -> KindFigures:
    own = np.array([one.row.label == label for one in answers], dtype=float)
    named = np.array([fits(one.guess.kind, label) for one in answers], dtype=float)
    both = own * named

    def figures(weights: Floats) -> tuple[float, float]:
        return ratio(weights, both, own), ratio(weights, both, named)

    recall, precision = _again(answers, samples).intervals(figures)
    return KindFigures(label=label, rows=int(own.sum()), recall=recall, precision=precision)


def _marks(answers: Sequence[Answer], what: Literal["right", "sure"]) -> Floats:
    return np.array([getattr(one, what) for one in answers], dtype=float)


def _again(answers: Sequence[Answer], samples: int) -> Resampling:
    return Resampling.by([one.row.question or one.row.prompt for one in answers], samples)
