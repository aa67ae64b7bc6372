"""Asks a local role's model; text for a host that is another machine passes the gate as for a
cloud, unless that host is trusted, which the ledger then records."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

import structlog
from langgraph.runtime import Runtime

from agents.agent import Agent
from agents.form_constraint import UNBOUNDED, AnswerBounds
from graphs.request.attempt import Sent, attempt, shown_to
from graphs.request.cloud import doubts_of
from graphs.request.state import Run, State
from router.engine import Constraint
from router.errors import PrivacyViolation
from router.privacy.redaction import Redaction
from router.types.result import Attempt
from router.types.task import Message, Privacy, ThinkingMode

log = structlog.get_logger()


class AnswerHere(Protocol):
    """Asks for one generation: (messages, constraint, label of the messages) -> what `attempt`
    returns, recorded in the journal.

    thinking, enforced, bounds: as for `attempt`.
    """

    def __call__(
        self,
        messages: tuple[Message, ...],
        constraint: Constraint | None,
        label: Privacy,
        *,
        thinking: ThinkingMode | None = None,
        enforced: bool = True,
        bounds: AnswerBounds = UNBOUNDED,
    ) -> Awaitable[State]: ...


def answer_here(
    agent: Agent, deadline: float, max_wait_s: float | None, state: State, runtime: Runtime[Run]
) -> AnswerHere:
    """A function that asks the agent; a value has the same placeholder in all its calls."""
    caps = agent.engine.caps
    redaction = Redaction()

    async def ask(
        messages: tuple[Message, ...],
        constraint: Constraint | None,
        label: Privacy,
        *,
        thinking: ThinkingMode | None = None,
        enforced: bool = True,
        bounds: AnswerBounds = UNBOUNDED,
    ) -> State:
        sent = None if caps.host is None else Sent.of(state, redaction, label)
        if not caps.local:
            schema = state["task"].json_schema if constraint is None else constraint.json_schema
            schema = schema if enforced else None  # the schema is in the messages instead
            try:
                released_as = label if sent is None else sent.label
                messages = await runtime.context.deps.gate.releasing(
                    released_as, messages, redaction, schema
                )
            except PrivacyViolation as error:
                return _stopped(agent, label, error, runtime.context)
        answered = await attempt(
            *(agent, messages, deadline, "local", state, runtime),
            max_wait_s=max_wait_s,
            sent=sent,
            constraint=constraint,
            thinking=thinking,
            enforced=enforced,
            bounds=bounds,
        )
        who = f"the model at {caps.host}"
        doubts = doubts_of(answered.get("completion"), redaction, state, who=who)
        return {**answered, "doubts": doubts}

    return ask


def _stopped(agent: Agent, label: Privacy, error: PrivacyViolation, run: Run) -> State:
    """The gate refused the text: no other machine is asked after this, so the task fails."""
    caps = agent.engine.caps
    log.warning("host.blocked", model=caps.model)
    why = f"{caps.model} runs on another machine, {caps.host}, and may not see the text: {error}"
    run.journal.append(
        Attempt(
            number=len(run.journal) + 1,
            role=agent.role,
            engine=caps.engine,
            model=caps.model,
            route="local",
            outcome="failed",
            error=f"{type(error).__name__}: {why}",
            **shown_to(caps, label),
        )
    )
    return {
        "completion": None,
        "answered_by": "local",
        "checks": (),
        "stays_local": True,
        "cloud_open": False,
        "cloud_absent": why,
        "label": Privacy.LOCAL_ONLY,
        "escalation": None,
        "finding": why,
    }
