"""`edgeward memory`: lists, shows and forgets what is remembered."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workers.commands.options import AsJson, Config, settings_in_force
from workers.commands.options import run as run_async

if TYPE_CHECKING:
    from router.memory.facts import Fact, Facts
    from router.memory.sessions import Memory, Turn
    from router.memory.traces import SessionSummary, Traces

memory_app = typer.Typer(help="Show and forget what is remembered.", no_args_is_help=True)

Subject = Annotated[
    str | None, typer.Option(help="A person's key, as customer:42 or an e-mail address.")
]


@dataclass(frozen=True, slots=True)
class Remembered:
    """The parts of an open store that remember text."""

    facts: Facts
    memory: Memory
    traces: Traces


@dataclass(frozen=True, slots=True)
class Listing:
    """What a listing found. answers: how many cached ones there are, or name the person."""

    sessions: tuple[SessionSummary, ...]
    facts: tuple[Fact, ...]
    answers: int


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many of each were deleted."""

    facts: int = 0
    sessions: int = 0
    answers: int = 0


@memory_app.command("ls")
def ls(
    query: Annotated[str | None, typer.Argument(help="Only facts with such words.")] = None,
    subject: Subject = None,
    label: Annotated[
        str, typer.Option(help="At most public, internal or local_only; for facts.")
    ] = "local_only",
    limit: Annotated[int, typer.Option(min=1, help="Facts to list.")] = 50,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """The sessions and the facts that are remembered, or those that name a person."""
    from rich.console import Console

    from workers.views.memory import listing

    found = run_async(_found(config, query, subject, label, limit))
    if as_json:
        shown = {
            "sessions": [one.model_dump() for one in found.sessions],
            "facts": [fact.model_dump() for fact in found.facts],
            "answers": found.answers,
        }
        typer.echo(json.dumps(shown, indent=2, ensure_ascii=False))
    else:
        Console().print(listing(found.sessions, found.facts, found.answers))


@memory_app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="The key of a fact, or the name of a session.")],
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """One fact or one session, whole; both where both have the name."""
    from rich.console import Console

    from router.errors import TaskError
    from workers.views.memory import fact_view, session_view

    fact, turns = run_async(_looked_up(config, name))
    if fact is None and not turns:
        raise TaskError(f"no fact and no session is called {name!r}: see  edgeward memory ls")
    if as_json:
        messages = [{**turn.message.model_dump(), "unverified": turn.unverified} for turn in turns]
        shown = {
            "fact": fact.model_dump() if fact else None,
            "session": {"name": name, "messages": messages} if turns else None,
        }
        typer.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    if fact is not None:
        Console().print(fact_view(fact))
    if turns:
        Console().print(session_view(name, turns))


@memory_app.command("forget")
def forget(
    key: Annotated[str | None, typer.Argument(help="The key of a fact.")] = None,
    session: Annotated[
        str | None, typer.Option(help="A conversation, and the facts that it wrote.")
    ] = None,
    subject: Subject = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every fact, session and kept answer.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, with --all.")] = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Forget a fact, a session, all that names a person, or everything. It cannot be undone.

    Not touched: the account, tasks that wait for a cloud (see  edgeward outbox), and what
    LangGraph saved; of that the states of tasks go by themselves within the hour.
    """
    from router.errors import TaskError

    named = sum((key is not None, session is not None, subject is not None, everything))
    if named != 1:
        raise TaskError("say what to forget, one of: KEY, --session NAME, --subject PERSON, --all")
    if subject is not None and not subject.strip():
        raise TaskError("the person's key is empty: name one, such as customer:42 or an e-mail")
    if everything and not yes:
        typer.confirm("Forget every fact, session and kept answer?", abort=True, err=True)
    gone = run_async(_forget(config, key, session, subject))
    if key is not None and not gone.facts:
        raise TaskError(f"no fact is called {key!r}: see  edgeward memory ls")
    if session is not None and not (gone.sessions or gone.facts):
        raise TaskError(f"no session is called {session!r}: see  edgeward memory ls")
    typer.echo(json.dumps(asdict(gone)) if as_json else _in_words(gone))


@asynccontextmanager
async def _opened(config: Path | None) -> AsyncIterator[Remembered]:
    """The store of the settings in force. Raises StoreUnavailable and ConfigError."""
    from router.memory.facts import Facts
    from router.memory.sessions import Memory
    from router.memory.traces import Traces
    from router.store.store import open_configured

    settings = settings_in_force(config)
    store = await open_configured(settings.store)
    async with store:
        # The limits of facts matter only for writing, and nothing is written here.
        yield Remembered(Facts(store), Memory(store), Traces(store))


async def _found(
    config: Path | None, query: str | None, subject: str | None, label: str, limit: int
) -> Listing:
    async with _opened(config) as here:
        facts = await here.facts.find(query, subject=subject, label_at_most=label, limit=limit)
        if query is not None:
            return Listing((), facts, 0)
        return Listing(
            await here.traces.sessions(subject), facts, await here.traces.answers(subject)
        )


async def _looked_up(config: Path | None, name: str) -> tuple[Fact | None, tuple[Turn, ...]]:
    async with _opened(config) as here:
        return await here.facts.get(name), (await here.memory.recall(name)).turns


async def _forget(
    config: Path | None, key: str | None, session: str | None, subject: str | None
) -> Forgotten:
    """Deletes by exactly one of key, session and subject, or everything if none is given."""
    async with _opened(config) as here:
        if key is not None:
            return Forgotten(facts=await here.facts.forget(key))
        if session is not None:
            there = bool(await here.memory.history(session))
            await here.memory.forget(session)
            return Forgotten(await here.facts.forget(session=session), int(there))
        facts = here.facts.clear() if subject is None else here.facts.forget(subject=subject)
        return Forgotten(
            await facts,
            await here.traces.forget_sessions(subject),
            await here.traces.forget_answers(subject),
        )


def _in_words(gone: Forgotten) -> str:
    from workers.views.memory import counted

    kinds = {"fact": gone.facts, "session": gone.sessions, "kept answer": gone.answers}
    found = [counted(number, thing) for thing, number in kinds.items() if number]
    return f"forgotten: {', '.join(found)}" if found else "there was nothing to forget"
