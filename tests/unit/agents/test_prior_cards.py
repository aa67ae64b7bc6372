"""Cards of models that nobody has probed, and what they change: expectations, never trust."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from real_models import SMOLLM2, Unavailable, fetched
from tiny_gguf import write_tiny_gguf

from agents.calibration import confidence
from agents.models.cards import card_of, place_of
from agents.models.catalogue import Catalogue
from agents.models.priors import prior_card
from router.policy.ability import AREA_OF_TEST
from router.settings.models import ModelSettings
from router.settings.settings import Settings
from router.types.card import Card, Tally
from router.types.completion import TokenStats
from router.types.decision import Kind
from workers.commands.route_facts import RouteFacts, route_facts
from workers.views.render import weighed

SURE = TokenStats(tokens=6, min_logprob=math.log(0.99), sum_logprob=math.log(0.99) * 2)
TASKS = (
    "Write a short thank-you note to my neighbour who watered the plants.",
    "Rewrite in a friendlier tone: you are late again, send the report today.",
)


def served(name: str | None) -> ModelSettings:
    return ModelSettings(url="http://127.0.0.1:11434/v1", model=name)


@pytest.fixture
def facts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What is decided with a server's model of a name in all roles, and a cloud; opens neither."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-never-used")

    def decided(name: str | None, prompt: str, **policy: Any) -> RouteFacts:
        model = {"url": "http://127.0.0.1:11434/v1"} | ({"model": name} if name else {})
        settings = {
            "models": {"general": model, "coder": model, "specialist": None, "exact": False},
            "cloud": {"model": "openai/gpt-4o"},
            "store": {"home": str(tmp_path)},
            "policy": policy,
        }
        return route_facts(Settings.model_validate(settings), prompt)

    return decided


def test_the_three_sources_are_told_apart(tmp_path: Path) -> None:
    published, estimated = served("qwen2.5:7b"), served("our-own-tune-7b")
    for model, source, billions in ((published, "published", 7.0), (estimated, "estimated", 7.0)):
        card = card_of(model, tmp_path)
        assert card is not None
        assert (card.source, card.billions, card.probed) == (source, billions, False)
        assert set(card.abilities) == set(Kind)
    place = place_of(published, tmp_path)
    assert place is not None
    seen = Card(
        model="qwen2.5:7b",
        source="probed",
        fingerprint=place.fingerprint,
        kinds={Kind.MATH: Tally(asked=10, right=2)},
    )
    place.save(seen)
    probed = card_of(published, tmp_path)
    assert probed is not None
    assert probed.probed
    assert probed.kinds == seen.kinds
    assert probed.abilities, "the beginning that its own answers move"


@pytest.mark.parametrize("name", [None, "auto", "model", "gemma-3", "my-lora", "4bit"])
def test_nothing_is_made_up_where_nothing_is_known(name: str | None, tmp_path: Path) -> None:
    assert card_of(served(name), tmp_path) is None


def test_settings_that_name_no_model_have_no_card(tmp_path: Path) -> None:
    for model in (ModelSettings(builtin="nano"), ModelSettings(path=tmp_path / "none-7b.gguf")):
        assert card_of(model, tmp_path) is None


def test_a_file_is_believed_before_its_name(tmp_path: Path) -> None:
    """A tiny file that is named like a large model is not one, and too small to be told by size."""
    path = write_tiny_gguf(tmp_path / "llama-3.1-8b-instruct-q4_k_m.gguf")
    assert prior_card(ModelSettings(path=path)) is None
    (tmp_path / "broken.gguf").write_bytes(b"GGUF, but no more")
    assert prior_card(ModelSettings(path=tmp_path / "broken.gguf")) is None


def test_a_files_header_says_what_its_name_does_not(tmp_path: Path) -> None:
    try:
        whole = fetched(SMOLLM2)
    except Unavailable as reason:
        pytest.skip(str(reason))
    named = prior_card(ModelSettings(path=whole))
    (tmp_path / "model.gguf").symlink_to(whole)
    bare = prior_card(ModelSettings(path=tmp_path / "model.gguf"))
    assert named is not None
    assert bare is not None
    assert (named.source, bare.source) == ("published", "estimated")
    assert named.billions == bare.billions == pytest.approx(0.135, abs=0.001)


@pytest.mark.parametrize("prompt", TASKS)
def test_a_small_model_and_a_large_one_are_decided_apart(facts: Any, prompt: str) -> None:
    small, large = facts("smollm2:135m", prompt), facts("qwen2.5:7b", prompt)
    tune, other = facts("tune-135m", prompt), facts("7b-instruct-q4", prompt)
    assert [one.decision.weighed.card for one in (small, large, tune, other)] == [
        *("published", "published", "estimated", "estimated")
    ]
    scores = [one.decision.local.score for one in (small, large, tune, other)]
    assert scores[0] < scores[1] - 0.2
    assert scores[2] < scores[3] - 0.2
    routes = [one.decision.route for one in (small, large, tune, other)]
    assert routes == ["cloud", "local", "cloud", "local"]
    assert "expected to gain" in small.decision.reason


@pytest.mark.parametrize("prompt", TASKS)
def test_without_information_nothing_is_expected_otherwise(facts: Any, prompt: str) -> None:
    unnamed, unknown = facts(None, prompt), facts("my-model", prompt)
    assert unnamed.decision.weighed.card is None
    assert unnamed.decision.local.score == unknown.decision.local.score
    between = facts("tune-3.8b", prompt).decision.local.score
    assert abs(unknown.decision.local.score - between) < 0.05


def test_the_explanation_says_how_the_model_is_known(facts: Any) -> None:
    for name, said in (("qwen2.5:7b", " (published card)"), ("tune-3b", " (estimated card)")):
        here = weighed(facts(name, TASKS[0]).decision)[0].plain
        assert here.endswith(said)
    assert "card" not in weighed(facts("my-model", TASKS[0]).decision)[0].plain


def test_only_a_probe_makes_an_answer_trusted_or_the_unclear_local(facts: Any) -> None:
    for name in ("qwen2.5:7b", "tune-70b"):
        card = prior_card(served(name))
        assert card is not None
        assert all(confidence(card, kind, stats) is None for kind in Kind for stats in (SURE, None))
        weighed = facts(name, TASKS[0]).decision.weighed
        assert not weighed.card_known
        assert facts(name, TASKS[0], unverified="accept").decision.weighed.card_known


def test_what_a_probe_saw_outweighs_what_is_likely(facts: Any, tmp_path: Path) -> None:
    model, prompt = served("qwen2.5:7b"), TASKS[0]
    before = facts("qwen2.5:7b", prompt)
    place = place_of(model, tmp_path)
    assert place is not None
    kinds = {before.guess.kind: Tally(asked=12, right=0)}
    place.save(
        Card(model="qwen2.5:7b", source="probed", fingerprint=place.fingerprint, kinds=kinds)
    )
    after = facts("qwen2.5:7b", prompt)
    assert after.decision.weighed.card == "probed"
    assert after.decision.local.score < 0.25 < 0.7 < before.decision.local.score
    assert after.decision.route == "cloud"


def test_each_published_figure_has_a_known_test_and_a_source() -> None:
    catalogue = Catalogue.load()
    for one in catalogue.published:
        assert one.source, one.name
        assert one.scores, one.name
        assert set(one.scores) <= set(AREA_OF_TEST), one.name
        assert all(0 < percent < 100 for percent in one.scores.values()), one.name
    known = [listed.name for listed in catalogue.models if catalogue.figures(listed.name)]
    assert known == [listed.name for listed in catalogue.models]
    found = catalogue.figures("qwen2.5:0.5b")
    assert found is not None
    assert found.name == "Qwen2.5-0.5B-Instruct"
    assert catalogue.figures("somebody-elses-7b") is None
