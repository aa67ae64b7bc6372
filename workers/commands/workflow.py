"""`edgeward workflow`: reads, checks, plans and draws workflows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from workers.commands.options import AsJson, Config, require_one, settings_in_force
from workers.commands.workflow_runs import Inputs

workflow_app = typer.Typer(help="Read, check, plan and draw workflows.", no_args_is_help=True)
File = Annotated[Path, typer.Argument(help="A workflow's YAML file.")]


@workflow_app.command("validate")
def validate(path: File) -> None:
    """Every mistake with its line and column, and the nearest known word."""
    from graphs.workflow.definition.load import load_workflow
    from graphs.workflow.definition.validate import check

    workflow = check(load_workflow(path))
    steps = len(workflow.steps)
    typer.echo(f"{path}: valid, {steps} {'step' if steps == 1 else 'steps'}")


@workflow_app.command("plan")
def plan(
    path: File,
    inputs: Inputs = None,
    as_json: AsJson = False,
    mermaid: Annotated[bool, typer.Option(help="The chart, with places and costs.")] = False,
    config: Config = None,
) -> None:
    """What would run where, and what it may cost and take; inputs may be left out."""
    import os

    from rich.console import Console

    from graphs.workflow.definition.load import load_workflow
    from graphs.workflow.definition.validate import check
    from graphs.workflow.picture.mermaid import to_mermaid
    from graphs.workflow.plan.plan import plan as plan_of
    from workers.commands.workflow_inputs import read_inputs
    from workers.views.workflow_plan import box_notes, plan_view

    require_one({"--json": as_json, "--mermaid": mermaid})
    workflow = check(load_workflow(path))
    settings = settings_in_force(config)
    given = read_inputs(workflow, inputs or [])
    found = plan_of(workflow, given, settings=settings, env=os.environ, from_text=True)
    if as_json:
        typer.echo(found.to_json())
    elif mermaid:
        typer.echo(to_mermaid(workflow, box_notes(found)), nl=False)
    else:
        Console(highlight=False).print(plan_view(found))


@workflow_app.command("graph")
def graph(
    path: File,
    png: Annotated[
        Path | None, typer.Option(help="Draw a picture into this file instead.", show_default=False)
    ] = None,
) -> None:
    """The steps as Mermaid, or as a picture."""
    from graphs.workflow.definition.load import load_workflow
    from graphs.workflow.definition.validate import check
    from graphs.workflow.picture.mermaid import to_mermaid

    workflow = check(load_workflow(path))
    if png is None:
        typer.echo(to_mermaid(workflow), nl=False)
        return
    from graphs.workflow.picture.drawing import draw

    draw(workflow, png)
    typer.echo(f"wrote {png}")


@workflow_app.command("schema")
def schema() -> None:
    """The JSON Schema of workflows, for editors."""
    from graphs.workflow.definition.schema import workflow_json_schema

    typer.echo(json.dumps(workflow_json_schema(), indent=2))
