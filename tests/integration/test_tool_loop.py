"""Models that call tools, in the whole graph: permitted, repaired, refused, and kept private."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from provider_server import ProviderServer
from scripted_router import script

from agents.tools.tool import tool
from graphs.app import Router
from graphs.events import Token
from router.errors import ConfigError
from router.settings.settings import Settings
from router.store.store import Store
from router.types.task import Privacy, Task

ASK = "Write a note that says how much 17 times 23 is."
CALL = json.dumps({"tool": "calculate", "arguments": {"expression": "17 * 23"}})
ANSWER = json.dumps({"answer": "It is 391."})


def settings(redis: Store, folder: Path, *rules: dict[str, Any], **changes: Any) -> Settings:
    model = {"script": str(script(folder / "local.yaml", *rules))}
    return Settings.model_validate(
        {
            "models": {"general": model, "coder": model, "specialist": None, "exact": False},
            "tools": {"roles": {"general": {"tools": ["calculate"], "max_calls": 3}}},
            "policy": {"max_gain": 0.9},
            "memory": {"cache": False},
            "store": {"url": redis.url, "namespace": redis.keys.namespace},
            **changes,
        }
    )


@pytest.fixture
async def provider() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as provider:
        yield provider


async def test_a_small_model_calls_a_tool_and_answers_with_what_it_returned(
    store: Store, tmp_path: Path
) -> None:
    rules = [{"match": "391", "reply": ANSWER}, {"match": "17 times|calculate", "reply": CALL}]
    async with Router.open(settings(store, tmp_path, *rules), env={}) as router:
        events = [event async for event in router.stream(Task(prompt=ASK, tools=True))]
        result = await router.run(Task(prompt=ASK, tools=True))
    assert (result.status, result.route, result.text) == ("done", "local", "It is 391.")
    assert [attempt.outcome for attempt in result.attempts] == ["accepted", "accepted"]
    assert result.attempts[0].checks[0].name == "tool"
    assert "".join(event.text for event in events if isinstance(event, Token)) == "It is 391."
    assert [(call.tool, call.outcome) for call in result.tool_calls] == [("calculate", "done")]


async def test_a_task_that_wants_no_tools_is_answered_without(store: Store, tmp_path: Path) -> None:
    rules = [{"reply": "plain"}]  # which is no reply under the constraint of tools
    async with Router.open(settings(store, tmp_path, *rules), env={}) as router:
        assert (await router.run(Task(prompt=ASK))).text == "plain"


async def test_a_malformed_call_is_repaired_once(store: Store, tmp_path: Path) -> None:
    wrong = json.dumps({"tool": "calculate", "arguments": {"formula": "1"}})
    rules = [
        {"match": "391", "reply": ANSWER},
        {"match": "Write the call again", "reply": CALL},
        {"match": "17 times", "reply": wrong},
    ]
    async with Router.open(settings(store, tmp_path, *rules), env={}) as router:
        result = await router.run(Task(prompt=ASK, tools=True))
    assert result.text == "It is 391."
    outcomes = [call.outcome for call in result.tool_calls]
    assert outcomes[0] in ("refused", "malformed")
    assert outcomes[1:] == ["done"]


async def test_one_that_is_wrong_again_escalates(
    store: Store, provider: ProviderServer, tmp_path: Path
) -> None:
    # Under the constraint a call of no tool never comes to its end.
    rules = [{"reply": '{"tool": "delete_all", "arguments": {}}'}]
    cloud = {"url": provider.openai_url, "model": "test-model", "api_key": provider.key}
    async with Router.open(settings(store, tmp_path, *rules, cloud=cloud), env={}) as router:
        result = await router.run(Task(prompt=ASK, tools=True))
    assert (result.status, result.route) == ("done", "cloud")
    assert [call.outcome for call in result.tool_calls] == ["malformed", "malformed"]


async def test_calls_are_bounded(store: Store, tmp_path: Path) -> None:
    rules = [{"match": "17 times|391", "reply": CALL}]
    async with Router.open(settings(store, tmp_path, *rules), env={}) as router:
        result = await router.run(Task(prompt=ASK, tools=True))
    assert result.status == "parked"
    assert [call.outcome for call in result.tool_calls] == ["done", "done", "done", "refused"]
    assert "too many calls: this task may make 3" in result.tool_calls[-1].reason


async def test_what_a_private_folder_holds_never_reaches_the_cloud(
    store: Store, provider: ProviderServer, tmp_path: Path
) -> None:
    private = tmp_path / "private"
    private.mkdir()
    (private / "a.txt").write_text("The password of the safe is Zebra-Quince.")
    read = json.dumps({"tool": "read_file", "arguments": {"path": "private/a.txt"}})
    rules = [
        # It has read the file, and then writes nonsense twice: the cloud would be asked next.
        {"match": "Zebra", "reply": "no json"},
        {"match": "note on", "reply": read},
    ]
    changes = {
        "tools": {
            "folders": [{"path": str(private)}],
            "roles": {"general": {"tools": ["read_file"]}},
        },
        "cloud": {"url": provider.openai_url, "model": "test-model", "api_key": provider.key},
    }
    async with Router.open(settings(store, tmp_path, *rules, **changes), env={}) as router:
        result = await router.run(Task(prompt="Write a note on private/a.txt.", tools=True))
    assert result.tool_calls[0].outcome == "done"
    assert result.label is Privacy.LOCAL_ONLY
    assert result.status == "failed"
    assert "must stay on this machine" in result.reason
    assert provider.requests == []


async def test_the_cloud_may_call_tools_too_where_its_role_may(
    store: Store, provider: ProviderServer, tmp_path: Path
) -> None:
    provider.reply = ANSWER
    changes = {
        "tools": {"roles": {"cloud": {"tools": ["calculate"]}}},
        "cloud": {"url": provider.openai_url, "model": "test-model", "api_key": provider.key},
    }
    hard = "Prove step by step, in all detail, that 17 times 23 is 391, and compare two proofs."
    async with Router.open(settings(store, tmp_path, {"reply": ""}, **changes), env={}) as router:
        result = await router.run(Task(prompt=hard, tools=True))
    assert (result.route, result.text) == ("cloud", "It is 391.")
    body = provider.requests[0].body
    assert "calculate" in body["messages"][0]["content"]
    assert body["response_format"]["type"] == "json_schema"


async def test_own_functions_are_tools_and_changes_need_a_yes(store: Store, tmp_path: Path) -> None:
    done: list[str] = []

    @tool(changes=True)
    def pay(to: str) -> str:
        """Pays somebody."""
        done.append(to)
        return "paid"

    call = json.dumps({"tool": "pay", "arguments": {"to": "Ana"}})
    rules = [
        {"match": "<<data|not approved|nobody is there", "reply": ANSWER},
        {"match": "Ana", "reply": call},
    ]
    permitted = {"roles": {"general": {"tools": ["pay"]}}}
    for answer in (None, False, True):

        async def approve(*_: Any, answer: bool | None = answer) -> bool:
            return bool(answer)

        chosen = settings(store, tmp_path, *rules, tools=permitted)
        async with Router.open(
            chosen, env={}, tools=[pay], approve=None if answer is None else approve
        ) as router:
            result = await router.run(Task(prompt="Write a note to Ana.", tools=True))
        assert result.tool_calls[0].outcome == ("done" if answer else "refused")
    assert done == ["Ana"]


@pytest.mark.parametrize(
    ("tools", "said"),
    [
        ({"roles": {"general": {"tools": ["fly"]}}}, "'fly', which is no tool; there are: "),
        ({"servers": {"git": {"comand": ["x"]}}}, r"tools\.servers\.git"),
        ({"folders": [{"path": "/no/such/folder"}]}, "/no/such/folder"),
    ],
)
async def test_a_mistake_in_the_configuration_is_named(
    store: Store, tmp_path: Path, tools: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        async with Router.open(settings(store, tmp_path, {"reply": ""}, tools=tools), env={}):
            pass
