"""The text of an answer on its way to the reader."""

from __future__ import annotations

import itertools
import json

from hypothesis import given
from hypothesis import strategies as st

from agents.engines.answer_text import AnswerText


def through(answer: AnswerText, pieces: list[str]) -> str:
    return "".join(answer.feed(piece) for piece in pieces) + answer.rest()


def cut_in_pieces(text: str, cuts: list[int]) -> list[str]:
    edges = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [text[a:b] for a, b in itertools.pairwise(edges)]


def test_without_stops_every_piece_goes_straight_through() -> None:
    answer = AnswerText()
    assert [answer.feed(piece) for piece in ("one", " two")] == ["one", " two"]
    assert (answer.rest(), answer.text, answer.pieces) == ("", "one two", 2)


def test_a_stop_string_that_arrives_in_two_pieces_is_still_one() -> None:
    answer = AnswerText(stops=("<end>",))

    assert through(answer, ["hello <e", "nd> more"]) == "hello "
    assert answer.stopped


def test_what_only_looked_like_a_stop_string_is_given_out_in_the_end() -> None:
    answer = AnswerText(stops=("<end>",))

    assert answer.feed("a <e") == "a "
    assert answer.feed("l> b <en") == "<el> b "
    assert answer.rest() == "<en"
    assert not answer.stopped


@given(
    text=st.text(alphabet="abc", max_size=40),
    stops=st.lists(st.text(alphabet="abc", min_size=1, max_size=4), max_size=3),
    cuts=st.lists(st.integers(0, 40), max_size=6),
)
def test_however_it_is_cut_the_answer_ends_before_the_stop_that_is_complete_first(
    text: str, stops: list[str], cuts: list[int]
) -> None:
    answer = AnswerText(stops=stops)
    found = [(at + len(stop), at) for stop in stops if (at := text.find(stop)) >= 0]

    given_out = through(answer, cut_in_pieces(text, cuts))

    assert given_out == (text[: min(found)[1]] if found else text)
    assert answer.text == given_out


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@given(value=json_values, cuts=st.lists(st.integers(0, 200), max_size=6))
def test_json_comes_out_compact_and_means_the_same(value: object, cuts: list[int]) -> None:
    spaced = json.dumps(value, indent=2, ensure_ascii=False)

    compact = through(AnswerText(compact_json=True), cut_in_pieces(spaced, cuts))

    assert compact == json.dumps(value, separators=(",", ":"), ensure_ascii=False)
