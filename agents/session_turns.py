"""Which turns of a session a model is shown: the newest whole ones, as far as there is room."""

from __future__ import annotations

from collections.abc import Sequence

from router.account.pricing import estimate_tokens
from router.types.task import Message

_FRAME_TOKENS = 8
"""Of a message's role and marks."""


def whole_turns(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Without the end of a turn whose beginning is not there."""
    begin = next((at for at, one in enumerate(messages) if one.role == "user"), len(messages))
    return tuple(messages[begin:])


def tokens_of(messages: Sequence[Message]) -> int:
    """An estimate on the safe side: characters over four are few for code and for Portuguese."""
    return sum(estimate_tokens(one.content) * 5 // 4 + _FRAME_TOKENS for one in messages)


def newest_within(turns: Sequence[Message], room_tokens: int) -> tuple[Message, ...]:
    """The newest whole turns that have room."""
    for begin, message in enumerate(turns):
        if message.role == "user" and tokens_of(turns[begin:]) <= room_tokens:
            return tuple(turns[begin:])
    return ()


def newer_half(turns: Sequence[Message]) -> tuple[Message, ...]:
    """Fewer turns, at least one; for a model that counts more tokens than was estimated."""
    begins = [at for at, one in enumerate(turns) if one.role == "user"]
    middle = (len(begins) + 1) // 2
    return tuple(turns[begins[middle] :]) if middle < len(begins) else ()
