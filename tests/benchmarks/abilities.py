"""What is expected of models nobody measured: `python tests/benchmarks/abilities.py FILE.parquet`.

Leave one local model out: everything is fitted without its rows, and the mean expectation of each
kind is set against its share right. Today's constant: the expected scores of "a small model",
whichever it is. By size and family: without its published figures too. By figures: with them.
Then the published figures themselves, each model's left out in turn. Markdown.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from router.classify import signals
from router.classify.gain import GainModel, features
from router.classify.kinds import NgramClassifier
from router.classify.signals import Signals
from router.evaluate.files import read_rows
from router.evaluate.train_ability import (
    REFERENCE,
    Outcome,
    Share,
    fit,
    measured,
    published,
    solved,
)
from router.evaluate.train_gain import FRONTIER, SMALL, fit_gain
from router.policy.ability import AREA_OF_TEST, doublings, key_of, moved
from router.policy.model_names import read_model_name
from router.types.decision import Guess, Kind
from tests.support.markdown import print_table

FEWEST = 100
"""Rows of one kind, for a share to be compared with."""

JUDGED = frozenset({"alpacaeval"})
"""Sources whose scores are preferences against another model's answers, no shares right."""


@dataclass(frozen=True)
class Cell:
    """One kind of one model's rows: the share right, and what was expected."""

    model: str
    kind: str
    rows: int
    right: float
    today: float
    by_size: float
    by_figures: float
    trainable: bool


def short(model: str) -> str:
    return model.rpartition("/")[2].lower()


def key(model: str) -> str:
    return key_of(read_model_name(model)) or short(model)


class Prompts:
    """Kind and signals of each prompt, read once."""

    def __init__(self) -> None:
        self._classifier = NgramClassifier.load()
        self._known: dict[str, tuple[Guess, Signals]] = {}

    def read(self, prompt: str) -> tuple[Guess, Signals]:
        if prompt not in self._known:
            facts = signals.read(prompt)
            self._known[prompt] = (self._classifier.classify(prompt, facts), facts)
        return self._known[prompt]


def gains_without(model: str, rows: Sequence[Outcome], prompts: Prompts) -> GainModel:
    """The shipped expectations, as `train_gain` fits them, had this model not been measured."""
    chosen = {
        (row.question, row.local_model, row.cloud_model): row
        for row in rows
        if row.train_ok
        and row.split == "dev"
        and short(row.local_model).startswith(SMALL)
        and short(row.cloud_model).startswith(FRONTIER)
        and row.local_model != model
    }
    kept = list(chosen.values())
    present = [features(*prompts.read(row.prompt)) for row in kept]
    return fit_gain(present, [row.local for row in kept], [row.cloud for row in kept])


def left_out(model: str, rows: Sequence[Outcome], prompts: Prompts) -> list[Cell]:
    """What is expected of a model, and what came."""
    others = [row for row in rows if row.train_ok and row.split == "dev"]
    shares = [one for one in measured(others) if key(one.model) != key(model)]
    reference = [one for one in REFERENCE if key(one) != key(model)]
    bare = [one for one in published() if key(one.model) != key(model)]
    named = read_model_name(model)
    assert named.billions is not None, "every model here says its size"
    by_size = fit(shares + bare, reference).estimated(named.family, named.billions)
    by_figures = fit(shares + published(), reference).published_of(named) or by_size
    gains = gains_without(model, rows, prompts)
    own = {row.question: row for row in rows if row.local_model == model}
    found: dict[Kind, list[tuple[float, float]]] = defaultdict(list)
    for row in own.values():
        guess, facts = prompts.read(row.prompt)
        found[guess.kind].append((row.local, gains.expected(guess, facts, "").local))
    return [
        Cell(
            model=short(model),
            kind=kind.value,
            rows=len(pairs),
            right=mean(right for right, _ in pairs),
            today=mean(today for _, today in pairs),
            by_size=mean(moved(today, by_size[kind]) for _, today in pairs),
            by_figures=mean(moved(today, by_figures[kind]) for _, today in pairs),
            trainable=next(iter(own.values())).train_ok,
        )
        for kind, pairs in found.items()
        if len(pairs) >= FEWEST
    ]


def errors(cells: Sequence[Cell]) -> list[str]:
    """Mean absolute errors today, by size and family, by figures: every cell counts once; in
    brackets, every model does."""
    found = []
    for expected in ("today", "by_size", "by_figures"):
        wrong = [(one.model, abs(getattr(one, expected) - one.right)) for one in cells]
        models = {model for model, _ in wrong}
        each = [mean(error for model, error in wrong if model == one) for one in models]
        found.append(f"{mean(error for _, error in wrong):.3f} ({mean(each):.3f})")
    return found


def figures_left_out() -> tuple[int, float, float]:
    """Published figures of models of the sizes that people run: how many, and the mean absolute
    errors of each test's mean, and of the line in size and family, both without the model."""
    shares = published()
    sized = [one for one in shares if one.tier is None]
    constant, line = [], []
    for model in sorted({one.model for one in sized}):
        rest = [one for one in shares if one.model != model]
        parts = solved(rest)
        for one in (own for own in sized if own.model == model):
            same = [other.right for other in rest if other.test == one.test and other.tier is None]
            if same and f"test {one.test}" in parts:
                constant.append(abs(mean(same) - one.right))
                line.append(abs(_predicted(one, parts) - one.right))
    return len(line), mean(constant), mean(line)


def _predicted(share: Share, parts: Mapping[str, float]) -> float:
    named, area = read_model_name(share.model), AREA_OF_TEST[share.test]
    assert named.billions is not None
    ability = (parts["size"] + parts.get(f"slope {area}", 0.0)) * doublings(named.billions)
    ability += parts.get(f"family {named.family}", 0.0)
    ability += parts.get(f"family_area {named.family} {area}", 0.0)
    return 1 / (1 + math.exp(parts[f"test {share.test}"] - ability))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", type=Path, help="a file of measured pairs")
    rows = read_rows(parser.parse_args().pairs, Outcome)
    prompts = Prompts()
    usable = [row for row in rows if row.source not in JUDGED]
    models = sorted({row.local_model for row in usable})
    cells = [cell for model in models for cell in left_out(model, usable, prompts)]
    print_table(
        ["model", "kind", "rows", "right", "today", "by size and family", "by figures"],
        [
            [
                *(one.model, one.kind, str(one.rows)),
                *(f"{v:.2f}" for v in (one.right, one.today, one.by_size, one.by_figures)),
            ]
            for one in cells
        ],
    )
    print()
    for words, chosen in (
        ("models that may be trained on", [one for one in cells if one.trainable]),
        ("the others, only measured", [one for one in cells if not one.trainable]),
        ("all", cells),
    ):
        today, by_size, by_figures = errors(chosen)
        count = len({one.model for one in chosen})
        print(
            f"{words}: {count} models, {len(chosen)} cells; mean absolute error, in brackets with "
            f"each model once: {today} today, {by_size} by size and family, {by_figures} by figures"
        )
    count, constant, line = figures_left_out()
    print(f"published figures: {count}; {constant:.3f} by each test's mean, {line:.3f} by the line")


if __name__ == "__main__":
    main()
