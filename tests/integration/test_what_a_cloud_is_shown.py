"""What a cloud is shown of a request, byte by byte, and what comes back of what it answers."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from provider_server import ProviderServer
from scripted_router import script

from agents.tools.tool import Output, Tool
from graphs.app import Router
from graphs.events import Token
from graphs.run_options import RunOptions
from router.settings.settings import Settings
from router.store.store import Store
from router.types.result import Result
from router.types.task import Message, Privacy, Task

CPF, DIGITS = "529.982.247-25", "52998224725"
NIF = "123456789"
MAIL = "ana@example.org"
HARD = "Prove step by step, in all detail, that this is so; then compare two other proofs. "
CLOUD = RunOptions(place="cloud")


@pytest.fixture
async def provider() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as provider:
        yield provider


@asynccontextmanager
async def routed(
    store: Store,
    provider: ProviderServer,
    folder: Path,
    *,
    local: dict[str, Any] | None = None,
    tools: tuple[Tool, ...] = (),
    allowed: dict[str, Any] | None = None,
    **settings: Any,
) -> AsyncIterator[Router]:
    model = {"script": str(script(folder / "local.yaml", local or {"reply": ""}))}
    configuration = {
        "memory": {"cache": False},
        "models": {"general": model, "coder": model, "specialist": None, "exact": False},
        "cloud": {
            "url": provider.openai_url,
            "model": "test-model",
            "api_key": provider.key,
            "retries": 0,
            "witnesses": [],
        },
        "store": {"url": store.url, "namespace": store.keys.namespace},
        "tools": allowed or {},
        **settings,
    }
    async with Router.open(Settings.model_validate(configuration), env={}, tools=tools) as router:
        yield router


def left(provider: ProviderServer) -> str:
    """Every byte of a body that left, as text, with and without JSON's escapes."""
    bodies = [one.body for one in provider.requests]
    plain = "\n".join(json.dumps(body, ensure_ascii=False) for body in bodies)
    return f"{plain}\n{json.dumps(bodies)}\n{_texts(bodies)}".casefold()


