"""One try of one step: asks an agent, calls a tool, or runs a called workflow."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from agents.checks.general import matches
from graphs.run_options import RunOptions
from graphs.workflow.definition.bind import bind_inputs
from graphs.workflow.definition.files import output_schema, resolved
from graphs.workflow.definition.load import load_workflow
from graphs.workflow.definition.model import Step
from graphs.workflow.execution.context import RunContext
from graphs.workflow.execution.outcome import Facts
from graphs.workflow.execution.tool_step import call_tool
from graphs.workflow.execution.verify import checks_of, judged_by
from graphs.workflow.expressions.evaluate import Scope
from graphs.workflow.expressions.expressions import render_data, render_text
from graphs.workflow.expressions.values import Json, Refused, WorkLimit, from_json
from router.account.budget import Scope as BudgetScope
from router.errors import ConfigError, PrivacyViolation, TaskError
from router.privacy.gate import strictest
from router.privacy.storage import CURE, may_be_written
from router.types.result import NOTHING_FOR_IT, Result, Verification
from router.types.task import Privacy, Task

PROMPT_S = 600.0
"""Default timeout of an answer: long, as a list of items may wait for one small card."""

TOOL_S = 30.0
"""Default timeout of a tool."""

PAID_KEPT_S = 30 * 86_400
"""A run may be resumed weeks later, and must not pay twice for an answer."""

BUDGET_KEPT_S = 120 * 86_400
"""A step's spending is kept longer than a run may wait for a person."""

_LONGEST_S = 86_400.0
_MOST_CHARS = 20_000_000


@dataclass(frozen=True, slots=True)
class StepRun:
    """One try. index: of the item, None without `for_each`; label: of what it is made of."""

    step: Step
    index: int | None
    number: int
    scope: Scope
    label: Privacy

    @property
    def where(self) -> str:
        return self.step.id if self.index is None else f"{self.step.id}[{self.index}]"


async def run_step(turn: StepRun, drive: RunContext) -> Facts:
    """The step's facts, also if it failed. Raises StoreUnavailable, and ConfigError for a mistake
    that another try cannot fix."""
    began = time.monotonic()
    doing = {"prompt": _asked, "tool": _called, "workflow": _ran}[turn.step.action]
    try:
        facts = await doing(turn, drive)
    except (TaskError, PrivacyViolation) as error:
        raise ConfigError(str(error)) from None
    facts = facts.model_copy(update={"seconds": time.monotonic() - began})
    if not may_be_written(facts.label, drive.router.store):
        return Facts(
            status="failed",
            error=f"its text turned out to be {facts.label.value}, and what runs remember is kept "
            f"by {drive.router.store.description}: {CURE}",
            cost_usd=facts.cost_usd,
            seconds=facts.seconds,
        )
    return facts


async def _asked(turn: StepRun, drive: RunContext) -> Facts:
    step = turn.step
    assert step.prompt is not None
    schema = output_schema(drive.workflow, step)
    task = _task(
        prompt=render_text(step.prompt, turn.scope),
        task_id=_task_id(turn, drive),
        system=None if step.system is None else render_text(step.system, turn.scope),
        schema=schema,
        privacy=turn.label,
        timeout_s=min(step.timeout_s or PROMPT_S, _LONGEST_S),
        upgrade_within_s=0.0,
    )
    result = await drive.router.run(task, options=_options(turn, drive))
    facts = _figures(result, turn.label)
    if result.status != "done":
        return facts.model_copy(update={"status": "failed", "error": result.reason})
    output: Json = result.text
    if schema is not None:
        try:
            output = from_json(result.text, WorkLimit(_MOST_CHARS))
        except Refused as refused:
            return facts.model_copy(update={"status": "failed", "error": str(refused)})
    return facts.model_copy(update={"output": output})


def _task_id(turn: StepRun, drive: RunContext) -> str:
    """The idempotency key: the same when a killed run goes on, so that no answer is paid for twice;
    different for each try, which needs a new answer."""
    return f"{drive.thread}/{turn.where}.{drive.attempt}.{turn.number}"


