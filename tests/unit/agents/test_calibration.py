"""What a calibration learns, keeps and refuses; and the shipped model file calibrated for real."""

from __future__ import annotations

import json
import math
import random
import shutil
from pathlib import Path

import pytest

from agents.calibration import Sureness, Trial, fingerprint, learn, load, stored_at
from agents.checks.general import confidence
from agents.logistic import auroc, calibration_error
from agents.models.calibrate import Question, ask, is_right, made_questions, read_questions
from agents.nano import MODEL_PATH, SYSTEM_PROMPT
from agents.nano.data.mix import held_out
from agents.roster import build_roster
from router.account.pricing import Prices
from router.errors import ConfigError
from router.settings.settings import Settings
from router.types.completion import TokenStats
from router.types.decision import EscalationReason, Kind


def stats(probability: float, tokens: int = 6) -> TokenStats:
    worst = math.log(probability)
    return TokenStats(tokens=tokens, min_logprob=worst, sum_logprob=worst * 1.5)


def made_trials(count: int = 200) -> list[Trial]:
    """Answers of a model that is right about as often as its least sure token says."""
    rng = random.Random(3)
    found = []
    for number in range(count):
        sure = rng.uniform(0.05, 0.99)
        kind = Kind.EXTRACTION if number % 4 else Kind.CODE
        found.append(Trial(kind, stats(sure), rng.random() < sure))
    return found


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"weights" * 1000)
    return path


def test_a_calibration_learns_how_often_sure_is_right(model: Path) -> None:
    calibration = learn(made_trials(), model)
    low, high = (calibration.confidence(Kind.EXTRACTION, stats(p)) for p in (0.1, 0.95))
    assert low < 0.35 < 0.75 < high
    fit = calibration.fits["extraction"]
    assert fit.asked == 150
    assert fit.auroc is not None
    assert fit.auroc > 0.75
    assert fit.error < 0.15


def test_a_kind_with_few_answers_takes_the_weights_of_all(model: Path) -> None:
    trials = made_trials(100)
    calibration = learn(trials, model)
    assert set(calibration.fits) == {"all", "extraction"}
    assert calibration.confidence(Kind.CODE, stats(0.9)) == calibration.confidence(
        Kind.TOOL, stats(0.9)
    )
    with pytest.raises(ConfigError, match="29 answers are too few to calibrate: 30"):
        learn(trials[:29], model)


def test_it_is_kept_beside_the_model_and_belongs_to_that_file(model: Path, tmp_path: Path) -> None:
    made = learn(made_trials(), model)
    assert load(model) is None
    assert made.save(model) == tmp_path / "model.gguf.calibration.json"
    assert load(model) == made
    model.write_bytes(b"others!" * 1000)
    with pytest.raises(ConfigError, match=r"belongs to another model than model\.gguf: calibrate"):
        load(model)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"fits": {}}',
        '{"model": "x", "fits": {"all": {"weights": [1, 2]}}}',
        '{"model": "x", "fits": {}}',
        '{"model": "x", "fits": {"all": 3}}',
    ],
)
def test_a_damaged_one_is_named_with_its_cure(model: Path, text: str) -> None:
    stored_at(model).write_text(text)
    with pytest.raises(ConfigError, match=r"is no calibration.*edgeward models calibrate"):
        load(model)


def test_a_directory_keeps_its_calibration_inside(tmp_path: Path) -> None:
    folder = tmp_path / "exl2"
    folder.mkdir()
    (folder / "model-1.safetensors").write_bytes(b"a" * 10)
    before = fingerprint(folder)
    (folder / "model-2.safetensors").write_bytes(b"b" * 10)
    assert fingerprint(folder) != before
    assert stored_at(folder).parent == folder


def test_the_check_says_the_probability_and_the_threshold(model: Path) -> None:
    sureness = Sureness(0.5, min_confidence=0.8, calibration=learn(made_trials(), model))
    bad = confidence(Kind.EXTRACTION, stats(0.1), sureness)
    assert bad.reason is EscalationReason.LOW_CONFIDENCE
    assert "right with probability 0." in bad.finding
    assert bad.finding.endswith("needs 0.80")
    assert confidence(Kind.EXTRACTION, stats(0.97), sureness).passed


