"""What a generation costs, and what the price list says when it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.account.pricing import Prices, estimate_tokens
from router.errors import ConfigError
from router.settings.shipped import config_path

SHIPPED = Prices.load()
ENTRY = """
  - model: {model}
    input_per_mtok_usd: {input}
    output_per_mtok_usd: 8
    source: our contract
    as_of: 2026-11-01
"""


def price_file(directory: Path, *entries: str) -> Path:
    path = directory / "prices.yaml"
    path.write_text("prices:" + "".join(entries), encoding="utf-8")
    return path


def test_the_shipped_list_prices_the_common_models() -> None:
    prices = Prices.load()

    assert len(prices) >= 25
    assert prices.cost("gpt-5-mini", 1_000_000, 1_000_000) == pytest.approx(2.25)
    assert prices.cost("claude-haiku-4-5", 2000, 500) == pytest.approx(0.0045)
    assert prices.cost("groq/openai/gpt-oss-120b", 1_000_000, 0) == pytest.approx(0.15)


def test_cached_prompt_tokens_cost_their_own_price() -> None:
    cost = Prices.load().cost("gpt-5-mini", 1_000_000, 0, cached_tokens=400_000)

    assert cost == pytest.approx(0.6 * 0.25 + 0.4 * 0.025)


def test_a_model_without_a_cache_price_gets_no_discount(tmp_path: Path) -> None:
    prices = Prices.load(price_file(tmp_path, ENTRY.format(model="ours", input=2)))

    assert prices.cost("ours", 1_000_000, 0, cached_tokens=1_000_000) == pytest.approx(2.0)


def test_an_unknown_model_costs_none_and_not_nothing() -> None:
    assert Prices.load().cost("openai/some-model-of-tomorrow", 1000, 1000) is None
    assert Prices.load().cost("openai/gpt-5-minister", 1000, 1000) is None


@pytest.mark.parametrize(
    "name",
    [
        "openai/gpt-5-mini",
        "gpt-5-mini-2025-08-07",
        "openrouter/openai/gpt-5-mini",
        "  GPT-5-mini ",
    ],
)
def test_the_same_model_under_another_name_has_the_same_price(name: str) -> None:
    prices = Prices.load()

    assert prices.find(name) == prices.find("gpt-5-mini") is not None


def test_a_users_entry_replaces_the_shipped_one_and_the_others_stay(tmp_path: Path) -> None:
    path = price_file(
        tmp_path,
        ENTRY.format(model="openai/gpt-5-mini", input=1),
        ENTRY.format(model="in-house", input=0),
    )
    prices = Prices.load(path)

    assert prices.cost("gpt-5-mini", 1_000_000, 0) == pytest.approx(1.0)
    assert prices.cost("in-house", 1_000_000, 0) == 0.0
    assert prices.cost("gpt-4o", 1_000_000, 0) == pytest.approx(2.5)


@given(prompt=st.integers(0, 10**7), completion=st.integers(0, 10**6), cached=st.integers(0, 10**7))
def test_a_cost_is_never_negative_and_a_cache_never_makes_it_dearer(
    prompt: int, completion: int, cached: int
) -> None:
    with_cache = SHIPPED.cost("gpt-5-mini", prompt, completion, cached)
    without = SHIPPED.cost("gpt-5-mini", prompt, completion)

    assert with_cache is not None
    assert without is not None
    assert 0 <= with_cache <= without


def test_every_shipped_price_names_its_source_and_its_day() -> None:
    text = config_path("prices.yaml").read_text(encoding="utf-8")

    assert text.count("- model:") == text.count("source: litellm 1.106.2") == text.count("as_of: 2")
    assert text.count("- model:") == len(Prices.load()), "no model is listed twice"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("prices: {", "is not YAML"),
        ("prices: none", "must have one key"),
        ("models: []", "must have one key"),
        ("prices: []\nmore: 1", "must have one key"),
        ("prices:\n  - 7", "entry 1"),
        ("prices:" + ENTRY.format(model="ours", input=-1), r"entry 1 \(ours\): input_per_mtok_usd"),
        ("prices:" + ENTRY.format(model="ours", input="cheap"), "input_per_mtok_usd"),
        ("prices:" + ENTRY.format(model="ours", input=".inf"), "input_per_mtok_usd"),
        ("prices:" + ENTRY.format(model="a", input=1) + "    colour: red", "colour"),
        ("prices:\n  - model: ours", "output_per_mtok_usd: field required"),
    ],
)
def test_a_wrong_price_list_is_a_config_error_with_its_file_and_entry(
    tmp_path: Path, content: str, said: str
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(ConfigError, match=said) as caught:
        Prices.load(path)
    assert str(path) in str(caught.value)


def test_a_missing_price_list_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        Prices.load(tmp_path / "absent.yaml")


def test_the_token_estimate_is_a_quarter_of_the_characters_rounded_up() -> None:
    assert [estimate_tokens(text) for text in ("", "a", "abcd", "abcde")] == [0, 1, 1, 2]
