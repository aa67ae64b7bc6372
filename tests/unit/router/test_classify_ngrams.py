"""The hashed n-gram model: stable rows, deterministic training, files that can be trusted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from router.classify.ngrams import HEAD_CHARS, TAIL_CHARS, LinearModel, fit, rows, windows
from router.errors import ConfigError

FRUIT = ["red apple", "green pear", "ripe banana", "sweet apple pie", "a pear tree", "banana bread"]
TOOLS = [
    "steel hammer",
    "rusty saw",
    "cordless drill",
    "hammer and nail",
    "a sharp saw",
    "drill bit",
]
TEXTS = FRUIT + TOOLS
LABELS = ["fruit"] * len(FRUIT) + ["tools"] * len(TOOLS)


@pytest.fixture(scope="module")
def model() -> LinearModel:
    return fit(TEXTS, LABELS, buckets=2**12, epochs=20)


def _joined(text: str) -> set[int]:
    words, runs = rows(text, 2**16)
    return {*words.tolist(), *runs.tolist()}


def test_it_learns_what_it_was_taught_and_carries_over(model: LinearModel) -> None:
    for text, label in zip(TEXTS, LABELS, strict=True):
        assert model.probabilities(text)[label] > 0.6
    assert model.probabilities("two apples and a pear")["fruit"] > 0.5
    assert model.probabilities("the hammers and the saws")["tools"] > 0.5


def test_probabilities_sum_to_one_over_all_labels(model: LinearModel) -> None:
    for text in ("", "apple", "\ud800", "ção " * 10_000):
        odds = model.probabilities(text)
        assert tuple(odds) == model.labels == ("fruit", "tools")
        assert sum(odds.values()) == pytest.approx(1.0, abs=1e-5)


def test_rows_are_those_of_every_machine() -> None:
    words, runs = rows("Olá, mundo 42", 2**16)
    assert words.tolist() == [14816, 22873, 26075, 33848, 41412, 55185, 59781, 60477, 62464, 63702]
    assert int(runs.astype(np.int64).sum()) == 1055765


def test_rows_do_not_depend_on_the_hash_seed() -> None:
    script = (
        "from router.classify.ngrams import rows; print([r.tolist() for r in rows('né?', 999)])"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path.cwd())},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1


def test_accents_and_case_may_be_missing_and_digits_are_one_class() -> None:
    assert _joined("traducao") <= _joined("tradução")
    assert _joined("tradução") - _joined("traducao")
    assert _joined("tradução") == _joined("traduc\u0327a\u0303o")
    assert _joined("Hello") == _joined("hELLO")
    assert _joined("on 2024") == _joined("on 1999")


def test_a_long_text_is_seen_through_its_two_ends() -> None:
    text = "start " + "x" * 100_000 + " end"
    assert len(windows(text)) == HEAD_CHARS + TAIL_CHARS + 1
    assert windows(text).startswith("start ")
    assert windows(text).endswith(" end")
    assert windows("short") == "short"


def test_the_same_seed_gives_the_same_model(model: LinearModel) -> None:
    again = fit(TEXTS, LABELS, buckets=2**12, epochs=20)
    other = fit(TEXTS, LABELS, buckets=2**12, epochs=20, seed=1, batch=4)
    assert np.array_equal(model.weights, again.weights)
    assert np.array_equal(model.bias, again.bias)
    assert not np.array_equal(model.weights, other.weights)


def test_a_weight_of_zero_silences_a_text() -> None:
    wrong = [*LABELS[:-1], "fruit"]
    silenced = fit(
        TEXTS, wrong, buckets=2**12, epochs=20, sample_weight=[1.0] * (len(TEXTS) - 1) + [0.0]
    )
    assert silenced.probabilities("drill bit")["tools"] > 0.5


def test_marks_decide_where_the_words_say_nothing() -> None:
    texts = ["one two", "three four", "five six", "seven eight"] * 3
    marks = [("round",), ("edged",)] * 6
    labels = ["ball", "cube"] * 6
    model = fit(texts, labels, buckets=2**12, epochs=30, marks=marks)
    assert model.probabilities("nine ten", ("round",))["ball"] > 0.6
    assert model.probabilities("nine ten", ("edged",))["cube"] > 0.6
    assert model.probabilities("nine ten") != model.probabilities("nine ten", ("round",))
    again = model.calibrated(texts, labels, marks)
    assert again.probabilities("nine ten", ("round",))["ball"] > 0.6


def test_a_saved_model_is_the_same_and_its_bytes_are_too(
    model: LinearModel, tmp_path: Path
) -> None:
    for name in ("one.npz", "two.npz"):
        model.save(tmp_path / name)
    loaded = LinearModel.load(tmp_path / "one.npz")
    assert loaded.probabilities("apple saw") == model.probabilities("apple saw")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_calibration_makes_a_model_that_is_often_wrong_less_sure(model: LinearModel) -> None:
    mixed = model.calibrated([*TEXTS, *TEXTS], [*LABELS, *reversed(LABELS)])
    assert mixed.probabilities("red apple")["fruit"] < model.probabilities("red apple")["fruit"]
    assert model.tempered(1.0).probabilities("x") == model.probabilities("x")


@pytest.mark.parametrize("content", [None, b"", b"not a zip", b"PK\x03\x04 broken"])
def test_a_file_that_is_no_model_is_refused_in_words(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "kinds.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"kinds\.npz"):
        LinearModel.load(path)


def test_a_file_of_another_format_or_with_keys_missing_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.npz"
    np.savez(path, weights=np.zeros(3))
    with pytest.raises(ConfigError, match="not a model"):
        LinearModel.load(path)
    np.savez(path, format=np.array(99))
    with pytest.raises(ConfigError, match="format 99"):
        LinearModel.load(path)


def test_there_must_be_something_to_learn_from() -> None:
    with pytest.raises(ValueError, match="at least two kinds"):
        fit(["a", "b"], ["same", "same"])
    with pytest.raises(ValueError, match="one label a text"):
        fit(["a", "b"], ["same"])
