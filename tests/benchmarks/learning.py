"""What learning is worth to a user whose models are not those that the shipped figures are of.

    python tests/benchmarks/learning.py [--users 40] [--judged 0.2] [--shadow 0.05]

Simulated: tasks of all kinds, each with one prompt a kind; a local model and a cloud that are right
with a probability of their own by kind (`TRUTH`); the shipped expectations, the shipped policy, and
everything that learns, as they are. A person judges some of the answers (`--judged`), shadow runs
compare some of the accepted ones (`--shadow`), checks see all of them and err as often as is
assumed. `quality` and `cloud calls` are exact for the routes that come of it; `gain off by` is the
mean distance of the expected from the true gain. Then the watch for drift alone. Prints Markdown.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from router.account.records import AttemptRecord, FeedbackRecord, Record, ShadowRecord, TaskRecord
from router.classify import signals
from router.classify.gain import ExpectedScores, shipped_gains
from router.learned.drift import WINDOW, Drift, Watch
from router.learned.evidence import PASSES_RIGHT, PASSES_WRONG, Reading
from router.learned.posterior import Place, Posterior, length_of
from router.policy import decide as policy
from router.settings.policy import PolicySettings
from router.types.decision import EscalationReason, Guess, Kind

MODEL, CLOUD = "local.gguf", "cloud"
POLICY = PolicySettings()

PROMPTS: Mapping[Kind, str] = {
    Kind.CODE: "Write a Python function that merges two sorted lists.",
    Kind.MATH: "A train leaves at 9:40 and arrives at 13:05. How long does it take?",
    Kind.EXTRACTION: "Extract the order number from: order A-17 was late.",
    Kind.SUMMARISATION: "Summarise in one sentence: the meeting was moved to Monday at noon.",
    Kind.KNOWLEDGE: "Which treaty ended the Thirty Years' War?",
    Kind.TOOL: "Set an alarm for seven tomorrow.",
    Kind.WRITING: "Write a short greeting for a friend.",
    Kind.TRANSLATION: "Translate into Portuguese: the invoice is attached.",
    Kind.REWRITING: "Make this more polite: send me the file now.",
}

TRUTH: Mapping[Kind, tuple[float, float]] = {
    Kind.CODE: (0.35, 0.85),
    Kind.MATH: (0.50, 0.90),
    Kind.EXTRACTION: (0.45, 0.90),
    Kind.SUMMARISATION: (0.85, 0.90),
    Kind.KNOWLEDGE: (0.40, 0.80),
    Kind.TOOL: (0.55, 0.90),
    Kind.WRITING: (0.85, 0.85),
    Kind.TRANSLATION: (0.50, 0.90),
    Kind.REWRITING: (0.85, 0.85),
}
"""How often local model and cloud are right: a user with a weak model for four routine kinds."""


@dataclass(slots=True)
class User:
    """One simulated user: what is true, what was learned, and the tasks so far."""

    rng: random.Random
    truth: dict[Kind, tuple[float, float]]
    judged: float
    shadow: float
    posterior: Posterior = field(default_factory=Posterior)
    reading: Reading = field(default_factory=Reading)
    drifts: list[Drift] = field(default_factory=list)
    tasks: int = 0

    def expected(self, kind: Kind) -> ExpectedScores:
        shipped, length = PRIORS[kind], length_of(len(PROMPTS[kind]))
        here, there = Place("local", kind, MODEL, length), Place("cloud", kind, CLOUD, length)
        return ExpectedScores(
            self.posterior.score(here, shipped.local), self.posterior.score(there, shipped.cloud)
        )

    def goes_local(self, kind: Kind, scores: ExpectedScores | None = None) -> bool:
        guess = Guess(kind=kind, confidence=1.0, language="en")
        gain = policy.gain_of(guess, scores or self.expected(kind), POLICY)
        return gain <= policy.max_gain_for(kind, POLICY, scarce=False)

    def live(self, count: int) -> None:
        """So many tasks, and what the ledger would hold of each, learned at once."""
        for _ in range(count):
            self.tasks += 1
            kind = self.rng.choice(list(PROMPTS))
            for record in self._one(kind):
                self.drifts += self.posterior.add(self.reading.add(record))

    def _one(self, kind: Kind) -> Iterator[Record]:
        local_right, cloud_right = (self.rng.random() < rate for rate in self.truth[kind])
        passes = self.rng.random() < (PASSES_RIGHT if local_right else PASSES_WRONG)
        tried = self.goes_local(kind)
        kept = tried and passes
        common = {"task_id": str(self.tasks), "time": float(self.tasks), "kind": kind}
        common["language"] = "en"
        facts = {
            "prompt_chars": len(PROMPTS[kind]),
            "prior_local": PRIORS[kind].local,
            "prior_cloud": PRIORS[kind].cloud,
        }
        if tried:
            yield AttemptRecord(
                **common,
                number=1,
                role=policy.role_for(kind),
                engine="llamacpp",
                model=MODEL,
                route="local",
                outcome="accepted" if passes else "rejected",
                escalation=None if passes else EscalationReason.LOW_CONFIDENCE,
            )
        side, model = ("local", MODEL) if kept else ("cloud", CLOUD)
        yield TaskRecord(**common, **facts, status="done", route=side, decided="local", model=model)
        if self.rng.random() < self.judged:
            right = local_right if kept else cloud_right
            verdict = "good" if right else "bad"
            yield FeedbackRecord(**common, **facts, verdict=verdict, answered=side, model=model)
        if kept and self.rng.random() < self.shadow:
            yield ShadowRecord(
                **common,
                **facts,
                found="judged",
                model=MODEL,
                cloud_model=CLOUD,
                local_score=float(local_right),
                cloud_score=float(cloud_right),
            )


PRIORS = {
    kind: shipped_gains().expected(
        Guess(kind=kind, confidence=1.0, language="en"), signals.read(prompt), MODEL
    )
    for kind, prompt in PROMPTS.items()
}


def worth(user: User, local: Mapping[Kind, bool]) -> tuple[float, float]:
    """(quality, cloud calls) of a task, for where each kind goes; both 0..1."""
    quality, calls = [], []
    for kind, (p, c) in user.truth.items():
        passed_on = 1.0
        if local[kind]:
            passed_on = p * (1 - PASSES_RIGHT) + (1 - p) * (1 - PASSES_WRONG)
        quality.append((p * PASSES_RIGHT if local[kind] else 0.0) + passed_on * c)
        calls.append(passed_on)
    return statistics.fmean(quality), statistics.fmean(calls)


def row(name: str, users: Sequence[User], *, oracle: bool = False) -> str:
    figures = []
    for user in users:
        true = {kind: ExpectedScores(*scores) for kind, scores in user.truth.items()}
        local = {kind: user.goes_local(kind, true[kind] if oracle else None) for kind in true}
        off = statistics.fmean(
            0.0 if oracle else abs(user.expected(kind).gain - true[kind].gain) for kind in true
        )
        wrong = sum(local[kind] != user.goes_local(kind, true[kind]) for kind in true)
        figures.append((*worth(user, local), off, wrong))
    quality, calls, off, wrong = (statistics.fmean(column) for column in zip(*figures, strict=True))
    return f"| {name} | {quality:.3f} | {calls:.1%} | {off:.3f} | {wrong:.1f} of {len(TRUTH)} |"


HEAD = "| | quality | cloud calls | gain off by | kinds sent the wrong way |\n|---|---|---|---|---|"


def users_of(args: argparse.Namespace, truth: Mapping[Kind, tuple[float, float]]) -> list[User]:
    return [
        User(random.Random(seed), dict(truth), args.judged, args.shadow)
        for seed in range(args.users)
    ]


def report_learning(args: argparse.Namespace) -> None:
    users = users_of(args, TRUTH)
    print(f"\n{HEAD}")
    print(row("shipped", users))
    done = 0
    for count in (10, 100, 1_000, 10_000):
        for user in users:
            user.live(count - done)
        done = count
        print(row(f"after {count:,} tasks", users))
    print(row("the truth known", users, oracle=True))
    alarms = sum(len(user.drifts) for user in users)
    print(f"\nAlarms of a drift that was none: {alarms} in {done * len(users):,} tasks.")


def report_drift(args: argparse.Namespace) -> None:
    """The local model gets worse at one kind, from right nine times in ten to four in ten."""
    kind = Kind.EXTRACTION
    good, bad = (0.90, 0.90), (0.40, 0.90)
    users = users_of(args, {**TRUTH, kind: good})
    for user in users:
        user.live(9_000)
        user.truth[kind] = bad
    print(f"\n{HEAD}")
    print(row("the moment of the drift", users))
    noticed: dict[int, int] = {}
    turned: dict[int, int] = {}
    step = 90
    for after in range(step, 9_001, step):
        for number, user in enumerate(users):
            seen = len(user.drifts)
            user.live(step)
            if any(one.kind == kind and one.side == "local" for one in user.drifts[seen:]):
                noticed.setdefault(number, after)
            if not user.goes_local(kind):
                turned.setdefault(number, after)
        if after in (900, 4_500, 9_000):
            print(row(f"{after:,} tasks later", users))
    print(row("the truth known", users, oracle=True))
    for name, found in (("noticed", noticed), ("sent to the cloud", turned)):
        share = len(TRUTH)
        half = statistics.median(found.values()) if found else float("nan")
        print(
            f"\nThe kind is {name} by {len(found)} of {len(users)} users, at the median after "
            f"{half:,.0f} tasks, of which about {half / share:,.0f} are of that kind."
        )


def report_alarms() -> None:
    """The watch alone: how often it cries without a reason, and how soon with one."""
    streams, tested = 1_000, 20
    print("\n| rate, always | windows an alarm |\n|---|---|")
    for rate in (0.5, 0.7, 0.9, 0.98):
        rng, alarms = random.Random(1), 0
        for _ in range(streams):
            watch = Watch()
            seen = (
                watch.observe(rng.random() < rate, 1.0, 0.0) for _ in range((tested + 1) * WINDOW)
            )
            alarms += sum(one is not None for one in seen)
        print(f"| {rate:.2f} | {streams * tested / max(alarms, 1):,.0f} |")
    print("\n| from | to | noticed within 1,000 | at the median after |\n|---|---|---|---|")
    for before, after in ((0.9, 0.8), (0.9, 0.7), (0.9, 0.6), (0.7, 0.5)):
        rng, found = random.Random(2), []
        for _ in range(streams):
            watch = Watch()
            for _ in range(20 * WINDOW):
                watch.observe(rng.random() < before, 1.0, 0.0)
            seen = (watch.observe(rng.random() < after, 1.0, 0.0) for _ in range(1_000))
            first = next((count for count, one in enumerate(seen, 1) if one is not None), None)
            found += [] if first is None else [first]
        half = f"{statistics.median(found):.0f}"
        print(f"| {before:.2f} | {after:.2f} | {len(found) / streams:.0%} | {half} |")


def report_speed() -> None:
    user = User(random.Random(0), dict(TRUTH), 0.2, 0.05)
    records = [record for _ in range(20_000) for record in user._one(Kind.EXTRACTION)]
    began = time.perf_counter()
    posterior, reading = Posterior(), Reading()
    for record in records:
        list(posterior.add(reading.add(record)))
    took_us = 1e6 * (time.perf_counter() - began) / len(records)
    place = Place("local", Kind.EXTRACTION, MODEL, "short")
    began = time.perf_counter()
    for _ in range(100_000):
        posterior.score(place, 0.8)
    look_us = 1e6 * (time.perf_counter() - began) / 100_000
    print(f"\nLearning takes {took_us:.1f} µs a record, a corrected score {look_us:.2f} µs.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=40)
    parser.add_argument("--judged", type=float, default=0.2, help="share that a person judges")
    parser.add_argument("--shadow", type=float, default=0.05, help="share of accepted ones")
    args = parser.parse_args()
    report_learning(args)
    report_drift(args)
    report_alarms()
    report_speed()


if __name__ == "__main__":
    main()
