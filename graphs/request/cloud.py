"""Asks the cloud, one model after another: every request passes the gate, stays within the budgets,
and has an idempotency key, so that it is paid for once."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from langgraph.runtime import Runtime

from agents.agent import Agent
from agents.checks.general import only_thought
from agents.schema_in_words import with_schema
from graphs.events import Attempted, Token
from graphs.request.attempt import Sent, attempt, loaded_library
from graphs.request.guard import relabelled
from graphs.request.state import Outcome, Run, State
from graphs.request.tool_loop import answer_with_tools, toolbox_of
from graphs.request.turns import with_fewer_turns
from router.account.budget import Reservation
from router.account.idempotency import Claim, Paid
from router.account.records import AttemptRecord, record_of_attempt
from router.engine import Constraint
from router.errors import BudgetExceeded, PrivacyViolation, StoreUnavailable
from router.policy import decide as policy
from router.privacy.gate import Released
from router.privacy.operations import only_repeats, speaks_of_placeholders
from router.privacy.redaction import Redaction
from router.types.completion import Completion
from router.types.decision import EscalationReason
from router.types.result import Attempt, CloudState
from router.types.task import Message, Privacy, ThinkingMode

if TYPE_CHECKING:
    from redis.asyncio.client import Pipeline

log = structlog.get_logger()

BRIEF_CHARS = 1500
"""Characters of a rejected local answer that the cloud is shown: about 400 tokens."""

LEAST_S = 0.05
"""With less time left than this the cloud is not asked."""

SHARE = 0.6
"""Share of the remaining time for a model that has a fallback."""

PATIENCE_S = 2.0
"""Wait before a busy model with a fallback is asked again; a short wait is cheaper than a second
prompt."""

_MOST_NAMED = 5
"""Most placeholders that a warning names."""
GOING_OUT_S = 10.0
"""Longest wait for Redis to record that a call is sent; then it is sent unrecorded."""

BUDGET_WAIT_SHARE = 0.25
"""Share of the remaining time to wait for other calls to return budget that they reserved."""


async def answer_in_cloud(state: State, runtime: Runtime[Run]) -> State:
    """The cloud's answer to the task, with tools and as many of the session's turns as fit."""
    run = runtime.context
    agent = run.deps.clouds[0]
    if run.deadline - time.monotonic() < LEAST_S:
        return _too_late(state)
    toolbox = await toolbox_of(agent, state, run)
    redaction = Redaction()  # one for all steps: a value keeps its placeholder

    async def ask(asked: tuple[Message, ...]) -> State:
        if toolbox is None:
            sent = Sent.of(state, redaction, state["label"])
            answered = await _ask(asked, sent, None, state, runtime)
            return {**answered, "doubts": doubts_of(answered.get("completion"), redaction, state)}

        async def generate(
            messages: tuple[Message, ...], constraint: Constraint, label: Privacy
        ) -> State:
            sent = Sent.of(state, redaction, label)
            return await _ask(messages, sent, constraint, state, runtime)

        answered = await answer_with_tools(asked, toolbox, generate, state, runtime)
        doubts = doubts_of(answered.get("completion"), redaction, state)
        return {**answered, **relabelled(state, answered["label"], run), "doubts": doubts}

    before = _before(state, run)
    return await with_fewer_turns(agent, ask, state, before, again=toolbox is None)


def doubts_of(
    completion: Completion | None,
    redaction: Redaction,
    state: State,
    *,
    who: str = "the cloud",
) -> tuple[str, ...]:
    """Warnings about placeholders in an answer from `who`, another machine."""
    if completion is None or not redaction.mapping:
        return ()
    doubts, shown = [], ", ".join(list(redaction.mapping)[:_MOST_NAMED])
    if left := redaction.left_in(completion.text):
        named = ", ".join(left[:_MOST_NAMED])
        doubts.append(
            f"{named} in the answer looks like a placeholder, and stands for no value that was "
            "replaced in the request"
        )
    request = redaction.redact(state["task"].prompt)
    answer = redaction.redact(completion.text)
    if (
        state.get("hides_work")
        or only_repeats(request, answer)
        or speaks_of_placeholders(request, answer)
    ):
        doubts.append(
            f"{who} was shown {shown} in place of the values: it could not work on their "
            "form or their digits, so check that part of the answer, or ask again with the privacy "
            "local_only"
        )
    return tuple(doubts)


def _too_late(state: State) -> State:
    """The task's time ended before the cloud could be asked; this is no failure of the cloud."""
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
    """One question: released by the gate, answered from an earlier paid call or by the cloud."""
    run, task = runtime.context, state["task"]
    gate = run.deps.gate
    schema = task.json_schema if constraint is None else constraint.json_schema
    try:
        messages = await gate.releasing(sent.label, asked, sent.redaction, schema)
    except PrivacyViolation as error:
        return _blocked(error)
    # The idempotency key: without the local model's attempt, which may differ from run to run.
    claim = await run.deps.paid.claim(task.task_id, messages, run.deadline)
    if isinstance(claim, Paid):
        return _reuse(run.deps.clouds[0], claim, sent, runtime, shown=constraint is None)
    answered: State = {"completion": None}
    with run.deps.under_way.one(task.task_id):
        try:
            answered = await _released_and_asked(
                messages, asked, sent, constraint, schema, claim, state, runtime
            )
        finally:
            if answered.get("completion") is None:
                with suppress(StoreUnavailable):
                    await asyncio.shield(run.deps.paid.drop(claim))
    return answered


