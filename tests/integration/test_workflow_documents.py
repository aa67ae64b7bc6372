"""document-questions.yaml over HTTP: what is answered, and what left; and files nobody can read."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any

import pytest
from extractive import answers, passages, reads
from provider_server import ProviderServer
from workflow_runs import outputs, routed, shipped

from graphs.app import Router
from router.settings.settings import Settings
from router.store.store import Store

DOCUMENT = "\n\n".join(topics[name] for name in ("debugger", "try", "with"))
QUESTION = "From which file in the current directory does the debugger read its commands?"


@asynccontextmanager
async def readers(
    store: Store, *, cloud: bool, **settings: Any
) -> AsyncIterator[tuple[Router, ProviderServer]]:
    """A local model and a cloud over HTTP, which know nothing but what they are sent."""
    async with (
        ProviderServer(brain=reads) as here,
        ProviderServer(brain=answers, models=("gpt-5.4-mini",)) as away,
    ):
        model = {"url": here.openai_url, "model": "test-model", "api_key": here.key}
        clouded: dict[str, Any] = {"model": "off"}
        if cloud:
            clouded = {"model": "openai/gpt-5.4-mini", "url": away.openai_url, "api_key": away.key}
        configuration = {
            "models": {"general": model, "coder": model, "specialist": None, "exact": False},
            "cloud": clouded,
            "memory": {"cache": False},
            "store": {"url": store.url, "namespace": store.keys.namespace},
            **settings,
        }
        async with Router.open(Settings.model_validate(configuration), env={}) as router:
            yield router, away


async def test_a_question_about_a_document_costs_the_cloud_a_few_extracts(store: Store) -> None:
    async with readers(store, cloud=True) as (router, away):
        result = await shipped("document-questions").run(
            {"document": DOCUMENT, "question": QUESTION, "chunk_chars": 2000}, router=router
        )
    given = outputs(result)
    assert ".pdbrc" in given["answer"]
    assert given["answered_in"] == "the cloud"
    assert given["parts_read"] == given["parts"] > 15
    plan, question = (one.body["messages"][-1]["content"] for one in away.requests)
    assert QUESTION in plan
    assert not any(one in plan for one in DOCUMENT.splitlines() if len(one) > 20)
    assert all(one in question for one in given["extracts"])
    assert len(plan) + len(question) < len(DOCUMENT) / 10
    assert result.cost_usd is not None
    assert 0 < result.cost_usd < 0.01


async def test_of_a_document_that_must_stay_nothing_leaves_and_it_is_answered_here(
    store: Store,
) -> None:
    private = f"Project HERON-7, not for others.\n\n{DOCUMENT}"
    async with readers(store, cloud=True, privacy={"patterns": {"heron": "HERON-7"}}) as found:
        router, away = found
        result = await shipped("document-questions").run(
            {"document": private, "question": QUESTION, "chunk_chars": 2000}, router=router
        )
    given = outputs(result)
    assert ".pdbrc" in given["answer"]
    assert given["answered_in"] == "this machine"
    assert away.requests == []
    assert result.steps["answer"].status == "failed"
    assert "must stay on this machine" in (result.steps["answer"].error or "")
    assert result.cost_usd == 0


async def test_without_a_cloud_a_question_is_answered_here(store: Store) -> None:
    async with readers(store, cloud=False) as (router, _):
        result = await shipped("document-questions").run(
            {"document": DOCUMENT, "question": QUESTION}, router=router
        )
        nothing = await shipped("document-questions").run(
            {"document": "Cats sleep.", "question": QUESTION}, router=router
        )
    assert ".pdbrc" in outputs(result)["answer"]
    assert outputs(nothing)["answer"] == "Nothing in what was read answers the question."


@pytest.mark.parametrize(
    ("name", "given", "output"),
    [
        ("extract-csv", {"documents": ["a", "b"]}, {"rows": 0, "not_read": 2}),
        (
            "document-questions",
            {"document": "Cats.", "question": "Who?"},
            {"answer": None, "answered_in": None, "parts_read": 0},
        ),
        ("summarise-folder", {"folder": "notes"}, {"summary": None, "read": 0}),
    ],
)
async def test_where_nothing_can_be_read_the_outputs_say_so(
    store: Store, tmp_path: Path, name: str, given: dict[str, Any], output: dict[str, Any]
) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "picture.png").write_bytes(b"\x89PNG\x00\x01")
    tools = {"folders": [{"path": str(tmp_path / "notes")}]}
    async with routed(store, tmp_path, local=[{"reply": "no"}], tools=tools) as router:
        found = outputs(await shipped(name).run(given, router=router))
    assert found | output == found


def test_what_the_readers_copy_stands_in_the_text() -> None:
    known = passages(DOCUMENT)
    said = json.loads(reads(f"Question: {QUESTION}\n\nText (part 1):\n{DOCUMENT}", {}))["extract"]
    assert any(one.startswith(said) for one in known)
    cats = json.loads(reads(f"Question: {QUESTION}\n\nText (part 1):\nCats sleep.", {}))
    assert cats == {"extract": ""}
