"""The scripted engine beyond the contract: its rules, its failures, its file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from agents.engines.scripted import Rule, ScriptedEngine
from router.engine import Constraint, Delta, GenerateRequest, generate
from router.errors import (
    ConfigError,
    ContextOverflow,
    EngineDenied,
    EngineError,
    EngineOverloaded,
    EngineRejected,
    EngineTimeout,
    EngineUnavailable,
)
from router.types.completion import Completion
from router.types.task import Message


async def scripted(*rules: Rule, **settings: Any) -> ScriptedEngine:
    engine = ScriptedEngine(model="script", rules=rules, **settings)
    await engine.open()
    return engine


def ask(prompt: str, *, within_s: float = 10.0, **changes: Any) -> GenerateRequest:
    messages = (Message(role="system", content="be brief"), Message(role="user", content=prompt))
    return GenerateRequest(messages=messages, deadline=time.monotonic() + within_s, **changes)


async def test_the_first_rule_that_matches_answers_and_the_default_otherwise() -> None:
    engine = await scripted(
        Rule(match="weather", reply="Rain."),
        Rule(match="weather in Porto", reply="Sun."),
        default_reply=r"Nothing \1 known.",
    )

    assert (await generate(engine, ask("The WEATHER in Porto?"))).text == "Rain."
    assert (await generate(engine, ask("Be brief."))).text == r"Nothing \1 known."


async def test_a_reply_uses_what_the_groups_found() -> None:
    engine = await scripted(
        Rule(match=r"(\d+) plus (?P<more>\d+)", reply=r"\1 and \g<more> make a sum")
    )

    assert (await generate(engine, ask("what is 3 plus 14?"))).text == "3 and 14 make a sum"


async def test_a_reply_is_sent_word_by_word_with_its_spacing() -> None:
    reply = "  one\ntwo   three \n"
    engine = await scripted(Rule(reply=reply))

    parts = [part async for part in engine.stream(ask("go"))]

    assert [part.text for part in parts if isinstance(part, Delta)] == [
        "  one",
        "\ntwo",
        "   three",
        " \n",
    ]
    assert isinstance(parts[-1], Completion)
    assert parts[-1].text == reply


@pytest.mark.parametrize(
    ("fail", "error"),
    [
        ("timeout", EngineTimeout),
        ("overloaded", EngineOverloaded),
        ("denied", EngineDenied),
        ("rejected", EngineRejected),
        ("unavailable", EngineUnavailable),
        ("overflow", ContextOverflow),
    ],
)
async def test_every_failure_can_be_scripted(fail: Any, error: type[EngineError]) -> None:
    engine = await scripted(Rule(match="break", fail=fail), default_reply="whole")

    with pytest.raises(error) as caught:
        await generate(engine, ask("break now"))

    assert caught.value.model == "script"
    assert (await generate(engine, ask("now"))).text == "whole"


async def test_tokens_and_price_are_counted() -> None:
    engine = await scripted(
        default_reply="four words of answer", usd_per_token=(0.001, 0.01), local=False
    )

    completion = await generate(engine, ask("three more words"))

    assert completion.usage.prompt_tokens == 5, "the system message counts"
    assert completion.usage.completion_tokens == 4
    assert completion.usage.cost_usd == pytest.approx(0.045)
    assert not engine.caps.local


async def test_pace_and_delay_are_kept() -> None:
    engine = await scripted(Rule(reply="a b c d e", delay_s=0.1, tokens_per_s=50))

    completion = await generate(engine, ask("go"))

    assert completion.ttft_s >= 0.12
    assert completion.latency_s >= 0.2


async def test_confidence_is_as_scripted() -> None:
    engine = await scripted(
        Rule(match="unsure", reply="maybe so", min_logprob=-4.0),
        Rule(match="silent", reply="no figures", min_logprob=None),
    )

    unsure = await generate(engine, ask("unsure"))
    assert unsure.stats is not None
    assert unsure.stats.min_logprob == -4.0
    assert unsure.stats.mean_logprob == -2.0
    assert (await generate(engine, ask("silent"))).stats is None


async def test_a_reply_that_breaks_the_schema_is_an_answer_cut_off() -> None:
    engine = await scripted(Rule(match="right", reply='{ "n": 1 }'), default_reply="just words")
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}

    right = await generate(engine, ask("right", constraint=Constraint(json_schema=schema)))
    wrong = await generate(engine, ask("other", constraint=Constraint(json_schema=schema)))

    assert (right.text, right.finish_reason) == ('{"n":1}', "stop")
    assert (wrong.text, wrong.finish_reason) == ("", "length")


SCRIPT = """
default_reply: no rule
usd_per_token: [0.0, 0.5]
rules:
  - match: "hello (\\\\w+)"
    reply: "good day \\\\1"
    finish_reason: content_filter
"""


async def test_a_script_is_read_from_yaml(tmp_path: Path) -> None:
    path = tmp_path / "script.yaml"
    path.write_text(SCRIPT)
    engine = ScriptedEngine.from_file(path, model="script")
    await engine.open()

    completion = await generate(engine, ask("hello Ana"))

    assert completion.text == "good day Ana"
    assert completion.finish_reason == "content_filter"
    assert completion.usage.cost_usd == 1.5


async def test_a_script_is_read_from_json(tmp_path: Path) -> None:
    path = tmp_path / "script.json"
    path.write_text('{"rules": [{"match": "a", "reply": "b"}]}')
    engine = ScriptedEngine.from_file(path, model="script")
    await engine.open()

    assert (await generate(engine, ask("a"))).text == "b"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("rules:\n  - match: '('\n", "rules[0]: "),
        ("rules:\n  - reply: fine\n  - match: a\n    reply: '\\2'\n", "rules[1]: "),
        ("rules:\n  - fail: explode\n", "rules[0].fail"),
        ("rules:\n  - tokens_per_s: 0\n", "rules[0].tokens_per_s"),
        ("ruls: []\n", "ruls"),
        ("- 1\n", "the file"),
        ("a: [", "neither YAML nor JSON"),
    ],
)
def test_a_script_that_is_wrong_is_told_with_its_entry(
    tmp_path: Path, content: str, words: str
) -> None:
    path = tmp_path / "script.yaml"
    path.write_text(content)

    with pytest.raises(ConfigError) as caught:
        ScriptedEngine.from_file(path, model="script")

    assert str(path) in str(caught.value)
    assert words in str(caught.value)


def test_a_script_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml"):
        ScriptedEngine.from_file(tmp_path / "none.yaml", model="script")


def test_a_rule_that_cannot_work_is_refused_where_it_is_written() -> None:
    with pytest.raises(ValidationError, match="no regular expression"):
        Rule(match="(")
    with pytest.raises(ValidationError, match="group"):
        Rule(match="a", reply=r"\g<name>")
