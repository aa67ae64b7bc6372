"""Whether the examples of a task can be forged, and what it costs to judge them from outside.

    python tests/benchmarks/forging.py [--rounds 15]

Every forgery meets every form of examples; right and wrong programs meet their own task.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from forgeries import FORGERIES, FORMS, RIGHT, WRONG

from agents.checks.code import examples_pass
from router.types.completion import Completion
from router.types.decision import Kind
from router.types.task import Task


async def verdict(prompt: str, code: str) -> tuple[str, str]:
    text = f"```python\n{code}\n```"
    completion = Completion(text=text, engine="e", model="m", finish_reason="stop")
    found = await examples_pass(Task(prompt=prompt), Kind.CODE, completion)
    if not found.passed:
        return "fails", found.finding
    return (
        "holds" if " of the task's examples hold" in found.finding else "not run"
    ), found.finding


async def table() -> None:
    print("| programs | hold | fail | not run |\n|---|---|---|---|")
    kinds = {
        **{f"forgeries, {form}": [(FORMS[form], c) for c in FORGERIES.values()] for form in FORMS},
        "right": RIGHT,
        "wrong": WRONG,
    }
    for kind, programs in kinds.items():
        found: Counter[str] = Counter()
        for prompt, code in programs:
            name, finding = await verdict(prompt, code)
            found[name] += 1
            if name != {"right": "holds", "wrong": "fails"}.get(kind, "fails"):
                print(f"    {kind}: {name}: {finding!r}\n{code}\n", file=sys.stderr)
        print(f"| {kind} ({len(programs)}) | {found['holds']} | {found['fails']} "
              f"| {found['not run']} |")  # fmt: skip


async def cost(rounds: int) -> None:
    """Seconds of the clock and of processors, children included, for an answer that is right."""
    prompt, code = FORMS["values"], "def double(x):\n    return 2 * x"
    seconds, spent = [], []
    for _ in range(rounds):
        before, began = os.times(), time.monotonic()
        await verdict(prompt, code)
        after = os.times()
        seconds.append(time.monotonic() - began)
        spent.append(sum(after[:4]) - sum(before[:4]))
    print(f"\nJudging three examples: {statistics.median(seconds) * 1000:.0f} ms, "
          f"{statistics.mean(spent) * 1000:.0f} ms of processors ({rounds} rounds).")  # fmt: skip


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    if arguments.rounds:
        await cost(arguments.rounds)
    await table()


if __name__ == "__main__":
    asyncio.run(main())
