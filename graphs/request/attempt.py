"""One generation of one agent: opened, streamed, and recorded whatever comes of it."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Literal

import structlog
from langgraph.runtime import Runtime

from agents.agent import Agent
from graphs.events import Attempted, Token
from graphs.request.state import Outcome, Run, State
from router.account.consumption import broken_off, with_repeats
from router.account.pricing import estimate_tokens
from router.engine import Constraint, Engine, GenerateRequest
from router.errors import ContextOverflow, EngineError, EngineOverloaded, EngineTimeout
from router.meter import Meter
from router.privacy.redaction import Redaction
from router.types.completion import Completion, Usage
from router.types.decision import EscalationReason
from router.types.result import Attempt
from router.types.task import Message, Privacy

log = structlog.get_logger()

PROGRESS_S = 1.0
"""How often it is written down what an answer that still goes on has cost so far."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a cloud was sent: under which label, and with what in place of the values."""

    label: Privacy
    redaction: Redaction

    def restored(self, completion: Completion, *, as_json: bool) -> Completion:
        text = self.redaction.restore(completion.text, json=as_json)
        return completion.model_copy(update={"text": text})


async def attempt(
    agent: Agent,
    messages: tuple[Message, ...],
    deadline: float,
    route: Literal["local", "cloud"],
    state: State,
    runtime: Runtime[Run],
    *,
    max_wait_s: float | None = None,
    hold_back_chars: int = 0,
    sent: Sent | None = None,
    constraint: Constraint | None = None,
    going_out: Callable[[Attempt], Awaitable[None]] | None = None,
) -> State:
    """One generation, recorded in the journal whatever comes of it.

    deadline: `time.monotonic()` seconds. max_wait_s: for its turn; None waits until the deadline.
    hold_back_chars: so much is written before any of it is shown; what fails before is never seen.
    sent: what a cloud was sent, so that the values can be put back into its answer.
    constraint: of a step on the way to the answer; none of it is shown. going_out: awaited each
    time its request goes out, and now and then while it is answered, with what the attempt has cost
    at least from then on.
    """
    journal = runtime.context.journal
    deadline += await loaded_library(agent.engine, runtime.context)
    caps = agent.engine.caps
    entry = Attempt(
        number=len(journal) + 1,
        role=agent.role,
        engine=caps.engine,
        model=caps.model,
        route=route,
        outcome="cancelled",
        label=sent.label if sent else None,
        redacted=len(sent.redaction.mapping) if sent else 0,
    )
    as_json = state["task"].json_schema is not None or constraint is not None
    shown = agent.specialist is None and constraint is None
    restorer = sent.redaction.restorer(json=as_json) if sent else None
    began = time.monotonic()
    completion: Completion | None = None
    error: EngineError | None = None
    written, held = 0, ""

    told_at = math.inf

    async def before_send() -> None:
        nonlocal told_at
        if going_out is not None:
            await going_out(_with_usage(entry, agent, request, None, 0))
            told_at = time.monotonic()

    meter = Meter(before_send)
    request = agent.request(state["task"], messages, deadline, max_wait_s, constraint, meter)
    try:
        await _open(agent.engine, deadline)
        async with aclosing(agent.engine.stream(request)) as parts:
            async for part in parts:
                if isinstance(part, Completion):
                    runtime.context.deps.speeds.observe(caps.model, part)
                    completion = sent.restored(part, as_json=as_json) if sent else part
                    continue
                written += len(part.text)
                if time.monotonic() - told_at > PROGRESS_S:
                    await before_send()
                if shown:
                    held += restorer.feed(part.text) if restorer else part.text
                    if written > hold_back_chars and held:
                        runtime.context.emit(Token(held, route, entry.number))
                        held = ""
        held += restorer.close() if restorer else ""
        if held and shown:
            runtime.context.emit(Token(held, route, entry.number))
    except EngineError as caught:
        error = caught
    finally:
        # Until `check` has judged it the attempt stands as cancelled, which is what it would be.
        entry = _recorded(entry, completion, error, time.monotonic() - began)
        journal.append(_with_usage(entry, agent, request, completion, written))
    if error is None:
        return {"completion": completion, "answered_by": route}
    log.info("attempt.failed", model=caps.model, error=type(error).__name__)
    runtime.context.emit(Attempted(journal[-1]))
    failed: State = {"completion": None, "answered_by": route, "checks": (), "finding": str(error)}
    if error.escalates:
        failed["escalation"] = journal[-1].escalation
        return failed
    failed["outcome"] = Outcome("failed", "none", "", str(error))
    return failed


def _with_usage(
    entry: Attempt,
    agent: Agent,
    request: GenerateRequest,
    completion: Completion | None,
    written_chars: int,
) -> Attempt:
    """The attempt with what it has consumed, whether or not it came to an end."""
    if agent.price is None:
        usage = completion.usage if completion else _at_no_cost(request, written_chars)
    elif completion is None:
        usage = broken_off(request, agent.price)
    else:
        usage = with_repeats(completion.usage, request, agent.price)
    return entry.model_copy(update={"usage": usage, "sent": request.meter.sent})


def _at_no_cost(request: GenerateRequest, written_chars: int) -> Usage:
    """What an answer that broke off consumed on this machine, where nobody counted."""
    if not written_chars:
        return Usage()
    return Usage(
        prompt_tokens=sum(estimate_tokens(one.content) for one in request.messages),
        completion_tokens=-(-written_chars // 4),
        estimated=True,
    )


async def loaded_library(engine: Engine, run: Run) -> float:
    """Seconds that the import took: they are given back to the task.

    Where it cannot be imported the attempt says so.
    """
    began = time.monotonic()
    with suppress(EngineError):
        await engine.load_library()
    taken_s = time.monotonic() - began
    run.deadline += taken_s
    return taken_s


async def _open(engine: Engine, deadline: float) -> None:
    """Loading a model takes seconds, which are the task's."""
    try:
        async with asyncio.timeout(max(deadline - time.monotonic(), 0.0)):
            await engine.open()
    except TimeoutError:
        model = engine.caps.model
        raise EngineTimeout(f"{model}: it was not loaded by the deadline", model=model) from None


def _recorded(
    attempt: Attempt, completion: Completion | None, error: EngineError | None, latency_s: float
) -> Attempt:
    update: dict[str, object] = {"latency_s": latency_s}
    if error is not None:
        update |= {
            "outcome": "failed",
            "error": f"{type(error).__name__}: {error}",
            "escalation": _reason(error, attempt.route),
        }
    if completion is not None:
        update |= {
            "model": completion.model,
            "stats": completion.stats,
            "ttft_s": completion.ttft_s,
            "warnings": completion.warnings,
        }
    return attempt.model_copy(update=update)


def _reason(error: EngineError, route: Literal["local", "cloud"]) -> EscalationReason | None:
    if isinstance(error, ContextOverflow):
        return EscalationReason.CONTEXT
    if isinstance(error, EngineOverloaded) and route == "local":
        return EscalationReason.BUSY
    return EscalationReason.ENGINE_FAILED if error.escalates else None
