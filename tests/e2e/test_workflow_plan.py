"""`edgeward workflow plan` and `graph --png`, as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import Edgeward

FOLDER = Path(__file__).parents[2] / "configs" / "workflows"
QUESTIONS = str(FOLDER / "document-questions.yaml")
KEY = {"OPENAI_API_KEY": "no key, nobody is asked"}


def test_a_plan_says_who_and_where_and_starts_nothing(edgeward: Edgeward, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (tmp_path / "text.txt").write_text("A sentence. " * 1000)
    words = ("-i", "document=@text.txt", "-i", "question=Why?")
    done = edgeward("workflow", "plan", QUESTIONS, *words, env=KEY | {"EDGEWARD_HOME": str(home)})
    assert done.returncode == 0, done.stderr
    for part in ("gpt-5.4-mini", "answer_here", "general: nano", "at most   $0.0800"):
        assert part in done.stdout
    assert not home.exists()


def test_a_plan_is_json_for_programs_and_a_chart_for_people(edgeward: Edgeward) -> None:
    found = json.loads(edgeward("workflow", "plan", QUESTIONS, "--json", env=KEY).stdout)
    assert [step["place"] for step in found["steps"]] == ["cloud", "here", "cloud", "here"]
    assert found["not_given"] == ["document", "question"]
    drawn = edgeward("workflow", "plan", QUESTIONS, "--mermaid", env=KEY).stdout
    assert drawn.startswith("flowchart TD\n")
    assert "cloud: gpt-5.4-mini<br/>about #36;0.000" in drawn
    assert "here: nano" in drawn


WRONG = [
    ("plan", QUESTIONS, "-i", "documnet=x"),
    ("plan", QUESTIONS, "-i", "chunk_chars=many"),
    ("plan", QUESTIONS, "-i", "document"),
    ("plan", QUESTIONS, "-i", "document=@none.txt"),
    ("plan", "none.yaml"),
    ("graph", QUESTIONS, "--png", "none/w.png"),
    ("graph", QUESTIONS, "--png", "w.doc"),
]


@pytest.mark.parametrize("words", WRONG, ids=lambda words: " ".join(words[2:]) or words[1])
def test_what_is_wrong_is_said_in_words(edgeward: Edgeward, words: tuple[str, ...]) -> None:
    done = edgeward("workflow", *words)
    assert done.returncode == 2
    assert done.stderr.startswith("edgeward: ")
    assert "Traceback" not in done.stderr


def test_a_chart_becomes_a_picture(edgeward: Edgeward, tmp_path: Path) -> None:
    done = edgeward("workflow", "graph", QUESTIONS, "--png", "w.png")
    assert (done.returncode, done.stdout) == (0, "wrote w.png\n"), done.stderr
    assert (tmp_path / "w.png").read_bytes().startswith(b"\x89PNG")
