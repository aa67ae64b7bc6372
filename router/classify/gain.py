"""What the small model and the cloud will probably score on a prompt, before either has seen it.

A line through measured outcomes: both scores are linear in the kind and in a few signals of the
prompt, fitted by `train_gain`. The prompt alone says little about difficulty, so expect the means
of a kind with modest corrections (long exercises, formulas, lists of choices), not a verdict.
Kinds without measured rows keep a prior, which says only that work on a text that is there gains
less than recall and reasoning.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from router.classify.signals import Signals
from router.errors import ConfigError
from router.types import Guess, Kind

WEIGHTS = Path(__file__).parent / "weights" / "gain.json"

PRIOR = (0.7, 0.8)
"""Local and cloud score of a kind of which nothing was measured: a judgement, not a figure."""

_MANY_NUMBERS = 20


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
                "with python -m router.classify.train_gain"
            ) from error

    def save(self, path: Path) -> None:
        """Write JSON; the same model gives the same bytes."""
        stored = {
            "local": {name: round(value, 5) for name, value in self.local.items()},
            "cloud": {name: round(value, 5) for name, value in self.cloud.items()},
            "measured": sorted(self.measured),
        }
        path.write_text(json.dumps(stored, indent=1) + "\n", "utf-8")

    def expected(self, guess: Guess, signals: Signals) -> tuple[float, float]:
        """(local, cloud), each 0..1. An unsure kind gets the middle of all kinds."""
        if guess.kind is not Kind.UNSURE and guess.kind.value not in self.measured:
            return PRIOR
        present = features(guess, signals)
        return _score(self.local, present), _score(self.cloud, present)


def expected_gain(guess: Guess, signals: Signals) -> tuple[float, float]:
    """(local_score, cloud_score) by the shipped weights; what the cloud gains is the difference."""
    return _shipped().expected(guess, signals)


def features(guess: Guess, signals: Signals) -> dict[str, float]:
    """What the scores are linear in; a feature that is absent is zero. All within a few units."""
    kind = guess.kind.value
    length = math.log1p(signals.chars) - 5.5
    numbers = min(signals.numbers, _MANY_NUMBERS) / 10
    formula = float("\\" in signals.instruction or signals.instruction.count("$") >= 2)
    choices = float(signals.has_choices)
    found = {
        "constant": 1.0,
        kind: 1.0,
        "length": length,
        "length_squared": length * length,
        "lines": math.log1p(signals.lines),
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


@cache
def _shipped() -> GainModel:
    return GainModel.load()


def _score(weights: Mapping[str, float], present: Mapping[str, float]) -> float:
    total = sum(weights.get(name, 0.0) * value for name, value in present.items())
    return round(min(1.0, max(0.0, total)), 4)
