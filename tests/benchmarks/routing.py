"""What prompt-only routing is worth, on prompts that both sides have answered.

    python tests/benchmarks/routing.py DATA_FOLDER [--samples 500] [--quick]

The folder holds slm_mix.parquet and routing_pairs.parquet. Everything is fitted on the `dev` side
and measured on `check`; "sources left out" is fitted on other sources. Prints Markdown.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from router.classify import signals
from router.classify.gain import PRIOR, GainModel, expected_gain
from router.classify.kinds import NgramClassifier
from router.classify.train_gain import Pair, described, fit_gain, read_pairs
from router.evaluate.curves import (
    Floats,
    Interval,
    Outcomes,
    apgr,
    at_threshold,
    auroc,
    bootstrap,
    saved_at,
    threshold_for,
)
from router.evaluate.ridge import fit_ridge, standardised, table
from router.types import Kind

TARGET = 0.95
FOLDS = 5
LONG_CHARS = 6_000
KINDS = frozenset(kind.value for kind in Kind)


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """One file's pairs with what the classifier and the signals say of them."""

    pairs: Sequence[Pair]
    present: Sequence[dict[str, float]]
    names: Sequence[str]
    facts: Floats
    outcomes: Outcomes
    dev: NDArray[np.bool_]

    @property
    def gain(self) -> Floats:
        return self.outcomes.cloud - self.outcomes.local

    def only(self, which: NDArray[np.bool_]) -> Data:
        at = np.flatnonzero(which)
        return Data(
            pairs=[self.pairs[i] for i in at],
            present=[self.present[i] for i in at],
            names=self.names,
            facts=self.facts[at],
            outcomes=self.outcomes.taken(at),
            dev=self.dev[at],
        )


Router = Callable[[Data], Floats]
"""Fits on the dev rows of the data and scores all of its rows."""


def read(path: Path, classifier: NgramClassifier) -> Data:
    pairs = read_pairs(path)
    once = sorted({pair.prompt for pair in pairs})
    by_prompt = dict(zip(once, described(once, classifier), strict=True))
    present = [by_prompt[pair.prompt] for pair in pairs]
    names = sorted({name for row in present for name in row} - {"constant"})
    facts = np.array([[row.get(name, 0.0) for name in names] for row in present])
    return Data(
        pairs=pairs,
        present=present,
        names=names,
        facts=facts,
        outcomes=Outcomes(
            np.array([pair.weak for pair in pairs]), np.array([pair.strong for pair in pairs])
        ),
        dev=np.array([pair.split == "dev" for pair in pairs]),
    )


def kind_of(row: dict[str, float]) -> str:
    return next(name for name in row if name in KINDS)


def by_length(data: Data) -> Floats:
    return np.array([float(len(pair.prompt)) for pair in data.pairs])


def by_random(data: Data) -> Floats:
    return np.zeros(len(data.pairs))


def by_mean_gain(labels: Callable[[Data], list[str]]) -> Router:
    """One mean gain a label, drawn towards the overall mean by ten rows of it."""

    def scores(data: Data) -> Floats:
        named = labels(data)
        gain = data.gain
        middle = float(gain[data.dev].mean())
        total: dict[str, float] = defaultdict(lambda: 10 * middle)
        count: dict[str, float] = defaultdict(lambda: 10.0)
        for at in np.flatnonzero(data.dev):
            total[named[at]] += float(gain[at])
            count[named[at]] += 1
        return np.array([total[name] / count[name] for name in named])

    return scores


def by_gain_model(data: Data) -> Floats:
    """The gain model's features, refitted on these dev rows."""
    at = np.flatnonzero(data.dev)
    model = fit_gain(
        [data.present[i] for i in at],
        data.outcomes.local[at].tolist(),
        data.outcomes.cloud[at].tolist(),
    )
    return np.array(
        [
            sum(
                (model.cloud.get(name, 0.0) - model.local.get(name, 0.0)) * value
                for name, value in row.items()
            )
            for row in data.present
        ]
    )


