"""How sure a model was, against the plain formulas in double precision."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from agents.engines.token_stats import StatsGatherer

VOCAB = 24
logits = arrays(np.float32, VOCAB, elements=st.floats(-60, 60, width=32))
masks = arrays(np.bool_, VOCAB).filter(lambda mask: bool(mask.any()))


@given(first=logits, second=logits, mask=masks, picks=st.tuples(*[st.integers(0, VOCAB - 1)] * 2))
def test_they_are_those_of_the_formulas(
    first: np.ndarray, second: np.ndarray, mask: np.ndarray, picks: tuple[int, int]
) -> None:
    gatherer = StatsGatherer()
    logprobs, entropies, margins, masses = [], [], [], []
    for row, pick in zip((first, second), picks, strict=True):
        gatherer.observe(row.copy(), mask)
        gatherer.chose(pick)
        wide = row.astype(np.float64)
        probabilities = np.exp(wide - wide.max()) / np.exp(wide - wide.max()).sum()
        with np.errstate(divide="ignore"):
            logs = wide - wide.max() - math.log(np.exp(wide - wide.max()).sum())
        logprobs.append(logs[pick])
        entropies.append(-(probabilities * logs).sum())
        margins.append(float(np.diff(np.sort(wide)[-2:])[0]))
        masses.append(probabilities[mask].sum())

    stats = gatherer.result()

    assert stats is not None
    assert stats.tokens == 2
    assert stats.sum_logprob == pytest.approx(sum(logprobs), rel=1e-4, abs=1e-3)
    assert stats.min_logprob == pytest.approx(min(logprobs), rel=1e-4, abs=1e-3)
    assert stats.mean_entropy == pytest.approx(sum(entropies) / 2, rel=1e-3, abs=1e-3)
    assert stats.min_margin == pytest.approx(min(margins), rel=1e-3, abs=1e-3)
    assert stats.min_allowed_mass == pytest.approx(min(masses), rel=1e-3, abs=1e-4)


def test_a_model_forced_on_an_answer_shows_it() -> None:
    row = np.array([9.0, 0.0, 0.0], np.float32)
    gatherer = StatsGatherer()
    gatherer.observe(row, np.array([False, True, True]))
    gatherer.chose(1)
    stats = gatherer.result()
    assert stats is not None
    assert stats.min_allowed_mass is not None
    assert stats.min_allowed_mass < 0.001
    assert stats.min_logprob < -8


def test_masked_tokens_are_no_trouble() -> None:
    row = np.array([1.0, 1.0, -np.inf, -np.inf], np.float32)
    gatherer = StatsGatherer()
    gatherer.observe(row, None)
    gatherer.chose(0)
    stats = gatherer.result()
    assert stats is not None
    assert stats.mean_entropy == pytest.approx(math.log(2), rel=1e-5)
    assert (stats.min_margin, stats.min_allowed_mass) == (0.0, None)


def test_an_answer_without_a_token_has_none() -> None:
    gatherer = StatsGatherer()
    gatherer.observe(np.zeros(4, np.float32), None)
    assert gatherer.result() is None
