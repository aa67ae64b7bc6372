"""What the ledger says of both sides, and the thresholds and replays that are made of it."""

from __future__ import annotations

import pytest
from recorded import accepted, attempt, escalated, feedback, shadow, task

from router.account.records import SHADOW_ROLE, Record
from router.errors import ConfigError
from router.evaluate.calibrate import Aim, from_ledger, merged
from router.evaluate.outcomes import known_of, task_histories
from router.evaluate.replay import replay
from router.settings.policy import PolicySettings
from router.settings.settings import Settings
from router.types.decision import Kind
from router.types.task import Privacy

OPEN = PolicySettings(max_gain=0.5)
"""Under it all of these tasks are tried here."""


def test_a_shadow_run_tells_both_scores_and_its_attempts_are_no_answers() -> None:
    records: list[Record] = [
        attempt("a", Kind.CODE),
        task("a", Kind.CODE, (0.6, 0.8)),
        attempt("a", Kind.CODE, "cloud").model_copy(update={"role": SHADOW_ROLE}),
        shadow("a", Kind.CODE, 0.25, 1.0),
    ]
    told = task_histories(records)
    assert len(told[0].attempts) == 1
    found = known_of(told).scored[0]
    assert (found.local, found.cloud, found.by) == (0.25, 1.0, "shadow")


def test_a_person_is_believed_above_a_shadow_run() -> None:
    records: list[Record] = [
        attempt("a", Kind.CODE),
        task("a", Kind.CODE, (0.6, 0.8)),
        shadow("a", Kind.CODE, 0.0, 1.0),
        feedback("a", Kind.CODE, "good"),
    ]
    assert known_of(task_histories(records)).scored[0].local == 1.0


def test_a_rejected_answer_scores_nothing_and_the_cloud_what_is_expected_of_it() -> None:
    records = [*escalated(Kind.MATH, 1, (0.5, 0.85)), *accepted(Kind.MATH, 4, 1.0, (0.5, 0.85))]
    found = known_of(task_histories(records)).scored[0]
    assert (found.local, found.cloud, found.by) == (0.0, 0.85, "escalation")


def test_looked_at_answers_stand_for_all_accepted_ones_of_their_kind() -> None:
    records: list[Record] = [
        *accepted(Kind.CODE, 30, 1.0, (0.6, 0.8), shadows=False),
        *(shadow(f"code-{n:04d}", Kind.CODE, 1.0, 1.0) for n in range(5)),
        *escalated(Kind.CODE, 10, (0.6, 0.8)),
    ]
    known = known_of(task_histories(records))
    assert known.counts == {"shadow": 5, "escalation": 10}
    assert sum(known.weights) == pytest.approx(40)
    assert set(known.weights) == {1.0, 6.0}


def test_a_kind_none_of_whose_accepted_answers_was_looked_at_is_left_out() -> None:
    records = [
        *accepted(Kind.CODE, 8, 1.0, (0.6, 0.8), shadows=False),
        *escalated(Kind.CODE, 10, (0.6, 0.8)),
    ]
    known = known_of(task_histories(records))
    assert known.scored == ()
    assert known.one_sided == {"code": 8}


def test_too_few_outcomes_are_counted_and_the_cure_is_named() -> None:
    told = task_histories(accepted(Kind.CODE, 7, 1.0, (0.6, 0.8)))
    with pytest.raises(ConfigError) as raised:
        from_ledger(told, known_of(told), OPEN, Aim(quality=0.95), "the ledger")
    for part in ("7 tasks", "needed: 100", "7 of them", "needed: 40", "shadow_rate", "--file"):
        assert part in str(raised.value)


def test_without_any_recorded_decision_there_is_nothing_to_go_by() -> None:
    with pytest.raises(ConfigError, match="holds no task whose decision was recorded"):
        from_ledger([], known_of([]), OPEN, Aim(share=0.2), "the ledger")


