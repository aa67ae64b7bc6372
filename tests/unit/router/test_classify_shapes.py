"""The shape of a prompt: what it leans to, and marks that do not depend on the subject."""

from __future__ import annotations

import re

import pytest

from router.classify import lexicon, shapes, signals
from router.classify.generator import generate
from router.classify.kinds import NgramClassifier
from router.types.decision import Kind


def _shape(prompt: str) -> shapes.Shape:
    return shapes.read(signals.read(prompt))


@pytest.mark.parametrize(
    ("prompt", "kind"),
    [
        ("Ada stacks 14 zorbs on 3 shelves. How many zorbs are on each shelf?", Kind.MATH),
        ("Ada empilha 14 zorbes em 3 prateleiras. Quantos zorbes há em cada uma?", Kind.MATH),
        ("Let $\\frac{a}{b} = c$. Find $c$.", Kind.MATH),
        ("A lichen that grows on bare rock is an example of", Kind.KNOWLEDGE),
        ("Um líquen que cresce na rocha nua é um exemplo de", Kind.KNOWLEDGE),
        ("The old man went home. We learn that he was  _  .", Kind.KNOWLEDGE),
        ("Is it going to rain", None),
        ("I want to change my", None),
        ("How many PTO days do I have left?", None),
    ],
)
def test_a_shape_leans_whatever_the_subject(prompt: str, kind: Kind | None) -> None:
    assert _shape(prompt).leaning is kind


def test_code_and_data_take_the_leaning_away() -> None:
    problem = "A box holds 14 eggs in 3 rows. How many eggs are in each row?"
    assert _shape(problem).leaning is Kind.MATH
    assert _shape(f"{problem}\n```\nprint(14)\n```").leaning is None


def test_a_wording_outweighs_a_shape() -> None:
    prompt = "Translate to French: Tom has 4 cats and buys 3 more. How many cats does Tom have?"
    assert _shape(prompt).leaning is Kind.MATH
    assert NgramClassifier.load().classify(prompt).kind is Kind.TRANSLATION


def test_marks_are_few_differ_from_each_other_and_name_no_subject() -> None:
    seen: set[str] = set()
    for example in generate(2_000, seed=8):
        marks = _shape(example.prompt).marks
        assert len(marks) == len(set(marks))
        seen.update(marks)
    assert len(seen) < 120
    assert _shape("who made the zorb?").marks == _shape("who sold the lamp?").marks
    assert _shape("who made my zorb?").marks != _shape("who made the zorb?").marks


def test_looking_for_words_first_never_hides_a_cue() -> None:
    cues = 0
    for example in generate(3_000, seed=9):
        for line in example.prompt[:1_500].split("\n"):
            plain = lexicon.folded(line.strip())
            assert lexicon.is_cue(plain) == (lexicon.CUE.match(plain) is not None)
            cues += lexicon.is_cue(plain)
    assert cues > 100


def test_a_prompt_is_cut_at_line_breaks_and_where_a_mark_ends_a_sentence() -> None:
    between = re.compile(r"\n+|(?<=[.!?;:>])\s+")
    texts = [example.prompt[:1_500] for example in generate(1_500, seed=10)]
    for text in [*texts, "Wait... what?! 3.5 > 2 : yes\n\n? :", "", "...", "a.b?c", "?! ?"]:
        found = [part.strip() for part in signals._SEGMENT.findall(text)]
        expected = [part.strip() for part in between.split(text)]
        assert [part for part in found if part] == [part for part in expected if part]
