"""How runs of workflows look in a terminal: live while they run, and afterwards."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from graphs.workflow.definition.model import WorkflowDefinition
from graphs.workflow.execution.outcome import (
    Ask,
    Began,
    Ended,
    Facts,
    ItemEnded,
    RunEnded,
    RunResult,
    WorkflowEvent,
    total,
)
from workers.views.render import dollars, one_line, seconds
from workers.views.terminal_text import for_terminal

_MARK = {"done": ("✓", "green"), "skipped": ("-", "dim"), "failed": ("✗", "red")}
_WAITS = ("…", "yellow")


class Progress:
    """The progress of a run: a table that is redrawn, or a line for each step.

    Both go to standard error; standard output is for the workflow's outputs.
    """

    def __init__(self, workflow: WorkflowDefinition, console: Console) -> None:
        self._order = {step.id: number for number, step in enumerate(workflow.steps)}
        self._tolerated = {step.id for step in workflow.steps if step.continue_on_error}
        self._facts: dict[str, Facts] = {}
        self._items: dict[str, list[Facts]] = {}
        self._sizes: dict[str, int] = {}
        self._began: dict[str, float] = {}
        self._console = console
        self._spinner = Spinner("dots")
        self._live: Live | None = None

    def __enter__(self) -> Progress:
        if self._console.is_terminal:
            self._live = Live(
                console=self._console, get_renderable=self.table, refresh_per_second=8
            )
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def pause(self) -> None:
        """Stops redrawing during a question, which the table would overwrite."""
        if self._live is not None:
            self._live.stop()

    def continue_run(self) -> None:
        if self._live is not None:
            self._live.start()

    def known(self, facts: Mapping[str, Facts]) -> None:
        """Shows the steps that ended before this process resumed the run."""
        self._facts.update(facts)

    def take(self, event: WorkflowEvent) -> None:
        match event:
            case Began(path, items):
                self._began.setdefault(path, time.monotonic())
                if items is not None:
                    self._sizes[path] = items
            case ItemEnded(path, _, facts):
                self._items.setdefault(path, []).append(facts)
            case Ended(path, facts):
                self._facts[path] = facts
                if self._live is None and facts.status != "waiting":
                    self._console.print(self._line(path, facts))
            case RunEnded():
                pass

    def table(self) -> RenderableType:
        table = Table(box=None, pad_edge=False, show_header=False)
        paths = {*self._began, *self._facts}
        for path in sorted(paths, key=self._place):
            table.add_row(*self._cells(path))
        return table

    def _place(self, path: str) -> tuple[int, str]:
        return self._order.get(path.partition("/")[0].partition("[")[0], 0), path

    def _cells(self, path: str) -> tuple[RenderableType, ...]:
        facts = self._facts.get(path)
        if facts is None:
            done = self._items.get(path, [])
            items = f"{len(done)}/{self._sizes[path]}" if path in self._sizes else ""
            spent = dollars(cost) if (cost := _cost(done)) != 0 else ""
            took = seconds(time.monotonic() - self._began[path])
            return self._spinner, path, items, _places(done), spent, Text(took, "dim")
        mark, style = self._mark(path, facts)
        return (
            Text(mark, style),
            path,
            "" if facts.items is None else str(facts.items),
            _places([facts]),
            _spent(facts),
            Text(_said(facts), "dim"),
        )

    def _line(self, path: str, facts: Facts) -> Text:
        mark, style = self._mark(path, facts)
        rest = [_places([facts]), _spent(facts), _said(facts)]
        said = "".join(f"  {one}" for one in rest if one)
        return Text.assemble((f"{mark} ", style), path, (said, "dim"))

    def _mark(self, path: str, facts: Facts) -> tuple[str, str]:
        """A failure that the run continues after is marked differently from one that ends it."""
        mark, style = _MARK.get(facts.status, _WAITS)
        return mark, "yellow" if facts.status == "failed" and path in self._tolerated else style


def _spent(facts: Facts) -> str:
    """Nothing where nothing was to be paid."""
    return "" if facts.cost_usd == 0 and not facts.cloud else dollars(facts.cost_usd)


def _cost(parts: list[Facts]) -> float | None:
    cost = total(parts)["cost_usd"]
    return None if cost is None else float(cost)


def _places(parts: list[Facts]) -> str:
    counts = total(parts)
    named = ((counts["local"], "here"), (counts["cloud"], "cloud"), (counts["cached"], "cached"))
    return ", ".join(f"{count} {name}" for count, name in named if count)


def _said(facts: Facts) -> str:
    if facts.error:
        return one_line(facts.error, 90)
    if facts.status == "waiting":
        return "waits"
    again = f", {facts.tries} tries" if facts.tries > 1 else ""
    of_all = "" if facts.items is None else " in all"
    return f"{seconds(facts.seconds)}{of_all}{again}" if facts.status == "done" else ""


def show_outputs(outputs: Mapping[str, Any]) -> None:
    """To standard output: JSON for a program, texts under their names for a person."""
    if not sys.stdout.isatty():
        sys.stdout.write(json.dumps(dict(outputs), ensure_ascii=False, indent=2) + "\n")
        return
    console = Console(highlight=False)
    for name, value in outputs.items():
        console.print(Text(name, "bold"))
        console.print(for_terminal(_readable(value)).rstrip("\n"), markup=False)


def _readable(value: Any) -> str:
    if value is None:
        return "(nothing)"
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return "\n".join(f"- {one.rstrip()}" for one in value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)


def asked(ask: Ask) -> RenderableType:
    """A line for one thing that the run waits for."""
    if ask.kind == "wait" and ask.due is not None:
        return Text(f"{ask.path} waits until {_moment(ask.due)}")
    until = "" if ask.due is None else f" (until {_moment(ask.due)})"
    return Group(Text(f"{ask.path} asks{until}:", "bold"), Text(ask.message.rstrip("\n")))


def run_view(result: RunResult) -> RenderableType:
    """A run with its steps, for `edgeward show`."""
    style = {"done": "green", "failed": "red"}.get(result.status, "yellow")
    head = Text.assemble(
        (result.run_id, "bold"),
        f"  {result.workflow}  ",
        (result.status, style),
        (
            f"  begun {_moment(result.began)}, {dollars(result.cost_usd)}, avoided about "
            f"{dollars(result.avoided_usd)}",
            "dim",
        ),
    )
    table = Table(box=None, pad_edge=False, show_header=False)
    for step_id, facts in result.steps.items():
        mark, colour = _MARK.get(facts.status, _WAITS)
        output = "" if facts.output is None else one_line(_text(facts.output), 70)
        spent = _spent(facts)
        cells = (_places([facts]), spent, Text(_said(facts), "dim"), Text(output))
        table.add_row(Text(mark, colour), step_id, *cells)
        for warning in facts.warnings:
            table.add_row("", "", "", "", "", Text(f"warning: {one_line(warning, 90)}", "yellow"))
    parts: list[RenderableType] = [head, table]
    if result.error:
        parts.append(Text(result.error, "red"))
    parts += [asked(ask) for ask in result.waits_for]
    if cure := next_step(result):
        parts.append(Text(cure, "dim"))
    return Group(*parts)


def next_step(result: RunResult) -> str:
    """What a person can do about a run that has not ended well."""
    questions = [ask for ask in result.waits_for if ask.kind == "approve"]
    if questions:
        which = " --step STEP" if len(questions) > 1 else ""
        return f"edgeward resume {result.run_id} --yes{which} (or --no)"
    if result.status in ("failed", "interrupted", "waiting"):
        return f"edgeward resume {result.run_id}"
    return ""


def runs_view(rows: list[dict[str, Any]]) -> RenderableType:
    table = Table(box=None, pad_edge=False)
    for name in ("run", "workflow", "status", "began", "cost", ""):
        table.add_column(name, no_wrap=bool(name))
    for row in rows:
        status = row["status"]
        style = {"done": "green", "failed": "red"}.get(status, "yellow")
        cells = (row["run_id"], Text(row["workflow"]), Text(status, style), _moment(row["began"]))
        table.add_row(*cells, dollars(row["cost_usd"]), Text(one_line(row["error"] or "", 60)))
    return table


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _moment(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s).astimezone().strftime("%Y-%m-%d %H:%M:%S")
