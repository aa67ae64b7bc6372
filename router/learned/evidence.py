"""Turns the ledger's records into evidence: how probable it is that an answer was right.

Only a person's feedback states that an answer was right. Every other sign has a likelihood ratio
(how much likelier it is with a right answer than with a wrong one) and a weight (how far that ratio
can be trusted).

The evidence has a selection bias: local answers exist only for tasks that the router thought
routine, and an accepted answer is not always right. So the checks' results have the least weight,
and a limit (`posterior.CHECKS_MOST`); shadow runs, drawn at random from the accepted answers, have
more; and a person's feedback the most.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from router.account.records import (
    SHADOW_ROLE,
    AttemptRecord,
    FeedbackRecord,
    Record,
    ShadowRecord,
    TaskRecord,
    ToolRecord,
)
from router.classify.gain import PRIORS
from router.policy.decide import ANSWERING
from router.types.decision import EscalationReason, Kind

Side = Literal["local", "cloud"]

RIGHT, WRONG = math.inf, 0.0
"""The ratios of a sign that leaves no doubt."""

PASSES_RIGHT, PASSES_WRONG = 0.85, 0.30
"""Share of right and of wrong local answers that the checks accept.

Measured with `python tests/benchmarks/confidence.py` (docs/benchmarks.md): 0.85 and 0.10 with a
calibrated model, 0.99 and 0.48 where confidence is left out. Between the two, as long answers have
fewer checks than those of that benchmark.
"""

ACCEPTED = PASSES_RIGHT / PASSES_WRONG
REJECTED = (1 - PASSES_RIGHT) / (1 - PASSES_WRONG)
REPAIRED = math.sqrt(ACCEPTED)
"""Accepted after a repair: half the evidence (in its logarithm) of the first try. A judgement."""

CLOUD_ACCEPTED = 1.0
"""The cloud's answers are hardly checked: acceptance is no evidence, only a missing answer is."""

BY_CHANCE = 0.05
"""How often two wrong answers agree by chance. A judgement: few answers have so few values."""

_NO_WORD_ON_QUALITY = frozenset(
    {
        EscalationReason.BUSY,
        EscalationReason.CONTEXT,
        EscalationReason.ENGINE_FAILED,
        EscalationReason.REJECTED,
    }
)


def updated(expected: float, ratio: float) -> float:
    """A probability after a sign of this likelihood ratio (Bayes' rule in odds)."""
    if math.isinf(ratio):
        return 1.0
    odds = expected * ratio
    return odds / (odds + 1 - expected) if odds else 0.0


class Source(StrEnum):
    """Where a judgement comes from."""

    FEEDBACK = "feedback"
    SHADOW = "shadow"
    CHECKS = "checks"


WEIGHTS = {Source.FEEDBACK: 1.0, Source.SHADOW: 0.6, Source.CHECKS: 0.2}
"""A judgement of how far each can be trusted; outcomes of a person's own are the unit."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One sign about one answer.

    chars: of the request, 0 where unknown. prior: the score that was expected by shipped figures,
    0..1. good: which way the sign points. ratio: how much likelier it is with a right answer.
    times: -1 takes back what was said before. time: epoch seconds.
    """

    side: Side
    kind: Kind
    model: str
    chars: int
    prior: float
    source: Source
    good: bool
    ratio: float
    time: float
    times: int = 1

    @property
    def weight(self) -> float:
        return WEIGHTS[self.source] * self.times

    def score(self, expected: float) -> float:
        """Probability that the answer was right, for who expected `expected` before; 0..1."""
        return updated(expected, self.ratio)


class Reading:
    """Reads records in the order of writing. A task's attempts stand right before it."""

    def __init__(self) -> None:
        self._attempts: list[AttemptRecord] = []

    def add(self, record: Record) -> Iterator[Evidence]:
        """What this record says, together with those before it."""
        match record:
            case AttemptRecord():
                if self._attempts and self._attempts[0].task_id != record.task_id:
                    self._attempts.clear()
                self._attempts.append(record)
            case TaskRecord():
                own = [one for one in self._attempts if one.task_id == record.task_id]
                self._attempts.clear()
                yield from _of_task(record, own)
            case FeedbackRecord():
                yield from _of_feedback(record)
            case ShadowRecord():
                self._attempts.clear()
                yield from _of_shadow(record)
            case ToolRecord():
                pass


