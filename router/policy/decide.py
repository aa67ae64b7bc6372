"""Pure decisions: where a task goes before generation, and whether an answer must be escalated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from router.classify.gain import ExpectedScores
from router.settings.policy import PolicySettings
from router.types.decision import DecisionInputs, EscalationReason, Guess, Kind, RouteDecision
from router.types.result import CheckResult

CODER_KINDS = frozenset({Kind.CODE})
REPAIRABLE = frozenset(
    {
        EscalationReason.SCHEMA,
        EscalationReason.FORM,
        EscalationReason.SYNTAX,
        EscalationReason.UNFAITHFUL,
        EscalationReason.CHECK,
        EscalationReason.THINKING,
    }
)
"""Failures that a second try can repair: with the failure shown, or without thinking."""

WORTH_SHOWING = frozenset(
    {
        EscalationReason.SCHEMA,
        EscalationReason.FORM,
        EscalationReason.SYNTAX,
        EscalationReason.UNFAITHFUL,
        EscalationReason.LOW_CONFIDENCE,
        EscalationReason.CUT_OFF,
        EscalationReason.CHECK,
    }
)
"""Reasons for a rejection after which the answer is still useful to the next model."""


@dataclass(frozen=True, slots=True)
class LocalOption:
    """What is known of the local agent before it is asked.

    family: what a specialist takes the task for; None for a general model.
    covered: whether a specialist was trained for it; None for a general model, which may try all.
    window_tokens: None if unknown. prompt_tokens: an estimate.
    wait_s: expected seconds until the model's turn, its swap included; patience_s: how many the
    task has for that. card_known: whether its card says that it is good at what it is asked, or the
    user vouches for it.
    """

    role: str
    covered: bool | None
    family: str | None
    prompt_tokens: int
    window_tokens: int | None
    wait_s: float = 0.0
    patience_s: float = math.inf
    card_known: bool = True


@dataclass(frozen=True, slots=True)
class CloudOption:
    """What is known of the cloud. `absent` says in words why there is none; empty when there is.

    scarce: its budget is nearly used up, so that only what gains more goes there.
    """

    absent: str = ""
    scarce: bool = False


_NEVER = 2.0
"""A limit that no complexity and no gain reaches, not even where the budget is scarce."""


def role_for(kind: Kind) -> str:
    """The local role that answers a kind of task."""
    return "coder" if kind in CODER_KINDS else "general"


SPECIALIST, EXACT = "specialist", "exact"
"""The roles of those that are asked before the model of the task's role."""

ANSWERING = frozenset({*(role_for(kind) for kind in Kind), SPECIALIST, EXACT})
"""The local roles that answer tasks; others are asked for kinds, safety and second opinions."""


def gain_of(guess: Guess, scores: ExpectedScores, policy: PolicySettings) -> float:
    """What the cloud is expected to add to a score, -1..1; a configured gain comes first."""
    return policy.gain.get(guess.kind, scores.gain)


def max_gain_for(kind: Kind, policy: PolicySettings, *, scarce: bool) -> float:
    """The gain above which a task of a kind goes to the cloud; scarce: half way to 1."""
    limit = policy.max_gain_by_kind.get(kind, policy.max_gain)
    return (1 + limit) / 2 if scarce else limit


def max_complexity(policy: PolicySettings, *, scarce: bool) -> float:
    """The complexity from which on a task goes to the cloud; scarce: half way to 1."""
    return (1 + policy.max_complexity) / 2 if scarce else policy.max_complexity


def too_complex(guess: Guess, limit: float, *, card_known: bool = True) -> str:
    """Why a task is too complex for the local model, in words; empty where it is not.

    What the classifier cannot name counts as complex for a model of which nothing is known, unless
    no complexity counts (`limit` above 1).
    """
    if guess.complexity >= limit:
        return f"complexity {guess.complexity:.2f}, the limit is {limit:.2f}"
    if guess.kind is Kind.UNSURE and not card_known and limit <= 1:
        return "it is unclear what is asked, and nothing is known of what the local model can do"
    return ""


