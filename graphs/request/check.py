"""The step that judges an answer."""

from __future__ import annotations

import time
from typing import Literal

import structlog
from langgraph.runtime import Runtime

from agents.checks.evidence import evidence_checks
from agents.checks.general import complete, general_checks, satisfies_schema
from agents.checks.own import run_checks
from graphs.events import Attempted, Token
from graphs.request.agreement import agreement
from graphs.request.decide import local_deadline
from graphs.request.guard import stopped
from graphs.request.state import Run, State
from graphs.request.visibility import local_agent
from router.policy import decide as policy
from router.types.completion import Completion
from router.types.decision import EscalationReason
from router.types.result import CheckResult

log = structlog.get_logger()

Node = Runtime[Run]


async def check(state: State, runtime: Node) -> State:
    """Judges the answer, and replaces the journal's last attempt by the judged one."""
    run, task, completion = runtime.context, state["task"], state["completion"]
    assert completion is not None, "only an answer is checked"
    checks = _checks(state, run, completion)
    if state["answered_by"] == "local":
        checks = await _look_closer(state, run, completion, checks)
    from_cloud = state["answered_by"] == "cloud"
    if all(item.passed for item in checks):
        checks += await run_checks(run.options.checks, task, state["guess"].kind, completion)
    if policy.escalation_reason(_counting(checks, from_cloud=from_cloud)) is None:
        checks += await _guarded(state, runtime, completion)
    escalation = policy.escalation_reason(_counting(checks, from_cloud=from_cloud))
    last = run.journal[-1]
    outcome = "rejected" if escalation else "accepted"
    run.journal[-1] = last.model_copy(
        update={"outcome": outcome, "checks": checks, "escalation": escalation}
    )
    if not escalation and state["answered_by"] == "local" and local_agent(state, run).specialist:
        # A specialist is fast and often declines: its text is shown only once it is accepted.
        runtime.context.emit(Token(completion.text, "local", last.number, state["label"]))
    runtime.context.emit(Attempted(run.journal[-1]))
    log.info("attempt.checked", model=last.model, outcome=outcome, reason=escalation)
    repairs = state["answered_by"] == "local" and local_agent(state, run).repairs
    return {
        "checks": checks,
        "escalation": escalation,
        "finding": first_finding(checks) or state["finding"],
        "may_repair": escalation is not None
        and policy.may_repair(
            escalation, tried=state.get("repaired", False), agent_repairs=repairs
        ),
    }


def _counting(checks: tuple[CheckResult, ...], *, from_cloud: bool) -> tuple[CheckResult, ...]:
    """The checks that may reject. An answer of the cloud that was cut off counts as passed: it is
    still useful, and there is nobody left to ask."""
    if not from_cloud:
        return checks
    return tuple(item for item in checks if item.reason is not EscalationReason.CUT_OFF)


async def _look_closer(
    state: State, run: Run, completion: Completion, checks: tuple[CheckResult, ...]
) -> tuple[CheckResult, ...]:
    """Further checks of a local answer, from cheap to expensive, until one of them fails."""
    task, kind, settings = state["task"], state["guess"].kind, run.deps.settings.policy
    deadline = local_deadline(state, run)

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
        found = await agreement(state, run, local_agent(state, run), completion, deadline)
        return () if found is None else (found,)

    for look in (evidence, own, second):
        if all(item.passed for item in checks):
            checks += await look()
    return checks


async def _guarded(state: State, runtime: Node, completion: Completion) -> tuple[CheckResult, ...]:
    """The guard model's verdict on the answer; empty without a guard model."""
    if runtime.context.deps.guard is None:
        return ()
    why = await stopped(completion.text, "answer", state, runtime)
    return (
        CheckResult.found("guard", why or "called safe", EscalationReason.REFUSAL if why else None),
    )


def first_finding(checks: tuple[CheckResult, ...]) -> str:
    """The finding of the first failed check, in words; empty when all passed."""
    return next((f"{check.name}: {check.finding}" for check in checks if not check.passed), "")


def _checks(state: State, run: Run, completion: Completion) -> tuple[CheckResult, ...]:
    task, kind = state["task"], state["guess"].kind
    if state["answered_by"] == "cloud":
        checks = [complete(task, kind, completion)]
        if task.json_schema is not None:
            checks.append(satisfies_schema(task, kind, completion))
        return tuple(checks)
    agent = local_agent(state, run)
    found = tuple(general_checks(task, kind, completion, agent.sureness))
    coverage = state.get("coverage")
    if agent.specialist is None or coverage is None:
        return found
    return found + agent.specialist.checks(task, completion, coverage)


def after_check(state: State) -> Literal["remember", "repair", "answer_in_cloud"]:
    if state["escalation"] is None or state["answered_by"] == "cloud":
        return "remember"
    if state["may_repair"]:
        return "repair"
    return "answer_in_cloud" if state["cloud_open"] else "remember"