def by_shipped_gain(data: Data) -> Floats:
    """The weights that ship: nothing is fitted here."""
    model = GainModel.load()
    found = []
    for row in data.present:
        kind = kind_of(row)
        if kind != Kind.UNSURE and kind not in model.measured:
            found.append(PRIOR[1] - PRIOR[0])
        else:
            found.append(
                sum(
                    (model.cloud.get(name, 0.0) - model.local.get(name, 0.0)) * value
                    for name, value in row.items()
                )
            )
    return np.array(found)


def by_ngrams(data: Data) -> Floats:
    """N-grams and features together, by ridge regression."""
    facts = standardised(data.facts, data.dev)
    everything = table([pair.prompt for pair in data.pairs], facts)
    at = np.flatnonzero(data.dev)
    known = table([data.pairs[i].prompt for i in at], facts[at])
    return everything.times(fit_ridge(known, data.gain[at]))


ROUTERS: dict[str, Router] = {
    "random": by_random,
    "prompt length": by_length,
    "kind, one mean gain each": by_mean_gain(lambda data: [kind_of(row) for row in data.present]),
    "gain model, as shipped": by_shipped_gain,
    "gain model, fitted": by_gain_model,
    "gain model and n-grams, fitted": by_ngrams,
    "(source known, one mean gain each)": by_mean_gain(lambda data: [p.source for p in data.pairs]),
    "(oracle)": lambda data: data.gain,
}


