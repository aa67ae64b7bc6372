"""Asks the cloud: through the gate, within the budgets, once for each request, one model after
another until one answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

import structlog
from langgraph.runtime import Runtime

from agents.agent import Agent
from graphs.events import Attempted, Token
from graphs.request.attempt import Sent, attempt
from graphs.request.guard import relabelled
from graphs.request.state import Run, State
from graphs.request.tool_loop import answer_with_tools, toolbox_of
from router.account.budget import Budget, Reservation
from router.account.idempotency import Paid
from router.engine import Constraint
from router.errors import BudgetExceeded, PrivacyViolation, StoreUnavailable
from router.policy import decide as policy
from router.privacy.gate import Released
from router.privacy.redaction import Redaction
from router.types.decision import EscalationReason
from router.types.result import Attempt, CloudState
from router.types.task import Message, Privacy

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
    asked = agent.messages(task, _before(state, run), facts=state["facts"])
    toolbox = await toolbox_of(agent, state, run)
    if toolbox is None:
        return await _ask(asked, Sent(state["label"], Redaction()), None, state, runtime)
    redaction = Redaction()  # one for all: the same value has the same placeholder in every step

    async def generate(
        messages: tuple[Message, ...], constraint: Constraint, label: Privacy
    ) -> State:
        return await _ask(messages, Sent(label, redaction), constraint, state, runtime)

    answered = await answer_with_tools(asked, toolbox, generate, state, runtime)
    return {**answered, **relabelled(state, answered["label"], run)}


async def _ask(
    asked: tuple[Message, ...],
    sent: Sent,
    constraint: Constraint | None,
    state: State,
    runtime: Runtime[Run],
) -> State:
    """One question to the cloud: released, asked once for its task and words, and answered."""
    run, task = runtime.context, state["task"]
    gate = run.deps.gate
    try:
        messages = await gate.releasing(sent.label, asked, sent.redaction)
    except PrivacyViolation as error:
        return _blocked(error)
    # Known by the request alone: a local model's attempt may differ from run to run.
    claim = await run.deps.paid.claim(task.task_id, messages, run.deadline)
    run.called.append(messages)
    if isinstance(claim, Paid):
        return _reuse(run.deps.clouds[0], claim, runtime, shown=constraint is None)
    answered: State = {"completion": None}
    try:
        if constraint is None:
            # What the local model wrote may hold what the request does not: then it stays here.
            with suppress(PrivacyViolation):
                briefed = (*asked[:-1], _briefed(asked[-1], state))
                messages = await gate.releasing(sent.label, briefed, sent.redaction)
        answered = await _first_answer(messages, sent, constraint, state, runtime)
    finally:
        completion = answered.get("completion")
        paid = run.deps.paid
        # An answer that cannot be kept is an answer all the same.
        with suppress(StoreUnavailable):
            ended = (
                paid.finish(claim, completion, run.options.paid_kept_s)
                if completion
                else paid.drop(claim)
            )
            await asyncio.shield(ended)
    return answered


async def _first_answer(
    messages: Released,
    sent: Sent,
    constraint: Constraint | None,
    state: State,
    runtime: Runtime[Run],
) -> State:
    """One model after another, in the configured order, until one answers or time or money ends.

    A model that failed rests for a while. Each attempt stands in the journal, and what it wrote
    before it failed was seen under its own number.
    """
    run = runtime.context
    agents = run.deps.cooldown.ready(run.deps.clouds)
    answered: State = {"completion": None, "answered_by": "cloud"}
    for place, agent in enumerate(agents):
        last = place == len(agents) - 1
        now = time.monotonic()
        deadline = run.deadline if last else now + (run.deadline - now) * SHARE
        answered = await call_cloud(agent, messages, sent, constraint, deadline, state, runtime)
        completion = answered.get("completion")
        if completion is not None and completion.finish_reason != "content_filter":
            run.deps.cooldown.served(agent)
            run.deps.connectivity.served()
            return answered
        if last or answered.get("cloud_state") is CloudState.NO_BUDGET:
            return answered
        if completion is not None:
            filtered = {"outcome": "rejected", "escalation": EscalationReason.REFUSAL}
            run.journal[-1] = run.journal[-1].model_copy(update=filtered)
            runtime.context.emit(Attempted(run.journal[-1]))
        else:
            run.deps.cooldown.failed(agent, run.journal[-1])
    return answered


def _before(state: State, run: Run) -> tuple[Message, ...]:
    """The session before this task: an upgrade's own turn is in it already."""
    history = state["history"]
    own = run.upgrade and len(history) > 1 and history[-2].content == state["task"].prompt
    return history[:-2] if own else history


def _blocked(error: PrivacyViolation) -> State:
    """The gate stopped it: from here on the task stays on this machine."""
    log.warning("cloud.blocked")
    return {
        "completion": None,
        "answered_by": "cloud",
        "stays_local": True,
        "cloud_open": False,
        "cloud_absent": str(error),
        "label": Privacy.LOCAL_ONLY,
        "finding": str(error),
    }


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


def _reuse(agent: Agent, paid: Paid, runtime: Runtime[Run], *, shown: bool) -> State:
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
    if shown:
        runtime.context.emit(Token(completion.text, "cloud", entry.number))
    return {"completion": completion, "answered_by": "cloud"}


async def call_cloud(
    agent: Agent,
    messages: Released,
    sent: Sent,
    constraint: Constraint | None,
    deadline: float,
    state: State,
    runtime: Runtime[Run],
) -> State:
    """One call, within the budgets if there are any."""
    run, task = runtime.context, state["task"]
    call = partial(
        attempt,
        *(agent, messages, deadline, "cloud", state, runtime),
        hold_back_chars=run.deps.settings.cloud.hold_back_chars,
        sent=sent,
        constraint=constraint,
    )
    budget, also = run.deps.budget, run.options.scopes
    if not (also or budget.scopes(task)):
        return await call()
    try:
        # Known before the first task: a budget without a price is refused beforehand.
        most_usd = agent.most_usd(task, messages) or 0.0
        wait_s = (run.deadline - time.monotonic()) * BUDGET_WAIT_SHARE
        held = await budget.reserve(task, most_usd, wait_s=wait_s, also=also)
    except BudgetExceeded as error:
        return {
            "completion": None,
            "answered_by": "cloud",
            "cloud_state": CloudState.NO_BUDGET,
            "cloud_absent": str(error),
        }
    before = len(run.journal)
    try:
        return await call()
    finally:
        await asyncio.shield(_settle(budget, held, run.journal[before:]))


async def _settle(budget: Budget, held: Reservation, attempts: Sequence[Attempt]) -> None:
    """What is not settled counts as spent once its time is over: never less than was charged."""
    costs = [attempt.usage.cost_usd for attempt in attempts]
    known = [cost for cost in costs if cost is not None]
    with suppress(StoreUnavailable):
        await budget.settle(held, sum(known) if len(known) == len(costs) else held.amount_usd)
