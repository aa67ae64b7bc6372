"""What has one reading is computed, and everything else is left to the models."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.checks.exact import computed
from agents.exact.compute import LONGEST_CHARS, exact
from agents.exact.engine import ExactEngine
from agents.exact.specialist import ExactSpecialist
from router.engine import GenerateRequest, generate
from router.errors import EngineUnavailable
from router.types.completion import Completion
from router.types.decision import EscalationReason, Kind
from router.types.task import Message, Task

ROWS = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "support" / "exact_requests.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]
ANSWERED = [row for row in ROWS if row["answer"] is not None]
MORE = (
    "Then translate it into Klingon.",
    "And tell me why that matters.",
    "Make it rhyme.",
    "Explain each step.",
    "Translate the result into French",
    "Escreve também uma piada sobre isso.",
)
LEFT = [row["prompt"] for row in ROWS if row["answer"] is None]


def test_what_is_computed_is_right_and_little_is_left() -> None:
    found = {row["prompt"]: exact(row["prompt"]) for row in ANSWERED}
    wrong = [
        (row["prompt"], row["answer"], answer.text)
        for row in ANSWERED
        if (answer := found[row["prompt"]]) and answer.text.casefold() != row["answer"].casefold()
    ]
    assert not wrong
    assert sum(answer is not None for answer in found.values()) >= 0.95 * len(ANSWERED)


@pytest.mark.parametrize("prompt", LEFT)
def test_what_has_another_reading_or_a_further_demand_is_left(prompt: str) -> None:
    assert exact(prompt) is None


@pytest.mark.parametrize("row", ANSWERED, ids=lambda row: row["prompt"][:40])
def test_a_further_demand_leaves_it_to_a_model(row: dict[str, str]) -> None:
    prompt = row["prompt"]
    for more in MORE:
        assert exact(f"{prompt}\n\n{more}") is None
        assert exact(f"{more}\n\n{prompt}") is None


@given(st.text(max_size=300))
def test_no_text_is_too_odd(text: str) -> None:
    found = exact(f"sort these: {text}")
    assert found is None or found.text


def test_a_long_text_takes_no_longer_than_its_length() -> None:
    def seconds(items: int) -> float:
        prompt = "Remove duplicates, keep the order, one per line:\n" + "\n".join(
            f"item{n % 7}x{n}" for n in range(items)
        )
        assert len(prompt) < LONGEST_CHARS
        began = time.process_time()
        assert exact(prompt) is not None
        return time.process_time() - began

    seconds(10)
    assert seconds(400) < 0.1


def said(text: str) -> Completion:
    return Completion(text=text, engine="scripted", model="m", finish_reason="stop")


@pytest.mark.parametrize(
    ("prompt", "answer"),
    [
        ("What is 15% of 80?", "12"),
        ("What is 15% of 80?", "15% of 80 is 12."),
        ("What is 15% of 80?", "$12.00"),
        ("Convert 3 March 2024 to ISO.", "`2024-03-03`"),
        ("Convert 3 March 2024 to ISO.", "The date is 2024-03-03."),
        ("Sort alphabetically: pear, fig", "- fig\n- pear"),
        ("uppercase this: olá", "OLÁ"),
        ("csv to json\na,b\nx,y", '```json\n[\n  {"a": "x", "b": "y"}\n]\n```'),
        ("Is this IBAN valid? GB82 WEST 1234 5698 7654 32", "Yes, it is valid."),
        ("Is this IBAN valid? GB82 WEST 1234 5698 7654 32", "This IBAN is valid."),
        ("E.164 for +351 912 345 678", "+351 912 345 678"),
        ("What is 17:30 in 12 hour format?", "5:30 p.m."),
        ("convert 3:45 pm to 24h", "It's 15h45."),
        ("how many items are in this list: a, b, c", "There are three."),
        ("que dia da semana foi 25 de abril de 1974?", "Foi uma quinta."),
        ("write 1234.5 in reais, like R$ 1.234,56", "R$1.234,50"),
    ],
)
def test_a_models_answer_that_says_the_same_is_proven(prompt: str, answer: str) -> None:
    found = computed(Task(prompt=prompt), Kind.UNSURE, said(answer))
    assert (found.passed, found.proves) == (True, True)


@pytest.mark.parametrize(
    ("prompt", "answer", "right"),
    [
        ("What is 15% of 80?", "12.5", "12"),
        ("What is 15% of 80?", "15% of 80 is 13", "12"),
        ("Convert 3 March 2024 to ISO.", "2024-03-04", "2024-03-03"),
        ("Sort alphabetically: pear, fig, apple", "apple, pear, fig", "apple, fig, pear"),
        ("uppercase this: olá", "OLA", "OLÁ"),
        ("csv to json\na,b\nx,y", '[{"a": "x"}]', '[{"a": "x", "b": "y"}]'),
        ("Is this IBAN valid? GB82 WEST 1234 5698 7654 32", "No.", "Yes"),
        ("Is this IBAN valid? GB82 WEST 1234 5698 7654 32", "It is not valid.", "Yes"),
        ("E.164 for +351 912 345 678", "+351912345679", "+351912345678"),
        ("What is 17:30 in 12 hour format?", "5:30 AM", "5:30 PM"),
        ("how many items are in this list: a, b, c", "There are four.", "3"),
    ],
)
def test_a_models_answer_that_says_something_else_is_refused(
    prompt: str, answer: str, right: str
) -> None:
    found = computed(Task(prompt=prompt), Kind.UNSURE, said(answer))
    assert found.reason is EscalationReason.UNFAITHFUL
    assert f"it should be {right}" in found.finding


def test_another_rounding_is_no_mistake_where_none_is_asked() -> None:
    task = Task(prompt="convert 10 km to miles")
    found = computed(task, Kind.UNSURE, said("about 6.2137 miles"))
    assert (found.passed, found.proves) == (True, False)
    assert not computed(task, Kind.UNSURE, said("16.09 miles")).passed


def test_nothing_is_said_of_what_cannot_be_computed_or_may_be_meant_otherwise() -> None:
    for task in (
        Task(prompt="Write a poem about the sea"),
        Task(prompt="What is 15% of 80?", system="Answer in Roman numerals."),
        Task(prompt="What is 15% of 80?", session="in Roman numerals from now on"),
    ):
        found = computed(task, Kind.UNSURE, said("XII"))
        assert (found.passed, found.proves) == (True, False)


def test_the_specialist_covers_what_stands_alone() -> None:
    covers = ExactSpecialist().covers
    prompt = "csv to json\na,b\nx,y"
    rows = {"type": "array", "items": {"type": "object", "required": ["a"]}}
    assert covers(Task(prompt=prompt)).covered
    assert covers(Task(prompt=prompt)).family == "table"
    assert covers(Task(prompt=prompt, schema=rows)).covered
    assert not covers(Task(prompt=prompt, schema={"type": "object"})).covered
    assert not covers(Task(prompt="uppercase this: ok", schema={"type": "string"})).covered
    assert not covers(Task(prompt=prompt, system="Keys in capitals.")).covered
    assert not covers(Task(prompt=prompt, files=("rows.csv",))).covered
    assert not covers(Task(prompt=prompt, tools=True)).covered
    assert not covers(Task(prompt=prompt, max_tokens=2)).covered


async def test_the_engine_computes_and_proves_its_answer() -> None:
    task = Task(prompt="What is 15% of 80?")
    request = GenerateRequest(
        messages=(Message(role="user", content=task.prompt),), deadline=time.monotonic() + 5
    )
    answer = await generate(ExactEngine(), request)
    assert (answer.text, answer.usage.completion_tokens, answer.usage.cost_usd) == ("12", 0, 0.0)
    specialist = ExactSpecialist()
    (check,) = specialist.checks(task, answer, specialist.covers(task))
    assert check.proves
    poem = GenerateRequest(
        messages=(Message(role="user", content="a poem"),), deadline=time.monotonic() + 5
    )
    with pytest.raises(EngineUnavailable, match="nothing to compute"):
        await generate(ExactEngine(), poem)
