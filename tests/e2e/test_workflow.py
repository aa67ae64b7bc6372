"""Workflows at the command line: checked with the place of each mistake, drawn, described."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import Edgeward

SHIPPED = sorted((Path(__file__).parents[2] / "configs" / "workflows").glob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED[:3], ids=lambda path: path.stem)
def test_the_shipped_ones_are_valid(edgeward: Edgeward, path: Path) -> None:
    done = edgeward("workflow", "validate", str(path))
    assert (done.returncode, "valid" in done.stdout) == (0, True), done.stderr


def test_a_mistake_is_named_with_its_place(edgeward: Edgeward, tmp_path: Path) -> None:
    (tmp_path / "w.yaml").write_text("name: x\nsteps:\n  - id: a\n    promt: hi\n")
    done = edgeward("workflow", "validate", "w.yaml")
    assert done.returncode == 2
    assert "w.yaml:4:5: steps.a.promt: unknown key `promt` (did you mean `prompt`?)" in done.stderr
    assert "Traceback" not in done.stderr
    assert edgeward("workflow", "validate", "none.yaml").returncode == 2


def test_it_is_drawn_and_described(edgeward: Edgeward) -> None:
    drawn = edgeward("workflow", "graph", str(SHIPPED[0])).stdout
    assert drawn.startswith("flowchart")
    schema = json.loads(edgeward("workflow", "schema").stdout)
    assert "steps" in schema["properties"]


def test_a_request_is_routed_without_being_run(edgeward: Edgeward) -> None:
    said = json.loads(edgeward("route", "--json", "Convert the date to ISO: March 7, 2026").stdout)
    assert (said["role"], said["label"], said["decision"]["route"]) == (
        "exact",
        "public",
        "local",
    )
    assert 0 < said["decision"]["local"]["score"] <= 1
    assert "kind" in edgeward("route", "Prove that the square root of 2 is irrational").stdout


def test_what_is_expected_of_a_request_is_shown_and_explained(edgeward: Edgeward) -> None:
    asked = "Escreva uma função em Rust que some dois números"
    shown = edgeward("route", "--explain", asked, env={"OPENAI_API_KEY": "test-key"}).stdout
    for part in ("in rust", "pt", "score", "cost", "wait", "gpt", "specialist", "ms of CPU"):
        assert part in shown, shown
    assert "ms of CPU" not in edgeward("route", asked).stdout
    path = edgeward("ask", "--explain", "Convert the date to ISO format: May 19, 2031").stderr
    assert "score 0.93, cost $0.0000, wait" in path
