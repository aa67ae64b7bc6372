"""Ten thousand tasks while workers are killed and frozen and Redis is killed and restarted.

    python tests/benchmarks/queue_chaos.py [--n 10000] [--workers 4]

Real processes and a real redis-server with an append-only file. A worker gets SIGKILL every second,
now and then one is stopped past its lease, and Redis is killed twice.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from chaos import chaos


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=4)
    arguments = parser.parse_args()
    report = asyncio.run(chaos(arguments.n, workers=arguments.workers))
    print("| what | figure |\n|---|---|")
    print(f"| tasks | {report.tasks}, {dict(report.states)} |")
    print(f"| lost | {report.lost} |")
    print(f"| ended twice | {report.twice} |")
    print(f"| workers killed, frozen; Redis killed | {report.kills}, {report.freezes}; "
          f"{report.redis_kills} |")  # fmt: skip
    again = sum(count for runs, count in report.runs.items() if runs > 1)
    print(f"| tasks that were run more than once | {again} |")
    print(f"| seconds; from the last attack to the last end | {report.seconds:.0f}; "
          f"{report.recovery_s:.1f} |")  # fmt: skip


if __name__ == "__main__":
    main()
