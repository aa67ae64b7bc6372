"""The user's own checks of answers: functions, entry points of installed packages, and commands."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import shutil
import signal
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from importlib.metadata import entry_points
from typing import Any

from router.errors import ConfigError
from router.settings.checks import CheckSettings
from router.types.completion import Completion
from router.types.decision import EscalationReason, Kind
from router.types.result import CheckResult
from router.types.task import Task

GROUP = "edgeward.checks"
"""Entry points of this group are checks, by their names."""

FINDING_CHARS = 300
"""How much of a check's finding is kept: it goes into the account's report and into a prompt."""

Check = Callable[[Task, Kind, Completion], "CheckResult | Awaitable[CheckResult | None] | None"]
"""(task, kind, completion) -> its finding; None: the check does not apply to this answer."""


async def run_checks(
    checks: Sequence[Check], task: Task, kind: Kind, completion: Completion
) -> tuple[CheckResult, ...]:
    """The findings, in order. A check that raises counts as passed, and its finding says so."""
    found = []
    for check in checks:
        try:
            result = check(task, kind, completion)
            if inspect.isawaitable(result):
                result = await result
        except Exception as error:  # noqa: BLE001  somebody else's code
            what = f"not checked: it raised {type(error).__name__}: {error}"[:FINDING_CHARS]
            result = CheckResult(name=_name(check), passed=True, finding=what)
        if result is not None:
            found.append(result)
    return tuple(found)


def installed_checks() -> tuple[Check, ...]:
    """Those that installed packages bring. Raises ConfigError for one that cannot be loaded."""
    checks = []
    for entry in entry_points(group=GROUP):
        try:
            check = entry.load()
        except Exception as error:
            raise ConfigError(
                f"the check {entry.name!r} ({entry.value}) cannot be loaded: "
                f"{type(error).__name__}: {error}: mend or uninstall its package"
            ) from error
        if not callable(check):
            raise ConfigError(f"the check {entry.name!r} ({entry.value}) is not a function")
        checks.append(check)
    return tuple(checks)


def command_checks(settings: Iterable[CheckSettings]) -> tuple[Check, ...]:
    """Those of the configuration. Raises ConfigError for a program that is not there."""
    checks: list[Check] = []
    for one in settings:
        if shutil.which(one.command[0]) is None:
            raise ConfigError(
                f"checks: the program {one.command[0]!r} of the check {one.name!r} is not found: "
                "write its path, or install it"
            )
        checks.append(CommandCheck(one))
    return tuple(checks)


class CommandCheck:
    """A program that is shown the answer and judges it.

    It reads one JSON object (`prompt`, `answer`, `kind`, and `schema` where the task has one) from
    its standard input. Exit status 0 accepts the answer, 1 rejects it; what it prints is the
    finding. Any other exit status or a timeout is no judgement: the answer passes, unless the check
    is strict. It runs unconfined, as the user: it is the user's own program.
    """

    def __init__(self, settings: CheckSettings, *, strict: bool = False) -> None:
        self._settings = settings
        self._stands = not strict

    @property
    def name(self) -> str:
        return self._settings.name

    async def __call__(self, task: Task, kind: Kind, completion: Completion) -> CheckResult | None:
        if self._settings.kinds and kind not in self._settings.kinds:
            return None
        shown: dict[str, Any] = {
            "prompt": task.prompt,
            "answer": completion.text,
            "kind": kind.value,
        }
        if task.json_schema is not None:
            shown["schema"] = task.json_schema
        try:
            status, printed = await self._run(json.dumps(shown).encode())
        except OSError as error:
            said = f"not checked: it cannot be started: {error.strerror}"
            return self._result(self._stands, said)
        if status is None:
            return self._result(
                self._stands, f"not checked: no end within {self._settings.timeout_s:g} s"
            )
        if status not in (0, 1):
            return self._result(
                self._stands, f"not checked: it ended with status {status}: {printed}"
            )
        accepted = status == 0
        return self._result(accepted, printed or ("accepted" if accepted else "rejected"))

    async def _run(self, shown: bytes) -> tuple[int | None, str]:
        process = await asyncio.create_subprocess_exec(
            *self._settings.command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                printed, _ = await process.communicate(shown)
        except TimeoutError:
            return None, ""
        finally:
            if process.returncode is None:
                _kill(process.pid)
                await process.wait()
        return process.returncode, " ".join(printed.decode(errors="replace").split())

    def _result(self, passed: bool, finding: str) -> CheckResult:
        return CheckResult(
            name=self.name,
            passed=passed,
            finding=finding[:FINDING_CHARS],
            reason=None if passed else EscalationReason.CHECK,
        )


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _name(check: Check) -> str:
    return str(getattr(check, "name", None) or getattr(check, "__name__", type(check).__name__))
