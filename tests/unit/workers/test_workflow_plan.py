"""How a plan looks in a terminal."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from graphs.workflow.definition.load import load_workflow, loads
from graphs.workflow.definition.model import WorkflowDefinition
from graphs.workflow.plan.plan import plan
from router.settings.settings import Settings
from router.settings.shipped import config_path
from workers.views.workflow_plan import box_notes, plan_view

SHIPPED = sorted(config_path("workflows").glob("*.yaml"))
KEY = {"OPENAI_API_KEY": "no key, nobody is asked"}


def shown(workflow: WorkflowDefinition, width: int, env: dict[str, str] | None = None) -> str:
    console = Console(width=width, file=io.StringIO(), highlight=False)
    console.print(plan_view(plan(workflow, {}, settings=Settings(), env=env or {})))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_no_figure_is_cut_however_narrow_the_terminal(path: Path, width: int) -> None:
    workflow = load_workflow(path)
    rows = shown(workflow, width, KEY).split("\n\n")[0].splitlines()[1:]
    assert rows[0].rstrip().endswith("time")
    assert max(map(len, rows)) <= width
    steps = [row for row in rows if row[:1].isdigit()]
    assert len(steps) == len(workflow.steps)
    assert all(row.rstrip().endswith(("unknown", "ms", "each", " s")) for row in steps)


def test_a_called_workflow_is_shown_below_the_step_with_its_warnings() -> None:
    text = shown(load_workflow(config_path("workflows") / "summarise-folder.yaml"), 160)
    assert text.index("summaries ") < text.index("    parts") < text.index("4 whole")
    assert "summaries/parts (local_only): local_only text stays here" in text
    assert "! in summaries: `parts`: the list is known when it runs" in text


def test_names_in_brackets_stay_what_they_are() -> None:
    text = shown(loads("name: n\nsteps:\n  - {id: a, tool: 'x[red]y'}\n"), 100)
    assert "tool x[red]y" in text


def test_what_nothing_bounds_and_nobody_knows_is_said_so() -> None:
    workflow = loads(
        "name: n\ninputs: {l: {type: array}}\nsteps:\n"
        "  - {id: a, agent: cloud, prompt: x, for_each: inputs.l}\n"
        "  - {id: b, if: 'false', agent: cloud, prompt: x}\n"
    )
    text = shown(workflow, 160, KEY)
    assert "no limit" in text
    assert " each" in text
    assert "for each item of a, if every step runs" in text
    assert "skipped" in text
    assert "and what a takes" in text
    assert "what is made of inputs.l" not in text  # the list, and nothing of the prompt
    notes = box_notes(plan(workflow, {}, settings=Settings(), env=KEY))
    assert notes["b"] == ["skipped"]
    assert notes["a"][0] == "cloud: gpt-5.4-mini"
    assert notes["a"][1].startswith("about $")
