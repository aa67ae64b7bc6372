"""Thresholds by kind: on made-up traffic whose best thresholds are known."""

from __future__ import annotations

import numpy as np
import pytest

from router.evaluate.curves import Outcomes
from router.evaluate.thresholds import (
    KIND_FLOOR,
    Thresholds,
    Traffic,
    fit_quality,
    fit_share,
    lines,
    thresholds_in,
    with_limit,
)
from router.settings.policy import PolicySettings
from router.types.decision import Kind


def traffic(*parts: tuple[str, float, float, int], noise: float = 0.0) -> Traffic:
    """(kind, expected gain, share of local answers that are right, rows); the cloud is right."""
    chance = np.random.default_rng(1)
    kinds = np.concatenate([[kind] * count for kind, _, _, count in parts])
    gain = np.concatenate([np.full(count, gain) for _, gain, _, count in parts])
    local = np.concatenate(
        [(np.arange(count) < right * count).astype(float) for _, _, right, count in parts]
    )
    size = len(kinds)
    return Traffic(
        kinds=kinds,
        gain=np.round(gain + chance.normal(0, noise, size), 4),
        complexity=np.zeros(size),
        outcomes=Outcomes(local, np.ones(size)),
        weights=np.ones(size),
        forced=np.zeros(size, dtype=bool),
    )


# What is expected of code is far too good, of knowledge far too bad.
MISJUDGED = traffic(("code", 0.05, 0.4, 400), ("knowledge", 0.40, 0.98, 400))


def test_a_kind_that_is_misjudged_gets_a_threshold_of_its_own() -> None:
    found = fit_quality(MISJUDGED, 0.95, (1.0,))
    sent = found.sends(MISJUDGED)
    assert sent[MISJUDGED.kinds == "code"].all()
    assert not sent[MISJUDGED.kinds == "knowledge"].any()
    working = found.at_work(MISJUDGED)
    assert (working.quality, working.saved) == (pytest.approx(0.99), 0.5)


def test_the_lines_follow_many_outcomes_and_few_hardly_move_them() -> None:
    found = lines(MISJUDGED)
    assert float(found["code"].at(np.array([0.05]))[0]) == pytest.approx(0.58, abs=0.03)
    few = lines(traffic(("code", 0.05, 0.0, 3), ("math", 0.05, 0.95, 400)))
    assert float(few["code"].at(np.array([0.05]))[0]) < 0.2


def test_every_kind_with_enough_outcomes_keeps_its_floor() -> None:
    # All together would keep 95 % without a single call for extraction.
    data = traffic(("tool", 0.02, 0.97, 900), ("extraction", 0.06, 0.6, 60), noise=0.01)
    found = fit_quality(data, 0.90, (1.0,))
    own = data.only(data.kinds == "extraction")
    assert found.at_work(own).quality >= KIND_FLOOR
    assert found.at_work(data).saved > 0.9


@pytest.mark.parametrize("target", [0.80, 0.90, 0.95, 0.99, 1.0])
def test_the_target_is_kept_on_the_outcomes_themselves(target: float) -> None:
    data = traffic(
        ("code", 0.1, 0.7, 300), ("math", 0.2, 0.5, 300), ("tool", 0.0, 0.9, 300), noise=0.05
    )
    assert fit_quality(data, target, (0.4, 1.0)).at_work(data).quality >= target - 1e-9


def test_the_limit_of_complexity_is_lifted_where_that_saves_calls() -> None:
    data = traffic(("math", 0.2, 0.97, 200))
    complex_ = Traffic(
        data.kinds,
        data.gain,
        np.linspace(0, 1, 200) * 0.9,
        data.outcomes,
        data.weights,
        data.forced,
    )
    assert fit_quality(complex_, 0.95, (0.4, 1.0)).max_complexity == 1.0
    assert fit_quality(complex_, 0.95, (0.4,)).at_work(complex_).saved < 0.5


@pytest.mark.parametrize("share", [0.0, 0.1, 0.25, 0.6])
def test_a_share_of_calls_is_not_exceeded_and_nearly_used(share: float) -> None:
    data = traffic(("code", 0.1, 0.7, 500), ("math", 0.2, 0.5, 500), noise=0.05)
    found = fit_share(data, lines(data), share, 1.0)
    sent = found.sends(data).mean()
    assert share - 0.01 <= sent <= share


def test_what_must_go_there_in_any_case_counts_to_the_share() -> None:
    data = traffic(("code", 0.1, 0.7, 100), noise=0.05)
    forced = np.arange(100) < 30
    data = Traffic(data.kinds, data.gain, data.complexity, data.outcomes, data.weights, forced)
    assert fit_share(data, lines(data), 0.2, 1.0).sends(data).mean() == 0.30
    assert fit_share(data, lines(data), 0.5, 1.0).sends(data).mean() == pytest.approx(0.5, abs=0.02)


def test_a_weight_is_so_many_tasks() -> None:
    data = traffic(("code", 0.1, 0.5, 2), ("math", 0.2, 0.5, 2))
    heavy = Traffic(
        data.kinds,
        data.gain,
        data.complexity,
        data.outcomes,
        np.array([3.0, 3.0, 1.0, 1.0]),
        data.forced,
    )
    half = Thresholds(max_gain=0.15, max_complexity=1.0)
    assert half.at_work(data).saved == 0.5
    assert half.at_work(heavy).saved == 0.75


def test_thresholds_decide_as_the_policy_does() -> None:
    policy = PolicySettings(max_gain=0.1, max_gain_by_kind={Kind.MATH: 0.3}, max_complexity=0.4)
    data = traffic(("math", 0.3, 1, 1), ("math", 0.31, 1, 1), ("code", 0.1, 1, 1))
    assert thresholds_in(policy).sends(data).tolist() == [False, True, False]


def test_no_threshold_is_set_above_what_was_measured() -> None:
    capped = with_limit(Thresholds(0.9, 1.0, {"math": 0.1, "code": 0.8}), 0.35)
    assert (capped.max_gain, capped.by_kind) == (0.35, {"math": 0.1, "code": 0.35})
