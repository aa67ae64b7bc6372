"""What of a configuration recorded traffic is replayed under: its policy, and what stays here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from router.evaluate.outcomes import TaskHistory
from router.privacy.gate import Gate, label_of_kind, strictest
from router.settings.policy import PolicySettings
from router.settings.settings import Settings
from router.types.decision import DecisionInputs
from router.types.task import Privacy


@dataclass(frozen=True, slots=True)
class Rules:
    """What of a configuration is replayed."""

    policy: PolicySettings
    gate: Gate
    settings: Settings

    @classmethod
    def of(cls, settings: Settings) -> Rules:
        return cls(settings.policy, Gate(settings.privacy), settings)

    def label(self, found: Sequence[str]) -> Privacy:
        """By what was found in a text; nothing is found where nobody looks."""
        privacy = self.settings.privacy
        if not privacy.detect:
            return Privacy.PUBLIC
        return strictest(label_of_kind(kind, privacy) for kind in found)


def stays_here(story: TaskHistory, weighed: DecisionInputs, recorded: Rules, rules: Rules) -> bool:
    """Whether a task must stay here, as far as its recorded labels tell."""
    task = story.task
    if task.own_label is None or rules is recorded:
        return weighed.must_stay_local
    known = strictest((task.own_label, recorded.label(task.found)))
    # A stricter label than what was found in it explains came from its session, folder or schema.
    floor = task.privacy if strictest((known, task.privacy)) is not known else task.own_label
    if weighed.must_stay_local and recorded.gate.may_leave(task.privacy):
        return True  # something else kept it here
    return not rules.gate.may_leave(strictest((floor, rules.label(task.found))))


def adjusted(weighed: DecisionInputs, recorded: Rules, rules: Rules, stays: bool) -> DecisionInputs:
    """The recorded facts as they would have been under other settings."""
    patience_s = weighed.patience_s
    if patience_s is not None and weighed.cloud_open:
        own = patience_s
        if abs(own - recorded.policy.max_wait_s) < 1e-6:
            own = rules.policy.max_wait_s
        else:
            own *= rules.policy.local_share / recorded.policy.local_share
        patience_s = min(own, rules.policy.max_wait_s)
    return weighed.model_copy(update={"must_stay_local": stays, "patience_s": patience_s})
