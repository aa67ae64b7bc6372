"""Computed answers: how many requests have one, how many of those are right, and how long it takes.

    python tests/benchmarks/exact.py [FILE.jsonl ...] [--generated N]

A line of a file has `prompt` and `answer` (null, or none at all: it is to be left to a model), and
may have `also` (other right answers), `family`, and `group` (only `routine` has an answer). The
comparison disregards case, white space at the ends and the order of JSON's keys, and reads one
number as a number. Without a file: the requests of the tests. `--generated`: N requests of each
family and wording of the specialist's training, with values held out.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from agents.exact.compute import exact
from agents.exact.figures import readings
from agents.nano.data.mix import MAKERS, held_out

OWN = Path(__file__).parents[1] / "support" / "exact_requests.jsonl"
REPEATS = 5


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row.get("group", "routine") != "routine":
            row["answer"] = None
        yield row


def same(given: str, wanted: str) -> bool:
    one, other = (text.strip().rstrip(".").casefold() for text in (given, wanted))
    if one == other:
        return True
    if readings(wanted) and readings(given) & readings(wanted):
        return True
    try:
        return bool(json.loads(given) == json.loads(wanted))
    except ValueError:
        return False


def right(row: dict[str, Any], given: str) -> bool:
    return any(same(given, str(one)) for one in (row["answer"], *row.get("also", ())))


def took_ms(prompts: Iterable[str]) -> list[float]:
    found = []
    for prompt in prompts:
        times = []
        for _ in range(REPEATS):
            exact.cache_clear()
            began = time.perf_counter()
            exact(prompt)
            times.append(1000 * (time.perf_counter() - began))
        found.append(min(times))
    return sorted(found)


def generated(count: int) -> list[dict[str, Any]]:
    return [
        {"prompt": one.prompt, "answer": one.answer, "family": f"{family}, {phrasing}"}
        for family in MAKERS
        for phrasing in ("train", "test")
        for one in held_out(family, count, values="test", phrasing=phrasing, seed=5)
    ]


def measure(name: str, rows: list[dict[str, Any]]) -> None:
    families: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    wrong, leaked = [], []
    for row in rows:
        answer = exact(row["prompt"])
        if row["answer"] is None:
            leaked += [(row["prompt"], answer.text)] if answer else []
            continue
        count = families[row.get("family", "all")]
        count[0] += 1
        if answer is not None:
            count[1] += 1
            good = right(row, answer.text)
            count[2] += good
            wrong += [] if good else [(row["prompt"], answer.text)]
    print(f"\n{name}: {len(rows)} requests\n")
    print("| family | asked | computed | right |\n|---|---|---|---|")
    total = [sum(count[i] for count in families.values()) for i in range(3)]
    for name, count in [*sorted(families.items()), ("all", total)]:
        if count[1]:
            print(f"| {name} | {count[0]} | {count[1]} | {count[2]} |")
    left = sum(row["answer"] is None for row in rows)
    print(f"\nto be left to a model: {left}, computed all the same: {len(leaked)}")
    for prompt, text in (*wrong, *leaked):
        print(f"- {prompt[:150]!r} -> {text[:80]!r}")
    times = took_ms(row["prompt"] for row in rows)
    p90 = times[int(0.9 * (len(times) - 1))]
    print(f"p50 {statistics.median(times):.2f} ms, p90 {p90:.2f} ms, longest {times[-1]:.2f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, default=[OWN])
    parser.add_argument("--generated", type=int, default=0)
    arguments = parser.parse_args()
    for path in arguments.files:
        measure(path.name, list(rows_of(path)))
    if arguments.generated:
        measure("generated", generated(arguments.generated))


if __name__ == "__main__":
    main()
