"""What a card tells of an answer, where it is kept, and how a probe's answers are judged."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import pytest

from agents.calibration import Sureness, Trial, confidence, fit_of, lower_bound
from agents.checks import general
from agents.logistic import auroc, calibration_error
from agents.models.cards import card_of, place_of
from agents.models.questions import (
    Question,
    is_right,
    probe_questions,
    read_questions,
    templates,
)
from router.errors import ConfigError
from router.settings.models import ModelSettings
from router.types.card import Card, Tally
from router.types.completion import TokenStats
from router.types.decision import EscalationReason, Kind
from tests.support.probing import right_answer


def stats(probability: float, tokens: int = 6) -> TokenStats:
    worst = math.log(probability)
    return TokenStats(tokens=tokens, min_logprob=worst, sum_logprob=worst * 1.5)


def made_trials(count: int = 200, *, seed: int = 3) -> list[Trial]:
    """Answers of a model that is right about as often as its least sure token says."""
    rng = random.Random(seed)
    found = []
    for number in range(count):
        sure = rng.uniform(0.05, 0.99)
        kind = Kind.EXTRACTION if number % 4 else Kind.CODE
        found.append(Trial(kind, stats(sure), rng.random() < sure))
    return found


def card(trials: list[Trial], **more: Any) -> Card:
    return Card(model="m", source="probed", confidence=fit_of(trials), **more)


def test_who_is_seldom_right_when_unsure_is_not_believed_then() -> None:
    known = card(made_trials(400))
    low, high = (confidence(known, Kind.EXTRACTION, stats(p)) for p in (0.1, 0.97))
    assert low is not None
    assert high is not None
    assert low < 0.6 < 0.8 < high


def test_an_answer_is_not_lifted_by_those_that_were_surer() -> None:
    trials = [Trial(Kind.EXTRACTION, stats(0.95), True) for _ in range(300)]
    trials += [Trial(Kind.EXTRACTION, stats(0.4), number % 2 == 0) for number in range(60)]
    sure, middling = (confidence(card(trials), Kind.EXTRACTION, stats(p)) for p in (0.95, 0.4))
    assert sure is not None
    assert middling is not None
    assert middling < 0.5 < 0.95 < sure


def test_few_right_answers_prove_little() -> None:
    """Three sure and right answers of a model that is wrong otherwise are luck as well."""
    trials = [Trial(Kind.EXTRACTION, stats(0.9), True) for _ in range(3)]
    trials += [Trial(Kind.EXTRACTION, stats(0.5), False) for _ in range(60)]
    sure = confidence(card(trials), Kind.EXTRACTION, stats(0.95))
    assert sure is not None
    assert sure < 0.8


def test_a_kind_that_is_always_wrong_is_not_saved_by_the_others() -> None:
    trials = [Trial(Kind.EXTRACTION, stats(0.9), True) for _ in range(80)]
    trials += [Trial(Kind.MATH, stats(0.9), False) for _ in range(12)]
    known = card(trials)
    good, bad = (confidence(known, kind, stats(0.9)) for kind in (Kind.EXTRACTION, Kind.MATH))
    assert good is not None
    assert bad is not None
    assert bad < 0.4 < 0.8 < good


def test_without_token_statistics_the_share_of_the_kind_counts() -> None:
    kinds = {Kind.EXTRACTION: Tally(asked=20, right=20), Kind.MATH: Tally(asked=20, right=14)}
    known = Card(model="m", source="probed", kinds=kinds)
    common = lower_bound(Tally(asked=40, right=34))
    assert confidence(known, Kind.EXTRACTION, None) == pytest.approx((20 + 4 * common) / 24)
    assert confidence(known, Kind.MATH, None) == pytest.approx((14 + 4 * common) / 24)
    assert confidence(known, Kind.UNSURE, None) == common, "the other kinds speak for it"
    assert confidence(Card(model="m", source="probed"), Kind.CODE, None) is None, "nobody asked"
    for source in ("published", "estimated"):
        assert confidence(known.model_copy(update={"source": source}), Kind.MATH, None) is None


def test_too_few_answers_make_no_fit() -> None:
    assert fit_of(made_trials(29)) is None
    fit = fit_of(made_trials(200))
    assert fit is not None
    assert fit.auroc is not None
    assert fit.auroc > 0.75
    assert fit.error < 0.15


def test_the_check_says_the_probability_and_the_threshold() -> None:
    known, sureness = card(made_trials(400)), Sureness(0.5, min_confidence=0.8)
    bad = general.confidence(Kind.EXTRACTION, stats(0.1), sureness, known)
    assert bad is not None
    assert bad.reason is EscalationReason.LOW_CONFIDENCE
    assert "right with probability 0." in bad.finding
    assert bad.finding.endswith("by its card, needs 0.80")
    good = general.confidence(Kind.EXTRACTION, stats(0.98), sureness, known)
    assert good is not None
    assert good.calibrated
    bare = general.confidence(Kind.EXTRACTION, stats(0.98), sureness)
    assert bare is not None
    assert bare.passed
    assert not bare.calibrated, "no card, no trust"


def test_auroc_and_error() -> None:
    assert auroc([0.9, 0.8, 0.2], [True, True, False]) == 1.0
    assert auroc([0.1, 0.9], [True, False]) == 0.0
    assert auroc([0.5], [True]) is None
    assert calibration_error([0.9] * 10, [True] * 9 + [False]) == pytest.approx(0.0)


def test_it_is_kept_beside_the_file_and_belongs_to_it(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"weights" * 1000)
    model = ModelSettings(path=path)
    place = place_of(model, tmp_path)
    assert place is not None
    assert card_of(model, tmp_path) is None
    made = card(made_trials(), fingerprint=place.fingerprint)
    place.save(made)
    assert place.path == tmp_path / "model.gguf.card.json"
    assert card_of(model, tmp_path) == made
    path.write_bytes(b"others!" * 1000)
    with pytest.raises(ConfigError, match="belongs to another model than m: probe again"):
        card_of(model, tmp_path)
    for text in ("{", "[]", "{}", '{"model": "x", "source": "guessed"}'):
        place.path.write_text(text)
        with pytest.raises(ConfigError, match=r"is no card.*edgeward models probe"):
            card_of(model, tmp_path)


def test_a_servers_card_is_kept_in_the_home_by_address_and_name(tmp_path: Path) -> None:
    def path(url: str, name: str | None) -> Path:
        place = place_of(ModelSettings(url=url, model=name), tmp_path)
        assert place is not None
        return place.path

    one = path("http://127.0.0.1:11434/v1", "qwen2.5:3b")
    assert one.parent == tmp_path / "cards"
    assert one.name.startswith("qwen2.5-3b.")
    assert path("http://127.0.0.1:11434/v1/", "qwen2.5:3b") == one
    assert path("http://127.0.0.1:11434/v1", "qwen2.5:7b") != one
    assert path("http://127.0.0.1:8080/v1", "qwen2.5:3b") != one
    assert place_of(ModelSettings(builtin="nano"), tmp_path) is None


def test_the_questions_cover_kinds_languages_and_forms() -> None:
    questions = probe_questions()
    assert len(questions) == 120
    assert len({one.prompt for one in questions}) > 100
    asked = {one.kind for one in questions}
    assert asked == set(Kind) - {Kind.UNSURE}
    assert probe_questions() == questions, "the same seed, the same questions"
    assert probe_questions(seed=1) != questions
    spoken = [one.language for one in templates()]
    assert 0.4 < spoken.count("pt") / len(spoken) < 0.6
    bare = [one.prompt.replace('{"', "").replace("{...", "") for one in questions]
    assert not any("{" in one for one in bare), "every value is drawn"


async def test_a_right_answer_is_judged_right_and_another_wrong() -> None:
    for question in probe_questions():
        if "examples" in question.judge:
            continue
        said = right_answer(question)
        assert await is_right(question, said), question
        assert await is_right(question, f" {said}\n"), question
        assert not await is_right(question, "I am not sure about that."), question
        assert not await is_right(question, ""), question


@pytest.mark.parametrize(
    ("code", "right"),
    [
        (
            "```python\ndef evens(numbers):\n    return [n for n in numbers if n % 2 == 0]\n```",
            True,
        ),
        ("def evens(numbers):\n    return [n for n in numbers if n % 2 == 0]", True),
        ("```python\ndef evens(numbers):\n    return numbers\n```", False),
        ("You can filter them.", False),
    ],
)
async def test_code_is_run(code: str, right: bool) -> None:
    (question,) = [one for one in probe_questions(seed=2) if "def evens" in one.prompt][:1]
    assert await is_right(question, code) == right


@pytest.mark.parametrize(
    ("answer", "text", "right"),
    [
        ("A-17", "The order is A-17.", True),
        ("A-17", "A-71", False),
        ('{"a": 1}', 'Here: {"a": 1}', True),
        ('{"a": 1}', '{"a": 2}', False),
        ("one\ntwo", "one two", True),
    ],
)
async def test_an_answer_of_ones_own_questions(answer: str, text: str, right: bool) -> None:
    assert await is_right(Question(prompt="?", answer=answer), text) == right


def test_questions_of_ones_own_are_read_and_mistakes_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text('{"prompt": "2+2?", "answer": "4", "kind": "math"}\n\n')
    (one,) = read_questions(path)
    assert (one.kind, one.answer) == (Kind.MATH, "4")
    for text, said in (
        ('{"prompt": "x"}', "line 1: no answer is given"),
        ('{"prompt": "x", "answer": "y", "sort": 1}', "line 1: sort"),
        ("", "holds no question"),
    ):
        path.write_text(text)
        with pytest.raises(ConfigError, match=said):
            read_questions(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_questions(tmp_path / "nobody.jsonl")
