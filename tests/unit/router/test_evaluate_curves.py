"""The figures of a ranking: on outcomes small enough to work out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from router.evaluate.bootstrap import Resampling
from router.evaluate.curves import (
    Cut,
    Operating,
    Outcomes,
    Ranked,
    apgr,
    auroc,
    cut_for,
    operating,
    quality_curve,
    saved_at,
    threshold_for,
)

# Two prompts that the local model cannot do and two that it can.
FOUR = Outcomes(local=np.array([0.0, 0.0, 1.0, 1.0]), cloud=np.ones(4))
ORACLE = np.array([2.0, 1.0, 0.0, -1.0])


def test_the_curve_runs_from_always_local_to_always_cloud() -> None:
    assert quality_curve(ORACLE, FOUR).tolist() == [0.5, 0.75, 1.0, 1.0, 1.0]
    assert quality_curve(-ORACLE, FOUR).tolist() == [0.5, 0.5, 0.5, 0.75, 1.0]


def test_one_score_for_everything_is_the_random_router() -> None:
    assert apgr(np.zeros(4), FOUR) == pytest.approx(0.5)
    assert apgr(ORACLE, FOUR) == pytest.approx(0.7)
    assert apgr(-ORACLE, FOUR) == pytest.approx(0.3)


def test_without_a_gap_there_is_nothing_to_recover() -> None:
    assert math.isnan(apgr(ORACLE, Outcomes(FOUR.cloud, FOUR.cloud)))


def test_calls_are_saved_only_while_the_quality_holds() -> None:
    assert saved_at(ORACLE, FOUR, 0.95) == 0.5
    assert saved_at(-ORACLE, FOUR, 0.95) == 0.0
    assert saved_at(ORACLE, FOUR, 0.5) == 1.0


def test_the_shares_of_calls_that_recover_half_and_most_of_the_gap() -> None:
    best, worst = Ranked.of(ORACLE, FOUR).figures(), Ranked.of(-ORACLE, FOUR).figures()
    assert (best.cpt50, best.cpt80, best.saved95) == (0.25, 0.5, 0.5)
    assert (worst.cpt50, worst.cpt80, worst.saved95) == (0.75, 1.0, 0.0)


def test_a_row_that_counts_twice_counts_as_two_rows() -> None:
    weights = np.array([2.0, 1.0, 0.0, 1.0])
    repeated = FOUR.taken(np.array([0, 0, 1, 3]))
    twice = Ranked.of(ORACLE[[0, 0, 1, 3]], repeated).figures()
    assert Ranked.of(ORACLE, FOUR).figures(weights) == twice


def test_equal_scores_are_crossed_in_expectation() -> None:
    # One block of four calls from 0.5 to 1.0: nine tenths of the way is reached after all of them.
    flat = Ranked.of(np.zeros(4), FOUR).figures()
    assert flat.saved95 == 0.0
    assert flat.cpt50 == 0.5


def test_a_threshold_does_on_its_own_rows_what_it_was_chosen_for() -> None:
    threshold = threshold_for(ORACLE, FOUR, 0.95)
    assert threshold == 1.0
    assert operating(threshold <= ORACLE, FOUR) == Operating(quality=1.0, saved=0.5)
    assert operating(threshold_for(ORACLE, FOUR, 0.4) <= ORACLE, FOUR).saved == 1.0


def test_a_cut_through_equal_scores_sends_a_share_of_them() -> None:
    cut = cut_for(np.zeros(4), FOUR, 0.75)
    assert cut == Cut(score=0.0, share=0.5)
    working = operating(cut.sends(np.zeros(4)), FOUR)
    assert (working.quality, working.saved) == (0.75, 0.5)
    assert cut_for(ORACLE, FOUR, 0.5).sends(ORACLE).tolist() == [0, 0, 0, 0]


def test_auroc_counts_pairs_and_halves_ties() -> None:
    wrong = np.array([True, True, False, False])
    assert auroc(ORACLE, wrong) == 1.0
    assert auroc(-ORACLE, wrong) == 0.0
    assert auroc(np.zeros(4), wrong) == 0.5
    assert math.isnan(auroc(ORACLE, np.ones(4, dtype=bool)))


def test_the_interval_holds_the_value_and_is_the_same_each_time() -> None:
    values = np.linspace(0, 1, 200)
    again = Resampling.by([str(number) for number in range(200)], 200)
    found = again.mean(values)
    assert found.low < found.value < found.high
    assert found.value == pytest.approx(0.5)
    assert found == again.mean(values)
    assert str(Resampling.by(["a"] * 10, 10).mean(np.full(10, 0.25))) == "0.250 [0.250, 0.250]"


def test_rows_of_one_question_are_drawn_together() -> None:
    values = np.tile([0.0, 1.0], 50)
    apart = Resampling.by([str(number) for number in range(100)], 300).mean(values)
    # Each question now has one row of either value: whatever is drawn, half of it is ones.
    together = Resampling.by([str(number // 2) for number in range(100)], 300).mean(values)
    assert (together.low, together.high) == (0.5, 0.5)
    assert apart.high - apart.low > 0.1


def test_a_figure_without_a_value_has_no_interval() -> None:
    found = Resampling.by(["a", "b"], 20).intervals(lambda weights: [float("nan")])[0]
    assert math.isnan(found.value)
    assert math.isnan(found.low)