def show(head: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    print(f"| {' | '.join(head)} |")
    print(f"|{'---|' * len(head)}")
    for line in lines:
        print(f"| {' | '.join(line)} |")
    print()


def measured(scores: Floats, outcomes: Outcomes, samples: int) -> tuple[Interval, Interval]:
    """APGR and calls saved at the target, with intervals."""
    size = len(outcomes)
    return (
        bootstrap(lambda at: apgr(scores[at], outcomes.taken(at)), size, samples=samples),
        bootstrap(
            lambda at: saved_at(scores[at], outcomes.taken(at), TARGET), size, samples=samples
        ),
    )


def out_of_fold(data: Data, router: Router) -> tuple[Floats, Data]:
    """Scores of the dev rows by routers that did not see them, five folds by question.

    A threshold must come from such scores: on the rows that it was fitted on a router looks better.
    """
    dev = data.only(data.dev)
    fold = np.array([zlib.crc32(pair.prompt_hash.encode()) % FOLDS for pair in dev.pairs])
    scores = np.zeros(len(dev.pairs))
    for number in range(FOLDS):
        inside = Data(dev.pairs, dev.present, dev.names, dev.facts, dev.outcomes, fold != number)
        scores[fold == number] = router(inside)[fold == number]
    return scores, dev


def compare(
    name: str, data: Data, samples: int, *, leave: Sequence[str] = (), thresholds: bool = True
) -> dict[str, tuple[Interval, Interval, str]]:
    """One table: every router on the check rows. Returns the first three figures by router."""
    check = ~data.dev
    outcomes = data.outcomes.taken(np.flatnonzero(check))
    wrong = outcomes.local < 0.5
    found: dict[str, tuple[Interval, Interval, str]] = {}
    lines = []
    for label, router in ROUTERS.items():
        if label in leave:
            continue
        scores = router(data)[check]
        gap, saved = measured(scores, outcomes, samples)
        at_work = "-"
        if thresholds:
            known, dev = out_of_fold(data, router)
            threshold = threshold_for(known, dev.outcomes, TARGET)
            working = at_threshold(scores, outcomes, threshold)
            at_work = f"{working.quality:.1%} at {working.saved:.0%}"
        found[label] = (gap, saved, at_work)
        lines.append(
            [
                label,
                str(gap),
                str(saved),
                at_work,
                f"{auroc(scores, wrong):.3f}",
            ]
        )
    local, cloud = outcomes.local.mean(), outcomes.cloud.mean()
    print(
        f"**{name}**: {len(outcomes)} check rows; always local {local:.3f} (0 % cloud calls, "
        f"{local / cloud:.1%} of cloud quality), always cloud {cloud:.3f} (100 %).\n"
    )
    show(
        (
            "router",
            "APGR",
            "saved at 95 %",
            "threshold from dev: quality, saved",
            "AUROC local wrong",
        ),
        lines,
    )
    return found


def per_kind(data: Data, router: Router) -> None:
    """The dev threshold at work on check, kind by kind."""
    scores = router(data)
    known, dev = out_of_fold(data, router)
    threshold = threshold_for(known, dev.outcomes, TARGET)
    check = ~data.dev
    groups: dict[str, list[int]] = defaultdict(list)
    for at in np.flatnonzero(check):
        groups[f"kind {kind_of(data.present[at])}"].append(at)
        groups[f"source {data.pairs[at].source}"].append(at)
        groups["all"].append(at)
    lines = []
    for name in sorted(groups):
        rows = np.array(groups[name])
        working = at_threshold(scores[rows], data.outcomes.taken(rows), threshold)
        quality = quality_of(scores[rows], data.outcomes.taken(rows), threshold)
        lines.append([name, str(len(rows)), str(quality), f"{working.saved:.0%}"])
    show(("check rows", "n", "share of cloud quality", "calls saved"), lines)


def cross_validated(data: Data, samples: int) -> None:
    """The same on the dev rows, five folds by question: more rows, narrower intervals."""
    lines = []
    for label, router in ROUTERS.items():
        scores, dev = out_of_fold(data, router)
        gap, saved = measured(scores, dev.outcomes, samples)
        lines.append([label, str(gap), str(saved)])
    show(("router, dev rows in five folds", "APGR", "saved at 95 %"), lines)


def left_out(data: Data, samples: int) -> list[Interval]:
    """Each source scored by what was learned from the others; the means of the three columns."""
    labels = [f"{p.source}, {p.weak_model.split('/')[-1]}" for p in data.pairs]
    groups = {name: np.array([label == name for label in labels]) for name in sorted(set(labels))}
    names = ("prompt length", "gain model, fitted", "length and gain model")
    found: dict[str, list[float]] = defaultdict(list)
    lines = []
    for name, inside in groups.items():
        own = data.only(inside)
        gap = own.outcomes.cloud.mean() - own.outcomes.local.mean()
        if gap < 0.04:
            continue
        source = own.pairs[0].source
        held = {pair.prompt_hash for pair in own.pairs}
        others = np.array([p.source != source and p.prompt_hash not in held for p in data.pairs])
        both = data.only(inside | others)
        here = np.array([pair.source == source for pair in both.pairs])
        split = Data(both.pairs, both.present, both.names, both.facts, both.outcomes, ~here)
        transferred = by_gain_model(split)[here]
        scores = {
            "prompt length": by_length(own),
            "gain model, fitted": transferred,
            "length and gain model": _ranks(by_length(own)) + 0.5 * _ranks(transferred),
        }
        line = [f"{name} ({len(own.pairs)})"]
        for label in names:
            value = apgr(scores[label], own.outcomes)
            found[label].append(value)
            line.append(f"{value:.3f}")
        lines.append(line)
    spread = [mean_of(np.array(found[label]), samples) for label in names]
    lines.append(["mean over sources", *map(str, spread)])
    show(("source left out (rows)", *names), lines)
    return spread


def mean_of(values: Floats, samples: int) -> Interval:
    return bootstrap(lambda at: float(values[at].mean()), len(values), samples=samples)


def quality_of(
    scores: Floats, outcomes: Outcomes, threshold: float, samples: int = 300
) -> Interval:
    """Share of always-cloud's quality at a threshold chosen elsewhere."""
    return bootstrap(
        lambda at: at_threshold(scores[at], outcomes.taken(at), threshold).quality,
        len(outcomes),
        samples=samples,
    )


def _ranks(scores: Floats) -> Floats:
    _, block, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(counts) - counts / 2)[block] / len(scores)
    return ranks


