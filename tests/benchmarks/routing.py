"""What prompt-only routing is worth, on prompts that both sides have answered.

    python tests/benchmarks/routing.py DATA_FOLDER [--samples 500] [--quick]

The folder holds slm_mix.parquet and routing_pairs.parquet. The figures are those of
`edgeward eval routing`, beside rankings that are fitted on the file itself and do not ship.
Everything is fitted on the `dev` side and measured on `check`; "source left out" is fitted on other
sources. Prints Markdown.
"""

from __future__ import annotations

import argparse
import math
import platform
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from router.classify.gain import features, shipped_gains
from router.classify.kinds import NgramClassifier
from router.evaluate.bootstrap import Interval, Resampling
from router.evaluate.curves import Floats, apgr, auroc, cut_for
from router.evaluate.groups import Group
from router.evaluate.pairs import Judged, judge, read_pairs
from router.evaluate.ridge import fit_ridge, standardised, table
from router.evaluate.routing import (
    CALIBRATED,
    LEAST_GAP,
    OURS,
    RANKINGS,
    Plan,
    Ranking,
    by_length,
    evaluate,
    measured,
    out_of_fold,
    traffic,
)
from router.evaluate.routing_report import Router, RoutingReport
from router.evaluate.thresholds import fit_quality, thresholds_in
from router.evaluate.train_gain import fit_gain
from router.settings.policy import PolicySettings
from tests.support.markdown import print_table

TARGET = 0.95
LONG_CHARS = 6_000
NGRAMS = "gain model and n-grams, fitted"
FITTED = "gain model, fitted"


def read(path: Path, classifier: NgramClassifier) -> Judged:
    return judge(read_pairs(path), classifier, shipped_gains(), PolicySettings())


def described(judged: Judged) -> list[dict[str, float]]:
    """The gain model's features of each prompt."""
    found = zip(judged.guesses, judged.facts, strict=True)
    return [features(guess, facts) for guess, facts in found]


def by_mean_gain(labels: Callable[[Judged], list[str]]) -> Ranking:
    """One mean gain a label, drawn towards the overall mean by ten rows of it."""

    def scores(judged: Judged) -> Floats:
        named, gain = labels(judged), judged.outcomes.gain
        middle = float(gain[judged.dev].mean())
        total: dict[str, float] = defaultdict(lambda: 10 * middle)
        count: dict[str, float] = defaultdict(lambda: 10.0)
        for at in np.flatnonzero(judged.dev).tolist():
            total[named[at]] += float(gain[at])
            count[named[at]] += 1
        return np.array([total[name] / count[name] for name in named])

    return scores


def by_gain_model(judged: Judged) -> Floats:
    """The gain model's features, refitted on these dev rows."""
    present = described(judged)
    at = np.flatnonzero(judged.dev)
    model = fit_gain(
        [present[i] for i in at.tolist()],
        judged.outcomes.local[at].tolist(),
        judged.outcomes.cloud[at].tolist(),
    )
    gain = {name: value - model.local.get(name, 0.0) for name, value in model.cloud.items()}
    return np.array(
        [sum(gain.get(name, 0.0) * value for name, value in row.items()) for row in present]
    )


def by_ngrams(judged: Judged) -> Floats:
    """N-grams and features together, by ridge regression."""
    present = described(judged)
    names = sorted({name for row in present for name in row} - {"constant"})
    facts = np.array([[row.get(name, 0.0) for name in names] for row in present])
    facts = standardised(facts, judged.dev)
    at = np.flatnonzero(judged.dev)
    everything = table([pair.prompt for pair in judged.pairs], facts)
    known = table([judged.pairs[i].prompt for i in at.tolist()], facts[at])
    return everything.times(fit_ridge(known, judged.outcomes.gain[at]))


FITTED_RANKINGS: Mapping[str, Ranking] = {
    "kind, one mean gain each": by_mean_gain(lambda judged: judged.guessed),
    FITTED: by_gain_model,
    NGRAMS: by_ngrams,
    "(source known, one mean gain each)": by_mean_gain(
        lambda judged: [pair.source for pair in judged.pairs]
    ),
}
EVERY: Mapping[str, Ranking] = {**RANKINGS, **FITTED_RANKINGS}


def percent(found: Interval) -> str:
    if math.isnan(found.value):
        return "-"
    return f"{found.value:.1%} [{found.low:.0%}, {found.high:.0%}]"


