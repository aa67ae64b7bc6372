"""Which answers of small models are turned down, and which right ones with them.

    python tests/benchmarks/answers.py [--file PATH]... [--show]

Rows of `answers/*.jsonl` are requests with an answer each, by people who had not seen the code: bad
ones of ten sorts, and right ones of which many look bad. Every check that needs no model and no
second opinion judges each: what is turned down goes to a better model, where there is one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from agents.checks.echo import not_an_echo
from agents.checks.evidence import evidence_checks
from agents.checks.form import in_form
from agents.checks.general import general_checks
from router.classify import signals
from router.classify.kinds import NgramClassifier
from router.form.guess import informed
from router.form.read import read_form
from router.types.completion import Completion
from router.types.result import CheckResult
from router.types.task import Task
from tests.support.markdown import print_table

ANSWERS = Path(__file__).parent / "answers"


async def found_against(row: dict[str, Any], classifier: NgramClassifier) -> list[CheckResult]:
    """The checks that an answer fails."""
    task = Task(prompt=row["prompt"], system=row.get("system"))
    form = read_form(task.prompt, None)
    guess = informed(classifier.classify(task.prompt, signals.read(task.prompt)), form)
    answer = Completion(text=row["answer"], engine="e", model="m", finish_reason="stop")
    checks = [*general_checks(task, guess.kind, answer, None)]
    checks.append(not_an_echo(task, guess.kind, answer, system=task.system or ""))
    shaped = in_form(form, answer) if form else None
    checks += [shaped] if shaped else []
    if all(one.passed for one in checks):
        checks += await evidence_checks(task, guess.kind, answer)
    return [one for one in checks if not one.passed]


async def measured(
    name: str, rows: Sequence[dict[str, Any]], classifier: NgramClassifier, *, show: bool
) -> None:
    """Prints a file's table."""
    all_of: Counter[str] = Counter()
    turned_down: Counter[str] = Counter()
    for row in rows:
        against = await found_against(row, classifier)
        sort = row["why"]
        all_of[sort] += 1
        turned_down[sort] += bool(against)
        if show and bool(against) != row["bad"]:
            said = "; ".join(f"{one.name}: {one.finding}" for one in against) or "not turned down"
            print(f"{row['id']} {sort}: {said}\n   {row['prompt'][:200]!r}")
            print(f"   {row['answer'][:200]!r}")
    bad = [sort for sort in all_of if sort != "right"]
    lines = [[sort, str(turned_down[sort]), str(all_of[sort])] for sort in (*sorted(bad), "right")]
    total = [str(sum(counts[sort] for sort in bad)) for counts in (turned_down, all_of)]
    print(f"{name}\n")
    print_table(("sort", "turned down", "of"), [*lines, ["all bad ones", *total]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--file", type=Path, action="append", help="other rows than the shipped")
    parser.add_argument("--show", action="store_true", help="show what is judged wrongly")
    options = parser.parse_args()
    classifier = NgramClassifier.load()
    for file in options.file or sorted(ANSWERS.glob("*.jsonl")):
        rows = list(map(json.loads, file.read_text("utf-8").splitlines()))
        asyncio.run(measured(file.stem, rows, classifier, show=options.show))


if __name__ == "__main__":
    main()
