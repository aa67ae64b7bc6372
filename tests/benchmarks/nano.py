"""Measures the shipped nano specialist on held-out values, held-out phrasings and other requests.

    python tests/benchmarks/nano.py [--n 100]

Prints Markdown tables. Needs the installed package with xllamacpp and numpy; no network, no GPU.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from agents.nano.calibrate import Trial, outside, run_trial, trials
from agents.nano.confidence import NanoCalibration
from agents.nano.data.mix import MAKERS
from agents.nano.data.ood import FAR_TEST, NEAR_TEST
from agents.nano.gate import Gate
from agents.nano.runner import NanoRunner


def accepted(trial: Trial, calibration: NanoCalibration) -> bool:
    decision = calibration.accept(trial.family, trial.min_p, trial.sum_logprob, trial.gate_score)
    return trial.open and decision.accepted


def row(name: str, parts: Sequence[Sequence[Trial]], calibration: NanoCalibration) -> str:
    """One family: exact match, then coverage and precision at the threshold, a pair a part."""
    cells = [name]
    cells += [f"{sum(t.right for t in part) / len(part):.2f}" for part in parts]
    for part in parts:
        taken = [t for t in part if accepted(t, calibration)]
        right = sum(t.right for t in taken)
        cells.append(f"{len(taken) / len(part):.2f}")
        cells.append(f"{right}/{len(taken)}" if taken else "-")
    return "| " + " | ".join(cells) + " |"


def leaks(name: str, rows: Sequence[Trial], calibration: NanoCalibration) -> str:
    through = [t for t in rows if accepted(t, calibration)]
    return f"| {name} | {len(rows)} | {len(through)} | {len(through) / len(rows):.3f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=100, help="requests a family and part")
    args = parser.parse_args()
    with NanoRunner() as runner:
        measure(runner, args.n)


def measure(runner: NanoRunner, count: int) -> None:
    gate, calibration = Gate.load(), NanoCalibration.load()
    started = time.perf_counter()
    rows = trials(runner, gate, count, "test", seed=5)
    seconds = time.perf_counter() - started

    print(
        "| family | EM values | EM phrasing | coverage values | right | coverage phrasing | right |"
    )
    print("|---|---|---|---|---|---|---|")
    every: list[list[Trial]] = [[], []]
    for family in MAKERS:
        parts = [
            [t for t in rows if t.sample.family == family and t.part == part]
            for part in ("values", "phrasing")
        ]
        every[0] += parts[0]
        every[1] += parts[1]
        print(row(family, parts, calibration))
    print(row("all", every, calibration))

    sets = {
        "generated, held out": [t for t in rows if t.sample.family == "escalate"],
        "near, hand-written": [run_trial(runner, gate, s, "near") for s in outside(NEAR_TEST)],
        "far, hand-written": [run_trial(runner, gate, s, "far") for s in outside(FAR_TEST)],
    }
    print("\n| requests outside the families | asked | answered | share |")
    print("|---|---|---|---|")
    for name, found in sets.items():
        print(leaks(name, found, calibration))
    print("\nAnswered though it should have escalated:\n")
    for found in sets.values():
        for trial in [t for t in found if accepted(t, calibration)][:8]:
            print(f"- ({trial.family}) {trial.sample.prompt!r} -> {trial.text!r}")
    print(f"\n{len(rows)} requests in {seconds:.0f} s, one thread, one after the other.")


if __name__ == "__main__":
    main()
