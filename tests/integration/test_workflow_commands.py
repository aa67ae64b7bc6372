"""Workflows at the command line: what goes where, the exit status, and what people mistype."""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from workers.commands.cli import main

Told = tuple[int, str, str]
"""Exit status, standard output, standard error."""

Edgeward = Callable[..., Told]

DATES = """
name: dates
inputs: {days: {type: array, default: ["March 7, 2026"]}}
steps:
  - id: iso
    for_each: ${{ inputs.days }}
    agent: general
    prompt: "Convert the date to ISO format: ${{ item }}"
outputs: {iso: "${{ steps.iso.output }}"}
"""
ASKS_ONE = """
name: asks
steps:
  - {id: sum, tool: calculate, arguments: {expression: "17 * 23"}}
  - {id: ok, approve: {message: "is ${{ steps.sum.output }} right?"}}
  - {id: more, tool: calculate, arguments: {expression: "1 + 1"}}
outputs: {sum: "${{ steps.sum.output }}", comment: "${{ steps.ok.output.comment }}"}
"""
TEXT = "name: t\ninputs: {t: {}}\nsteps: [{id: a, tool: calculate, arguments: {expression: '1'}}]\n"
LIST = "name: l\ninputs: {l: {type: array}}\nsteps: [{id: a, for_each: inputs.l, prompt: x}]\n"
ASKS = """
name: asks
steps: [{id: ok, approve: {message: m}}, {id: b, needs: [], approve: {message: m}}]
"""


