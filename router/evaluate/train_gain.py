"""Fit the gain model: `python -m router.evaluate.train_gain PAIRS.parquet ... [--out gain.json]`.

Learns from the rows that are marked `train_ok`, are on the `dev` side of the split, and set a small
local model against a frontier one. What a larger local model is worth is another question, but what
it finds harder is not: its rows count with an offset of their own.
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
from router.evaluate.pairs import Pair, read_pairs
from router.types.decision import Kind

PENALTY = 3.0
OFFSET = "offset of"
OFFSET_WEIGHT = 0.3
"""Of such a row, against one of a small model."""

FEWEST_ROWS = 200
"""A kind with fewer measured prompts keeps the prior: so many may be of another kind, misread."""

SMALL = ("phi-3", "qwen2.5-3b")
"""The models of 3 to 4 B that stand for what people run. What a larger one is beaten by says too
little of the gain, what a 2 B one is beaten by too much."""

LARGER = ("mixtral-8x7b",)
"""A local model of 47 B: which questions it loses is learned, how many it loses is not."""

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
    """Ridge regression of both scores on the features; the constant is not penalised.

    A feature whose name begins with OFFSET is fitted and forgotten; its rows weigh less, and
    measure no kind.
    """
    names = sorted({name for row in present for name in row})
    position = {name: number for number, name in enumerate(names)}
    table = np.zeros((len(present), len(names)))
    for number, row in enumerate(present):
        for name, value in row.items():
            table[number, position[name]] = value
    weight = np.array([OFFSET_WEIGHT if _is_offset(row) else 1.0 for row in present])
    weighted = table * weight[:, None]
    square = weighted.T @ table + penalty * np.eye(len(names))
    square[position["constant"], position["constant"]] -= penalty

    def solved(target: Sequence[float]) -> dict[str, float]:
        found: NDArray[np.float64] = np.linalg.solve(square, weighted.T @ np.array(target))
        fitted = dict(zip(names, found.tolist(), strict=True))
        return {name: value for name, value in fitted.items() if not name.startswith(OFFSET)}

    # What is unclear in a file of exercises is not what is unclear in somebody's own requests.
    kinds = {kind.value for kind in Kind if kind is not Kind.UNSURE}
    groups = [
        tuple(name for name in row if name in kinds or name.startswith(OFFSET)) for row in present
    ]
    seen = Counter(group[0] for group in groups if len(group) == 1 and group[0] in kinds)
    return GainModel(
        local=solved(weak),
        cloud=solved(strong),
        measured=frozenset(name for name, count in seen.items() if count >= fewest),
        length=(_length_slope(present, groups, weak), _length_slope(present, groups, strong)),
    )


def _length_slope(
    present: Sequence[dict[str, float]], groups: Sequence[tuple[str, ...]], scores: Sequence[float]
) -> float:
    """What a unit of length adds to the score of a prompt of the same kind."""
    length = np.array([row.get("length", 0.0) for row in present])
    score = np.array(scores, dtype=float)
    for group in set(groups):
        inside = np.array([one == group for one in groups])
        length[inside] -= length[inside].mean()
        score[inside] -= score[inside].mean()
    spread = float(length @ length)
    return round(float(length @ score) / spread, 4) if spread else 0.0


def _is_offset(row: dict[str, float]) -> bool:
    return any(name.startswith(OFFSET) for name in row)


def _offset(pair: Pair) -> dict[str, float]:
    if _name(pair.local_model).startswith(SMALL):
        return {}
    return {f"{OFFSET} {pair.local_model}": 1.0}


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
        and _name(pair.local_model).startswith(SMALL + LARGER)
        and _name(pair.cloud_model).startswith(FRONTIER)
    }
    pairs = list(chosen.values())
    rows = described([pair.prompt for pair in pairs], NgramClassifier.load())
    rows = [row | _offset(pair) for pair, row in zip(pairs, rows, strict=True)]
    model = fit_gain(rows, [pair.local for pair in pairs], [pair.cloud for pair in pairs])
    model.save(arguments.out)
    for kind in Kind:
        of_kind = [
            pair
            for pair, row in zip(pairs, rows, strict=True)
            if kind.value in row and not _offset(pair)
        ]
        if of_kind:
            local = sum(pair.local for pair in of_kind) / len(of_kind)
            cloud = sum(pair.cloud for pair in of_kind) / len(of_kind)
            sys.stdout.write(
                f"{kind.value}: {len(of_kind)} rows, local {local:.3f}, cloud {cloud:.3f}\n"
            )


if __name__ == "__main__":
    main()
