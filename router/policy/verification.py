"""Pure decisions on answers: why one may be believed, and which is the best of rejected ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from router.types.completion import Completion
from router.types.decision import EscalationReason
from router.types.result import CheckResult, Verification

_RANK = (
    EscalationReason.UNVERIFIED,
    EscalationReason.LOW_CONFIDENCE,
    EscalationReason.INCOMPLETE,
    EscalationReason.AMBIGUOUS,
    EscalationReason.FORM,
    EscalationReason.UNFAITHFUL,
    EscalationReason.SYNTAX,
    EscalationReason.CUT_OFF,
)
"""Reasons for a rejection after which the text may still serve a person, the mildest first. The
others leave nothing to serve (empty, an echo, a loop, a refusal, a broken schema), or do harm
(obeyed what stood in pasted data), or are somebody's own veto."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A local answer that was rejected, and may be delivered where nobody gives a better one.

    attempt: its number. finding: the one against it, in words.
    """

    attempt: int
    completion: Completion
    reason: EscalationReason
    finding: str


def verification_of(checks: Sequence[CheckResult], *, from_cloud: bool) -> Verification:
    """Why an answer may be believed that passed its checks. The cloud's is trusted: it was asked
    because it is right more often."""
    if any(check.proves for check in checks):
        return Verification.VERIFIED
    if from_cloud or any(check.calibrated for check in checks):
        return Verification.TRUSTED
    return Verification.UNVERIFIED


def may_serve(reason: EscalationReason) -> bool:
    """Whether a text that was rejected for this reason may be delivered, with the finding."""
    return reason in _RANK


def best_of(drafts: Sequence[Draft]) -> Draft | None:
    """The draft with the mildest reason against it; of several the last, which saw the others'
    findings."""
    if not drafts:
        return None
    return min(reversed(drafts), key=lambda draft: _RANK.index(draft.reason))
