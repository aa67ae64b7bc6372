"""A workflow as a Mermaid flow chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graphs.workflow.definition.labels import labels
from graphs.workflow.definition.model import Step, WorkflowDefinition
from graphs.workflow.definition.order import needs, reads
from router.types.task import Privacy

_SHAPES = {
    "prompt": ("[", "]"),
    "tool": ("[[", "]]"),
    "workflow": ("[/", "/]"),
    "approve": ("{{", "}}"),
    "wait": ("([", "])"),
}
_MOST_CHARS = 60


def to_mermaid(
    workflow: WorkflowDefinition, notes: Mapping[str, Sequence[str]] | None = None
) -> str:
    """Arrows are solid where text flows, dotted where a step only waits or has a condition.

    notes: further lines in the boxes, by step.
    """
    lines = ["flowchart TD"]
    kept = labels(workflow)
    for step in workflow.steps:
        opening, closing = _SHAPES[step.action]
        rows = [*title(step), *(notes or {}).get(step.id, ())]
        shown = "<br/>".join([f"<b>{step.id}</b>", *(_escaped(row) for row in rows)])
        lines.append(f'    {_name(step.id)}{opening}"{shown}"{closing}')
    for name, wanted in needs(workflow).items():
        step = workflow.step(name)
        data = reads(step).data.steps
        for other in wanted:
            arrow = "-->" if other in data else "-.->"
            lines.append(f"    {_name(other)} {arrow} {_name(name)}")
    for style, names in (
        ("local_only", [one for one, label in kept.items() if label is Privacy.LOCAL_ONLY]),
        ("cloud", [step.id for step in workflow.steps if step.always_in_cloud]),
    ):
        if names:
            lines.append(f"    class {','.join(_name(one) for one in names)} {style}")
    lines += [
        "    classDef local_only stroke:#2a7,stroke-width:3px",
        "    classDef cloud stroke-dasharray:5 3",
    ]
    return "\n".join(lines) + "\n"


def _name(step_id: str) -> str:
    """A prefixed id: `end` and some others have a meaning in Mermaid."""
    return f"s_{step_id}"


def title(step: Step) -> list[str]:
    """The lines for a step's box, without its id."""
    what = {"prompt": step.agent, "tool": f"tool {step.tool}", "workflow": str(step.workflow)}
    rows = [what.get(step.action, step.action)]
    if isinstance(step.for_each, str):
        rows.append(f"for each: {_bare(step.for_each)}")
    elif step.for_each is not None:
        rows.append(f"for each: {len(step.for_each)} items")
    if step.condition is not None:
        rows.append(f"if: {_bare(step.condition)}")
    if step.escalate is not None:
        rows.append("or the cloud")
    return rows


def _bare(expression: str) -> str:
    return expression.removeprefix("${{").removesuffix("}}").strip()


def _escaped(text: str) -> str:
    flat = " ".join(text.split())
    cut = flat if len(flat) <= _MOST_CHARS else f"{flat[: _MOST_CHARS - 3]}..."
    return "".join(
        char if char.isalnum() or char in " ._-,:/=" else f"#{ord(char)};" for char in cut
    )
