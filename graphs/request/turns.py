"""Shows a model fewer turns of a session that is too long for it, and says so in the result."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from agents.agent import Agent
from agents.session_turns import newer_half
from graphs.request.state import State
from router.types.decision import EscalationReason
from router.types.task import Message

Ask = Callable[[tuple[Message, ...]], Awaitable[State]]
"""(what the model is shown) -> what an attempt returns."""

Summarise = Callable[[tuple[Message, ...]], Awaitable[str]]
"""(the older turns) -> a summary of them; empty where there is none."""


async def with_fewer_turns(
    agent: Agent,
    ask: Ask,
    state: State,
    history: tuple[Message, ...],
    *,
    failure: str | None = None,
    again: bool,
    summarise: Summarise | None = None,
) -> State:
    """The answer to the task, given as many of the session's turns as fit.

    again: whether to ask with fewer turns if the model counts more tokens than was estimated.
    summarise: what does not fit is told in short; None leaves it out.
    """
    task, facts = state["task"], state["facts"]
    turns = agent.recalled(task, history, facts)
    summarised = False
    if summarise is not None and len(turns) < len(history):
        older = history[: len(history) - len(turns)]
        if summary := await summarise(older):
            facts, summarised = (*facts, f"earlier in this conversation: {summary}"), True
            turns = agent.recalled(task, history, facts)
    answered = await ask(agent.messages(task, turns, failure, facts))
    while turns and again and _is_too_long(answered):
        turns = newer_half(turns)
        answered = await ask(agent.messages(task, turns, failure, facts))
    left_out = _left_out(agent, state, history, turns, summarised=summarised)
    return {**answered, "left_out": left_out}


def _is_too_long(answered: State) -> bool:
    failed = answered.get("completion") is None
    return failed and answered.get("escalation") is EscalationReason.CONTEXT


def _left_out(
    agent: Agent,
    state: State,
    history: tuple[Message, ...],
    shown: tuple[Message, ...],
    *,
    summarised: bool,
) -> str:
    """A warning that turns were left out, or summarised; empty where all configured turns were
    shown."""
    wanted = agent.last_turns(state["task"], history)
    total, kept = (sum(one.role == "user" for one in part) for part in (wanted, shown))
    if kept >= total:
        return ""
    what = "summarised" if summarised else "left out"
    return (
        f"of {_conversation(state)} the oldest {total - kept} of {total} turns were "
        f"{what} for {agent.engine.caps.model}: they do not fit what it can read "
        "(context_tokens, memory.recall_tokens)"
    )


def _conversation(state: State) -> str:
    session = state["task"].session
    return "the conversation" if session is None else f"session {session!r}"
