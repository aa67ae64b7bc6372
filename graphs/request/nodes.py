"""The steps that recall, classify, answer and remember; each a function of (state, context)."""

from __future__ import annotations

from typing import Literal

import structlog
from langgraph.runtime import Runtime

from agents.assessment import assess
from graphs.request.ask_router import second_opinion
from graphs.request.attempt import attempt
from graphs.request.check import first_finding
from graphs.request.decide import local_deadline, max_wait_s
from graphs.request.guard import relabelled
from graphs.request.state import Deps, Outcome, Run, State
from graphs.request.tool_loop import answer_with_tools, toolbox_of
from graphs.request.visibility import local_agent, may_see, role_of
from router.classify import signals
from router.engine import Constraint
from router.errors import StoreUnavailable
from router.memory.sessions import CachedAnswer, cache_key
from router.privacy import gate
from router.types.decision import EscalationReason, Kind, RouteDecision
from router.types.task import Message, Privacy, Task

log = structlog.get_logger()

Node = Runtime[Run]


async def recall(state: State, runtime: Node) -> State:
    """The session's turns, and the answer to an identical request where there is one."""
    task, deps = state["task"], runtime.context.deps
    history = await deps.memory.history(task.session) if task.session else ()
    facts = await _facts(task, state["label"], deps)
    recalled: State = {"task": task, "label": state["label"], "history": history, "facts": facts}
    key = None if runtime.context.upgrade else _answer_key(recalled, runtime.context)
    recalled["cached"] = await deps.cache.get(key) if deps.cache and key else None
    return recalled


async def _facts(task: Task, label: Privacy, deps: Deps) -> tuple[str, ...]:
    """What is known that fits the task; nothing that would make its label stricter."""
    if deps.facts is None:
        return ()
    budget = deps.settings.memory.recall_tokens
    found = await deps.facts.recall(task.prompt, budget_tokens=budget, label_at_most=label.value)
    return tuple(fact.text for fact in found)


def _answer_key(state: State, run: Run) -> str | None:
    """Where the answer is kept; None where it must not be, or cannot be found again."""
    if not gate.may_be_kept(state["label"], store_is_local=run.deps.store_is_local):
        return None
    shaping = "\n".join((run.deps.fingerprint, run.options.fingerprint, *state["facts"]))
    return cache_key(state["task"], state["history"], shaping)


async def classify(state: State, runtime: Node) -> State:
    """What is it, is it one of a specialist's families, and what would the cloud add?"""
    task, deps = state["task"], runtime.context.deps
    facts = signals.read(task.prompt)
    guess = deps.classifier.classify(task.prompt, facts)
    asks = deps.router is not None and state.get("cached") is None and not runtime.context.upgrade
    if guess.kind is Kind.UNSURE and asks and may_see(deps.router, state):
        assert deps.router is not None, "looked above"
        guess = await second_opinion(deps.router, task, guess, runtime.context)
    seen = assess(task, guess, facts, deps.local[role_of(guess.kind, runtime.context)], deps.gains)
    return {"guess": seen.guess, "coverage": seen.coverage, "scores": seen.scores}


async def answer_locally(state: State, runtime: Node) -> State:
    """The local agent's answer, within its share of the time."""
    run, task = runtime.context, state["task"]
    agent = local_agent(state, run)
    failure = state["finding"] if state.get("repaired") else None
    messages = agent.messages(task, state["history"], failure, state["facts"])
    deadline, max_wait = local_deadline(state, run), max_wait_s(state, run)
    toolbox = await toolbox_of(agent, state, run)
    if toolbox is None:
        return await attempt(
            agent, messages, deadline, "local", state, runtime, max_wait_s=max_wait
        )

    async def generate(
        asked: tuple[Message, ...], constraint: Constraint, _label: Privacy
    ) -> State:
        return await attempt(
            *(agent, asked, deadline, "local", state, runtime),
            max_wait_s=max_wait,
            constraint=constraint,
        )

    answered = await answer_with_tools(messages, toolbox, generate, state, runtime)
    return {**answered, **relabelled(state, answered["label"], run)}


