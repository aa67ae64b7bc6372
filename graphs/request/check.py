"""The step that judges an answer."""

from __future__ import annotations

import time
from typing import Literal

import structlog
from langgraph.runtime import Runtime

from agents.checks.echo import not_an_echo
from agents.checks.evidence import evidence_checks
from agents.checks.form import in_form
from agents.checks.general import complete, general_checks, satisfies_schema
from agents.checks.own import run_checks
from graphs.events import Attempted, Token
from graphs.request.agreement import agreement
from graphs.request.decide import local_deadline
from graphs.request.guard import stopped
from graphs.request.state import Run, State
from graphs.request.visibility import goes_on, local_agent
from router.policy import decide as policy
from router.policy.verification import Draft, may_serve, verification_of
from router.types.completion import Completion
from router.types.decision import EscalationReason
from router.types.result import CheckResult, Verification

log = structlog.get_logger()

Node = Runtime[Run]


async def check(state: State, runtime: Node) -> State:
    """Judges the answer, and replaces the journal's last attempt by the judged one."""
    run, completion = runtime.context, state["completion"]
    assert completion is not None, "only an answer is checked"
    from_cloud = state["answered_by"] == "cloud"
    checks = await _judged(state, runtime, completion)
    verification = verification_of(checks, from_cloud=from_cloud)
    escalation = policy.escalation_reason(_counting(checks, from_cloud=from_cloud))
    last = run.journal[-1]
    outcome = "rejected" if escalation else "accepted"
    run.journal[-1] = last.model_copy(
        update={"outcome": outcome, "checks": checks, "escalation": escalation}
    )
    agent = None if from_cloud else local_agent(state, run)
    if agent and escalation:
        _keep_draft(run, completion)
    elif agent and agent.specialist:
        # A specialist is fast and often declines: its text is shown only once it is accepted.
        runtime.context.emit(Token(completion.text, "local", last.number, state["label"]))
    runtime.context.emit(Attempted(run.journal[-1]))
    log.info("attempt.checked", model=last.model, outcome=outcome, reason=escalation)
    return {
        "checks": checks,
        "verification": verification,
        "escalation": escalation,
        "finding": first_finding(checks) or state["finding"],
        "may_repair": escalation is not None
        and policy.may_repair(
            escalation,
            tried=state.get("repaired", False),
            agent_repairs=agent is not None and agent.repairs,
        ),
        "goes_on": agent is not None and goes_on(escalation, state, run),
        "doubts": (*state.get("doubts", ()), *(_out_of_form(checks) if from_cloud else ())),
    }


async def _judged(state: State, runtime: Node, completion: Completion) -> tuple[CheckResult, ...]:
    """What every check of the answer found."""
    run, task = runtime.context, state["task"]
    from_cloud = state["answered_by"] == "cloud"
    checks = _checks(state, run, completion)
    if not from_cloud:
        checks = await _look_closer(state, run, completion, checks)
    if all(item.passed for item in checks):
        checks += await run_checks(run.options.checks, task, state["guess"].kind, completion)
    if policy.escalation_reason(_counting(checks, from_cloud=from_cloud)) is None:
        checks += await _guarded(state, runtime, completion)
    if not from_cloud and all(item.passed for item in checks):
        checks += _without_evidence(checks, state, run)
    return checks


def _without_evidence(
    checks: tuple[CheckResult, ...], state: State, run: Run
) -> tuple[CheckResult, ...]:
    """The finding against an answer that nothing speaks for, where the cloud could do better.

    Whoever named the model believes it; whoever brought checks of their own has said what counts;
    and a cloud that would see placeholders for what the task works on could not do better.
    """
    if verification_of(checks, from_cloud=False) is not Verification.UNVERIFIED:
        return ()
    settled = run.options.role is not None or bool(run.options.checks) or state["hides_work"]
    believes = run.deps.settings.policy.unverified == "accept"
    if settled or believes or not state["cloud_open"]:
        return ()
    agent = local_agent(state, run)
    model = agent.engine.caps.model
    finding = (
        f"no check can tell whether it is right, and what {model} can do is not known: "
        f"edgeward models probe --role {agent.role}"
    )
    return (CheckResult.found("evidence", finding, EscalationReason.UNVERIFIED),)


def _keep_draft(run: Run, completion: Completion) -> None:
    """Keeps a rejected answer that may serve a person if there will be no better one."""
    last = run.journal[-1]
    reasons = [item.reason for item in last.checks if item.reason is not None]
    if last.escalation is not None and all(may_serve(reason) for reason in reasons):
        finding = first_finding(last.checks)
        run.drafts.append(Draft(last.number, completion, last.escalation, finding))


def _counting(checks: tuple[CheckResult, ...], *, from_cloud: bool) -> tuple[CheckResult, ...]:
    """The checks that may reject. An answer of the cloud that was cut off, or has another form than
    its words ask for, counts as passed: it is still useful, and there is nobody left to ask."""
    if not from_cloud:
        return checks
    return tuple(item for item in checks if item.reason not in _USEFUL_STILL)


_USEFUL_STILL = frozenset((EscalationReason.CUT_OFF, EscalationReason.FORM))


def _out_of_form(checks: tuple[CheckResult, ...]) -> tuple[str, ...]:
    """The warning for an answer that is delivered although it is not in form."""
    findings = [one.finding for one in checks if one.reason is EscalationReason.FORM]
    return tuple(f"the answer may not be in the form that was asked for: {one}" for one in findings)


def _in_form(state: State, completion: Completion) -> tuple[CheckResult, ...]:
    """Whether the answer has the form that the request's words ask for; empty without one."""
    form = state.get("form")
    found = None if form is None else in_form(form, completion)
    return () if found is None else (found,)


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

    # What was computed needs nobody's opinion.
    computed = any(item.proves for item in checks)
    for look in (own,) if computed else (evidence, own, second):
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
        return (*checks, *_in_form(state, completion))
    agent = local_agent(state, run)
    coverage = state.get("coverage")
    judged: tuple[CheckResult, ...] = ()
    if agent.specialist is not None and coverage is not None:
        judged = agent.specialist.checks(task, completion, coverage)
    if any(item.proves for item in judged):
        # A text in capitals is no echo, and a list of one letter no loop, where it was computed.
        return judged
    echo = not_an_echo(task, kind, completion, system=agent.system_prompt, turns=state["history"])
    return (
        *general_checks(task, kind, completion, agent.sureness, agent.card),
        echo,
        *_in_form(state, completion),
        *judged,
    )


def after_check(state: State) -> Literal["remember", "repair", "decide", "answer_in_cloud"]:
    if state["escalation"] is None or state["answered_by"] == "cloud":
        return "remember"
    if state["may_repair"]:
        return "repair"
    if state.get("goes_on"):
        return "decide"
    return "answer_in_cloud" if state["cloud_open"] else "remember"
