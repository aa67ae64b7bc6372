"""Asks the cloud: through the gate, within the budgets, once for each request, one model after
another until one answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress

import structlog
from langgraph.runtime import Runtime

from agents.agent import Agent
from graphs.attempt import attempt
from graphs.events import Attempted, Token
from graphs.state import Outcome, Run, State
from router import policy, privacy
from router.budget import Budget, Reservation
from router.errors import BudgetExceeded, StoreUnavailable
from router.paid import Paid
from router.types import Attempt, EscalationReason, Message

log = structlog.get_logger()

BRIEF_CHARS = 1500
"""Of a local answer that the cloud is shown: about 400 tokens, a fraction of a cent."""

SHARE = 0.6
"""Of the time that is left for a model behind which another one stands."""

BUDGET_WAIT_SHARE = 0.25
"""Of the time that is left, to wait for money that others have reserved and may not need."""


async def answer_in_cloud(state: State, runtime: Runtime[Run]) -> State:
    """The cloud's answer; nothing reaches its engine except through the gate."""
    run, task = runtime.context, state["task"]
    agent = run.deps.clouds[0]
    messages = privacy.release(task, agent.messages(task, state["history"]))
    # Known by the request alone: a local model's attempt may differ from run to run.
    claim = await run.deps.paid.claim(task.task_id, messages, run.deadline)
    run.called.append(messages)
    if isinstance(claim, Paid):
        return _reuse(agent, claim, runtime)
    answered: State = {"completion": None}
    try:
        briefed = privacy.release(task, (*messages[:-1], _briefed(messages[-1], state)))
        answered = await _first_answer(briefed, state, runtime)
    finally:
        completion = answered.get("completion")
        paid = run.deps.paid
        # An answer that cannot be kept is an answer all the same.
        with suppress(StoreUnavailable):
            await asyncio.shield(paid.finish(claim, completion) if completion else paid.drop(claim))
    return answered


async def _first_answer(
    messages: tuple[Message, ...], state: State, runtime: Runtime[Run]
) -> State:
    """One model after another, in the configured order, until one answers or time or money ends.

    A model that failed rests for a while. Each attempt stands in the journal, and what it wrote
    before it failed was seen under its own number.
    """
    run = runtime.context
    agents = run.deps.rest.ready(run.deps.clouds)
    answered: State = {"completion": None, "answered_by": "cloud"}
    for place, agent in enumerate(agents):
        last = place == len(agents) - 1
        now = time.monotonic()
        deadline = run.deadline if last else now + (run.deadline - now) * SHARE
        answered = await _call_cloud(agent, messages, deadline, state, runtime)
        completion = answered.get("completion")
        if completion is not None and completion.finish_reason != "content_filter":
            run.deps.rest.served(agent)
            return answered
        if last or ("outcome" in answered and answered["outcome"].status == "parked"):
            return answered
        if completion is not None:
            filtered = {"outcome": "rejected", "escalation": EscalationReason.REFUSAL}
            run.journal[-1] = run.journal[-1].model_copy(update=filtered)
            runtime.context.emit(Attempted(run.journal[-1]))
        else:
            run.deps.rest.failed(agent, run.journal[-1])
    return answered


def _briefed(request: Message, state: State) -> Message:
    """The request with what a local model made of it, and what was wrong with that."""
    tried, escalation = state.get("completion"), state.get("escalation")
    if tried is None or escalation not in policy.WORTH_SHOWING or not tried.text.strip():
        return request
    shown = tried.text.strip()[:BRIEF_CHARS]
    brief = (
        f"\n\n[A smaller model's answer was not accepted: {state['finding']}\n{shown}\n"
        "End of that answer. Answer the request yourself; use of it what is right.]"
    )
    return request.model_copy(update={"content": request.content + brief})


def _reuse(agent: Agent, paid: Paid, runtime: Runtime[Run]) -> State:
    """The answer of an earlier run of this task; what stands in the account costs nothing more."""
    run, completion = runtime.context, paid.completion
    usage = completion.usage
    if paid.accounted:
        usage = usage.model_copy(update={"cost_usd": 0.0})
    entry = Attempt(
        number=len(run.journal) + 1,
        role=agent.role,
        engine=completion.engine,
        model=completion.model,
        route="cloud",
        outcome="cancelled",
        usage=usage,
        stats=completion.stats,
    )
    run.journal.append(entry)
    log.info("cloud.reused", model=completion.model)
    runtime.context.emit(Token(completion.text, "cloud", entry.number))
    return {"completion": completion, "answered_by": "cloud"}


async def _call_cloud(
    agent: Agent,
    messages: tuple[Message, ...],
    deadline: float,
    state: State,
    runtime: Runtime[Run],
) -> State:
    """One call, within the budgets if there are any."""
    run, task = runtime.context, state["task"]
    hold_back = run.deps.settings.cloud.hold_back_chars
    if run.deps.budget is None:
        return await attempt(
            agent, messages, deadline, "cloud", state, runtime, hold_back_chars=hold_back
        )
    try:
        # Known before the first task: a budget without a price is refused when the router opens.
        most_usd = agent.most_usd(task, messages) or 0.0
        wait_s = (run.deadline - time.monotonic()) * BUDGET_WAIT_SHARE
        held = await run.deps.budget.reserve(task, most_usd, wait_s=wait_s)
    except BudgetExceeded as error:
        outcome = Outcome("parked", "none", "", str(error))
        return {"completion": None, "answered_by": "cloud", "outcome": outcome}
    before = len(run.journal)
    try:
        return await attempt(
            agent, messages, deadline, "cloud", state, runtime, hold_back_chars=hold_back
        )
    finally:
        await asyncio.shield(_settle(run.deps.budget, held, run.journal[before:]))


async def _settle(budget: Budget, held: Reservation, attempts: Sequence[Attempt]) -> None:
    """What is not settled counts as spent once its time is over: never less than was charged."""
    costs = [attempt.usage.cost_usd for attempt in attempts]
    known = [cost for cost in costs if cost is not None]
    with suppress(StoreUnavailable):
        await budget.settle(held, sum(known) if len(known) == len(costs) else held.amount_usd)
