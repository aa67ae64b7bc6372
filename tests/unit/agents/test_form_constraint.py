"""Which constraint an engine is given for a form."""

from __future__ import annotations

import re

import pytest

from agents.form_constraint import constraint_of
from router.engine import Constraint, EngineCaps
from router.types.form import Form, FormShape

BOTH = EngineCaps(engine="e", model="m", local=True, json_schema=True, regex=True)
SCHEMAS = EngineCaps(engine="e", model="m", local=True, json_schema=True)
CLOUD = EngineCaps(engine="e", model="m", local=False, json_schema=True, regex=True)
SCHEMA = {"type": "object", "properties": {"a": {}}, "required": ["a"]}
JSON = Form(shape=FormShape.JSON, json_schema=SCHEMA)
DATE = Form(shape=FormShape.DATE, layout="YYYY-MM-DD", pattern=r"\d{4}-\d{2}-\d{2}")
LABEL = Form(shape=FormShape.LABEL, labels=("c++ (new)", "não", "a/b."))


def test_json_with_keys_becomes_a_schema() -> None:
    assert constraint_of(JSON, SCHEMAS) == Constraint(json_schema=SCHEMA)


def test_labels_become_an_expression_that_matches_them_and_nothing_else() -> None:
    constraint = constraint_of(LABEL, BOTH)
    assert constraint is not None
    assert constraint.regex is not None
    assert all(re.fullmatch(constraint.regex, label) for label in LABEL.labels)
    assert not re.fullmatch(constraint.regex, "a/bc")
    assert not re.fullmatch(constraint.regex, "não, a/b.")


def test_several_labels_are_separated_by_commas() -> None:
    constraint = constraint_of(LABEL.model_copy(update={"several": True}), BOTH)
    assert constraint is not None
    assert constraint.regex is not None
    assert re.fullmatch(constraint.regex, "não, a/b.")


def test_a_named_format_becomes_its_expression() -> None:
    assert constraint_of(DATE, BOTH) == Constraint(regex=DATE.pattern)


@pytest.mark.parametrize(
    ("form", "caps"),
    [
        (JSON, CLOUD),
        (DATE, CLOUD),
        (DATE, SCHEMAS),
        (LABEL, SCHEMAS),
        (Form(shape=FormShape.JSON), BOTH),
        (Form(max_words=6), BOTH),
        (Form(shape=FormShape.TABLE), BOTH),
    ],
)
def test_what_cannot_be_held_to_is_left_to_the_check(form: Form, caps: EngineCaps) -> None:
    assert constraint_of(form, caps) is None
