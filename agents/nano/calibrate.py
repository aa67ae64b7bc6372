"""Chooses the acceptance thresholds of the shipped GGUF and gate, and writes calibration.json.

    python -m agents.nano.calibrate [--count 150]

The calibration split mixes held-out values, held-out phrasings and requests outside the families,
near and far; it shares no value, no held-out phrasing and no hand-written request with the test.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.logistic import fit_logistic, logit
from agents.nano import CALIBRATION_PATH, ESCALATE_TOKEN
from agents.nano.confidence import NEVER
from agents.nano.data.grammar import Sample, Split
from agents.nano.data.mix import MAKERS, held_out
from agents.nano.data.ood import FAR_CALIBRATION, NEAR_CALIBRATION
from agents.nano.gate import NO_FAMILY, Gate
from agents.nano.runner import NanoRunner
from agents.nano.verify import verify

PRECISION = 0.99
FEWEST = 20
"""A threshold that would accept fewer calibration answers than this is not trusted."""
LOWEST = 0.5
"""No threshold is set below this, however clean the calibration split was."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One request run through the model: what the confidence score is made of, and the truth.

    `family` is the gate's; a trial whose answer escalates or fails `verify` has `open` False.
    """

    sample: Sample
    part: str
    family: str
    text: str
    min_p: float
    sum_logprob: float
    gate_score: float
    open: bool
    right: bool


def run_trial(runner: NanoRunner, gate: Gate, sample: Sample, part: str) -> Trial:
    answer = runner.answer(sample.prompt)
    verdict = gate.judge(sample.prompt)
    assert answer.stats is not None, "llama.cpp reports probabilities"
    stays = (
        answer.finish_reason == "stop"
        and ESCALATE_TOKEN not in answer.text
        and verdict.family != NO_FAMILY
        and verify(verdict.family, sample.prompt, answer.text) is None
    )
    right = answer.text == sample.answer
    return Trial(
        sample=sample,
        part=part,
        family=verdict.family,
        text=answer.text,
        min_p=math.exp(answer.stats.min_logprob),
        sum_logprob=answer.stats.sum_logprob,
        gate_score=verdict.score,
        open=stays,
        right=right,
    )


def outside(prompts: Sequence[str]) -> list[Sample]:
    return [Sample("escalate", "", prompt, ESCALATE_TOKEN) for prompt in prompts]


def trials(runner: NanoRunner, gate: Gate, count: int, values: Split, seed: int) -> list[Trial]:
    """`count` requests a family and part from the generated splits; `values` names the split."""
    found: list[Trial] = []
    phrasings: tuple[tuple[str, Split], ...] = (("values", "train"), ("phrasing", values))
    for family in (*MAKERS, "near", "far"):
        for part, phrasing in phrasings:
            samples = held_out(family, count, values=values, phrasing=phrasing, seed=seed)
            found.extend(run_trial(runner, gate, sample, part) for sample in samples)
    return found


def features(rows: Sequence[Trial]) -> NDArray[np.float64]:
    return np.array(
        [[logit(t.min_p), max(t.sum_logprob, -20.0), logit(t.gate_score), 1.0] for t in rows]
    )


def fit_weights(rows: Sequence[Trial]) -> NDArray[np.float64]:
    """Logistic regression of right on the three scores."""
    return fit_logistic(features(rows), np.array([float(t.right) for t in rows]))


def choose(scores: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """The lowest threshold at which, and above which, precision holds; NEVER where none does."""
    best = NEVER
    order = np.argsort(-scores)
    errors = 0
    for rank, index in enumerate(order, 1):
        errors += not right[index]
        if rank < FEWEST:
            continue
        if errors > math.floor((1 - PRECISION) * rank + 1e-9):
            continue
        best = float(scores[index])
    return best if best == NEVER else max(LOWEST, math.floor(best * 1e4) / 1e4)


def calibrate(rows: Sequence[Trial]) -> dict[str, object]:
    """The contents of calibration.json: weights, and per family the threshold and its figures."""
    open_rows = [t for t in rows if t.open]
    weights = fit_weights(open_rows)
    scores = 1 / (1 + np.exp(-np.clip(features(open_rows) @ weights, -60, 60)))
    families: dict[str, dict[str, float | int]] = {}
    for family in MAKERS:
        at = [i for i, t in enumerate(open_rows) if t.family == family]
        right = np.array([open_rows[i].right for i in at], dtype=bool)
        threshold = choose(scores[at], right) if at else NEVER
        taken = scores[at] >= threshold
        asked = sum(t.sample.family == family for t in rows)
        families[family] = {
            "threshold": threshold,
            "asked": asked,
            "accepted": int(taken.sum()),
            "right": int(right[taken].sum()),
            "coverage": round(float(taken.sum()) / asked, 3),
            "exact_match": round(
                sum(t.right for t in rows if t.sample.family == family) / asked, 3
            ),
        }
    return {
        "model": "edgeward-nano",
        "precision_asked": PRECISION,
        "trials": len(rows),
        "weights": [round(float(w), 6) for w in weights],
        "families": families,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=150, help="requests a family and part")
    args = parser.parse_args()
    gate = Gate.load()
    with NanoRunner() as runner:
        rows = trials(runner, gate, args.count, "calibration", seed=21)
        for sample in outside(NEAR_CALIBRATION + FAR_CALIBRATION):
            rows.append(run_trial(runner, gate, sample, "outside"))
    stored = calibrate(rows)
    CALIBRATION_PATH.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(stored, indent=1))


if __name__ == "__main__":
    main()