def _texts(value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{key}\n{_texts(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return "\n".join(map(_texts, value))
    return str(value)


async def test_a_number_named_in_one_turn_is_replaced_where_it_stands_bare_in_another(
    store: Store, provider: ProviderServer, tmp_path: Path
) -> None:
    provider.reply = "It is [NIF_1]."
    async with routed(store, provider, tmp_path) as router:
        said = Message(role="user", content=f"Keep {NIF[:3]} {NIF[3:6]} {NIF[6:]} in mind.")
        await router.memory.append(
            "s", said, Message(role="assistant", content="Yes."), label=Privacy.PUBLIC
        )
        task = Task(
            prompt=f"{HARD}My NIF is {NIF}. File {NIF} under customer-{NIF}.",
            system=f"You work for {NIF}.",
            session="s",
        )
        result = await router.run(task, options=CLOUD)
    assert result.route == "cloud"
    assert result.text == f"It is {NIF}."
    assert result.warnings == ()
    sent = left(provider)
    assert NIF not in sent
    assert "456" not in sent
    assert sent.count("[nif_1]") % 5 == 0
    assert "_2]" not in sent


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("Write to EMAIL_1 or <EMAIL_1>.", f"Write to {MAIL} or {MAIL}."),
        ("[EMAIL-1], (EMAIL_1), [Correo 1]", f"{MAIL}, ({MAIL}), {MAIL}"),
        ("mailto:%5BEMAIL_1%5D &#91;EMAIL_1&#93;", f"mailto:{MAIL} {MAIL}"),
        (r"\[EMAIL\_1\] [ email 1 ] {{EMAIL_1}}", f"{MAIL} {MAIL} {MAIL}"),
    ],
)
async def test_what_a_model_makes_of_a_placeholder_is_restored_whole_and_streamed(
    store: Store, provider: ProviderServer, tmp_path: Path, reply: str, answer: str
) -> None:
    provider.reply = reply
    shown: list[str] = []
    async with routed(store, provider, tmp_path) as router:
        result = await router.run(
            Task(prompt=f"{HARD}Name the writer, {MAIL}, in the end."),
            options=CLOUD,
            emit=lambda event: shown.append(event.text) if isinstance(event, Token) else None,
        )
    assert result.text == answer == "".join(shown)
    assert result.warnings == ()
    assert MAIL not in left(provider)


async def test_a_placeholder_that_stands_for_nothing_is_told_and_the_users_own_is_not(
    store: Store, provider: ProviderServer, tmp_path: Path
) -> None:
    prompt = f"{HARD}Explain the form [EMAIL_1] to {MAIL}."
    async with routed(store, provider, tmp_path) as router:
        provider.reply = "[EMAIL_1] is a form, [EMAIL_2] is you."
        own = await router.run(Task(prompt=prompt), options=CLOUD)
        provider.reply = "Ask [EMAIL_2] and [EMAIL_7]."
        invented = await router.run(Task(prompt=prompt), options=CLOUD)
    assert own.text == f"[EMAIL_1] is a form, {MAIL} is you."
    assert own.warnings == ()
    assert invented.text == f"Ask {MAIL} and [EMAIL_7]."
    assert len(invented.warnings) == 1
    assert invented.warnings[0].startswith("[EMAIL_7] in the answer looks like a placeholder")


WORKED_ON = (
    f"Write this CPF with dots: {DIGITS} (CPF)",
    f"Escreva o CPF {DIGITS} com pontos e hífen.",
    "Is this card number valid? 4539 1488 0343 6467",
    f"Soletre o e-mail {MAIL} de trás para frente.",
    f"{MAIL} in capitals, please",
    "Qual é o DDD do telefone (11) 98765-4321?",
)
SEEN = ("529.982.247-25", "529.982.247-25", "Yes", "Seen and done.", MAIL.upper(), "11")


@pytest.mark.parametrize(("prompt", "seen"), [*zip(WORKED_ON, SEEN, strict=True)])
async def test_a_task_that_works_on_a_replaced_value_is_answered_here_or_with_a_warning(
    store: Store, provider: ProviderServer, tmp_path: Path, prompt: str, seen: str
) -> None:
    provider.reply = "[CPF_1]"
    async with routed(store, provider, tmp_path) as router:
        cloud = await router.run(Task(prompt=prompt), options=CLOUD)
    async with routed(store, provider, tmp_path, local={"reply": seen}) as router:
        here = await router.run(Task(prompt=prompt))
    assert cloud.route == "cloud"
    assert "in place of the values" in cloud.warnings[0]
    assert here.route == "local"
    assert here.text == seen


@pytest.mark.parametrize(
    ("prompt", "reply", "told"),
    [
        (f"Draft a polite reply to {MAIL} about the delay.", "Dear [EMAIL_1], sorry.", False),
        (f"Who wrote this? It was sent by Ana, {MAIL}, and not by Bob.", "[EMAIL_1]", False),
        # Whatever was asked for here, in a language that nobody reads: nothing was done.
        (f"Kirjoita tämä toisin: {MAIL}", "[EMAIL_1]", True),
        (f"Was ist an {MAIL} ungewöhnlich?", "I only see a placeholder.", True),
    ],
)
async def test_a_warning_is_given_where_the_cloud_could_not_have_known(
    store: Store, provider: ProviderServer, tmp_path: Path, prompt: str, reply: str, told: bool
) -> None:
    provider.reply = reply
    async with routed(store, provider, tmp_path) as router:
        result = await router.run(Task(prompt=prompt), options=CLOUD)
    assert bool(result.warnings) is told
    assert MAIL not in left(provider)


async def test_a_doubtful_answer_is_not_kept_for_the_next_who_asks(
    store: Store, provider: ProviderServer, tmp_path: Path
) -> None:
    provider.reply = "[CPF_1]"
    async with routed(store, provider, tmp_path, memory={"cache": True}) as router:
        for _ in range(2):
            result = await router.run(Task(prompt=WORKED_ON[0]), options=CLOUD)
            assert result.route == "cloud"
            assert result.warnings


async def test_a_schema_leaves_with_placeholders_in_its_words_and_keys(
    store: Store, provider: ProviderServer, tmp_path: Path
) -> None:
    schema = {
        "type": "object",
        "title": f"Answer for {MAIL}",
        "description": f"Line one\n{CPF}\nof the customer",
        "properties": {
            DIGITS: {"type": "string", "description": f"What {MAIL} said\t{NIF} of"},
            "nif": {"type": "string", "default": NIF, "examples": [NIF]},
        },
        "required": [DIGITS, "nif"],
        "additionalProperties": False,
    }
    provider.brain = lambda _prompt, held_to: json.dumps(
        {key: f"about {key}" for key in (held_to or {})["properties"]}
    )
    async with routed(store, provider, tmp_path) as router:
        task = Task(prompt=f"{HARD}It is about {CPF}, not {NIF}.", schema=schema)
        result = await router.run(task, options=CLOUD)
    sent = left(provider)
    for value in (CPF, DIGITS, NIF, MAIL):
        assert value not in sent
    assert result.status == "done", result.reason
    assert result.route == "cloud"
    assert json.loads(result.text) == {DIGITS: f"about {DIGITS}", "nif": "about nif"}
    assert result.label is Privacy.INTERNAL


async def test_a_schema_asks_a_cloud_for_no_form_that_a_placeholder_cannot_have(
    store: Store, provider: ProviderServer, tmp_path: Path
) -> None:
    mail = {"type": "string", "format": "email", "pattern": "^[^@]+@[^@]+$", "maxLength": 60}
    properties = {"format": mail, "n": {"minimum": 1}}
    schema = {"type": "object", "properties": properties, "required": ["format", "n"]}
    provider.reply = '{"format":"[EMAIL_1]","n":1}'
    async with routed(store, provider, tmp_path) as router:
        held = await router.run(Task(prompt=f"Who is {MAIL}?", schema=schema), options=CLOUD)
        provider.reply = '{"format":"nobody","n":1}'
        judged = await router.run(Task(prompt=f"Who was {MAIL}?", schema=schema), options=CLOUD)
    sent = provider.requests[0].body["response_format"]["json_schema"]["schema"]
    assert sent["properties"] == {"format": {"type": "string"}, "n": {"minimum": 1}}
    assert json.loads(held.text) == {"format": MAIL, "n": 1}
    assert judged.status == "failed"


@pytest.mark.parametrize(
    "held_to",
    [
        {"enum": [MAIL, "none"]},
        {"const": DIGITS},
        {"pattern": f"^{DIGITS}$"},
        {"const": int(NIF)},
        {"enum": [int(NIF), 0]},
        {"maximum": int(NIF)},
        {"description": "token: " + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7"},
    ],
)
async def test_a_schema_that_means_nothing_without_the_value_stays_here(
    store: Store, provider: ProviderServer, tmp_path: Path, held_to: dict[str, Any]
) -> None:
    schema = {"type": "object", "properties": {"nif": held_to}}
    async with routed(store, provider, tmp_path, local={"reply": "{}"}) as router:
        task = Task(prompt=f"{HARD}My NIF is {NIF}.", schema=schema)
        result = await router.run(task, options=CLOUD)
    assert provider.requests == []
    assert result.route != "cloud"


def toolset(description: str, about: str, default: str) -> Tool:
    async def run(arguments: Mapping[str, Any]) -> Output:
        return Output(f"{arguments['name']} is here")

    name = {"type": "string", "description": about, "default": default}
    return Tool("look", description, {"type": "object", "properties": {"name": name}}, run)


async def test_what_a_tool_says_of_itself_leaves_with_placeholders(
    store: Store, provider: ProviderServer, tmp_path: Path
) -> None:
    tools = toolset(f"Looks into\n{CPF}, kept by {MAIL}", f"such as\n{DIGITS}", MAIL)
    replies = iter(['{"tool":"look","arguments":{"name":"[EMAIL_1]"}}', '{"answer":"[EMAIL_1]"}'])
    provider.brain = lambda *_: next(replies)
    allowed = {"roles": {"cloud": {"tools": ["look"]}}}
    async with routed(store, provider, tmp_path, tools=(tools,), allowed=allowed) as router:
        result = await router.run(Task(prompt=f"{HARD}Where is it?", tools=True), options=CLOUD)
    sent = left(provider)
    for value in (CPF, DIGITS, MAIL):
        assert value not in sent
    assert len(provider.requests) == 2
    assert result.text == MAIL
    assert result.label is Privacy.INTERNAL


MCP_SERVER = f"""
from typing import Annotated, Literal
from mcp.server.fastmcp import FastMCP
from pydantic import Field

server = FastMCP("tests", log_level="ERROR")

@server.tool(description="Finds a customer.\\nSuch as {CPF}, of {MAIL}.")
def find(who: Annotated[str, Field(description="one\\nlike\\t{DIGITS}")] = "{MAIL}") -> str:
    return "Known as " + who + ", {NIF[:3]} {NIF[3:6]} {NIF[6:]}."

server.run()
"""


async def test_what_a_server_of_tools_says_and_returns_leaves_with_placeholders(
    store: Store, provider: ProviderServer, tmp_path: Path
) -> None:
    pytest.importorskip("langchain_mcp_adapters", reason="pip install 'edgeward[mcp]'")
    (tmp_path / "server.py").write_text(MCP_SERVER)
    server = {"command": [sys.executable, str(tmp_path / "server.py")], "harmless": ["find"]}
    allowed = {
        "servers": {"desk": {**server, "stays_here": True}},
        "roles": {"cloud": {"tools": ["desk.find"]}},
    }
    replies = iter(
        [
            '{"tool":"desk.find","arguments":{"who":"[EMAIL_1]"}}',
            '{"answer":"[EMAIL_1] has [NIF_1]"}',
        ]
    )
    provider.brain = lambda *_: next(replies)
    async with routed(store, provider, tmp_path, allowed=allowed) as router:
        task = Task(prompt=f"{HARD}Whose NIF is {NIF}?", tools=True)
        result = await router.run(task, options=CLOUD)
    sent = left(provider)
    for value in (CPF, DIGITS, MAIL, NIF, "456 789"):
        assert value not in sent
    assert len(provider.requests) == 2
    assert result.text == f"{MAIL} has {NIF}"
    assert result.warnings == ()


async def test_a_fact_and_the_prompt_of_a_system_are_replaced_alike(
    store: Store, provider: ProviderServer, tmp_path: Path
) -> None:
    provider.reply = "Done."
    recalling = {"cache": False, "recall_tokens": 500}
    async with routed(store, provider, tmp_path, memory=recalling) as router:
        fact = f"The customer Zuleide is NIF {NIF}."
        await router.facts.put("zuleide", fact, label="internal", source="a test")
        task = Task(prompt=f"{HARD}Tell Zuleide, {NIF}, what it is.", system=f"For {MAIL}.")
        result = await router.run(task, options=CLOUD)
    sent = left(provider)
    assert result.route == "cloud"
    assert "zuleide is nif [nif_1]" in sent
    assert NIF not in sent
    assert MAIL not in sent


async def test_no_half_of_a_value_is_shown_with_a_rejected_answer(
    store: Store, provider: ProviderServer, tmp_path: Path
) -> None:
    provider.reply = "Done."
    code, said = "```python\ndef f(:\n```\n", "So it is about the customer with CPF "
    wrong = f"{code}{'x' * (1500 - len(code) - 8 - len(said))}. {said}{CPF}, who called."
    assert wrong[:1500].endswith(CPF[:6])
    here = {"max_gain_by_kind": {"code": 0.5}}
    async with routed(store, provider, tmp_path, local={"reply": wrong}, policy=here) as router:
        task = Task(prompt="Write a Python function that adds two numbers.")
        result = await router.run(task)
    assert "a smaller model's answer was not accepted" in left(provider), result.reason
    assert CPF[:6] not in left(provider)
    assert "the rest of that answer is left out" in left(provider)


async def test_a_tool_whose_choices_are_private_keeps_the_task_here(
    store: Store, provider: ProviderServer, tmp_path: Path
) -> None:
    tools = toolset("Looks.", "whom", "x")
    allowed = {"roles": {"cloud": {"tools": ["look"], "limits": {"look": {"name": [MAIL]}}}}}
    async with routed(store, provider, tmp_path, tools=(tools,), allowed=allowed) as router:
        result = await router.run(Task(prompt=f"{HARD}Where is it?", tools=True), options=CLOUD)
    assert provider.requests == []
    assert result.route != "cloud"


async def test_the_name_of_a_file_is_judged(
    store: Store, provider: ProviderServer, tmp_path: Path
) -> None:
    async with routed(store, provider, tmp_path) as router:
        plain: Result = await router.run(Task(prompt="Hello.", files=("/tmp/a.txt",)))
        named = await router.run(Task(prompt="Hello.", files=(f"/tmp/cpf {CPF}.pdf",)))
    assert plain.label is Privacy.PUBLIC
    assert named.label is Privacy.INTERNAL
    assert CPF not in left(provider)
