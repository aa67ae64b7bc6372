"""Ledger records like a user's own: tasks with their decisions, shadow runs, feedback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from router.account.records import AttemptRecord, FeedbackRecord, Record, ShadowRecord, TaskRecord
from router.types.decision import DecisionInputs, EscalationReason, Kind


def weighed(
    local: float, cloud: float, *, stays: bool = False, covered: bool | None = None
) -> DecisionInputs:
    return DecisionInputs(
        role="general",
        covered=covered,
        prompt_tokens=20,
        window_tokens=4096,
        wait_s=0.0,
        patience_s=20.0,
        cloud_open=True,
        scarce=False,
        must_stay_local=stays,
        local=local,
        cloud=cloud,
    )


def task(
    task_id: str,
    kind: Kind,
    expected: tuple[float, float],
    *,
    route: Literal["local", "cloud"] = "local",
    decided: Literal["local", "cloud"] = "local",
    stays: bool = False,
    covered: bool | None = None,
) -> TaskRecord:
    """An answered task."""
    return TaskRecord(
        task_id=task_id,
        time=1.0,
        kind=kind,
        language="en",
        status="done",
        route=route,
        decided=decided,
        confidence=0.9,
        complexity=0.0,
        weighed=weighed(*expected, stays=stays, covered=covered),
        expected_cloud_usd=0.001,
    )


def attempt(
    task_id: str,
    kind: Kind,
    route: Literal["local", "cloud"] = "local",
    outcome: Literal["accepted", "rejected"] = "accepted",
    cost_usd: float = 0.0,
) -> AttemptRecord:
    return AttemptRecord(
        task_id=task_id,
        time=1.0,
        kind=kind,
        language="en",
        number=1,
        role="general" if route == "local" else "cloud",
        engine="scripted",
        model="model",
        route=route,
        outcome=outcome,
        escalation=EscalationReason.LOW_CONFIDENCE if outcome == "rejected" else None,
        cost_usd=cost_usd,
    )


def shadow(task_id: str, kind: Kind, local: float, cloud: float) -> ShadowRecord:
    return ShadowRecord(
        task_id=task_id,
        time=2.0,
        kind=kind,
        language="en",
        found="judged",
        model="small",
        cloud_model="big",
        local_score=local,
        cloud_score=cloud,
    )


def feedback(
    task_id: str,
    kind: Kind,
    verdict: Literal["good", "bad"],
    answered: Literal["local", "cloud"] = "local",
) -> FeedbackRecord:
    return FeedbackRecord(
        task_id=task_id,
        time=2.0,
        kind=kind,
        language="en",
        verdict=verdict,
        answered=answered,
        model="small",
    )


def accepted(
    kind: Kind, count: int, right: float, expected: tuple[float, float], *, shadows: bool = True
) -> Iterator[Record]:
    """Accepted local answers, the share `right` of them correct; the cloud's were correct."""
    for number in range(count):
        name = f"{kind.value}-{number:04d}"
        yield attempt(name, kind)
        yield task(name, kind, expected)
        if shadows:
            yield shadow(name, kind, float(number % 100 < 100 * right), 1.0)


def escalated(kind: Kind, count: int, expected: tuple[float, float]) -> Iterator[Record]:
    """Local answers that were rejected; the cloud answered."""
    for number in range(count):
        name = f"{kind.value}-escalated-{number:04d}"
        yield attempt(name, kind, outcome="rejected")
        yield attempt(name, kind, "cloud", cost_usd=0.002)
        yield task(name, kind, expected, route="cloud")