def test_auroc_and_error() -> None:
    assert auroc([0.9, 0.8, 0.2], [True, True, False]) == 1.0
    assert auroc([0.1, 0.9], [True, False]) == 0.0
    assert auroc([0.5, 0.5], [True, False]) == 0.5
    assert auroc([0.5], [True]) is None
    assert calibration_error([0.75] * 4, [True, True, True, False]) == 0.0
    assert calibration_error([1.0, 1.0], [False, False]) == 1.0


@pytest.mark.parametrize(
    ("expected", "text", "right"),
    [
        ("391", "391", True),
        ("391", "17 * 23 = 391.", True),
        ("391", "It is 3910.", False),
        ('{"a": 1}', 'Here you are:\n```json\n{\n "a": 1\n}\n```', True),
        ('{"a": 1}', '{"a": 2}', False),
        ("2026-03-07", "The date is March 7, 2026.", True),
        ("line one\nline two", "line one\n  line two\n", True),
        ("line one\nline two", "line one", False),
    ],
)
def test_an_answer_is_right_in_another_wording(expected: str, text: str, right: bool) -> None:
    assert is_right(expected, text) is right


def test_questions_are_read_and_a_bad_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text('{"prompt": "a", "answer": "b", "kind": "math"}\n\n{"prompt": "c"}\n')
    with pytest.raises(ConfigError, match=r"line 3: answer: Field required.*\"prompt\""):
        read_questions(path)
    path.write_text('{"prompt": "a", "answer": "b", "kind": "sums"}')
    with pytest.raises(ConfigError, match="line 1: kind: Input should be 'code'"):
        read_questions(path)
    path.write_text("\n")
    with pytest.raises(ConfigError, match="holds no question"):
        read_questions(path)
    with pytest.raises(ConfigError, match=r"none\.jsonl cannot be read"):
        read_questions(tmp_path / "none.jsonl")
    path.write_text('{"prompt": "a", "answer": "b"}')
    assert read_questions(path) == [Question(prompt="a", answer="b")]


def test_generated_questions_are_of_the_kinds_asked_for() -> None:
    found = made_questions(160, frozenset({Kind.MATH}))
    assert len(found) > 10
    assert {question.kind for question in found} == {Kind.MATH}
    assert found == made_questions(160, frozenset({Kind.MATH}))


async def test_a_real_model_is_surer_of_its_right_answers(tmp_path: Path) -> None:
    model = Path(shutil.copy(MODEL_PATH, tmp_path / "nano.gguf"))
    settings = Settings.model_validate(
        {"models": {"general": {"path": str(model), "context_tokens": 1024}}}
    )
    questions = [
        Question(prompt=one.prompt, answer=one.answer, system=SYSTEM_PROMPT)
        for family in ("extract", "date", "money", "edit", "near")
        for one in held_out(family, 25, values="calibration", phrasing="calibration", seed=2)
    ]
    agent = build_roster(settings, Prices.load(settings.prices), {}).local["general"]
    try:
        trials = [one.trial async for one in ask(agent, questions)]
    finally:
        await agent.engine.close()
    calibration = learn(trials, model)
    area = calibration.fits["all"].auroc
    assert area is not None
    assert area > 0.7
    calibration.save(model)
    again = build_roster(settings, Prices.load(settings.prices), {}).local["general"]
    assert again.sureness is not None
    assert again.sureness.calibration == calibration
    assert json.loads(stored_at(model).read_text())["model"] == fingerprint(model)


def test_equal_files_have_equal_fingerprints(tmp_path: Path) -> None:
    for name in ("a.gguf", "b.gguf"):
        (tmp_path / name).write_bytes(b"same" * 10)
    assert fingerprint(tmp_path / "a.gguf") == fingerprint(tmp_path / "b.gguf")
