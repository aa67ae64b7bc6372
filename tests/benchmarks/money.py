"""Three hundred paid tasks at once, a third of which come to no good: whose books say what.

    python tests/benchmarks/money.py [--n 300] [--processes 3]

Three processes take the tasks from the queue and call a real provider on loopback that writes down
what it saw and bills by a known price. One task in nine is cancelled and one runs out of time, each
half before the first word and half in the middle of the answer; one process gets SIGKILL while it
has a third of all in hand, and another takes its place. The second run has a budget for half of it.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from money import MoneyReport, money


def table(report: MoneyReport) -> None:
    print("| fate | tasks | calls seen | calls counted | billed | account | of it estimated | "
          "counted too low | answered twice |\n|---|---|---|---|---|---|---|---|---|")  # fmt: skip
    for fate, side in report.fates.items():
        print(
            f"| {fate} | {side.tasks} | {side.calls} | {side.counted_calls} "
            f"| ${side.billed_usd:.6f} | ${side.account_usd:.6f} | ${side.estimated_usd:.6f} "
            f"| {side.below} | {side.twice} |"
        )
    print(
        f"| all | {sum(side.tasks for side in report.fates.values())} "
        f"| {sum(side.calls for side in report.fates.values())} "
        f"| {sum(side.counted_calls for side in report.fates.values())} "
        f"| ${report.billed_usd:.6f} | ${report.account_usd:.6f} "
        f"| ${sum(side.estimated_usd for side in report.fates.values()):.6f} "
        f"| {sum(side.below for side in report.fates.values())} "
        f"| {sum(side.twice for side in report.fates.values())} |"
    )
    print(
        f"\nbudget ${report.limit_usd:.6f}: spent ${report.spent_usd:.6f}, reserved "
        f"${report.reserved_usd:.6f}, overspent ${report.overspent_usd:.6f}; "
        f"{report.never_sent} tasks were never sent; states {dict(report.states)}; "
        f"{report.open_calls} calls left open; {report.seconds:.0f} s\n"
    )


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=300)
    parser.add_argument("--processes", type=int, default=3)
    options = parser.parse_args()
    ample = await money(options.n, processes=options.processes)
    table(ample)
    half = ample.billed_usd / 2
    table(await money(options.n, processes=options.processes, limit_usd=half, kill_at=0.1))


if __name__ == "__main__":
    asyncio.run(main())