def for_named(settings: PolicySettings) -> PolicySettings:
    """Where the caller named the model, only what that model cannot do counts against it."""
    return settings.model_copy(
        update={"max_complexity": _NEVER, "max_gain": _NEVER, "max_gain_by_kind": {}}
    )


def decide(
    guess: Guess,
    scores: ExpectedScores,
    local: LocalOption,
    cloud: CloudOption,
    policy: PolicySettings,
    *,
    must_stay_local: bool,
) -> RouteDecision:
    """Local agent, cloud, or parked for the cloud; always with the reason in words."""
    gain = gain_of(guess, scores, policy)
    decided = partial(
        RouteDecision,
        gain=gain,
        outcomes=scores.outcomes,
        weighed=_weighed(scores, local, cloud, must_stay_local=must_stay_local),
    )
    if must_stay_local:
        reason = "the task must stay on this machine"
        return decided(route="local", agent=local.role, reason=reason)
    against = _against_local(guess, gain, local, policy, scarce=cloud.scarce)
    if against is None:
        return decided(route="local", agent=local.role, reason=_for_local(guess, local))
    escalation, why = against
    if cloud.absent:
        # A draft costs seconds: it is made only where the local model may know the task at all.
        can_try = escalation is EscalationReason.COMPLEX and local.covered is not False
        return decided(
            route="parked",
            agent=local.role if can_try else None,
            reason=f"{why}; {cloud.absent}",
            escalation=escalation,
        )
    return decided(route="cloud", agent=None, reason=why, escalation=escalation)


def _weighed(
    scores: ExpectedScores, local: LocalOption, cloud: CloudOption, *, must_stay_local: bool
) -> DecisionInputs:
    return DecisionInputs(
        role=local.role,
        covered=local.covered,
        prompt_tokens=local.prompt_tokens,
        window_tokens=local.window_tokens,
        wait_s=local.wait_s,
        patience_s=local.patience_s if math.isfinite(local.patience_s) else None,
        cloud_open=not cloud.absent,
        scarce=cloud.scarce,
        must_stay_local=must_stay_local,
        card_known=local.card_known,
        local=scores.local,
        cloud=scores.cloud,
        outcomes=scores.outcomes,
        learned_local=scores.learned_local,
        learned_cloud=scores.learned_cloud,
    )


def _against_local(
    guess: Guess, gain: float, local: LocalOption, policy: PolicySettings, *, scarce: bool
) -> tuple[EscalationReason, str] | None:
    """Why the local model should not answer, or None. Scarce: thresholds are half way to 1."""
    if local.window_tokens is not None and local.prompt_tokens >= local.window_tokens:
        return EscalationReason.CONTEXT, (
            f"about {local.prompt_tokens:,} tokens do not fit the local model's window of "
            f"{local.window_tokens:,}"
        )
    if local.covered is False:
        return (
            EscalationReason.OUT_OF_DOMAIN,
            "the specialist was not trained for this",
        )
    if local.wait_s > local.patience_s:
        return EscalationReason.BUSY, (
            f"the local model's turn is about {local.wait_s:.1f} s away, the task can wait "
            f"{local.patience_s:.1f} s"
        )
    if local.covered:
        return None
    limit = max_complexity(policy, scarce=scarce)
    if complex_ := too_complex(guess, limit, card_known=local.card_known):
        return EscalationReason.COMPLEX, complex_
    max_gain = max_gain_for(guess.kind, policy, scarce=scarce)
    if gain > max_gain:
        return EscalationReason.COMPLEX, (
            f"the cloud is expected to gain {gain:.2f} on {guess.kind.value}, above {max_gain:.2f}"
        )
    return None


def _for_local(guess: Guess, local: LocalOption) -> str:
    if local.family:
        return f"the specialist knows this ({local.family})"
    return f"{guess.kind.value} is routine for the local model"


def escalation_reason(checks: Sequence[CheckResult]) -> EscalationReason | None:
    """The reason of the first check that failed, or None: the answer is good enough."""
    return next((check.reason for check in checks if not check.passed), None)


def may_repair(reason: EscalationReason, *, tried: bool, agent_repairs: bool) -> bool:
    """Whether the same model is asked once more, with the failure shown."""
    return agent_repairs and not tried and reason in REPAIRABLE