def _of_task(whole: TaskRecord, attempts: list[AttemptRecord]) -> Iterator[Evidence]:
    local = [one for one in attempts if one.route == "local" and one.role in ANSWERING]
    cloud = [one for one in attempts if one.route == "cloud" and one.role != SHADOW_ROLE]
    last = local[-1] if local else None
    given_as_it_is = last is not None and last.outcome == "rejected"
    if whole.status == "done" and whole.route == "local" and whole.model and not given_as_it_is:
        repaired = any(one.outcome == "rejected" for one in local if one.model == whole.model)
        ratio = REPAIRED if repaired else ACCEPTED
        yield _evidence(whole, "local", whole.model, Source.CHECKS, good=True, ratio=ratio)
    elif last and last.outcome == "rejected" and last.escalation not in _NO_WORD_ON_QUALITY:
        yield _evidence(whole, "local", last.model, Source.CHECKS, good=False, ratio=REJECTED)
    if whole.status == "done" and whole.route == "cloud" and whole.model:
        ratio = CLOUD_ACCEPTED
        yield _evidence(whole, "cloud", whole.model, Source.CHECKS, good=True, ratio=ratio)
    elif cloud and cloud[-1].outcome in ("rejected", "failed") and not _stopped(cloud[-1]):
        yield _evidence(whole, "cloud", cloud[-1].model, Source.CHECKS, good=False, ratio=WRONG)


def _stopped(attempt: AttemptRecord) -> bool:
    """The gate stopped the attempt: the cloud was not asked."""
    return attempt.error == "PrivacyViolation"


def _of_feedback(record: FeedbackRecord) -> Iterator[Evidence]:
    for verdict, times in ((record.replaces, -1), (record.verdict, 1)):
        if verdict is not None:
            good = verdict == "good"
            ratio = RIGHT if good else WRONG
            yield _evidence(
                *(record, record.answered, record.model, Source.FEEDBACK),
                good=good,
                ratio=ratio,
                times=times,
            )


def _of_shadow(record: ShadowRecord) -> Iterator[Evidence]:
    """Evidence for each answer: a judge's verdict directly, a comparison by what it implies."""
    sides: tuple[tuple[Side, str, float | None], ...] = (
        ("local", record.model, record.local_score),
        ("cloud", record.cloud_model, record.cloud_score),
    )
    for side, model, score in sides:
        if score is None:
            continue
        good = score >= 0.5
        ratio = RIGHT if good else WRONG
        if record.found in ("agree", "differ"):
            other = _prior(record, "cloud" if side == "local" else "local")
            ratio = _of_comparison(other, agree=record.found == "agree")
        yield _evidence(record, side, model, Source.SHADOW, good=good, ratio=ratio)


def _of_comparison(other: float, *, agree: bool) -> float:
    """other: the probability that the other answer is right. Wrong ones seldom agree."""
    if agree:
        return other / BY_CHANCE
    return (1 - other) / (1 - BY_CHANCE)


def _evidence(
    record: TaskRecord | FeedbackRecord | ShadowRecord,
    side: Side,
    model: str,
    source: Source,
    *,
    good: bool,
    ratio: float,
    times: int = 1,
) -> Evidence:
    prior = _prior(record, side)
    return Evidence(
        *(side, record.kind, model, record.prompt_chars, prior, source, good, ratio),
        time=record.time,
        times=times,
    )


def _prior(record: TaskRecord | FeedbackRecord | ShadowRecord, side: Side) -> float:
    """What was expected; of a record without it, what is expected of its kind."""
    known = record.prior_local if side == "local" else record.prior_cloud
    if known is not None and math.isfinite(known):
        return min(1.0, max(0.0, known))
    usual = PRIORS[record.kind]
    return usual.local if side == "local" else usual.cloud
