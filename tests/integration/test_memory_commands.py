"""`edgeward memory`, as it is typed, on a real Redis."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from router.errors import TaskError
from router.memory.facts import Facts
from router.memory.sessions import AnswerCache, CachedAnswer, Memory
from router.store.store import Store, open_store
from router.types.decision import Kind
from router.types.task import Message
from workers.commands.memory import memory_app

ANSWER = CachedAnswer(text="", model="nano", route="local", cost_usd=None, kind=Kind.MATH)


class Terminal:
    """Runs the commands on a namespace of their own."""

    def __init__(self, redis_url: str, folder: Path) -> None:
        self._url, self._namespace = redis_url, f"test-{uuid.uuid4().hex}"
        self._config = folder / "edgeward.yaml"
        self._config.write_text(f"store: {{url: '{redis_url}', namespace: {self._namespace}}}\n")

    def run(self, *words: str, stdin: str = "", status: int = 0) -> str:
        arguments = [*words, "--config", str(self._config)]
        done = CliRunner().invoke(memory_app, arguments, env={"COLUMNS": "120"}, input=stdin)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == status, done.output
        return done.stdout

    def json(self, *words: str) -> Any:
        return json.loads(self.run(*words, "--json"))

    def prepare(self, deed: Callable[[Store], Awaitable[None]]) -> None:
        async def main() -> None:
            async with await open_store(url=self._url, namespace=self._namespace) as store:
                await deed(store)

        asyncio.run(main())


@pytest.fixture
def terminal(redis_url: str, tmp_path: Path) -> Terminal:
    return Terminal(redis_url, tmp_path)


@pytest.fixture
def full(terminal: Terminal) -> Terminal:
    """Ana is in one fact, one session and one answer; Bia in others."""

    async def fill(store: Store) -> None:
        facts, memory, cache = Facts(store), Memory(store), AnswerCache(store)
        await facts.put(
            "ana/tea", "likes [green] tea", label="internal", source="trip", subjects=["ana@x.org"]
        )
        await facts.put("bia/car", "has a red car", label="public", source="general")
        await memory.append("trip", Message(role="user", content="I am ana@x.org"))
        await memory.append("work", Message(role="user", content="I am bia@x.org"))
        await cache.put("k1", ANSWER.model_copy(update={"text": "Dear ana@x.org"}))
        await cache.put("k2", ANSWER.model_copy(update={"text": "Dear bia@x.org"}))

    terminal.prepare(fill)
    return terminal


def names(found: Any) -> tuple[list[str], list[str], int]:
    facts, sessions = found["facts"], found["sessions"]
    return [one["key"] for one in facts], [one["name"] for one in sessions], found["answers"]


def test_of_nothing_it_says_so(terminal: Terminal) -> None:
    assert terminal.run("ls") == "nothing is remembered\n"
    assert names(terminal.json("ls")) == ([], [], 0)
    assert terminal.run("forget", "--all", "--yes") == "there was nothing to forget\n"
    assert terminal.run("forget", "--subject", "ana") == "there was nothing to forget\n"


def test_sessions_facts_and_answers_are_listed(full: Terminal) -> None:
    shown = full.run("ls")
    for part in ("trip", "work", "ana/tea", "internal", "likes [green] tea", "2 kept answers"):
        assert part in shown
    assert names(full.json("ls")) == (["bia/car", "ana/tea"], ["work", "trip"], 2)
    assert names(full.json("ls", "red")) == (["bia/car"], [], 0)
    assert names(full.json("ls", "--subject", "ana@x.org")) == (["ana/tea"], ["trip"], 1)
    assert names(full.json("ls", "--label", "public")) == (["bia/car"], ["work", "trip"], 2)


def test_a_fact_and_a_session_are_shown_whole(full: Terminal) -> None:
    shown = full.run("show", "ana/tea")
    for part in ("likes [green] tea", "internal", "ana@x.org", "trip"):
        assert part in shown
    assert full.run("show", "trip") == "session trip\nuser: I am ana@x.org\n"
    found = full.json("show", "ana/tea")
    assert (found["fact"]["text"], found["session"]) == ("likes [green] tea", None)
    assert full.json("show", "trip") == {
        "fact": None,
        "session": {
            "name": "trip",
            "messages": [{"role": "user", "content": "I am ana@x.org", "unverified": False}],
        },
    }
    with pytest.raises(TaskError, match="no fact and no session is called 'nobody'"):
        full.run("show", "nobody")


def test_a_fact_is_forgotten_by_its_key(full: Terminal) -> None:
    assert full.run("forget", "ana/tea") == "forgotten: 1 fact\n"
    assert names(full.json("ls"))[0] == ["bia/car"]
    with pytest.raises(TaskError, match="no fact is called 'ana/tea'"):
        full.run("forget", "ana/tea")


def test_a_session_is_forgotten_with_the_facts_that_it_wrote(full: Terminal) -> None:
    assert full.run("forget", "--session", "trip") == "forgotten: 1 fact, 1 session\n"
    assert names(full.json("ls")) == (["bia/car"], ["work"], 2)
    with pytest.raises(TaskError, match="no session is called 'trip'"):
        full.run("forget", "--session", "trip")


def test_a_person_is_forgotten_wherever_named(full: Terminal) -> None:
    gone = full.json("forget", "--subject", "Ana@x.org")
    assert gone == {"facts": 1, "sessions": 1, "answers": 1}
    assert names(full.json("ls", "--subject", "ana@x.org")) == ([], [], 0)
    assert names(full.json("ls")) == (["bia/car"], ["work"], 1)


def test_everything_is_forgotten_only_after_a_yes(full: Terminal) -> None:
    full.run("forget", "--all", stdin="n\n", status=1)
    full.run("forget", "--all", stdin="", status=1)
    assert names(full.json("ls"))[2] == 2
    gone = full.run("forget", "--all", stdin="y\n")
    assert gone.endswith("forgotten: 2 facts, 2 sessions, 2 kept answers\n")
    assert full.run("ls") == "nothing is remembered\n"


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["key", "--all"],
        ["--session", "s", "--subject", "ana"],
        ["--subject", " "],
        ["--subject", ""],
    ],
)
def test_what_to_forget_must_be_said_once(full: Terminal, words: list[str]) -> None:
    with pytest.raises(TaskError, match=r"say what to forget|the person's key is empty"):
        full.run("forget", *words)
    assert names(full.json("ls"))[2] == 2
