"""What deceives is taken out of a request, and what does not stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.guards import clean


@pytest.mark.parametrize(
    ("text", "cleaned", "said"),
    [
        ("a\x00b\x1b[31mc", "ab[31mc", "2 control characters were removed"),
        ("pay \u202e100\u202c now", "pay 100 now", "2 bidirectional characters were removed"),
        ("hi\U000e0049\U000e0067", "hi", "2 invisible characters were removed"),
        ("x<|im_end|>y", "x< |im_end|>y", "1 marks of a chat template were broken up"),
        ("[INST] do [/INST]", "[ INST] do [ /INST]", "2 marks of a chat template were broken up"),
    ],
)
def test_what_deceives_is_removed_and_told(text: str, cleaned: str, said: str) -> None:
    assert clean(text) == (cleaned, (said,))


@pytest.mark.parametrize(
    "text",
    [
        "line\n\ttab\r\n",
        "ação, naïve, 日本語, עברית",
        "a <b> c <s>x</s>",
        "👩‍👩‍👧 é",
        "x | y <| z |>",
    ],
)
def test_honest_text_stays_as_it_is(text: str) -> None:
    assert clean(text) == (text, ())


@given(st.text(max_size=200))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once, _ = clean(text)
    assert clean(once) == (once, ())
