"""Predicts the scores of the small model and the cloud on a prompt, before generation.

Both scores are linear in the kind and in a few signals of the prompt, fitted by `train_gain` to
measured outcomes. The prompt alone says little about difficulty: expect the mean of a kind with
modest corrections (long exercises, formulas, lists of choices). Kinds without measured rows keep a
prior: work on a given text gains less than recall and reasoning. `LearnedGains` adds what this
user's own outcomes say.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

from router.classify.signals import Signals
from router.errors import ConfigError
from router.types.decision import Guess, Kind

WEIGHTS = Path(__file__).parent / "weights" / "gain.json"

_MANY_NUMBERS = 20
_SHORT_CHARS, _LONG_CHARS = 60, 3000
"""The lengths of nearly all measured prompts: beyond them the line would be a guess."""

_LOWEST, _HIGHEST = 0.05, 0.95
"""Bounds of an expected score: a linear model can leave 0..1."""


@dataclass(frozen=True, slots=True)
class ExpectedScores:
    """What an answer will probably score, each 0..1, before generation.

    outcomes: how many of this user's own outcomes were used; 0: shipped measurements alone.
    learned_local, learned_cloud: their share in the scores, as a difference.
    """

    local: float
    cloud: float
    outcomes: int = 0
    learned_local: float = 0.0
    learned_cloud: float = 0.0

    @property
    def gain(self) -> float:
        """What the cloud is expected to add, -1..1, rounded to four digits."""
        return round(self.cloud - self.local, 4)


PRIORS: Mapping[Kind, ExpectedScores] = {
    # Measured on rows that may not be trained on, strong less weak score: Berkeley function calling
    # (a 1 B model for calls), AlpacaEval (a 3 B model against gpt4_1106, by a judge).
    Kind.TOOL: ExpectedScores(0.80, 0.85),
    Kind.WRITING: ExpectedScores(0.80, 0.80),
    # Judged: work on a text that is there gains less than recall, reasoning and a language.
    Kind.EXTRACTION: ExpectedScores(0.80, 0.85),
    Kind.REWRITING: ExpectedScores(0.80, 0.85),
    Kind.SUMMARISATION: ExpectedScores(0.75, 0.85),
    Kind.TRANSLATION: ExpectedScores(0.70, 0.85),
    Kind.CODE: ExpectedScores(0.60, 0.75),
    # Means of what the shipped model is fitted on; for one that is fitted on less.
    Kind.MATH: ExpectedScores(0.46, 0.73),
    Kind.KNOWLEDGE: ExpectedScores(0.44, 0.72),
    Kind.UNSURE: ExpectedScores(0.65, 0.80),
}
"""What is expected of a kind that no training row measured."""


class Gains(Protocol):
    """Predicts scores of a task: the shipped model, or what was learned on top of it."""

    def expected(self, guess: Guess, signals: Signals, model: str) -> ExpectedScores:
        """Of the local model named `model` and of the cloud; never raises, whatever the prompt."""
        ...


@dataclass(frozen=True, slots=True)
class GainModel:
    """Coefficients by feature name, and the kinds that they were measured on.

    local, cloud: what each feature adds to the score; "constant" is always present.
    """

    local: Mapping[str, float]
    cloud: Mapping[str, float]
    measured: frozenset[str]

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> GainModel:
        """Read what `save` wrote. ConfigError where the file is missing or not ours."""
        try:
            stored = json.loads(path.read_text("utf-8"))
            return cls(
                local={str(name): float(value) for name, value in stored["local"].items()},
                cloud={str(name): float(value) for name, value in stored["cloud"].items()},
                measured=frozenset(stored["measured"]),
            )
        except (OSError, KeyError, ValueError, AttributeError, TypeError) as error:
            raise ConfigError(
                f"{path} is not a gain model: {error!r}; reinstall the package, or fit it again "
                "with python -m router.evaluate.train_gain"
            ) from error

    def save(self, path: Path) -> None:
        """Write JSON; the same model gives the same bytes."""
        stored = {
            "local": {name: round(value, 5) for name, value in self.local.items()},
            "cloud": {name: round(value, 5) for name, value in self.cloud.items()},
            "measured": sorted(self.measured),
        }
        path.write_text(json.dumps(stored, indent=1) + "\n", "utf-8")

    def expected(self, guess: Guess, signals: Signals, model: str) -> ExpectedScores:
        """Of any small general model: the measured ones are taken together, whatever `model`."""
        if guess.kind.value not in self.measured:
            return PRIORS[guess.kind]
        present = features(guess, signals)
        return ExpectedScores(_score(self.local, present), _score(self.cloud, present))


@cache
def shipped_gains() -> GainModel:
    """The model that comes with the package, read once."""
    return GainModel.load()


def features(guess: Guess, signals: Signals) -> dict[str, float]:
    """What the scores are linear in; a feature that is absent is zero. All within a few units."""
    kind = guess.kind.value
    length = math.log1p(min(max(signals.chars, _SHORT_CHARS), _LONG_CHARS)) - 5.5
    numbers = min(signals.numbers, _MANY_NUMBERS) / 10
    formula = float("\\" in signals.instruction or signals.instruction.count("$") >= 2)
    choices = float(signals.has_choices)
    found = {
        "constant": 1.0,
        kind: 1.0,
        "length": length,
        "length_squared": length * length,
        "numbers": numbers,
        "formula": formula,
        "choices": choices,
        "code_inside": float(signals.has_code),
        "complexity": signals.complexity,
    }
    if guess.kind in (Kind.MATH, Kind.KNOWLEDGE):
        found |= {
            f"{kind}_length": length,
            f"{kind}_numbers": numbers,
            f"{kind}_formula": formula,
            f"{kind}_choices": choices,
            f"{kind}_complexity": signals.complexity,
        }
    return found


def _score(weights: Mapping[str, float], present: Mapping[str, float]) -> float:
    total = sum(weights.get(name, 0.0) * value for name, value in present.items())
    return round(min(_HIGHEST, max(_LOWEST, total)), 4)
