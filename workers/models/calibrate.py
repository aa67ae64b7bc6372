"""`edgeward models calibrate`: learns from a model's answers how sure it is when it is right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from agents.agent import Agent
    from agents.calibration import Calibration
    from agents.models.calibrate import Asked, Question
    from router.settings.settings import Settings


def calibrate(
    role: Annotated[str, typer.Option(help="Whose model: general or coder.")] = "general",
    questions: Annotated[
        Path | None,
        typer.Option(help='JSON lines of your own: {"prompt": "...", "answer": "..."}.'),
    ] = None,
    count: Annotated[int, typer.Option(min=30, help="Of the generated ones, about.")] = 320,
    config: Annotated[Path | None, typer.Option(help="An edgeward.yaml.")] = None,
) -> None:
    """Learn how sure a model must be of itself; kept beside the model's file."""
    import asyncio
    import os

    from rich.console import Console

    from agents.calibration import learn
    from agents.models.calibrate import kinds_of, made_questions, read_questions
    from agents.roster import build_roster
    from router.account.pricing import Prices
    from router.privacy.offline import forbid_outbound
    from router.telemetry import configure_logging
    from workers.trust import load_or_ask

    settings, _ = load_or_ask(config)
    configure_logging(settings.log_level)
    if settings.offline:
        forbid_outbound()
    path = _model_path(settings, role)
    chosen = read_questions(questions) if questions else made_questions(count, kinds_of(role))
    agent = build_roster(settings, Prices.load(settings.prices), os.environ).local[role]
    console = Console(stderr=True)
    console.print(f"{len(chosen)} questions for {path.name}", markup=False)
    asked = asyncio.run(_ask_all(agent, chosen, console))
    calibration = learn([one.trial for one in asked], path)
    stored = calibration.save(path)
    Console().print(view(calibration, asked, settings.policy.min_confidence))
    Console().print(f"kept in {stored}", markup=False, soft_wrap=True)


def _model_path(settings: Settings, role: str) -> Path:
    from agents.calibration import load, stored_at
    from router.errors import ConfigError

    models = {"general": settings.models.general, "coder": settings.models.coder}
    if role not in models:
        raise ConfigError(f"--role {role!r} is not known: general or coder")
    model = models[role]
    if model.builtin is not None:
        raise ConfigError(
            f"models.{role} is the shipped specialist, which comes with its calibration: name a "
            f"model file as models.{role}.path to calibrate it"
        )
    if model.path is None:
        raise ConfigError(
            f"models.{role} is not a file: a calibration belongs to the file of a model, named as "
            f"models.{role}.path"
        )
    try:
        load(model.path)
    except ConfigError:
        stored_at(model.path).unlink()  # of another file, or damaged: replaced by this command
    return model.path


async def _ask_all(agent: Agent, questions: list[Question], console: Console) -> list[Asked]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from agents.models.calibrate import ask

    columns = (TextColumn("asking"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    found = []
    try:
        with Progress(*columns, console=console) as progress:
            bar = progress.add_task("asking", total=len(questions))
            async for one in ask(agent, questions):
                found.append(one)
                progress.advance(bar)
    finally:
        await agent.engine.close()
    return found


def view(calibration: Calibration, asked: list[Asked], least: float) -> RenderableType:
    from rich.table import Table

    from agents.calibration import unseen_confidence

    table = Table(
        caption=f"sure enough: right with probability {least:g} (policy.min_confidence). "
        "All figures are of answers that the weights had not seen.",
        caption_justify="left",
    )
    table.add_column("kind")
    for name in ("asked", "right", "AUROC", "error", "sure enough", "right of those"):
        table.add_column(name, justify="right")
    trials = [one.trial for one in asked]
    for name, fit in calibration.fits.items():
        rows = [trial for trial in trials if name in ("all", trial.kind.value)]
        unseen = zip(rows, unseen_confidence(rows), strict=True)
        sure = [row.right for row, confidence in unseen if confidence >= least]
        share = f"{sum(sure) / len(sure):.0%}" if sure else "-"
        area = "-" if fit.auroc is None else f"{fit.auroc:.2f}"
        counts = (str(fit.asked), str(fit.right), area, f"{fit.error:.2f}", str(len(sure)), share)
        table.add_row(name, *counts)
    return table
