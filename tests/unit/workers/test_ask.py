"""What a person is told of text on the screen that does not stand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from router.types.decision import EscalationReason
from router.types.result import Attempt, CheckResult
from workers.commands.ask import unusable
from workers.views.terminal_text import for_terminal
from workers.views.workflow import show_outputs


def attempt(**changes: Any) -> Attempt:
    given = {"number": 1, "role": "cloud", "engine": "litellm", "model": "m", "route": "cloud"}
    return Attempt.model_validate({**given, "outcome": "accepted", **changes})


def test_a_stream_that_broke_off_is_marked_with_its_model_and_failure() -> None:
    said = unusable(attempt(outcome="failed", error="EngineUnavailable: reset by the provider"))
    assert said == "broken off (m: EngineUnavailable: reset by the provider)"


def test_a_rejected_answer_is_marked_with_the_check_that_failed() -> None:
    failed = CheckResult.found("syntax", "does not parse", EscalationReason.SYNTAX)
    passed = CheckResult.found("loop", "no repetition")
    assert unusable(attempt(outcome="rejected", checks=(passed, failed))) == (
        "not usable (syntax: does not parse)"
    )
    assert unusable(attempt(outcome="rejected")) == "not usable (m filtered its answer)"
    assert unusable(attempt()) == ""


def test_an_answer_on_a_terminal_does_not_steer_it() -> None:
    steering = "The \x1b[31mRoman\x1b]0;pwn\x07 Empire\r\x9b2J\tfell.\n"
    assert for_terminal(steering) == "The [31mRoman]0;pwn Empire2J\tfell.\n"


def test_what_a_workflow_gives_does_not_steer_a_terminal_and_is_whole_in_a_pipe(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = {"said": "on\x1b]0;pwn\x07 it goes"}
    show_outputs(outputs)
    assert json.loads(capsys.readouterr().out) == outputs
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    show_outputs(outputs)
    shown = capsys.readouterr().out
    assert "on]0;pwn it goes" in shown
    assert "\x1b]" not in shown
