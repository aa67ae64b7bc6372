"""How complex a request is, by what is asked and not by what is pasted."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from router.classify import request_files, signals
from router.classify.complexity_features import features
from router.classify.complexity_model import ComplexityModel, shipped_complexity
from router.classify.kinds import NgramClassifier
from router.classify.lexicon import folded
from router.classify.parts import parts_of
from router.classify.train_complexity import fit
from router.classify.word_classes import classes_of
from router.errors import ConfigError

REQUESTS = Path(__file__).parents[2] / "benchmarks" / "complexity_requests"
LIMIT = 0.4

LEASE = (
    "LEASE between Dora Finch (landlord) and Amos Reid (tenant), 4 Hill Road. The lease begins on "
    "1 May 2024 and ends on 30 April 2026. The tenant pays 900 a month and a deposit of 1,800. "
    "Either party may terminate with two months' notice; a breach entitles the landlord to go to "
    "court. The tenant is liable for damage and must not sublet. Disputes go to mediation first. "
) * 4
CODE = (
    "import threading\n\ncount = 0\nlock = threading.Lock()\n\ndef work(jobs):\n    global count\n"
    "    for job in jobs:\n        lock.acquire()\n        if job.done:\n            continue\n"
    "        count += job.run()\n        lock.release()\n\nthreads = []\nfor part in parts:\n"
    "    thread = threading.Thread(target=work, args=(part,))\n    thread.start()\n"
)


def complexity(prompt: str) -> float:
    return shipped_complexity().complexity(prompt, signals.read(prompt))


def written(group: str) -> list[str]:
    """The requests that nobody looked at while the judge was made."""
    found = []
    for language in ("en", "pt"):
        file = request_files.read(REQUESTS / f"{language}.txt", language)
        found += [
            file.draw(line, random.Random(0))
            for line in file.lines
            if line.group == group and line.number % 4 == 1
        ]
    return found


def test_complex_requests_of_people_are_seen() -> None:
    missed = [prompt for prompt in written("complex") if complexity(prompt) < LIMIT]
    assert len(written("complex")) >= 50
    assert len(missed) <= 0.1 * len(written("complex")), missed


def test_routine_requests_of_people_stay_routine() -> None:
    wrong = [prompt[:80] for prompt in written("routine") if complexity(prompt) >= LIMIT]
    assert len(written("routine")) >= 50
    assert len(wrong) <= 0.034 * len(written("routine")), wrong


def test_without_accents_and_capitals_a_request_is_as_complex() -> None:
    typed = [folded(prompt) for prompt in written("complex")]
    assert sum(complexity(prompt) < LIMIT for prompt in typed) <= 0.1 * len(typed)


@pytest.mark.parametrize(
    ("asked", "hard"),
    [
        ("When does it end?", False),
        ("quando acaba?", False),
        ("Summarise this in one sentence.", False),
        ("resume numa frase", False),
        ("should I sign this, and which clauses would you negotiate?", True),
        ("devo assinar? que cláusulas negociavas e que riscos corro?", True),
    ],
)
def test_what_is_asked_of_a_long_text_decides(asked: str, hard: bool) -> None:
    assert (complexity(f"{asked}\n\n{LEASE}") >= LIMIT) is hard
    assert (complexity(f"{LEASE}\n\n{asked}") >= LIMIT) is hard


@pytest.mark.parametrize(
    ("prompt", "hard"),
    [
        ("my landlord keeps my deposit and won't say why. what can i do?", True),
        ("o senhorio não devolve a caução. o que posso fazer?", True),
        ("Translate to French: my landlord keeps my deposit, what can I do?", False),
        ('traduz para inglês: "o senhorio não devolve a caução, o que posso fazer?"', False),
        (f"this stops after an hour under load, where is the bug and why?\n\n{CODE}", True),
        ("python function that adds two numbers", False),
        ("lembra-me de ligar ao advogado por causa do visto às 9", False),
    ],
)
def test_the_same_matter_is_complex_or_routine_by_what_is_asked(prompt: str, hard: bool) -> None:
    assert (complexity(prompt) >= LIMIT) is hard


def test_typed_and_pasted_are_told_apart() -> None:
    parts = parts_of(f"Which clauses are unfair?\n\n{LEASE}")
    assert parts.asks == ("which clauses are unfair?",)
    assert parts.pasted > 1000
    coded = parts_of(f"Why does it stop?\n\n{CODE}")
    assert coded.asks == ("why does it stop?",)
    assert coded.code_lines > 10
    story = parts_of("We moved in May. The boiler broke. Who pays for it?")
    assert story.asks == (" who pays for it?",)
    assert "the boiler broke." in story.story
    assert parts_of('fix the typos: "teh cat"').asks == ("fix the typos:",)


def test_words_count_in_their_class_once() -> None:
    found = classes_of(["my", "landlord", "wants", "my", "landlord", "to", "keep", "my", "deposit"])
    assert found["legal"] == 2
    assert classes_of(["the", "plain", "chair"]) == {}


@pytest.mark.parametrize("prompt", ["", "\n\n", "?", "```", '"""', "\x00", "\ud800", ":" * 5000])
def test_any_text_has_a_complexity(prompt: str) -> None:
    assert 0 <= complexity(prompt) <= 1


def test_the_classifier_tells_this_complexity() -> None:
    prompt = "my landlord keeps my deposit and won't say why. what can i do?"
    assert NgramClassifier.load().classify(prompt).complexity == complexity(prompt)


def test_training_twice_gives_the_same_model_which_survives_its_file(tmp_path: Path) -> None:
    made = [("what are my rights here?", True, 1.0), ("fix the typos: teh", False, 1.0)] * 6
    model = fit(made, epochs=30)
    assert model == fit(made, epochs=30)
    model.save(tmp_path / "model.json")
    assert ComplexityModel.load(tmp_path / "model.json") == model
    prompt = "what are my rights here?"
    assert model.complexity(prompt, signals.read(prompt)) > 0.5


@pytest.mark.parametrize(
    "content", ["", "[]", '{"bias": 1}', '{"bias": 0, "weights": {"asks": 1}}']
)
def test_a_damaged_model_is_named_with_its_cure(tmp_path: Path, content: str) -> None:
    path = tmp_path / "model.json"
    path.write_text(content)
    with pytest.raises(ConfigError, match=r"model\.json.*train"):
        ComplexityModel.load(path)


def test_requests_are_drawn_from_choices_slots_and_materials(tmp_path: Path) -> None:
    path = tmp_path / "en.txt"
    path.write_text(
        "## routine x\n[sort|order] {what}:\\n{doc}\n## slot what\na|b\n## material doc\n{}[|]\n"
    )
    file = request_files.read(path, "en")
    drawn = {file.draw(file.lines[0], random.Random(seed)) for seed in range(9)}
    assert drawn == {"sort a|b:\n{}[|]", "order a|b:\n{}[|]"}
    path.write_text("no section\n")
    with pytest.raises(ValueError, match="no section"):
        request_files.read(path, "en")


def test_every_name_in_the_training_requests_has_its_lines() -> None:
    for language in ("en", "pt"):
        file = request_files.read(
            Path(request_files.__file__).parent / "requests" / f"{language}.txt", language
        )
        for line in file.lines:
            for seed in range(5):
                drawn = file.draw(line, random.Random(seed))
                assert features(parts_of(drawn), signals.read(drawn)).asks, line.text
