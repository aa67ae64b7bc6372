"""A form in a few words, as `--explain` and `edgeward route` show it."""

from __future__ import annotations

import pytest

from router.form.read import read_form
from router.types.form import Form, FormShape
from workers.views.form_words import form_words


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("json with name, age (number), nothing else", "JSON with name, age (number), only that"),
        ("answer in JSON", "JSON"),
        ("spam or ham? one word: spam / ham", "one of spam, ham"),
        ("labels: bug, ui, docs. pick all that apply", "some of bug, ui, docs"),
        ("at most 8 words on rain, in French", "at most 8 words, in fr"),
        ("one sentence on rain", "at most 1 sentence"),
        ("3 feb in ISO format, date only", "a date as YYYY-MM-DD, only that"),
        ("only the regex for a zip code", "a regular expression, only that"),
        ("python function that adds, code only", "code in python, only that"),
        ("as a table with columns Day and Shift", "a table with Day, Shift"),
        ("give me 5 name ideas", "a list of 5"),
        ("ALL CAPS: stop", "upper case"),
        ("mask the names: Bo met Al", "persons' values hidden"),
    ],
)
def test_a_form_is_told_in_a_few_words(prompt: str, words: str) -> None:
    form = read_form(prompt, None)
    assert form is not None
    assert form_words(form) == words


def test_a_given_schema_is_told_as_such() -> None:
    form = Form(shape=FormShape.JSON, json_schema={"enum": [1]}, given=True)
    assert form_words(form) == "JSON by the given schema"