async def _released_and_asked(
    messages: Released,
    asked: tuple[Message, ...],
    sent: Sent,
    constraint: Constraint | None,
    schema: dict[str, Any] | None,
    claim: Claim,
    state: State,
    runtime: Runtime[Run],
) -> State:
    """Asks, with the local model's rejected answer where the gate allows that. If no cloud model
    can enforce the schema, asks again with the schema in the prompt."""
    gate = runtime.context.deps.gate
    if constraint is None:
        # The local answer may contain private text that the request does not: then it is not sent.
        with suppress(PrivacyViolation):
            briefed = (*asked[:-1], _briefed(asked[-1], state))
            messages = await gate.releasing(sent.label, briefed, sent.redaction, schema)
            if briefed[-1] is not asked[-1]:
                sent = sent.with_part("draft", state["label"])
    answered = await _first_answer(messages, sent, constraint, claim, state, runtime)
    if schema is not None and answered.get("unenforced"):
        with suppress(PrivacyViolation):
            told = with_schema(messages, messages.schema or schema)
            messages = await gate.releasing(sent.label, told, sent.redaction)
            answered = await _first_answer(
                messages, sent, constraint, claim, state, runtime, enforced=False
            )
    return answered


async def _first_answer(
    messages: Released,
    sent: Sent,
    constraint: Constraint | None,
    claim: Claim,
    state: State,
    runtime: Runtime[Run],
    *,
    enforced: bool = True,
) -> State:
    """Asks the models in the configured order, until one answers or time or money runs out.

    A model that failed goes into cooldown. Each attempt is in the journal, and text that it wrote
    before it failed was shown under its own number. `unenforced` is set in the answer when all
    failed, one of them because of the schema.
    """
    run = runtime.context
    agents = run.deps.cooldown.ready(run.deps.clouds)
    answered: State = {"completion": None, "answered_by": "cloud"}
    by_schema = False
    for place, agent in enumerate(agents):
        last = place == len(agents) - 1
        now = time.monotonic()
        deadline = run.deadline if last else now + (run.deadline - now) * SHARE
        # A model that asks for a longer wait than `max_wait_s` is not asked again: the next one is.
        ask = partial(
            call_cloud,
            *(agent, messages, sent, constraint, deadline, state, runtime),
            claim=claim,
            last=last,
            max_wait_s=None if last else PATIENCE_S,
            enforced=enforced,
        )
        answered = await ask()
        completion = answered.get("completion")
        if completion is not None and only_thought(completion):
            _reject(EscalationReason.THINKING, runtime)
            answered = await ask(thinking="off")
            completion = answered.get("completion")
        by_schema = by_schema or answered.get("rejected") == "schema"
        if completion is not None and completion.finish_reason != "content_filter":
            run.deps.cooldown.served(agent)
            run.deps.connectivity.served()
            return answered
        if last or answered.get("cloud_state") is CloudState.NO_BUDGET:
            return {**answered, "unenforced": by_schema and enforced and completion is None}
        if completion is not None:
            _reject(EscalationReason.REFUSAL, runtime)
        else:
            run.deps.cooldown.failed(agent, run.journal[-1])
    return answered