def compare(name: str, judged: Judged, samples: int) -> RoutingReport:
    """One table: every ranking on the check rows."""
    policy = thresholds_in(PolicySettings())
    dev = traffic(judged.only(judged.dev))
    fitted = fit_quality(dev, TARGET, (policy.max_complexity, 1.0))
    report = evaluate(judged, policy, fitted, name, Plan(TARGET, samples, EVERY))
    local, cloud = report.always_local.value, report.always_cloud.value
    print(
        f"**{name}**: {report.check_rows} check rows; always local {local:.3f} (0 % cloud calls, "
        f"{local / cloud:.1%} of cloud quality), always cloud {cloud:.3f} (100 %); the defaults "
        f"keep {percent(report.configured_quality)} and save {percent(report.configured_saved)}.\n"
    )
    check = judged.only(~judged.dev)
    wrong = check.outcomes.local < 0.5
    lines = []
    for one in report.routers:
        scores = EVERY[one.name](judged)[~judged.dev]
        lines.append([*cells(one), f"{auroc(scores, wrong):.3f}"])
    head = ("ranked by", "APGR", "CPT 50 %", "CPT 80 %", "saved at 95 %")
    more = ("threshold from dev: quality", "saved", "AUROC local wrong")
    print_table((*head, *more), lines)
    return report


def cells(one: Router) -> list[str]:
    shares = (one.cpt50, one.cpt80, one.saved95, one.quality, one.saved)
    return [one.name, str(one.apgr), *map(percent, shares)]


def per_kind(title: str, groups: Sequence[Group]) -> None:
    lines = [[one.name, str(one.rows), percent(one.quality), percent(one.saved)] for one in groups]
    print_table((title, "n", "share of cloud quality", "calls saved"), lines)


def cross_validated(judged: Judged, samples: int) -> dict[str, Router]:
    """The same on the dev rows, five folds by question: more rows, narrower intervals."""
    found = {}
    for name, ranking in EVERY.items():
        scores, dev = out_of_fold(judged, ranking)
        again = Resampling.by(dev.questions, samples)
        found[name] = measured(name, scores, dev, cut_for(scores, dev.outcomes, TARGET), again)
    lines = [[one.name, str(one.apgr), percent(one.saved95)] for one in found.values()]
    print_table(("dev rows in five folds, ranked by", "APGR", "saved at 95 %"), lines)
    return found


def lacking(judged: Judged) -> None:
    """What knowing one source's mean gain would add to what ships, on the dev rows."""
    dev = judged.only(judged.dev)
    gain, sources = dev.outcomes.gain, np.array([pair.source for pair in dev.pairs])
    lines = [["nothing", f"{apgr(dev.gain, dev.outcomes):.3f}"]]
    every = dev.gain.copy()
    for source in sorted(set(sources.tolist())):
        rows = sources == source
        every[rows] = gain[rows].mean()
        known = np.where(rows, gain[rows].mean(), dev.gain)
        lines.append([source, f"{apgr(known, dev.outcomes):.3f}"])
    lines.append(["all of them", f"{apgr(every, dev.outcomes):.3f}"])
    print_table(("dev rows, expected gain with the mean gain known of", "APGR"), lines)


def left_out(judged: Judged, samples: int) -> list[Interval]:
    """Each source scored by what was learned from the others; the means of the columns."""
    labels = [f"{p.source}, {p.local_model.rsplit('/', 1)[-1]}" for p in judged.pairs]
    groups = {name: np.array([label == name for label in labels]) for name in sorted(set(labels))}
    names = ("prompt length", OURS, FITTED, "length and fitted")
    found: dict[str, list[float]] = defaultdict(list)
    lines = []
    for name, inside in groups.items():
        own = judged.only(inside)
        if own.outcomes.gain.mean() < LEAST_GAP:
            continue
        source = own.pairs[0].source
        held = set(own.questions)
        others = np.array(
            [pair.source != source and pair.question not in held for pair in judged.pairs]
        )
        both = judged.only(inside | others)
        here = np.array([pair.source == source for pair in both.pairs])
        transferred = by_gain_model(replace(both, dev=~here))[here]
        scores = {
            "prompt length": by_length(own),
            OURS: own.gain,
            FITTED: transferred,
            "length and fitted": _ranks(by_length(own)) + 0.5 * _ranks(transferred),
        }
        line = [f"{name} ({len(own)})"]
        for label in names:
            value = apgr(scores[label], own.outcomes)
            found[label].append(value)
            line.append(f"{value:.3f}")
        lines.append(line)
    again = Resampling.by([line[0] for line in lines], samples)
    spread = [again.mean(np.array(found[label])) for label in names]
    lines.append(["mean over sources", *map(str, spread)])
    print_table(("source left out (rows)", *names), lines)
    return spread


