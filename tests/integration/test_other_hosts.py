"""A model server on another host is another machine: what it may see, and what is said of it."""

from __future__ import annotations

import io
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from elsewhere import another_host
from plain_server import plain_server
from provider_server import ProviderServer
from rich.console import Console
from scripted_router import script

from agents.engines.openai_server import OpenAIServerEngine
from agents.roster import build_roster
from graphs.app import Router
from graphs.run_options import RunOptions
from router.account.pricing import Prices
from router.account.proof import HostRow, Proof
from router.engine import GenerateRequest, generate
from router.errors import ConfigError, EngineUntrusted, PrivacyViolation
from router.settings.settings import Settings
from router.store.store import Store
from router.types.result import Result
from router.types.task import Message, Privacy, Task
from workers.commands.prove import prove_store
from workers.views.prove import proof_view

EMAIL = "ana.silva@example.com"
INTERNAL = f"Extract the address from: write to {EMAIL} today."
SECRET = "The token is ghp_16C7e42F292c6912E7710c838347Ae178B4a."


@pytest.fixture
async def other(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ProviderServer]:
    host = another_host(monkeypatch)
    async with ProviderServer(host=host, reply="[EMAIL_1]") as server:
        yield server


def at(server: ProviderServer, **more: Any) -> dict[str, Any]:
    return {"url": server.openai_url, "model": "test-model", "api_key": server.key, **more}


@asynccontextmanager
async def served(
    store: Store, folder: Path, models: dict[str, Any], *, opinion: bool = False, **settings: Any
) -> AsyncIterator[Router]:
    """Roles that are not named answer from a script."""
    own = {"script": str(script(folder / "own.yaml", {"reply": "An answer of this machine."}))}
    configuration = {
        "models": {"general": own, "coder": own, "specialist": None, "exact": False, **models},
        "cloud": {"model": "off"},
        "memory": {"cache": False},
        "policy": {"second_opinion": opinion},
        "store": {"url": store.url, "namespace": store.keys.namespace},
        **settings,
    }
    async with Router.open(Settings.model_validate(configuration), env={}) as router:
        yield router


async def proof_of(store: Store) -> Proof:
    return await prove_store(store, None, retention_s=90 * 86_400)


def seen_by(server: ProviderServer) -> str:
    return "\n".join(json.dumps(one.body, ensure_ascii=False) for one in server.requests)


def at_hosts(result: Result) -> list[tuple[str, str | None, bool, Privacy | None]]:
    return [(one.role, one.host, one.trusted, one.label) for one in result.attempts]


async def test_it_is_shown_what_a_cloud_may_see_and_the_values_are_put_back(
    store: Store, tmp_path: Path, other: ProviderServer
) -> None:
    async with served(store, tmp_path, {"general": at(other)}) as router:
        result = await router.run(Task(prompt=INTERNAL))
        streamed = [event async for event in router.stream(Task(prompt=f"{INTERNAL} Please."))]
    host = f"{other.host}:{other.port}"
    assert (result.status, result.text, result.route) == ("done", EMAIL, "local"), result.reason
    assert at_hosts(result) == [("general", host, False, Privacy.INTERNAL)]
    assert result.attempts[0].redacted == 1
    assert EMAIL in "".join(getattr(event, "text", "") for event in streamed)
    assert EMAIL not in seen_by(other)
    assert "[EMAIL_1]" in seen_by(other)
    proof = await proof_of(store)
    models = {"test-model": 2}
    row = HostRow(host=host, trusted=False, label="internal", texts=2, redacted=2, models=models)
    assert proof.hosts == (row,)
    assert f"internal: 2 texts were sent to another machine, {host}, 2 of them redacted" in (
        proof.sentences
    )
    assert [one.local_attempts for one in proof.labels if one.label == "internal"] == [0]


