"""The whole cascade: what stays local, how much of it is right, what is caught, what it costs.

    python tests/benchmarks/cascade.py [--n 12] [--quality 0.9]

Routine tasks are held-out requests of the shipped specialist's families, in wordings that it was
trained on and in others; complex ones are sums and remainders, asked for with their derivation. All
have one right answer, in English or Portuguese, and go through the whole graph. The cloud is
scripted: it knows `--quality` of the answers, at $1 and $4 a million words.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
import yaml

from agents.logistic import auroc, calibration_error
from agents.nano.calibrate import Trial, run_trial
from agents.nano.confidence import NanoCalibration
from agents.nano.data.grammar import Sample
from agents.nano.data.mix import MAKERS, held_out
from agents.nano.gate import Gate
from agents.nano.runner import NanoRunner
from graphs.app import Router
from router.settings.settings import Settings
from router.types.result import Result
from router.types.task import Task

PRICE = (1e-6, 4e-6)


def complex_tasks(count: int, rng: random.Random) -> list[Sample]:
    """Questions that no small specialist knows, with their answers."""
    found = []
    for number in range(count):
        base, power, modulus = rng.randint(7, 90), rng.randint(11, 60), rng.randint(101, 997)
        answer = str(pow(base, power, modulus))
        if number % 2:
            text = (
                f"Prove, step by step and with every lemma stated, what remainder {base}^{power} "
                f"leaves when divided by {modulus}, and compare two ways of getting there."
            )
        else:
            text = (
                f"Demonstre, passo a passo e com cada lema, qual é o resto de {base}^{power} na "
                f"divisão por {modulus}, e compare duas maneiras de chegar lá."
            )
        found.append(Sample("complex", "en" if number % 2 else "pt", text, answer))
    return found


def cloud_script(samples: Sequence[Sample], quality: float, rng: random.Random) -> str:
    """One rule a task: its answer, or something else where the cloud does not know."""
    rules = [
        {
            "match": re.escape(sample.prompt),
            "reply": (
                sample.answer if rng.random() < quality else "I was not sure of this one."
            ).replace("\\", r"\\"),
        }
        for sample in samples
    ]
    return yaml.safe_dump({"rules": rules, "usd_per_token": list(PRICE)}, allow_unicode=True)


async def through(settings: Settings, samples: Sequence[Sample]) -> list[Result]:
    async with Router.open(settings, env={}) as router:
        return [await router.run(Task(prompt=sample.prompt)) for sample in samples]


@dataclass(frozen=True, slots=True)
class Row:
    """One task: what the graph made of it, and what the local model says to it."""

    sample: Sample
    result: Result
    trial: Trial
    confidence: float

    @property
    def right(self) -> bool:
        return self.result.text.strip() == self.sample.answer

    @property
    def tried(self) -> bool:
        return any(attempt.role != "cloud" for attempt in self.result.attempts)

    @property
    def kept(self) -> bool:
        return self.result.route == "local" and self.result.status == "done"


def share(part: int, whole: int) -> str:
    return f"{part}/{whole} ({part / whole:.1%})" if whole else "-"


def overview(rows: Sequence[Row], always: Sequence[Result], samples: Sequence[Sample]) -> None:
    kept = [row for row in rows if row.kept]
    wrong = [row for row in rows if row.tried and not row.trial.right]
    caught = [row for row in wrong if not row.kept]
    cost = sum(row.result.cost_usd or 0.0 for row in rows)
    cloud_cost = sum(result.cost_usd or 0.0 for result in always)
    cloud_right = sum(
        result.text.strip() == sample.answer for result, sample in zip(always, samples, strict=True)
    )
    local_right = sum(row.trial.right for row in rows)
    print("| what | figure |\n|---|---|")
    complex_ones = sum(row.sample.family == "complex" for row in rows)
    print(f"| tasks | {len(rows)}, of them complex {complex_ones} |")
    print(f"| answered locally | {share(len(kept), len(rows))} |")
    print(f"| of those right | {share(sum(row.right for row in kept), len(kept))} |")
    print(f"| wrong local answers caught before acceptance | {share(len(caught), len(wrong))} |")
    print(f"| right in the end | {share(sum(row.right for row in rows), len(rows))} |")
    print(f"| right, always cloud | {share(cloud_right, len(rows))} |")
    print(f"| right, always local | {share(local_right, len(rows))} |")
    print(f"| dollars, and always cloud | {cost:.5f}, {cloud_cost:.5f} |")
    print(f"| saved | {1 - cost / cloud_cost:.1%} |")


def ablation(rows: Sequence[Row]) -> None:
    """What would have been accepted had one check, or signal, not been there."""
    tried = [row for row in rows if row.tried]
    local = {id(row): next(a for a in row.result.attempts if a.role != "cloud") for row in tried}
    names = Counter(check.name for row in tried for check in local[id(row)].checks)
    print("\n| without | accepted | right of them | wrong caught |\n|---|---|---|---|")

    def line(title: str, accepted: Callable[[Row], bool]) -> None:
        taken = [row for row in tried if accepted(row)]
        wrong = [row for row in tried if not row.trial.right]
        caught = sum(not accepted(row) for row in wrong)
        right = sum(row.trial.right for row in taken)
        print(
            f"| {title} | {len(taken)} | {share(right, len(taken))} | {share(caught, len(wrong))} |"
        )

    def passes(row: Row, but: str) -> bool:
        return all(check.passed for check in local[id(row)].checks if check.name != but)

    line("(nothing)", lambda row: passes(row, ""))
    for name in names:
        line(name, lambda row, name=name: passes(row, name))  # type: ignore[misc]
    line("any check", lambda row: True)
    gate = [row for row in rows if not row.tried]
    wrong = sum(not row.trial.right for row in gate)
    print(f"\nKept from the local model beforehand: {len(gate)}; it would have erred on {wrong}.")


def confidences(rows: Sequence[Row]) -> None:
    print("\n| family | answers | AUROC | expected calibration error |\n|---|---|---|---|")
    routine = [row for row in rows if row.sample.family != "complex"]
    for family in (*MAKERS, "all"):
        part = [row for row in routine if family in ("all", row.sample.family)]
        sure, right = [row.confidence for row in part], [row.trial.right for row in part]
        area = auroc(sure, right)
        shown = "all right or all wrong" if area is None else f"{area:.3f}"
        print(f"| {family} | {len(part)} | {shown} | {calibration_error(sure, right):.3f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=12, help="routine requests a family and wording")
    parser.add_argument("--quality", type=float, default=0.9, help="share that the cloud knows")
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    rng = random.Random(11)
    samples = [
        sample
        for family in MAKERS
        for phrasing in ("train", "test")
        for sample in held_out(family, arguments.n, values="test", phrasing=phrasing, seed=9)
    ]
    samples += complex_tasks(len(samples) // 4, rng)
    with tempfile.TemporaryDirectory() as name, NanoRunner() as runner:
        folder = Path(name)
        (folder / "cloud.yaml").write_text(cloud_script(samples, arguments.quality, rng))
        (folder / "nobody.yaml").write_text("rules: [{fail: unavailable}]")
        common = {
            "cloud": {"script": str(folder / "cloud.yaml")},
            "memory": {"cache": False},
            # The specialist is what is measured.
            "models": {"exact": False},
            # The scripted cloud knows a prompt by its words: with placeholders it would know none.
            "privacy": {"detect": False},
        }
        nobody = {"script": str(folder / "nobody.yaml")}
        cascade = asyncio.run(through(Settings.model_validate(common), samples))
        only = Settings.model_validate(
            common
            | {"models": {"general": nobody, "coder": nobody, "exact": False, "specialist": None}}
        )
        always = asyncio.run(through(only, samples))
        gate, calibration = Gate.load(), NanoCalibration.load()
        rows = []
        for sample, result in zip(samples, cascade, strict=True):
            trial = run_trial(runner, gate, sample, "cascade")
            decision = calibration.accept(
                trial.family, trial.min_p, trial.sum_logprob, trial.gate_score
            )
            rows.append(Row(sample, result, trial, decision.score))
    overview(rows, always, samples)
    ablation(rows)
    confidences(rows)


if __name__ == "__main__":
    main()
