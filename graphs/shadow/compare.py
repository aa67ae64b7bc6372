"""Whether a local answer was as good as the cloud's: by what both hold, or by a judge's word."""

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
"""Of the request and of each answer that a judge is shown, at most: about 1,500 tokens."""

_TELLING = re.compile(r"\d|[^\W\d_]{4}")
"""What an answer must have to be looked for in another one: `no` is in many."""

_SHORT_WORDS = 12


def can_compare(kind: Kind, task: Task) -> bool:
    """Whether two answers to the task may be told apart by what they hold."""
    return kind in KINDS or task.json_schema is not None


def compare(kind: Kind, local: str, cloud: str) -> bool | None:
    """Whether the two say the same; None where that cannot be told from their words.

    A cloud often says in a sentence what a small model says in a word: then it holds that word.
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
    """Of A and of B; None for an answer in another form."""
    try:
        said = json.loads(text)
        a, b = said["a"], said["b"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return (a, b) if isinstance(a, bool) and isinstance(b, bool) else None