def decision_times(classifier: NgramClassifier, prompts: Sequence[str]) -> list[list[str]]:
    """Wall milliseconds of a warm decision: kind, language, complexity and expected scores."""

    def timed(chosen: Sequence[str]) -> list[float]:
        for prompt in chosen[:300]:
            classifier.classify(prompt)
        taken = []
        for prompt in chosen:
            started = time.perf_counter()
            classifier.classify(prompt)
            taken.append(1_000 * (time.perf_counter() - started))
        return sorted(taken)

    guessed = [(classifier.classify(prompt), signals.read(prompt)) for prompt in prompts[:500]]
    started = time.perf_counter()
    for guess, facts in guessed:
        expected_gain(guess, facts)
    gain_ms = 1_000 * (time.perf_counter() - started) / len(guessed)
    documents = " ".join(prompts)
    reach = len(documents) - LONG_CHARS
    long = [
        f"{prompt[:400]}\n\n{documents[(begin := at * 997 % reach) : begin + LONG_CHARS]}"[
            :LONG_CHARS
        ]
        for at, prompt in enumerate(prompts)
    ]
    lines = []
    for name, chosen in (("prompts of the files", prompts), ("of 6,000 characters", long)):
        taken = timed(chosen)
        lines.append(
            [
                name,
                f"{len(chosen):,}",
                f"{statistics.median(len(prompt) for prompt in chosen):,.0f}",
                f"{statistics.median(taken):.3f}",
                f"{taken[int(len(taken) * 0.99)]:.3f}",
            ]
        )
    show(("decision, warm, wall", "n", "median characters", "p50 ms", "p99 ms"), lines)
    print(f"Expected scores: {gain_ms:.4f} ms more. Python {platform.python_version()}.\n")
    return lines


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Measure prompt-only routing.")
    parser.add_argument("data", type=Path, help="folder of slm_mix and routing_pairs")
    parser.add_argument("--samples", type=int, default=500, help="bootstrap samples")
    parser.add_argument("--quick", action="store_true", help="slm_mix only")
    arguments = parser.parse_args()
    classifier = NgramClassifier.load()
    mix = read(arguments.data / "slm_mix.parquet", classifier)
    found = compare("SLM mix", mix, arguments.samples)
    cross_validated(mix, arguments.samples // 2)
    per_kind(mix, by_ngrams)
    best = "gain model and n-grams, fitted"
    gap, saved, at_work = found[best]
    goals = [
        ["SLM mix, prompt only: APGR", "0.721", "0.76", str(gap)],
        ["SLM mix: cloud calls saved at 95 % of quality", "51 %", "58 %", str(saved)],
        ["SLM mix: threshold from dev", "97.0 % at 35 %", "95 to 97 % at 45 %", at_work],
    ]
    times = decision_times(classifier, [p.prompt for p in mix.pairs if p.split == "dev"][:2_000])
    for name, _, _, p50, p99 in times:
        goals.append(
            [f"decision, {name}: p50 / p99 ms", "0.19 / 0.40", "0.15 / 0.5", f"{p50} / {p99}"]
        )
    if not arguments.quick:
        pairs = read(arguments.data / "routing_pairs.parquet", classifier)
        for source, known, goal in (
            ("routellm-mmlu", "0.680", "0.70"),
            ("routellm-gsm8k", "0.696", "0.72"),
        ):
            own = pairs.only(np.array([pair.source == source for pair in pairs.pairs]))
            leave = ("(source known, one mean gain each)",)
            figures = compare(source, own, arguments.samples, leave=leave, thresholds=False)
            goals.append([f"{source}: APGR", known, goal, str(figures[best][0])])
        length, model, both = left_out(pairs, arguments.samples)
        ours = f"{model} (length {length}, with length {both})"
        goals.append(["unseen source, mean APGR", "0.561 (length)", "0.60", ours])
    show(("what", "today's best known", "goal", "ours"), goals)


if __name__ == "__main__":
    main()
