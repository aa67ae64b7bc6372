"""Measure the kind classifier: `python tests/benchmarks/kinds.py [FILE.parquet]` prints Markdown.

Accuracy on the generator's held-out phrasings and, with a parquet of labelled prompts, on the
rows of its check split; with --leave-out also for groups of sources that a training of its own has
not seen (a minute and a half a group), with the error of its confidence
there; with --all-rows for a training on every row whatever its licence, which is how the
best known figures were made; with greetings, labels, thanks and an empty "Answer:" around the
prompts; time of warm calls, one thread.
"""

from __future__ import annotations

import argparse
import platform
import random
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from router.classify.generator import generate
from router.classify.kinds import NgramClassifier
from router.classify.phrasings import Written, framed
from router.classify.train import Row, read_rows, train
from router.evaluate.kinds import Answer, Labelled, ask, calibration_error, group, report
from router.types.decision import Guess, Kind
from tests.support.markdown import print_table

HELD_OUT = 3_600
HELD_OUT_SEED = 1001
LATENCY_PROMPTS = 2_000
LONG_CHARS = 6_000

Case = tuple[str, Kind]

CUES = (
    "Answer:",
    "Resposta:",
    "Solution:",
    "Solução:",
    "A:",
    "R:",
    "Final answer:",
    "The answer is",
)
FRAMED_PER_KIND = 120
FRAMES_A_PROMPT = 8
BY_HAND = Path(__file__).parent / "requests" / "kinds.txt"


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


GROUPS = {
    "P3 templates": ("p3-",),
    "LLMRouter's examples": ("ulab-",),
    "intents": ("banking77", "clinc150", "rasa-ptbr"),
    "Portuguese sources": ("enem-pt", "faquad-", "humanevalxl-pt"),
    "mathematics": ("gsm8k-", "math-l5", "ulab-gsm8k", "ulab-math", "ulab-agentverse-mgsm"),
    "code": ("codealpaca", "ulab-mbpp", "ulab-human_eval", "humanevalxl-pt"),
    "function calling": ("bfcl",),
    "assistant chat": ("alpacaeval",),
    "DialogSum": ("dialogsum",),
}
"""Sources that share their makers or their manner."""


def answered(classifier: NgramClassifier, rows: Sequence[Row]) -> list[Answer]:
    """What the classifier says of rows, judged by the file's own seven labels.

    UNSURE is wrong. All rows count, also those without one kind of ours.
    """
    labelled = [
        Labelled.model_validate(
            {
                "prompt": row.prompt,
                "label": row.label,
                "language": row.language,
                "source": row.source,
            }
        )
        for row in rows
    ]
    return ask(labelled, classifier)


def by_label(classifier: NgramClassifier, rows: Sequence[Row]) -> str:
    """Share right, with its interval."""
    return str(group("", answered(classifier, rows)).accuracy)


def goal_lines(classifier: NgramClassifier, rows: Sequence[Row]) -> list[list[str]]:
    """The goals for the check split, by the seven labels."""
    known = {"en": ("0.952", "0.97"), "pt": ("0.928", "0.96")}
    lines = []
    for language, (best, goal) in known.items():
        check = [row for row in rows if row.split == "check" and row.language == language]
        plain = [row for row in check if row.source not in ("alpacaeval", "bfcl")]
        for name, chosen in (("", check), (", without AlpacaEval and BFCL", plain)):
            if chosen and (not name or len(plain) < len(check)):
                found = by_label(classifier, chosen)
                lines.append(
                    [f"kind, check, {language}{name}", str(len(chosen)), best, goal, found]
                )
    return lines


def left_out_lines(rows: Sequence[Row]) -> list[list[str]]:
    """Each group of sources, dev and check, by a classifier trained without it; all of them, each
    source counting the same; and how far its confidence is from the share that is right.
    """
    lines, every = [], []
    for name, starts in GROUPS.items():
        inside = [row for row in rows if row.source.startswith(starts)]
        others = [row for row in rows if not row.source.startswith(starts)]
        answers = answered(NgramClassifier(train(others)), inside)
        every += answers
        found = str(group("", answers).accuracy)
        lines.append([f"left out: {name}", str(len(inside)), "0.57 to 0.72", "0.85", found])
    sources = sorted({one.row.source for one in every})
    shares = [np.mean([a.right for a in every if a.row.source == source]) for source in sources]
    plain = [
        share
        for source, share in zip(sources, shares, strict=True)
        if not source.startswith(("alpacaeval", "bfcl"))
    ]
    for name, chosen in (("", shares), (" but AlpacaEval and BFCL", plain)):
        mean = f"{np.mean(chosen):.3f}"
        lines.append([f"left out: mean of {len(chosen)} sources{name}", "", "0.59", "0.75", mean])
    error = f"{calibration_error(every):.3f}"
    lines.append(["left out: calibration error", str(len(every)), "0.229", "0.08", error])
    return lines


