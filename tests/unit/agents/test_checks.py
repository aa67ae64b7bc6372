"""Facts about answers: each check passes the good and catches the bad."""

from __future__ import annotations

import math
from typing import Any

import pytest

from agents.calibration import Sureness
from agents.checks.general import general_checks, looped_unit
from router.types.completion import Completion, TokenStats, Usage
from router.types.decision import EscalationReason, Kind
from router.types.task import Task

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"total": {"type": "number"}},
    "required": ["total"],
    "additionalProperties": False,
}


def failures(
    text: str,
    *,
    kind: Kind = Kind.WRITING,
    schema: dict[str, Any] | None = None,
    finish: Any = "stop",
    mean_probability: float | None = None,
) -> list[EscalationReason | None]:
    stats = None
    if mean_probability is not None:
        logprob = math.log(mean_probability)
        stats = TokenStats(tokens=4, min_logprob=logprob, sum_logprob=4 * logprob)
    completion = Completion(
        text=text,
        engine="e",
        model="m",
        finish_reason=finish,
        usage=Usage(completion_tokens=7),
        stats=stats,
    )
    task = Task(prompt="p", schema=schema)
    found = general_checks(task, kind, completion, Sureness(min_probability=0.5))
    return [check.reason for check in found if not check.passed]


@pytest.mark.parametrize(
    "text",
    [
        "Paris.",
        "A line of dashes:\n" + "-" * 200,
        "1000000000000000000000000000000000000",
        "I cannot stress enough that the order was late.",
        "Sorry for the delay, Ana: your parcel leaves today.",
        "Não posso ir amanhã, mas posso na sexta.",
        "```python\nprint('hi')\n```",
        "la la la",
    ],
)
def test_ordinary_answers_pass(text: str) -> None:
    assert failures(text) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("   \n", EscalationReason.EMPTY),
        ("I'm sorry, but I can't help with that.", EscalationReason.REFUSAL),
        ("As an AI language model, I do not know.", EscalationReason.REFUSAL),
        ("Desculpe, não posso ajudar com isso.", EscalationReason.REFUSAL),
        ("Como um modelo de linguagem, não tenho acesso.", EscalationReason.REFUSAL),
        ("The answer is " + "and so on " * 12, EscalationReason.LOOP),
        ("x = 1\n" + "print(x)\n" * 9, EscalationReason.LOOP),
    ],
)
def test_bad_answers_are_caught(text: str, reason: EscalationReason) -> None:
    assert failures(text) == [reason]


def test_an_answer_that_was_cut_off_or_filtered_is_caught() -> None:
    assert failures("abc", finish="length") == [EscalationReason.CUT_OFF]
    assert failures("", finish="content_filter") == [EscalationReason.REFUSAL]


@pytest.mark.parametrize(
    "text", ["", "{", '{"total": "12"}', '{"total": 1, "more": 2}', "[]", "{}"]
)
def test_an_answer_against_the_schema_is_caught(text: str) -> None:
    assert EscalationReason.SCHEMA in failures(text, schema=SCHEMA)


def test_an_answer_that_matches_the_schema_passes_even_if_it_reads_like_a_loop() -> None:
    assert failures('{"total":12.5}', schema=SCHEMA) == []
    values: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
    assert failures("[" + ",".join(['"same"'] * 20) + "]", schema=values) == []


def test_a_model_that_was_guessing_is_caught() -> None:
    assert failures("abc", mean_probability=0.3) == [EscalationReason.LOW_CONFIDENCE]
    assert failures("abc", mean_probability=0.8) == []


def test_the_looping_unit_is_the_shortest_that_repeats() -> None:
    assert looped_unit("start " + "spam " * 40) == " spam"
    assert looped_unit("a normal sentence, and then another one.") is None
    assert looped_unit("") is None
