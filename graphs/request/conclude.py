"""How a run ended: who answered and why that may be believed, what it waits for, or why it failed."""

from __future__ import annotations

from graphs.request.check import first_finding
from graphs.request.state import Outcome, Run, State
from router.policy.verification import best_of
from router.types.decision import EscalationReason, RouteDecision
from router.types.result import CloudState, Verification

def conclude(state: State, run: Run) -> Outcome:
    """How the run ended: who answered, what it waits for, or why it failed."""
    decision, completion = state["decision"], state.get("completion")
    escalation, finding = state["escalation"], state["finding"]
    answered_by = state.get("answered_by")
    if completion is not None and run.journal[-1].outcome == "accepted":
        text, model = completion.text, completion.model
        if answered_by == "cloud":
            return Outcome("done", "cloud", text, _why_cloud(decision, run), model)
        if decision.route == "parked":
            return Outcome("done", "local", text, decision.reason, model, degraded=True)
        return Outcome("done", "local", text, decision.reason, model)
    if answered_by == "cloud" and state["cloud_open"]:
        wrong = "" if completion is None else "the cloud's answer is not usable: "
        return Outcome("failed", "none", "", wrong + finding)
    if state.get("refused_there"):
        # The cloud is there and refused the request: parking it would not help.
        return Outcome("failed", "none", "", _why_nobody(run, finding))
    if answered_by == "local" and escalation in _FAILED_HERE:
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
