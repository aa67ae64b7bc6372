"""The probability that a model's answer is right, from its token statistics and the task's kind.

A calibration is stored beside the model's file and is valid for that file alone: another
quantisation of the model has other token statistics. `agents.models.calibrate` makes it.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.logistic import auroc, calibration_error, fit_logistic, logit, predict
from router.errors import ConfigError
from router.types.completion import TokenStats
from router.types.decision import Kind

FEWEST = 30
"""The fewest answers for a calibration; a kind with fewer uses the common weights."""

ALL = "all"
_FOLDS = 5
_SAMPLE_BYTES = 2**20
_LOWEST = 1e-6


@dataclass(frozen=True, slots=True)
class Trial:
    """One answer: the kind of its task, how sure the model was, and whether it was right."""

    kind: Kind
    stats: TokenStats
    right: bool


@dataclass(frozen=True, slots=True)
class Fit:
    """weights: of `features`. auroc, error (expected calibration error): by cross-validation, on
    answers that were not fitted; auroc is None where all answers were right, or all wrong.
    """

    weights: tuple[float, ...]
    asked: int
    right: int
    auroc: float | None
    error: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """fits: by kind's value, and `ALL`. model: the fingerprint of the model that it belongs to."""

    model: str
    fits: dict[str, Fit]

    def confidence(self, kind: Kind, stats: TokenStats) -> float:
        """Estimated probability, 0..1, that an answer is right."""
        fit = self.fits.get(kind.value) or self.fits[ALL]
        return float(predict(np.array([features(stats)]), np.array(fit.weights))[0])

    def save(self, model_path: Path) -> Path:
        path = stored_at(model_path)
        stored = {"model": self.model, "fits": {k: asdict(fit) for k, fit in self.fits.items()}}
        path.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
        return path


@dataclass(frozen=True, slots=True)
class Sureness:
    """How sure a model must be of its answer.

    min_confidence: least probability, by `calibration`, that the answer is right.
    min_probability: least geometric-mean token probability, for a model without a calibration.
    """

    min_probability: float
    min_confidence: float = 0.0
    calibration: Calibration | None = None


def features(stats: TokenStats) -> tuple[float, ...]:
    """The regression's inputs: logit of the least token probability, sum and mean over all
    tokens, least mass on what a constraint allowed, number of tokens, and 1.
    """
    mass = 1.0 if stats.min_allowed_mass is None else stats.min_allowed_mass
    return (
        logit(math.exp(stats.min_logprob)),
        max(stats.sum_logprob, -20.0),
        max(stats.mean_logprob, -5.0),
        max(math.log(max(mass, _LOWEST)), -10.0),
        math.log1p(stats.tokens),
        1.0,
    )


def learn(trials: Sequence[Trial], model_path: Path) -> Calibration:
    """Weights for all trials together, and for each kind of which there are enough."""
    if len(trials) < FEWEST:
        raise ConfigError(f"{len(trials)} answers are too few to calibrate: {FEWEST} are needed")
    kinds: dict[str, list[Trial]] = {ALL: list(trials)}
    for trial in trials:
        kinds.setdefault(trial.kind.value, []).append(trial)
    fits = {name: _fit(rows) for name, rows in kinds.items() if len(rows) >= FEWEST}
    return Calibration(fingerprint(model_path), fits)


def _fit(trials: Sequence[Trial]) -> Fit:
    x, y = _arrays(trials)
    unseen = unseen_confidence(trials)
    right = [trial.right for trial in trials]
    return Fit(
        weights=tuple(round(float(w), 6) for w in fit_logistic(x, y)),
        asked=len(trials),
        right=sum(right),
        auroc=auroc(unseen, right),
        error=calibration_error(unseen, right),
    )


def _arrays(trials: Sequence[Trial]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x = np.array([features(trial.stats) for trial in trials])
    return x, np.array([float(trial.right) for trial in trials])


def unseen_confidence(trials: Sequence[Trial]) -> list[float]:
    """The probability of each trial being right, by weights fitted without its fold."""
    x, y = _arrays(trials)
    scores = np.zeros(len(y))
    folds = np.arange(len(y)) % _FOLDS
    for fold in range(_FOLDS):
        inside = folds == fold
        scores[inside] = predict(x[inside], fit_logistic(x[~inside], y[~inside]))
    return [float(score) for score in scores]


def load(model_path: Path) -> Calibration | None:
    """The calibration beside a model; None where there is none.

    Raises ConfigError for one that cannot be read, or that was made for another file.
    """
    path = stored_at(model_path)
    if not path.is_file():
        return None
    cure = f"calibrate again with 'edgeward models calibrate', or remove {path}"
    try:
        stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        fits = {
            name: Fit(**{**row, "weights": tuple(map(float, row["weights"]))})
            for name, row in stored["fits"].items()
        }
        found = Calibration(str(stored["model"]), fits)
        usable = ALL in fits and all(len(fit.weights) == 6 for fit in fits.values())
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConfigError(f"{path} is no calibration ({type(error).__name__}): {cure}") from None
    if not usable:
        raise ConfigError(f"{path} is no calibration: {cure}")
    if found.model != fingerprint(model_path):
        raise ConfigError(f"{path} belongs to another model than {model_path.name}: {cure}")
    return found


def stored_at(model_path: Path) -> Path:
    """Beside a file, or inside a directory."""
    if model_path.is_dir():
        return model_path / "edgeward-calibration.json"
    return model_path.with_name(f"{model_path.name}.calibration.json")


def fingerprint(model_path: Path) -> str:
    """A digest of the sizes, beginnings and ends of a model's weight files; reading all would be
    slow.
    """
    files = sorted(model_path.glob("*.safetensors")) if model_path.is_dir() else [model_path]
    digest = hashlib.sha256()
    for path in files:
        size = path.stat().st_size
        digest.update(f"{path.name if len(files) > 1 else ''}:{size};".encode())
        with path.open("rb") as file:
            digest.update(file.read(_SAMPLE_BYTES))
            file.seek(max(0, size - _SAMPLE_BYTES))
            digest.update(file.read(_SAMPLE_BYTES))
    return digest.hexdigest()[:16]
