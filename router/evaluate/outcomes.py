"""Finds tasks in the ledger whose local and cloud scores can both be told.

Three sources tell a score: a person's feedback, a shadow run, and a rejection by the checks. The
first two are of accepted answers, the last of rejected ones: either sample alone would say that the
local model is always right, or never. So accepted answers with a known score stand for all accepted
answers of their kind, and a kind without any is left out. Tasks that went straight to the cloud say
nothing of the local model: no threshold can be justified beyond what was tried.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from router.account.records import (
    SHADOW_ROLE,
    AttemptRecord,
    FeedbackRecord,
    Record,
    ShadowRecord,
    TaskRecord,
)
from router.policy.decide import ANSWERING
from router.types.decision import DecisionInputs, EscalationReason, Guess, Kind

_ABOUT_THE_WAY = frozenset(
    {
        EscalationReason.BUSY,
        EscalationReason.CONTEXT,
        EscalationReason.ENGINE_FAILED,
        EscalationReason.REJECTED,
    }
)
"""Reasons that say nothing of the answer's quality."""


@dataclass(slots=True)
class TaskHistory:
    """One task with its attempts, and what was said of it later."""

    task: TaskRecord
    attempts: tuple[AttemptRecord, ...]
    shadow: ShadowRecord | None = None
    verdict: FeedbackRecord | None = None

    @property
    def guess(self) -> Guess:
        """As the policy had it; what only other parts of the program need is left open."""
        language = self.task.language
        return Guess(
            kind=self.task.kind,
            confidence=self.task.confidence or 0.0,
            language="en" if language == "en" else "pt" if language == "pt" else "other",
            complexity=self.task.complexity or 0.0,
        )

    @property
    def answered(self) -> tuple[AttemptRecord, ...]:
        """What the local agent itself answered; others are asked for kinds and second opinions."""
        return tuple(
            one
            for one in self.attempts
            if one.route == "local"
            and one.role in ANSWERING
            and one.outcome in ("accepted", "rejected")
        )

    @property
    def rejected(self) -> bool:
        """The last local answer was not good enough."""
        last = self.answered[-1] if self.answered else None
        return (
            last is not None
            and last.outcome == "rejected"
            and last.escalation not in _ABOUT_THE_WAY
        )

    @property
    def accepted(self) -> bool:
        """A local model's answer was delivered."""
        return self.task.status == "done" and self.task.route == "local"


@dataclass(frozen=True, slots=True)
class Scored:
    """A task of which both scores are known; `by` says from what."""

    story: TaskHistory
    weighed: DecisionInputs
    local: float
    cloud: float
    by: str


@dataclass(frozen=True, slots=True)
class Known:
    """Everything in the ledger about both sides.

    weights: how many tasks each scored one stands for. one_sided: kinds that are left out because
    no accepted answer has a known score, with the number of accepted answers. straight: tasks that
    went to the cloud without a local attempt. unweighed: tasks whose decision was not recorded.
    """

    scored: tuple[Scored, ...]
    weights: tuple[float, ...]
    counts: Counter[str]
    one_sided: dict[str, int] = field(default_factory=dict)
    straight: int = 0
    unweighed: int = 0


def task_histories(records: Iterable[Record]) -> list[TaskHistory]:
    """The tasks of a ledger, in the order of writing; shadow runs and feedback stand at theirs."""
    found: list[TaskHistory] = []
    latest: dict[str, TaskHistory] = {}
    waiting: defaultdict[str, list[AttemptRecord]] = defaultdict(list)
    for record in records:
        match record:
            case AttemptRecord() if record.role != SHADOW_ROLE:
                waiting[record.task_id].append(record)
            case TaskRecord():
                attempts = tuple(waiting.pop(record.task_id, ()))
                found.append(TaskHistory(record, attempts))
                latest[record.task_id] = found[-1]
            case ShadowRecord() if record.task_id in latest:
                latest[record.task_id].shadow = record
            case FeedbackRecord() if record.task_id in latest:
                latest[record.task_id].verdict = record
    return found


def known_of(told: Sequence[TaskHistory]) -> Known:
    """The tasks of which both scores are known, and for how many each stands."""
    accepted: Counter[Kind] = Counter()
    looked_at: defaultdict[Kind, Counter[str]] = defaultdict(Counter)
    scored: list[Scored] = []
    straight = unweighed = 0
    for story in told:
        weighed = story.task.weighed
        if weighed is None:
            unweighed += 1
            continue
        straight += story.task.decided == "cloud"
        if weighed.covered:
            continue  # a specialist's own tasks: no threshold of gain is asked
        accepted[story.task.kind] += story.accepted
        if (one := _scored(story, weighed)) is not None:
            scored.append(one)
            if story.accepted:
                looked_at[story.task.kind][one.by] += 1
    # Feedback is not a random sample, so it stands only for itself; shadow runs are drawn at
    # random.
    kept = [one for one in scored if looked_at[one.story.task.kind]]
    weights = [_weight(one, accepted, looked_at[one.story.task.kind]) for one in kept]
    left_out = {kind.value: n for kind, n in accepted.items() if n and not looked_at[kind]}
    return Known(
        scored=tuple(kept),
        weights=tuple(weights),
        counts=Counter(one.by for one in kept),
        one_sided=left_out,
        straight=straight,
        unweighed=unweighed,
    )


def _scored(story: TaskHistory, weighed: DecisionInputs) -> Scored | None:
    """Both scores of a task; None where one of them is not known.

    Where the cloud was not compared, its expected score stands in: hardly anything checks it.
    """
    shadow, verdict = story.shadow, story.verdict
    compared = (
        shadow is not None and shadow.local_score is not None and shadow.cloud_score is not None
    )
    local, cloud, by = None, weighed.cloud, ""
    if compared and shadow is not None:
        local, cloud, by = shadow.local_score, shadow.cloud_score or 0.0, "shadow"
    elif story.rejected:
        local, by = 0.0, "escalation"
    if verdict is not None:
        said = 1.0 if verdict.verdict == "good" else 0.0
        if verdict.answered == "local":
            local, by = said, by or "feedback"
        elif local is not None:
            cloud = said
    return None if local is None else Scored(story, weighed, local, cloud, by)


def _weight(one: Scored, accepted: Counter[Kind], seen: Counter[str]) -> float:
    """How many tasks a scored one stands for."""
    if not one.story.accepted:
        return 1.0
    count = accepted[one.story.task.kind]
    if not seen["shadow"]:
        return count / seen["feedback"]
    return (count - seen["feedback"]) / seen["shadow"] if one.by == "shadow" else 1.0
