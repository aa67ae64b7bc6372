"""How long an answer is expected to be and to take."""

from __future__ import annotations

import pytest

from router.policy.answer_length import ANSWER_TOKENS, answer_tokens
from router.policy.speed import SpeedEstimates
from router.types.completion import Completion, Usage
from router.types.decision import Kind


def answered(tokens: int, ttft_s: float, latency_s: float) -> Completion:
    return Completion(
        text="x",
        engine="e",
        model="named otherwise",
        finish_reason="stop",
        usage=Usage(completion_tokens=tokens),
        ttft_s=ttft_s,
        latency_s=latency_s,
    )


def test_nothing_is_known_of_a_model_that_has_not_answered() -> None:
    assert SpeedEstimates().of("m") is None


def test_an_answer_tells_the_seconds_of_the_next_one() -> None:
    speeds = SpeedEstimates()
    speeds.observe("m", answered(100, 0.5, 2.5))
    speed = speeds.of("m")
    assert speed is not None
    assert speed.answer_s(200) == pytest.approx(4.5)
    assert speeds.of("other") is None


def test_a_first_token_that_waited_for_its_turn_is_not_the_models_slowness() -> None:
    speeds = SpeedEstimates()
    speeds.observe("m", answered(100, 0.5, 2.5))
    speeds.observe("m", answered(100, 30.5, 32.5))
    speed = speeds.of("m")
    assert speed is not None
    assert speed.answer_s(0) == pytest.approx(0.5)
    assert speed.token_s == pytest.approx(0.02)


def test_a_model_that_slows_down_is_seen_to() -> None:
    speeds = SpeedEstimates()
    for _ in range(10):
        speeds.observe("m", answered(100, 0.0, 1.0))
    for _ in range(10):
        speeds.observe("m", answered(100, 0.0, 4.0))
    speed = speeds.of("m")
    assert speed is not None
    assert 0.035 < speed.token_s <= 0.04


@pytest.mark.parametrize("said", [answered(0, 0.1, 0.2), answered(5, 0.0, 0.0)])
def test_an_answer_that_measures_nothing_is_left_out(said: Completion) -> None:
    speeds = SpeedEstimates()
    speeds.observe("m", said)
    assert speeds.of("m") is None


def test_an_answer_has_the_length_of_its_kind_or_of_what_it_works_on() -> None:
    assert answer_tokens(Kind.CODE, 10, 4096) == ANSWER_TOKENS[Kind.CODE]
    assert answer_tokens(Kind.TRANSLATION, 900, 4096) == 900
    assert answer_tokens(Kind.REWRITING, 3, 4096) == 20


@pytest.mark.parametrize("kind", list(Kind))
def test_no_answer_is_expected_to_be_longer_than_it_may(kind: Kind) -> None:
    assert answer_tokens(kind, 5000, 12) == 12
