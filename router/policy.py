"""Pure judgement: where a task goes before generation, and whether an answer must be escalated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from router.settings import PolicySettings
from router.types import CheckResult, EscalationReason, Guess, Kind, RouteDecision

GAIN: dict[Kind, float] = {
    # Measured on public outcomes of 1-3.8 B models against frontier ones (strong - weak score):
    Kind.TOOL: 0.05,  # Berkeley function calling
    Kind.WRITING: 0.0,  # AlpacaEval
    Kind.MATH: 0.26,  # GSM8K 0.14, MATH level 5 0.38
    Kind.KNOWLEDGE: 0.30,  # MMLU-Pro
    # Assumed until this user's own outcomes say more:
    Kind.EXTRACTION: 0.05,
    Kind.REWRITING: 0.05,
    Kind.SUMMARISATION: 0.10,
    Kind.TRANSLATION: 0.15,
    Kind.CODE: 0.15,
    Kind.UNSURE: 0.15,
}
"""Expected cloud score minus local score, 0..1, by kind."""

CODER_KINDS = frozenset({Kind.CODE})
REPAIRABLE = frozenset(
    {
        EscalationReason.SCHEMA,
        EscalationReason.SYNTAX,
        EscalationReason.UNFAITHFUL,
        EscalationReason.CHECK,
    }
)
"""What showing the failure to the model can mend."""

WORTH_SHOWING = frozenset(
    {
        EscalationReason.SCHEMA,
        EscalationReason.SYNTAX,
        EscalationReason.UNFAITHFUL,
        EscalationReason.LOW_CONFIDENCE,
        EscalationReason.CUT_OFF,
        EscalationReason.CHECK,
    }
)
"""Why an answer was rejected that still holds something for the one who answers next."""


@dataclass(frozen=True, slots=True)
class LocalOption:
    """What is known of the local agent before it is asked.

    family: what a specialist takes the task for; None for a general model.
    covered: whether a specialist was trained for it; None for a general model, which may try all.
    window_tokens: None if unknown. prompt_tokens: an estimate.
    wait_s: expected seconds until the model's turn, its swap included; patience_s: how many the
    task has for that.
    """

    role: str
    covered: bool | None
    family: str | None
    prompt_tokens: int
    window_tokens: int | None
    wait_s: float = 0.0
    patience_s: float = math.inf


@dataclass(frozen=True, slots=True)
class CloudOption:
    """What is known of the cloud. `absent` says in words why there is none; empty when there is.

    scarce: its budget is nearly used up, so that only what gains more goes there.
    """

    absent: str = ""
    scarce: bool = False


def role_for(kind: Kind) -> str:
    """The local role that answers a kind of task."""
    return "coder" if kind in CODER_KINDS else "general"


def decide(
    guess: Guess,
    local: LocalOption,
    cloud: CloudOption,
    policy: PolicySettings,
    *,
    must_stay_local: bool,
) -> RouteDecision:
    """Local agent, cloud, or parked for the cloud; always with the reason in words."""
    against = _against_local(guess, local, policy, scarce=cloud.scarce)
    if must_stay_local:
        reason = "the task must stay on this machine"
        return RouteDecision(route="local", agent=local.role, reason=reason)
    if against is None:
        return RouteDecision(route="local", agent=local.role, reason=_for_local(guess, local))
    escalation, why = against
    if cloud.absent:
        # A draft is worth its seconds only where the local model may know the task at all.
        can_try = escalation is EscalationReason.COMPLEX and local.covered is not False
        return RouteDecision(
            route="parked",
            agent=local.role if can_try else None,
            reason=f"{why}; {cloud.absent}",
            escalation=escalation,
        )
    return RouteDecision(route="cloud", agent=None, reason=why, escalation=escalation)


def _against_local(
    guess: Guess, local: LocalOption, policy: PolicySettings, *, scarce: bool
) -> tuple[EscalationReason, str] | None:
    """Why the local model should not answer, or None. Scarce: thresholds are half way to 1."""
    max_complexity, max_gain = policy.max_complexity, policy.max_gain
    if scarce:
        max_complexity, max_gain = (1 + max_complexity) / 2, (1 + max_gain) / 2
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
    if guess.complexity >= max_complexity:
        return EscalationReason.COMPLEX, (
            f"complexity {guess.complexity:.2f}, the limit is {max_complexity:.2f}"
        )
    gain = policy.gain.get(guess.kind, GAIN[guess.kind])
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
