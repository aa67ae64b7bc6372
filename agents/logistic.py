"""Logistic regression on a handful of features, and how good its probabilities are."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from router.evaluate import curves

_STEPS = 50
_SUREST = 1e-6
_RIDGE = 0.1


def logit(p: float) -> float:
    """Log-odds, kept finite: probabilities are cut to 1e-6 from either end."""
    p = min(max(p, _SUREST), 1 - _SUREST)
    return math.log(p / (1 - p))


def fit_logistic(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights of x, shape (rows, features), for y of 0 and 1: Newton steps with a small ridge."""
    w = np.zeros(x.shape[1])
    for _ in range(_STEPS):
        p = predict(x, w)
        gradient = x.T @ (p - y) + _RIDGE * w
        hessian = (x * (p * (1 - p))[:, None]).T @ x + _RIDGE * np.eye(x.shape[1])
        w -= np.linalg.solve(hessian, gradient)
    return w


def predict(x: NDArray[np.float64], w: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities, 0..1, shape (rows,)."""
    probabilities: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(x @ w, -30, 30)))
    return probabilities


def auroc(scores: Sequence[float], right: Sequence[bool]) -> float | None:
    """Probability that a right one scores above a wrong one, ties half; None without either."""
    area = curves.auroc(np.array(scores, dtype=np.float64), np.array(right, dtype=bool))
    return None if math.isnan(area) else area


def calibration_error(scores: Sequence[float], right: Sequence[bool], bins: int = 10) -> float:
    """Expected calibration error: the mean gap between probability and share right, by tenths."""
    gaps = 0.0
    places = [min(int(score * bins), bins - 1) for score in scores]
    for place in range(bins):
        inside = [i for i, at in enumerate(places) if at == place]
        if inside:
            sure = sum(scores[i] for i in inside) / len(inside)
            true = sum(right[i] for i in inside) / len(inside)
            gaps += len(inside) * abs(sure - true)
    return gaps / len(scores)
