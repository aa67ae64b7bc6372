"""Checks whether an answer is usable, by facts that need no second model."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import jsonschema

from agents import calibration
from agents.calibration import Sureness
from agents.checks.loops import looped_unit
from agents.checks.refusal import not_a_refusal
from router.types.card import Card
from router.types.completion import Completion, TokenStats
from router.types.decision import EscalationReason, Kind
from router.types.result import CheckResult
from router.types.task import Task

_SHOWN_CHARS = 200


def only_thought(completion: Completion) -> bool:
    """Whether the model produced thinking but no answer."""
    thought = completion.thinking.strip() or completion.usage.thinking_tokens
    return bool(thought) and not completion.text.strip()


def complete(_task: Task, _kind: Kind, completion: Completion) -> CheckResult:
    """It says something, and was not cut off or filtered."""
    if completion.refusal:
        said = " ".join(completion.refusal.split())[:_SHOWN_CHARS]
        return CheckResult.found("complete", f"the model refuses: {said}", EscalationReason.REFUSAL)
    if completion.finish_reason == "content_filter":
        return CheckResult.found(
            "complete", "the provider filtered the answer", EscalationReason.REFUSAL
        )
    if only_thought(completion):
        tokens = completion.usage.thinking_tokens
        finding = f"it spent its {tokens:,} tokens thinking and wrote no answer"
        return CheckResult.found("complete", finding, EscalationReason.THINKING)
    if not completion.text.strip():
        return CheckResult.found("complete", "the answer is empty", EscalationReason.EMPTY)
    if completion.finish_reason == "length":
        finding = f"cut off after {completion.usage.completion_tokens} tokens"
        return CheckResult.found("complete", finding, EscalationReason.CUT_OFF)
    return CheckResult.found("complete", "ended by itself")


def not_a_loop(_task: Task, _kind: Kind, completion: Completion) -> CheckResult:
    """Its end does not repeat itself, as a lost small model's does."""
    unit = looped_unit(completion.text)
    if unit:
        shown = unit if len(unit) <= 30 else unit[:27] + "..."
        return CheckResult.found("loop", f"repeats {shown!r} at its end", EscalationReason.LOOP)
    return CheckResult.found("loop", "no repetition")


def satisfies_schema(task: Task, _kind: Kind, completion: Completion) -> CheckResult:
    """It is JSON and matches the task's schema."""
    assert task.json_schema is not None
    return matches(task.json_schema, completion.text)


def matches(schema: dict[str, Any], text: str, name: str = "schema") -> CheckResult:
    """The text is JSON and matches the schema."""
    try:
        value = json.loads(text)
    except ValueError as error:
        return CheckResult.found(name, f"not JSON: {error}", EscalationReason.SCHEMA)
    validator = jsonschema.validators.validator_for(schema)(schema)
    problem = jsonschema.exceptions.best_match(validator.iter_errors(value))
    if problem is not None:
        at = "/".join(str(part) for part in problem.absolute_path) or "the root"
        return CheckResult.found(name, f"{problem.message} (at {at})", EscalationReason.SCHEMA)
    return CheckResult.found(name, "matches the schema")


def confidence(
    kind: Kind, stats: TokenStats | None, sureness: Sureness, card: Card | None = None
) -> CheckResult | None:
    """The model is sure enough: by its card, else by its geometric-mean probability; None where
    neither says anything."""
    known = None if card is None else calibration.confidence(card, kind, stats)
    if known is not None:
        sure, least = known, sureness.min_confidence
        finding = f"right with probability {sure:.2f} by its card, needs {least:.2f}"
    elif stats is not None and stats.tokens:
        sure, least = math.exp(stats.mean_logprob), sureness.min_probability
        finding = f"mean token probability {sure:.2f}, needs {least:.2f}"
    else:
        return None
    against = EscalationReason.LOW_CONFIDENCE if sure < least else None
    return CheckResult.found("confidence", finding, against, calibrated=known is not None)


def general_checks(
    task: Task,
    kind: Kind,
    completion: Completion,
    sureness: Sureness | None,
    card: Card | None = None,
) -> Iterator[CheckResult]:
    """The checks that hold for any model's answer, in the order in which they matter."""
    yield complete(task, kind, completion)
    if task.json_schema is not None:
        yield satisfies_schema(task, kind, completion)
    else:
        yield not_a_refusal(task, kind, completion)
        yield not_a_loop(task, kind, completion)
    if sureness is not None:
        found = confidence(kind, completion.stats, sureness, card)
        if found is not None:
            yield found
