"""Workflows for tests: written into a folder, run by a Router that is watched."""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from scripted_router import PRICE, script

from agents.engines.scripted import ScriptedEngine
from agents.tools.tool import Tool, ToolFailed, tool
from graphs.app import Router
from graphs.workflow.api import Workflow
from graphs.workflow.execution.outcome import RunResult
from router.settings.settings import Settings
from router.settings.shipped import config_path
from router.store.store import Store


def workflow(folder: Path, text: str, name: str = "w.yaml", **files: str) -> Workflow:
    """Writes and loads `text`; `files` are written beside it, `__` in their names is a dot."""
    for other, content in files.items():
        (folder / other.replace("__", ".")).write_text(textwrap.dedent(content))
    path = folder / name
    path.write_text(f"name: w\n{textwrap.dedent(text)}")
    return Workflow.load(path)


def shipped(name: str) -> Workflow:
    """One of the workflows that come with the package."""
    return Workflow.load(config_path("workflows") / f"{name}.yaml")


def outputs(result: RunResult) -> dict[str, Any]:
    """Of a run that is done."""
    assert result.status == "done", result.error
    assert result.outputs is not None
    return dict(result.outputs)


@dataclass(slots=True)
class Calls:
    """The calls of the tools of `tools_of`, in order, and the most that ran at once.

    fails: texts that `echo` fails on, with how often. slow_s: seconds that `echo` takes, and slow:
    for some texts.
    """

    said: list[str] = field(default_factory=list)
    fails: dict[str, int] = field(default_factory=dict)
    slow_s: float = 0.0
    slow: dict[str, float] = field(default_factory=dict)
    at_once: int = 0
    most_at_once: int = 0


def tools_of(calls: Calls) -> tuple[Tool, ...]:
    @tool
    async def echo(text: str) -> str:
        """Says it again."""
        calls.said.append(text)
        calls.at_once += 1
        calls.most_at_once = max(calls.most_at_once, calls.at_once)
        try:
            await asyncio.sleep(calls.slow.get(text, calls.slow_s))
        finally:
            calls.at_once -= 1
        if calls.fails.get(text, 0) > 0:
            calls.fails[text] -= 1
            raise ToolFailed(f"no luck with {text}")
        return text

    @tool(leaves=True)
    async def post(text: str) -> str:
        """Sends it to another machine."""
        calls.said.append(text)
        return "sent"

    return echo, post


@asynccontextmanager
async def routed(
    store: Store,
    folder: Path,
    *,
    calls: Calls | None = None,
    local: list[dict[str, Any]] | None = None,
    cloud: list[dict[str, Any]] | None = None,
    price: tuple[float, float] = PRICE,
    **settings: Any,
) -> AsyncIterator[Router]:
    """Both local roles are scripted by `local`; `cloud` None: no cloud. Nothing is cached."""
    model = {"script": str(script(folder / "local.yaml", *(local or [{"reply": "from here"}])))}
    clouded: dict[str, Any] = {"model": "off"}
    if cloud is not None:
        clouded = {"script": str(script(folder / "cloud.yaml", *cloud, price=price))}
    configuration = {
        "models": {"general": model, "coder": model, "specialist": None, "exact": False},
        "cloud": clouded,
        "memory": {"cache": False},
        "store": {"url": store.url, "namespace": store.keys.namespace},
        "tools": {"roles": {"workflow": {"tools": ["echo", "post", "calculate"]}}},
        **settings,
    }
    tools = tools_of(calls or Calls())
    async with Router.open(Settings.model_validate(configuration), env={}, tools=tools) as router:
        yield router


@dataclass(slots=True)
class Asked:
    """The requests that the scripted models got, in order, by place."""

    here: list[str] = field(default_factory=list)
    cloud: list[str] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0


def watch(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Records the requests that the engines get."""
    asked, stream = Asked(), ScriptedEngine.stream

    async def watched(self: ScriptedEngine, request: Any) -> AsyncIterator[Any]:
        place = asked.here if self.caps.local else asked.cloud
        place.append(request.messages[-1].content)
        asked.at_once += 1
        asked.most_at_once = max(asked.most_at_once, asked.at_once)
        try:
            async with aclosing(stream(self, request)) as parts:
                async for part in parts:
                    yield part
        finally:
            asked.at_once -= 1

    monkeypatch.setattr(ScriptedEngine, "stream", watched)
    return asked
