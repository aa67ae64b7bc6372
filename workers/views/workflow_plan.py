"""How the plan of a workflow looks in a terminal, and as lines in the boxes of its chart."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from graphs.workflow.plan.types import Plan, StepPlan
from router.types.task import Privacy
from workers.views.render import dollars, one_line, seconds

_STYLE = {"here": "green", "cloud": "cyan", "here, then cloud": "yellow"}
_WHY_CHARS = 200


def plan_view(plan: Plan) -> RenderableType:
    """The steps in execution order, why each is where it is, and the totals."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("", justify="right", style="dim")
    for name in ("step", "who", "where"):
        table.add_column(name, no_wrap=name == "step", min_width=12 if name == "who" else None)
    for name in ("times", "in", "out", "expected", "at most", "time"):
        table.add_column(name, justify="right", no_wrap=True)
    for path, step in _every(plan):
        table.add_row(*_cells(path, step))
    why = [Text(line, "dim") for path, step in _every(plan) if (line := _why(path, step))]
    parts: list[RenderableType] = [Text(plan.workflow, "bold"), table, Text()]
    parts += [*why, Text()] if why else []
    parts += [_sums(plan)]
    parts += [Text(f"! {line}", "yellow") for line in _warnings(plan)]
    return Group(*parts)


def box_notes(plan: Plan) -> dict[str, list[str]]:
    """By step: where it is done, and what it is expected to cost."""
    return {step.id: list(_notes(step)) for step in plan.steps}


def _every(plan: Plan, above: str = "") -> Iterator[tuple[str, StepPlan]]:
    """Every step with its path, those of a called workflow after the step that calls it."""
    for step in plan.steps:
        yield f"{above}{step.id}", step
        if step.called is not None:
            yield from _every(step.called, f"{above}{step.id}/")


def _cells(path: str, step: StepPlan) -> tuple[RenderableType, ...]:
    asked = step.prompt_tokens is not None and step.completion_tokens is not None
    more = "+" if step.more else ""
    place = step.place or ""
    return (
        str(step.wave) if "/" not in path else "",
        "  " * path.count("/") + step.id,
        Text(_who(step)),
        Text(place, _STYLE.get(place, "")),
        _times(step),
        f"{step.prompt_tokens:,}{more}" if asked else "",
        f"{step.completion_tokens:,}" if asked else "",
        _cost(step) if step.place or step.called else "",
        _most(step) if step.place or step.called else "",
        _time(step),
    )


def _who(step: StepPlan) -> str:
    if step.action != "prompt":
        return f"tool {step.who}" if step.action == "tool" else step.who
    return _models(step) if step.place == "cloud" else f"{step.who}: {_models(step)}"


def _models(step: StepPlan) -> str:
    """The last part of the models' names: `gpt-5.4-mini` of `openai/gpt-5.4-mini`."""
    return ", ".join(name.rpartition("/")[2] for name in (step.model, step.cloud_model) if name)


def _times(step: StepPlan) -> str:
    if step.runs == "no":
        return "skipped"
    if step.times is None:
        return "n"
    return f"{step.times:,}{'?' if step.runs == 'perhaps' else ''}"


def _cost(step: StepPlan) -> str:
    if step.times is None and step.each_usd:
        return f"{_usd(step.each_usd)} each"
    usd = step.each_usd if step.times is None else step.cost_usd
    return f"{_usd(usd)}+" if usd and step.more else _usd(usd)


def _most(step: StepPlan) -> str:
    return "no limit" if step.most_usd is None else _usd(step.most_usd)


def _usd(amount: float | None) -> str:
    return "$0" if amount == 0 else dollars(amount)


def _time(step: StepPlan) -> str:
    if step.times is None and step.each_s is not None:
        return f"{seconds(step.each_s)} each"
    return seconds(step.seconds)


def _why(path: str, step: StepPlan) -> str:
    parts = [step.reason] if step.reason else []
    if 0 < step.cloud_share < 1:
        parts.append(f"{step.cloud_share:.0%} of the answers expected of the cloud")
    if step.condition is not None:
        parts.append(f"if {step.condition}")
    if step.label_reason:
        parts.append(step.label_reason)
    label = "" if step.label is Privacy.PUBLIC else f" ({step.label.value})"
    return one_line(f"{path}{label}: {'; '.join(parts)}", _WHY_CHARS) if parts else ""


def _sums(plan: Plan) -> Table:
    cost = _usd(plan.cost_usd)
    for name, usd in plan.per_item_usd.items():
        cost += f" + {dollars(usd)} for each item of {name}"
    if plan.unpriced:
        cost += f" + what {', '.join(plan.unpriced)} cost"
    about = "about " if plan.cost_usd else ""
    time = f"about {seconds(plan.seconds)}"
    if plan.untimed:
        time += f", and what {', '.join(plan.untimed)} {_takes(plan.untimed)}"
    cloud = plan.cloud_model
    if plan.cloud_absent:
        cloud = f"none ({plan.cloud_absent}); prices are those of {plan.cloud_model}"
    rows = {
        "expected": f"{about}{cost}, if every step runs and its first answer passes",
        "at most": "no limit" if plan.most_usd is None else _usd(plan.most_usd),
        "time": time,
        "cloud": cloud,
    }
    if any(step.more for _, step in _every(plan)):
        rows["+"] = f"and {_uncounted(plan)}"
    table = Table.grid(padding=(0, 2))
    for name, value in rows.items():
        table.add_row(name, Text(value))
    return table


def _takes(names: tuple[str, ...]) -> str:
    return "takes" if len(names) == 1 else "take"


def _uncounted(plan: Plan) -> str:
    names = sorted({name for _, step in _every(plan) for name in step.more})
    inputs = [name for name in names if name.startswith("inputs.")]
    steps = [name for name in names if not name.startswith("inputs.")]
    parts = [f"what is made of {', '.join(inputs)}, not given yet"] if inputs else []
    parts += [f"what is not known of {', '.join(steps)} before it runs"] if steps else []
    return "; ".join(parts)


def _warnings(plan: Plan, above: str = "") -> Iterator[str]:
    for line in plan.warnings:
        yield f"{above}{line}"
    for step in plan.steps:
        if step.called is not None:
            yield from _warnings(step.called, f"in {above.removeprefix('in ')}{step.id}: ")


def _notes(step: StepPlan) -> Iterator[str]:
    if step.runs == "no":
        yield "skipped"
        return
    if step.place and step.action == "prompt":
        yield f"{step.place}: {_models(step)}"
    if step.times is not None and step.times != 1:
        yield f"{step.times:,} times"
    if step.each_usd or step.each_usd is None:
        yield _cost(step) if step.each_usd is None else f"about {_cost(step)}"
