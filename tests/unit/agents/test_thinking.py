"""What a model thought aloud, told from its answer however the text arrives."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.engines.answer_text import AnswerText
from agents.engines.thinking import Thinking, without_thinking
from router.types.task import Message


def read(
    text: str, cuts: list[int], *, asked: str = "", opened: bool = False, cut_off: bool = False
) -> tuple[str, str]:
    """(thinking, answer) of a text that arrives in pieces."""
    thinking = Thinking(asked=(Message(role="user", content=asked),), opened=opened)
    edges = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    answer = ""
    for begin, end in itertools.pairwise(edges):
        given_out = thinking.feed(text[begin:end])
        answer = given_out.text if given_out.restarts else answer + given_out.text
    answer += thinking.rest(cut_off=cut_off)
    return thinking.text, answer


CASES = {
    "a leading block": ("<think>\nhm, 4\n</think>\n\nIt is 4.", "hm, 4", "It is 4."),
    "after white space": ("\n <think>hm</think>4", "hm", "4"),
    "an empty one": ("<think>\n\n</think>\n\n4", "", "4"),
    "in capitals": ("<Think>hm</THINK>4", "hm", "4"),
    "thinking": ("<thinking>hm</thinking>4", "hm", "4"),
    "Magistral's": ("[THINK]hm[/THINK]4", "hm", "4"),
    "Kimi's": ("◁think▷hm◁/think▷4", "hm", "4"),
    "Seed's": ("<seed:think>hm</seed:think>4", "hm", "4"),
    "gpt-oss's": (
        "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>4",
        "hm",
        "4",
    ),
    "two blocks": ("<think>a</think>\n<think>b</think>\n4", "a\n\nb", "4"),
    "a lone closing mark": ("first 2, then 2\n</think>\n\n4", "first 2, then 2", "4"),
    "a lone closing mark, glued": (
        "first 2, then 2.</think>It is 4.",
        "first 2, then 2.",
        "It is 4.",
    ),
    "never closed": ("<think>and so on and", "and so on and", ""),
    "only thoughts": ("well\n</think>\n", "well", ""),
    "none": ("It is 4.", "", "It is 4."),
    "none, indented": ("    x = 4", "", "    x = 4"),
    "a word that begins alike": ("<thin>4</thin>", "", "<thin>4</thin>"),
    "in the middle": ("Write <think>x</think> first.", "", "Write <think>x</think> first."),
    "in code": ("```\ns.split('</think>')\n```", "", "```\ns.split('</think>')\n```"),
    "quoted": ("The mark `</think>` ends it.", "", "The mark `</think>` ends it."),
    "in JSON": ('{"end": "x </think> y"}', "", '{"end": "x </think> y"}'),
    "after the thinking": (
        "<think>a</think>Write <think> and </think>.",
        "a",
        "Write <think> and </think>.",
    ),
    "other people's XML": (
        "<reasoning>why</reasoning><answer>4</answer>",
        "why",
        "<answer>4</answer>",
    ),
}


@pytest.mark.parametrize(("text", "thought", "answer"), CASES.values(), ids=CASES)
@given(cuts=st.lists(st.integers(0, 200), max_size=12))
def test_thinking_is_told_from_the_answer_however_it_is_cut(
    text: str, thought: str, answer: str, cuts: list[int]
) -> None:
    assert read(text, cuts) == (thought, answer)
    assert read(text, list(range(len(text)))) == (thought, answer)


def test_a_mark_that_the_task_speaks_of_is_the_answers_own() -> None:
    asked = "Which mark ends a thought of Qwen's? Answer as <reasoning>...</reasoning>."
    text = "<reasoning>it is</reasoning> </think> of course"
    assert read(text, [], asked=f"{asked} </think>?") == ("", text)


def test_a_leading_block_is_thinking_even_where_the_task_speaks_of_the_mark() -> None:
    text = "<think>hm</think>Use <think>."
    assert read(text, [], asked="What is <think> for?") == ("hm", "Use <think>.")


def test_a_model_that_opens_its_thinking_unseen_gives_nothing_out_before_the_mark() -> None:
    thinking = Thinking(opened=True)
    assert [thinking.feed(piece).text for piece in ("let me", " see </thi", "nk>\n\n4")] == [
        "",
        "",
        "4",
    ]
    assert thinking.text == "let me see"


@given(cuts=st.lists(st.integers(0, 60), max_size=6))
def test_a_model_that_did_not_think_this_time_has_answered(cuts: list[int]) -> None:
    assert read("It is 4.", cuts, opened=True) == ("", "It is 4.")
    assert read("It is 4 and", cuts, opened=True, cut_off=True) == ("It is 4 and", "")


@given(text=st.text(alphabet="<>/think[] ab\n", max_size=60), cuts=st.lists(st.integers(0, 60)))
def test_nothing_is_lost_but_marks_and_white_space(text: str, cuts: list[int]) -> None:
    thought, answer = read(text, cuts)
    kept = "".join((thought + answer).split())
    letters = iter("".join(text.split()))
    assert all(character in letters for character in kept)
    assert read(text, []) == (thought, answer), "however it is cut"


def test_a_stop_string_in_the_thinking_ends_nothing() -> None:
    answer = AnswerText(stops=("END",), thinking=Thinking())
    said = "".join(answer.feed(piece) for piece in ("<think>no EN", "D yet</think>4 E", "ND 5"))
    assert said + answer.rest() == "4 "
    assert answer.stopped


def test_a_letter_that_grows_in_small_letters_shifts_no_mark() -> None:
    assert without_thinking("<think>İİİß</think>İ4") == ("İİİß", "İ4")


def test_a_long_answer_is_read_in_time_that_grows_with_its_length() -> None:
    thinking = Thinking()
    for _ in range(50_000):
        thinking.feed("word < ")
    assert len(thinking.rest()) < 10
