"""Measure the kind classifier: `python tests/benchmarks/kinds.py [FILE.parquet]` prints Markdown.

Accuracy on the generator's held-out phrasings and, with a parquet of labelled prompts, on the
rows of its check split; CPU time of warm calls, one thread.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from router.classify.generator import generate
from router.classify.kinds import NgramClassifier
from router.classify.train import Row, read_rows
from router.types import Guess, Kind

HELD_OUT = 3_600
HELD_OUT_SEED = 1001
LATENCY_PROMPTS = 2_000

Case = tuple[str, Kind]


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    """Print one Markdown table and a blank line."""
    print(f"| {' | '.join(head)} |")
    print(f"|{'---|' * len(head)}")
    for line in lines:
        print(f"| {' | '.join(line)} |")
    print()


def scores(classifier: NgramClassifier, cases: Sequence[Case]) -> list[str]:
    """Prompts; share right; share right of those answered; share left unsure."""
    guesses = [(classifier.classify(prompt), kind) for prompt, kind in cases]
    right = sum(guess.kind is kind for guess, kind in guesses)
    unsure = sum(guess.kind is Kind.UNSURE for guess, _ in guesses)
    answered = max(len(cases) - unsure, 1)
    return [
        f"{len(cases):,}",
        f"{right / len(cases):.3f}",
        f"{right / answered:.3f}",
        f"{unsure / len(cases):.1%}",
    ]


def check_lines(classifier: NgramClassifier, rows: Sequence[Row]) -> list[list[str]]:
    """Accuracy on check rows: by language, and by whether the source was trained on."""
    usable = [row for row in rows if row.split == "check" and row.kind is not None]
    groups: dict[str, list[Case]] = defaultdict(list)
    for row in usable:
        assert row.kind is not None
        case = (row.prompt, row.kind)
        groups[f"check rows, {row.language}"].append(case)
        seen = "sources trained on" if row.train_ok else "sources never trained on"
        groups[f"check rows, {row.language}, {seen}"].append(case)
    return [[name, *scores(classifier, groups[name])] for name in sorted(groups)]


def kind_lines(classifier: NgramClassifier, rows: Sequence[Row]) -> list[list[str]]:
    """Accuracy on check rows by kind; `general` rows without a kind of ours are left out."""
    groups: dict[Kind, list[Case]] = defaultdict(list)
    for row in rows:
        if row.split == "check" and row.kind is not None:
            groups[row.kind].append((row.prompt, row.kind))
    return [[kind.value, *scores(classifier, groups[kind])] for kind in Kind if kind in groups]


def latency_line(classifier: NgramClassifier, name: str, prompts: Sequence[str]) -> list[str]:
    """CPU milliseconds of warm calls, so that a busy machine does not count; and their length."""
    for prompt in prompts[:200]:
        classifier.classify(prompt)
    taken: list[float] = []
    for prompt in prompts:
        started = time.thread_time()
        guess: Guess = classifier.classify(prompt)
        taken.append(1_000 * (time.thread_time() - started))
        assert 0 <= guess.confidence <= 1
    taken.sort()
    return [
        name,
        f"{statistics.median(len(prompt) for prompt in prompts):,.0f}",
        f"{statistics.median(taken):.2f}",
        f"{taken[int(len(taken) * 0.99)]:.2f}",
    ]


def main() -> None:
    """Print the tables that docs/benchmarks.md quotes."""
    parser = argparse.ArgumentParser(description="Measure the kind classifier.")
    parser.add_argument("data", nargs="?", type=Path, help="parquet of labelled prompts")
    arguments = parser.parse_args()
    rows = read_rows(arguments.data) if arguments.data else []
    started = time.perf_counter()
    classifier = NgramClassifier.load()
    load_ms = 1_000 * (time.perf_counter() - started)

    unseen = generate(HELD_OUT, seed=HELD_OUT_SEED, held_out=True)
    known = generate(HELD_OUT, seed=HELD_OUT_SEED)
    lines = [
        [
            f"generator, {name}, {language}",
            *scores(classifier, [(e.prompt, e.kind) for e in made if e.language == language]),
        ]
        for name, made in (("known phrasings, new values", known), ("held-out phrasings", unseen))
        for language in ("en", "pt")
    ]
    head = ("prompts", "n", "right", "right when sure", "unsure")
    table(head, lines + check_lines(classifier, rows))
    if rows:
        table(("kind (check rows)", *head[1:]), kind_lines(classifier, rows))

    short = [example.prompt for example in unseen][:LATENCY_PROMPTS]
    medium = [f"{e.prompt}\n{unseen[0].prompt} " * 12 for e in unseen][:LATENCY_PROMPTS]
    long = [f"{e.prompt}\n\n{'The report goes on. ' * 2_500}" for e in unseen][:200]
    table(
        ("warm calls", "median characters", "p50 CPU ms", "p99 CPU ms"),
        [
            latency_line(classifier, "generated prompts", short),
            latency_line(classifier, "with a pasted page", medium),
            latency_line(classifier, "with a pasted report", long),
        ],
    )
    print(f"Loading the weights: {load_ms:.0f} ms. Python {platform.python_version()}.")


if __name__ == "__main__":
    main()
