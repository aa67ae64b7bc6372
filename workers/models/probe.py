"""`edgeward models probe` and `card`: what a model can do, asked and shown."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from agents.agent import Agent
    from agents.models.cards import CardPlace
    from agents.models.probe import Asked
    from agents.models.questions import Question
    from router.settings.settings import Settings
    from router.types.card import Card

AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]
Config = Annotated[Path | None, typer.Option(help="An edgeward.yaml.")]
Place = Annotated[
    Path | None, typer.Argument(help="A model's file or folder; without: the role's model.")
]
Role = Annotated[str, typer.Option(help="Whose model: general, coder or router.")]
Url = Annotated[str | None, typer.Option(help="A model server instead, such as .../v1.")]
Model = Annotated[str | None, typer.Option(help="The server's model; without: its only one.")]


def probe(
    path: Place = None,
    role: Role = "general",
    url: Url = None,
    model: Model = None,
    questions: Annotated[
        Path | None,
        typer.Option(help='JSON lines of your own: {"prompt": "...", "answer": "..."}.'),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="40 questions instead of 120.")] = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Ask a model about 120 questions with known answers, and keep what it can do as its card.

    What was asked is kept: run again, it goes on where it was broken off.
    """
    from rich.console import Console

    from agents.models.questions import (
        PROBE_QUESTIONS,
        QUICK_QUESTIONS,
        probe_questions,
        read_questions,
    )
    from router.errors import TaskError
    from workers.views.card import card_view

    if quick and questions is not None:
        raise TaskError("--quick is about the shipped questions: leave it out beside --questions")
    settings = _settings_for(config, path, role, url, model)
    chosen = (
        read_questions(questions)
        if questions
        else probe_questions(QUICK_QUESTIONS if quick else PROBE_QUESTIONS)
    )
    made, place = _probed(settings, role, chosen)
    if as_json:
        typer.echo(made.model_dump_json(indent=2))
        return
    Console().print(card_view(made, settings.policy.min_confidence))
    typer.echo(f"kept in {place.path}", err=True)


def probe_unknown(config: Path | None) -> None:
    """Probes the general and the coder's model, each once, where it has no card."""
    from agents.models.cards import place_of
    from agents.models.questions import probe_questions
    from agents.roster import local_models

    settings = _settings_for(config, None, "general", None, None)
    home = settings.store.home.expanduser()
    for role, model in local_models(settings):
        place = place_of(model, home)
        if role in ("general", "coder") and place is not None and not place.path.exists():
            _probed(settings, role, probe_questions())


def _probed(settings: Settings, role: str, questions: Sequence[Question]) -> tuple[Card, CardPlace]:
    """The role's model asked, and its card kept."""
    import asyncio

    from rich.console import Console

    from agents.models.probe import card_from

    place = _place(settings, role)
    _forget_what_is_not_its_own(place)
    agent = _agent(settings, role)
    notes = Console(stderr=True, highlight=False)
    asked = asyncio.run(_ask_all(agent, place, questions, notes))
    made = card_from(agent, asked, place.fingerprint)
    place.save(made)
    return made, place


def card(
    path: Place = None,
    role: Role = "general",
    url: Url = None,
    model: Model = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Show what is known of a model: its card."""
    from rich.console import Console

    from router.errors import TaskError
    from workers.views.card import card_view

    settings = _settings_for(config, path, role, url, model)
    found = _place(settings, role).load()
    if found is None:
        raise TaskError(
            "nobody has looked at this model yet: have it answer questions with known answers: "
            "edgeward models probe"
        )
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
    else:
        Console().print(card_view(found, settings.policy.min_confidence))


def _settings_for(
    config: Path | None, path: Path | None, role: str, url: str | None, model: str | None
) -> Settings:
    """The settings in force, the role's model replaced by the one that is named."""
    from router.errors import TaskError
    from router.privacy.offline import forbid_outbound
    from router.settings.models import ModelSettings
    from workers.trust import load_or_ask

    if path is not None and url is not None:
        raise TaskError("either a path or --url, not both")
    if model is not None and url is None:
        raise TaskError("--model names one of a server's: it goes with --url")
    if role not in ("general", "coder", "router"):
        raise TaskError(f"--role {role!r} is not known: general, coder or router")
    settings, _ = load_or_ask(config)
    if settings.offline:
        forbid_outbound()
    if path is not None:
        named = ModelSettings(path=path)
    elif url is not None:
        named = ModelSettings(url=url, model=model)
    else:
        return settings
    models = settings.models.model_copy(update={role: named})
    return settings.model_copy(update={"models": models})


def _place(settings: Settings, role: str) -> CardPlace:
    from agents.models.cards import place_of
    from agents.roster import local_models
    from router.errors import ConfigError

    model = dict(local_models(settings)).get(role)
    if model is None:
        raise ConfigError(f"models.{role} is not set: name a model there, or a path, or --url")
    if model.builtin is not None:
        raise ConfigError(
            f"models.{role} is the shipped specialist, which comes with its calibration: name a "
            f"model as models.{role}.path or models.{role}.url, a path, or --url"
        )
    if model.path is not None and not model.path.exists():
        raise ConfigError(f"{model.path}: there is no such model: name a file or a folder")
    found = place_of(model, settings.store.home.expanduser())
    if found is None:
        raise ConfigError(f"models.{role} is a script of replies, which has no card")
    return found


def _forget_what_is_not_its_own(place: CardPlace) -> None:
    """Removes a card of another file, or a damaged one: this command makes a new one."""
    from router.errors import ConfigError

    try:
        place.load()
    except ConfigError:
        place.path.unlink()


def _agent(settings: Settings, role: str) -> Agent:
    import os

    from agents.roster import build_roster
    from router.account.pricing import Prices
    from router.telemetry import configure_logging

    configure_logging(settings.log_level)
    return build_roster(settings, Prices.load(settings.prices), os.environ).roles[role]


async def _ask_all(
    agent: Agent, place: CardPlace, questions: Sequence[Question], notes: Console
) -> list[Asked]:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from agents.models.probe import Partial, ask

    partial = Partial(place, questions)
    found = partial.read()
    model = agent.engine.caps.model
    if found:
        notes.print(f"{len(found)} of {len(questions)} were asked before", markup=False)
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    began = time.monotonic()
    try:
        with Progress(*columns, console=notes) as progress:
            bar = progress.add_task(model[:30], total=len(questions), completed=len(found))
            async for one in ask(agent, questions[len(found) :]):
                partial.add(one, first=not found)
                found.append(one)
                progress.advance(bar)
                if len(found) == _FIRST and (took := time.monotonic() - began) > 1:
                    whole = took / _FIRST * len(questions)
                    progress.console.print(f"about {max(1, round(whole / 60))} min", style="dim")
    finally:
        await agent.engine.close()
    return found


_FIRST = 8
"""Questions after which it is said how long the whole will take."""
