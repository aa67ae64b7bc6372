"""The form that a request's words ask for, in the whole graph: held to, checked, told."""

from __future__ import annotations

import json
import re
from pathlib import Path

from scripted_router import scripted_router
from tiny_gguf import write_tiny_gguf

from router.store.store import Store
from router.types.decision import EscalationReason
from router.types.form import FormShape
from router.types.result import Result
from router.types.task import Task

TITLE = "A title of at most 4 words for a post about cats"
DATE = "3 feb 2027 in ISO format, just the date"
PERSON = "JSON with keys name and age (number), only the JSON: Ana is thirty"
MOOD = 'Classify as positive, negative or neutral, one word only: "fine I guess"'


def finding(result: Result, attempt: int) -> str:
    checks = result.attempts[attempt].checks
    return next(check.finding for check in checks if check.name == "form")


async def test_an_answer_out_of_form_is_mended_with_the_finding_shown(
    store: Store, tmp_path: Path
) -> None:
    local = [
        {"match": "has 6 words, at most 4 were asked for", "reply": "Cats rule the house"},
        {"reply": "Why cats do rule our houses"},
    ]
    async with scripted_router(store, tmp_path, local=local) as router:
        result = await router.run(Task(prompt=TITLE))
    assert (result.route, result.text) == ("local", "Cats rule the house")
    assert result.attempts[0].escalation is EscalationReason.FORM
    assert finding(result, 0) == "the answer has 6 words, at most 4 were asked for"
    assert result.form is not None
    assert result.form.max_words == 4


async def test_the_form_is_held_to_while_it_is_written(store: Store, tmp_path: Path) -> None:
    # A scripted engine refuses a reply that its constraint rules out, as a real one never writes
    # it, and writes JSON compactly where it is held to a schema.
    local = [
        {"match": "3 feb 2027", "reply": "2027-02-03"},
        {"match": "Ana", "reply": '{"name": "Ana",  "age": 30}'},
        {"match": "Classify", "reply": "neutral"},
    ]
    async with scripted_router(store, tmp_path, local=local) as router:
        answers = [await router.run(Task(prompt=prompt)) for prompt in (DATE, PERSON, MOOD)]
    assert [one.text for one in answers] == ["2027-02-03", '{"name":"Ana","age":30}', "neutral"]
    assert [one.form.shape for one in answers if one.form is not None] == [
        *(FormShape.DATE, FormShape.JSON, FormShape.LABEL)
    ]


async def test_a_model_that_knows_nothing_answers_in_form(store: Store, tmp_path: Path) -> None:
    """A real engine with random weights: the form is all that it keeps."""
    model = {"path": str(write_tiny_gguf(tmp_path / "tiny.gguf")), "threads": 1}
    models = {"general": model, "coder": model}
    async with scripted_router(store, tmp_path, local=[], models=models) as router:
        mood, date, person = [
            await router.run(Task(prompt=prompt)) for prompt in (MOOD, DATE, PERSON)
        ]
    assert mood.text in ("positive", "negative", "neutral")
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", date.text)
    assert list(json.loads(person.text)) == ["name", "age"]
    assert finding(mood, 0) == finding(date, 0) == "has the form that was asked for"


async def test_a_form_of_words_is_no_part_of_the_ledger(store: Store, tmp_path: Path) -> None:
    local = [{"reply": "neutral"}]
    async with scripted_router(store, tmp_path, local=local) as router:
        result = await router.run(Task(prompt=MOOD))
        records = [record async for record in router.ledger.read()]
    assert result.form is not None
    written = json.dumps([record.model_dump(mode="json") for record in records])
    assert records
    assert "positive" not in written


async def test_the_clouds_answer_is_delivered_out_of_form_with_a_warning(
    store: Store, tmp_path: Path
) -> None:
    local, cloud = (
        [{"reply": "Why cats do rule our houses"}],
        [{"reply": "one two three four five"}],
    )
    async with scripted_router(store, tmp_path, local=local, cloud=cloud) as router:
        result = await router.run(Task(prompt=TITLE))
    assert (result.status, result.route) == ("done", "cloud")
    assert result.attempts[-1].outcome == "accepted"
    assert any("at most 4 were asked for" in warning for warning in result.warnings)


async def test_the_callers_schema_goes_first(store: Store, tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    local = [{"reply": '{"n": 3}'}]
    async with scripted_router(store, tmp_path, local=local) as router:
        result = await router.run(Task(prompt=PERSON, json_schema=schema))
    assert result.text == '{"n":3}'
    assert result.form is not None
    assert result.form.given
    assert "form" not in {check.name for check in result.checks}


async def test_an_answer_that_outgrows_its_form_is_cut_off(store: Store, tmp_path: Path) -> None:
    local = [{"reply": "cats " * 500}]
    async with scripted_router(store, tmp_path, local=local) as router:
        result = await router.run(Task(prompt=TITLE))
    usage = result.attempts[0].usage
    assert usage.completion_tokens <= 4 * 3 + 16
    assert result.attempts[0].escalation is EscalationReason.CUT_OFF
