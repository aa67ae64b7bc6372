"""The steps of one request, each a plain function of (state, runtime.context)."""

from __future__ import annotations

import time
from typing import Literal

import structlog
from langgraph.runtime import Runtime

from agents.agent import Agent
from agents.checks.evidence import evidence_checks
from agents.checks.general import complete, general_checks, satisfies_schema
from agents.checks.own import run_checks
from graphs.agreement import agreement
from graphs.ask_router import second_opinion
from graphs.attempt import attempt
from graphs.events import Attempted, Routed, Token
from graphs.state import Deps, Outcome, Run, State
from router import policy, privacy
from router.errors import StoreUnavailable
from router.memory import CachedAnswer, cache_key
from router.pricing import estimate_tokens
from router.types import (
    CheckResult,
    Completion,
    EscalationReason,
    Kind,
    Message,
    RouteDecision,
    Task,
)

log = structlog.get_logger()

Node = Runtime[Run]


async def recall(state: State, runtime: Node) -> State:
    """The session's turns, and the answer to an identical request where there is one."""
    task, deps = state["task"], runtime.context.deps
    history = await deps.memory.history(task.session) if task.session else ()
    key = _answer_key(task, history, deps)
    cached = await deps.cache.get(key) if deps.cache and key else None
    return {"history": history, "cached": cached}


def _answer_key(task: Task, history: tuple[Message, ...], deps: Deps) -> str | None:
    """Where the answer is kept; None where it must not be, or cannot be found again."""
    if not privacy.may_be_kept(task, store_is_local=deps.store_is_local):
        return None
    return cache_key(task, history, deps.fingerprint)


async def guard(state: State, runtime: Node) -> State:
    """Labels the task: may its text leave the machine, and is there a cloud that could have it?"""
    task, deps = state["task"], runtime.context.deps
    stays_local = not privacy.may_leave(task)
    absent, scarce = deps.cloud_absent, False
    if deps.budget is not None and not absent and not stays_local:
        fullest = next(iter(await deps.budget.standings(task)), None)
        if fullest is not None and fullest.share >= 1:
            absent = f"the budget of {fullest.name}, ${fullest.limit_usd:.2f}, is used up"
        elif fullest is not None:
            scarce = fullest.share >= deps.settings.budget.careful_from
    return {
        "stays_local": stays_local,
        "cloud_open": not absent and not stays_local,
        "cloud_absent": absent,
        "cloud_scarce": scarce,
    }


async def classify(state: State, runtime: Node) -> State:
    """What is it? And is it one of the families of a specialist?"""
    task, deps = state["task"], runtime.context.deps
    guess = deps.classifier.classify(task.prompt)
    if guess.kind is Kind.UNSURE and deps.router is not None and state.get("cached") is None:
        guess = await second_opinion(deps.router, task, guess, runtime.context)
    specialist = deps.local[policy.role_for(guess.kind)].specialist
    return {"guess": guess, "coverage": specialist.covers(task) if specialist else None}


async def decide(state: State, runtime: Node) -> State:
    """Local agent, cloud, or parked for the cloud; from memory if it is there already."""
    task, deps, guess = state["task"], runtime.context.deps, state["guess"]
    cached = state.get("cached")
    if cached is not None:
        decision = RouteDecision(route="local", agent=None, reason="answered before, from memory")
        outcome = Outcome("done", "cache", cached.text, decision.reason, cached.model)
        return {"decision": decision, "outcome": outcome}
    role = policy.role_for(guess.kind)
    agent, coverage = deps.local[role], state.get("coverage")
    messages = agent.messages(task, state["history"])
    decision = policy.decide(
        guess,
        policy.LocalOption(
            role=role,
            covered=coverage.covered if coverage else None,
            family=coverage.family if coverage else None,
            prompt_tokens=sum(estimate_tokens(message.content) for message in messages),
            window_tokens=agent.engine.caps.context_tokens,
            wait_s=agent.engine.outlook().before_start_s,
            patience_s=_patience_s(state, runtime.context),
        ),
        policy.CloudOption(absent=state["cloud_absent"], scarce=state["cloud_scarce"]),
        deps.settings.policy,
        must_stay_local=state["stays_local"],
    )
    log.info("task.routed", route=decision.route, kind=guess.kind.value, reason=decision.reason)
    runtime.context.emit(Routed(guess, decision))
    return {"decision": decision, "escalation": decision.escalation, "finding": decision.reason}


def after_decide(state: State) -> Literal["remember", "answer_locally", "answer_in_cloud"]:
    decision = state["decision"]
    if "outcome" in state:
        return "remember"
    if decision.route == "cloud":
        return "answer_in_cloud"
    return "answer_locally" if decision.agent else "remember"


async def answer_locally(state: State, runtime: Node) -> State:
    """The local agent's answer, within its share of the time."""
    run, task = runtime.context, state["task"]
    agent = _agent(state, run)
    failure = state["finding"] if state.get("repaired") else None
    messages = agent.messages(task, state["history"], failure)
    deadline, max_wait_s = _local_deadline(state, run), _max_wait_s(state, run)
    return await attempt(agent, messages, deadline, "local", state, runtime, max_wait_s=max_wait_s)


def _local_deadline(state: State, run: Run) -> float:
    if not state["cloud_open"]:
        return run.deadline
    now = time.monotonic()
    return now + (run.deadline - now) * run.deps.settings.policy.local_share


def _max_wait_s(state: State, run: Run) -> float | None:
    """How long a local model may let the task wait; None where nobody else could have it."""
    given = state["task"].max_wait_s
    if given is None and state["cloud_open"]:
        return run.deps.settings.policy.max_wait_s
    return given


