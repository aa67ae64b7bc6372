"""Fit the gain model: `python -m router.evaluate.train_gain PAIRS.parquet ... [--out gain.json]`.

Learns from the rows that are marked `train_ok`, are on the `dev` side of the split, and set a small
local model against a frontier one.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from router.classify import signals
from router.classify.gain import WEIGHTS, GainModel, features
from router.classify.kinds import NgramClassifier
from router.evaluate.pairs import read_pairs
from router.types.decision import Kind

PENALTY = 3.0
FEWEST_ROWS = 30
"""A kind with fewer measured prompts keeps the prior."""

SMALL = ("phi-3", "qwen2.5-3b")
"""The models of 3 to 4 B that stand for what people run. What a larger one is beaten by says too
little of the gain, what a 2 B one is beaten by too much."""

FRONTIER = ("gpt-4", "claude-3-5", "gemini-1.5-pro")
"""What a cloud is: a model of 51 B, which also answered, is none."""


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

    # What is unclear in a file of exercises is not what is unclear in somebody's own requests.
    kinds = {kind.value for kind in Kind if kind is not Kind.UNSURE}
    seen = Counter(name for row in present for name in row if name in kinds)
    return GainModel(
        local=solved(weak),
        cloud=solved(strong),
        measured=frozenset(name for name, count in seen.items() if count >= fewest),
    )


def _name(model: str) -> str:
    """A model's name without its maker's."""
    return model.rpartition("/")[2].lower()


def main() -> None:
    """Fit, save, and say what each kind was measured on."""
    parser = argparse.ArgumentParser(description="Fit the gain model.")
    parser.add_argument("pairs", nargs="+", type=Path, help="files of measured pairs")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    arguments = parser.parse_args()
    chosen = {
        (pair.question, pair.local_model, pair.cloud_model): pair
        for path in arguments.pairs
        for pair in read_pairs(path)
        if pair.train_ok
        and pair.split == "dev"
        and _name(pair.local_model).startswith(SMALL)
        and _name(pair.cloud_model).startswith(FRONTIER)
    }
    pairs = list(chosen.values())
    rows = described([pair.prompt for pair in pairs], NgramClassifier.load())
    model = fit_gain(rows, [pair.local for pair in pairs], [pair.cloud for pair in pairs])
    model.save(arguments.out)
    for kind in Kind:
        of_kind = [p for p, row in zip(pairs, rows, strict=True) if kind.value in row]
        if of_kind:
            local = sum(pair.local for pair in of_kind) / len(of_kind)
            cloud = sum(pair.cloud for pair in of_kind) / len(of_kind)
            sys.stdout.write(
                f"{kind.value}: {len(of_kind)} rows, local {local:.3f}, cloud {cloud:.3f}\n"
            )


if __name__ == "__main__":
    main()
