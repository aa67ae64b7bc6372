"""The prompt generator: deterministic, both languages, all kinds, and a split that holds."""

from __future__ import annotations

import re

import pytest

from router.classify.generator import KINDS, Written, generate, phrases, templates
from router.types import Kind


def test_the_same_seed_gives_the_same_prompts() -> None:
    assert generate(200, seed=3) == generate(200, seed=3)
    assert generate(200, seed=3) != generate(200, seed=4)


def test_every_kind_comes_in_both_languages() -> None:
    made = {(example.kind, example.language) for example in generate(900)}
    assert made == {(kind, language) for kind in KINDS for language in ("en", "pt")}
    assert Kind.UNSURE not in KINDS


def test_the_share_of_portuguese_can_be_chosen() -> None:
    assert {example.language for example in generate(50, portuguese=1.0)} == {"pt"}
    assert {example.language for example in generate(50, portuguese=0.0)} == {"en"}


def test_prompts_are_varied_and_complete() -> None:
    made = [example.prompt for example in generate(2_000)]
    assert len(set(made)) > 1_900
    assert all(prompt.strip() for prompt in made)
    assert not [prompt for prompt in made if "||" in prompt or re.search(r"\[\w*\|", prompt)]


@pytest.mark.parametrize("language", ["en", "pt"])
def test_every_slot_that_a_template_names_can_be_filled(language: Written) -> None:
    made_up = {
        "n",
        "pct",
        "eq",
        "fx",
        "doc",
        "sentence",
        "dialogue",
        "snippet",
        "table",
        "material",
    }
    known = phrases(language)
    named = {
        slot
        for kind in KINDS
        for template in known.templates[kind]
        for slot in re.findall(r"\{(\w+)\}", template)
    }
    assert named <= made_up | set(known.slots)


def test_held_out_phrasings_are_never_trained_on() -> None:
    for kind in KINDS:
        for language in ("en", "pt"):
            held = set(templates(kind, language, held_out=True))
            known = set(templates(kind, language, held_out=False))
            assert len(held) >= 3
            assert not held & known


def test_documents_that_are_given_turn_up_under_orders_of_several_kinds() -> None:
    document = "the zebrafish regenerates its heart within weeks " * 20
    made = generate(900, seed=1, documents=[document])
    assert {e.kind for e in made if "zebrafish" in e.prompt} >= {
        Kind.SUMMARISATION,
        Kind.EXTRACTION,
        Kind.TRANSLATION,
        Kind.WRITING,
        Kind.KNOWLEDGE,
    }
    assert made == generate(900, seed=1, documents=[document])
    assert not [e for e in generate(900, seed=1) if "zebrafish" in e.prompt]
