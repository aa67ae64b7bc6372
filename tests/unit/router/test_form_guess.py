"""What the form of an answer says about a request."""

from __future__ import annotations

import pytest

from router.form.guess import informed
from router.form.read import read_form
from router.types.decision import Guess, Kind


def guessed(kind: Kind = Kind.EXTRACTION, complexity: float = 0.7) -> Guess:
    return Guess(kind=kind, confidence=0.8, language="en", complexity=complexity)


def test_who_wants_only_a_query_wants_code() -> None:
    form = read_form("SQL only: the codes of all bikes that were never serviced", None)
    assert informed(guessed(), form).kind is Kind.CODE


@pytest.mark.parametrize(
    "prompt",
    [
        "resume numa frase o que o senhorio quer:\n\nCaro inquilino, a renda sobe em julho.",
        "o meu passaporte diz 07 NOV 2024, preciso em DD/MM/YYYY, só a data",
        "billing, delivery or technical? one word only: my parcel is late",
    ],
)
def test_who_bounds_the_answer_seldom_asks_for_something_complex(prompt: str) -> None:
    form = read_form(prompt, None)
    assert form is not None
    assert informed(guessed(), form).complexity == pytest.approx(0.28)


@pytest.mark.parametrize(
    "prompt",
    [
        "Prove that there are infinitely many primes.",
        "Write an essay on the causes of the war, at most 900 words",
        "What is the sum of all primes below 100? Only the number.",
    ],
)
def test_other_requests_are_as_complex_as_they_sound(prompt: str) -> None:
    assert informed(guessed(), read_form(prompt, None)) == guessed()


def test_a_callers_schema_says_nothing_of_the_request() -> None:
    form = read_form("Plan our move", {"type": "object"})
    assert informed(guessed(), form) == guessed()
