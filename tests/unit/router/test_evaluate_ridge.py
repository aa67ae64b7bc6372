"""The regression on n-grams: it learns, generalises, and standardises by the known rows only."""

from __future__ import annotations

import numpy as np
import pytest

from router.evaluate.ridge import fit_ridge, standardised, table

HARD = [f"prove the lemma number {n} about primes" for n in range(20)]
EASY = [f"what is the capital of country {n}" for n in range(20)]


def test_it_learns_which_words_go_with_a_gain() -> None:
    facts = np.zeros((40, 1))
    target = np.array([1.0] * 20 + [0.0] * 20)
    weights = fit_ridge(table(HARD + EASY, facts), target, penalty=1.0)
    unseen = ["prove the theorem about primes", "what is the capital of the moon"]
    predicted = table(unseen, np.zeros((2, 1))).times(weights)
    assert predicted[0] > 0.7
    assert predicted[1] < 0.3


def test_without_features_that_help_it_predicts_the_mean() -> None:
    target = np.array([0.0, 1.0] * 20)
    weights = fit_ridge(table(["same"] * 40, np.zeros((40, 0))), target)
    assert table(["same"], np.zeros((1, 0))).times(weights)[0] == pytest.approx(0.5)


def test_facts_are_standardised_by_the_known_rows_and_cut() -> None:
    facts = np.array([[0.0, 3.0], [2.0, 3.0], [100.0, 3.0]])
    scaled = standardised(facts, np.array([True, True, False]))
    assert scaled.tolist() == [[-1.0, 0.0], [1.0, 0.0], [4.0, 0.0]]
