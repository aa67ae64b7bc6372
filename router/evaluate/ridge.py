"""A score learned from a file's own outcomes: ridge regression on hashed n-grams and a few facts.

What a router can get where it is trained on the very kind of prompts that it will see.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from router.classify.ngrams import rows
from router.evaluate.curves import Floats

_BUCKETS = 2**16
_FACT_SCALE = 0.15
"""A standardised fact against an n-gram of a text: more, and the facts are hardly penalised."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A sparse matrix: one row a prompt, `values` at `columns`, rows beginning at `starts`."""

    columns: NDArray[np.int64]
    values: Floats
    starts: NDArray[np.int64]
    width: int

    def times(self, weights: Floats) -> Floats:
        found: Floats = np.add.reduceat(weights[self.columns] * self.values, self.starts)
        return found

    def transposed_times(self, residual: Floats) -> Floats:
        lengths = np.diff(np.append(self.starts, len(self.columns)))
        spread = np.repeat(residual, lengths) * self.values
        return np.bincount(self.columns, weights=spread, minlength=self.width).astype(np.float64)


def table(prompts: Sequence[str], facts: Floats) -> Table:
    """N-grams of each prompt, each group of unit length, then its facts and a constant.

    facts: (prompts, facts), already standardised.
    """
    count = facts.shape[1]
    fact_columns = np.arange(_BUCKETS, _BUCKETS + count + 1)
    columns: list[NDArray[np.int64]] = []
    values: list[Floats] = []
    for prompt, own in zip(prompts, facts, strict=True):
        for group in rows(prompt, _BUCKETS):
            columns.append(group.astype(np.int64))
            values.append(np.full(len(group), 1 / np.sqrt(max(len(group), 1))))
        columns.append(fact_columns)
        values.append(np.append(own * _FACT_SCALE, 1.0))
    lengths = np.array([len(part) for part in columns]).reshape(-1, 3).sum(axis=1)
    return Table(
        columns=np.concatenate(columns),
        values=np.concatenate(values),
        starts=np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64),
        width=_BUCKETS + count + 1,
    )


def fit_ridge(data: Table, target: Floats, *, penalty: float = 10.0, steps: int = 40) -> Floats:
    """(width,) weights that predict `target`, by conjugate gradients on the normal equations."""
    middle = float(target.mean())
    weights = np.zeros(data.width)
    residual = data.transposed_times(target - middle)
    direction = residual.copy()
    size = float(residual @ residual)
    for _ in range(steps):
        if size < 1e-10:
            break
        applied = data.transposed_times(data.times(direction)) + penalty * direction
        step = size / float(direction @ applied)
        weights += step * direction
        residual -= step * applied
        new = float(residual @ residual)
        direction = residual + new / size * direction
        size = new
    # The constant is the last column of every row.
    weights[-1] += middle
    return weights


def standardised(facts: Floats, known: NDArray[np.bool_]) -> Floats:
    """Each column with mean 0 and deviation 1 over the `known` rows, cut at four deviations."""
    middle = facts[known].mean(axis=0)
    spread = facts[known].std(axis=0)
    scaled: Floats = (facts - middle) / np.where(spread > 1e-9, spread, 1.0)
    return np.clip(scaled, -4, 4)
