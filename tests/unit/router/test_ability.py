"""What is expected of a model by its name: sizes, families, published figures, tiers of clouds."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.classify import signals
from router.classify.gain import shipped_gains
from router.errors import ConfigError
from router.evaluate.train_ability import Share, fit, published
from router.learned.gains import gains_of
from router.policy.ability import AREAS, Abilities, key_of, moved, shipped_abilities
from router.policy.cloud_tier import tier_of
from router.policy.model_names import read_model_name
from router.settings.settings import Settings
from router.types.decision import Guess, Kind


@given(st.text(max_size=60))
def test_any_name_is_read(name: str) -> None:
    named = read_model_name(name)
    assert named.billions is None or 0 < named.billions <= 3000
    assert tier_of(name) in (None, "small", "mid", "large")


@pytest.mark.parametrize(
    ("name", "family", "billions"),
    [
        ("qwen2.5-coder:7b", "qwen2.5-coder", 7.0),
        ("Qwen/Qwen2.5-0.5B-Instruct", "qwen2.5", 0.5),
        ("qwen2_5-1_5b-instruct", "qwen2.5", 1.5),
        ("qwen2.5-7b-instruct-1m", "qwen2.5", 7.0),
        ("7b-instruct-q4", None, 7.0),
        ("Qwen2.5-Coder-7B-Instruct-Q4_K_M", "qwen2.5-coder", 7.0),
        ("phi-3-mini", "phi-3", 3.8),
        ("microsoft/Phi-3-mini-4k-instruct", "phi-3", 3.8),
        ("phi4", "phi-4", 14.7),
        ("gemma-3-270m-it", "gemma-3", 0.27),
        ("gemma-2b-it", "gemma", 2.0),
        ("gemma2:2b", "gemma-2", 2.0),
        ("SmolLM2-135M-Instruct.Q4_1", "smollm2", 0.135),
        ("Meta-Llama-3.1-8B-Instruct", "llama-3.1", 8.0),
        ("llama3.2", "llama-3.2", 3.0),
        ("llama3.2:1b", "llama-3.2", 1.0),
        ("llama3.2:latest", "llama-3.2", 3.0),
        ("model", None, None),
        ("auto", None, None),
        ("4bit", None, None),
        ("0b", None, None),
        ("99999b", None, None),
        ("gemma-3", "gemma-3", None),
        ("", None, None),
    ],
)
def test_a_name_says_family_and_size(name: str, family: str | None, billions: float | None) -> None:
    named = read_model_name(name)
    assert (named.family, named.billions) == (family, billions)


def test_a_mixture_counts_between_its_size_and_what_works_on_a_token() -> None:
    mixtral, qwen = read_model_name("mixtral-8x7b"), read_model_name("qwen3:30b-a3b")
    assert mixtral.billions is not None
    assert qwen.billions is not None
    assert 14 < mixtral.billions < 56
    assert 3 < qwen.billions < 30


def test_figures_are_of_the_model_itself_not_of_what_was_made_of_it() -> None:
    abilities = shipped_abilities()

    def found(name: str) -> bool:
        return abilities.published_of(read_model_name(name)) is not None

    assert found("qwen2.5:7b")
    assert found("bartowski/Qwen2.5-7B-Instruct-Q4_K_M")
    assert found("gemma-3-270m-it")
    for other in (
        "FuseChat-Llama-3.2-3B-Instruct",
        "Qwen3-4B-Thinking-2507",
        "Qwen2.5-7B-base",
        "gemma-3-270m",
    ):
        assert not found(other), other
    assert not found("7b-instruct-q4")


def test_every_published_model_is_in_the_fitted_file_and_so_fitted() -> None:
    listed = {key_of(read_model_name(one.model)) for one in published() if one.tier is None}
    shipped = shipped_abilities()
    assert listed - {None} <= set(shipped.published)
    small, large = shipped.published["qwen2.5 0.5b"], shipped.published["qwen2.5 14b"]
    assert all(small[area] < large[area] - 1 for area in AREAS)


def test_a_larger_model_of_a_family_is_expected_more_in_every_kind() -> None:
    sizes = [shipped_abilities().estimated("qwen2.5", size) for size in (0.1, 0.5, 1.5, 3, 7, 32)]
    for kind in Kind:
        found = [one[kind] for one in sizes]
        assert found == sorted(found), kind
        assert found[0] < found[-1] - 1
    beyond = [shipped_abilities().estimated(None, size) for size in (32, 70, 405)]
    assert beyond[0] == beyond[1] == beyond[2], "no line beyond what was measured"


def test_the_fit_finds_what_made_the_shares() -> None:
    """Shares made by a line in size: the slope and a model that was left out come back."""
    made = []
    for number, model in enumerate(("a-1b", "b-2b", "c-4b", "d-8b", "e-16b")):
        for area in AREAS:
            share = moved(0.5, 0.6 * number - 1.2)
            made.append(Share(model, f"test {area}", area, share, 200.0))
    for tier, share in (("small", 0.8), ("mid", 0.9), ("large", 0.95)):
        made.append(Share(tier, "test math", "math", share, 200.0, tier))  # type: ignore[arg-type]
    found = fit(made, ("c-4b",))
    assert all(0.5 < found.size[area] < 0.65 for area in AREAS)
    assert found.tiers["small"]["math"] < found.tiers["mid"]["math"] < 0


def test_a_file_that_holds_no_abilities_is_named(tmp_path: Path) -> None:
    path = tmp_path / "abilities.json"
    for text in ("{", "[]", '{"size": {}}', '{"size": 3}'):
        path.write_text(text)
        with pytest.raises(ConfigError, match=r"abilities\.json holds no abilities.*reinstall"):
            Abilities.load(path)
    shipped_abilities().save(path)
    assert Abilities.load(path) == shipped_abilities()


@pytest.mark.parametrize(
    ("name", "tier"),
    [
        ("gpt-4o-mini", "small"),
        ("openai/gpt-4o", None),
        ("anthropic/claude-3-haiku-20240307", "small"),
        ("gemini/gemini-1.5-flash", "small"),
        # Of a later generation only the least ones are below what was the frontier.
        ("openai/gpt-5.4-mini", "large"),
        ("openai/gpt-5.4-nano", "mid"),
        ("anthropic/claude-haiku-4-5", "large"),
        ("gemini/gemini-2.5-flash-lite", "mid"),
        ("groq/openai/gpt-oss-20b", "mid"),
        ("groq/openai/gpt-oss-120b", "large"),
        ("claude-sonnet-5", "large"),
        ("groq/llama-3.1-8b-instant", "small"),
        ("together_ai/meta-llama/Llama-3.3-70B-Instruct", "mid"),
        ("mistral/mistral-large-latest", "large"),
        ("my-gateway-model", None),
        ("", None),
    ],
)
def test_a_clouds_tier_by_its_name(name: str, tier: str | None) -> None:
    assert tier_of(name) == tier


def test_a_small_cloud_is_expected_less_and_an_unknown_one_as_shipped(tmp_path: Path) -> None:
    settings = Settings.model_validate({"store": {"home": str(tmp_path)}})
    guess = Guess(kind=Kind.MATH, confidence=0.9, language="en")
    facts = signals.read("What is 12 times the square root of 81, less a third of 300?")

    def cloud(name: str) -> float:
        return gains_of(settings, name).expected(guess, facts, "m").cloud

    shipped = shipped_gains().expected(guess, facts, "m")
    assert cloud("my-gateway-model") == cloud("gpt-4o") == shipped.cloud
    assert cloud("gpt-4o-mini") < cloud("gpt-5.4-nano") < shipped.cloud
    assert gains_of(settings, "gpt-4o-mini").expected(guess, facts, "m").local == shipped.local


def test_a_score_moves_by_odds_and_stays_a_score() -> None:
    assert moved(0.5, 0.0) == 0.5
    assert moved(0.8, -1.0) < 0.8 < moved(0.8, 1.0)
    for score in (0.0, 0.02, 0.5, 1.0):
        for ability in (-50.0, -3.0, 3.0, 50.0):
            assert 0 < moved(score, ability) < 1
