"""Placeholders: the same for the same value, and the text comes back, whole or in pieces."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.privacy.detect.detectors import Detectors
from router.privacy.detect.found import Found
from router.privacy.redaction import Redaction, StreamRestorer

DETECTORS = Detectors()


def redacted(redaction: Redaction, text: str) -> str:
    return redaction.redact(text, DETECTORS.find(text))


def streamed(restorer: StreamRestorer, pieces: list[str]) -> str:
    return "".join([*(restorer.feed(piece) for piece in pieces), restorer.close()])


def test_a_value_has_one_placeholder_in_all_texts_of_a_task() -> None:
    redaction = Redaction()

    assert redacted(redaction, "a@b.com or c@d.org") == "[EMAIL_1] or [EMAIL_2]"
    assert redacted(redaction, "again c@d.org") == "again [EMAIL_2]"
    assert redaction.mapping == {"[EMAIL_1]": "a@b.com", "[EMAIL_2]": "c@d.org"}


def test_a_number_is_the_same_with_and_without_dots_and_comes_back_as_first_written() -> None:
    redaction = Redaction()

    assert redacted(redaction, "529.982.247-25, cpf 52998224725") == "[CPF_1], cpf [CPF_1]"
    assert redaction.restore("[CPF_1]") == "529.982.247-25"


def test_a_copy_that_nothing_points_at_is_replaced_too() -> None:
    redaction = Redaction()
    text = "senha: hunter22! Type hunter22! and not hunter22!x"

    assert redacted(redaction, text) == "senha: [SECRET_1] Type [SECRET_1] and not [SECRET_1]x"
    assert redacted(redaction, "is it hunter22!?") == "is it [SECRET_1]?"


def test_a_placeholder_that_the_text_holds_already_is_not_given_out() -> None:
    redaction = Redaction()
    text = "write to a@b.com, not to [EMAIL_1] or [email_2]"

    assert redacted(redaction, text) == "write to [EMAIL_3], not to [EMAIL_1] or [email_2]"
    assert redaction.restore(redacted(redaction, text)) == text


def test_a_later_text_that_holds_our_placeholder_literally_keeps_it() -> None:
    redaction = Redaction()
    redacted(redaction, "a@b.com")
    text = r"what does [EMAIL_1] or \[email_1\] mean to a@b.com?"

    hidden = redacted(redaction, text)

    assert hidden == "what does [LITERAL_1] or [LITERAL_2] mean to [EMAIL_1]?"
    assert redaction.restore(hidden) == text


@pytest.mark.parametrize(
    ("answer", "restored"),
    [
        ("[email_1]", "a@b.com"),
        ("**[EMAIL_1]**", "**a@b.com**"),
        (r"\[EMAIL_1\]", "a@b.com"),
        (r"\\[EMAIL_1\\]", "a@b.com"),
        (r"[EMAIL\_1]", "a@b.com"),
        ("[ Email 1 ]", "a@b.com"),
        ("`[EMAIL_1]`.", "`a@b.com`."),
        ("[[EMAIL_1]]", "[a@b.com]"),
        ("[EMAIL_10] [EMAIL_2] [1] [x](y)", "[EMAIL_10] [EMAIL_2] [1] [x](y)"),
    ],
)
def test_what_models_make_of_a_placeholder_is_restored(answer: str, restored: str) -> None:
    redaction = Redaction()
    redacted(redaction, "a@b.com")

    assert redaction.restore(answer) == restored
    assert streamed(redaction.restorer(), list(answer)) == restored


def test_a_value_inside_json_stays_valid_json() -> None:
    redaction = Redaction()
    value = 'pa"ss\\wörd\n9'
    hidden = redaction.redact(value, [Found("secret", 0, len(value))])
    answer = json.dumps({"password": f"it is {hidden}", "escaped": r"\[secret_1\]"})

    restored = json.loads(redaction.restore(answer, json=True))

    assert restored == {"password": f"it is {value}", "escaped": value}
    assert json.loads(streamed(redaction.restorer(json=True), list(answer))) == restored


def test_a_stream_keeps_back_only_what_may_be_a_placeholder() -> None:
    redaction = Redaction()
    redacted(redaction, "a@b.com")
    restorer = redaction.restorer()

    assert restorer.feed("see [the") == "see [the"
    assert restorer.feed(" list] and [EM") == " list] and "
    assert restorer.feed("AIL_1") == ""
    assert restorer.feed("] or [EMAIL_7") == "a@b.com or [EMAIL_7"
    assert restorer.feed(" [E") == " "
    assert restorer.close() == "[E"


@pytest.mark.parametrize(
    "finds", [[Found("email", 0, 4), Found("phone", 3, 6)], [Found("email", 5, 99)]]
)
def test_finds_of_another_text_are_refused(finds: list[Found]) -> None:
    with pytest.raises(ValueError, match="of this very text"):
        Redaction().redact("some text", finds)


SCRAPS = st.sampled_from(
    [
        *("[EMAIL_1]", r"\[EMAIL_1\]", "[email_2]", "[SECRET_1]", "[LITERAL_1]", "[X_1]", "[E"),
        *("\\", "[", "]", "_1]", "EMAIL_1", "a@b.com", "ana@uol.com.br", "529.982.247-25", " "),
        *("senha: hunter22!", "hunter22!", "(11) 98765-4321", "\n", '"', "**"),
    ]
)
TEXTS = st.lists(st.one_of(SCRAPS, st.text(max_size=6)), max_size=12).map("".join)


@st.composite
def texts_with_finds(draw: st.DrawFn) -> tuple[str, list[Found]]:
    """A text and any finds in it, of kinds whose values are taken as they are written."""
    text = draw(TEXTS)
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    kinds = st.sampled_from(["email", "secret", "x", "literal", "e-mail"])
    return text, [
        Found(draw(kinds), start, end) for start, end in zip(cuts[::2], cuts[1::2], strict=False)
    ]


def split(text: str, draw: st.DataObject) -> list[str]:
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(text)), max_size=12)))
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@given(st.lists(texts_with_finds(), min_size=1, max_size=3), st.data())
def test_any_texts_with_any_finds_come_back_whole_and_in_pieces(
    given_texts: list[tuple[str, list[Found]]], data: st.DataObject
) -> None:
    redaction = Redaction()
    hidden = [redaction.redact(text, finds) for text, finds in given_texts]

    for (text, _), each in zip(given_texts, hidden, strict=True):
        assert redaction.restore(each) == text
        assert streamed(redaction.restorer(), split(each, data)) == text


@given(TEXTS, st.data())
def test_a_streamed_answer_is_restored_as_the_whole_would_be(
    answer: str, data: st.DataObject
) -> None:
    redaction = Redaction()
    redacted(redaction, "a@b.com, senha: hunter22! and (11) 98765-4321")

    assert streamed(redaction.restorer(), split(answer, data)) == redaction.restore(answer)


@given(TEXTS)
def test_what_was_found_comes_back_and_does_not_survive_redaction(text: str) -> None:
    redaction = Redaction()

    hidden = redacted(redaction, text)

    assert redaction.restore(hidden) == text
    left = {hidden[find.start : find.end] for find in DETECTORS.find(hidden)}
    assert left.isdisjoint(redaction.mapping.values())