def _patience_s(state: State, run: Run) -> float:
    left_s = _local_deadline(state, run) - time.monotonic()
    max_wait_s = _max_wait_s(state, run)
    return left_s if max_wait_s is None else min(left_s, max_wait_s)


def after_answer(state: State) -> Literal["check", "answer_in_cloud", "remember"]:
    if state["completion"] is not None:
        return "check"
    if "outcome" in state or state["answered_by"] == "cloud":
        return "remember"
    return "answer_in_cloud" if state["cloud_open"] else "remember"


async def check(state: State, runtime: Node) -> State:
    """Is the answer good enough? Replaces the journal's last entry by the judged one."""
    run, completion = runtime.context, state["completion"]
    assert completion is not None, "only an answer is checked"
    checks = _checks(state, run, completion)
    if state["answered_by"] == "local":
        checks = await _look_closer(state, run, completion, checks)
    judged = checks
    if state["answered_by"] == "cloud":
        # There is nobody left to ask, and an answer that hit its limit is still useful.
        judged = tuple(item for item in checks if item.reason is not EscalationReason.CUT_OFF)
    escalation = policy.escalation_reason(judged)
    last = run.journal[-1]
    outcome = "rejected" if escalation else "accepted"
    run.journal[-1] = last.model_copy(
        update={"outcome": outcome, "checks": checks, "escalation": escalation}
    )
    if not escalation and state["answered_by"] == "local" and _agent(state, run).specialist:
        # A specialist writes for milliseconds and declines often: its text is shown once it stands.
        runtime.context.emit(Token(completion.text, "local", last.number))
    runtime.context.emit(Attempted(run.journal[-1]))
    log.info("attempt.checked", model=last.model, outcome=outcome, reason=escalation)
    repairs = state["answered_by"] == "local" and _agent(state, run).repairs
    return {
        "checks": checks,
        "escalation": escalation,
        "finding": _finding(checks) or state["finding"],
        "may_repair": escalation is not None
        and policy.may_repair(
            escalation, tried=state.get("repaired", False), agent_repairs=repairs
        ),
    }


async def _look_closer(
    state: State, run: Run, completion: Completion, checks: tuple[CheckResult, ...]
) -> tuple[CheckResult, ...]:
    """What costs more than a glance, the dearest last, each while all before it passed."""
    task, kind, settings = state["task"], state["guess"].kind, run.deps.settings.policy
    deadline = _local_deadline(state, run)

    async def evidence() -> tuple[CheckResult, ...]:
        seconds = deadline - time.monotonic()
        language = settings.default_language
        return await evidence_checks(
            task, kind, completion, default_language=language, seconds=seconds
        )

    async def own() -> tuple[CheckResult, ...]:
        return await run_checks(run.deps.own_checks, task, kind, completion)

    async def second() -> tuple[CheckResult, ...]:
        if not settings.second_opinion:
            return ()
        found = await agreement(state, run, _agent(state, run), completion, deadline)
        return () if found is None else (found,)

    for look in (evidence, own, second):
        if all(item.passed for item in checks):
            checks += await look()
    return checks


def _finding(checks: tuple[CheckResult, ...]) -> str:
    """What the first failed check found, in words; empty when all passed."""
    return next((f"{check.name}: {check.finding}" for check in checks if not check.passed), "")


def _agent(state: State, run: Run) -> Agent:
    """The local agent that `decide` named."""
    return run.deps.local[state["decision"].agent or ""]


def _checks(state: State, run: Run, completion: Completion) -> tuple[CheckResult, ...]:
    task, kind = state["task"], state["guess"].kind
    if state["answered_by"] == "cloud":
        checks = [complete(task, kind, completion)]
        if task.json_schema is not None:
            checks.append(satisfies_schema(task, kind, completion))
        return tuple(checks)
    agent = _agent(state, run)
    found = tuple(general_checks(task, kind, completion, agent.sureness))
    coverage = state.get("coverage")
    if agent.specialist is None or coverage is None:
        return found
    return found + agent.specialist.checks(task, completion, coverage)


async def repair(state: State) -> State:
    """Once: the same agent is asked again, with the finding in its prompt."""
    return {"repaired": True}


def after_check(state: State) -> Literal["remember", "repair", "answer_in_cloud"]:
    if state["escalation"] is None or state["answered_by"] == "cloud":
        return "remember"
    if state["may_repair"]:
        return "repair"
    return "answer_in_cloud" if state["cloud_open"] else "remember"


async def remember(state: State, runtime: Node) -> State:
    """Concludes, and keeps what a later request may need: the session's turn and the answer."""
    run, task = runtime.context, state["task"]
    outcome = state.get("outcome") or _conclude(state, run)
    if outcome.status != "done":
        return {"outcome": outcome}
    try:
        if task.session:
            await run.deps.memory.append(
                task.session,
                Message(role="user", content=task.prompt),
                Message(role="assistant", content=outcome.text),
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
    key = _answer_key(state["task"], state["history"], run.deps)
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
            return Outcome("parked", "local", text, f"draft only: {decision.reason}", model)
        return Outcome("done", "local", text, decision.reason, model)
    if answered_by == "cloud":
        wrong = "" if completion is None else "the cloud's answer is not usable: "
        return Outcome("failed", "none", "", wrong + finding)
    if escalation is EscalationReason.ENGINE_FAILED:
        return Outcome("failed", "none", "", finding)
    if state["stays_local"]:
        reason = f"no usable local answer ({finding}), and the task must stay on this machine"
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
    return f"escalated: {local[-1].error or _finding(local[-1].checks)}"
