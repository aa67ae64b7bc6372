"""Judges how complex a request is from what is asked: a logistic regression over its features."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from router.classify.complexity_features import features, share
from router.classify.parts import parts_of
from router.classify.signals import Signals
from router.errors import ConfigError

WEIGHTS = Path(__file__).parent / "weights" / "complexity.json"

_MOST_ODDS = 30.0


@dataclass(frozen=True, slots=True)
class ComplexityModel:
    """Weights by group and feature. The log-odds are the bias plus each group's weights, each times
    the group's `share`.
    """

    bias: float
    weights: Mapping[str, Mapping[str, float]]

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> ComplexityModel:
        """Read what `save` wrote. ConfigError where the file is missing or not ours."""
        try:
            stored = json.loads(path.read_text("utf-8"))
            weights = {
                group: dict(stored["weights"][group]) for group in ("asks", "story", "marks")
            }
            return cls(float(stored["bias"]), weights)
        except (OSError, KeyError, ValueError, TypeError) as error:
            raise ConfigError(
                f"{path} is not a model of complexity: {error!r}; reinstall the package, or train "
                "it again with python -m router.classify.train_complexity"
            ) from error

    def save(self, path: Path) -> None:
        """Write JSON; the same model gives the same bytes."""
        stored = {"bias": self.bias, "weights": self.weights}
        path.write_text(
            json.dumps(stored, indent=0, sort_keys=True, ensure_ascii=False) + "\n", "utf-8"
        )

    def complexity(self, prompt: str, facts: Signals) -> float:
        """0..1; from 0.4 on a small model is likely out of its depth. facts: the signals of
        `prompt`. Never raises, whatever the text."""
        odds = self.bias
        for group, names in features(parts_of(prompt), facts).groups().items():
            known = self.weights[group]
            odds += share(group, len(names)) * sum([known.get(name, 0.0) for name in names])
        return round(1 / (1 + math.exp(-max(-_MOST_ODDS, min(_MOST_ODDS, odds)))), 3)


@cache
def shipped_complexity() -> ComplexityModel:
    """The model that comes with the package, read once."""
    return ComplexityModel.load()
