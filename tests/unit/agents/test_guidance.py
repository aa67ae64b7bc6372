"""Answers held to a constraint, token by token, with llguidance and a tokenizer of our own."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from exl2_extra import needs_the_extra

needs_the_extra()

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from agents.engines.guidance import ConstraintRefused, Follower, Guide
from router.engine import Constraint

ENDS = (0, 2)
"""<|endoftext|> and <|im_end|>."""

PADDING = 20
"""Logits of the head beyond the last token."""


def byte_tokenizer() -> Any:
    """A token a byte, and a few that reach over the parts of a JSON text."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    merges = [('"', ":"), ('":', '"'), ('"', ","), ('",', '"'), ("}", "]"), ("{", '"'), ("Ġ", "Ġ")]
    pieces = [*special, *letters, *("".join(pair) for pair in merges)]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(name, special=True) for name in special])
    return tokenizer


TOKENIZER = byte_tokenizer()
GUIDE = Guide(TOKENIZER.to_str(), ENDS, TOKENIZER.get_vocab_size() + PADDING)

SCHEMAS: tuple[dict[str, Any], ...] = (
    {
        "type": "object",
        "properties": {
            "route": {"enum": ["coder", "general", "ação"]},
            "n": {"type": "integer", "minimum": -3, "maximum": 40},
            "sure": {"type": "boolean"},
            "why": {"type": ["string", "null"], "maxLength": 5},
        },
        "required": ["route", "sure"],
        "additionalProperties": False,
    },
    {
        "type": "array",
        "minItems": 1,
        "maxItems": 3,
        "items": {"$ref": "#/$defs/pair"},
        "$defs": {
            "pair": {
                "type": "object",
                "properties": {"id": {"type": "string", "pattern": "^[a-f]{2}$"}},
                "required": ["id"],
                "additionalProperties": False,
            }
        },
    },
    {
        "oneOf": [
            {
                "type": "object",
                "properties": {"kind": {"const": kind}, "x": {"type": ["integer", "boolean"]}},
                "required": ["kind"],
                "additionalProperties": False,
            }
            for kind in ("a", "b")
        ]
    },
)
EXPRESSIONS = ("(coder|general|cloud)", "[a-c]{2,4}-[0-9]+", "", "não?", "x*")


def tokens(text: str) -> list[int]:
    ids: list[int] = TOKENIZER.encode(text).ids
    return ids


def text_of(ids: list[int]) -> str:
    text: str = TOKENIZER.decode(ids)
    return text


def allowed(follower: Follower) -> set[int]:
    return {int(token) for token in np.flatnonzero(follower.allowed())}


def walk(constraint: Constraint, data: st.DataObject) -> str:
    """An answer of tokens drawn from the allowed ones; after 60 of them it ends as soon as it may.

    A string would go on for long by chance: what closes something is then taken first.
    """
    closing = {*tokens('"'), *tokens("}"), *tokens("]")}
    follower = GUIDE.follow(constraint)
    ids: list[int] = []
    while True:
        choices = sorted(allowed(follower))
        ends = [token for token in choices if token in ENDS]
        if len(ids) > 60:
            choices = ends or [token for token in choices if token in closing] or choices
        token = data.draw(st.sampled_from(choices))
        follower.take(token)
        if token in ENDS:
            return text_of(ids)
        ids.append(token)
        assert len(ids) < 2000, text_of(ids)


@given(data=st.data(), schema=st.sampled_from(SCHEMAS))
def test_whatever_is_drawn_satisfies_the_schema_and_is_compact(
    data: st.DataObject, schema: dict[str, Any]
) -> None:
    text = walk(Constraint(json_schema=schema), data)
    value = json.loads(text)
    Draft202012Validator(schema).validate(value)
    outside_strings = re.sub(r'"(\\.|[^"\\])*"', '""', text)
    assert not re.search(r"\s", outside_strings), text


@given(data=st.data(), expression=st.sampled_from(EXPRESSIONS))
def test_whatever_is_drawn_matches_the_expression(data: st.DataObject, expression: str) -> None:
    text = walk(Constraint(regex=expression), data)
    assert re.fullmatch(expression, text), text