def _reject(reason: EscalationReason, runtime: Runtime[Run]) -> None:
    """Marks the last attempt as rejected, as another one follows."""
    journal = runtime.context.journal
    journal[-1] = journal[-1].model_copy(update={"outcome": "rejected", "escalation": reason})
    runtime.context.emit(Attempted(journal[-1]))


def _before(state: State, run: Run) -> tuple[Message, ...]:
    """The session before this task; an upgrade's own turn is already in it, and is removed."""
    history = state["history"]
    own = run.upgrade and len(history) > 1 and history[-2].content == state["task"].prompt
    return history[:-2] if own else history


def _blocked(error: PrivacyViolation) -> State:
    """The gate refused the text: from here on the task stays on this machine."""
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
    """The request with the local model's rejected answer, and why it was rejected."""
    tried, escalation = state.get("completion"), state.get("escalation")
    if tried is None or escalation not in policy.WORTH_SHOWING or not tried.text.strip():
        return request
    whole = tried.text.strip()
    shown = _beginning(whole)
    end = "End of that answer" if shown == whole else "The rest of that answer is left out"
    brief = (
        f"\n\n[A smaller model's answer was not accepted: {state['finding']}\n{shown}\n"
        f"{end}. Answer the request yourself; use of it what is right.]"
    )
    return request.model_copy(update={"content": request.content + brief})


def _beginning(answer: str) -> str:
    """The first BRIEF_CHARS of an answer, cut at a sentence's end: detectors miss half a number."""
    if len(answer) <= BRIEF_CHARS:
        return answer
    shown = answer[:BRIEF_CHARS]
    ends = max(shown.rfind(mark) for mark in ("\n", ". ", "? ", "! "))
    return shown[: max(ends, 0) + 1].rstrip()


def _reuse(agent: Agent, paid: Paid, sent: Sent, runtime: Runtime[Run], *, shown: bool) -> State:
    """The answer that an earlier run of this task paid for; its cost is not counted again."""
    run, completion = runtime.context, paid.completion
    entry = Attempt(
        number=len(run.journal) + 1,
        role=agent.role,
        engine=completion.engine,
        model=completion.model,
        route="cloud",
        outcome="cancelled",
        stats=completion.stats,
        label=sent.label,
        redacted=len(sent.redaction.mapping),
        parts=None if sent.parts is None else dict(sent.parts),
        turns=sent.turns,
        warnings=completion.warnings,
    )
    run.journal.append(entry)
    log.info("cloud.reused", model=completion.model)
    if shown:
        runtime.context.emit(Token(completion.text, "cloud", entry.number, sent.label))
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
    max_wait_s: float | None = None,
    thinking: ThinkingMode | None = None,
    enforced: bool = True,
) -> State:
    """One call, within the budgets if there are any; a claim's answer is kept for its key.

    last: no further model is asked if this one's answer is stopped by a content filter. max_wait_s:
    before the same model is asked again.
    """
    run, task, budget = runtime.context, state["task"], runtime.context.deps.budget
    # Before money is reserved: an import takes an unknown time, and may fail.
    deadline += await loaded_library(agent.engine, run)
    try:
        # The price is known here: the Router refuses to open with a budget and no price.
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
        # If Redis is away for a moment, the call is still settled when it has ended.
        with suppress(StoreUnavailable, TimeoutError):
            async with asyncio.timeout(GOING_OUT_S):
                await budget.calls.sent(held, record_of_attempt(task, state["guess"], entry))

    before, completion = len(run.journal), None
    try:
        answered = await attempt(
            *(agent, messages, deadline, "cloud", state, runtime),
            max_wait_s=max_wait_s,
            hold_back_chars=run.deps.settings.cloud.hold_back_chars,
            sent=sent,
            constraint=constraint,
            thinking=thinking,
            enforced=enforced,
            going_out=going_out,
        )
        found = answered["completion"]
        if found is not None and not only_thought(found):
            completion = found if last or found.finish_reason != "content_filter" else None
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
    """Keeps the answer and settles the reservation in one step; the ledger closes it later."""
    calls, paid = run.deps.budget.calls, run.deps.paid
    if record is not None and not record.sent:
        record = None  # it was never sent
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
        # The answer is used although it could not be kept; `settle_the_rest` tries again.
        run.unsettled.append(end)
