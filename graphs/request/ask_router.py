"""Asks the router role what kind of request it is, where the classifier is not sure."""

from __future__ import annotations

import json
import math
import time
from contextlib import suppress

from agents.agent import Agent
from agents.calibration import Sureness
from graphs.request.side_question import ask_side_question
from graphs.request.state import Run
from router.engine import Constraint, GenerateRequest
from router.types.completion import Completion
from router.types.decision import Guess, Kind
from router.types.task import Message, Privacy, Task

CHOICES = tuple(kind.value for kind in Kind if kind is not Kind.UNSURE)

SHOWN_CHARS = 2000
"""Characters of the request that are shown: its start says what it is, and more costs time."""

PATIENCE_S = 2.0
"""A second opinion is not worth a longer wait for the model's turn."""

SHARE = 0.1
"""Share of the task's time that the question may take."""


async def second_opinion(agent: Agent, task: Task, guess: Guess, label: Privacy, run: Run) -> Guess:
    """The model's classification if it is sure enough, else `guess`; recorded in the journal.

    label: of the task's text.
    """
    outlook = agent.engine.outlook()
    if outlook.queued and outlook.before_start_s > PATIENCE_S:
        return guess
    now = time.monotonic()
    request = GenerateRequest(
        messages=_question(agent, task),
        deadline=now + (run.deadline - now) * SHARE,
        max_tokens=agent.max_tokens,
        constraint=Constraint(json_schema={"enum": list(CHOICES)}),
        thinking="off",
        priority=task.priority,
    )

    def opinion(completion: Completion) -> Guess | None:
        return _opinion(completion, guess, agent.sureness)

    completion = await ask_side_question(
        agent, request, label, run, lambda said: opinion(said) is not None, role=agent.role
    )
    return (opinion(completion) if completion else None) or guess


def _question(agent: Agent, task: Task) -> tuple[Message, ...]:
    shown = f"---\n{task.prompt[:SHOWN_CHARS]}\n---"
    return (
        Message(role="system", content=agent.system_prompt),
        Message(role="user", content=shown),
    )


def _opinion(completion: Completion, guess: Guess, sureness: Sureness | None) -> Guess | None:
    """None where the answer is cut short, or its probability is below the role's threshold."""
    stats = completion.stats
    confidence = math.exp(stats.mean_logprob) if stats else 0.0
    if sureness is not None and confidence < sureness.min_probability:
        return None
    with suppress(ValueError):
        kind = Kind(json.loads(completion.text))
        return guess.model_copy(update={"kind": kind, "confidence": confidence})
    return None