@pytest.mark.parametrize("prompt", [f"Extract the address from: write to {EMAIL}.", SECRET])
async def test_what_must_stay_is_not_sent_there(
    store: Store, tmp_path: Path, other: ProviderServer, prompt: str
) -> None:
    async with served(store, tmp_path, {"general": at(other)}) as router:
        result = await router.run(Task(prompt=prompt, privacy=Privacy.LOCAL_ONLY))
    assert result.status == "failed"
    assert "set models.general.trusted" in result.reason
    assert other.requests == []
    assert (await proof_of(store)).hosts == ()


async def test_nor_what_is_to_be_answered_on_this_machine(
    store: Store, tmp_path: Path, other: ProviderServer
) -> None:
    async with served(store, tmp_path, {"general": at(other)}) as router:
        result = await router.run(Task(prompt=INTERNAL), options=RunOptions(place="local"))
        assert result.status == "failed"
        assert other.requests == []
    other.reply = EMAIL
    async with served(store, tmp_path, {"general": at(other, trusted=True)}) as router:
        result = await router.run(Task(prompt=INTERNAL), options=RunOptions(place="local"))
    assert result.status == "done"


async def test_nor_what_a_detector_finds_to_be_secret(
    store: Store, tmp_path: Path, other: ProviderServer
) -> None:
    async with served(store, tmp_path, {"general": at(other)}) as router:
        result = await router.run(Task(prompt=f"Translate to Portuguese: {SECRET}"))
    assert result.status == "failed"
    assert other.requests == []


@pytest.mark.parametrize("privacy", [{"redact": False}, {"detect": False}])
async def test_internal_text_is_not_sent_there_where_nothing_is_redacted(
    store: Store, tmp_path: Path, other: ProviderServer, privacy: dict[str, bool]
) -> None:
    async with served(store, tmp_path, {"general": at(other)}, privacy=privacy) as router:
        result = await router.run(Task(prompt=INTERNAL, privacy=Privacy.INTERNAL))
    assert result.status == "failed"
    assert other.requests == []


