"""Asks the guard model, if one is configured, whether a text is safe."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Literal

import structlog

from agents.agent import Agent
from graphs.request.side_question import ask_side_question
from graphs.request.state import Run
from router.engine import Constraint, GenerateRequest
from router.types.completion import Completion
from router.types.task import Message, Privacy

log = structlog.get_logger()

SHOWN_CHARS = 8000
SHARE = 0.2
"""Share of the task's remaining time that one question may take."""

_MAX_TOKENS = 8
_VERDICTS = ("safe", "unsafe")


async def unsafe(
    agent: Agent, text: str, what: Literal["request", "answer"], label: Privacy, run: Run
) -> str | None:
    """Why the text is refused, in words; None where the model calls it safe. label: the text's.

    A guard model that cannot be asked refuses the text: the guard fails closed.
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
        thinking="off",
    )
    completion = await ask_side_question(
        agent,
        request,
        label,
        run,
        lambda said: _verdict(said) is not None,
        role=agent.role,
        before_last=what == "answer",
    )
    verdict = None if completion is None else _verdict(completion)
    if verdict == "safe":
        return None
    log.info("guard.stopped", what=what, verdict=verdict)
    said = f"calls the {what} unsafe" if verdict else f"could not judge the {what}"
    return f"the guard model {agent.engine.caps.model} {said}"


def _verdict(completion: Completion) -> str | None:
    with suppress(ValueError):
        said = json.loads(completion.text)
        return said if said in _VERDICTS else None
    return None
