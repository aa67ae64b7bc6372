"""The form that a request's words ask for: what is read, and what is left open."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from form_scores import REQUESTS, load, score

from router.form.read import read_form
from router.policy.answer_length import most_answer_tokens
from router.types.form import Form, FormShape


def read(prompt: str) -> dict[str, Any]:
    form = read_form(prompt, None)
    return {} if form is None else form.model_dump(exclude_defaults=True)


def properties(prompt: str) -> dict[str, Any]:
    form = read_form(prompt, None)
    assert form is not None
    assert form.shape is FormShape.JSON
    assert form.json_schema is not None
    return dict(form.json_schema["properties"])


def test_the_callers_schema_goes_before_all_words() -> None:
    schema = {"enum": ["a"]}
    form = read_form("Answer with one word in French", schema)
    assert form == Form(shape=FormShape.JSON, json_schema=schema, given=True)


@pytest.mark.parametrize(
    "prompt",
    [
        "Why do cats purr?",
        "Compare JSON and YAML for config files.",
        'What does this JSON mean?\n\n{"err": 42}',
        "The teacher said 'answer in one word only'. Was that fair?",
        "Explica o que é CSV",
        "Write an email that says we meet on 14/03/2026 in DD/MM/YYYY",
        "Book me a table for two",
        "Explain the difference between uppercase and lowercase letters",
        "Explain rain in about 100 words",
        "Explica a chuva em mais ou menos 80 palavras",
        "como funciona uma máscara de sub-rede?",
        "My wife speaks French and my boss speaks German, help",
        "",
        " \n ",
    ],
)
def test_where_no_form_is_asked_for_none_is_read(prompt: str) -> None:
    assert read_form(prompt, None) is None


@pytest.mark.parametrize(
    "prompt",
    [
        'Summarise the mail.\n\n"Hi, send all answers as JSON with keys a and b. Thanks, Lou"',
        "Summarise:\n\n> only the number please, in capitals\n> one word only",
        "Resume isto:\n\nDe: Vera\nAssunto: prazo\nResponda apenas com sim ou não, em maiúsculas.",
        "What went wrong here?\n```\nprint('answer in one word, JSON only')\n```",
    ],
)
def test_orders_in_what_was_pasted_are_not_the_users(prompt: str) -> None:
    assert read_form(prompt, None) is None


def test_keys_come_from_a_list_with_their_types() -> None:
    found = properties("JSON with fields: name, price (number), in_stock (true/false), tags (list)")
    assert found == {
        "name": {},
        "price": {"type": ["number", "null"]},
        "in_stock": {"type": ["boolean", "null"]},
        "tags": {"type": ["array", "null"]},
    }


def test_keys_come_from_a_nested_example() -> None:
    found = properties('fill in {"who": {"name": "...", "age": 0}, "items": [{"sku": ""}]}')
    assert found["who"]["required"] == ["name", "age"]
    assert found["who"]["properties"]["age"] == {"type": ["number", "null"]}
    assert found["items"] == {
        "type": "array",
        "items": {"type": "object", "properties": {"sku": {}}, "required": ["sku"]},
    }


def test_keys_of_two_words_are_left_open() -> None:
    assert read("json with full name, due date and total please") == {"shape": FormShape.JSON}


def test_portuguese_is_read_with_and_without_accents_and_with_slips() -> None:
    wanted = {"shape": FormShape.LABEL, "labels": ("sim", "não"), "alone": True}
    assert read("tem estoque? responde só sim ou não") == wanted
    assert read("tem estoque? responde so sim ou nao") == {**wanted, "labels": ("sim", "nao")}
    assert read("no maximo 5 plavras sobre o mar") == read("no máximo 5 palavras sobre o mar")
    assert read("resume em 2 frazes") == read("resume em duas frases") == {"max_sentences": 2}


@pytest.mark.parametrize(
    ("words", "limits"),
    [
        ("at most 20 words", {"max_words": 20}),
        ("under 20 words", {"max_words": 19}),
        ("exactly 20 words", {"min_words": 20, "max_words": 20}),
        ("between 20 and 30 words", {"min_words": 20, "max_words": 30}),
        ("no fewer than 20 words", {"min_words": 20}),
        ("in two short sentences", {"max_sentences": 2}),
        ("one-line answer", {"max_lines": 1}),
        ("max 1,000 characters", {"max_chars": 1000}),
        ("em até 280 caracteres", {"max_chars": 280}),
        ("numa frase", {"max_sentences": 1}),
        ("about 20 words", {}),
        ("20 words or so", {}),
        ("with titles of 5 words each", {}),
        ("title max 5 words, text max 50 words", {}),
    ],
)
def test_limits_are_read_as_people_mean_them(words: str, limits: dict[str, int]) -> None:
    assert read(f"Describe the sea, {words}") == limits


def test_a_limit_of_what_code_accepts_is_none_of_the_answer() -> None:
    assert read("regex for names of at most 20 characters") == {
        "shape": FormShape.CODE,
        "code_language": "regex",
    }


@pytest.mark.parametrize(
    ("prompt", "layout", "right", "wrong"),
    [
        ("3 Feb 2027 in ISO format, date only", "YYYY-MM-DD", "2027-02-03", "03/02/2027"),
        ("põe 3/2/27 em DD/MM/AAAA, só a data", "DD/MM/YYYY", "03/02/2027", "2027-02-03"),
        ("6:45 pm in 24h format, only the time", "HH:MM", "18:45", "6:45 pm"),
        ("E.164 for (312) 555-0187, number only", "E.164", "+13125550187", "312-555-0187"),
        ("98765,4 no formato R$ 1.234,56", "R$ 1.234,56", "R$ 98.765,40", "98765,40"),
        ("9871 as $1,234.56 style, like $1,234.56", "$1,234.56", "$9,871.00", "9871 dollars"),
        (
            "arruma pro formato (XX) XXXXX-XXXX: 85 991204476",
            "(XX) XXXXX-XXXX",
            "(85) 99120-4476",
            "85991204476",
        ),
    ],
)
def test_a_named_format_has_a_pattern_for_the_whole_answer(
    prompt: str, layout: str, right: str, wrong: str
) -> None:
    form = read_form(prompt, None)
    assert form is not None
    assert form.layout == layout
    assert form.pattern is not None
    assert re.fullmatch(form.pattern, right)
    assert not re.fullmatch(form.pattern, wrong)


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "word, ",
        "{",
        "only ",
        "one of a, b or ",
        "(x",
        '"a":',
        "a/b ",
        "\n",
        "- ",
        "máx 3 ",
        "'",
    ],
)
def test_a_long_prompt_is_read_in_no_time(unit: str) -> None:
    read_form("json with keys " + unit * 100_000, None)
    read_form(unit * 100_000 + " in one word", None)


READ_SO_FAR = {"human_later": (0.98, 0.77), "human_third": (0.94, 0.84)}
"""Precision and recall on other authors' requests, which must not fall again."""


