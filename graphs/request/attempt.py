"""One generation by one agent: opens the engine, streams the answer, records the attempt."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from typing import Any, Literal

import structlog
from langgraph.runtime import Runtime

from agents.agent import Agent
from agents.checks.loops import LoopWatch, wants_repetition
from agents.form_constraint import UNBOUNDED, AnswerBounds
from agents.schema_in_words import bare_json
from graphs.events import Attempted, Token
from graphs.request.state import Outcome, Run, State
from router.account.consumption import broken_off, with_repeats
from router.account.pricing import estimate_tokens
from router.engine import Constraint, Engine, EngineCaps, GenerateRequest
from router.errors import (
    ContextOverflow,
    EngineError,
    EngineOverloaded,
    EngineRejected,
    EngineTimeout,
    EngineUntrusted,
)
from router.meter import Meter
from router.privacy.gate import Released, strictest
from router.privacy.redaction import Redaction
from router.types.completion import Completion, Usage
from router.types.decision import EscalationReason
from router.types.result import Attempt
from router.types.task import Message, Privacy, ThinkingMode

log = structlog.get_logger()

PROGRESS_S = 1.0
"""How often the cost so far of an unfinished answer is written to Redis."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The privacy of what is sent to another machine: its label, and its redaction.

    parts: the label of each part of the text, None where the parts are not known. turns: references
    to the tasks whose session turns are included.
    """

    label: Privacy
    redaction: Redaction
    parts: Mapping[str, Privacy] | None = None
    turns: tuple[str, ...] = ()

    @classmethod
    def of(cls, state: State, redaction: Redaction, label: Privacy, **more: Privacy) -> Sent:
        """What is about to be sent, under the strictest label of all its parts.

        label: of the messages; if tools have raised it, they are recorded as a part. more: further
        parts.
        """
        parts = {**state["parts"], **more}
        if label is not state["label"]:
            parts["tools"] = label
        return cls(strictest((label, *parts.values())), redaction, parts, state["turns"])

    def with_part(self, name: str, label: Privacy) -> Sent:
        """The same with one more part; its label must not be stricter than the whole's."""
        return replace(self, parts={**(self.parts or {}), name: label})

    def restored(self, completion: Completion, *, as_json: bool) -> Completion:
        text = self.redaction.restore(completion.text, json=as_json)
        aside = {
            "thinking": self.redaction.restore(completion.thinking, json=False),
            "refusal": self.redaction.restore(completion.refusal, json=False),
        }
        return completion.model_copy(update={"text": text, **aside})


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
    thinking: ThinkingMode | None = None,
    enforced: bool = True,
    bounds: AnswerBounds = UNBOUNDED,
    going_out: Callable[[Attempt], Awaitable[None]] | None = None,
) -> State:
    """One generation, recorded in the journal even if it fails or is cancelled.

    deadline: `time.monotonic()` seconds. max_wait_s: for a turn at the model; None waits until the
    deadline. hold_back_chars: characters written before the first is shown, so that text of an
    attempt that fails early is never shown. sent: what another machine was sent; placeholders in
    the answer are replaced by the original values. constraint: of an intermediate step; none of its
    text is shown. thinking: None takes the agent's own. enforced: False for a model that cannot
    enforce a schema: `messages` then contain it, and text around the JSON is dropped. bounds:
    of the answer's form, as its words ask for it. going_out:
    awaited each time the request is sent, and from time to time while it is answered, with an
    attempt that states the minimum cost so far.
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
        **shown_to(caps, sent.label if sent else None),
        parts=dict(sent.parts) if sent and sent.parts is not None else None,
        turns=sent.turns if sent else (),
        redacted=len(sent.redaction.mapping) if sent else 0,
    )
    in_json = bounds.constraint is not None and bounds.constraint.json_schema is not None
    as_json = state["task"].json_schema is not None or constraint is not None or in_json
    shown = agent.specialist is None and constraint is None and enforced
    label = sent.label if sent else state["label"]
    restorer = sent.redaction.restorer(json=as_json) if sent else None
    began = time.monotonic()
    completion: Completion | None = None
    error: EngineError | None = None
    written, held = 0, ""
    watch = LoopWatch()
    loops = (
        route == "local" and agent.specialist is None and not wants_repetition(state["task"].prompt)
    )
    seen = restarts = False
    told_at = math.inf

    async def before_send() -> None:
        nonlocal told_at
        if going_out is not None:
            await going_out(_with_usage(entry, agent, request, None, 0))
            told_at = time.monotonic()

    # The cloud may not see the task's own schema, only the one that the gate released.
    held_to = released_constraint(messages) if isinstance(messages, Released) else constraint
    request = agent.request(
        *(state["task"], messages, deadline, max_wait_s, held_to, Meter(before_send)),
        thinking=thinking,
        enforced=enforced,
        bounds=bounds,
    )
    try:
        await _open(agent.engine, deadline)
        async with aclosing(agent.engine.stream(request)) as parts:
            async for part in parts:
                if isinstance(part, Completion):
                    runtime.context.deps.speeds.observe(caps.model, part)
                    bare = part if enforced else _bare(part)
                    completion = sent.restored(bare, as_json=as_json) if sent else bare
                    continue
                written += len(part.text)
                if loops and (looped := watch.fed(part.text)):
                    completion = _stopped_in_a_loop(entry, request, looped, began)
                    break
                if time.monotonic() - told_at > PROGRESS_S:
                    await before_send()
                if part.restarts:
                    restorer = sent.redaction.restorer(json=as_json) if sent else None
                    restarts, held = seen, ""
                if shown:
                    held += restorer.feed(part.text) if restorer else part.text
                    if written > hold_back_chars and held:
                        token = Token(held, route, entry.number, label, restarts)
                        runtime.context.emit(token)
                        held, seen, restarts = "", True, False
        held += restorer.close() if restorer else ""
        if held and shown:
            runtime.context.emit(Token(held, route, entry.number, label, restarts))
        elif completion is not None and not enforced and constraint is None:
            runtime.context.emit(Token(completion.text, route, entry.number, label))
    except EngineError as caught:
        error = caught
    finally:
        # `cancelled` until `check` judges it: correct if the run is cancelled before that.
        entry = _recorded(entry, completion, error, time.monotonic() - began)
        journal.append(_with_usage(entry, agent, request, completion, written))
    if error is None:
        return {"completion": completion, "answered_by": route}
    log.info("attempt.failed", model=caps.model, error=type(error).__name__)
    runtime.context.emit(Attempted(journal[-1]))
    failed: State = {"completion": None, "answered_by": route, "checks": (), "finding": str(error)}
    failed["cloud_answered"] = _answered(error) if route == "cloud" else ""
    failed["rejected"] = error.about if isinstance(error, EngineRejected) else None
    if journal[-1].escalation is not None:
        failed["escalation"] = journal[-1].escalation
        return failed
    failed["outcome"] = Outcome("failed", "none", "", str(error))
    return failed


def _stopped_in_a_loop(
    entry: Attempt, request: GenerateRequest, text: str, began: float
) -> Completion:
    """What a model said before it was stopped for repeating itself."""
    return Completion(
        text=text,
        engine=entry.engine,
        model=entry.model,
        finish_reason="cancelled",
        usage=_at_no_cost(request, len(text)),
        latency_s=time.monotonic() - began,
    )


def shown_to(caps: EngineCaps, label: Privacy | None) -> dict[str, Any]:
    """For the ledger: the other machine that is shown a text, and the text's label."""
    if caps.host is None and caps.local:
        return {}
    return {"label": label, "host": caps.host, "trusted": caps.local}