def after_answer(state: State) -> Literal["check", "answer_in_cloud", "fall_back", "remember"]:
    if state["completion"] is not None:
        return "check"
    if "outcome" in state:
        return "remember"
    if state["answered_by"] == "cloud":
        # A prompt that is too long for every model says nothing about the way to them.
        too_long = state.get("escalation") is EscalationReason.CONTEXT and state["cloud_open"]
        return "remember" if too_long else "fall_back"
    return "answer_in_cloud" if state["cloud_open"] else "remember"


async def repair(state: State) -> State:
    """Once: the same agent is asked again, with the finding in its prompt."""
    return {"repaired": True}


async def remember(state: State, runtime: Node) -> State:
    """Concludes, and keeps what a later request may need: the session's turn and the answer."""
    runtime.context.ended = await _remembered(state, runtime.context)
    return runtime.context.ended


async def _remembered(state: State, run: Run) -> State:
    task = state["task"]
    outcome = state.get("outcome") or _conclude(state, run)
    if outcome.status != "done":
        return {"outcome": outcome}
    try:
        if task.session and not run.upgrade:
            await run.deps.memory.append(
                task.session,
                Message(role="user", content=task.prompt),
                Message(role="assistant", content=outcome.text),
                label=state["label"],
            )
        await _keep_answer(state, run, outcome)
    except StoreUnavailable as error:
        # The answer is there, and perhaps paid for: it is delivered, and the loss is said.
        return {"outcome": outcome, "warnings": (f"not remembered: {error}",)}
    return {"outcome": outcome}


async def _keep_answer(state: State, run: Run, outcome: Outcome) -> None:
    cache = run.deps.cache
    if cache is None or outcome.route == "cache":
        return
    key = _answer_key(state, run)
    if key is not None:
        cost = run.journal[-1].usage.cost_usd if run.journal else None
        answer = CachedAnswer(
            text=outcome.text,
            model=outcome.model or "",
            route=outcome.route,
            cost_usd=cost,
            kind=state["guess"].kind,
        )
        await cache.put(key, answer)


def _conclude(state: State, run: Run) -> Outcome:
    """How it ended: done by whom, parked for what, or failed why."""
    decision, completion = state["decision"], state.get("completion")
    escalation, finding = state["escalation"], state["finding"]
    answered_by = state.get("answered_by")
    if completion is not None and run.journal[-1].outcome == "accepted":
        text, model = completion.text, completion.model
        if answered_by == "cloud":
            return Outcome("done", "cloud", text, _why_cloud(decision, run), model)
        if decision.route == "parked":
            return Outcome("done", "local", text, decision.reason, model, degraded=True)
        return Outcome("done", "local", text, decision.reason, model)
    if answered_by == "cloud" and state["cloud_open"]:
        wrong = "" if completion is None else "the cloud's answer is not usable: "
        return Outcome("failed", "none", "", wrong + finding)
    if escalation is EscalationReason.ENGINE_FAILED and answered_by == "local":
        return Outcome("failed", "none", "", finding)
    if state["stays_local"]:
        tried = any(attempt.route == "local" for attempt in run.journal)
        reason = f"no usable local answer ({finding}), and the task must stay on this machine"
        if run.options.place == "cloud" and not tried:
            reason = "it is to be answered in the cloud, and the text must stay on this machine"
        return Outcome("failed", "none", "", reason)
    if decision.route == "parked":
        return Outcome("parked", "none", "", decision.reason)
    return Outcome("parked", "none", "", f"{finding}; {state['cloud_absent']}")


def _why_cloud(decision: RouteDecision, run: Run) -> str:
    """Why the cloud was asked: the decision, or what was wrong with the last local attempt."""
    asked = decision.agent  # the router role's own attempts speak of no answer
    local = [
        attempt for attempt in run.journal if attempt.route == "local" and attempt.role == asked
    ]
    if not local:
        return decision.reason
    return f"escalated: {local[-1].error or first_finding(local[-1].checks)}"
