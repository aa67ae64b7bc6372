"""`edgeward run`, `resume`, `runs` and `show`: runs workflows, and shows their runs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workers.commands.options import (
    AsJson,
    CloudModel,
    CloudUrl,
    Config,
    require_one,
    run,
    settings_in_force,
)

if TYPE_CHECKING:
    from graphs.app import Router
    from graphs.workflow.definition.model import WorkflowDefinition
    from graphs.workflow.execution.outcome import Answer, RunResult
    from router.queue.runs import RunRecord
    from router.settings.settings import Settings

Inputs = Annotated[
    list[str] | None,
    typer.Option("--input", "-i", help="name=value, name=@file, name=@folder, name=@-."),
]
RunId = Annotated[str, typer.Argument(help="A run's id, or its first letters.")]

_STATUS = {"done": 0, "failed": 1, "waiting": 3}


def run_workflow(
    file: Annotated[Path, typer.Argument(help="A workflow's YAML file.")],
    inputs: Inputs = None,
    run_id: Annotated[str | None, typer.Option("--id", help="The same id is the same run.")] = None,
    as_json: AsJson = False,
    cloud_url: CloudUrl = None,
    cloud_model: CloudModel = None,
    config: Config = None,
) -> None:
    """Run a workflow; what it gives goes to standard output."""
    from graphs.workflow.definition.load import load_workflow
    from graphs.workflow.definition.validate import check
    from workers.commands.workflow_inputs import read_inputs

    workflow = check(load_workflow(file))
    given = read_inputs(workflow, inputs or [])
    settings = settings_in_force(config, cloud_url, cloud_model)
    raise typer.Exit(run(_begin(settings, workflow, given, run_id, as_json=as_json)))


def resume(
    run_id: RunId,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Approve what is asked.")] = False,
    no: Annotated[bool, typer.Option("--no", "-n", help="Refuse it.")] = False,
    step: Annotated[str | None, typer.Option(help="Which of several questions.")] = None,
    comment: Annotated[str, typer.Option(help="What the workflow gets with the answer.")] = "",
    here: Annotated[bool, typer.Option(help="Drive it here, though workers began it.")] = False,
    as_json: AsJson = False,
    cloud_url: CloudUrl = None,
    cloud_model: CloudModel = None,
    config: Config = None,
) -> None:
    """Go on with a run that was interrupted, has failed, or waits; what is done stays done."""
    from router.errors import TaskError

    require_one({"--yes": yes, "--no": no})
    if (step or comment) and not (yes or no):
        raise TaskError("--step and --comment go with --yes or --no")
    settings = settings_in_force(config, cloud_url, cloud_model)
    said = (yes, step, comment) if yes or no else None
    raise typer.Exit(run(_resume(settings, run_id, said, here=here, as_json=as_json)))


def runs(
    most: Annotated[int, typer.Option("--most", min=1, help="How many, the newest first.")] = 20,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """The runs of workflows."""
    from rich.console import Console

    from workers.views.workflow import runs_view

    found = run(_list(settings_in_force(config), most))
    if as_json:
        typer.echo(json.dumps(found))
    elif not found:
        typer.echo("no runs: edgeward run FILE")
    else:
        Console().print(runs_view(found))


def show(run_id: RunId, as_json: AsJson = False, config: Config = None) -> None:
    """One run: its steps, what they gave and cost, and what it waits for."""
    from rich.console import Console

    from workers.views.workflow import run_view

    result = run(_look(settings_in_force(config), run_id))
    if as_json:
        typer.echo(result.model_dump_json())
    else:
        Console().print(run_view(result))


async def _begin(
    settings: Settings,
    workflow: WorkflowDefinition,
    given: dict[str, str],
    run_id: str | None,
    *,
    as_json: bool,
) -> int:
    from graphs.app import Router
    from graphs.workflow.execution.runs import begin

    async with Router.open(settings) as router:
        record = await begin(router, workflow, given, run_id=run_id, from_text=True)
        return await _follow(router, workflow, record, {}, as_json=as_json)


async def _resume(
    settings: Settings,
    run_id: str,
    said: tuple[bool, str | None, str] | None,
    *,
    here: bool,
    as_json: bool,
) -> int:
    from graphs.app import Router
    from graphs.workflow.definition.bundle import loaded
    from graphs.workflow.execution.runs import look, say
    from router.queue.runs import Runs

    async with Router.open(settings) as router:
        record = await Runs(router.store).load(run_id)
        answers: dict[str, Answer] = {}
        if said is not None:
            answers = _answer(await look(router, record.run_id), *said)
        if record.queued and not here:
            await say(router, record.run_id, answers)
            return await _hand_over(settings, record)
        return await _follow(router, loaded(record), record, answers, as_json=as_json)


def _answer(result: RunResult, approved: bool, step: str | None, comment: str) -> dict[str, Answer]:
    from graphs.workflow.execution.outcome import Answer
    from router.errors import TaskError

    asked = [ask.path for ask in result.waits_for if ask.kind == "approve"]
    if step is None and len(asked) != 1:
        known = ", ".join(asked) or "nothing"
        raise TaskError(f"the run {result.run_id} asks for {known}: name one with --step")
    return {step or asked[0]: Answer(approved=approved, comment=comment)}


async def _hand_over(settings: Settings, record: RunRecord) -> int:
    from graphs.queue import open_queue
    from workers.consumer.queued_run import task_of_run

    async with open_queue(settings) as queue:
        handle = await queue.submit(task_of_run(record.run_id, record.workflow))
        sys.stderr.write(f"the workers go on with it, as task {handle.task_id}\n")
    return 0


async def _follow(
    router: Router,
    workflow: WorkflowDefinition,
    record: RunRecord,
    answers: dict[str, Answer],
    *,
    as_json: bool,
) -> int:
    from contextlib import aclosing

    from rich.console import Console

    from graphs.workflow.execution.outcome import RunEnded
    from graphs.workflow.execution.runs import look, stream
    from workers.commands.workflow_questions import at_terminal
    from workers.views.workflow import Progress, asked, next_step, show_outputs

    notes = Console(stderr=True, highlight=False)
    notes.print(f"run {record.run_id}: {workflow.name}", style="dim", markup=False)
    result: Any = None
    with Progress(workflow, notes) as progress:
        progress.known((await look(router, record.run_id)).steps)
        approve = at_terminal(notes, progress) if sys.stdin.isatty() else None
        events = stream(router, record.run_id, answers=answers, approve=approve)
        async with aclosing(events):
            async for event in events:
                progress.take(event)
                if isinstance(event, RunEnded):
                    result = event.result
    if as_json:
        sys.stdout.write(result.model_dump_json() + "\n")
    elif result.outputs is not None:
        show_outputs(result.outputs)
    if result.error:
        notes.print(result.error, style="red", markup=False)
    for facts in result.steps.values():
        for warning in facts.warnings:
            notes.print(f"warning: {warning}", style="yellow", markup=False)
    for ask in result.waits_for:
        notes.print(asked(ask))
    if cure := next_step(result):
        notes.print(cure, style="dim", markup=False)
    return _STATUS.get(result.status, 1)


async def _look(settings: Settings, run_id: str) -> RunResult:
    from graphs.app import Router
    from graphs.workflow.execution.runs import look

    async with Router.open(settings) as router:
        return await look(router, run_id)


async def _list(settings: Settings, most: int) -> list[dict[str, Any]]:
    from router.queue.runs import Runs
    from router.store.store import open_configured

    async with await open_configured(settings.store) as store:
        found = Runs(store)
        records = await found.latest(most)
        driven = await found.drivers([one.run_id for one in records])
    rows = []
    for one in records:
        row = one.model_dump(include={"run_id", "workflow", "status", "began", "cost_usd", "error"})
        if one.status == "running" and one.run_id not in driven:
            row["status"] = "queued" if one.queued else "interrupted"
        rows.append(row)
    return rows
