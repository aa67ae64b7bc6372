"""Fits thresholds to outcomes, and estimates their effect on held-out outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from router.errors import ConfigError
from router.evaluate.bootstrap import SAMPLES
from router.evaluate.decided import all_traffic, traffic_of
from router.evaluate.groups import Group, Rows, groups_of
from router.evaluate.outcomes import Known, TaskHistory
from router.evaluate.pairs import Judged, side_of
from router.evaluate.routing import by_kind, traffic
from router.evaluate.thresholds import (
    Line,
    Thresholds,
    Traffic,
    fit_quality,
    fit_share,
    lines,
    thresholds_in,
    with_limit,
)
from router.settings.policy import PolicySettings
from router.types.base import Frozen

FEWEST = 100
"""Tasks with both scores, half of them to fit and half to judge: fewer say next to nothing."""

FEWEST_LOOKED_AT = 40
"""Of them, accepted answers that a shadow run or a person looked at."""

NO_COMPLEXITY = 1.0
"""A limit of complexity that is as good as none; the other one that is tried is that in force."""


@dataclass(frozen=True, slots=True)
class Aim:
    """What is asked for: a share of the cloud's quality, or at most a share of calls."""

    quality: float | None = None
    share: float | None = None


class Limits(Frozen):
    """The keys of the policy that are set."""

    max_gain: float
    max_complexity: float
    max_gain_by_kind: dict[str, float]


class Calibrated(Frozen):
    """What was set, from what, and what is expected of it.

    before, after: the policy in force and the new one. expected_before, expected: both at work on
    the held-back outcomes, by kind and all together; empty where there are too few outcomes to
    judge. sent_before, sent: shares of the tasks that go to the cloud, outcomes known or not.
    counts: outcomes by what told them. notes: what the figures do not cover, in words.
    written: the configuration file that says so now, None where none was written.
    """

    source: str
    aim: Literal["quality", "share"]
    aimed_at: float
    fit_rows: int
    held_rows: int
    counts: dict[str, int] = Field(default_factory=dict)
    before: Limits
    after: Limits
    sent_before: float
    sent: float
    expected_before: tuple[Group, ...]
    expected: tuple[Group, ...]
    notes: tuple[str, ...] = ()
    written: str | None = None

    def to_json(self) -> str:
        return self.model_dump_json(indent=2)


def from_file(
    judged: Judged, policy: PolicySettings, aim: Aim, source: str, samples: int = SAMPLES
) -> Calibrated:
    """Fitted on the file's dev rows, judged on its check rows."""
    rows = by_kind(judged)
    return _calibrated(
        _Data(traffic(judged), rows, judged.dev, traffic(judged)), policy, aim, source, samples
    )


def from_ledger(
    told: Sequence[TaskHistory], known: Known, policy: PolicySettings, aim: Aim, source: str
) -> Calibrated:
    """Fitted on one half of the tasks whose scores are known, judged on the other.

    Raises ConfigError where a quality is asked for and too few scores are known.
    """
    everything = all_traffic(told, policy)
    if not len(everything):
        raise ConfigError(
            f"{source} holds no task whose decision was recorded and that may leave this machine: "
            "let the router work for a while, or calibrate from a file with --file"
        )
    enough, missing = _enough(known)
    if aim.quality is not None and not enough:
        raise ConfigError(
            f"{source} holds {missing}: set learning.shadow_rate (as 0.05) to have some answers "
            "compared with the cloud's, say what was good or bad with `edgeward feedback`, or "
            "calibrate from a file with --file"
        )
    own = traffic_of(known, policy)
    kinds = [one.story.task.kind.value for one in known.scored]
    ids = [one.story.task.task_id for one in known.scored]
    data = _Data(
        own if enough else None,
        Rows(kinds, ids, own.outcomes, own.weights),
        np.array([side_of(task_id) == "dev" for task_id in ids], dtype=bool),
        everything,
    )
    found = _calibrated(data, policy, aim, source, SAMPLES)
    notes = (*_not_covered(known), *([] if enough else [f"quality is not judged: {missing}"]))
    return found.model_copy(update={"counts": dict(known.counts), "notes": notes})


@dataclass(frozen=True, slots=True, eq=False)
class _Data:
    """traffic: with scores, None where there are too few; everything: scores known or not."""

    traffic: Traffic | None
    rows: Rows
    fit: np.ndarray[tuple[int], np.dtype[np.bool_]]
    everything: Traffic


