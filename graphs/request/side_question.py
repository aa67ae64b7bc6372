"""Asks a local model a side question: what a request is, whether a text is safe, or what a second
model answers; each is recorded in the journal."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import structlog

from agents.agent import Agent
from graphs.request.attempt import released_constraint, shown_to
from graphs.request.state import Run
from router.engine import GenerateRequest, generate
from router.errors import EngineError, PrivacyViolation
from router.privacy.redaction import Redaction
from router.types.completion import Completion
from router.types.result import Attempt
from router.types.task import Privacy

log = structlog.get_logger()


async def ask_side_question(
    agent: Agent,
    request: GenerateRequest,
    label: Privacy,
    run: Run,
    serves: Callable[[Completion], bool],
    *,
    role: str,
    before_last: bool = False,
) -> Completion | None:
    """The model's answer; None where it could not be asked.

    label: of the text in question; a model on another machine gets it through the gate. serves:
    whether the answer was of use, for the ledger. before_last: the attempt goes into the journal
    before the answer that it judges, which stays the last.
    """
    caps = agent.engine.caps
    entry = Attempt(
        number=len(run.journal) + 1,
        role=role,
        engine=caps.engine,
        model=caps.model,
        route="local",
        outcome="cancelled",
        **shown_to(caps, label),
    )
    redaction = Redaction()
    began = time.monotonic()
    completion: Completion | None = None
    try:
        if not caps.local:
            schema = request.constraint.json_schema if request.constraint else None
            released = await run.deps.gate.releasing(label, request.messages, redaction, schema)
            held_to = released_constraint(released)
            request = replace(request, messages=released, constraint=held_to)
            entry = entry.model_copy(update={"redacted": len(redaction.mapping)})
        await agent.engine.open()
        completion = await generate(agent.engine, request)
        text = redaction.restore(completion.text, json=request.constraint is not None)
        completion = completion.model_copy(update={"text": text})
        told = {"usage": completion.usage, "stats": completion.stats, "ttft_s": completion.ttft_s}
        outcome = "accepted" if serves(completion) else "rejected"
        entry = entry.model_copy(update={**told, "outcome": outcome})
    except (EngineError, PrivacyViolation) as error:
        failure = f"{type(error).__name__}: {error}"
        entry = entry.model_copy(update={"outcome": "failed", "error": failure})
        log.info("aside.failed", role=role, model=caps.model, error=type(error).__name__)
    finally:
        place = len(run.journal) - 1 if before_last else len(run.journal)
        took = {"latency_s": time.monotonic() - began}
        run.journal.insert(place, entry.model_copy(update=took))
    return completion
