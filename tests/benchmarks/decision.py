"""What a decision costs: `python tests/benchmarks/decision.py` prints Markdown.

CPU milliseconds, one thread, warm: reading the signals and the form and guessing the kind; what
lies below it and the expected scores; weighing both ways with cost and wait. Once as with a general
local model, once with the shipped specialist, which looks at each prompt itself. Nothing is
generated.
"""

from __future__ import annotations

import math
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from agents.assessment import Circumstances, assess, choose_route
from agents.candidates import Candidate, candidate
from agents.roster import Roster, build_roster
from router.account.pricing import Prices
from router.classify import signals
from router.classify.generator import generate
from router.classify.kinds import NgramClassifier
from router.classify.signals import Signals
from router.form.guess import informed
from router.form.read import read_form
from router.learned.gains import gains_of
from router.policy import decide as policy
from router.policy.speed import SpeedEstimates
from router.settings.settings import Settings
from router.types.decision import Guess
from router.types.task import Task

PROMPTS = 2_000
SEED = 77
LONG_CHARS = 6_000
ROUNDS = 3
"""The best of so many for each prompt: what else runs on the machine is not the decision's."""

GENERAL = {"url": "http://127.0.0.1:1/v1", "model": "a-general-model"}
CLOUD = {"model": "openai/gpt-5.4-mini", "api_key": "none"}

Step = Callable[[Task], object]


def steps(agents: Roster, settings: Settings) -> dict[str, Step]:
    """Each step with all that come before it."""
    classifier, gains, speeds = (
        NgramClassifier.load(),
        gains_of(settings, agents.cloud_model),
        SpeedEstimates(),
    )
    circumstances = Circumstances(
        clouds=agents.clouds,
        absent=agents.cloud_absent,
        scarce=False,
        patience_s=math.inf,
        must_stay_local=False,
        policy=settings.policy,
    )

    def guessed(task: Task) -> tuple[Signals, Guess]:
        facts = signals.read(task.prompt)
        form = read_form(task.prompt, task.json_schema)
        return facts, informed(classifier.classify(task.prompt, facts), form)

    def asked(guess: Guess, task: Task) -> Candidate:
        role = policy.role_for(guess.kind)
        return candidate(role, agents.local, agents.specialists, task)

    def seen(task: Task) -> object:
        facts, guess = guessed(task)
        return assess(task, guess, facts, asked(guess, task), gains)

    def weighed(task: Task) -> object:
        facts, guess = guessed(task)
        found = assess(task, guess, facts, asked(guess, task), gains)
        return choose_route(task, found, circumstances, speeds)

    return {
        "kind, language, complexity, form": guessed,
        "and sub-kind, expected scores": seen,
        "the whole decision": weighed,
    }


def timed(step: Step, tasks: Sequence[Task]) -> list[float]:
    """Sorted CPU milliseconds, one a task."""
    for task in tasks[:300]:
        step(task)
    best = [math.inf] * len(tasks)
    for _ in range(ROUNDS):
        for at, task in enumerate(tasks):
            before = time.thread_time()
            step(task)
            best[at] = min(best[at], time.thread_time() - before)
    return sorted(1_000 * taken for taken in best)


def main() -> None:
    """Print the table."""
    prompts = [example.prompt for example in generate(PROMPTS, seed=SEED)]
    filler = "\n".join(prompts)
    reach = len(filler) - LONG_CHARS
    long = [
        f"{prompt}\n\n{filler[(begin := at * 997 % reach) : begin + LONG_CHARS]}"[:LONG_CHARS]
        for at, prompt in enumerate(prompts)
    ]
    print("| step | local model | prompts | p50 ms | p99 ms |")
    print("|---|---|---|---|---|")
    for model, chosen in (("general", {"general": GENERAL, "coder": GENERAL}), ("specialist", {})):
        settings = Settings.model_validate({"models": chosen, "cloud": CLOUD})
        agents = build_roster(settings, Prices.load(), {})
        for step_name, step in steps(agents, settings).items():
            for name, texts in (("generated", prompts), (f"of {LONG_CHARS:,} characters", long)):
                taken = timed(step, [Task(prompt=text) for text in texts])
                p99 = taken[int(len(taken) * 0.99)]
                print(f"| {step_name} | {model} | {name} | {statistics.median(taken):.3f} ", end="")
                print(f"| {p99:.3f} |")
    print(f"\n{PROMPTS:,} prompts, best of {ROUNDS}. Python {platform.python_version()}.")


if __name__ == "__main__":
    main()
