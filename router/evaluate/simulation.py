"""Simulates a recorded task under a decision: cost, quality and duration.

Values are the recorded ones where the decision was carried out, else expected from similar tasks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from router.evaluate.means import Means, cloud_s, paid_usd
from router.evaluate.outcomes import TaskHistory
from router.learned.evidence import ACCEPTED, PASSES_RIGHT, PASSES_WRONG
from router.settings.policy import PolicySettings
from router.types.decision import DecisionInputs, EscalationReason, RouteDecision


@dataclass(frozen=True, slots=True)
class SimulatedOutcome:
    """One task under one decision.

    rejected: the chance that a local answer is not accepted; 0 or 1 where it is known (`settled`).
    may_ask: the cloud is then asked. cloud_usd: of the cloud's answer if it is asked at once,
    after_usd: if it is asked after a local answer, which it is then shown; None where unknown.
    paid: these were really paid. local, cloud: chances that an answer is right. drafted: a local
    model answers at all. local_s, cloud_s: None where no like task was recorded.
    """

    place: Literal["local", "cloud", "parked"]
    rejected: float
    settled: bool
    may_ask: bool
    cloud_usd: float | None
    after_usd: float | None
    paid: bool
    local: float
    cloud: float
    drafted: bool
    local_s: float | None
    cloud_s: float | None

    @property
    def asked(self) -> float:
        """The chance that the cloud is asked."""
        after = self.rejected if self.may_ask else 0.0
        return {"cloud": 1.0, "local": after, "parked": 0.0}[self.place]

    @property
    def cost_usd(self) -> float | None:
        """Expected dollars."""
        if self.asked == 0:
            return 0.0
        return None if self.call_usd is None else self.asked * self.call_usd

    @property
    def call_usd(self) -> float | None:
        """Dollars of the cloud's answer, if it is asked."""
        return self.cloud_usd if self.place == "cloud" else self.after_usd

    @property
    def quality(self) -> float:
        """Expected score of what the user gets at once; no answer scores 0."""
        if self.place == "cloud":
            return self.cloud
        if not self.drafted:
            return 0.0
        right, wrong = self.rejects
        again = self.local * right + (1 - self.local) * wrong
        kept = self.local * (1 - right)
        return kept + again * self.cloud if self.asked else kept

    @property
    def rejects(self) -> tuple[float, float]:
        """Chances of rejection of a right and of a wrong answer, as the checks tell them apart."""
        if self.settled:
            return self.rejected, self.rejected
        right, wrong = 1 - PASSES_RIGHT, 1 - PASSES_WRONG
        scale = self.rejected / max(self.local * right + (1 - self.local) * wrong, 1e-9)
        return min(1.0, scale * right), min(1.0, scale * wrong)

    @property
    def seconds(self) -> float | None:
        """Expected seconds until the answer is there; None where nothing like it was recorded."""
        if self.place == "cloud":
            return self.cloud_s
        if self.place == "parked" or self.local_s is None:
            return self.local_s if self.drafted else None
        if not self.asked:
            return self.local_s
        return None if self.cloud_s is None else self.local_s + self.asked * self.cloud_s


def simulated_outcome(
    story: TaskHistory,
    weighed: DecisionInputs,
    decision: RouteDecision,
    means: Means,
    policies: tuple[PolicySettings, PolicySettings],
) -> SimulatedOutcome:
    """What becomes of a task. weighed: as the decision had it. policies: that in force while it was
    recorded, and that of the decision: they also say when an answer is good enough."""
    carried_out = decision.route == story.task.decided
    rejected, settled = means.rejected(story), False
    local, cloud = weighed.local, weighed.cloud
    if story.answered:
        rejected, settled = float(_rejected_under(story, *policies)), True
        if story.accepted and not story.shadow and not story.verdict:
            odds = local * ACCEPTED
            local = odds / (odds + 1 - local) if local < 1 else 1.0
    local, cloud = _told(story, local, cloud)
    paid = paid_usd(story)
    direct_usd, after_usd = means.cloud_usd(story)
    return SimulatedOutcome(
        place=decision.route,
        rejected=rejected,
        settled=settled,
        may_ask=weighed.cloud_open and not weighed.must_stay_local,
        cloud_usd=direct_usd,
        after_usd=after_usd,
        paid=paid is not None,
        local=local,
        cloud=cloud,
        drafted=decision.agent is not None,
        local_s=story.task.latency_s if carried_out and story.accepted else means.local_s(story),
        cloud_s=cloud_s(story) if paid is not None else means.cloud_s(story),
    )


def _rejected_under(story: TaskHistory, recorded: PolicySettings, policy: PolicySettings) -> bool:
    """Whether the recorded local answer would be rejected; only the least token probability of a
    model without a calibration can be tried again."""
    last = story.answered[-1]
    sure = last.probability
    if sure is None:
        return story.rejected
    by_probability = last.escalation is EscalationReason.LOW_CONFIDENCE
    if story.rejected and by_probability and sure < recorded.min_probability:
        return sure < policy.min_probability
    if not story.rejected and sure >= recorded.min_probability:
        return sure < policy.min_probability
    return story.rejected


def _told(story: TaskHistory, local: float, cloud: float) -> tuple[float, float]:
    """Scores that a shadow run or a person has told stand above expectations."""
    shadow, verdict = story.shadow, story.verdict
    if shadow is not None:
        local = local if shadow.local_score is None else shadow.local_score
        cloud = cloud if shadow.cloud_score is None else shadow.cloud_score
    if verdict is not None:
        said = 1.0 if verdict.verdict == "good" else 0.0
        local, cloud = (said, cloud) if verdict.answered == "local" else (local, said)
    return local, cloud
