"""A workflow as a Mermaid flow chart."""

from __future__ import annotations

from graphs.workflow.labels import labels
from graphs.workflow.model import Step, Workflow
from graphs.workflow.order import needs, reads
from router.types import Privacy

_SHAPES = {
    "prompt": ("[", "]"),
    "tool": ("[[", "]]"),
    "workflow": ("[/", "/]"),
    "approve": ("{{", "}}"),
    "wait": ("([", "])"),
}
_MOST_CHARS = 60


def to_mermaid(workflow: Workflow) -> str:
    """Arrows are solid where text flows and dotted where a step only waits or is decided upon."""
    lines = ["flowchart TD"]
    kept = labels(workflow)
    for step in workflow.steps:
        opening, closing = _SHAPES[step.action]
        lines.append(f'    {_name(step.id)}{opening}"{_title(step)}"{closing}')
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
    """`end` and its like mean something in Mermaid, so no id stands alone."""
    return f"s_{step_id}"


def _title(step: Step) -> str:
    what = {"prompt": step.agent, "tool": f"tool {step.tool}", "workflow": str(step.workflow)}
    rows = [f"<b>{step.id}</b>", _escaped(what.get(step.action, step.action))]
    if step.for_each is not None:
        over = step.for_each if isinstance(step.for_each, str) else f"{len(step.for_each)} items"
        rows.append(f"for each: {_escaped(over)}")
    if step.condition is not None:
        rows.append(f"if: {_escaped(step.condition)}")
    if step.escalate is not None:
        rows.append("or the cloud")
    return "<br/>".join(rows)


def _escaped(text: str) -> str:
    flat = " ".join(text.removeprefix("${{").removesuffix("}}").split())
    cut = flat if len(flat) <= _MOST_CHARS else f"{flat[: _MOST_CHARS - 3]}..."
    return "".join(
        char if char.isalnum() or char in " ._-,/=" else f"#{ord(char)};" for char in cut
    )
