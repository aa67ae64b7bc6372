"""A guard model, where the user names one, has a word on each request and each answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from scripted_router import script, scripted_router

from router.store.store import Store
from router.types.decision import EscalationReason
from router.types.result import Result
from router.types.task import Task

ASK = "Write a short greeting for a friend."


async def guarded(
    store: Store, folder: Path, guard: dict[str, Any], *, cloud: list[dict[str, Any]] | None = None
) -> Result:
    model = {"script": str(script(folder / "one.yaml", {"reply": "hello there"}))}
    rules = {"script": str(script(folder / "guard.yaml", guard, {"reply": '"safe"'}))}
    models = {"general": model, "coder": model, "guard": rules}
    async with scripted_router(store, folder, local=[], cloud=cloud, models=models) as router:
        return await router.run(Task(prompt=ASK))


async def test_what_is_called_safe_passes_and_both_questions_are_in_the_account(
    store: Store, tmp_path: Path
) -> None:
    result = await guarded(store, tmp_path, {"match": "nothing", "reply": '"safe"'})
    assert (result.status, result.text) == ("done", "hello there")
    assert [attempt.role for attempt in result.attempts] == ["guard", "guard", "general"]
    assert [attempt.outcome for attempt in result.attempts] == ["accepted"] * 3
    assert result.checks[-1].name == "guard"
    assert result.checks[-1].finding == "called safe"


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"match": "The request", "reply": '"unsafe"'}, "calls the request unsafe"),
        ({"match": "The request", "fail": "unavailable"}, "could not judge the request"),
        ({"match": "The request", "reply": "I am not sure"}, "could not judge the request"),
    ],
)
async def test_a_request_that_is_not_called_safe_is_not_run(
    store: Store, tmp_path: Path, rule: dict[str, Any], said: str
) -> None:
    result = await guarded(store, tmp_path, rule, cloud=[{"reply": "from the cloud"}])
    assert (result.status, result.text) == ("failed", "")
    assert said in result.reason
    assert [attempt.role for attempt in result.attempts] == ["guard"]


async def test_an_answer_that_is_called_unsafe_is_not_delivered(
    store: Store, tmp_path: Path
) -> None:
    result = await guarded(store, tmp_path, {"match": "The answer", "reply": '"unsafe"'})
    assert result.status == "parked"
    assert result.text == ""
    assert result.attempts[-1].role == "general", "the judged one stays the last"
    assert result.attempts[-1].escalation is EscalationReason.REFUSAL
    assert "calls the answer unsafe" in result.checks[-1].finding