def _calibrated(
    data: _Data, policy: PolicySettings, aim: Aim, source: str, samples: int
) -> Calibrated:
    before = thresholds_in(policy)
    held = ~data.fit
    known = lines(data.traffic.only(data.fit)) if data.traffic is not None else _as_expected()
    if aim.quality is not None:
        assert data.traffic is not None, "asked for before"
        tried = (before.max_complexity, NO_COMPLEXITY)
        after = fit_quality(data.traffic.only(data.fit), aim.quality, tried)
        after = with_limit(after, _highest(data.traffic, before))
    else:
        assert aim.share is not None, "one of both"
        after = fit_share(data.everything, known, aim.share, before.max_complexity)
        _require_reached(after, aim.share, data.everything)
    expected_before: tuple[Group, ...] = ()
    expected: tuple[Group, ...] = ()
    if data.traffic is not None:
        judged = data.traffic.only(held)
        at = np.flatnonzero(held)
        rows = Rows(
            [data.rows.names[place] for place in at.tolist()],
            [data.rows.questions[place] for place in at.tolist()],
            data.rows.outcomes.taken(at),
            data.rows.weights[at],
        )
        expected_before = groups_of(rows, before.sends(judged), samples)
        expected = groups_of(rows, after.sends(judged), samples)
    return Calibrated(
        source=source,
        aim="quality" if aim.quality is not None else "share",
        aimed_at=aim.quality if aim.quality is not None else aim.share or 0.0,
        fit_rows=int(data.fit.sum()),
        held_rows=int(held.sum()),
        before=_limits(before),
        after=_limits(after),
        sent_before=_share(before, data.everything),
        sent=_share(after, data.everything),
        expected_before=expected_before,
        expected=expected,
    )


def _require_reached(after: Thresholds, share: float, tasks: Traffic) -> None:
    sent = _share(after, tasks)
    if sent > share + 1e-9:
        raise ConfigError(
            f"{sent:.1%} of the tasks go to the cloud whatever the thresholds (no local model was "
            f"made for them, they do not fit it or cannot wait): a share of {share:.1%} is out of "
            "reach; ask for more, or give the local roles a general model"
        )


def _enough(known: Known) -> tuple[bool, str]:
    """Whether enough scores are known, and what is there, in words."""
    have = len(known.scored)
    looked_at = sum(one.story.accepted for one in known.scored)
    words = (
        f"{have} tasks whose local and cloud score are both known (needed: {FEWEST}), {looked_at} "
        f"of them accepted answers that a shadow run or a person looked at (needed: "
        f"{FEWEST_LOOKED_AT})"
    )
    return have >= FEWEST and looked_at >= FEWEST_LOOKED_AT, words


def _not_covered(known: Known) -> list[str]:
    notes = []
    if known.straight:
        notes.append(
            f"{known.straight} tasks went straight to the cloud: what the local model would have "
            "made of them is not known, so no threshold is set above what was tried"
        )
    for kind, count in sorted(known.one_sided.items()):
        notes.append(f"none of {count} accepted answers of kind {kind} was looked at: left out")
    if known.unweighed:
        notes.append(f"{known.unweighed} tasks were recorded without their decision: left out")
    return notes


def _highest(tried: Traffic, before: Thresholds) -> float:
    """No threshold goes above what was tried, or is in force."""
    return max(float(tried.gain.max()), before.max_gain, *before.by_kind.values(), -1.0)


def _as_expected() -> Mapping[str, Line]:
    """The expectation itself, where no outcomes correct it."""
    return {"": Line(level=0.0, slope=1.0, middle=0.0)}


def _share(thresholds: Thresholds, tasks: Traffic) -> float:
    return float(tasks.weights @ thresholds.sends(tasks) / tasks.weights.sum())


def _limits(thresholds: Thresholds) -> Limits:
    return Limits(
        max_gain=thresholds.max_gain,
        max_complexity=thresholds.max_complexity,
        max_gain_by_kind=dict(sorted(thresholds.by_kind.items())),
    )


def merged(policy: PolicySettings, after: Limits) -> PolicySettings:
    """The policy with the new limits."""
    return PolicySettings.model_validate(policy.model_dump() | after.model_dump())
