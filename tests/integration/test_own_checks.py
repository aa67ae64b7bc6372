"""The user's own checks: functions, commands and entry points, with real programs."""

from __future__ import annotations

import sys
import time
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from scripted_router import scripted_router
from waiting import bounded

from agents.checks import own as own_checks
from agents.checks.own import CommandCheck, installed_checks
from graphs.app import Router
from router.errors import ConfigError
from router.settings.checks import CheckSettings
from router.settings.settings import Settings
from router.store.store import Store
from router.types.completion import Completion
from router.types.decision import EscalationReason, Kind
from router.types.result import CheckResult
from router.types.task import Task

ROUTINE = "Extract the order number from: order A-17 was late."


def completion(text: str) -> Completion:
    return Completion(text=text, engine="scripted", model="m", finish_reason="stop")


def program(code: str, **changes: Any) -> CommandCheck:
    command = (sys.executable, "-c", code)
    return CommandCheck(CheckSettings(name="mine", command=command, **changes))


async def found(check: CommandCheck, answer: str = "A-17") -> CheckResult:
    result = await check(Task(prompt=ROUTINE), Kind.EXTRACTION, completion(answer))
    assert result is not None
    return result


READS = "import json, sys; seen = json.load(sys.stdin); "


async def test_a_program_sees_prompt_answer_and_kind_and_its_status_is_the_judgement() -> None:
    good = program(READS + "print(sorted(seen), seen['answer'], seen['kind'])")
    result = await found(good)
    assert (result.name, result.passed) == ("mine", True)
    assert result.finding == "['answer', 'kind', 'prompt'] A-17 extraction"

    bad = await found(program(READS + "print('no dash', 'in it'); raise SystemExit(1)"))
    assert (bad.passed, bad.reason, bad.finding) == (False, EscalationReason.CHECK, "no dash in it")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise SystemExit(3)", "not checked: it ended with status 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "with status -9"),
        ("print('x' * 100_000)", "xxx"),
    ],
)
async def test_what_is_no_judgement_leaves_the_answer_standing(code: str, said: str) -> None:
    result = await found(program(code))
    assert result.passed
    assert said in result.finding
    assert len(result.finding) <= 300


async def test_a_program_that_does_not_end_is_killed_with_its_children(tmp_path: Path) -> None:
    marker = tmp_path / "alive"
    child = f"import time, pathlib; time.sleep(1.5); pathlib.Path({str(marker)!r}).touch()"
    code = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}])"
    code += "; time.sleep(60)"
    with bounded("the check"):
        result = await found(program(code, timeout_s=0.5))
    assert result.passed
    assert result.finding == "not checked: no end within 0.5 s"
    time.sleep(1.6)  # noqa: ASYNC251  nothing else runs
    assert not marker.exists()


async def test_a_check_of_other_kinds_has_no_opinion() -> None:
    check = program("raise SystemExit(1)", kinds=(Kind.CODE,))
    assert await check(Task(prompt=ROUTINE), Kind.EXTRACTION, completion("x")) is None


async def test_an_answer_that_a_check_rejects_is_repaired_or_escalated_with_its_finding(
    store: Store, tmp_path: Path
) -> None:
    def no_dash(task: Task, kind: Kind, answer: Completion) -> CheckResult:
        passed = "-" not in answer.text
        reason = None if passed else EscalationReason.CHECK
        return CheckResult(name="no-dash", passed=passed, finding="a dash", reason=reason)

    local = [{"match": "not usable: no-dash: a dash", "reply": "A17"}, {"reply": "A-17"}]
    async with scripted_router(store, tmp_path, local=local) as plain:
        settings = plain.settings
    async with Router.open(settings, env={}, checks=[no_dash]) as router:
        result = await router.run(Task(prompt=ROUTINE))
    assert (result.text, result.route) == ("A17", "local")
    assert [attempt.outcome for attempt in result.attempts] == ["rejected", "accepted"]
    assert result.attempts[0].escalation is EscalationReason.CHECK
    assert "no-dash" in [check.name for check in result.checks]


async def test_a_command_of_the_configuration_judges(store: Store, tmp_path: Path) -> None:
    script = tmp_path / "check.py"
    script.write_text(READS + "print('too short'); raise SystemExit(len(seen['answer']) < 9)")
    checks = [{"name": "length", "command": [sys.executable, str(script)]}]
    async with scripted_router(
        store, tmp_path, local=[{"reply": "A-17"}], cloud=[{"reply": "order A-17"}], checks=checks
    ) as router:
        result = await router.run(Task(prompt=ROUTINE))
    assert (result.text, result.route) == ("order A-17", "cloud")
    assert "length: too short" in result.reason


async def test_a_function_that_raises_fails_nobodys_answer(store: Store, tmp_path: Path) -> None:
    def broken(task: Task, kind: Kind, answer: Completion) -> CheckResult:
        raise ZeroDivisionError

    async with scripted_router(store, tmp_path, local=[{"reply": "A-17"}]) as plain:
        settings = plain.settings
    async with Router.open(settings, env={}, checks=[broken]) as router:
        result = await router.run(Task(prompt=ROUTINE))
    assert result.status == "done"
    assert "not checked: it raised ZeroDivisionError" in result.checks[-1].finding


def test_a_program_that_is_not_there_is_refused_before_the_first_task() -> None:
    settings = Settings.model_validate(
        {"checks": [{"name": "style", "command": ["no-such-program", "-x"]}]}
    )
    with pytest.raises(ConfigError, match=r"'no-such-program' of the check 'style' is not found"):
        own_checks.command_checks(settings.checks)


@pytest.fixture
def entry(monkeypatch: pytest.MonkeyPatch) -> list[EntryPoint]:
    entries: list[EntryPoint] = []
    monkeypatch.setattr(own_checks, "entry_points", lambda group: entries)
    return entries


def test_checks_of_installed_packages_are_found(entry: list[EntryPoint]) -> None:
    entry.append(EntryPoint("refusal", "agents.checks.refusal:not_a_refusal", own_checks.GROUP))
    (check,) = installed_checks()
    result = check(Task(prompt="x"), Kind.KNOWLEDGE, completion("I'm sorry, but I can't."))
    assert isinstance(result, CheckResult)
    assert not result.passed


@pytest.mark.parametrize(
    "value", ["no.such:thing", "agents.checks.general:missing", "agents.checks.general:re"]
)
def test_one_that_cannot_be_loaded_is_named(entry: list[EntryPoint], value: str) -> None:
    entry.append(EntryPoint("mine", value, own_checks.GROUP))
    with pytest.raises(ConfigError, match="the check 'mine'"):
        installed_checks()