def test_the_end_is_allowed_when_the_answer_is_whole_and_then_every_end() -> None:
    follower = GUIDE.follow(Constraint(regex="ab?"))
    assert allowed(follower) == set(tokens("a"))
    follower.take(*tokens("a"))
    assert allowed(follower) == {*ENDS, *tokens("b")}
    follower.take(*tokens("b"))
    assert allowed(follower) == set(ENDS)
    follower.take(ENDS[1])
    assert allowed(follower) == set(ENDS), "a model asked once more is still told to end"


def test_neither_padding_nor_marks_of_the_conversation_are_ever_allowed() -> None:
    follower = GUIDE.follow(Constraint(regex="[\\s\\S]*"))
    mask = follower.allowed()
    assert mask.shape == (TOKENIZER.get_vocab_size() + PADDING,)
    assert not mask[-PADDING:].any()
    assert not mask[1], "<|im_start|>"
    assert mask[tokens("x")].all()


def test_a_head_of_fewer_logits_than_tokens_is_no_trouble() -> None:
    guide = Guide(TOKENIZER.to_str(), ENDS, 100)
    assert guide.follow(Constraint(regex="[\\s\\S]*")).allowed().shape == (100,)


def test_followers_of_one_guide_do_not_disturb_each_other() -> None:
    constraint = Constraint(regex="abc")
    one, other = GUIDE.follow(constraint), GUIDE.follow(constraint)
    one.take(*tokens("a"))
    assert allowed(one) == set(tokens("b"))
    assert allowed(other) == set(tokens("a"))


def test_a_token_that_is_not_allowed_is_refused_and_so_is_what_comes_after() -> None:
    follower = GUIDE.follow(Constraint(regex="ab"))
    with pytest.raises(ConstraintRefused, match="may not follow"):
        follower.take(*tokens("b"))
    with pytest.raises(ConstraintRefused, match="no token may follow"):
        follower.allowed()


@pytest.mark.parametrize(
    ("constraint", "reason"),
    [
        (Constraint(regex="("), "unclosed group"),
        (Constraint(regex="(?=a)b"), "look-around"),
        (Constraint(regex="(a)\\1"), "backreferences"),
        (Constraint(regex="a[^\\s\\S]"), r"the expression .* no token may follow"),
        (Constraint(json_schema={"type": "poem"}), "JSON schema cannot be enforced.*poem"),
        (Constraint(json_schema={"enum": []}), "Unsatisfiable"),
        (Constraint(json_schema={"type": "array", "uniqueItems": True}), "uniqueItems"),
        (Constraint(json_schema={"$ref": "https://example.org/s"}), "example.org"),
        (Constraint(json_schema={"type": "string", "format": "poem"}), "Unknown format"),
        (Constraint(json_schema={"const": {1}}), "JSON schema cannot be read"),
    ],
)
def test_what_cannot_be_enforced_whole_is_refused(constraint: Constraint, reason: str) -> None:
    with pytest.raises(ConstraintRefused, match=reason):
        GUIDE.follow(constraint)


def test_a_schema_cannot_have_parts_of_it_ignored() -> None:
    lenient = {"type": "integer", "not": {"const": 1}, "x-guidance": {"lenient": True}}
    with pytest.raises(ConstraintRefused, match="not"):
        GUIDE.follow(Constraint(json_schema=lenient))
    spaced = {"const": [1, 2], "x-guidance": {"whitespace_flexible": True, "item_separator": " ,"}}
    follower = GUIDE.follow(Constraint(json_schema=spaced))
    for token in tokens("[1"):
        follower.take(token)
    assert allowed(follower) == set(tokens(","))


def test_an_answer_past_the_librarys_limits_is_refused_and_not_ended_short() -> None:
    follower = GUIDE.follow(Constraint(regex="(.*a.{200}b.*){3}"))
    choose = np.random.default_rng(0)

    def go_on() -> None:
        for _ in range(3000):
            assert not allowed(follower) & set(ENDS), "nothing of it is whole yet"
            follower.take(tokens("ab")[choose.integers(2)])

    with pytest.raises(ConstraintRefused, match="too many expressions"):
        go_on()
