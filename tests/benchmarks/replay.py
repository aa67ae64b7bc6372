"""How right `edgeward replay` is: traffic recorded under one policy, replayed under another, and
then really run under it.

    python tests/benchmarks/replay.py [--n 400]

The models are scripted: the local one is unsure of three requests in ten, the cloud takes $1 and $4
a million words. Predictions are made from the record alone. Prints Markdown.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from graphs.app import Router
from router.account.report import build_report
from router.classify.generator import generate
from router.evaluate.bootstrap import Interval
from router.evaluate.outcomes import task_histories
from router.evaluate.replay import Replay, replay
from router.settings.settings import Settings
from router.types.task import Task

PRICE = (1e-6, 4e-6)

POLICIES: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
    ("more stays local", {"max_gain": 0.05}, {"max_gain": 0.35, "max_complexity": 0.7}),
    ("less stays local", {"max_gain": 0.35, "max_complexity": 0.7}, {"max_gain": 0.05}),
    ("by kind", {}, {"max_gain_by_kind": {"math": 0.5, "extraction": 0.0, "code": 0.0}}),
    ("answers must be surer", {"min_probability": 0.2}, {"min_probability": 0.6}),
)


@dataclass(frozen=True, slots=True)
class Ran:
    """What really happened. calls: answers of the cloud; rejected: local answers not accepted."""

    cost_usd: float
    calls: int
    to_cloud: int
    rejected: int


def prompts(count: int) -> list[str]:
    """Requests of every kind; the number at the end decides how sure the local model is."""
    made = generate(count, seed=7)
    return [f"{example.prompt} (ref {number})" for number, example in enumerate(made)]


def settings(folder: Path, home: Path, policy: dict[str, Any], name: str) -> Settings:
    """Both roles play one script; the cloud another one, with a price."""
    chance = random.Random(3)
    local = {
        "rules": [
            {"match": r"\(ref \d*[012]\)", "reply": "I guess it is so.", "min_logprob": -9.0},
            {"match": r"\(ref \d*[3]\)", "reply": "It may well be so.", "min_logprob": -4.0},
            {"reply": "It is so, and that is all there is to say."},
        ]
    }
    cloud = {
        "rules": [
            # By another digit than that which decides how sure the local model is.
            {"match": rf"\(ref \d*{digit}\d\)", "reply": "It is so. " * chance.randint(2, 30)}
            for digit in range(10)
        ]
        + [{"reply": "It is so. " * 16}],
        "usd_per_token": list(PRICE),
    }
    (folder / "local.yaml").write_text(yaml.safe_dump(local))
    (folder / "cloud.yaml").write_text(yaml.safe_dump(cloud))
    model = {"script": str(folder / "local.yaml")}
    return Settings.model_validate(
        {
            "models": {"general": model, "coder": model, "specialist": None, "exact": False},
            "cloud": {"script": str(folder / "cloud.yaml")},
            "policy": {"second_opinion": False, **policy},
            "memory": {"cache": False},
            "store": {"home": str(home), "namespace": name},
        }
    )


async def recorded(chosen: Settings, asked: Sequence[str], against: Settings) -> tuple[Ran, Replay]:
    """Run the tasks; what happened, and what the record says of the other configuration."""
    async with Router.open(chosen, env={}) as router:
        for prompt in asked:
            await router.run(Task(prompt=prompt))
        records = [record async for record in router.ledger.read()]
    told = task_histories(records)
    report = build_report(records)
    happened = Ran(
        cost_usd=report.spent_usd,
        calls=sum(any(a.route == "cloud" for a in story.attempts) for story in told),
        to_cloud=sum(story.task.decided == "cloud" for story in told),
        rejected=sum(story.rejected for story in told),
    )
    return happened, replay(told, chosen, against)


def line(name: str, predicted: float, actual: float, interval: Interval | None = None) -> str:
    off = f"{(predicted - actual) / actual:+.1%}" if actual else f"{predicted - actual:+.4g}"
    between = f" [{interval.low:.4g}, {interval.high:.4g}]" if interval else ""
    return f"| {name} | {predicted:.4g}{between} | {actual:.4g} | {off} |"


def show(name: str, found: Replay, before: Ran, after: Ran) -> None:
    """Predicted against actual, for one change of policy."""
    print(f"**{name}**: {found.tasks} tasks, {found.total.moved} sent elsewhere\n")
    print("| what | predicted | actual | off |\n|---|---|---|---|")
    print(line("cost, $", found.after.cost_usd, after.cost_usd))
    change = found.total.cost_usd
    print(line("difference in cost, $", change.value, after.cost_usd - before.cost_usd, change))
    print(line("sent to the cloud", found.after.cloud, after.to_cloud))
    print(line("local answers not accepted", found.after.rejected, after.rejected))
    calls = before.calls + found.total.cloud_calls
    print(line("cloud calls", calls, after.calls))
    print()


async def main() -> None:
    """Print one table for each change of policy."""
    parser = argparse.ArgumentParser(description="Measure how right a replay is.")
    parser.add_argument("--n", type=int, default=400, help="tasks")
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    asked = prompts(arguments.n)
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="replay-") as name:
        folder = Path(name)
        for number, (title, old, new) in enumerate(POLICIES):
            one = settings(folder, folder / "home", old, f"old{number}")
            other = settings(folder, folder / "home", new, f"new{number}")
            before, predicted = await recorded(one, asked, other)
            after, _ = await recorded(other, asked, one)
            show(title, predicted, before, after)


if __name__ == "__main__":
    asyncio.run(main())
