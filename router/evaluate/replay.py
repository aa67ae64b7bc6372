"""Recorded traffic under a changed configuration: what would differ. Pure; asks no model.

Each decision is made again on the facts that were recorded with it, under both configurations. What
an answer that was never given would have scored nobody knows: it is an expectation, and the
intervals say how far it may be off, by chance and because the expectation itself may be.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from router.evaluate.bootstrap import Interval
from router.evaluate.curves import Floats
from router.evaluate.decided import again
from router.evaluate.draws import drawn_differences
from router.evaluate.means import Means
from router.evaluate.outcomes import TaskHistory
from router.evaluate.rules import Rules, adjusted, stays_here
from router.evaluate.simulation import SimulatedOutcome, simulated_outcome
from router.settings.settings import Settings
from router.types.base import Frozen
from router.types.decision import DecisionInputs, RouteDecision

EXAMPLES = 10


class Side(Frozen):
    """All tasks under one configuration.

    local, cloud, parked: where they are sent. stays: tasks that must not leave the machine.
    rejected: local answers that the checks do not accept. cost_usd:
    of the tasks whose price is known. quality: mean score, 0..1. seconds: mean until the answer,
    of the tasks of which it is known; None without any.
    """

    local: int
    cloud: int
    parked: int
    stays: int
    rejected: float
    cost_usd: float
    quality: float
    seconds: float | None


class Change(Frozen):
    """What differs, new less old, of one kind or of all. Intervals hold 95 % of random draws.

    moved: tasks that are sent elsewhere. quality: in points of the mean score of these tasks.
    """

    kind: str
    tasks: int
    moved: int
    cost_usd: Interval
    quality: Interval
    cloud_calls: float
    seconds: float | None


class Moved(Frozen):
    """One task that is sent elsewhere, and why. Its text is not known here."""

    task_id: str
    kind: str
    before: str
    after: str
    reason: str


class Replay(Frozen):
    """tasks: recorded and decided by the policy. left_out: by why they were. notes: what the
    figures cannot know, in words."""

    tasks: int
    left_out: dict[str, int]
    before: Side
    after: Side
    total: Change
    kinds: tuple[Change, ...]
    more_private: int
    less_private: int
    examples: tuple[Moved, ...]
    notes: tuple[str, ...]

    def to_json(self) -> str:
        return self.model_dump_json(indent=2)


@dataclass(frozen=True, slots=True)
class _Row:
    """One task under both configurations."""

    story: TaskHistory
    stays: tuple[bool, bool]
    decisions: tuple[RouteDecision, RouteDecision]
    fates: tuple[SimulatedOutcome, SimulatedOutcome]

    @property
    def moved(self) -> bool:
        return self.decisions[0].route != self.decisions[1].route


def replay(told: Sequence[TaskHistory], old: Settings, new: Settings) -> Replay:
    """The same tasks under two configurations, of which only policy and privacy count."""
    means, rules = Means(told), (Rules.of(old), Rules.of(new))
    rows = [
        _row(story, story.task.weighed, means, rules)
        for story in told
        if story.task.weighed is not None
    ]
    kinds: defaultdict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        kinds[row.story.task.kind.value].append(row)
    moved = [row for row in rows if row.moved]
    return Replay(
        tasks=len(rows),
        left_out=dict(Counter(_why(story) for story in told if story.task.weighed is None)),
        before=_side(rows, 0),
        after=_side(rows, 1),
        total=_change("all", rows, means),
        kinds=tuple(_change(kind, kinds[kind], means) for kind in sorted(kinds)),
        more_private=sum(row.stays[1] and not row.stays[0] for row in rows),
        less_private=sum(row.stays[0] and not row.stays[1] for row in rows),
        examples=tuple(_example(row) for row in moved[-EXAMPLES:]),
        notes=tuple(_notes(rows, old, new)),
    )


def _row(
    story: TaskHistory, weighed: DecisionInputs, means: Means, gates: tuple[Rules, Rules]
) -> _Row:
    old, new = gates
    stays = (stays_here(story, weighed, old, old), stays_here(story, weighed, old, new))
    facts = (
        adjusted(weighed, old, old, stays[0]),
        adjusted(weighed, old, new, stays[1]),
    )
    decisions = (again(story, facts[0], old.policy), again(story, facts[1], new.policy))
    fates = (
        simulated_outcome(story, facts[0], decisions[0], means, (old.policy, old.policy)),
        simulated_outcome(story, facts[1], decisions[1], means, (old.policy, new.policy)),
    )
    return _Row(story, stays, decisions, fates)


def _side(rows: Sequence[_Row], at: int) -> Side:
    fates = [row.fates[at] for row in rows]
    places = Counter(one.place for one in fates)
    timed = [one.seconds for one in fates if one.seconds is not None]
    return Side(
        local=places["local"],
        cloud=places["cloud"],
        parked=places["parked"],
        stays=sum(row.stays[at] for row in rows),
        rejected=sum(one.rejected for one in fates if one.place == "local"),
        cost_usd=sum(one.cost_usd or 0.0 for one in fates),
        quality=sum(one.quality for one in fates) / max(len(fates), 1),
        seconds=sum(timed) / len(timed) if timed else None,
    )


def _change(kind: str, rows: Sequence[_Row], means: Means) -> Change:
    """The difference of the two fates of each task, and how far it may be off."""
    differing = [row for row in rows if row.fates[0] != row.fates[1]]
    cost, quality = drawn_differences([(row.story, *row.fates) for row in differing], means)
    pairs = [(row.fates[0].seconds, row.fates[1].seconds) for row in rows]
    timed = [after - before for before, after in pairs if before is not None and after is not None]
    count = max(len(rows), 1)
    return Change(
        kind=kind,
        tasks=len(rows),
        moved=sum(row.moved for row in rows),
        cost_usd=_interval(sum(_gap(row, "cost") for row in differing), cost),
        quality=_interval(sum(_gap(row, "quality") for row in differing) / count, quality / count),
        cloud_calls=sum(row.fates[1].asked - row.fates[0].asked for row in differing),
        seconds=sum(timed) / len(timed) if timed else None,
    )


def _gap(row: _Row, what: str) -> float:
    before, after = row.fates
    if what == "quality":
        return after.quality - before.quality
    return (after.cost_usd or 0.0) - (before.cost_usd or 0.0)


def _interval(value: float, drawn: Floats) -> Interval:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(float(value), float(low), float(high))


def _example(row: _Row) -> Moved:
    before, after = row.decisions
    return Moved(
        task_id=row.story.task.task_id,
        kind=row.story.task.kind.value,
        before=before.route,
        after=after.route,
        reason=after.reason,
    )


def _why(story: TaskHistory) -> str:
    """Why a task is left out: the policy did not decide it, or the record does not say what on."""
    if story.task.complexity is None:
        return "recorded by an earlier version"
    return "from memory" if story.task.cache_hit else "not decided by the policy"


def _notes(rows: Sequence[_Row], old: Settings, new: Settings) -> list[str]:
    notes = []
    other = sum(row.decisions[0].route != row.story.task.decided for row in rows)
    if other:
        notes.append(
            f"{other} tasks were decided otherwise than the configuration in force would decide "
            "them now: what they cost and scored under it is an expectation too"
        )
    unpriced = sum(one.asked > 0 and one.call_usd is None for row in rows for one in row.fates[1:])
    if unpriced:
        notes.append(f"what the cloud would take for {unpriced} tasks is not known: counted as $0")
    if old.policy.min_confidence != new.policy.min_confidence:
        notes.append(
            "policy.min_confidence differs: how sure calibrated models were is not recorded, so "
            "their answers are counted as they were judged"
        )
    if old.policy.second_opinion != new.policy.second_opinion:
        notes.append("policy.second_opinion differs: what another model would say is not known")
    texts = ("patterns", "folders")
    if any(getattr(old.privacy, one) != getattr(new.privacy, one) for one in texts):
        notes.append(
            "privacy.patterns or privacy.folders differ: texts are not recorded, so what they "
            "would be labelled is not known"
        )
    if new.privacy.detect and not old.privacy.detect:
        notes.append("privacy.detect was off: what would be found in the texts is not known")
    if (old.models, old.cloud) != (new.models, new.cloud):
        notes.append("models or the cloud differ: both are replayed with those in force")
    return notes
