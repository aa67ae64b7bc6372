"""The steps that recall, classify, answer and remember; each a function of (state, context)."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import structlog
from langgraph.runtime import Runtime

from agents.agent import SPENT_THINKING, Agent
from agents.assessment import assess
from agents.form_constraint import UNBOUNDED, bounds_of
from agents.schema_in_words import with_schema
from graphs.request.answer_here import AnswerHere, answer_here
from graphs.request.ask_router import second_opinion
from graphs.request.conclude import conclude
from graphs.request.decide import local_deadline, max_wait_s
from graphs.request.guard import relabelled
from graphs.request.state import Deps, Outcome, Run, State
from graphs.request.tool_loop import answer_with_tools, toolbox_of
from graphs.request.turns import with_fewer_turns
from graphs.request.visibility import candidate_for, goes_on, local_agent, may_see
from router.classify import signals
from router.engine import Constraint
from router.errors import PrivacyViolation, StoreUnavailable
from router.form.guess import informed
from router.form.read import read_form
from router.memory.facts import Fact
from router.memory.sessions import CachedAnswer, Conversation, cache_key
from router.privacy.gate import strictest
from router.privacy.storage import may_be_written
from router.types.decision import EscalationReason, Kind
from router.types.result import Verification
from router.types.task import Message, Privacy, Task, ThinkingMode, reference_of

log = structlog.get_logger()

Node = Runtime[Run]


async def recall(state: State, runtime: Node) -> State:
    """Reads the session's turns, fitting facts, and the cached answer to an identical request."""
    task, deps = state["task"], runtime.context.deps
    said = await deps.memory.recall(task.session) if task.session else Conversation()
    facts = await _facts(task, state["label"], deps)
    shown = said.turns[-deps.settings.memory.history_messages or len(said.turns) :]
    recalled: State = {
        "task": task,
        "label": state["label"],
        "history": said.messages,
        "turns": tuple(dict.fromkeys(turn.task for turn in shown if turn.task)),
        "facts": tuple(fact.text for fact in facts),
        "parts": {
            "task": state["label"],
            "session": said.label,
            "facts": strictest(fact.label for fact in facts),
        },
    }
    key = None if runtime.context.upgrade else _answer_key(recalled, runtime.context)
    cached = await deps.cache.get(key) if deps.cache and key else None
    unproven = cached is not None and cached.verification is Verification.UNVERIFIED
    recalled["cached"] = None if unproven and task.strict else cached
    return recalled


async def _facts(task: Task, label: Privacy, deps: Deps) -> tuple[Fact, ...]:
    """Remembered facts that fit the task, none with a stricter label than the task's."""
    if deps.facts is None:
        return ()
    budget = deps.settings.memory.recall_tokens
    return await deps.facts.recall(task.prompt, budget_tokens=budget, label_at_most=label.value)


def _answer_key(state: State, run: Run) -> str | None:
    """The answer's key in the cache; None where the answer must not be kept there."""
    if not may_be_written(state["label"], run.deps.store):
        return None
    shaping = "\n".join((run.deps.fingerprint, run.options.fingerprint, *state["facts"]))
    return cache_key(state["task"], state["history"], shaping)


async def classify(state: State, runtime: Node) -> State:
    """Classifies the task, reads its form, and estimates how well each side would answer it."""
    task, deps = state["task"], runtime.context.deps
    facts = signals.read(task.prompt)
    guess = deps.classifier.classify(task.prompt, facts)
    asks = deps.router is not None and state.get("cached") is None and not runtime.context.upgrade
    if guess.kind is Kind.UNSURE and asks and may_see(deps.router, state, runtime.context):
        assert deps.router is not None, "looked above"
        guess = await second_opinion(deps.router, task, guess, state["label"], runtime.context)
    form = read_form(task.prompt, task.json_schema)
    guess = informed(guess, form)
    asked = candidate_for(guess.kind, task, runtime.context, state["history"])
    seen = assess(task, guess, facts, asked, deps.gains)
    return {
        "guess": seen.guess,
        "candidate": seen.agent.role,
        "coverage": seen.coverage,
        "scores": seen.scores,
        "form": form,
    }


async def answer_locally(state: State, runtime: Node) -> State:
    """The local agent's answer, within the local share of the task's time."""
    run = runtime.context
    agent = local_agent(state, run)
    failure = state["finding"] if state.get("repaired") else None
    if failure and state["escalation"] is EscalationReason.THINKING:
        failure = SPENT_THINKING
    toolbox = await toolbox_of(agent, state, run)
    here = answer_here(agent, local_deadline(state, run), max_wait_s(state, run), state, runtime)

    async def generate(
        messages: tuple[Message, ...], constraint: Constraint | None, label: Privacy
    ) -> State:
        return await _generate(here, agent, messages, constraint, label, state, run)

    async def ask(messages: tuple[Message, ...]) -> State:
        if toolbox is None:
            return await generate(messages, None, state["label"])
        answered = await answer_with_tools(messages, toolbox, generate, state, runtime)
        return {**answered, **relabelled(state, answered["label"], run)}

    # Tools may have changed something; and a cloud may read the whole session.
    again = toolbox is None and not state["cloud_open"]
    answered = await with_fewer_turns(
        agent, ask, state, state["history"], failure=failure, again=again
    )
    if answered["completion"] is None and "outcome" not in answered:
        answered["goes_on"] = goes_on(answered.get("escalation"), {**state, **answered}, run)
    return answered


