"""Asks the cloud: through the gate, within the budgets, once for each request, one model after
another until one answers."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog
from langgraph.runtime import Runtime

from agents.agent import Agent
from graphs.events import Attempted, Token
from graphs.request.attempt import Sent, attempt, loaded_library
from graphs.request.guard import relabelled
from graphs.request.state import Outcome, Run, State
from graphs.request.tool_loop import answer_with_tools, toolbox_of
from router.account.budget import Reservation
from router.account.idempotency import Claim, Paid
from router.account.records import AttemptRecord, record_of_attempt
from router.engine import Constraint
from router.errors import BudgetExceeded, PrivacyViolation, StoreUnavailable
from router.policy import decide as policy
from router.privacy.gate import Released
from router.privacy.redaction import Redaction
from router.types.completion import Completion
from router.types.decision import EscalationReason
from router.types.result import Attempt, CloudState
from router.types.task import Message, Privacy

if TYPE_CHECKING:
    from redis.asyncio.client import Pipeline

log = structlog.get_logger()

BRIEF_CHARS = 1500
"""Of a local answer that the cloud is shown: about 400 tokens, a fraction of a cent."""

LEAST_S = 0.05
"""With less time than this nobody need be asked."""

SHARE = 0.6
"""Of the time that is left for a model behind which another one stands."""

GOING_OUT_S = 10.0
"""A call that goes out waits no longer for Redis to write that down."""

BUDGET_WAIT_SHARE = 0.25
"""Of the time that is left, to wait for money that others have reserved and may not need."""


async def answer_in_cloud(state: State, runtime: Runtime[Run]) -> State:
    """The cloud's answer; nothing reaches its engine except through the gate."""
    run, task = runtime.context, state["task"]
    agent = run.deps.clouds[0]
    if run.deadline - time.monotonic() < LEAST_S:
        return _too_late(state)
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


def _too_late(state: State) -> State:
    """The time went before the cloud could be asked, which says nothing about the cloud."""
    reason = (
        f"the {state['task'].timeout_s:g} s of the task were over before the cloud could be asked "
        f"({state['finding']}): give it more time, timeout_s"
    )
    failed = Outcome("failed", "none", "", reason)
    return {"completion": None, "answered_by": "local", "finding": reason, "outcome": failed}


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
        messages = gate.release(sent.label, asked, sent.redaction)
    except PrivacyViolation as error:
        return _blocked(error)
    # Known by the request alone: a local model's attempt may differ from run to run.
    claim = await run.deps.paid.claim(task.task_id, messages, run.deadline)
    if isinstance(claim, Paid):
        return _reuse(run.deps.clouds[0], claim, runtime, shown=constraint is None)
    answered: State = {"completion": None}
    with run.deps.under_way.one(task.task_id):
        try:
            if constraint is None:
                # What the local model wrote may hold what the request does not: it stays here then.
                with suppress(PrivacyViolation):
                    briefed = (*asked[:-1], _briefed(asked[-1], state))
                    messages = gate.release(sent.label, briefed, sent.redaction)
            answered = await _first_answer(messages, sent, constraint, claim, state, runtime)
        finally:
            if answered.get("completion") is None:
                with suppress(StoreUnavailable):
                    await asyncio.shield(run.deps.paid.drop(claim))
    return answered


async def _first_answer(
    messages: Released,
    sent: Sent,
    constraint: Constraint | None,
    claim: Claim,
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
        answered = await call_cloud(
            *(agent, messages, sent, constraint, deadline, state, runtime),
            claim=claim,
            last=last,
        )
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
    """The answer of an earlier run of this task: its cost is that run's, and costs nothing more."""
    run, completion = runtime.context, paid.completion
    entry = Attempt(
        number=len(run.journal) + 1,
        role=agent.role,
        engine=completion.engine,
        model=completion.model,
        route="cloud",
        outcome="cancelled",
        stats=completion.stats,
        warnings=completion.warnings,
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
    *,
    claim: Claim | None = None,
    last: bool = True,
) -> State:
    """One call, within the budgets if there are any; its answer is kept where there is a claim.

    last: no further model is asked where this one's answer was stopped by a filter.
    """
    run, task, budget = runtime.context, state["task"], runtime.context.deps.budget
    # Before money is set aside: nobody knows how long it takes, and whether it succeeds.
    deadline += await loaded_library(agent.engine, run)
    try:
        # Known before the first task: a budget without a price is refused beforehand.
        most_usd = agent.most_usd(task, messages, constraint) or 0.0
        wait_s = (run.deadline - time.monotonic()) * BUDGET_WAIT_SHARE
        held = await budget.reserve(
            task, most_usd, wait_s=wait_s, also=run.options.scopes, deadline=deadline
        )
    except BudgetExceeded as error:
        return {
            "completion": None,
            "answered_by": "cloud",
            "cloud_state": CloudState.NO_BUDGET,
            "cloud_absent": str(error),
        }

    async def going_out(entry: Attempt) -> None:
        # Redis may be away for a moment: the call is settled all the same when it has ended.
        with suppress(StoreUnavailable, TimeoutError):
            async with asyncio.timeout(GOING_OUT_S):
                await budget.calls.sent(held, record_of_attempt(task, state["guess"], entry))

    before, completion = len(run.journal), None
    try:
        answered = await attempt(
            *(agent, messages, deadline, "cloud", state, runtime),
            hold_back_chars=run.deps.settings.cloud.hold_back_chars,
            sent=sent,
            constraint=constraint,
            going_out=going_out,
        )
        found = answered["completion"]
        if found is not None and (last or found.finish_reason != "content_filter"):
            completion = found
        return answered
    finally:
        made = run.journal[before:]
        record = record_of_attempt(task, state["guess"], made[0]) if made else None
        await asyncio.shield(_end_call(run, held, record, claim, completion))


async def _end_call(
    run: Run,
    held: Reservation,
    record: AttemptRecord | None,
    claim: Claim | None,
    completion: Completion | None,
) -> None:
    """The answer is kept and the money settled, in one step; the ledger then closes the call."""
    calls, paid = run.deps.budget.calls, run.deps.paid
    if record is not None and not record.sent:
        record = None  # it never went out
    cost_usd = 0.0
    if record is not None:
        cost_usd = held.amount_usd if record.cost_usd is None else record.cost_usd
        run.open_calls.append(held.id)

    async def settle(within: Pipeline | None = None) -> None:
        await calls.settle(held, cost_usd, record, within)

    async def end() -> None:
        if claim is not None and completion is not None:
            await paid.finish(claim, completion, run.options.paid_kept_s, settle)
        else:
            await settle()

    try:
        await end()
    except StoreUnavailable:
        # An answer that cannot be kept is an answer all the same; it is tried again.
        run.unsettled.append(end)