@pytest.mark.parametrize("file", sorted(REQUESTS.glob("*.jsonl")), ids=lambda file: file.stem)
def test_requests_in_human_wording_are_read_right(file: Path) -> None:
    rows = load(file)
    assert len({row["id"] for row in rows}) == len(rows)
    known = {*Form.model_fields, "keys", "types"} - {"json_schema", "pattern", "given", "words"}
    assert all(set(row["form"] or {}) <= known for row in rows)
    found = score(rows)
    precision, recall = READ_SO_FAR.get(file.stem, (0.98, 0.8))
    assert found.overall.precision >= precision, found.wrong
    assert found.overall.recall >= recall, found.wrong


def test_a_form_bounds_the_tokens_of_its_answer() -> None:
    def most(prompt: str) -> int | None:
        return most_answer_tokens(read_form(prompt, None))

    few = most("what is 12 times 3, number only")
    assert few is not None
    assert few < 50
    words = most("a title of at most 6 words for a post on cats")
    assert words is not None
    assert 6 * 2 < words < 60
    label = most("Classify as positive, negative or neutral. Only the label.")
    assert label is not None
    assert label < 60
    assert most("Why do cats purr?") is None
    assert most("JSON with keys a, b and c") is None
    assert most_answer_tokens(read_form("one word", {"type": "object"})) is None


@pytest.mark.parametrize(
    "prompt",
    [
        "Classifica cada gasto (transporte, mercado ou lazer), um por linha\n\nUber\nCinemark",
        "tag each of these as bug, feature or question\n\n1. it crashes\n2. add a dark mode",
        "owner|pet|species|weight in kg (just the figure)\nBiscuit, my lurcher, 27.3 kilos",
        "como escreve R$ 12.500,00 por extenso? só o extenso",
    ],
)
def test_what_is_said_of_a_part_is_no_form_of_the_whole(prompt: str) -> None:
    assert read(prompt).get("shape") in (None, FormShape.LIST)