def _options(turn: StepRun, drive: RunContext) -> RunOptions:
    step = turn.step
    scopes = _scopes(step, drive)
    if step.escalate is not None and step.escalate.max_usd is not None:
        key = drive.router.store.keys.budget("workflow", _task_id(turn, drive))
        name = f"one answer of the step {step.id}"
        scopes = (*scopes, BudgetScope(name, key, step.escalate.max_usd, BUDGET_KEPT_S))
    named = step.agent if step.agent in ("general", "coder") else None
    return RunOptions(
        role=named,
        place="cloud" if step.always_in_cloud else step.placement,
        escalates=named is None or step.escalate is not None,
        scopes=scopes,
        checks=checks_of(drive.workflow, step, turn.scope),
        judged_by=judged_by(drive.workflow, step, turn.scope),
        paid_kept_s=PAID_KEPT_S,
    )


def _scopes(step: Step, drive: RunContext) -> tuple[BudgetScope, ...]:
    """The budgets that all answers of a step count towards, in all its items and tries."""
    if step.budget is None:
        return drive.scopes
    key = drive.router.store.keys.budget("workflow", drive.thread, step.id)
    own = BudgetScope(f"the step {step.id}", key, step.budget.max_usd, BUDGET_KEPT_S)
    return (*drive.scopes, own)


def _figures(result: Result, label: Privacy) -> Facts:
    sent = [one.usage for one in result.attempts if one.route == "cloud"]
    done = result.status == "done"
    warnings = result.warnings
    if result.verification is Verification.UNVERIFIED:
        warnings = (*warnings, f"unverified: {result.doubt or NOTHING_FOR_IT}")
    if result.degraded:
        warnings = (*warnings, f"answered here, without the cloud: {result.reason}")
    return Facts(
        status="done",
        cost_usd=result.cost_usd,
        avoided_usd=result.avoided_usd,
        local=int(done and result.route == "local"),
        cloud=int(done and result.route == "cloud"),
        cached=int(done and result.route == "cache"),
        cloud_tokens=sum(one.prompt_tokens + one.completion_tokens for one in sent),
        label=strictest((label, result.label)),
        warnings=warnings,
    )


async def _called(turn: StepRun, drive: RunContext) -> Facts:
    step = turn.step
    assert step.tool is not None
    arguments = render_data(step.arguments, turn.scope)
    assert isinstance(arguments, dict)
    time_for_it = asyncio.timeout(step.timeout_s)
    try:
        async with time_for_it:
            result = await call_tool(
                drive.router,
                step.tool,
                arguments,
                task_id=_task_id(turn, drive),
                label=turn.label,
                timeout_s=step.timeout_s or TOOL_S,
            )
    except TimeoutError:
        if not time_for_it.expired():
            raise
        error = f"{step.tool}: not done within {step.timeout_s:g} s"
        return Facts(status="failed", error=error, label=turn.label)
    found = drive.router.label_of(result.output or result.text, Privacy(result.label))
    label = strictest((turn.label, found))
    if result.status != "done":
        return Facts(status="failed", error=f"{step.tool}: {result.reason}", label=label)
    output: Json = result.output
    if step.output is not None:
        schema = output_schema(drive.workflow, step)
        assert schema is not None
        judged = matches_tool(schema, result.output)
        if isinstance(judged, str):
            return Facts(status="failed", error=f"{step.tool}: {judged}", label=label)
        output = judged[0]
    return Facts(status="done", output=output, label=label)


def matches_tool(schema: dict[str, Any], text: str) -> tuple[Json] | str:
    """A tool's output as data, in a tuple, or why it does not match the schema."""
    found = matches(schema, text)
    if not found.passed:
        return found.finding
    try:
        return (from_json(text, WorkLimit(_MOST_CHARS)),)
    except Refused as refused:
        return str(refused)


async def _ran(turn: StepRun, drive: RunContext) -> Facts:
    step = turn.step
    assert step.workflow is not None
    called = drive.opened.get(step.workflow)
    if called is None:
        called = load_workflow(resolved(drive.workflow, step.workflow))
        drive.opened[step.workflow] = called
    given = render_data(step.inputs, turn.scope)
    assert isinstance(given, dict)
    return await drive.call(
        called,
        bind_inputs(called, given),
        where=turn.where,
        again=turn.number > 0,
        answers=drive.run.answered(step.id, turn.index) if drive.run else {},
        scopes=_scopes(step, drive),
        label=turn.label,
        timeout_s=step.timeout_s,
    )


def _task(**fields: Any) -> Task:
    """Raises ConfigError, in words, where a rendered text makes no task."""
    try:
        return Task.model_validate(fields)
    except ValidationError as error:
        said = "; ".join(str(one["msg"]).removeprefix("Value error, ") for one in error.errors())
        raise ConfigError(said) from None
