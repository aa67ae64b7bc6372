"""How a step's `verify` judges an answer: its tests in the sandbox, its program, its schema."""

from __future__ import annotations

import hashlib
import secrets
import shutil
import sys
from pathlib import Path

from agents.checks.code_examples import solution
from agents.checks.general import matches
from agents.checks.own import FINDING_CHARS, Check, CommandCheck
from agents.checks.sandbox import Limits, run_program
from graphs.workflow.definition.files import resolved, schema_in
from graphs.workflow.definition.model import Step, Verify, WorkflowDefinition
from graphs.workflow.expressions.evaluate import Scope
from graphs.workflow.expressions.expressions import render_text
from router.classify.code_language import fenced_blocks
from router.errors import ConfigError
from router.settings.settings import CheckSettings
from router.types.completion import Completion
from router.types.decision import EscalationReason, Kind
from router.types.result import CheckResult
from router.types.task import Task

TEST_LIMITS = Limits(wall_s=30.0, cpu_s=20.0)

COMMAND_S = 120.0
"""Seconds that a program may take to judge."""

_MAIN = """\
import runpy, sys
token = sys.stdin.readline().strip()
sys.path.insert(0, ".")
module = runpy.run_path("solution.py", run_name="solution")
found = {name: value for name, value in module.items() if not name.startswith("__")}
tests = {"__name__": "__tests__", **found}
source = open("tests.py", encoding="utf-8").read()
exec(compile(source, "tests.py", "exec"), tests)
ran = 0
for name, test in list(tests.items()):
    if name.startswith("test") and callable(test) and test is not found.get(name):
        test()
        ran += 1
print(f"\\n{token} passed, and {ran} of its functions")
"""


def checks_of(workflow: WorkflowDefinition, step: Step, scope: Scope) -> tuple[Check, ...]:
    """Raises ConfigError for a file that is not there or cannot be used."""
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
    """Changes when the answers of the step are judged otherwise."""
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
    """The answer is JSON and matches a schema; nothing makes the model write so."""

    def __init__(self, schema: dict[str, object]) -> None:
        self._schema = schema

    def __call__(self, task: Task, kind: Kind, completion: Completion) -> CheckResult:
        return matches(self._schema, completion.text, name="verify.schema")


class _TestsCheck:
    """The answer's Python passes tests: their asserts, and their functions named test..."""

    def __init__(self, tests: str) -> None:
        self._tests = tests

    async def __call__(self, task: Task, kind: Kind, completion: Completion) -> CheckResult:
        code, defined = solution(fenced_blocks(completion.text))
        if not defined:
            # Whoever asks for the file and nothing else gets it without a fence.
            code, defined = solution(fenced_blocks(f"```python\n{completion.text}\n```"))
        if not defined:
            return _failed("the answer defines nothing in Python")
        files = {"solution.py": code, "tests.py": self._tests, "main.py": _MAIN}
        token = secrets.token_hex(8)  # so that only the last line can say that all was passed
        ran = await run_program(
            (sys.executable, "main.py"), files=files, limits=TEST_LIMITS, stdin=f"{token}\n"
        )
        if ran.status == "unavailable":
            # What was asked for could not be done: that is no pass.
            return _failed(f"the tests could not be run: {ran.reason}")
        if ran.stopped_by is not None:
            return _failed(f"the tests were stopped: limit of {ran.stopped_by} passed")
        if not ran.succeeded:
            return _failed(f"the tests do not pass: {_last_words(ran.stderr, ran.exit_code)}")
        last_line = (ran.stdout.strip().splitlines() or [""])[-1]
        if not last_line.startswith(token):
            return _failed("the code ended its own process before the tests had ended")
        return CheckResult.found("verify.tests", f"the file of tests {last_line[len(token) + 1 :]}")


def _last_words(stderr: str, exit_code: int | None) -> str:
    """A traceback's last line; of an assertion that says nothing, the assertion itself."""
    lines = stderr.strip().splitlines() or [f"exit code {exit_code}"]
    if lines[-1] != "AssertionError":
        return lines[-1]
    said = [line.strip() for line in lines if line.strip().startswith("assert ")]
    return f"{lines[-1]}: {said[-1]}" if said else lines[-1]


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
