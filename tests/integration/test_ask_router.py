"""The router role: a second opinion where the classifier has none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from scripted_router import script, scripted_router
from tiny_gguf import write_tiny_gguf

from graphs.app import Router
from router.classify.kinds import NgramClassifier
from router.store.store import Store
from router.types.decision import EscalationReason, Kind
from router.types.task import Task

UNCLEAR = "Text of the table plan:"
CLEAR = "Translate to Portuguese: good morning"


@asynccontextmanager
async def asked(
    store: Store, folder: Path, max_gain: float = 0.2, **rule: Any
) -> AsyncIterator[Router]:
    """A router whose router role answers by one rule."""
    place = {"script": str(script(folder / "router.yaml", rule))}
    local = {"script": str(script(folder / "answers.yaml", {"reply": "an answer"}))}
    models = {"general": local, "coder": local, "router": place}
    cloud, policy = [{"reply": "from the cloud"}], {"max_gain": max_gain}
    async with scripted_router(
        store, folder, local=[], cloud=cloud, models=models, policy=policy
    ) as router:
        yield router


def test_the_text_of_these_tests_is_unclear_to_the_classifier() -> None:
    classifier = NgramClassifier.load()
    assert classifier.classify(UNCLEAR).kind is Kind.UNSURE
    assert classifier.classify(CLEAR).kind is not Kind.UNSURE


async def test_what_the_classifier_does_not_know_the_router_role_is_asked(
    store: Store, tmp_path: Path
) -> None:
    async with asked(store, tmp_path, max_gain=0.05, reply='"knowledge"') as router:
        result = await router.run(Task(prompt=UNCLEAR))

    assert result.guess.kind is Kind.KNOWLEDGE
    assert (result.route, result.decision.escalation) == ("cloud", EscalationReason.COMPLEX)
    assert [(attempt.role, attempt.outcome) for attempt in result.attempts] == [
        ("router", "accepted"),
        ("cloud", "accepted"),
    ]
    assert "expected to gain" in result.reason, "the reason is the decision's"


async def test_what_the_classifier_knows_nobody_is_asked(store: Store, tmp_path: Path) -> None:
    async with asked(store, tmp_path, reply='"math"') as router:
        result = await router.run(Task(prompt=CLEAR))
    assert result.guess.kind is Kind.TRANSLATION
    assert "router" not in {attempt.role for attempt in result.attempts}


@pytest.mark.parametrize(
    ("rule", "outcome"),
    [
        ({"reply": '"poetry"'}, "rejected"),
        ({"reply": "no JSON"}, "rejected"),
        ({"reply": '"math"', "min_logprob": -4.0}, "rejected"),
        ({"reply": '"math"', "min_logprob": None}, "rejected"),
        ({"fail": "unavailable"}, "failed"),
        ({"fail": "timeout"}, "failed"),
    ],
)
async def test_an_opinion_that_is_none_changes_nothing_but_is_accounted_for(
    store: Store, tmp_path: Path, rule: dict[str, Any], outcome: str
) -> None:
    async with asked(store, tmp_path, **rule) as router:
        result = await router.run(Task(prompt=UNCLEAR))
    assert result.guess.kind is Kind.UNSURE
    assert (result.attempts[0].role, result.attempts[0].outcome) == ("router", outcome)
    assert (result.status, result.route) == ("done", "local")


async def test_a_real_model_is_held_to_the_kinds(store: Store, tmp_path: Path) -> None:
    model = write_tiny_gguf(tmp_path / "tiny.gguf")
    local = {"script": str(script(tmp_path / "answers.yaml", {"reply": "an answer"}))}
    models = {"general": local, "coder": local, "router": {"path": str(model), "threads": 1}}
    policy = {"min_probability": 0.0}
    async with scripted_router(store, tmp_path, local=[], models=models, policy=policy) as router:
        result = await router.run(Task(prompt=UNCLEAR))
        assert router.lanes()[0].resident == ("tiny",)
    assert result.attempts[0].outcome == "accepted"
    assert result.guess.kind is not Kind.UNSURE
