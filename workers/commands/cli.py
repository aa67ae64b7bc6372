"""The command line: reads what a person typed, runs it, and says what came of it.

Exit status: 0 done, 1 failed, 2 wrong usage or configuration, 3 parked for the cloud, 4 a local
answer was withheld (--strict).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from workers.commands.calibrate import calibrate
from workers.commands.evaluate import eval_app
from workers.commands.learn import feedback, learn_app
from workers.commands.memory import memory_app
from workers.commands.options import (
    AsJson,
    CloudModel,
    CloudUrl,
    Config,
    require_one,
    run,
    settings_in_force,
)
from workers.commands.outbox import outbox_app
from workers.commands.queue import queue_app, submit, work, workers
from workers.commands.replay import replay
from workers.commands.route import route
from workers.commands.serve import keys_app, serve
from workers.commands.workflow import workflow_app
from workers.commands.workflow_runs import resume, run_workflow, runs, show
from workers.models.app import models_app
from workers.trust import distrust, trust, untrusted_note

DONE, FAILED, USAGE, PARKED, WITHHELD = 0, 1, 2, 3, 4

app = typer.Typer(
    name="edgeward",
    help="Routine tasks on small local models, complex ones in the cloud, and an account of both.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
config_app = typer.Typer(help="Write, show and check the configuration.", no_args_is_help=True)
app.add_typer(config_app, name="config")
app.add_typer(models_app, name="models")
app.add_typer(outbox_app, name="outbox")
app.add_typer(memory_app, name="memory")
app.add_typer(queue_app, name="queue")
app.add_typer(workflow_app, name="workflow")
app.add_typer(eval_app, name="eval")
app.add_typer(learn_app, name="learn")
app.add_typer(keys_app, name="keys")


@app.command()
def ask(
    prompt: Annotated[
        str | None, typer.Argument(help="The request; a pipe is joined to it.")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="A text file to join to the request.")] = None,
    schema: Annotated[Path | None, typer.Option(help="A JSON Schema for the answer.")] = None,
    session: Annotated[str | None, typer.Option(help="Remember this conversation by name.")] = None,
    local_only: Annotated[bool, typer.Option(help="Never send this to a cloud.")] = False,
    tools: Annotated[bool, typer.Option(help="Let models call the tools they may.")] = False,
    label: Annotated[str, typer.Option(help="public, internal or local_only.")] = "public",
    explain: Annotated[bool, typer.Option(help="Show the whole path on standard error.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="No answer rather than one that nothing speaks for.")
    ] = False,
    as_json: AsJson = False,
    timeout: Annotated[float, typer.Option(help="Seconds for everything.")] = 120.0,
    max_tokens: Annotated[int | None, typer.Option(help="Longest answer.")] = None,
    max_wait: Annotated[
        float | None, typer.Option(help="Seconds it may wait for a local model's turn.")
    ] = None,
    priority: Annotated[str, typer.Option(help="high, normal or low.")] = "normal",
    cloud_url: CloudUrl = None,
    cloud_model: CloudModel = None,
    config: Config = None,
) -> None:
    """Answer one request, locally if that is good enough."""
    from workers.commands.ask import answer
    from workers.commands.inputs import make_task, read_prompt, read_schema

    task = make_task(
        prompt=read_prompt(prompt, file),
        schema=read_schema(schema) if schema else None,
        session=session,
        privacy="local_only" if local_only else label,
        tools=tools,
        files=(str(file),) if file is not None and str(file) != "-" else (),
        timeout_s=timeout,
        max_tokens=max_tokens,
        max_wait_s=max_wait,
        priority=priority,
        strict=strict,
    )
    settings = settings_in_force(config, cloud_url, cloud_model)
    result = run(answer(settings, task, as_json=as_json, explain=explain))
    if result.withheld:
        raise typer.Exit(WITHHELD)
    raise typer.Exit({"done": DONE, "failed": FAILED, "parked": PARKED}[result.status])


@app.command()
def demo(
    file: Annotated[
        Path | None, typer.Option(help="Your own requests, one JSON object a line.")
    ] = None,
    as_json: AsJson = False,
    cloud_url: CloudUrl = None,
    cloud_model: CloudModel = None,
    config: Config = None,
) -> None:
    """Send about 40 realistic requests through everything, and account for them."""
    from rich.console import Console

    from workers.commands.demo import run_demo, shipped_requests
    from workers.commands.inputs import read_requests

    tasks = read_requests(file) if file else shipped_requests()
    settings = settings_in_force(config, cloud_url, cloud_model)
    # An answer from the cache would show nothing: the demonstration always generates.
    memory = settings.memory.model_copy(update={"cache": False})
    outbox = settings.outbox.model_copy(update={"keep_hours": 0.0})
    settings = settings.model_copy(update={"memory": memory, "outbox": outbox})
    raise typer.Exit(run(run_demo(settings, tasks, Console(), as_json=as_json)))


# `edgeward --help` lists the commands in this order.
app.command()(route)
app.command()(feedback)
app.command("run")(run_workflow)
app.command()(resume)
app.command()(runs)
app.command()(show)
app.command()(calibrate)
app.command()(replay)
app.command()(submit)
app.command()(work)
app.command()(workers)
app.command()(serve)


@app.command()
def report(
    since: Annotated[str | None, typer.Option(help="As 7d, 24h, 30m or 2026-11-01.")] = None,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="For a spreadsheet.")] = False,
    config: Config = None,
) -> None:
    """What was done where, why, and what it cost or saved."""
    from rich.console import Console

    from workers.commands.report import collect, report_view

    require_one({"--json": as_json, "--csv": as_csv})
    settings = settings_in_force(config)
    found = run(collect(settings, since))
    if as_json:
        typer.echo(found.to_json())
    elif as_csv:
        typer.echo(found.to_csv(), nl=False)
    else:
        Console().print(report_view(found))


@app.command()
def prove(
    since: Annotated[str | None, typer.Option(help="As 30d, 24h or 2026-11-01.")] = None,
    export: Annotated[
        Path | None, typer.Option(help="Write the ledger to a file, for an auditor.")
    ] = None,
    verify: Annotated[
        Path | None, typer.Option(help="Check such a file instead; needs no Redis.")
    ] = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """What left this machine and what did not, and that nobody changed the account of it."""
    from rich.console import Console

    from workers.commands.prove import prove as prove_ledger
    from workers.commands.prove_export import verify_file
    from workers.views.prove import proof_view

    require_one({"--verify": verify is not None, "--since": since is not None})
    require_one({"--verify": verify is not None, "--export": export is not None})
    if verify is not None:
        found = verify_file(verify)
    else:
        found = run(prove_ledger(settings_in_force(config), since, export))
    if as_json:
        typer.echo(found.to_json())
    else:
        Console().print(proof_view(found))
    raise typer.Exit(DONE if found.sound else FAILED)


@app.command()
def doctor(
    probe: Annotated[
        bool, typer.Option("--probe", help="First probe the models that have no card yet.")
    ] = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """What works here, what does not, and what to do."""
    import json

    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from workers.commands.doctor import examine
    from workers.models.probe import probe_unknown

    if probe:
        probe_unknown(config)
    findings = run(examine(config))
    if as_json:
        typer.echo(json.dumps([item.as_dict() for item in findings], indent=2))
    else:
        table = Table(box=None, show_header=False, pad_edge=False)
        style = {"ok": "green", "note": "yellow", "fails": "red"}
        for item in findings:
            cure = f"\n[dim]→ {escape(item.cure)}[/dim]" if item.cure else ""
            what = escape(item.what) + cure
            table.add_row(f"[{style[item.state]}]{item.state}", item.subject, what)
        Console().print(table)
    raise typer.Exit(FAILED if any(item.state == "fails" for item in findings) else DONE)


@app.command()
def version() -> None:
    """Print the version."""
    from importlib.metadata import version as installed

    typer.echo(f"edgeward {installed('edgeward')}")


@config_app.command("init")
def config_init(
    path: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("edgeward.yaml"),
    force: Annotated[bool, typer.Option(help="Overwrite an existing file.")] = False,
) -> None:
    """Write a commented configuration with every default."""
    from router.errors import ConfigError
    from router.settings.file import render
    from router.settings.settings import Settings

    if path.exists() and not force:
        raise ConfigError(f"{path} exists: name another file, or overwrite it with --force")
    try:
        path.write_text(render(Settings()), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from None
    typer.echo(f"wrote {path}")


@config_app.command("show")
def config_show(config: Config = None) -> None:
    """Print the settings in force, secrets hidden."""
    from router.settings.file import render
    from router.settings.settings import look_at_settings

    loaded = look_at_settings(config, chosen=True)
    typer.echo(f"# from {loaded.path or 'the defaults'}")
    if not loaded.trusted:
        typer.echo(f"# {untrusted_note(loaded.dangers)}")
    typer.echo(render(loaded.settings.redacted(), comments=False), nl=False)


@config_app.command("validate")
def config_validate(
    path: Annotated[Path | None, typer.Argument(help="The file; else the one in force.")] = None,
) -> None:
    """Check a configuration: each mistake with its line and the known choices."""
    from agents.roster import build_roster, check_model_files
    from router.account.pricing import Prices
    from router.settings.settings import look_at_settings

    loaded = look_at_settings(path, chosen=True)
    build_roster(loaded.settings, Prices.load(loaded.settings.prices), os.environ)
    check_model_files(loaded.settings)
    note = "" if loaded.trusted else f"; {untrusted_note(loaded.dangers)}"
    typer.echo(f"{loaded.path or 'the defaults'}: valid{note}")


config_app.command("trust")(trust)
config_app.command("distrust")(distrust)


def main() -> None:
    """The process edge: a mistake is a sentence on standard error, never a traceback."""
    from router.errors import ConfigError, EdgewardError, TaskError

    try:
        app()
    except EdgewardError as error:
        sys.stderr.write(f"edgeward: {error}\n")
        raise SystemExit(USAGE if isinstance(error, ConfigError | TaskError) else FAILED) from None
    except BrokenPipeError:
        # The reader of our output has left, as `| head` does; Python must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(FAILED) from None
    except KeyboardInterrupt:
        sys.stderr.write("edgeward: interrupted\n")
        raise SystemExit(130) from None
