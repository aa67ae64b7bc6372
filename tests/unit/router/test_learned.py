"""What outcomes do to an expectation: ten nudge it, a thousand decide, drift is noticed."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from router.account.records import (
    AttemptRecord,
    FeedbackRecord,
    Record,
    ShadowRecord,
    TaskRecord,
    ToolRecord,
)
from router.learned.drift import WINDOW, Drift, Watch
from router.learned.evidence import (
    ACCEPTED,
    REJECTED,
    RIGHT,
    WRONG,
    Evidence,
    Reading,
    Source,
)
from router.learned.posterior import (
    CHECKS_MOST,
    GREATEST,
    LEAST,
    MOST,
    Place,
    Posterior,
    length_of,
)
from router.types.decision import EscalationReason, Kind

PRIOR = 0.8
LOCAL = Place("local", "extraction", "nano", "short")
COMMON = {"task_id": "t1", "time": 100.0, "kind": Kind.EXTRACTION, "language": "en"}
FACTS = {"prompt_chars": 50, "prior_local": 0.8, "prior_cloud": 0.9}


def said(good: bool = False, source: Source = Source.FEEDBACK, **changes: object) -> Evidence:
    ratio = RIGHT if good else WRONG
    if source is Source.CHECKS:
        ratio = ACCEPTED if good else REJECTED
    one = Evidence(
        side="local",
        kind=Kind.EXTRACTION,
        model="nano",
        chars=50,
        prior=PRIOR,
        source=source,
        good=good,
        ratio=ratio,
        time=1.0,
    )
    return replace(one, **changes)  # type: ignore[arg-type]


def after(*evidence: Evidence) -> Posterior:
    posterior = Posterior()
    list(posterior.add(evidence))
    return posterior


def judged(good: bool, **changes: object) -> list[Evidence]:
    """An answer that was accepted, and what a person said of it."""
    return [said(True, Source.CHECKS, **changes), said(good, **changes)]


def streams(rate: float, count: int, rng: random.Random) -> list[Evidence]:
    """Judgements of which a share is good."""
    return [said(rng.random() < rate) for _ in range(count)]


def test_without_outcomes_the_shipped_expectation_stands() -> None:
    posterior = Posterior()
    assert posterior.score(LOCAL, PRIOR) == PRIOR
    assert posterior.outcomes(LOCAL) == 0


def test_ten_judgements_nudge() -> None:
    """All ten of them bad, of accepted answers: the most that ten can say."""
    posterior = after(*judged(False) * 10)
    nudged = PRIOR - posterior.score(LOCAL, PRIOR)
    assert 0.05 < nudged < 0.15
    assert posterior.outcomes(LOCAL) == 20


@pytest.mark.parametrize("truth", [0.0, 0.1, 0.35, 0.6, 1.0])
@pytest.mark.parametrize("side", ["local", "cloud"])
def test_a_thousand_judgements_decide(truth: float, side: str) -> None:
    rng = random.Random(7)
    goods = [rng.random() < truth for _ in range(1000)]
    place = LOCAL._replace(side=side)
    posterior = after(*[one for good in goods for one in judged(good, side=side)])
    assert posterior.score(place, PRIOR) == pytest.approx(sum(goods) / 1000, abs=0.07)


def test_a_thousand_checks_say_less_than_a_thousand_people_and_still_count() -> None:
    people = after(*[said()] * 1000).score(LOCAL, PRIOR)
    shadows = after(*[said(source=Source.SHADOW)] * 1000).score(LOCAL, PRIOR)
    checks = after(*[said(source=Source.CHECKS)] * 1000).score(LOCAL, PRIOR)
    assert people < shadows < checks < 0.5 * PRIOR
    once = {source: after(said(source=source)).score(LOCAL, PRIOR) for source in Source}
    assert min(once, key=once.__getitem__) is Source.FEEDBACK
    assert max(once.values()) < PRIOR


def test_checks_alone_never_outweigh_people_however_many_there_are() -> None:
    posterior = after(*[said(True, Source.CHECKS)] * 20_000)
    assert posterior.cells[LOCAL.common].weight == pytest.approx(CHECKS_MOST)
    list(posterior.add([said()] * 1000))
    assert posterior.score(LOCAL, PRIOR) < 0.25


def test_judgements_are_of_accepted_answers_and_the_rejected_ones_count_too() -> None:
    """Right in 9 of 10 accepted answers is not 0.9, where half of the answers are rejected."""
    rng = random.Random(11)
    evidence: list[Evidence] = []
    for _ in range(2000):
        passes = rng.random() < 0.5
        evidence += judged(rng.random() < 0.9) if passes else [said(False, Source.CHECKS)]
    score = after(*evidence).score(LOCAL, PRIOR)
    assert 0.5 < score < 0.75


def test_the_truth_is_found_behind_the_choice_of_what_is_seen() -> None:
    """Only accepted answers are judged, one in five: still the share of all answers is learned."""
    rng = random.Random(13)
    evidence = []
    for _ in range(3000):
        right = rng.random() < 0.45
        passes = rng.random() < (0.85 if right else 0.30)
        evidence.append(said(passes, Source.CHECKS))
        if passes and rng.random() < 0.2:
            evidence.append(said(right))
    assert after(*evidence).score(LOCAL, PRIOR) == pytest.approx(0.45, abs=0.07)


def test_where_the_expectation_is_right_the_checks_leave_it_about_there() -> None:
    """Answers pass the checks as assumed, so what is learned of them is what was known."""
    rng = random.Random(3)
    evidence = []
    for _ in range(3000):
        right = rng.random() < PRIOR
        passes = rng.random() < (0.85 if right else 0.30)
        evidence.append(said(passes, Source.CHECKS))
    assert after(*evidence).score(LOCAL, PRIOR) == pytest.approx(PRIOR, abs=0.06)


@pytest.mark.parametrize("good", [True, False])
def test_no_expectation_becomes_a_certainty_or_leaves_its_bounds(good: bool) -> None:
    posterior = after(*judged(good) * 20_000)
    for prior in (0.0, 0.5, 1.0):
        assert LEAST <= posterior.score(LOCAL, prior) <= GREATEST
    assert posterior.cells[LOCAL].told.weight <= MOST


def test_one_length_learns_from_the_others_but_most_from_itself() -> None:
    posterior = after(*[said(chars=5000)] * 200)
    long = posterior.score(LOCAL._replace(length="long"), PRIOR)
    short = posterior.score(LOCAL, PRIOR)
    assert long < short < PRIOR
    assert [length_of(chars) for chars in (399, 400, 1999, 2000)] == [
        "short",
        "medium",
        "medium",
        "long",
    ]


def test_another_model_kind_or_side_is_another_matter() -> None:
    posterior = after(*[said()] * 1000)
    for other in (
        LOCAL._replace(model="qwen"),
        LOCAL._replace(kind="code"),
        LOCAL._replace(side="cloud"),
    ):
        assert posterior.score(other, PRIOR) == PRIOR


def test_what_is_taken_back_is_as_if_it_was_never_said() -> None:
    once = after(said(True))
    changed = after(said(False), said(False, times=-1), said(True))
    assert changed.score(LOCAL, PRIOR) == pytest.approx(once.score(LOCAL, PRIOR), abs=1e-6)
    assert changed.outcomes(LOCAL) == 1


def drifts_of(posterior: Posterior, evidence: list[Evidence]) -> list[Drift]:
    return list(posterior.add(evidence))


def test_a_change_of_the_world_is_noticed_within_two_windows_and_soon_believed() -> None:
    rng = random.Random(1)
    posterior = Posterior()
    assert drifts_of(posterior, streams(0.9, 1000, rng)) == []
    before = posterior.score(LOCAL, PRIOR)
    found = drifts_of(posterior, streams(0.4, 2 * WINDOW, rng))
    assert [(one.side, one.kind, one.model, one.source) for one in found] == [
        ("local", "extraction", "nano", Source.FEEDBACK)
    ]
    assert found[0].before == pytest.approx(0.9, abs=0.05)
    assert found[0].after == pytest.approx(0.4, abs=0.15)
    drifted = posterior.score(LOCAL, PRIOR)
    assert drifted < before - 0.1
    drifts_of(posterior, streams(0.4, 300, rng))
    assert posterior.score(LOCAL, PRIOR) < drifted - 0.1
    assert posterior.cells[LOCAL.common].told.weight < 450


@pytest.mark.parametrize("rate", [0.5, 0.9, 0.98])
def test_a_world_that_stays_as_it_is_seldom_raises_an_alarm(rate: float) -> None:
    """1 window in 370 by the threshold: 200 streams of 19 tested windows give about ten alarms."""
    alarms = 0
    for seed in range(200):
        rng, watch = random.Random(seed), Watch()
        for _ in range(20 * WINDOW):
            alarms += watch.observe(rng.random() < rate, 1.0, 0.0) is not None
    assert 1 <= alarms <= 30


def test_the_first_outcomes_are_no_drift_however_far_they_are_from_what_was_shipped() -> None:
    assert drifts_of(Posterior(), [said()] * 1000) == []


def task(**changes: object) -> TaskRecord:
    whole = COMMON | FACTS | {"status": "done", "route": "local", "decided": "local"}
    return TaskRecord.model_validate(whole | {"model": "nano"} | changes)


def attempt(**changes: object) -> AttemptRecord:
    whole: dict[str, object] = {
        "number": 1,
        "role": "general",
        "engine": "scripted",
        "model": "nano",
        "route": "local",
        "outcome": "accepted",
    }
    return AttemptRecord.model_validate(COMMON | whole | changes)


def read(*records: Record) -> list[Evidence]:
    reading = Reading()
    return [one for record in records for one in reading.add(record)]


def meant(evidence: list[Evidence]) -> list[tuple[str, str, bool]]:
    return [(one.side, one.model, one.good) for one in evidence]


def test_an_accepted_answer_speaks_weakly_for_the_model_and_a_repaired_one_more_weakly() -> None:
    rejected = attempt(outcome="rejected", escalation=EscalationReason.SYNTAX)
    (first,) = read(attempt(), task())
    (second,) = read(rejected, attempt(number=2), task())
    assert meant([first, second]) == [("local", "nano", True)] * 2
    assert first.score(0.5) > second.score(0.5) > 0.5
    assert first.weight < 1.0


def test_an_escalated_answer_speaks_against_the_model_and_says_little_of_the_cloud() -> None:
    rejected = attempt(outcome="rejected", escalation=EscalationReason.LOW_CONFIDENCE)
    cloud = attempt(number=2, role="cloud", route="cloud", model="big")
    local, big = read(rejected, cloud, task(route="cloud", model="big"))
    assert meant([local, big]) == [("local", "nano", False), ("cloud", "big", True)]
    assert local.score(0.8) < 0.5
    assert big.score(0.8) == pytest.approx(0.8)


@pytest.mark.parametrize("reason", [EscalationReason.BUSY, EscalationReason.CONTEXT])
def test_a_busy_machine_says_nothing_of_the_quality_of_its_model(reason: EscalationReason) -> None:
    waited = attempt(outcome="rejected", escalation=reason)
    failed = attempt(outcome="failed", escalation=EscalationReason.ENGINE_FAILED)
    for one in (waited, failed):
        cloud = attempt(number=2, role="cloud", route="cloud", model="big")
        assert meant(read(one, cloud, task(route="cloud", model="big"))) == [("cloud", "big", True)]


def test_a_cloud_that_fails_counts_against_the_cloud_unless_the_gate_stopped_it() -> None:
    down = attempt(
        role="cloud", route="cloud", model="big", outcome="failed", error="EngineTimeout"
    )
    (found,) = read(down, task(status="failed", route="none", model=None))
    assert (found.side, found.good, found.score(0.9)) == ("cloud", False, 0.0)
    stopped = down.model_copy(update={"error": "PrivacyViolation"})
    assert read(stopped, task(status="failed", route="none", model=None)) == []


def test_other_roles_and_answers_from_memory_say_nothing() -> None:
    router = attempt(role="router", outcome="rejected", escalation=EscalationReason.CHECK)
    asked = task(status="parked", route="none", model=None)
    called = ToolRecord.model_validate(
        COMMON | {"role": "general", "tool": "now", "outcome": "done", "arguments_sha256": "0"}
    )
    assert read(router, called, asked) == []
    assert read(task(route="cache")) == []


def test_the_attempts_of_a_task_that_was_never_recorded_are_not_taken_for_anothers() -> None:
    lost = attempt(outcome="rejected", escalation=EscalationReason.CHECK, task_id="lost")
    assert meant(read(lost, attempt(), task())) == [("local", "nano", True)]


def test_a_changed_verdict_takes_the_first_one_back() -> None:
    verdict = {"verdict": "bad", "answered": "local", "model": "nano", "replaces": "good"}
    back, new = read(FeedbackRecord.model_validate(COMMON | FACTS | verdict))
    assert (back.good, back.times, new.good, new.times) == (True, -1, False, 1)
    assert new.weight == 1.0


def shadow(found: str, local: float | None, cloud: float | None) -> list[Evidence]:
    scores = {"found": found, "local_score": local, "cloud_score": cloud}
    named = {"model": "nano", "cloud_model": "big"}
    return read(ShadowRecord.model_validate(COMMON | FACTS | named | scores))


def test_a_shadow_run_speaks_of_both_answers() -> None:
    local, cloud = shadow("agree", 1.0, 1.0)
    assert local.score(0.8) > 0.97
    assert cloud.score(0.9) > 0.97
    local, cloud = shadow("differ", 0.0, 1.0)
    assert local.score(0.8) < 0.4
    assert cloud.score(0.9) > local.score(0.8)
    local, cloud = shadow("judged", 1.0, 0.0)
    assert (local.score(0.8), cloud.score(0.9)) == (1.0, 0.0)
    assert shadow("unclear", None, None) == []
    (cloud,) = shadow("cloud_failed", None, 0.0)
    assert (cloud.side, cloud.score(0.9)) == ("cloud", 0.0)


def test_a_record_of_an_earlier_version_counts_by_what_is_expected_of_its_kind() -> None:
    (found,) = read(attempt(), task(prompt_chars=0, prior_local=None, prior_cloud=None))
    assert found.chars == 0
    assert 0 < found.prior < 1
    posterior = after(found)
    assert list(posterior.cells) == [LOCAL.common]