def framed_lines(classifier: NgramClassifier, rows: Sequence[Row]) -> list[list[str]]:
    """Each kind and language: share right as typed, with each empty cue after it, and with other
    things that ask for nothing before, after or around it, none of which was trained on.
    """
    cases: dict[tuple[str, Written], list[Case]] = defaultdict(list)
    for row in rows:
        if row.split == "check" and row.kind is not None and row.language in ("en", "pt"):
            language: Written = "pt" if row.language == "pt" else "en"
            cases[row.kind.value, language].append((row.prompt, row.kind))
    for made in generate(HELD_OUT, seed=HELD_OUT_SEED, held_out=True):
        own = cases[made.kind.value, made.language]
        if len(own) < FRAMED_PER_KIND:
            own.append((made.prompt, made.kind))

    def share(changed: Iterable[Case]) -> float:
        return statistics.mean(classifier.classify(prompt).kind is kind for prompt, kind in changed)

    lines = []
    for (kind, language), every in sorted(cases.items()):
        own = every[:FRAMED_PER_KIND]
        chance = random.Random(f"{kind} {language}")
        after = [share((f"{prompt}\n{cue}", named) for prompt, named in own) for cue in CUES]
        around = share(
            (framed(prompt, chance, language, held_out=True), named)
            for prompt, named in own * FRAMES_A_PROMPT
        )
        shares = (share(own), min(after), statistics.mean(after), around)
        lines.append([f"{kind}, {language}", str(len(own)), *(f"{one:.3f}" for one in shares)])
    return lines


def by_hand(classifier: NgramClassifier) -> str:
    """Share right and error of the confidence on `requests/kinds.txt`."""
    lines = BY_HAND.read_text("utf-8").splitlines()
    known = [line.split("\t") for line in lines if not line.startswith("#")]
    labelled = [Labelled(prompt=prompt, kind=kind) for kind, prompt in known]
    answers = ask(labelled, classifier)
    right = group("", answers).accuracy
    return f"{right}, calibration error {calibration_error(answers):.3f}, of {len(answers)}"


def latency_line(classifier: NgramClassifier, name: str, prompts: Sequence[str]) -> list[str]:
    """Milliseconds of warm calls, by the wall and of CPU; and the length of the prompts."""
    for prompt in prompts[:200]:
        classifier.classify(prompt)
    figures = []
    for clock in (time.perf_counter, time.thread_time):
        taken: list[float] = []
        for prompt in prompts:
            started = clock()
            guess: Guess = classifier.classify(prompt)
            taken.append(1_000 * (clock() - started))
            assert 0 <= guess.confidence <= 1
        taken.sort()
        figures += [f"{statistics.median(taken):.3f}", f"{taken[int(len(taken) * 0.99)]:.3f}"]
    return [
        name,
        f"{statistics.median(len(prompt) for prompt in prompts):,.0f}",
        *figures,
    ]


def main() -> None:
    """Print the tables that docs/benchmarks.md quotes."""
    parser = argparse.ArgumentParser(description="Measure the kind classifier.")
    parser.add_argument("data", nargs="?", type=Path, help="parquet of labelled prompts")
    parser.add_argument("--leave-out", action="store_true", help="leave-one-group-out too")
    parser.add_argument("--all-rows", action="store_true", help="a training on all licences too")
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
    print_table(head, lines + check_lines(classifier, rows))
    print_table(
        ("kind", "n", "as typed", "with the worst cue", "with a cue", "with anything neutral"),
        framed_lines(classifier, rows),
    )
    print(f"Families of requests by hand: {by_hand(classifier)}.\n")
    if rows:
        check = answered(classifier, [row for row in rows if row.split == "check"])
        found = report(check, "", "check rows")
        print_table(
            ("kind (check rows, seven labels)", "n", "recall", "precision"),
            [
                [one.label, str(one.rows), str(one.recall), str(one.precision)]
                for one in found.labels
            ],
        )
        print(f"Expected calibration error of its confidence: {found.ece:.3f}.\n")
        goals = goal_lines(classifier, rows)
        if arguments.leave_out:
            goals += left_out_lines(rows)
        print_table(("what", "n", "today's best known", "goal", "ours, with 95 % interval"), goals)
        if arguments.all_rows:
            free = [replace(row, train_ok=True, kind=row.kind or Kind.WRITING) for row in rows]
            trained = NgramClassifier(train(free))
            print("Trained on the dev rows of every licence (not shipped):\n")
            print_table(
                ("what", "n", "today's best known", "goal", "with 95 % interval"),
                goal_lines(trained, rows),
            )

    short = [example.prompt for example in unseen][:LATENCY_PROMPTS]
    medium = [f"{e.prompt}\n{unseen[0].prompt} " * 12 for e in unseen][:LATENCY_PROMPTS]
    long = [f"{e.prompt}\n\n{'The report goes on. ' * 2_500}" for e in unseen][:200]
    if rows:
        real = [row.prompt for row in rows if row.split == "check"]
        filler = "\n".join(real)
        reach = len(filler) - LONG_CHARS
        padded = [
            f"{prompt[:400]}\n\n{filler[at * 997 % reach :][:LONG_CHARS]}"[:LONG_CHARS]
            for at, prompt in enumerate(real)
        ]
        lines = [
            latency_line(classifier, "check rows", real),
            latency_line(classifier, "check rows, filled to 6,000 characters", padded),
        ]
    else:
        lines = []
    print_table(
        ("warm calls", "median characters", "p50 ms", "p99 ms", "p50 CPU ms", "p99 CPU ms"),
        [
            *lines,
            latency_line(classifier, "generated prompts", short),
            latency_line(classifier, "with a pasted page", medium),
            latency_line(classifier, "with a pasted report", long),
        ],
    )
    print(f"Loading the weights: {load_ms:.0f} ms. Python {platform.python_version()}.")


if __name__ == "__main__":
    main()
