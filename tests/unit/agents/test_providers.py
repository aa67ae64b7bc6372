"""Which cloud a user can reach, and the model we take there."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from agents.engines.providers import PROVIDERS, Provider, cloud_from_environment, provider_of
from router.account.pricing import Prices


def test_without_keys_there_is_no_cloud() -> None:
    assert cloud_from_environment({"PATH": "/bin", "OPENAI_API_KEY": "  "}) is None


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.prefix)
def test_one_key_chooses_its_provider(provider: Provider) -> None:
    choice = cloud_from_environment({provider.key_variable: "x"})

    assert choice is not None
    assert choice.provider is provider
    assert provider_of(choice.model) is provider


def test_of_several_keys_the_first_in_the_table_counts() -> None:
    choice = cloud_from_environment({"GROQ_API_KEY": "x", "ANTHROPIC_API_KEY": "x"})
    assert choice is not None
    assert choice.provider.prefix == "anthropic"


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.prefix)
def test_every_default_model_has_a_price_on_our_list(provider: Provider) -> None:
    assert Prices.load().cost(provider.default_model, 1000, 1000)


def test_our_prices_and_defaults_agree_with_the_offline_map_they_were_read_from() -> None:
    spec = importlib.util.find_spec("litellm")
    assert spec is not None
    assert spec.origin is not None
    name = "model_prices_and_context_window_backup.json"
    known = json.loads((Path(spec.origin).parent / name).read_text(encoding="utf-8"))
    prices = Prices.load()

    for provider in PROVIDERS:
        model = provider.default_model.removeprefix("openrouter/")
        entry = known.get(model) or known[model.partition("/")[2]]
        assert "deprecation_date" not in entry, f"{model} has an announced end"
        expected = entry["input_cost_per_token"] + entry["output_cost_per_token"]
        assert prices.cost(provider.default_model, 1, 1) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("model", "prefix"),
    [
        ("openai/gpt-5-mini", "openai"),
        ("gpt-5-mini", "openai"),
        ("o3", "openai"),
        ("claude-haiku-4-5", "anthropic"),
        ("groq/openai/gpt-oss-120b", "groq"),
    ],
)
def test_a_model_name_tells_its_provider(model: str, prefix: str) -> None:
    provider = provider_of(model)
    assert provider is not None
    assert provider.prefix == prefix


def test_a_provider_without_words_of_ours_is_none() -> None:
    assert provider_of("bedrock/anthropic.claude") is None
    assert provider_of("llama3") is None
