"""A key that was pasted with something around it works, or is named for what it is."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from provider_server import ProviderServer

from agents.engines.litellm import LiteLLMEngine
from agents.engines.openai_server import OpenAIServerEngine
from agents.engines.providers import cloud_from_environment
from router.account.pricing import Prices
from router.engine import Engine, GenerateRequest, generate
from router.errors import ConfigError, EngineDenied
from router.settings.api_key import cleaned_key
from router.settings.settings import load_settings
from router.types.task import Message

AROUND = [
    *("{}\n", "{}\r\n", " {} ", "\t{}", "\ufeff{}", "{}\u200b"),
    *('"{}"', "'{}'\n", '" {}\n"', "\u201c{}\u201d"),
]
WITHIN = ["sk-{}\nsk-{}", "sk {}", "sk-{}é", "sk-\u200b{}", "sk-{}\x00"]


async def answer(engine: Engine) -> str:
    messages = (Message(role="user", content="count to 3"),)
    try:
        request = GenerateRequest(messages=messages, deadline=time.monotonic() + 120)
        return (await generate(engine, request)).text
    finally:
        await engine.close()


@pytest.mark.parametrize("around", AROUND)
def test_what_stands_around_a_key_is_taken_off(around: str) -> None:
    assert cleaned_key(around.format("sk-test")) == "sk-test"


@pytest.mark.parametrize("within", WITHIN)
def test_what_no_key_has_is_named_without_the_key(within: str) -> None:
    with pytest.raises(
        ValueError, match=r"its character \d+ of \d+ is .*, which no key has"
    ) as caught:
        cleaned_key(within.replace("{}", "verysecret"))
    assert "verysecret" not in str(caught.value)


@pytest.mark.parametrize("around", ["{}\n", '"{}"', "{} "])
async def test_a_key_of_the_environment_is_sent_without_it(
    monkeypatch: pytest.MonkeyPatch, around: str
) -> None:
    async with ProviderServer() as provider:
        monkeypatch.setenv("OPENAI_API_KEY", around.format(provider.key))
        engine = LiteLLMEngine(
            model="openai/test-model",
            prices=Prices.load(),
            max_tokens=20,
            api_base=provider.openai_url,
        )
        assert await answer(engine) == "1 2 3"


async def test_one_of_the_environment_that_cannot_be_sent_names_its_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-first\nsk-second")
    choice = cloud_from_environment({"OPENAI_API_KEY": "sk-first\nsk-second"})
    assert choice is not None, "it is no reason to be silent, or to take another provider"
    engine = LiteLLMEngine(model=choice.model, prices=Prices.load(), max_tokens=20)
    with pytest.raises(EngineDenied, match=r"the key in OPENAI_API_KEY .* a line break") as caught:
        await answer(engine)
    assert "sk-first" not in str(caught.value)


@pytest.mark.parametrize("empty", ["\n", '""', " \ufeff "])
def test_nothing_but_what_stands_around_is_no_key(empty: str) -> None:
    assert cloud_from_environment({"OPENAI_API_KEY": empty}) is None


async def test_keys_of_the_configuration_too(tmp_path: Path) -> None:
    written = tmp_path / "edgeward.yaml"
    written.write_text(
        'cloud: {api_key: "${KEY}"}\n'
        'models: {general: {url: "http://127.0.0.1:8080", api_key: "${KEY}"}}\n'
    )
    settings, _ = load_settings(written, {"KEY": " sk-test\n"})
    assert (settings.cloud.api_key, settings.models.general.api_key) == ("sk-test", "sk-test")
    with pytest.raises(ConfigError, match=r"api_key: .*a line break, which no key has") as caught:
        load_settings(written, {"KEY": "sk-one\nsk-two"})
    assert "sk-one" not in str(caught.value)


@pytest.mark.parametrize("model", ["openai/m", "perplexity/m", "gemini/m"])
async def test_what_comes_to_a_client_all_the_same_is_no_server_that_cannot_be_reached(
    model: str,
) -> None:
    async with ProviderServer() as provider:
        engine = LiteLLMEngine(
            model=model,
            prices=Prices.load(),
            max_tokens=20,
            api_base=provider.url,
            api_key="sk-verysecret\n",
        )
        with pytest.raises(EngineDenied, match="holds a character that no key has") as caught:
            await answer(engine)
    assert "verysecret" not in str(caught.value)


@pytest.mark.parametrize("key", ["sk-verysecret\n", "sk-vérysecret"])
async def test_nor_to_that_of_a_local_server(key: str) -> None:
    async with ProviderServer() as provider:
        engine = OpenAIServerEngine(url=provider.url, model="test-model", api_key=key)
        with pytest.raises(EngineDenied, match="holds a character that no key has"):
            await answer(engine)
