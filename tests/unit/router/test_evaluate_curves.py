"""The figures of a ranking: on outcomes small enough to work out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from router.evaluate.curves import (
    Outcomes,
    apgr,
    at_threshold,
    auroc,
    bootstrap,
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


def test_a_threshold_does_on_its_own_rows_what_it_was_chosen_for() -> None:
    threshold = threshold_for(ORACLE, FOUR, 0.95)
    working = at_threshold(ORACLE, FOUR, threshold)
    assert (threshold, working.quality, working.saved) == (1.0, 1.0, 0.5)
    assert at_threshold(ORACLE, FOUR, threshold_for(ORACLE, FOUR, 0.4)).saved == 1.0


def test_auroc_counts_pairs_and_halves_ties() -> None:
    wrong = np.array([True, True, False, False])
    assert auroc(ORACLE, wrong) == 1.0
    assert auroc(-ORACLE, wrong) == 0.0
    assert auroc(np.zeros(4), wrong) == 0.5
    assert math.isnan(auroc(ORACLE, np.ones(4, dtype=bool)))


def test_the_interval_holds_the_value_and_is_the_same_each_time() -> None:
    values = np.linspace(0, 1, 200)
    found = bootstrap(lambda rows: float(values[rows].mean()), 200, samples=200)
    assert found.low < found.value < found.high
    assert found == bootstrap(lambda rows: float(values[rows].mean()), 200, samples=200)
    assert str(bootstrap(lambda rows: 0.25, 10, samples=10)) == "0.250 [0.250, 0.250]"
