"""Whatever happens to a task, no byte of what must stay reaches the one way out that there is."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from provider_server import ProviderServer
from scripted_router import script

from agents.gated_engine import GatedEngine
from graphs.app import Router
from router.engine import Constraint, GenerateRequest, generate
from router.errors import EdgewardError, PrivacyViolation
from router.privacy.gate import Gate
from router.privacy.redaction import Redaction
from router.settings.privacy import PrivacySettings
from router.settings.settings import Settings
from router.store.store import Store
from router.types.task import Message, Privacy, Task

FAILURES = ("", "500", "429", "reset_mid_stream", "hang", "content_filter", "401")
REQUESTS = (
    "Prove step by step that {} occurs infinitely often, then compare two alternative proofs.",
    "Extract the name from: the customer {} called.",
    "Write a Python function that prints {}. Then prove, in all detail, that it terminates.",
    "Resuma: {} não veio.",
)
CPFS = ("529.982.247-25", "111.444.777-35", "935.411.347-80")


@pytest.fixture
async def provider() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as provider:
        yield provider


def spellings(value: str) -> tuple[bytes, ...]:
    """A value in every encoding that the program itself applies, and some more."""
    raw = value.encode()
    return (
        raw,
        json.dumps(value)[1:-1].encode(),
        quote(value).encode(),
        raw.hex().encode(),
        base64.b64encode(raw)[:-4],
    )


steps = st.lists(
    st.fixed_dictionaries(
        {
            "label": st.sampled_from(["public", "internal", "local_only"]),
            "request": st.sampled_from(REQUESTS),
            "in_session": st.booleans(),
            "value": st.sampled_from(["secret", "cpf", "nothing"]),
            "failure": st.sampled_from(["", "", "", *FAILURES]),
            "cut_after_s": st.sampled_from([*[None] * 6, 0.0, 0.01, 0.05]),
            "schema": st.sampled_from([False, False, False, True]),
            "again": st.booleans(),
        }
    ),
    min_size=1,
    max_size=4,
)


@given(steps=steps, echoes=st.booleans(), redact=st.booleans())
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_no_byte_of_a_local_only_value_leaves(
    store: Store,
    provider: ProviderServer,
    tmp_path: Path,
    steps: list[dict[str, Any]],
    echoes: bool,
    redact: bool,
) -> None:
    provider.requests.clear()
    session = uuid4().hex
    kept: list[str] = []
    # The local model repeats what it was asked, so that its answers hold the values too.
    local = {"match": "(?s)(.+)", "reply": r"\1"} if echoes else {"reply": ""}
    model = {"script": str(script(tmp_path / "local.yaml", local))}
    configuration = Settings.model_validate(
        {
            "models": {"general": model, "coder": model, "specialist": None, "exact": False},
            "privacy": {"redact": redact},
            "cloud": {
                "url": provider.openai_url,
                "model": "test-model",
                "fallbacks": ["other-model"],
                "api_key": provider.key,
                "retries": 1,
                "timeout_s": 0.5,
                "cool_down_s": 0.0,
                "witnesses": [],
            },
            "store": {"url": store.url, "namespace": store.keys.namespace},
        }
    )
    async with Router.open(configuration, env={}) as router:
        for number, step in enumerate(steps):
            task, values = made(step, number, session)
            kept += values
            if step["failure"]:
                provider.fail(step["failure"], times=number + 1)
            for _ in range(2 if step["again"] else 1):
                await ended(router, task, step["cut_after_s"])
        await asyncio.wait_for(router.deliver(), 30)
    left = b"\n".join(json.dumps(one.body).encode() for one in provider.requests)
    left += b"\n".join(
        json.dumps(one.body, ensure_ascii=False).encode() for one in provider.requests
    )
    for value in kept:
        for spelled in spellings(value):
            assert spelled not in left


def made(step: dict[str, Any], number: int, session: str) -> tuple[Task, list[str]]:
    """A task, and the values in it that must not leave."""
    unique = f"Zé Ninguém {uuid4().hex}"
    value = CPFS[number % 3] if step["value"] == "cpf" else unique
    schema = (
        {"type": "object", "properties": {"name": {"const": value}}} if step["schema"] else None
    )
    task = Task(
        prompt=step["request"].format(value),
        privacy=Privacy(step["label"]),
        session=session if step["in_session"] else None,
        schema=schema,
        timeout_s=5,
    )
    # Once a session has seen what must stay, so does all that is said in it.
    must_stay = step["label"] == "local_only" or step["value"] == "cpf"
    return task, [value] if must_stay else []


async def ended(router: Router, task: Task, cut_after_s: float | None) -> None:
    """The task runs to its end, or is cut short as by a crash."""
    running = asyncio.ensure_future(router.run(task))
    if cut_after_s is not None:
        await asyncio.sleep(cut_after_s)
        running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    if not running.cancelled() and (error := running.exception()):
        assert isinstance(error, EdgewardError), repr(error)


async def test_a_session_that_has_seen_private_text_keeps_its_label(
    store: Store, provider: ProviderServer, tmp_path: Path
) -> None:
    model = {"script": str(script(tmp_path / "local.yaml", {"reply": "Noted."}))}
    configuration = Settings.model_validate(
        {
            "memory": {"cache": False},
            "models": {"general": model, "coder": model, "specialist": None, "exact": False},
            "cloud": {"url": provider.openai_url, "model": "test-model", "api_key": provider.key},
            "store": {"url": store.url, "namespace": store.keys.namespace},
        }
    )
    hard = "Prove step by step, in all detail, that this is so; then compare two other proofs."
    async with Router.open(configuration, env={}) as router:
        private = Task(prompt="Write down: Ana left.", session="s", privacy=Privacy.LOCAL_ONLY)
        await router.run(private)
        built_on_it = await router.run(Task(prompt=hard, session="s"))
        other = await router.run(Task(prompt=hard))
        await router.memory.forget("s")
        afterwards = await router.run(Task(prompt=hard, session="s"))
    assert built_on_it.label is Privacy.LOCAL_ONLY
    assert built_on_it.label_reasons == ("the session has seen local_only text",)
    assert built_on_it.route == "local"
    assert other.route == "cloud"
    assert afterwards.label is Privacy.PUBLIC
    assert len(provider.requests) == 2


async def test_what_was_replaced_is_put_back_also_while_it_streams(
    store: Store, provider: ProviderServer, tmp_path: Path
) -> None:
    configuration = Settings.model_validate(
        {
            "cloud": {"url": provider.openai_url, "model": "test-model", "api_key": provider.key},
            "store": {"url": store.url, "namespace": store.keys.namespace},
        }
    )
    prompt = (
        "Prove step by step, in all detail, that the address ana@example.org is valid, and compare "
        "two alternative proofs."
    )
    async with Router.open(configuration, env={}) as router:
        result = await router.run(Task(prompt=prompt))
    assert result.route == "cloud"
    sent = json.dumps(provider.requests[-1].body)
    assert "ana@example.org" not in sent
    assert "[EMAIL_1]" in sent
    attempt = result.attempts[-1]
    assert (attempt.label, attempt.redacted) == (Privacy.INTERNAL, 1)


async def test_an_engine_of_the_cloud_takes_nothing_past_the_gate(
    store: Store, tmp_path: Path
) -> None:
    cloud = {"script": str(script(tmp_path / "cloud.yaml", {"reply": "x"}, price=(1.0, 1.0)))}
    configuration = Settings.model_validate(
        {"cloud": cloud, "store": {"url": store.url, "namespace": store.keys.namespace}}
    )
    async with Router.open(configuration, env={}) as router:
        engine = router.roster.clouds[0].engine
        assert isinstance(engine, GatedEngine)
        request = GenerateRequest(messages=(Message(role="user", content="x"),), deadline=1e12)
        with pytest.raises(PrivacyViolation, match="past the gate"):
            await generate(engine, request)
        public = (Message(role="user", content="x"),)
        schema = {"type": "object", "description": "x"}
        released = Gate(PrivacySettings()).release(Privacy.PUBLIC, public, Redaction(), schema)
        for constraint in (Constraint(json_schema=dict(schema)), Constraint(regex="x"), None):
            request = GenerateRequest(messages=released, deadline=1e12, constraint=constraint)
            with pytest.raises(PrivacyViolation, match="past the gate"):
                await generate(engine, request)
        await engine.open()
        through = Constraint(json_schema=released.schema)
        request = GenerateRequest(messages=released, deadline=1e12, constraint=through)
        await generate(engine, request)
