"""How a run ended: who answered, what it waits for, or why it failed."""

from __future__ import annotations

from dataclasses import replace

from graphs.request.check import first_finding
from graphs.request.state import Outcome, Run, State
from router.policy.verification import best_of
from router.types.decision import EscalationReason, RouteDecision
from router.types.result import CloudState, Verification


def conclude(state: State, run: Run) -> Outcome:
    """How the run ended: who answered, what it waits for, or why it failed."""
    completion, answered_by = state.get("completion"), state.get("answered_by")
    accepted = completion is not None and run.journal[-1].outcome == "accepted"
    if completion is not None and accepted and answered_by == "cloud":
        why = _why_cloud(state["decision"], run)
        return Outcome(
            *("done", "cloud", completion.text, why, completion.model),
            verification=state["verification"],
            attempt=run.journal[-1].number,
        )
    unproven = accepted and state["verification"] is Verification.UNVERIFIED
    if completion is not None and accepted and not (unproven and state["task"].strict):
        return Outcome(
            *("done", "local", completion.text, state["decision"].reason, completion.model),
            degraded=_cloud_is_missed(state, rejected=False) if unproven else _parked(state),
            verification=state["verification"],
            attempt=run.journal[-1].number,
        )
    if answered_by == "cloud" and state["cloud_open"]:
        wrong = "" if completion is None else "the cloud's answer is not usable: "
        return Outcome("failed", "none", "", wrong + state["finding"])
    draft = best_of(run.drafts)
    # A rejected answer never came to the caller's own checks.
    if draft is None or state["task"].strict or run.options.checks:
        return replace(_nobody(state, run), withheld=draft is not None or unproven)
    alone = "the task must stay on this machine" if state["stays_local"] else state["cloud_absent"]
    return Outcome(
        *("done", "local", draft.completion.text),
        f"the best of the local answers, none of which passed its checks; {alone}",
        draft.completion.model,
        degraded=_cloud_is_missed(state, rejected=True),
        verification=Verification.UNVERIFIED,
        doubt=draft.finding,
        attempt=draft.attempt,
    )


def _parked(state: State) -> bool:
    return state["decision"].route == "parked"


def _cloud_is_missed(state: State, *, rejected: bool) -> bool:
    """Whether an unverified answer stands in for one that the cloud would have been asked for.

    One that nothing speaks against does so only where a cloud is configured.
    """
    if state["stays_local"]:
        return False
    out_of_reach = state["cloud_state"] not in (CloudState.OPEN, CloudState.OFF, CloudState.NO_KEY)
    return _parked(state) or rejected or out_of_reach


def _nobody(state: State, run: Run) -> Outcome:
    """Why there is no answer, and whether the task waits for one."""
    decision, finding = state["decision"], state["finding"]
    if state.get("refused_there"):
        # The cloud is there and refused the request: parking it would not help.
        return Outcome("failed", "none", "", _why_nobody(run, finding))
    if state.get("answered_by") == "local" and state["escalation"] in _FAILED_HERE:
        return Outcome("failed", "none", "", finding)
    if state["stays_local"]:
        tried = any(attempt.route == "local" for attempt in run.journal)
        reason = f"no usable local answer ({finding}), and the task must stay on this machine"
        if run.options.place == "cloud" and not tried:
            reason = "it is to be answered in the cloud, and the text must stay on this machine"
        return Outcome("failed", "none", "", reason)
    if decision.route == "parked":
        return Outcome("parked", "none", "", decision.reason)
    return Outcome("parked", "none", "", f"{finding}; {state['cloud_absent']}")


_FAILED_HERE = frozenset({EscalationReason.ENGINE_FAILED, EscalationReason.REJECTED})


def _why_nobody(run: Run, finding: str) -> str:
    """Why each model failed, or was rejected."""
    said = [
        f"{one.model}: {one.error or first_finding(one.checks)}"
        for one in run.journal
        if one.outcome in ("failed", "rejected")
    ]
    return "no model can do it: " + "; ".join(dict.fromkeys(said)) if said else finding


def _why_cloud(decision: RouteDecision, run: Run) -> str:
    """Why the cloud was asked: the decision, or the finding on the last local attempt."""
    asked = decision.agent  # leaves out the router role's attempts, which are no answers
    local = [
        attempt for attempt in run.journal if attempt.route == "local" and attempt.role == asked
    ]
    if not local:
        return decision.reason
    return f"escalated: {local[-1].error or first_finding(local[-1].checks)}"