@pytest.fixture
def edgeward(
    redis_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Edgeward:
    """The command in this process, over the tests' Redis, in a folder of its own."""
    settings = {
        "store": {"url": redis_url, "namespace": f"test-{uuid.uuid4().hex}"},
        "cloud": {"model": "off"},
    }
    (tmp_path / "edgeward.yaml").write_text(yaml.safe_dump(settings))
    monkeypatch.setenv("EDGEWARD_CONFIG", str(tmp_path / "edgeward.yaml"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Told:
        monkeypatch.setattr(sys, "argv", ["edgeward", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else 0), said.out, " ".join(said.err.split())

    return run


def test_every_mistake_is_one_sentence(edgeward: Edgeward, tmp_path: Path) -> None:
    (tmp_path / "text.yaml").write_text(TEXT)
    (tmp_path / "list.yaml").write_text(LIST)
    (tmp_path / "asks.yaml").write_text(ASKS)
    (tmp_path / "folder").mkdir()
    for run_id in ("mist-1", "mist-2"):
        assert edgeward("run", "asks.yaml", "--id", run_id)[0] == 3
    assert edgeward("run", "text.yaml", "-i", "t=x", "--id", "over")[0] == 0
    mistakes: list[tuple[tuple[str, ...], str]] = [
        (("run", "no.yaml"), "no.yaml"),
        (("run", "text.yaml"), "the input `t` is missing"),
        (("run", "text.yaml", "-i", "t"), "write name=value"),
        (("run", "text.yaml", "-i", "=x"), "write name=value"),
        (("run", "text.yaml", "-i", "t=x", "-i", "t=y"), "--input t is given twice"),
        (("run", "text.yaml", "-i", "tt=x"), "has no input `tt`"),
        (("run", "text.yaml", "-i", "t=@none.txt"), "none.txt"),
        (("run", "text.yaml", "-i", "t=@folder"), "is a folder, and the input is of type string"),
        (("run", "list.yaml", "-i", "l=March"), "array is wanted"),
        (("run", "text.yaml", "-i", "t=x", "--id", "a b"), "the run id 'a b' is not"),
        (("run", "text.yaml", "-i", "t=y", "--id", "over"), "another file or other inputs"),
        (("resume", "nothing-so"), "no run begins with 'nothing-so'"),
        (("show", "nothing-so"), "no run begins with 'nothing-so'"),
        (("resume", "mist-"), "2 runs begin with 'mist-'"),
        (("resume", "mist-1", "--yes", "--no"), "--yes and --no exclude each other"),
        (("resume", "mist-1", "--step", "ok"), "go with --yes or --no"),
        (("resume", "mist-1", "--yes"), "asks for ok, b: name one with --step"),
        (("resume", "mist-1", "--yes", "--step", "okay"), "the run asks for: ok, b"),
        (("resume", "over", "--yes"), "asks for nothing"),
        (("submit", "x", "--workflow", "text.yaml"), "not several of them"),
        (("submit", "x", "--input", "a=b"), "--input goes with --workflow"),
        (("submit", "--workflow", "no.yaml"), "no.yaml"),
        (("submit", "--workflow", "text.yaml"), "the input `t` is missing"),
    ]
    for words, said in mistakes:
        code, out, told = edgeward(*words)
        assert (code, said in told, out) == (2, True, ""), (words, code, told, out)
        assert "edgeward: " in told, words


def test_what_people_write_is_no_markup(edgeward: Edgeward, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(
        "name: '[/b] [red]x'\nsteps: [{id: a, tool: calculate, arguments: {expression: '[/x]'}}]\n"
    )
    code, _, told = edgeward("run", "m.yaml", "--id", "markup")
    assert code == 1
    assert "the step a failed: calculate:" in told
    for words in (("runs",), ("show", "markup")):
        code, out, told = edgeward(*words)
        assert (code, told) == (0, "")
        assert "[/b] [red]x" in out


def test_a_folder_is_a_list_of_texts_and_a_run_without_terminal_prints_json(
    edgeward: Edgeward, tmp_path: Path
) -> None:
    (tmp_path / "f.yaml").write_text(
        "name: f\ninputs: {texts: {type: array}}\n"
        "steps: [{id: a, tool: calculate, arguments: {expression: '1 + 1'}}]\n"
        "outputs: {texts: '${{ inputs.texts }}', a: '${{ steps.a.output }}'}\n"
    )
    (tmp_path / "texts").mkdir()
    for name, text in (("b.txt", "second"), ("a.txt", "first"), (".hidden", "no")):
        (tmp_path / "texts" / name).write_text(text)
    code, out, _ = edgeward("run", "f.yaml", "-i", "texts=@texts")
    assert (code, yaml.safe_load(out)) == (0, {"texts": ["first", "second"], "a": "2"})


def test_what_it_gives_goes_to_standard_output(edgeward: Edgeward, tmp_path: Path) -> None:
    (tmp_path / "dates.yaml").write_text(DATES)
    (tmp_path / "days.json").write_text('["May 1, 2025", "May 2, 2025"]')
    code, out, told = edgeward("run", "dates.yaml")
    assert (code, json.loads(out)) == (0, {"iso": ["2026-03-07"]}), told
    assert "iso" in told
    words = ("run", "dates.yaml", "-i", "days=@days.json", "--id", "two-days")
    result = json.loads(edgeward(*words, "--json")[1])
    assert (result["run_id"], result["status"]) == ("two-days", "done")
    assert result["outputs"] == {"iso": ["2025-05-01", "2025-05-02"]}
    assert json.loads(edgeward(*words)[1]) == result["outputs"]
    shown = edgeward("show", "two-d")[1]
    assert "two-days" in shown
    assert "2025-05-01" in shown
    assert "two-days" in edgeward("runs")[1]


def test_a_question_is_answered_by_another_command(edgeward: Edgeward, tmp_path: Path) -> None:
    (tmp_path / "asks.yaml").write_text(ASKS_ONE)
    code, out, told = edgeward("run", "asks.yaml", "--id", "q")
    assert (code, out) == (3, "")
    assert "is 391 right?" in told
    assert "edgeward resume q --yes (or --no)" in told
    assert "is 391 right?" in edgeward("show", "q")[1]
    (row,) = json.loads(edgeward("runs", "--json")[1])
    assert (row["run_id"], row["status"]) == ("q", "waiting")
    code, _, told = edgeward("resume", "q", "--no", "--comment", "count again")
    assert (code, "count again" in told) == (1, True)
    assert edgeward("resume", "q")[0] == 3
    code, out, _ = edgeward("resume", "q", "--yes", "--comment", "fine")
    assert (code, json.loads(out)) == (0, {"sum": "391", "comment": "fine"})
    assert edgeward("resume", "q")[0] == 0
