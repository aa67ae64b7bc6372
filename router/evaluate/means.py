"""Mean cost, duration and rejection rate of similar recorded tasks."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from router.evaluate.outcomes import TaskHistory
from router.policy.decide import WORTH_SHOWING

FEWEST_OF_KIND = 10
"""So many tasks of a kind must have been seen before its own mean is taken, not that of all."""

ASSUMED_REJECTED = 0.2
"""Share of local answers that the checks reject, where none was recorded: a judgement."""

BRIEF_TOKENS = 40
"""Around a rejected answer that the cloud is shown: the sentence before and after it."""

_PLANNED_CALLS = 3
"""So many calls of a kind correct its expected cost as much as those of all kinds do."""

_BRIEF_MOST = 375
"""Of the answer itself, about: it is shown in part where it is longer."""


class Means:
    """Of recorded tasks, by kind where enough are known, else of all."""

    def __init__(self, told: Sequence[TaskHistory]) -> None:
        tried = [story for story in told if story.answered]
        asked = [story for story in told if paid_usd(story) is not None]
        self._token_usd = _token_usd(told)
        briefs = [_brief_tokens(story) for story in asked if story.answered]
        self._brief_usd = self._token_usd * (_mean(briefs) or BRIEF_TOKENS)
        self._rejected = _by_kind((story, float(story.rejected)) for story in tried)
        self._local_s = _by_kind((s, s.task.latency_s) for s in tried if s.accepted)
        self._cloud_s = _by_kind((story, cloud_s(story)) for story in asked)
        planned = [story for story in asked if story.task.expected_cloud_usd]
        self._actual = _by_kind((story, self._direct_usd(story)) for story in planned)
        self._planned = _by_kind((s, s.task.expected_cloud_usd or 0.0) for s in planned)

    def rejected(self, story: TaskHistory) -> float:
        """Drawn towards the mean of all kinds by as many tasks as one must have seen."""
        every = _mean(self._rejected[""])
        middle = ASSUMED_REJECTED if every is None else every
        own = self._rejected[story.task.kind.value]
        return (sum(own) + FEWEST_OF_KIND * middle) / (len(own) + FEWEST_OF_KIND)

    def rejections_seen(self, kind: str) -> int:
        """Local answers of a kind that were judged."""
        return len(self._rejected[kind])

    def local_s(self, story: TaskHistory) -> float | None:
        return self._of(self._local_s, story)

    def cloud_s(self, story: TaskHistory) -> float | None:
        return self._of(self._cloud_s, story)

    def cloud_usd(self, story: TaskHistory) -> tuple[float | None, float | None]:
        """Dollars of the cloud's answer, asked at once and asked after a local answer.

        What was paid; else what was planned for a call, corrected by what such calls did cost; else
        the price of an answer as long as the local one was; None where nothing is known.
        """
        paid = paid_usd(story)
        if paid is not None and story.answered:
            return self._direct_usd(story), paid
        direct = paid if paid is not None else self._planned_usd(story)
        return direct, None if direct is None else direct + self._brief_usd

    def spread(self, kind: str) -> float:
        """How far the mean cost of a kind's calls may be from what is expected, as a share of it:
        one standard deviation. As much as single calls are from their plan where none was seen."""
        pairs = zip(self._actual[""], self._planned[""], strict=True)
        ratios = [actual / planned for actual, planned in pairs]
        apart = 1.0
        if len(ratios) > 1:
            apart = float(np.std(ratios)) / max(float(np.mean(ratios)), 1e-9)
        return apart / math.sqrt(1 + len(self._actual[kind]))

    def _planned_usd(self, story: TaskHistory) -> float | None:
        planned = story.task.expected_cloud_usd
        if planned is None:
            return story.task.avoided_usd or None
        every = sum(self._planned[""])
        if not every:
            return planned
        overall = sum(self._actual[""]) / every
        kind = story.task.kind.value
        # As if some calls of the kind had cost what is usual for all kinds.
        usual = _PLANNED_CALLS * planned
        actual = sum(self._actual[kind]) + usual * overall
        return planned * actual / (sum(self._planned[kind]) + usual)

    def _direct_usd(self, story: TaskHistory) -> float:
        """What was paid, without what was paid for showing a rejected answer."""
        paid = paid_usd(story) or 0.0
        return max(0.0, paid - self._token_usd * _brief_tokens(story))

    def _of(self, values: defaultdict[str, list[float]], story: TaskHistory) -> float | None:
        own = values[story.task.kind.value]
        return _mean(own if len(own) >= FEWEST_OF_KIND else values[""])


def paid_usd(story: TaskHistory) -> float | None:
    """What the cloud took for a task; None where it was not asked, or its price is not known."""
    paid = [one.cost_usd for one in story.attempts if one.route == "cloud"]
    if not paid or any(cost is None for cost in paid):
        return None
    return math.fsum(cost for cost in paid if cost is not None)


def cloud_s(story: TaskHistory) -> float:
    """Seconds that the cloud took for a task."""
    return sum(one.latency_s for one in story.attempts if one.route == "cloud")


def _brief_tokens(story: TaskHistory) -> int:
    """What the cloud was shown of a rejected answer, about; 0 where it was shown nothing."""
    last = story.answered[-1] if story.answered else None
    if last is None or last.escalation not in WORTH_SHOWING:
        return 0
    return min(last.completion_tokens, _BRIEF_MOST) + BRIEF_TOKENS


def _token_usd(told: Sequence[TaskHistory]) -> float:
    """Dollars of one token of a prompt, from what calls did cost; 0 where that cannot be told."""
    calls = [
        (float(one.prompt_tokens), float(one.completion_tokens), one.cost_usd)
        for story in told
        for one in story.attempts
        if one.route == "cloud" and one.outcome == "accepted" and one.cost_usd
    ]
    if len(calls) < FEWEST_OF_KIND:
        return 0.0
    tokens = np.array([call[:2] for call in calls])
    prices, _, rank, _ = np.linalg.lstsq(tokens, np.array([call[2] for call in calls]), rcond=None)
    return max(0.0, float(prices[0])) if rank == 2 else 0.0


def _by_kind(values: Iterable[tuple[TaskHistory, float]]) -> defaultdict[str, list[float]]:
    found: defaultdict[str, list[float]] = defaultdict(list)
    for story, value in values:
        found[story.task.kind.value].append(value)
        found[""].append(value)
    return found


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
