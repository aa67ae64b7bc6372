"""The prompt generator: deterministic, both languages, all kinds, and a split that holds."""

from __future__ import annotations

import random
import re

import pytest

from router.classify.generator import _Writer, generate
from router.classify.phrasings import KINDS, Written, phrases, templates
from router.types.decision import Kind


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
    assert not [prompt for prompt in made if "||" in prompt or re.search(r"(?<!\\)\[\w*\|", prompt)]


@pytest.mark.parametrize("language", ["en", "pt"])
def test_every_slot_that_a_template_names_can_be_filled(language: Written) -> None:
    known = phrases(language)
    made_up = {
        "n", "pct", "eq", "fx", "doc", "sentence", "dialogue", "snippet", "table", "material",
        "story", "obj", "obj2", "who2", "docask", "Name", "tex", "drawing", "defn",
    }  # fmt: skip
    lines = [line for kind in KINDS for line in known.templates[kind]]
    lines += [line for pool in known.pools.values() for line in pool]
    named = {slot for line in lines for slot in re.findall(r"\{(\w+)\}", line)}
    assert named <= made_up | set(known.slots) | set(known.pools)


def test_a_story_is_about_the_same_things_from_its_facts_to_its_question() -> None:
    writer, slots = _Writer(random.Random(5), "en"), phrases("en").slots
    for _ in range(300):
        story = writer._story()
        for cast in (slots["who"], slots["things"]):
            named = {one for one in cast if re.search(rf"\b{re.escape(one)}(?!\w)", story)}
            assert len(named) <= 2, story


def test_a_question_about_a_document_uses_its_words() -> None:
    document = " ".join(f"zebra{number}" for number in range(400))
    made = [e for e in generate(4_000, seed=2, documents=[document]) if "?" in e.prompt]
    asked = [e for e in made if e.kind is Kind.EXTRACTION and re.search(r"zebra\d+\?", e.prompt)]
    assert asked


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
