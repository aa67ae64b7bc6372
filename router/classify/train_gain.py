"""Fit the gain model: `python -m router.classify.train_gain PAIRS.parquet ... [--out gain.json]`.

Learns from the rows that are marked `train_ok`, are on the `dev` side of the split, and come from
a small local model. A development script: reading the parquet needs pandas, which the package does
not depend on.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from router.classify import signals
from router.classify.gain import WEIGHTS, GainModel, features
from router.classify.kinds import NgramClassifier
from router.types import Kind

PENALTY = 3.0
FEWEST_ROWS = 30
"""A kind with fewer measured prompts keeps the prior."""

SMALL = ("phi-3", "gemma-2-2b", "qwen2.5-3b", "qwen2.5-7b")


@dataclass(frozen=True, slots=True)
class Pair:
    """One prompt and what a weak and a strong model scored on it, 0..1."""

    prompt: str
    source: str
    weak_model: str
    strong_model: str
    weak: float
    strong: float
    split: str
    train_ok: bool
    prompt_hash: str


def read_pairs(path: Path) -> list[Pair]:
    """The rows of a parquet with the columns of the routing data."""
    import pandas

    return [
        Pair(
            prompt=row.prompt,
            source=row.source,
            weak_model=row.weak_model,
            strong_model=row.strong_model,
            weak=float(row.weak_score),
            strong=float(row.strong_score),
            split=row.split,
            train_ok=bool(row.train_ok),
            prompt_hash=row.prompt_hash,
        )
        for row in pandas.read_parquet(path).itertuples()
    ]


def described(prompts: Sequence[str], classifier: NgramClassifier) -> list[dict[str, float]]:
    """The features of each prompt."""
    return [features(classifier.classify(prompt), signals.read(prompt)) for prompt in prompts]


def fit_gain(
    present: Sequence[dict[str, float]],
    weak: Sequence[float],
    strong: Sequence[float],
    *,
    penalty: float = PENALTY,
    fewest: int = FEWEST_ROWS,
) -> GainModel:
    """Ridge regression of both scores on the features; the constant is not penalised."""
    names = sorted({name for row in present for name in row})
    position = {name: number for number, name in enumerate(names)}
    table = np.zeros((len(present), len(names)))
    for number, row in enumerate(present):
        for name, value in row.items():
            table[number, position[name]] = value
    square = table.T @ table + penalty * np.eye(len(names))
    square[position["constant"], position["constant"]] -= penalty

    def solved(target: Sequence[float]) -> dict[str, float]:
        found: NDArray[np.float64] = np.linalg.solve(square, table.T @ np.array(target))
        return dict(zip(names, found.tolist(), strict=True))

    kinds = {kind.value for kind in Kind}
    seen = Counter(name for row in present for name in row if name in kinds)
    return GainModel(
        local=solved(weak),
        cloud=solved(strong),
        measured=frozenset(name for name, count in seen.items() if count >= fewest),
    )


def main() -> None:
    """Fit, save, and say what each kind was measured on."""
    parser = argparse.ArgumentParser(description="Fit the gain model.")
    parser.add_argument("pairs", nargs="+", type=Path, help="parquet of measured pairs")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    arguments = parser.parse_args()
    chosen = {
        (pair.prompt_hash, pair.weak_model, pair.strong_model): pair
        for path in arguments.pairs
        for pair in read_pairs(path)
        if pair.train_ok and pair.split == "dev" and pair.weak_model.lower().startswith(SMALL)
    }
    pairs = list(chosen.values())
    rows = described([pair.prompt for pair in pairs], NgramClassifier.load())
    model = fit_gain(rows, [pair.weak for pair in pairs], [pair.strong for pair in pairs])
    model.save(arguments.out)
    for kind in Kind:
        of_kind = [p for p, row in zip(pairs, rows, strict=True) if kind.value in row]
        if of_kind:
            local = sum(pair.weak for pair in of_kind) / len(of_kind)
            cloud = sum(pair.strong for pair in of_kind) / len(of_kind)
            sys.stdout.write(
                f"{kind.value}: {len(of_kind)} rows, local {local:.3f}, cloud {cloud:.3f}\n"
            )


if __name__ == "__main__":
    main()
