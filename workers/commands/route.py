"""`edgeward route`: how a request is classified and where it would go, without generating."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from workers.commands.options import AsJson, Config, settings_in_force

if TYPE_CHECKING:
    from rich.console import RenderableType

    from workers.commands.route_facts import RouteFacts


def route(
    prompt: Annotated[str | None, typer.Argument(help="The request; a pipe is joined.")] = None,
    explain: Annotated[bool, typer.Option(help="Say what each figure rests on.")] = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Say what a request is and where it would go, without running it."""
    from rich.console import Console

    from workers.commands.inputs import read_prompt
    from workers.commands.route_facts import route_facts

    facts = route_facts(settings_in_force(config), read_prompt(prompt, None))
    if as_json:
        typer.echo(facts.model_dump_json())
        return
    console = Console(highlight=False)
    console.print(_table(facts))
    if explain:
        console.print()
        for line in _explanation(facts):
            console.print(line, style="dim", markup=False)


def _table(facts: RouteFacts) -> RenderableType:
    from rich.console import Group
    from rich.markup import escape
    from rich.table import Table

    from router.types.decision import Expected
    from workers.views.form_words import form_words
    from workers.views.render import dollars, gain_words, label_words, nature, score, seconds

    decision = facts.decision
    here, there = decision.local or Expected(), decision.cloud or Expected()

    said = Table.grid(padding=(0, 2))
    said.add_row("[dim]kind", nature(facts.guess))
    if facts.form is not None:
        said.add_row("[dim]form", escape(form_words(facts.form)))
    said.add_row("[dim]label", escape(label_words(facts.label, facts.label_reasons)))
    if decision.gain is not None:
        said.add_row("[dim]gain", gain_words(decision))
    said.add_row("[dim]decision", f"[bold]{decision.route}[/bold]")
    said.add_row("[dim]reason", escape(decision.reason))
    options = Table(box=None, pad_edge=False, header_style="dim")
    for head in ("", "model", "score", "cost", "wait"):
        options.add_column(head)
    none = f"none ({facts.cloud.value})"
    options.add_row(
        *(f"here, {facts.role}", escape(facts.model), score(here.score)),
        *(dollars(here.cost_usd), seconds(here.wait_s)),
    )
    options.add_row(
        *("cloud", escape(facts.cloud_model or none), score(there.score)),
        *(dollars(there.cost_usd), seconds(there.wait_s)),
    )
    return Group(said, "", options)


def _explanation(facts: RouteFacts) -> list[str]:
    """The lines on what the expected scores are based on."""
    guess, decision = facts.guess, facts.decision
    gain = "" if decision.gain is None else f" (this: {decision.gain:.2f})"
    if facts.specialist:
        rule = (
            "The model here is a specialist: what it was trained for is its own, nothing else is."
        )
    else:
        rule = (
            f"A task goes to the cloud from complexity {facts.max_complexity:.2f} on (this: "
            f"{guess.complexity:.2f}), or where the cloud is expected to gain more than "
            f"{facts.max_gain:.2f}{gain}."
        )
    own = f"{decision.outcomes:,} outcomes of your own and " if decision.outcomes else ""
    return [
        rule,
        f"The scores rest on {own}what was measured of small and frontier models on public tasks.",
        "The cost is that of an answer of the usual length for its kind, at the listed price; the "
        "wait is for all of it, as fast as the model is taken to be.",
        f"One such decision takes {facts.decision_cpu_ms:.2f} ms of CPU here.",
    ]
