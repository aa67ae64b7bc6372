"""Chooses the turns of a session that a model is shown: the newest whole ones that fit."""

from __future__ import annotations

from collections.abc import Sequence

from router.account.pricing import estimate_tokens
from router.types.task import Message

_FRAME_TOKENS = 8
"""Estimated tokens of a message's role and marks."""


def whole_turns(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages without a leading partial turn."""
    begin = next((at for at, one in enumerate(messages) if one.role == "user"), len(messages))
    return tuple(messages[begin:])


def tokens_of(messages: Sequence[Message]) -> int:
    """An estimate on the high side: a quarter of the characters is too low for code, Portuguese."""
    return sum(estimate_tokens(one.content) * 5 // 4 + _FRAME_TOKENS for one in messages)


def newest_within(turns: Sequence[Message], room_tokens: int) -> tuple[Message, ...]:
    """The newest whole turns that have room."""
    for begin, message in enumerate(turns):
        if message.role == "user" and tokens_of(turns[begin:]) <= room_tokens:
            return tuple(turns[begin:])
    return ()


def newer_half(turns: Sequence[Message]) -> tuple[Message, ...]:
    """The newer half, perhaps none; for a model that counted more tokens than were estimated."""
    begins = [at for at, one in enumerate(turns) if one.role == "user"]
    middle = (len(begins) + 1) // 2
    return tuple(turns[begins[middle] :]) if middle < len(begins) else ()
