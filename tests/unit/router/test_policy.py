"""The judgement before generation and after it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from router.classify.gain import PRIORS, ExpectedScores
from router.policy.decide import (
    CloudOption,
    LocalOption,
    decide,
    escalation_reason,
    for_named,
    gain_of,
    max_gain_for,
    may_repair,
    role_for,
    too_complex,
)
from router.settings.policy import PolicySettings
from router.types.decision import EscalationReason, Guess, Kind, RouteDecision
from router.types.result import CheckResult

OPEN = CloudOption()
ABSENT = CloudOption(absent="no cloud key is set")


def guess(kind: Kind = Kind.EXTRACTION, complexity: float = 0.1) -> Guess:
    return Guess(kind=kind, confidence=0.9, language="en", complexity=complexity)


def local(
    covered: bool | None = None, prompt_tokens: int = 50, window_tokens: int | None = 4096
) -> LocalOption:
    return LocalOption(
        role="general",
        covered=covered,
        family=None if covered is None else "extract",
        prompt_tokens=prompt_tokens,
        window_tokens=window_tokens,
    )


def judge(
    a_guess: Guess,
    option: LocalOption,
    cloud: CloudOption = OPEN,
    *,
    private: bool = False,
    scores: ExpectedScores | None = None,
    policy: PolicySettings | None = None,
) -> RouteDecision:
    scores = PRIORS[a_guess.kind] if scores is None else scores
    policy = PolicySettings() if policy is None else policy
    return decide(a_guess, scores, option, cloud, policy, must_stay_local=private)


def test_routine_kinds_are_local_for_a_general_model() -> None:
    for kind in (Kind.EXTRACTION, Kind.TOOL, Kind.WRITING, Kind.REWRITING):
        assert judge(guess(kind), local()).route == "local"


def test_kinds_with_a_large_gain_go_to_the_cloud() -> None:
    for kind in (Kind.MATH, Kind.KNOWLEDGE):
        decision = judge(guess(kind), local())
        assert (decision.route, decision.escalation) == ("cloud", EscalationReason.COMPLEX)
        assert kind.value in decision.reason


def test_the_expected_gain_decides_whatever_the_kind() -> None:
    for kind in Kind:
        much, little = ExpectedScores(0.5, 0.75), ExpectedScores(0.5, 0.65)
        assert judge(guess(kind), local(), scores=much).route == "cloud"
        assert judge(guess(kind), local(), scores=little).route == "local"


def test_the_limit_itself_is_still_local() -> None:
    policy = PolicySettings(max_gain=0.25)
    assert judge(guess(), local(), scores=ExpectedScores(0.5, 0.75), policy=policy).route == "local"


def test_the_users_word_on_a_kind_goes_before_what_is_expected() -> None:
    policy = PolicySettings(gain={Kind.KNOWLEDGE: 0.0, Kind.WRITING: 0.5})
    assert judge(guess(Kind.KNOWLEDGE), local(), policy=policy).route == "local"
    assert judge(guess(Kind.WRITING), local(), policy=policy).route == "cloud"
    assert gain_of(guess(Kind.WRITING), ExpectedScores(0.9, 0.9), policy) == 0.5
    assert gain_of(guess(Kind.MATH), ExpectedScores(0.5, 0.9), policy) == 0.4


def test_a_scarce_budget_moves_the_limit_half_way_to_one() -> None:
    policy = PolicySettings(max_gain=0.2)
    assert max_gain_for(Kind.MATH, policy, scarce=False) == 0.2
    assert max_gain_for(Kind.MATH, policy, scarce=True) == pytest.approx(0.6)
    gains_some = ExpectedScores(0.4, 0.8)
    scarce = CloudOption(scarce=True)
    assert judge(guess(), local(), scores=gains_some).route == "cloud"
    assert judge(guess(), local(), scarce, scores=gains_some).route == "local"


@pytest.mark.parametrize("private", [True, False])
@pytest.mark.parametrize("cloud", [OPEN, ABSENT])
@pytest.mark.parametrize("kind", [Kind.MATH, Kind.EXTRACTION])
def test_every_decision_says_which_gain_it_counted_with(
    kind: Kind, cloud: CloudOption, private: bool
) -> None:
    scores = ExpectedScores(0.5, 0.81, outcomes=12)
    decision = judge(guess(kind), local(), cloud, private=private, scores=scores)
    assert (decision.gain, decision.outcomes) == (0.31, 12)


def test_a_complex_prompt_goes_to_the_cloud_whatever_its_kind() -> None:
    assert judge(guess(complexity=0.9), local()).route == "cloud"


def test_what_is_unclear_is_complex_only_for_a_model_of_which_nothing_is_known() -> None:
    unclear, little = guess(Kind.UNSURE), ExpectedScores(0.8, 0.8)
    unknown = replace(local(), card_known=False)
    assert judge(unclear, local(), scores=little).route == "local"
    decision = judge(unclear, unknown, scores=little)
    assert (decision.route, decision.escalation) == ("cloud", EscalationReason.COMPLEX)
    assert "nothing is known" in decision.reason
    assert judge(guess(Kind.EXTRACTION), unknown, scores=little).route == "local"
    assert (
        judge(unclear, unknown, scores=little, policy=for_named(PolicySettings())).route == "local"
    )


def test_too_complex_says_why_in_words() -> None:
    assert too_complex(guess(complexity=0.39), 0.4) == ""
    assert "0.40" in too_complex(guess(complexity=0.4), 0.4)
    assert too_complex(guess(Kind.UNSURE), 0.4, card_known=True) == ""
    assert too_complex(guess(Kind.UNSURE), 2.0, card_known=False) == ""


def test_what_a_specialist_covers_is_local_even_where_a_general_model_would_not_do() -> None:
    assert judge(guess(Kind.KNOWLEDGE, 0.9), local(covered=True)).route == "local"


def test_what_a_specialist_does_not_cover_is_not_local() -> None:
    decision = judge(guess(), local(covered=False))
    assert (decision.route, decision.escalation) == ("cloud", EscalationReason.OUT_OF_DOMAIN)


def test_a_prompt_over_the_window_goes_to_the_cloud_and_says_both_figures() -> None:
    decision = judge(guess(), local(prompt_tokens=5000))
    assert decision.escalation is EscalationReason.CONTEXT
    assert "5,000" in decision.reason
    assert "4,096" in decision.reason


def test_without_a_cloud_it_is_parked_with_the_cause() -> None:
    decision = judge(guess(Kind.MATH), local(), ABSENT)
    assert (decision.route, decision.agent) == ("parked", "general")
    assert "no cloud key is set" in decision.reason


@pytest.mark.parametrize("option", [local(covered=False), local(prompt_tokens=9999)])
def test_no_draft_is_tried_where_it_cannot_be_good(option: LocalOption) -> None:
    assert judge(guess(), option, ABSENT).agent is None


@pytest.mark.parametrize("cloud", [OPEN, ABSENT])
@pytest.mark.parametrize("covered", [None, True, False])
def test_a_private_task_is_local_whatever_speaks_against_it(
    cloud: CloudOption, covered: bool | None
) -> None:
    option = local(covered=covered, prompt_tokens=9999)
    assert judge(guess(Kind.MATH, 1.0), option, cloud, private=True).route == "local"


def test_code_is_the_coders() -> None:
    assert role_for(Kind.CODE) == "coder"
    assert role_for(Kind.EXTRACTION) == "general"


def test_the_first_failed_check_is_the_reason() -> None:
    good = CheckResult(name="a", passed=True, finding="")
    bad = CheckResult(name="b", passed=False, finding="", reason=EscalationReason.LOOP)
    worse = CheckResult(name="c", passed=False, finding="", reason=EscalationReason.SCHEMA)
    assert escalation_reason([good, bad, worse]) is EscalationReason.LOOP
    assert escalation_reason([good]) is None


def test_repair_is_tried_once_and_only_where_it_can_help() -> None:
    assert may_repair(EscalationReason.SCHEMA, tried=False, agent_repairs=True)
    assert not may_repair(EscalationReason.SCHEMA, tried=True, agent_repairs=True)
    assert not may_repair(EscalationReason.SCHEMA, tried=False, agent_repairs=False)
    assert not may_repair(EscalationReason.REFUSAL, tried=False, agent_repairs=True)


def busy(wait_s: float, patience_s: float = 5.0, covered: bool | None = None) -> LocalOption:
    return replace(local(covered), wait_s=wait_s, patience_s=patience_s)


def test_a_wait_beyond_the_tasks_patience_sends_it_elsewhere_with_both_numbers() -> None:
    for covered in (None, True):
        decision = judge(guess(), busy(7.25, covered=covered))
        assert (decision.route, decision.escalation) == ("cloud", EscalationReason.BUSY)
        assert "7.2 s away" in decision.reason
        assert "5.0 s" in decision.reason
    assert judge(guess(), busy(4.9)).route == "local"


def test_a_private_task_waits_however_long() -> None:
    assert judge(guess(), busy(700.0), private=True).route == "local"


def test_without_a_cloud_a_task_that_cannot_wait_is_parked_without_a_draft() -> None:
    decision = judge(guess(), busy(7.0), ABSENT)
    assert (decision.route, decision.agent) == ("parked", None)
