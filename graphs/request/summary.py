"""Summarises, with a model of this machine, the turns of a session that another request has no room
for."""

from __future__ import annotations

import hashlib

from agents.agent import Agent
from agents.session_turns import newest_within, tokens_of
from graphs.request.decide import local_deadline, max_wait_s
from graphs.request.side_question import ask_side_question
from graphs.request.state import Run, State
from router.engine import GenerateRequest
from router.types.completion import Completion
from router.types.task import Message

ROLE = "summary"

SUMMARY_TOKENS = 200
_ORDER = (
    "You are given the beginning of a conversation. Summarise it in at most 120 words, in its own "
    "language. Keep names, numbers, dates, wishes and what was decided. Write the summary alone."
)


async def summary_of(agent: Agent, turns: tuple[Message, ...], state: State, run: Run) -> str:
    """The turns in a few sentences of the agent's model; empty where it gave none.

    Of more than the model can read at once the newest are summarised.
    """
    room = (agent.engine.caps.context_tokens or 4096) - 2 * SUMMARY_TOKENS
    order = Message(role="system", content=_ORDER)
    turns = newest_within(turns, room - tokens_of((order,)))
    if not turns:
        return ""
    told = "\n".join(f"{one.role}: {one.content}" for one in turns)
    key = hashlib.sha256(f"{agent.engine.caps.model}\n{told}".encode()).hexdigest()
    if (kept := run.deps.summaries.get(key)) is not None:
        return kept
    request = GenerateRequest(
        messages=(order, Message(role="user", content=told)),
        deadline=local_deadline(state, run),
        max_tokens=SUMMARY_TOKENS,
        max_wait_s=max_wait_s(state, run),
        thinking="off",
        stop=agent.stop,
    )

    def serves(completion: Completion) -> bool:
        return bool(completion.text.strip()) and completion.finish_reason == "stop"

    answer = await ask_side_question(agent, request, state["label"], run, serves, role=ROLE)
    if answer is None or not serves(answer):
        return ""
    summary = " ".join(answer.text.split())
    run.deps.summaries.keep(key, summary)
    return summary
