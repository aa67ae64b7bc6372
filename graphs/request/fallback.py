"""Handles a cloud that was asked and gave no answer: finds out why, and who answers instead."""

from __future__ import annotations

import asyncio
import time
from typing import Literal

import structlog
from langgraph.runtime import Runtime

from agents.connectivity import Finding
from graphs.request.cloud import LEAST_S
from graphs.request.state import Run, State
from graphs.request.visibility import role_of
from router.types.decision import EscalationReason
from router.types.result import CloudState

log = structlog.get_logger()


async def fall_back(state: State, runtime: Runtime[Run]) -> State:
    """Finds out why the cloud did not answer, and names a local agent that may still try."""
    run, decision = runtime.context, state["decision"]
    absent, cloud = state["cloud_absent"], state["cloud_state"]
    left_s = run.deadline - time.monotonic()
    refused = state["escalation"] is EscalationReason.REJECTED and state["cloud_open"]
    if refused:
        absent = state["finding"]
    elif cloud is CloudState.OPEN and not state["stays_local"]:
        answered = state.get("cloud_answered", "")
        found = await _look(run, left_s, answered)
        # What the provider answered is in the finding already.
        words = "" if answered else f" ({found.words})"
        cloud, absent = found.state, f"{state['finding']}{words}"
    log.info("cloud.absent", cloud=cloud.value)
    role = role_of(state["guess"].kind, run)
    here = [one for one in run.journal if one.role == role]
    # A model that cannot enforce the schema may try with the schema in its prompt.
    turned_down = any(one.escalation is EscalationReason.REJECTED for one in here)
    freely = turned_down and state["task"].json_schema is not None
    can_try = freely or (not here and decision.escalation is EscalationReason.COMPLEX)
    can_try = can_try and not run.upgrade
    can_try = can_try and run.deadline - time.monotonic() > LEAST_S
    return {
        "cloud_open": False,
        "refused_there": refused,
        "unenforced": freely,
        "cloud_state": cloud,
        "cloud_absent": absent,
        "decision": decision.model_copy(
            update={
                "route": "local" if state["stays_local"] else "parked",
                "agent": role if can_try else None,
                "reason": f"{decision.reason}; {absent}",
            }
        ),
        "finding": absent,
    }


async def _look(run: Run, left_s: float, answered: str) -> Finding:
    """Why the cloud did not answer, as far as the remaining time allows to find out."""
    try:
        async with asyncio.timeout(left_s):
            return await run.deps.connectivity.look(answered)
    except TimeoutError:
        return Finding(CloudState.PROVIDER_DOWN, "there was no time to look why")


def after_fall_back(state: State) -> Literal["answer_locally", "remember"]:
    return "answer_locally" if state["decision"].agent else "remember"
