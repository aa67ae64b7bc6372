"""Predicts the scores of the small model and the cloud on a prompt, before generation.

Both scores are linear in the kind and in a few signals of the prompt, fitted by `train_gain` to
measured outcomes. The prompt alone says little about difficulty: expect the mean of a kind with
modest corrections (long exercises, formulas, lists of choices). A kind without measured rows is
expected to gain what the measured ones do, more where its prompt is long: nothing says that it is
easier. `LearnedGains` adds what this user's own outcomes say.
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
_USUAL_LENGTH = 0.75
"""Mean of the feature "length" over measured questions with choices: some 520 characters."""

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


_MEASURED: Mapping[Kind, ExpectedScores] = {
    # Means of what the shipped model is fitted on; for a model that is fitted on less.
    Kind.MATH: ExpectedScores(0.46, 0.73),
    Kind.KNOWLEDGE: ExpectedScores(0.44, 0.72),
    # On rows that may not be trained on, strong less weak score: Berkeley function calling (a 1 B
    # model for calls), AlpacaEval (a 3 B model against gpt4_1106, by a judge).
    Kind.TOOL: ExpectedScores(0.80, 0.85),
    Kind.WRITING: ExpectedScores(0.80, 0.80),
}


def _mean(*kinds: Kind) -> ExpectedScores:
    known = [_MEASURED[kind] for kind in kinds]
    return ExpectedScores(
        local=round(sum(one.local for one in known) / len(known), 4),
        cloud=round(sum(one.cloud for one in known) / len(known), 4),
    )


_AS_THE_OTHERS: Mapping[Kind, ExpectedScores] = {
    # It is recall and reasoning, whose gain is far above that of tool calls and letters.
    Kind.CODE: _mean(Kind.MATH, Kind.KNOWLEDGE),
    **dict.fromkeys(
        (Kind.EXTRACTION, Kind.REWRITING, Kind.SUMMARISATION, Kind.TRANSLATION), _mean(*_MEASURED)
    ),
}
"""Kinds without an outcome of their own: the mean of the measured ones."""

PRIORS: Mapping[Kind, ExpectedScores] = {
    **_MEASURED,
    **_AS_THE_OTHERS,
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

    local, cloud: what each feature adds to the score; "constant" is always present. length: what a
    unit of the feature "length" adds to either score, whatever the kind.
    """

    local: Mapping[str, float]
    cloud: Mapping[str, float]
    measured: frozenset[str]
    length: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> GainModel:
        """Read what `save` wrote. ConfigError where the file is missing or not ours."""
        try:
            stored = json.loads(path.read_text("utf-8"))
            return cls(
                local={str(name): float(value) for name, value in stored["local"].items()},
                cloud={str(name): float(value) for name, value in stored["cloud"].items()},
                measured=frozenset(stored["measured"]),
                length=(float(stored["length"]["local"]), float(stored["length"]["cloud"])),
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
            "length": dict(zip(("local", "cloud"), self.length, strict=True)),
        }
        path.write_text(json.dumps(stored, indent=1) + "\n", "utf-8")

    def expected(self, guess: Guess, signals: Signals, model: str) -> ExpectedScores:
        """Of any small general model: the measured ones are taken together, whatever `model`."""
        if guess.kind.value not in self.measured:
            return self._as_the_others(guess, signals)
        present = features(guess, signals)
        return ExpectedScores(_score(self.local, present), _score(self.cloud, present))

    def _as_the_others(self, guess: Guess, signals: Signals) -> ExpectedScores:
        usual = PRIORS[guess.kind]
        if guess.kind not in _AS_THE_OTHERS:
            return usual
        local, cloud = (slope * _length(signals) for slope in self.length)
        return ExpectedScores(_bounded(usual.local + local), _bounded(usual.cloud + cloud))


@cache
def shipped_gains() -> GainModel:
    """The model that comes with the package, read once."""
    return GainModel.load()


def features(guess: Guess, signals: Signals) -> dict[str, float]:
    """What the scores are linear in; a feature that is absent is zero. All within a few units."""
    kind = guess.kind.value
    length = _length(signals)
    if guess.kind is Kind.KNOWLEDGE and not signals.has_choices:
        # Only questions with their choices were measured, and how short one is with them says how
        # easy it is: without them it counts as one of the usual length.
        length = max(length, _USUAL_LENGTH)
    numbers = min(signals.numbers, _MANY_NUMBERS) / 10
    formula = float("\\" in signals.instruction or signals.instruction.count("$") >= 2)
    choices = float(signals.has_choices or guess.kind is Kind.KNOWLEDGE)
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
    return _bounded(total)


def _length(signals: Signals) -> float:
    return math.log1p(min(max(signals.chars, _SHORT_CHARS), _LONG_CHARS)) - 5.5


def _bounded(score: float) -> float:
    return round(min(_HIGHEST, max(_LOWEST, score)), 4)
