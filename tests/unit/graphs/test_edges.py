"""Which node follows which: pure functions of the state, so a table says it all."""

from __future__ import annotations

from typing import Any

import pytest

from graphs.request.check import after_check
from graphs.request.decide import after_decide
from graphs.request.nodes import after_answer
from graphs.request.state import Outcome, State
from router.types.completion import Completion
from router.types.decision import EscalationReason, RouteDecision

LOCAL = RouteDecision(route="local", agent="general", reason="r")
CLOUD = RouteDecision(route="cloud", agent=None, reason="r")
DRAFT = RouteDecision(route="parked", agent="general", reason="r")
PARKED = RouteDecision(route="parked", agent=None, reason="r")
ENDED = Outcome("failed", "none", "", "r")
ANSWER = Completion(text="a", engine="e", model="m", finish_reason="stop")
WEAK = EscalationReason.REFUSAL


def state(**values: Any) -> State:
    return State(**values)  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (state(decision=LOCAL), "answer_locally"),
        (state(decision=DRAFT), "answer_locally"),
        (state(decision=CLOUD), "answer_in_cloud"),
        (state(decision=PARKED), "remember"),
        (state(decision=LOCAL, outcome=ENDED), "remember"),
    ],
)
def test_after_the_decision(given: State, expected: str) -> None:
    assert after_decide(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (state(completion=ANSWER, answered_by="local", cloud_open=True), "check"),
        (state(completion=ANSWER, answered_by="cloud", cloud_open=True), "check"),
        (state(completion=None, answered_by="local", cloud_open=True), "answer_in_cloud"),
        (state(completion=None, answered_by="local", cloud_open=False), "remember"),
        (state(completion=None, answered_by="cloud", cloud_open=True), "fall_back"),
        (
            state(
                completion=None,
                answered_by="cloud",
                cloud_open=True,
                escalation=EscalationReason.CONTEXT,
            ),
            "remember",
        ),
        (state(completion=None, answered_by="local", cloud_open=True, outcome=ENDED), "remember"),
    ],
)
def test_after_an_answer_or_a_failure(given: State, expected: str) -> None:
    assert after_answer(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (state(escalation=None, answered_by="local"), "remember"),
        (state(escalation=WEAK, answered_by="cloud"), "remember"),
        (state(escalation=WEAK, answered_by="local", may_repair=True, cloud_open=True), "repair"),
        (
            state(escalation=WEAK, answered_by="local", may_repair=False, cloud_open=True),
            "answer_in_cloud",
        ),
        (
            state(escalation=WEAK, answered_by="local", may_repair=False, cloud_open=False),
            "remember",
        ),
    ],
)
def test_after_the_check(given: State, expected: str) -> None:
    assert after_check(given) == expected