def released_constraint(messages: Released) -> Constraint | None:
    """The schema for the answer as the gate released it, together with the messages."""
    return None if messages.schema is None else Constraint(json_schema=messages.schema)


def _bare(completion: Completion) -> Completion:
    return completion.model_copy(update={"text": bare_json(completion.text)})


def _with_usage(
    entry: Attempt,
    agent: Agent,
    request: GenerateRequest,
    completion: Completion | None,
    written_chars: int,
) -> Attempt:
    """The attempt with its token usage, estimated if the answer did not end."""
    if agent.price is None:
        usage = completion.usage if completion else _at_no_cost(request, written_chars)
    elif completion is None:
        usage = broken_off(request, agent.price)
    else:
        usage = with_repeats(completion.usage, request, agent.price)
    return entry.model_copy(update={"usage": usage, "sent": request.meter.sent})


def _at_no_cost(request: GenerateRequest, written_chars: int) -> Usage:
    """Estimated usage of an unfinished answer of a model without a price."""
    if not written_chars:
        return Usage()
    return Usage(
        prompt_tokens=sum(estimate_tokens(one.content) for one in request.messages),
        completion_tokens=-(-written_chars // 4),
        estimated=True,
    )


async def loaded_library(engine: Engine, run: Run) -> float:
    """Imports the engine's library, and adds the seconds that it took to the task's deadline.

    A library that cannot be imported is reported by the attempt that follows.
    """
    began = time.monotonic()
    with suppress(EngineError):
        await engine.load_library()
    taken_s = time.monotonic() - began
    run.deadline += taken_s
    return taken_s


async def _open(engine: Engine, deadline: float) -> None:
    """Loads the model; unlike the import of a library, this takes time from the task."""
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


def _answered(error: EngineError) -> str:
    """How a provider that did not answer responded, in words; empty where it did not respond."""
    if isinstance(error, EngineUntrusted):
        return "takes connections, which cannot be used"
    if error.status is None:
        return ""
    if error.status < 400:
        return "answers, but with nothing that can be used"
    return f"answers, but with an error ({error.status})"


def _reason(error: EngineError, route: Literal["local", "cloud"]) -> EscalationReason | None:
    if isinstance(error, ContextOverflow):
        return EscalationReason.CONTEXT
    if isinstance(error, EngineRejected):
        return EscalationReason.REJECTED
    if isinstance(error, EngineOverloaded) and route == "local":
        return EscalationReason.BUSY
    # A key that a server of the user's refuses says nothing of what others can do.
    others_can = error.escalates or route == "local"
    return EscalationReason.ENGINE_FAILED if others_can else None
