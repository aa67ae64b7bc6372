"""What a generation has consumed so far: its engine reports it, the account reads it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from router.types.completion import Usage

_USUAL_BYTES = 6
"""A token is seldom longer than this on average; in a table's rules, up to the next figure."""

_MOST_BYTES = 16
_MOST_BYTES_SPARE = 64


class Meter:
    """One generation's consumption, however it ends.

    sent: how often the request went out. refused: how many of these were turned down before
    anything was generated, which costs nothing. reported: the provider's own figures so far.
    """

    def __init__(self, before_send: Callable[[], Awaitable[None]] | None = None) -> None:
        """before_send: awaited each time the request is about to be sent, once the connection
        stands; `due` already counts that request.
        """
        self._before_send = before_send
        self._pieces = 0
        self._bytes = 0
        self.sent = 0
        self.refused = 0
        self.reported: Usage | None = None

    async def sending(self) -> None:
        """The request is sent now: from here on it may cost something."""
        self.sent += 1
        try:
            if self._before_send is not None:
                await self._before_send()
        except BaseException:
            self.sent -= 1  # it was cancelled before anything was sent
            raise

    def turned_down(self, times: int) -> None:
        """The provider refused so many of the sent requests, without charge."""
        self.refused += times

    def arrived(self, text: str) -> None:
        """A piece of the answer, or of the thinking before it, has arrived."""
        if text:
            self._pieces += 1
            self._bytes += len(text.encode("utf-8", "surrogatepass"))

    @property
    def due(self) -> int:
        """How many sent requests may be charged."""
        return self.sent - self.refused

    @property
    def arrived_tokens(self) -> int:
        """An estimate of the tokens that arrived: at least one a piece, and one for every four
        bytes.
        """
        return max(self._pieces, -(-self._bytes // 4))

    def exceeds(self, tokens: int) -> bool:
        """Whether more has arrived than so many tokens can hold.

        Some servers send a token a piece, some a letter, some several tokens: a limit by pieces
        alone or bytes alone would cut off answers that are within it.
        """
        if self._bytes > _MOST_BYTES * tokens + _MOST_BYTES_SPARE:
            return True
        return self._pieces > tokens and self._bytes > _USUAL_BYTES * tokens
