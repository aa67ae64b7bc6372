"""What happens when the cloud was to answer and could not: why, and who answers instead."""

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
    """Finds out what stands in the way, and names the local agent that may still try."""
    run, decision = runtime.context, state["decision"]
    absent, cloud = state["cloud_absent"], state["cloud_state"]
    left_s = run.deadline - time.monotonic()
    if cloud is CloudState.OPEN and not state["stays_local"]:
        found = await _look(run, left_s)
        cloud, absent = found.state, f"{state['finding']} ({found.words})"
    log.info("cloud.absent", cloud=cloud.value)
    role = role_of(state["guess"].kind, run)
    tried = any(one.role == role for one in run.journal)
    can_try = not tried and not run.upgrade and decision.escalation is EscalationReason.COMPLEX
    can_try = can_try and run.deadline - time.monotonic() > LEAST_S
    return {
        "cloud_open": False,
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


async def _look(run: Run, left_s: float) -> Finding:
    """What stands in the way, as far as there is time to look."""
    try:
        async with asyncio.timeout(left_s):
            return await run.deps.connectivity.look()
    except TimeoutError:
        return Finding(CloudState.PROVIDER_DOWN, "there was no time to look why")


def after_fall_back(state: State) -> Literal["answer_locally", "remember"]:
    return "answer_locally" if state["decision"].agent else "remember"
