"""Repeats recorded decisions on their recorded inputs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from router.classify.gain import ExpectedScores
from router.evaluate.curves import Floats, Outcomes
from router.evaluate.outcomes import Known, TaskHistory
from router.evaluate.thresholds import Traffic
from router.policy.decide import CloudOption, LocalOption, decide, gain_of
from router.settings.policy import PolicySettings
from router.types.decision import DecisionInputs, RouteDecision

ABOVE_ALL = 2.0
"""A threshold that no gain and no complexity reaches."""


def again(story: TaskHistory, weighed: DecisionInputs, policy: PolicySettings) -> RouteDecision:
    """The decision on recorded inputs, under any policy."""
    return decide(
        story.guess,
        ExpectedScores(weighed.local, weighed.cloud, weighed.outcomes),
        LocalOption(
            role=weighed.role,
            covered=weighed.covered,
            family=None,
            prompt_tokens=weighed.prompt_tokens,
            window_tokens=weighed.window_tokens,
            wait_s=weighed.wait_s,
            patience_s=float("inf") if weighed.patience_s is None else weighed.patience_s,
            card_known=weighed.card_known,
        ),
        CloudOption(absent="" if weighed.cloud_open else "none", scarce=weighed.scarce),
        policy,
        must_stay_local=weighed.must_stay_local,
    )


def traffic_of(known: Known, policy: PolicySettings) -> Traffic:
    """The scored tasks as thresholds see them."""
    return _traffic(
        [(one.story, one.weighed) for one in known.scored],
        np.array(known.weights),
        Outcomes(
            np.array([one.local for one in known.scored]),
            np.array([one.cloud for one in known.scored]),
        ),
        policy,
    )


def all_traffic(told: Sequence[TaskHistory], policy: PolicySettings) -> Traffic:
    """Every task that may leave the machine, scores unknown: for shares of calls."""
    free = [
        (story, story.task.weighed)
        for story in told
        if story.task.weighed is not None and not story.task.weighed.must_stay_local
    ]
    unknown = np.full(len(free), np.nan)
    return _traffic(free, np.ones(len(free)), Outcomes(unknown, unknown), policy)


def _traffic(
    tasks: Sequence[tuple[TaskHistory, DecisionInputs]],
    weights: Floats,
    outcomes: Outcomes,
    policy: PolicySettings,
) -> Traffic:
    open_ = policy.model_copy(update={"max_complexity": ABOVE_ALL, "max_gain": ABOVE_ALL})
    open_ = open_.model_copy(update={"max_gain_by_kind": {}})
    gain, complexity, forced = [], [], []
    for story, weighed in tasks:
        scores = ExpectedScores(weighed.local, weighed.cloud, weighed.outcomes)
        # Tasks that a specialist covers stay local, whatever gain is expected.
        gain.append(-1.0 if weighed.covered else gain_of(story.guess, scores, policy))
        complexity.append(0.0 if weighed.covered else story.guess.complexity)
        forced.append(again(story, weighed, open_).route != "local")
    return Traffic(
        kinds=np.array([story.task.kind.value for story, _ in tasks], dtype=np.str_),
        gain=np.array(gain, dtype=float),
        complexity=np.array(complexity, dtype=float),
        outcomes=outcomes,
        weights=weights,
        forced=np.array(forced, dtype=bool),
    )
