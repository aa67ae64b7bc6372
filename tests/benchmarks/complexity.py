"""Measure the judge of complexity: `python tests/benchmarks/complexity.py [FILE.jsonl]`, Markdown.

On requests in the wording of people, complex and routine, in both languages (complexity_requests/;
the judge has learned from none of them, and every fourth was never looked at), and on another
author's where a file is given: a JSON object a line with group ("complex", "routine" or another),
lang and prompt. Complex: from the shipped `policy.max_complexity` on. CPU time of warm calls.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from router.classify import request_files, signals
from router.classify.complexity_model import ComplexityModel
from router.settings.policy import PolicySettings
from tests.support.markdown import print_table

REQUESTS = Path(__file__).parent / "complexity_requests"
LIMIT = PolicySettings().max_complexity
UNSEEN_EVERY, UNSEEN = 4, 1
ROUNDS = 3


@dataclass(frozen=True)
class Judged:
    """A request, and whether it was taken for complex: now, and by its markers alone."""

    group: str
    sort: str
    language: str
    unseen: bool
    complex: bool
    by_markers: bool


def judged(
    model: ComplexityModel, prompt: str, group: str, sort: str, language: str, *, unseen: bool
) -> Judged:
    """What the judge says of one request."""
    facts = signals.read(prompt)
    found = model.complexity(prompt, facts) >= LIMIT
    return Judged(group, sort, language, unseen, found, facts.complexity >= LIMIT)


def own() -> list[tuple[request_files.Line, str]]:
    """The requests of both files, as written."""
    made = []
    for language in ("en", "pt"):
        file = request_files.read(REQUESTS / f"{language}.txt", language)
        made += [(line, file.draw(line, random.Random(0))) for line in file.lines]
    return made


def line(name: str, rows: Sequence[Judged]) -> list[str]:
    """How many were taken for complex, of how many."""
    return [
        name,
        str(len(rows)),
        str(sum(row.complex for row in rows)),
        str(sum(row.by_markers for row in rows)),
    ]


def by_group(rows: Sequence[Judged]) -> list[list[str]]:
    """A line a group and language."""
    keys = dict.fromkeys((row.group, row.language) for row in rows)
    return [
        line(
            f"{group}, {language}", [r for r in rows if (r.group, r.language) == (group, language)]
        )
        for group, language in keys
    ]


def milliseconds(model: ComplexityModel, prompts: Sequence[str]) -> list[str]:
    """CPU p50, mean and p99 of what the judgement adds to the signals, the best of ROUNDS each."""
    taken = []
    for prompt in prompts:
        facts = signals.read(prompt)
        best = float("inf")
        for _ in range(ROUNDS):
            started = time.thread_time()
            model.complexity(prompt, facts)
            best = min(best, 1_000 * (time.thread_time() - started))
        taken.append(best)
    taken.sort()
    p99 = taken[int(len(taken) * 0.99)]
    return [f"{value:.3f}" for value in (statistics.median(taken), statistics.mean(taken), p99)]


def main() -> None:
    """Print the tables that docs/benchmarks.md quotes."""
    parser = argparse.ArgumentParser(description="Measure the judge of complexity.")
    parser.add_argument("file", nargs="?", type=Path, help="JSON lines: group, lang, prompt")
    arguments = parser.parse_args()
    started = time.perf_counter()
    model = ComplexityModel.load()
    load_ms = 1_000 * (time.perf_counter() - started)

    rows = [
        judged(
            model,
            prompt,
            written.group,
            written.sort,
            written.language,
            unseen=written.number % UNSEEN_EVERY == UNSEEN,
        )
        for written, prompt in own()
    ]
    head = ("requests", "n", "taken for complex", "by markers alone")
    lines = by_group(rows)
    for group in ("complex", "routine"):
        never = [row for row in rows if row.group == group and row.unseen]
        lines.append(line(f"{group}, never looked at", never))
    if arguments.file:
        found = [json.loads(text) for text in arguments.file.read_text("utf-8").splitlines()]
        others = [
            judged(model, one["prompt"], one["group"], "", one["lang"], unseen=True)
            for one in found
        ]
        lines += [[f"another author's: {name}", *rest] for name, *rest in by_group(others)]
    print_table(head, lines)

    sorts = dict.fromkeys((row.group, row.sort) for row in rows)
    whole = Counter((row.group, row.sort, row.language) for row in rows)
    right = Counter(
        (row.group, row.sort, row.language)
        for row in rows
        if row.complex == (row.group == "complex")
    )
    print_table(
        ("sort", "right, en", "right, pt"),
        [
            [
                f"{group}: {sort}",
                *(
                    f"{right[group, sort, language]} of {whole[group, sort, language]}"
                    for language in ("en", "pt")
                ),
            ]
            for group, sort in sorts
        ],
    )
    prompts = [prompt for _, prompt in own()]
    print_table(("adds", "p50 ms", "mean ms", "p99 ms"), [["CPU", *milliseconds(model, prompts)]])
    print(f"Loading the weights: {load_ms:.0f} ms.")


if __name__ == "__main__":
    main()
