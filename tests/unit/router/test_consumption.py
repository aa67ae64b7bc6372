"""What a generation consumed, by our own count, and which of a provider's figures can be."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest

from router.account.consumption import (
    Counts,
    believed,
    broken_off,
    count_of,
    most_prompt_tokens,
    only_counts,
    with_repeats,
)
from router.engine import GenerateRequest
from router.meter import Meter
from router.types.completion import Usage
from router.types.task import Message

ASKED = (Message(role="user", content="why is the sky blue? " * 200),)
MOST = most_prompt_tokens(ASKED)


def price(prompt_tokens: int, completion_tokens: int) -> float:
    return prompt_tokens * 1.0 + completion_tokens * 4.0


def request(meter: Meter | None = None, max_tokens: int = 100) -> GenerateRequest:
    return GenerateRequest(
        messages=ASKED,
        deadline=time.monotonic() + 60,
        max_tokens=max_tokens,
        meter=meter or Meter(),
    )


async def sent(times: int, *pieces: str) -> Meter:
    meter = Meter()
    for _ in range(times):
        await meter.sending()
    for piece in pieces:
        meter.arrived(piece)
    return meter


@pytest.mark.parametrize(
    ("figure", "count"),
    [
        *((0, 0), (7, 7), (7.0, 7), (-1, None), (7.5, None), (math.nan, None), (math.inf, None)),
        *((True, None), ("7", None), (None, None), ([7], None)),
    ],
)
def test_only_a_number_of_tokens_is_a_count(figure: object, count: int | None) -> None:
    assert count_of(figure) == count


def test_what_is_no_count_is_dropped_from_what_an_sdk_is_given() -> None:
    said: dict[str, Any] = {
        "prompt_tokens": math.nan,
        "completion_tokens": 10**400,
        "prompt_tokens_details": {"cached_tokens": "all"},
        "service_tier": "default",
    }
    assert only_counts(said) == {
        "prompt_tokens": None,
        "completion_tokens": 10**15,
        "prompt_tokens_details": {"cached_tokens": None},
        "service_tier": "default",
    }


async def test_figures_that_can_be_are_taken_as_they_are() -> None:
    usage, odd = believed(Counts(900, 3, 500), request(await sent(1, "a", "b", "c")), 100, "m")
    assert (usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens) == (900, 3, 500)
    assert (usage.estimated, odd) == (False, ())


@pytest.mark.parametrize(
    ("said", "prompt", "completion"),
    [
        (Counts(None, 3), MOST, 3),
        (Counts(0, 3), MOST, 3),
        (Counts(10**12, 3), MOST, 3),
        (Counts(5, 3), 1054, 3),  # far below what was sent: our own count of the prompt
        (Counts(900, None), 900, 3),
        (Counts(900, 101), 900, 100),
        (Counts(900, 10**12), 900, 100),
    ],
)
async def test_a_figure_that_cannot_be_is_replaced_and_said(
    said: Counts, prompt: int, completion: int
) -> None:
    usage, odd = believed(said, request(await sent(1, "a", "b", "c")), 100, "m")
    assert (usage.prompt_tokens, usage.completion_tokens) == (prompt, completion)
    assert usage.estimated
    assert len(odd) == 1


async def test_a_hidden_thought_is_no_reason_for_doubt() -> None:
    usage, odd = believed(Counts(900, 90), request(await sent(1, "yes")), 100, "m")
    assert (usage.completion_tokens, odd) == (90, ())


async def test_what_never_went_out_or_was_turned_down_costs_nothing() -> None:
    assert broken_off(request(), price) == Usage()
    meter = await sent(2)
    meter.turned_down(2)
    assert broken_off(request(meter), price) == Usage()


async def test_what_went_out_and_broke_off_costs_the_most_of_its_prompt_and_what_came() -> None:
    usage = broken_off(request(await sent(2, "word ", "word ")), price)
    assert (usage.prompt_tokens, usage.completion_tokens) == (2 * MOST, 3)
    assert usage.cost_usd == price(2 * MOST, 3)
    assert usage.estimated


async def test_what_the_provider_said_before_it_broke_off_is_taken() -> None:
    meter = await sent(1, "word ")
    meter.reported = Usage(prompt_tokens=900, completion_tokens=5)
    usage = broken_off(request(meter), price)
    assert (usage.prompt_tokens, usage.completion_tokens) == (900, 5)


async def test_requests_that_were_repeated_are_added_to_the_answer_that_came() -> None:
    answer = Usage(prompt_tokens=900, completion_tokens=5, cost_usd=price(900, 5))
    assert with_repeats(answer, request(await sent(1)), price) == answer
    twice = with_repeats(answer, request(await sent(2)), price)
    assert twice.cost_usd == price(900 + MOST, 5)
    assert twice.estimated


async def test_a_send_that_is_cancelled_on_the_threshold_was_none() -> None:
    async def refuse() -> None:
        raise TimeoutError

    meter = Meter(refuse)
    with pytest.raises(TimeoutError):
        await meter.sending()
    assert (meter.sent, meter.due) == (0, 0)


@pytest.mark.parametrize(
    ("pieces", "exceeds"),
    [
        (["word "] * 100, False),
        (["word "] * 150, True),
        (["internationalisation "] * 100, True),  # no tokenizer makes 100 tokens of 2,100 letters
        (["internationalisation "] * 75, False),
        (list("word " * 100), False),  # a letter a piece
        (["x" * 2000], True),
    ],
)
async def test_an_answer_exceeds_its_limit_by_pieces_and_letters(
    pieces: list[str], exceeds: bool
) -> None:
    meter = await sent(1, *pieces)
    assert meter.exceeds(100) is exceeds