async def _generate(
    here: AnswerHere,
    agent: Agent,
    messages: tuple[Message, ...],
    constraint: Constraint | None,
    label: Privacy,
    state: State,
    run: Run,
) -> State:
    """One local generation. If the model cannot enforce the schema and no cloud could answer, it is
    asked again with the schema in its prompt."""
    schema = constraint.json_schema if constraint else state["task"].json_schema
    thinking = _thinking(agent, state, run)
    if not state.get("unenforced"):
        bounds = UNBOUNDED
        if constraint is None and agent.specialist is None:
            bounds = bounds_of(state.get("form"), agent.engine.caps, thinking)
        if state.get("repaired") and state["escalation"] is EscalationReason.THINKING:
            bounds = replace(bounds, max_tokens=None)  # it may think again, unasked
        answered = await here(messages, constraint, label, thinking=thinking, bounds=bounds)
        if bounds.constraint is not None and answered.get("rejected"):
            # It was only read from words: what the model cannot be held to is checked afterwards.
            bounds = replace(bounds, constraint=None)
            answered = await here(messages, constraint, label, thinking=thinking, bounds=bounds)
        at_fault = answered.get("rejected") == "schema" and schema is not None
        if not at_fault or state["cloud_open"]:
            return answered
    told = messages if schema is None else with_schema(messages, schema)
    answered = await here(told, constraint, label, thinking=thinking, enforced=False)
    return {**answered, "unenforced": True}


def _thinking(agent: Agent, state: State, run: Run) -> ThinkingMode:
    """`off` for routine tasks where the agent's thinking is `auto`, and for a repair after an
    attempt that only thought."""
    if state.get("repaired") and state["escalation"] is EscalationReason.THINKING:
        return "off"
    routine = state["guess"].complexity < run.deps.settings.policy.max_complexity
    return "off" if agent.thinking == "auto" and routine else agent.thinking


def after_answer(
    state: State,
) -> Literal["check", "decide", "answer_in_cloud", "fall_back", "remember"]:
    if state["completion"] is not None:
        return "check"
    if "outcome" in state:
        return "remember"
    if state["answered_by"] == "local" and state.get("goes_on"):
        return "decide"
    if state["answered_by"] == "cloud":
        # That a prompt is too long for every model is no sign of a connectivity problem.
        too_long = state.get("escalation") is EscalationReason.CONTEXT and state["cloud_open"]
        return "remember" if too_long else "fall_back"
    return "answer_in_cloud" if state["cloud_open"] else "remember"


async def repair(state: State) -> State:
    """Allows one more attempt by the same agent, with the finding in its prompt."""
    return {"repaired": True}


async def remember(state: State, runtime: Node) -> State:
    """Concludes the run, and keeps its turn in the session and its answer in the cache."""
    runtime.context.ended = await _remembered(state, runtime.context)
    return runtime.context.ended


async def _remembered(state: State, run: Run) -> State:
    task = state["task"]
    outcome = state.get("outcome") or conclude(state, run)
    warnings = state.get("warnings", ())
    if left_out := state.get("left_out"):
        warnings = (*warnings, left_out)
    if outcome.status != "done":
        return {"outcome": outcome, "warnings": warnings}
    if outcome.route != "cache":
        warnings += state.get("doubts", ())
    label = _label_to_keep(state, run, outcome)
    try:
        if task.session and not run.upgrade:
            await run.deps.memory.append(
                task.session,
                Message(role="user", content=task.prompt),
                Message(role="assistant", content=outcome.text),
                label=label,
                task=reference_of(task.task_id),
                unverified=outcome.verification is Verification.UNVERIFIED,
            )
        await _keep_answer(state, run, outcome, label)
    except (StoreUnavailable, PrivacyViolation) as error:
        # The answer is delivered, with a warning, although it could not be kept.
        warnings += (f"not remembered: {error}",)
    return {"outcome": outcome, "warnings": warnings}


def _label_to_keep(state: State, run: Run, outcome: Outcome) -> Privacy:
    """The label to keep the answer under. Private text in the answer counts only if the store is on
    another machine; on this one it is judged when it is about to leave."""
    if run.deps.store.local:
        return state["label"]
    return strictest((state["label"], run.deps.gate.label_of(outcome.text)))


async def _keep_answer(state: State, run: Run, outcome: Outcome, label: Privacy) -> None:
    cache = run.deps.cache
    if cache is None or outcome.route == "cache" or state.get("doubts"):
        return
    if outcome.doubt or (outcome.degraded and outcome.verification is Verification.UNVERIFIED):
        return  # another time there may be somebody who knows better
    if not may_be_written(label, run.deps.store):
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
            label=label,
            verification=outcome.verification,
        )
        await cache.put(key, answer)
