"""Checks a provider's token counts against our own count of what was sent and received.

An implausible count is not booked: one that is not a number, negative, beyond the reservation, or
far below what was sent. Our own count is booked instead, as an estimate, with a warning.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from router.account.pricing import estimate_tokens
from router.engine import Constraint, GenerateRequest
from router.types.completion import Usage
from router.types.task import Message

_FRAME_TOKENS = 4
"""Around each message."""

_SCHEMA_TOKENS = 1024
"""Some providers wrap a schema into a tool with a prompt of its own."""

_SPARE_TOKENS = 64
_FAR_BELOW = 8
"""A count below our own count divided by this, less the spare tokens, is taken to be wrong."""

_UNCOUNTED = 10**15
"""Larger counts are cut to this."""

PriceOf = Callable[[int, int], float | None]
"""US dollars for tokens of prompt and answer."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Token counts from one source; None: not reported, or malformed."""

    prompt: int | None = None
    completion: int | None = None
    cached: int | None = None


def count_of(figure: object) -> int | None:
    """The figure as a number of tokens; None if it is not one."""
    if isinstance(figure, bool) or not isinstance(figure, int | float):
        return None
    if isinstance(figure, float) and not (math.isfinite(figure) and figure.is_integer()):
        return None
    return int(figure) if figure >= 0 else None


def only_counts(figures: Mapping[str, Any]) -> dict[str, Any]:
    """A provider's token counts, with None for each that is malformed.

    For SDKs that check such figures themselves, and would fail an answer that has arrived complete.
    """
    return {name: _only_count(name, figure) for name, figure in figures.items()}


def _only_count(name: str, figure: Any) -> Any:
    if name.endswith("tokens"):
        count = count_of(figure)
        return None if count is None else min(count, _UNCOUNTED)
    if name.endswith("tokens_details") and isinstance(figure, Mapping):
        return only_counts(figure)
    return figure


def most_prompt_tokens(messages: Sequence[Message], constraint: Constraint | None = None) -> int:
    """The most tokens that a prompt is assumed to have, for reservations.

    At two bytes a token, more than any tokenizer makes of English, Portuguese or code.
    """
    tokens = sum(len(_bytes(one.content)) // 2 + _FRAME_TOKENS for one in messages)
    return tokens + len(_bytes(_schema(constraint))) // 2


def believed(
    said: Counts, request: GenerateRequest, max_tokens: int, who: str
) -> tuple[Usage, tuple[str, ...]]:
    """What a complete answer consumed, without a price, and warnings about implausible counts.

    max_tokens: what the answer was allowed. who: the model, for the warnings.
    """
    reserved = most_prompt_tokens(request.messages, request.constraint)
    prompt, of_prompt = _within(
        said.prompt,
        own=_own_prompt_tokens(request),
        unsaid=reserved,
        most=_longest_prompt(request),
        reserved=reserved,
        what=f"{who}: the provider's count of the prompt",
    )
    arrived = min(request.meter.arrived_tokens, max_tokens)
    completion, of_answer = _within(
        said.completion,
        own=arrived,
        unsaid=arrived,
        most=max_tokens,
        reserved=max_tokens,
        what=f"{who}: the provider's count of the answer",
    )
    odd = tuple(one for one in (of_prompt, of_answer) if one)
    cached = min(said.cached or 0, prompt) if not of_prompt else 0
    usage = Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=cached,
        estimated=bool(odd),
    )
    return usage, odd


def _within(
    said: int | None, *, own: int, unsaid: int, most: int, reserved: int, what: str
) -> tuple[int, str | None]:
    """The count to book, and a warning if it is not the reported one.

    own: our count; unsaid: what is booked where nothing was reported.
    """
    if own == 0 and not said:
        return 0, None
    if not said:
        return unsaid, f"{what} is missing or no number: {unsaid:,} tokens are booked, an estimate"
    if said > most:
        shown = f"{said:,}" if said < 10**18 else "more than 10^18"
        return reserved, (
            f"{what}, {shown} tokens, cannot be: {reserved:,} are booked, the most that was set "
            "aside; compare the provider's invoice"
        )
    if said < own // _FAR_BELOW - _SPARE_TOKENS:
        return own, (
            f"{what}, {said:,} tokens, is far below what was counted here: {own:,} are booked, an "
            "estimate"
        )
    return said, None


def broken_off(request: GenerateRequest, price: PriceOf) -> Usage:
    """What an unfinished generation consumed: the reported counts, else an estimate.

    Each time that the request was sent counts, unless it was refused: the provider may have read
    the prompt as often. The completion is what arrived.
    """
    meter = request.meter
    if not meter.due:
        return Usage()
    most = most_prompt_tokens(request.messages, request.constraint)
    known = meter.reported or Usage()
    prompt = (known.prompt_tokens or most) + (meter.due - 1) * most
    completion = max(known.completion_tokens, min(meter.arrived_tokens, request.max_tokens))
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        cost_usd=price(prompt, completion),
        estimated=True,
    )


def with_repeats(usage: Usage, request: GenerateRequest, price: PriceOf) -> Usage:
    """What an answer consumed, earlier requests for it that were sent but not answered included."""
    lost = max(request.meter.due - 1, 0)
    if not lost:
        return usage
    prompt = lost * most_prompt_tokens(request.messages, request.constraint)
    cost = price(prompt, 0)
    total = None if cost is None or usage.cost_usd is None else usage.cost_usd + cost
    prompt += usage.prompt_tokens
    return usage.model_copy(update={"prompt_tokens": prompt, "cost_usd": total, "estimated": True})


def _own_prompt_tokens(request: GenerateRequest) -> int:
    return sum(estimate_tokens(one.content) + _FRAME_TOKENS for one in request.messages)


def _longest_prompt(request: GenerateRequest) -> int:
    """An upper bound: no tokenizer makes more tokens than bytes."""
    tokens = sum(len(_bytes(one.content)) + 2 * _FRAME_TOKENS for one in request.messages)
    schema = _schema(request.constraint)
    return tokens + _SPARE_TOKENS + (len(_bytes(schema)) + _SCHEMA_TOKENS if schema else 0)


def _schema(constraint: Constraint | None) -> str:
    if constraint is None:
        return ""
    return constraint.regex or json.dumps(constraint.json_schema)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
