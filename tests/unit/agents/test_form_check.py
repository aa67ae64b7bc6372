"""Whether an answer has the form that was asked for: what passes, and what is found."""

from __future__ import annotations

import pytest

from agents.checks.form import in_form
from router.types.completion import Completion
from router.types.decision import EscalationReason
from router.types.form import Form, FormShape
from router.types.result import CheckResult


def judged(form: Form, text: str) -> CheckResult | None:
    return in_form(form, Completion(text=text, engine="scripted", model="m", finish_reason="stop"))


PERSON = {
    "type": "object",
    "properties": {"name": {}, "age": {"type": ["number", "null"]}},
    "required": ["name", "age"],
}
JSON = Form(shape=FormShape.JSON, json_schema=PERSON)
ONLY_JSON = JSON.model_copy(update={"alone": True})
MOOD = Form(shape=FormShape.LABEL, labels=("positivo", "negativo", "não sei"), alone=True)
OPEN_MOOD = MOOD.model_copy(update={"alone": False})
TAGS = Form(shape=FormShape.LABEL, labels=("bug", "ui", "docs"), several=True, alone=True)
ISO = Form(shape=FormShape.DATE, layout="YYYY-MM-DD", pattern=r"\d{4}-\d{2}-\d{2}", alone=True)
NUMBER = Form(shape=FormShape.NUMBER, pattern=r"-?\d+(?:[.,]\d+)?", alone=True)
SQL = Form(shape=FormShape.CODE, code_language="sql", alone=True)
TABLE = Form(shape=FormShape.TABLE, columns=("Dia", "Turno"))
CSV = Form(shape=FormShape.CSV, columns=("nome", "idade"), alone=True)
THREE = Form(shape=FormShape.LIST, items=3)
TITLE = Form(max_words=6)
ONE_SENTENCE = Form(max_sentences=1)
CAPS = Form(case="upper")
LONG_EN = "The parcel was left with the neighbours on Tuesday, so please ask them first about it."
LONG_PT = "A encomenda foi deixada com os vizinhos na terça-feira, pergunte a eles primeiro."


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (JSON, '{"name": "Ana", "age": 30, "more": true}'),
        (JSON, 'Here it is:\n```json\n{"name": "Ana", "age": null}\n```'),
        (ONLY_JSON, '```json\n{"name": "Ana", "age": 30}\n```\n'),
        (MOOD, "Positivo."),
        (MOOD, '"nao sei"'),
        (OPEN_MOOD, "É negativo, porque o cliente reclama da demora."),
        (TAGS, "bug, docs"),
        (TAGS, "ui"),
        (ISO, "2026-03-01\n"),
        (NUMBER, "42."),
        (NUMBER, "3,5%"),
        (SQL, "```sql\nSELECT 1;\n```"),
        (SQL, "SELECT 1"),
        (TABLE, "| Dia | Turno |\n|---|---|\n| seg | manhã |"),
        (CSV, "nome,idade\nTéo,9\nLiz,12"),
        (THREE, "1. a\n2. b\n3. c"),
        (THREE, "Claro:\n- a\n- b\n- c"),
        (THREE, "a, b, c"),
        (TITLE, "Seis palavras cabem bem neste título"),
        (ONE_SENTENCE, "Dr. Lima vem às 10h, p. ex., com 3.5 kg de pão."),
        (CAPS, "TOQUE A CAMPAINHA, POR FAVOR"),
        (Form(language="pt"), LONG_PT),
        (Form(alone=True), "Here is the key: blue opens the gate."),
    ],
)
def test_what_is_in_form_passes(form: Form, text: str) -> None:
    found = judged(form, text)
    assert found is not None
    assert found.passed, found.finding


@pytest.mark.parametrize(
    ("form", "text", "finding"),
    [
        (JSON, "Ana is 30 years old.", "JSON was asked for"),
        (JSON, '{"name": "Ana"}', "'age' is a required property"),
        (JSON, '{"name": "Ana", "age": "30"}', "(at age), as the request names it"),
        (ONLY_JSON, 'Here: {"name": "Ana", "age": 30}', "there is text around it"),
        (MOOD, "neutro", "'neutro', one of positivo, negativo, não sei was asked for"),
        (MOOD, "É positivo porque elogia", "one of positivo"),
        (TAGS, "bug, backend", "some of bug, ui, docs"),
        (ISO, "March 1st, 2026", "'March 1st, 2026', YYYY-MM-DD was asked for"),
        (NUMBER, "about forty", "only a number was asked for"),
        (NUMBER, "It is 42 miles", "only a number was asked for"),
        (SQL, "This selects one:\n```sql\nSELECT 1;\n```", "only code was asked for"),
        (TABLE, "Monday morning, Tuesday late", "there is none"),
        (TABLE, "| Day | Shift |\n|---|---|\n| a | b |", "no column 'Dia'"),
        (CSV, "name,idade\nTéo,9", "no column 'nome'"),
        (CSV, "Here you go:\n```csv\nnome,idade\na,1\n```", "text around it"),
        (THREE, "1. a\n2. b", "the list has 2 items, 3 were asked for"),
        (TITLE, "one two three four five six seven", "has 7 words, at most 6 were asked for"),
        (ONE_SENTENCE, "It came. Nobody was there.", "has 2 sentences, at most 1"),
        (Form(max_chars=5), "123456", "has 6 characters, at most 5"),
        (Form(max_lines=1), "a\nb", "has 2 lines, at most 1"),
        (Form(min_words=5, max_words=9), "too short", "has 2 words, at least 5"),
        (CAPS, "Please Ring Bell", "not in upper case"),
        (Form(case="title"), "maria Clara Antunes", "not in title case"),
        (Form(language="pt"), LONG_EN, "not in Portuguese"),
        (
            Form(alone=True),
            "Sure! Here is the corrected sentence:\nThey're going home.",
            "begins with an introduction",
        ),
    ],
)
def test_what_is_out_of_form_is_found_in_words(form: Form, text: str, finding: str) -> None:
    found = judged(form, text)
    assert found is not None
    assert not found.passed
    assert found.reason is EscalationReason.FORM
    assert finding in found.finding


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (Form(shape=FormShape.JSON, json_schema=PERSON, given=True), "no JSON"),
        (Form(masked=True), "the text with [NAME]"),
        (TITLE, "  \n"),
        (SQL.model_copy(update={"alone": False}), "SELECT 1"),
    ],
)
def test_what_cannot_be_told_is_no_finding(form: Form, text: str) -> None:
    assert judged(form, text) is None


@pytest.mark.parametrize("unit", [".", "```\n", "-", " ", "\n", "a.\n", "| "])
def test_no_answer_takes_long_to_check(unit: str) -> None:
    text = unit * 20_000
    for form in (ONLY_JSON, TAGS, NUMBER, SQL, TABLE, CSV, THREE, ONE_SENTENCE, Form(alone=True)):
        judged(form, text)
