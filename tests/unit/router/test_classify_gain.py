"""Expected scores: within bounds, a prior where nothing was measured, files that can be trusted."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.classify import signals
from router.classify.gain import PRIORS, WEIGHTS, ExpectedScores, GainModel, features, shipped_gains
from router.classify.kinds import NgramClassifier
from router.errors import ConfigError
from router.evaluate.train_gain import OFFSET, fit_gain
from router.settings.policy import PolicySettings
from router.types.decision import Guess, Kind


def _guess(kind: Kind) -> Guess:
    return Guess(kind=kind, confidence=0.9, language="en", complexity=0.2)


@pytest.mark.parametrize("prompt", ["", "What is 2+2?", "x" * 100_000, "$\\frac{1}{2}$ " * 500])
@pytest.mark.parametrize("kind", list(Kind))
def test_expected_scores_are_scores_whatever_the_prompt(prompt: str, kind: Kind) -> None:
    found = shipped_gains().expected(_guess(kind), signals.read(prompt), "some-3b")
    assert 0 < found.local < 1
    assert 0 < found.cloud < 1
    assert found.outcomes == 0


def test_a_kind_that_was_not_measured_is_expected_to_gain_what_the_measured_ones_do() -> None:
    model = GainModel(local={}, cloud={}, measured=frozenset({"math"}))
    for kind in set(Kind) - {Kind.MATH}:
        assert model.expected(_guess(kind), signals.read("hello"), "m") == PRIORS[kind]
    known = [PRIORS[kind] for kind in (Kind.MATH, Kind.KNOWLEDGE, Kind.TOOL, Kind.WRITING)]
    mean = sum(one.gain for one in known) / 4
    for kind in (Kind.EXTRACTION, Kind.REWRITING, Kind.SUMMARISATION, Kind.TRANSLATION):
        assert PRIORS[kind].gain == pytest.approx(mean, abs=1e-3)
    reasoning = (PRIORS[Kind.MATH].gain + PRIORS[Kind.KNOWLEDGE].gain) / 2
    assert PRIORS[Kind.CODE].gain == pytest.approx(reasoning, abs=1e-3)


def test_what_is_longer_is_expected_to_gain_more_also_where_its_kind_was_not_measured() -> None:
    model, short, long = shipped_gains(), "Tidy it: " + "ab " * 30, "Tidy it: " + "ab " * 900
    for kind in (Kind.CODE, Kind.EXTRACTION, Kind.REWRITING, Kind.SUMMARISATION, Kind.TRANSLATION):
        brief, lengthy = (
            model.expected(_guess(kind), signals.read(text), "m") for text in (short, long)
        )
        assert lengthy.gain > brief.gain + 0.05
        assert lengthy.local < brief.local


def test_code_of_which_nothing_was_measured_is_no_routine() -> None:
    for prompt in (
        "Write a function that merges overlapping intervals.",
        "Implemente uma função que junte intervalos que se sobrepõem.",
    ):
        found = shipped_gains().expected(_guess(Kind.CODE), signals.read(prompt), "m")
        assert found.gain > PolicySettings().max_gain


def test_a_question_without_choices_is_no_easier_for_being_short() -> None:
    short, long = "Who painted the Night Watch?", f"{'We were in Amsterdam. ' * 15}Who painted it?"
    first, second = (
        shipped_gains().expected(_guess(Kind.KNOWLEDGE), signals.read(text), "m").gain
        for text in (short, long)
    )
    assert first == pytest.approx(second, abs=0.02)


def test_what_is_unclear_keeps_the_prior_however_much_of_it_was_measured() -> None:
    rows = [{"constant": 1.0, kind: 1.0} for kind in ("unsure", "math") for _ in range(300)]
    model = fit_gain(rows, [0.1] * 600, [0.9] * 600)
    assert model.measured == {"math"}
    found = model.expected(_guess(Kind.UNSURE), signals.read("hm"), "m")
    assert found == PRIORS[Kind.UNSURE]
    assert found.gain > 0


def test_rows_with_an_offset_teach_slopes_and_measure_no_kind() -> None:
    def row(length: float, **more: float) -> dict[str, float]:
        return {"constant": 1.0, "code": 1.0, "length": length, **more}

    small = [row(0.0)] * 100
    other = [row(length, **{f"{OFFSET} big": 1.0}) for length in (-1.0, 1.0) * 300]
    local = [0.5] * 100 + [0.9 - 0.1 * one["length"] for one in other]
    model = fit_gain(small + other, local, [0.9] * 700, penalty=0.01)
    assert model.measured == frozenset()
    assert not any(name.startswith(OFFSET) for name in model.local)
    assert model.local["length"] == pytest.approx(-0.1, abs=0.01)
    assert model.local["constant"] + model.local["code"] == pytest.approx(0.5, abs=0.02)
    assert model.length == (-0.1, 0.0)


def test_the_gain_is_the_difference_of_the_scores() -> None:
    assert ExpectedScores(0.5, 0.75).gain == 0.25
    assert ExpectedScores(0.8, 0.7).gain == -0.1


def test_a_recall_question_gains_more_than_work_on_a_text() -> None:
    def gain(prompt: str) -> float:
        guess = NgramClassifier.load().classify(prompt)
        return shipped_gains().expected(guess, signals.read(prompt), "m").gain

    for question, work in (
        ("What is the capital of Australia?", "Extract the dates: Ana came on 3 May and left."),
        ("Quem escreveu Dom Casmurro?", "Corrija os erros de português: nós vai na loja amanhã."),
    ):
        assert gain(question) > PolicySettings().max_gain > gain(work)


def test_a_competition_problem_gains_more_than_a_word_problem() -> None:
    def gain(prompt: str) -> float:
        guess = NgramClassifier.load().classify(prompt)
        assert guess.kind is Kind.MATH
        return shipped_gains().expected(guess, signals.read(prompt), "m").gain

    story = "Tom has 4 boxes with 6 eggs each and breaks 5 eggs. How many eggs does Tom have left?"
    contest = (
        "Let $a$ and $b$ be positive real numbers such that $a^2 + b^2 = \\frac{3}{4}$. Find the "
        "maximum value of $\\sqrt{a} + ab$."
    )
    assert gain(contest) > gain(story)


def test_a_fit_finds_the_means_of_its_kinds() -> None:
    rows = [features(_guess(kind), signals.read("What?")) for kind in (Kind.MATH, Kind.CODE)] * 200
    model = fit_gain(rows, [0.2, 0.6] * 200, [0.8, 0.7] * 200, penalty=0.1)
    found = model.expected(_guess(Kind.MATH), signals.read("What?"), "m")
    assert (found.local, found.cloud) == pytest.approx((0.2, 0.8), abs=0.02)
    assert model.measured == {"math", "code"}


def test_a_saved_model_is_the_same(tmp_path: Path) -> None:
    shipped = GainModel.load()
    shipped.save(tmp_path / "gain.json")
    assert GainModel.load(tmp_path / "gain.json") == shipped
    assert (tmp_path / "gain.json").read_bytes() == WEIGHTS.read_bytes()


@pytest.mark.parametrize("content", [None, "", "[]", '{"local": {}}'])
def test_a_file_that_is_no_gain_model_is_refused_in_words(
    tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "gain.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match=r"gain\.json"):
        GainModel.load(path)
