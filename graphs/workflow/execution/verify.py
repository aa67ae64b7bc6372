"""How a step's `verify` judges an answer: its tests in the sandbox, its program, its schema."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from agents.checks.code_examples import solution
from agents.checks.general import matches
from agents.checks.own import FINDING_CHARS, Check, CommandCheck
from agents.checks.sandbox import Limits
from agents.checks.trial import tried
from graphs.workflow.definition.files import resolved, schema_in
from graphs.workflow.definition.model import Step, Verify, WorkflowDefinition
from graphs.workflow.expressions.evaluate import Scope
from graphs.workflow.expressions.expressions import render_text
from router.classify.code_language import fenced_blocks
from router.errors import ConfigError
from router.settings.checks import CheckSettings
from router.types.completion import Completion
from router.types.decision import EscalationReason, Kind
from router.types.result import CheckResult
from router.types.task import Task

TEST_LIMITS = Limits(wall_s=30.0, cpu_s=20.0)

COMMAND_S = 120.0
"""Seconds that a program may take to judge."""


def checks_of(workflow: WorkflowDefinition, step: Step, scope: Scope) -> tuple[Check, ...]:
    """The checks in a step's `verify`. Raises ConfigError for a missing or unusable file."""
    verify = step.verify
    if verify is None:
        return ()
    checks: list[Check] = []
    if verify.json_schema is not None:
        checks.append(_SchemaCheck(schema_in(workflow, verify.json_schema)))
    if verify.tests is not None:
        checks.append(_TestsCheck(_text(resolved(workflow, verify.tests), verify.tests)))
    if tests := _written(verify, scope):
        checks.append(_TestsCheck(tests))
    if verify.command is not None:
        checks.append(_command(workflow, step.id, verify.command))
    return tuple(checks)


def judged_by(workflow: WorkflowDefinition, step: Step, scope: Scope) -> str:
    """Part of the cache key: changes when the answers of the step would be judged differently."""
    if step.verify is None:
        return ""
    shape = [step.verify.model_dump_json(), _written(step.verify, scope)]
    if step.verify.tests is not None:
        shape.append(_text(resolved(workflow, step.verify.tests), step.verify.tests))
    if step.verify.command is not None and "/" in (program := step.verify.command[0]):
        shape.append(hashlib.sha256(_bytes(resolved(workflow, program), program)).hexdigest())
    if isinstance(step.verify.json_schema, str):
        shape.append(str(schema_in(workflow, step.verify.json_schema)))
    return hashlib.sha256("\n".join(shape).encode()).hexdigest()


def _written(verify: Verify, scope: Scope) -> str:
    """The tests that stand in the file, rendered; empty where they are blank."""
    tests = "" if verify.test_code is None else render_text(verify.test_code, scope)
    return tests if tests.strip() else ""


class _SchemaCheck:
    """The answer is JSON that matches a schema, which the model was not made to follow."""

    def __init__(self, schema: dict[str, object]) -> None:
        self._schema = schema

    def __call__(self, task: Task, kind: Kind, completion: Completion) -> CheckResult:
        return matches(self._schema, completion.text, name="verify.schema")


class _TestsCheck:
    """The answer's Python passes tests: asserts, functions named test..., and unittest's cases.

    They run apart from the answer, which therefore cannot fake a pass.
    """

    def __init__(self, tests: str) -> None:
        self._tests = tests

    async def __call__(self, task: Task, kind: Kind, completion: Completion) -> CheckResult:
        code, defined = solution(fenced_blocks(completion.text))
        if not defined:
            # A model that is asked for a file only may write it without a code fence.
            code, defined = solution(fenced_blocks(f"```python\n{completion.text}\n```"))
        if not defined:
            return _failed("the answer defines nothing in Python")
        trial = await tried(code, [{"form": "tests", "source": self._tests}], TEST_LIMITS)
        if trial.not_run is not None:
            # Tests that could not be run do not count as passed.
            return _failed(f"the tests could not be run: {trial.not_run}")
        if trial.stopped_by is not None:
            return _failed(f"the tests were stopped: limit of {trial.stopped_by} passed")
        if trial.problem is not None:
            return _failed(f"the tests do not pass: {trial.problem}")
        if trial.unjudged:
            return _failed(
                f"the tests cannot be judged apart from the code ({trial.unjudged[0]}): compare "
                "what its functions give with numbers, texts and lists, or judge with a command"
            )
        finding = f"the file of tests passed, and {trial.ran} of its functions"
        return CheckResult.found("verify.tests", finding, proves=True)


def _failed(finding: str) -> CheckResult:
    return CheckResult.found("verify.tests", finding[:FINDING_CHARS], EscalationReason.CHECK)


def _command(workflow: WorkflowDefinition, step_id: str, command: tuple[str, ...]) -> Check:
    program = command[0]
    if "/" in program:
        program = str(resolved(workflow, program))
    if shutil.which(program) is None:
        raise ConfigError(
            f"verify.command: no program {command[0]!r} is found: write its path, or install it"
        )
    settings = CheckSettings(
        name=f"verify.{step_id}"[:40], command=(program, *command[1:]), timeout_s=COMMAND_S
    )
    return CommandCheck(settings, strict=True)


def _bytes(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{name} cannot be read: {error.strerror}") from None


def _text(path: Path, name: str) -> str:
    try:
        return _bytes(path, name).decode()
    except UnicodeDecodeError:
        raise ConfigError(f"{name} is no text in UTF-8") from None
