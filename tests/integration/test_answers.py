"""What becomes of a task when models think aloud, refuse, or cannot do what is asked of them: whole
runs against real servers that have these habits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from provider_server import ProviderServer
from rich.console import Console

from graphs.app import Router
from graphs.events import Finished, Token
from router.settings.settings import Settings
from router.store.store import Store
from router.types.decision import EscalationReason
from router.types.result import Result
from router.types.task import Message, Privacy, Task
from workers.views.render import explanation

ROUTINE = "Reply with one word: what is the capital of Portugal?"
COMPLEX = (
    "Prove step by step that there are infinitely many primes of the form 4k+3, then compare two "
    "alternative proofs and discuss their trade-offs."
)
THOUGHT = "The user asks for a capital. It must be Lisbon."
SCHEMA = {
    "type": "object",
    "properties": {"capital": {"type": "string"}},
    "required": ["capital"],
    "additionalProperties": False,
}
NEVER_CLOUD = {"max_gain": 1.0, "max_complexity": 1.0, "min_probability": 0.0}


@asynccontextmanager
async def routed(
    store: Store,
    *,
    local: dict[str, Any],
    cloud: dict[str, Any] | None = None,
    model: dict[str, Any] | None = None,
    **settings: Any,
) -> AsyncIterator[tuple[Router, ProviderServer, ProviderServer | None]]:
    """A Router whose local roles play on a server with the habits `local`, and with `cloud`."""
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(ProviderServer(**local))
        there = (
            await stack.enter_async_context(ProviderServer(**cloud)) if cloud is not None else None
        )
        played = {"url": here.url, "model": "test-model", "api_key": here.key, **(model or {})}
        clouded: dict[str, Any] = {"model": "off"}
        if there is not None:
            clouded = {
                "url": there.url,
                "model": "test-model",
                "api_key": there.key,
                "retries": 0,
                **settings.pop("clouded", {}),
            }
        configuration = {
            "models": {"general": played, "coder": played, "specialist": None, "exact": False},
            "cloud": clouded,
            "policy": NEVER_CLOUD,
            "memory": {"cache": False},
            "store": {"url": store.url, "namespace": store.keys.namespace},
            **settings,
        }
        router = await stack.enter_async_context(
            Router.open(Settings.model_validate(configuration), env={})
        )
        yield router, here, there


def explained(result: Result) -> str:
    console = Console(width=300)
    with console.capture() as capture:
        console.print(explanation(result))
    return capture.get()


async def streamed(router: Router, task: Task) -> tuple[str, Result]:
    """What a reader has before them in the end, and the result."""
    shown = ""
    async for event in router.stream(task):
        if isinstance(event, Token):
            shown = event.text if event.restarts else shown + event.text
        if isinstance(event, Finished):
            return shown, event.result
    raise AssertionError("a stream ends with Finished")


@pytest.mark.parametrize("think_in", ["tag", "lone", "reasoning_content", "thinking", "parts"])
async def test_thinking_is_explained_and_counted_and_remembered_nowhere(
    store: Store, think_in: str
) -> None:
    local = {"thought": THOUGHT, "think_in": think_in}
    async with routed(store, local=local, model={"thinking": "on"}, memory={"cache": True}) as (
        router,
        _,
        _,
    ):
        shown, result = await streamed(router, Task(prompt=ROUTINE, session="s"))
        again = await router.run(Task(prompt=ROUTINE))
        history = await router.memory.history("s")

    assert (result.status, result.text, shown) == ("done", "Lisbon", "Lisbon")
    assert result.thinking == THOUGHT
    assert f"thinking  {THOUGHT}" in explained(result)
    assert "were thinking" in explained(result)
    assert result.attempts[-1].usage.thinking_tokens > 0
    assert result.attempts[-1].usage.completion_tokens > 9
    assert history == (
        Message(role="user", content=ROUTINE),
        Message(role="assistant", content="Lisbon"),
    )
    assert again.text == "Lisbon"
    kept = [key async for key in store.redis.scan_iter(f"{store.keys.namespace}*")]
    for key in kept:
        if await store.redis.type(key) == b"string":
            assert THOUGHT.encode() not in await store.redis.get(key)
    assert THOUGHT not in result.model_dump_json()


async def test_a_routine_task_is_not_thought_about_and_a_demanding_one_may_be(
    store: Store,
) -> None:
    policy = {**NEVER_CLOUD, "max_complexity": 0.4}
    async with routed(store, local={"thought": THOUGHT}, policy=policy) as (router, here, _):
        routine = await router.run(Task(prompt=ROUTINE))
        private = await router.run(Task(prompt=COMPLEX, privacy="local_only"))

    assert (routine.text, routine.thinking) == ("Lisbon", "")
    assert private.thinking == THOUGHT
    wishes = [seen.body.get("chat_template_kwargs") for seen in here.requests]
    assert wishes == [{"enable_thinking": False, "thinking": False}, None]


async def test_a_model_that_spent_its_tokens_thinking_is_asked_again_without(
    store: Store,
) -> None:
    local = {"thought": "why " * 90}
    model = {"thinking": "on", "max_tokens": 60}
    async with routed(store, local=local, model=model) as (router, here, _):
        result = await router.run(Task(prompt=ROUTINE))

    assert (result.status, result.text) == ("done", "Lisbon")
    first, second = result.attempts
    assert first.escalation is EscalationReason.THINKING
    assert "tokens thinking and wrote no answer" in first.checks[0].finding
    assert second.outcome == "accepted"
    assert here.requests[1].body["chat_template_kwargs"]["enable_thinking"] is False
    assert here.requests[1].body["messages"][-1]["content"].endswith("/no_think")


async def test_a_model_that_cannot_stop_thinking_leaves_the_task_to_the_cloud(
    store: Store,
) -> None:
    local = {"thought": "why " * 90, "obeys": (), "think_in": "reasoning_content"}
    model = {"max_tokens": 60}
    async with routed(store, local=local, cloud={}, model=model) as (router, _, _):
        result = await router.run(Task(prompt=ROUTINE))

    assert (result.status, result.route, result.text) == ("done", "cloud", "Lisbon")
    assert [one.escalation for one in result.attempts[:2]] == [EscalationReason.THINKING] * 2


async def test_a_cloud_model_that_only_thought_is_asked_for_less_of_it(store: Store) -> None:
    cloud = {"thought": "why " * 90, "think_in": "reasoning_content"}
    policy = {"max_complexity": 0.1}
    async with routed(store, local={}, cloud=cloud, policy=policy, clouded={"max_tokens": 60}) as (
        router,
        _,
        there,
    ):
        result = await router.run(Task(prompt=COMPLEX))

    assert (result.status, result.route) == ("done", "cloud")
    assert [one.outcome for one in result.attempts] == ["rejected", "accepted"]
    assert there is not None
    assert there.requests[1].body["reasoning_effort"] == "none"


@pytest.mark.parametrize(
    "said",
    [
        "The input (61709 tokens) is longer than the model's context length (40960 tokens).",
        "The prompt is too long. Please reduce the number of tokens in the messages.",
        "Something this model does not take",
        "response_format is not supported",
        "This model does not exist",
    ],
)
async def test_what_one_model_turns_down_another_is_asked(store: Store, said: str) -> None:
    async with routed(store, local={}, cloud={}) as (router, here, _):
        here.fail("said", status=400, message=said, times=3)
        result = await router.run(Task(prompt=ROUTINE))

    assert (result.status, result.route, result.text) == ("done", "cloud", "Lisbon")
    assert result.attempts[0].outcome == "failed"


async def test_what_no_model_can_do_fails_with_every_reason(store: Store) -> None:
    async with routed(store, local={}, cloud={}) as (router, here, there):
        assert there is not None
        here.fail("said", status=400, message="too odd for me")
        there.fail("said", status=400, message="and for me", times=2)
        result = await router.run(Task(prompt=ROUTINE))

    assert result.status == "failed"
    assert "too odd for me" in result.reason
    assert "and for me" in result.reason
    assert not result.in_outbox


async def test_what_the_cloud_turns_down_is_tried_here(store: Store) -> None:
    async with routed(store, local={}, cloud={}, policy={"max_complexity": 0.1}) as (
        router,
        _,
        there,
    ):
        assert there is not None
        there.fail("content_refused")
        result = await router.run(Task(prompt=COMPLEX))

    assert (result.status, result.route) == ("done", "local")
    assert not result.in_outbox


@pytest.mark.parametrize("failure", ["401", "403"])
async def test_what_a_local_server_denies_another_model_may_do_where_it_may_go(
    store: Store, failure: str
) -> None:
    async with routed(store, local={}, cloud={}) as (router, here, there):
        assert there is not None
        here.fail(failure, times=2)
        result = await router.run(Task(prompt=ROUTINE))
        kept = await router.run(Task(prompt=ROUTINE, privacy=Privacy.LOCAL_ONLY))

    assert (result.status, result.route) == ("done", "cloud")
    assert result.attempts[0].outcome == "failed"
    assert (kept.status, kept.route) == ("failed", "none")
    assert f"{failure}" in kept.reason
    assert len(there.requests) == 1


@pytest.mark.parametrize(
    ("failure", "details", "said"),
    [
        ("not_json", {}, "with a web page: "),
        ("empty_choices", {}, "with nothing of a chat API, "),
        ("error_in_200", {"message": "it crashed"}, "(500: it crashed): try again later"),
    ],
)
async def test_why_a_task_is_parked_is_said_once(
    store: Store, failure: str, details: dict[str, Any], said: str
) -> None:
    async with routed(store, local={}, cloud={}) as (router, here, there):
        assert there is not None
        here.fail("said", status=400, message="too odd for me", times=2)
        there.fail(failure, **details)
        result = await router.run(Task(prompt=ROUTINE))

    assert result.status == "parked"
    assert result.reason.count(said) == 1
    for also in ("takes connections", "answers, but", "<html", "<h1"):
        assert also not in result.reason


async def test_a_model_without_a_system_role_answers(store: Store) -> None:
    async with routed(store, local={"system_role": False}) as (router, here, _):
        result = await router.run(Task(prompt=ROUTINE))

    assert (result.status, result.text) == ("done", "Lisbon")
    assert [turn["role"] for turn in here.requests[-1].body["messages"]] == ["user"]


FENCED = 'Here it is:\n```json\n{ "capital": "Lisbon" }\n```'


async def test_a_schema_that_one_engine_cannot_enforce_goes_where_it_can_be(
    store: Store,
) -> None:
    cloud = {"reply": '{"capital":"Lisbon"}'}
    async with routed(store, local={"schemas": False}, cloud=cloud) as (router, _, there):
        result = await router.run(Task(prompt=ROUTINE, schema=SCHEMA))

    assert (result.status, result.route, result.text) == ("done", "cloud", '{"capital":"Lisbon"}')
    assert there is not None
    assert "response_format" in there.requests[0].body


async def test_a_schema_that_nobody_enforces_is_said_and_checked(store: Store) -> None:
    async with routed(store, local={"schemas": False, "reply": FENCED}) as (router, here, _):
        shown, result = await streamed(router, Task(prompt=ROUTINE, schema=SCHEMA))

    assert (result.status, result.text, shown) == ("done", *['{"capital":"Lisbon"}'] * 2)
    asked = here.requests[-1].body
    assert "response_format" not in asked
    assert '"capital"' in asked["messages"][0]["content"]


async def test_a_schema_that_no_cloud_enforces_is_said_there_and_checked(store: Store) -> None:
    habits = {"schemas": False, "reply": FENCED}
    async with routed(store, local=habits, cloud=habits) as (router, _, _):
        result = await router.run(Task(prompt=ROUTINE, schema=SCHEMA))

    assert (result.status, result.route, result.text) == ("done", "cloud", '{"capital":"Lisbon"}')


async def test_an_answer_outside_a_schema_that_nobody_enforces_is_not_done(store: Store) -> None:
    async with routed(store, local={"schemas": False, "reply": "Lisbon"}) as (router, _, _):
        result = await router.run(Task(prompt=ROUTINE, schema=SCHEMA))

    assert result.status != "done"
    assert "schema" in result.reason


async def test_a_refusal_in_its_own_field_is_told_in_the_models_words(store: Store) -> None:
    async with routed(store, local={"reply": "I will not."}, cloud={}) as (router, here, _):
        here.fail("refusal")
        result = await router.run(Task(prompt=ROUTINE))

    assert (result.status, result.route) == ("done", "cloud")
    assert result.attempts[0].escalation is EscalationReason.REFUSAL
    assert "I will not." in result.attempts[0].checks[0].finding