def test_thresholds_follow_the_ledger_and_hold_on_what_was_held_back() -> None:
    # What is expected of code is too good, of knowledge too bad.
    records = [
        *accepted(Kind.CODE, 300, 0.4, (0.8, 0.85)),
        *accepted(Kind.KNOWLEDGE, 300, 0.98, (0.5, 0.9)),
    ]
    told = task_histories(records)
    found = from_ledger(told, known_of(told), OPEN, Aim(quality=0.95), "the ledger")
    assert found.fit_rows + found.held_rows == 600
    assert found.expected_before[-1].quality.value < 0.75
    whole = found.expected[-1]
    assert whole.quality.low > 0.95
    assert 0.4 < whole.saved.value < 0.6
    policy = merged(OPEN, found.after)
    changed = replay(told, Settings(policy=OPEN), Settings(policy=policy))
    moved = {change.kind: change.moved for change in changed.kinds}
    assert moved == {"code": 300, "knowledge": 0}


def test_a_share_of_calls_needs_no_outcomes_and_says_that_quality_is_not_judged() -> None:
    records = [
        *accepted(Kind.CODE, 70, 1.0, (0.6, 0.7), shadows=False),
        *accepted(Kind.MATH, 30, 1.0, (0.4, 0.9), shadows=False),
    ]
    told = task_histories(records)
    found = from_ledger(told, known_of(told), OPEN, Aim(share=0.3), "the ledger")
    assert found.sent == 0.3
    assert found.expected == ()
    assert any("quality is not judged" in note for note in found.notes)


def test_a_task_that_must_stay_stays_under_every_policy_and_a_specialists_own_too() -> None:
    records: list[Record] = [
        attempt("a", Kind.MATH),
        task("a", Kind.MATH, (0.1, 0.9), stays=True),
        attempt("b", Kind.MATH),
        task("b", Kind.MATH, (0.1, 0.9), covered=True),
        attempt("c", Kind.MATH),
        task("c", Kind.MATH, (0.1, 0.9)),
    ]
    eager = Settings(policy=PolicySettings(max_gain=-1.0))
    found = replay(task_histories(records), Settings(policy=PolicySettings(max_gain=1.0)), eager)
    assert (found.before.cloud, found.after.cloud) == (0, 1)
    assert [moved.task_id for moved in found.examples] == ["c"]
    assert found.after.stays == 1


def test_labels_are_judged_again_by_what_was_found() -> None:
    private = task("a", Kind.MATH, (0.1, 0.9)).model_copy(
        update={"own_label": Privacy.PUBLIC, "found": ("email",), "privacy": Privacy.INTERNAL}
    )
    session = task("b", Kind.MATH, (0.1, 0.9), stays=True).model_copy(
        update={"own_label": Privacy.PUBLIC, "found": (), "privacy": Privacy.LOCAL_ONLY}
    )
    told = task_histories([private, session])
    strict = Settings.model_validate({"privacy": {"found": {"email": "local_only"}}})
    unmasked = Settings.model_validate({"privacy": {"redact": False}})
    for changed in (strict, unmasked):
        found = replay(told, Settings(), changed)
        assert (found.more_private, found.less_private, found.after.stays) == (1, 0, 2)
    assert replay(told, strict, Settings()).before.stays == 1


def test_costs_come_from_what_such_calls_did_cost() -> None:
    # Twice what was planned for a call: 0.002 for 0.001.
    records = [
        *escalated(Kind.MATH, 30, (0.5, 0.9)),
        *accepted(Kind.MATH, 100, 0.5, (0.5, 0.9)),
    ]
    told = task_histories(records)
    to_cloud = Settings(policy=PolicySettings(max_gain=0.0))
    found = replay(told, Settings(policy=OPEN), to_cloud)
    assert found.before.cost_usd == pytest.approx(0.060)
    assert found.after.cost_usd == pytest.approx(0.260)
    assert found.total.cost_usd.value == pytest.approx(0.200)
    assert (found.before.rejected, found.after.rejected) == (30, 0)
    assert found.total.cloud_calls == 100
    # Half of the accepted answers were wrong, and the cloud's were right.
    assert found.total.quality.value == pytest.approx(50 / 130)
    assert (found.total.quality.low, found.total.quality.high) == pytest.approx((50 / 130,) * 2)


def test_what_cannot_be_known_is_said() -> None:
    told = task_histories(accepted(Kind.CODE, 3, 1.0, (0.6, 0.8)))
    changed = Settings.model_validate(
        {"policy": {"min_confidence": 0.5}, "privacy": {"patterns": {"x": "y"}}}
    )
    said = " ".join(replay(told, Settings(), changed).notes)
    assert "min_confidence differs" in said
    assert "privacy.patterns or privacy.folders differ" in said
