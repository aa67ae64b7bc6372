"""`edgeward workflow`: reads, checks and draws workflows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

workflow_app = typer.Typer(help="Read, check and draw workflows.", no_args_is_help=True)
File = Annotated[Path, typer.Argument(help="A workflow's YAML file.")]


@workflow_app.command("validate")
def validate(path: File) -> None:
    """Every mistake with its line and column, and the nearest known word."""
    from graphs.workflow.load import load_workflow
    from graphs.workflow.validate import check

    workflow = check(load_workflow(path))
    steps = len(workflow.steps)
    typer.echo(f"{path}: valid, {steps} {'step' if steps == 1 else 'steps'}")


@workflow_app.command("graph")
def graph(path: File) -> None:
    """The steps as Mermaid."""
    from graphs.workflow.load import load_workflow
    from graphs.workflow.mermaid import to_mermaid
    from graphs.workflow.validate import check

    typer.echo(to_mermaid(check(load_workflow(path))), nl=False)


@workflow_app.command("schema")
def schema() -> None:
    """The JSON Schema of workflows, for editors."""
    from graphs.workflow.schema import workflow_json_schema

    typer.echo(json.dumps(workflow_json_schema(), indent=2))
