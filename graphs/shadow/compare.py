"""Compares a local answer with the cloud's, by their content or by a judge's verdict."""

from __future__ import annotations

import json
import re

from agents.checks.source import Source
from agents.roster import PROMPTS
from graphs.request.agreement import KINDS, LONGEST_CHARS, agree
from router.engine import Constraint
from router.types.decision import Kind
from router.types.task import Message, Task

JUDGEMENT = {
    "type": "object",
    "properties": {"a": {"type": "boolean"}, "b": {"type": "boolean"}},
    "required": ["a", "b"],
    "additionalProperties": False,
}

SHOWN_CHARS = 6000
"""Most characters of the request, and of each answer, that a judge sees: about 1,500 tokens."""

_TELLING = re.compile(r"\d|[^\W\d_]{4}")
"""Only an answer with this is searched for in the other one: `no` occurs in many texts."""

_SHORT_WORDS = 12


def can_compare(kind: Kind, task: Task) -> bool:
    """Whether answers to the task can be compared by their content."""
    return kind in KINDS or task.json_schema is not None


def compare(kind: Kind, local: str, cloud: str) -> bool | None:
    """Whether the two say the same; None where their words do not decide it.

    A cloud often answers in a sentence what a small model answers in a word: its answer then need
    only contain that word.
    """
    if max(len(local), len(cloud)) > LONGEST_CHARS:
        return None
    same = agree(kind, local, cloud)
    short = local.strip()
    if same or kind not in KINDS or len(short.split()) > _SHORT_WORDS or "\n" in short:
        return same
    if _TELLING.search(short) and Source.read(cloud).holds(short):
        return True
    return same


def judge_question(prompt: str, a: str, b: str) -> tuple[tuple[Message, ...], Constraint]:
    """What a judge is asked, and the form of its answer."""
    instruction = (PROMPTS / "judge.md").read_text(encoding="utf-8").strip()
    parts = [
        f"{name}:\n---\n{text.strip()[:SHOWN_CHARS]}\n---"
        for name, text in (("The request", prompt), ("Answer A", a), ("Answer B", b))
    ]
    messages = (
        Message(role="system", content=instruction),
        Message(role="user", content="\n\n".join(parts)),
    )
    return messages, Constraint(json_schema=JUDGEMENT)


def read_judgement(text: str) -> tuple[bool, bool] | None:
    """The judge's verdict on A and on B; None for an answer in another form."""
    try:
        said = json.loads(text)
        a, b = said["a"], said["b"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return (a, b) if isinstance(a, bool) and isinstance(b, bool) else None
