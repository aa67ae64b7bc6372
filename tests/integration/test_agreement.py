"""A second small model's word: asked where it costs nothing, and weighed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from scripted_router import script, scripted_router
from tiny_gguf import write_tiny_gguf

from graphs.app import Router
from graphs.request.agreement import ROLE, agree
from router.store.store import Store
from router.types.decision import EscalationReason, Kind
from router.types.task import Task

ROUTINE = "Extract the order number from: order A-17 was late."


@asynccontextmanager
async def two(
    store: Store, folder: Path, second: dict[str, Any], **settings: Any
) -> AsyncIterator[Router]:
    """A general model that says A-17, a coder that says something else, and a cloud."""
    models = {
        "general": {"script": str(script(folder / "one.yaml", {"reply": "A-17"}))},
        "coder": {"script": str(script(folder / "two.yaml", second))},
    }
    async with scripted_router(
        store, folder, local=[], cloud=[{"reply": "B-99"}], models=models, **settings
    ) as router:
        yield router


async def test_two_that_agree_are_believed_and_both_are_in_the_account(
    store: Store, tmp_path: Path
) -> None:
    async with two(store, tmp_path, {"reply": "The order: A-17"}) as router:
        result = await router.run(Task(prompt=ROUTINE))
    assert (result.text, result.route) == ("A-17", "local")
    assert result.checks[-1].finding == "scripted-coder agrees"
    assert [attempt.role for attempt in result.attempts] == [ROLE, "general"]


async def test_two_that_differ_are_not_and_the_cloud_decides(store: Store, tmp_path: Path) -> None:
    async with two(store, tmp_path, {"reply": "C-3"}) as router:
        result = await router.run(Task(prompt=ROUTINE))
    assert (result.text, result.route) == ("B-99", "cloud")
    local = [attempt for attempt in result.attempts if attempt.role == "general"]
    assert local[0].escalation is EscalationReason.LOW_CONFIDENCE
    assert "agreement: scripted-coder says otherwise: C-3" in result.reason


async def test_a_second_one_that_fails_changes_nothing(store: Store, tmp_path: Path) -> None:
    async with two(store, tmp_path, {"fail": "unavailable"}) as router:
        result = await router.run(Task(prompt=ROUTINE))
    assert (result.text, result.route) == ("A-17", "local")
    assert [attempt.outcome for attempt in result.attempts] == ["failed", "accepted"]


async def test_nobody_is_asked_where_that_is_switched_off(store: Store, tmp_path: Path) -> None:
    policy = {"second_opinion": False}
    async with two(store, tmp_path, {"reply": "C-3"}, policy=policy) as router:
        result = await router.run(Task(prompt=ROUTINE))
    assert [attempt.role for attempt in result.attempts] == ["general"]


async def test_a_model_that_is_not_in_memory_is_not_loaded_for_it(
    store: Store, tmp_path: Path
) -> None:
    second = write_tiny_gguf(tmp_path / "second.gguf")
    models = {
        "general": {"script": str(script(tmp_path / "one.yaml", {"reply": "A-17"}))},
        "coder": {"path": str(second), "threads": 1},
    }
    async with scripted_router(store, tmp_path, local=[], models=models) as router:
        away = await router.run(Task(prompt=ROUTINE))
        assert router.lanes()[0].resident == ()
        await router.roster.local["coder"].engine.open()
        loaded = await router.run(Task(prompt=ROUTINE + " Thanks!"))
    assert [attempt.role for attempt in away.attempts] == ["general"]
    assert loaded.attempts[0].role == ROLE


@pytest.mark.parametrize(
    ("kind", "one", "other", "same"),
    [
        (Kind.MATH, "17 * 3 = 51", "The result is 51.", True),
        (Kind.MATH, "It is 51", "It is 52", False),
        (Kind.MATH, "2.50", "so 2,5", True),
        (Kind.MATH, "It is prime", "Yes", None),
        (Kind.EXTRACTION, '{"a": 1, "b": "x"}', '{"b":"x","a":1}', True),
        (Kind.EXTRACTION, '{"a": 1}', '{"a": 2}', False),
        (Kind.EXTRACTION, "São Paulo", "sao paulo", True),
        (Kind.KNOWLEDGE, "Canberra", "It is Canberra", False),
        (Kind.KNOWLEDGE, "It was Canberra", "It is Canberra", True),
        (Kind.KNOWLEDGE, "word " * 20, "word", None),
        (Kind.KNOWLEDGE, "", "x", None),
    ],
)
def test_answers_are_compared_by_what_they_say(
    kind: Kind, one: str, other: str, same: bool | None
) -> None:
    assert agree(kind, one, other) is same
