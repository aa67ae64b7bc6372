"""Asks the guard model, where the user has one, whether a text is safe."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Literal

import structlog

from agents.agent import Agent
from graphs.state import Run
from router.engine import Constraint, GenerateRequest, generate
from router.errors import EngineError
from router.types import Attempt, Completion, Message

log = structlog.get_logger()

SHOWN_CHARS = 8000
SHARE = 0.2
"""Of the task's time that is left, for one question."""

_MAX_TOKENS = 8
_VERDICTS = ("safe", "unsafe")


async def unsafe(
    agent: Agent, text: str, what: Literal["request", "answer"], run: Run
) -> str | None:
    """Why it is not let through, in words; None where the model calls it safe.

    A model that cannot be asked lets nothing through: a guard that fails open is none.
    """
    now = time.monotonic()
    request = GenerateRequest(
        messages=(
            Message(role="system", content=agent.system_prompt),
            Message(role="user", content=f"The {what}:\n---\n{text[:SHOWN_CHARS]}\n---"),
        ),
        deadline=now + (run.deadline - now) * SHARE,
        max_tokens=_MAX_TOKENS,
        constraint=Constraint(json_schema={"enum": list(_VERDICTS)}),
    )
    caps = agent.engine.caps
    entry = Attempt(
        number=len(run.journal) + 1,
        role=agent.role,
        engine=caps.engine,
        model=caps.model,
        route="local",
        outcome="cancelled",
    )
    verdict = None
    try:
        await agent.engine.open()
        completion = await generate(agent.engine, request)
        verdict = _verdict(completion)
        entry = entry.model_copy(
            update={
                "outcome": "accepted" if verdict else "rejected",
                "usage": completion.usage,
                "stats": completion.stats,
            }
        )
    except EngineError as error:
        failure = f"{type(error).__name__}: {error}"
        entry = entry.model_copy(update={"outcome": "failed", "error": failure})
    finally:
        run.journal.append(entry.model_copy(update={"latency_s": time.monotonic() - now}))
    if verdict == "safe":
        return None
    log.info("guard.stopped", what=what, verdict=verdict)
    said = f"calls the {what} unsafe" if verdict else f"could not judge the {what}"
    return f"the guard model {caps.model} {said}"


def _verdict(completion: Completion) -> str | None:
    with suppress(ValueError):
        said = json.loads(completion.text)
        return said if said in _VERDICTS else None
    return None