def _ranks(scores: Floats) -> Floats:
    _, block, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(counts) - counts / 2)[block] / len(scores)
    return ranks


def decision_times(classifier: NgramClassifier, prompts: Sequence[str]) -> list[list[str]]:
    """Milliseconds of a warm decision: kind, language, complexity. By the wall, then of CPU."""

    def timed(chosen: Sequence[str], clock: Callable[[], float]) -> list[float]:
        for prompt in chosen[:300]:
            classifier.classify(prompt)
        taken = []
        for prompt in chosen:
            started = clock()
            classifier.classify(prompt)
            taken.append(1_000 * (clock() - started))
        return sorted(taken)

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
        figures = []
        for clock in (time.perf_counter, time.thread_time):
            taken = timed(chosen, clock)
            figures += [f"{statistics.median(taken):.3f}", f"{taken[int(len(taken) * 0.99)]:.3f}"]
        length = f"{statistics.median(len(prompt) for prompt in chosen):,.0f}"
        lines.append([name, f"{len(chosen):,}", length, *figures])
    head = ("decision, warm", "n", "median characters", "p50 ms", "p99 ms")
    print_table((*head, "p50 CPU ms", "p99 CPU ms"), lines)
    print(f"Python {platform.python_version()}.\n")
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
    report = compare("SLM mix", mix, arguments.samples)
    cross = cross_validated(mix, arguments.samples // 2)
    lacking(mix)
    per_kind("check rows, thresholds by `edgeward calibrate` on dev", report.kinds)
    found = {one.name: one for one in report.routers}
    goals = []
    for name in (OURS, CALIBRATED, NGRAMS):
        one, dev = found[name], cross[name]
        goals += [
            [f"SLM mix, APGR: {name}", "0.721", "0.76", f"{one.apgr} (dev {dev.apgr})"],
            [
                f"SLM mix, saved at 95 % of quality: {name}",
                "51 %",
                "58 %",
                f"{percent(one.saved95)} (dev {percent(dev.saved95)})",
            ],
            [
                f"SLM mix, threshold from dev: {name}",
                "97.0 % at 35 %",
                "95 to 97 % at 45 %",
                f"{percent(one.quality)} at {percent(one.saved)}",
            ],
        ]
    whole = report.kinds[-1]
    goals.append(
        [
            "SLM mix, thresholds by kind from dev",
            "97.0 % at 35 %",
            "95 to 97 %, each kind 90 %, at 45 %",
            f"{percent(whole.quality)} at {percent(whole.saved)}",
        ]
    )
    prompts = [pair.prompt for pair in mix.pairs if pair.split == "dev"][:2_000]
    for name, _, _, p50, p99, *cpu in decision_times(classifier, prompts):
        ours = f"{p50} / {p99} (CPU {' / '.join(cpu)})"
        goals.append([f"decision, {name}: p50 / p99 ms", "0.19 / 0.40", "0.15 / 0.5", ours])
    if not arguments.quick:
        pairs = read(arguments.data / "routing_pairs.parquet", classifier)
        for source, best, goal in (
            ("routellm-mmlu", "0.680", "0.70"),
            ("routellm-gsm8k", "0.696", "0.72"),
        ):
            own = pairs.only(np.array([pair.source == source for pair in pairs.pairs]))
            figures = {one.name: one for one in compare(source, own, arguments.samples).routers}
            goals.append([f"{source}: APGR", best, goal, str(figures[NGRAMS].apgr)])
        length, shipped, fitted, both = left_out(pairs, arguments.samples)
        ours = f"{fitted} (shipped {shipped}, length {length}, with length {both})"
        goals.append(["unseen source, mean APGR", "0.561 (length)", "0.60", ours])
    print_table(("what", "today's best known", "goal", "ours"), goals)


if __name__ == "__main__":
    main()
