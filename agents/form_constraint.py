"""Turns the form of an answer into what a local engine can hold a model to while it writes."""

from __future__ import annotations

from dataclasses import dataclass

from router.engine import Constraint, EngineCaps
from router.policy.answer_length import most_answer_tokens
from router.types.form import Form, FormShape
from router.types.task import ThinkingMode

_SPECIAL = frozenset(r".^$*+?{}[]\|()")


@dataclass(frozen=True, slots=True)
class AnswerBounds:
    """What the form that was read from a request's words sets for one generation; None: nothing."""

    constraint: Constraint | None = None
    max_tokens: int | None = None


UNBOUNDED = AnswerBounds()


def bounds_of(form: Form | None, caps: EngineCaps, thinking: ThinkingMode) -> AnswerBounds:
    """The bounds for an engine. Thoughts are not in the form, and count as tokens: none where the
    model may think."""
    if form is None or form.given or thinking != "off":
        return UNBOUNDED
    return AnswerBounds(constraint_of(form, caps), most_answer_tokens(form))


def constraint_of(form: Form, caps: EngineCaps) -> Constraint | None:
    """The constraint for an engine on this machine; None where it has none for such a form.

    A constraint that was read from words (`form.given` is False) is a help and no demand: where an
    engine cannot compile it, the answer is generated without it, and checked.
    """
    if not caps.local:
        return None
    if form.shape is FormShape.JSON and form.json_schema is not None and caps.json_schema:
        return Constraint(json_schema=form.json_schema)
    if not caps.regex:
        return None
    if form.shape is FormShape.LABEL:
        one = f"(?:{'|'.join(_escaped(label) for label in form.labels)})"
        more = len(form.labels) - 1
        return Constraint(regex=f"{one}(?:, {one}){{0,{more}}}" if form.several else one)
    return Constraint(regex=form.pattern) if form.pattern else None


def _escaped(text: str) -> str:
    """The text as a regular expression, with no escapes but those that every dialect knows."""
    return "".join(f"\\{char}" if char in _SPECIAL else char for char in text)