async def test_one_that_is_trusted_is_shown_everything_and_prove_says_so(
    store: Store, tmp_path: Path, other: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    other.reply = EMAIL
    async with plain_server(_nothing) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        async with served(store, tmp_path, {"general": at(other, trusted=True)}) as router:
            result = await router.run(Task(prompt=INTERNAL, privacy=Privacy.LOCAL_ONLY))
    assert proxy.paths == [], "a proxy would read along"
    host = f"{other.host}:{other.port}"
    assert (result.status, result.text) == ("done", EMAIL), result.reason
    assert at_hosts(result) == [("general", host, True, Privacy.LOCAL_ONLY)]
    assert EMAIL in seen_by(other)
    proof = await proof_of(store)
    assert [(one.host, one.trusted, one.label, one.texts) for one in proof.hosts] == [
        (host, True, "local_only", 1)
    ]
    said = next(one for one in proof.sentences if "local_only" in one)
    assert said.startswith("nothing of local_only left")
    assert said.endswith(f"but 1 text was given to a machine that is trusted ({host})")
    shown = _text_of(proof)
    assert "what models on other machines were given" in shown
    assert "yes, as they are" in shown


async def _nothing(_: Any) -> Any:
    raise AssertionError("nothing goes through a proxy")


def _text_of(proof: Proof) -> str:
    console = Console(width=200, file=io.StringIO(), record=True)
    console.print(proof_view(proof))
    return console.export_text()


ROLES: dict[str, Callable[[ProviderServer], dict[str, Any]]] = {
    "router": lambda server: {"router": at(server)},
    "guard": lambda server: {"guard": at(server)},
    "second opinion": lambda server: {"coder": at(server)},
}


@pytest.mark.parametrize("role", ROLES)
async def test_every_role_is_judged_the_same(
    store: Store, tmp_path: Path, other: ProviderServer, role: str
) -> None:
    other.reply = '"safe"' if role == "guard" else '"extraction"'
    # The classifier is not sure of this one, and so the router is asked.
    prompt, value = ("Text of the table plan:", "plan") if role == "router" else (INTERNAL, EMAIL)
    privacy = {"patterns": {"codeword": r"\bplan\b"}, "found": {"codeword": "internal"}}
    roles = ROLES[role](other)
    async with served(store, tmp_path, roles, opinion=True, privacy=privacy) as router:
        shown = await router.run(Task(prompt=prompt))
        asked = len(other.requests)
        await router.run(Task(prompt=prompt, privacy=Privacy.LOCAL_ONLY))
        await router.run(Task(prompt=f"{prompt} {SECRET}"))
    there = [one for one in shown.attempts if one.host]
    assert there, f"the {role} was asked: {shown.attempts}"
    assert {one.role for one in there} == {role}
    assert value not in seen_by(other)
    assert "_1]" in seen_by(other)
    assert len(other.requests) == asked, "and nothing that must stay reached it"
    (row,) = (await proof_of(store)).hosts
    assert (row.texts, row.redacted > 0) == (len(there), True)


async def test_a_tools_result_is_judged_before_it_is_shown(
    store: Store, tmp_path: Path, other: ProviderServer
) -> None:
    def look_up(name: str) -> str:
        """Finds somebody's token."""
        return SECRET

    call = '{"tool": "look_up", "arguments": {"name": "x"}}'
    other.brain = lambda prompt, schema: call
    other.reply = None
    configuration = {
        "models": {"general": at(other), "coder": at(other), "specialist": None, "exact": False},
        "cloud": {"model": "off"},
        "tools": {"roles": {"general": {"tools": ["look_up"]}}},
        "store": {"url": store.url, "namespace": store.keys.namespace},
    }
    settings = Settings.model_validate(configuration)
    async with Router.open(settings, env={}, tools=[look_up], approve=_always) as router:
        result = await router.run(Task(prompt="Extract the token of x from the list.", tools=True))
    assert result.status == "failed"
    assert "may not see the text" in result.reason
    assert len(other.requests) == 1
    assert "ghp_" not in seen_by(other)
    assert sum(one.stopped for one in (await proof_of(store)).hosts) == 1


async def _always(*_: Any) -> bool:
    return True


async def test_the_schema_of_the_answer_passes_the_gate_too(
    store: Store, tmp_path: Path, other: ProviderServer
) -> None:
    other.reply = '{"to": "[EMAIL_1]"}'
    to = {"type": "string", "description": f"an address such as {EMAIL}"}
    schema = {"type": "object", "properties": {"to": to}, "required": ["to"]}
    async with served(store, tmp_path, {"general": at(other)}) as router:
        result = await router.run(Task(prompt=INTERNAL, schema=schema))
    assert json.loads(result.text) == {"to": EMAIL}
    assert EMAIL not in seen_by(other)
    assert "response_format" in other.requests[0].body


async def test_work_on_a_value_that_was_replaced_is_doubted(
    store: Store, tmp_path: Path, other: ProviderServer
) -> None:
    prompt = "Write the phone number with dots between the groups: +351 912 345 678"
    other.reply = "The number is [PHONE_1]."
    async with served(store, tmp_path, {"general": at(other)}) as router:
        result = await router.run(Task(prompt=prompt))
    assert "912" not in seen_by(other)
    assert result.status == "done", result.reason
    assert any("was shown [PHONE_1]" in one for one in result.warnings), result.warnings


async def test_nobody_gets_past_the_gate_to_it(other: ProviderServer) -> None:
    settings = Settings.model_validate(
        {"models": {"general": at(other), "guard": at(other)}, "cloud": {"model": "off"}}
    )
    roster = build_roster(settings, Prices.load(), {})
    for agent in (roster.local["general"], roster.guard):
        assert agent is not None
        assert not agent.engine.caps.local
        request = GenerateRequest(
            messages=(Message(role="user", content="hi"),), deadline=time.monotonic() + 120
        )
        with pytest.raises(PrivacyViolation, match="past the gate"):
            await generate(agent.engine, request)
    assert other.requests == []


async def test_a_name_that_leads_elsewhere_is_judged_by_where_it_leads(
    store: Store, tmp_path: Path, other: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, "models.localhost", lambda: other.host)
    there = at(other, url=f"http://models.localhost:{other.port}/v1")
    async with served(store, tmp_path, {"general": there}) as router:
        stays = await router.run(Task(prompt=INTERNAL, privacy=Privacy.LOCAL_ONLY))
        assert other.requests == []
        shown = await router.run(Task(prompt=INTERNAL))
    assert stays.status == "failed"
    assert (shown.status, shown.text) == ("done", EMAIL)
    assert EMAIL not in seen_by(other)


async def test_one_that_comes_to_lead_elsewhere_is_not_connected_to(
    store: Store, tmp_path: Path, other: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    if other.host.startswith("127."):
        pytest.skip("there is no address but loopback")
    answers = ["127.0.0.1"]
    resolve_to(monkeypatch, "models.localhost", lambda: answers[0])
    there = at(other, url=f"http://models.localhost:{other.port}/v1")
    async with served(store, tmp_path, {"general": there}) as router:
        answers[0] = other.host
        result = await router.run(Task(prompt=INTERNAL, privacy=Privacy.LOCAL_ONLY))
    assert result.status == "failed"
    assert f"leads to another one, {other.host}" in result.reason
    engine = OpenAIServerEngine(url=there["url"], api_key=other.key)
    engine._here = True  # as it was when it was judged
    with pytest.raises(EngineUntrusted):
        await generate(
            engine,
            GenerateRequest(
                messages=(Message(role="user", content="hi"),), deadline=time.monotonic() + 120
            ),
        )
    await engine.close()
    assert other.requests == []


def resolve_to(monkeypatch: pytest.MonkeyPatch, name: str, answer: Callable[[], str]) -> None:
    """The system's resolver says so of one name, as a hosts file may that somebody changed."""
    ask = socket.getaddrinfo

    def resolve(host: Any, port: Any, *more: Any, **named: Any) -> Any:
        asked = host.decode() if isinstance(host, bytes) else host
        return ask(answer() if asked == name else host, port, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


def test_a_model_that_ollama_only_passes_on_is_somebody_elses() -> None:
    here = "http://127.0.0.1:11434/v1"
    for name in ("gpt-oss:120b-cloud", "kimi-k2:cloud"):
        caps = OpenAIServerEngine(url=here, model=name).caps
        assert (caps.local, caps.host) == (False, "ollama.com, by way of 127.0.0.1:11434")
        assert OpenAIServerEngine(url=here, model=name, trusted=True).caps.local
    assert OpenAIServerEngine(url=here, model="cloudy:7b").caps.host is None
    chosen = {"general": {"url": here, "model": "gpt-oss:120b-cloud"}}
    offline = Settings.model_validate({"models": chosen, "offline": True})
    with pytest.raises(ConfigError, match=r"gpt-oss:120b-cloud, which is run by ollama\.com"):
        build_roster(offline, Prices.load(), {})


async def test_one_that_is_first_in_the_list_is_not_taken_by_chance() -> None:
    async with ProviderServer(models=("gpt-oss:20b-cloud", "llama3:8b")) as server:
        engine = OpenAIServerEngine(url=server.url, api_key=server.key)
        request = GenerateRequest(
            messages=(Message(role="user", content="count to 2"),), deadline=time.monotonic() + 120
        )
        await generate(engine, request)
        await engine.close()
    assert engine.caps.model == "llama3:8b"


def test_an_address_is_shown_without_the_password_in_it() -> None:
    engine = OpenAIServerEngine(url="https://user:secret@gpu-box/v1", model="m")
    assert engine.caps.host == "gpu-box:443"
