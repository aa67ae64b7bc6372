"""The text of an answer on its way to the reader: ended at stop strings, and JSON made compact."""

from __future__ import annotations

from collections.abc import Sequence

_JSON_SPACE = " \t\r\n"


class AnswerText:
    """Takes the pieces as they come and gives out those that are certainly answer.

    stops: strings that end the answer and are not part of it, also where one arrives in two
    pieces. The servers do the same; this is for models that take no `stop`.
    compact_json: drops white space between the tokens of a JSON text, as the engine protocol wants
    an answer to a schema.
    """

    def __init__(self, *, stops: Sequence[str] = (), compact_json: bool = False) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._compact_json = compact_json
        self._held = ""
        self._in_string = False
        self._escaped = False
        self._given: list[str] = []
        self.stopped = False

    @property
    def text(self) -> str:
        """Everything given out so far."""
        return "".join(self._given)

    @property
    def pieces(self) -> int:
        return len(self._given)

    def feed(self, text: str) -> str:
        """The part of `text`, and of what was held back before, that can be given out now."""
        return self._give(self._before_stop(text))

    def rest(self) -> str:
        """What was held back, once no more text can come."""
        held, self._held = self._held, ""
        return self._give("" if self.stopped else held)

    def _give(self, text: str) -> str:
        text = self._compacted(text) if self._compact_json else text
        if text:
            self._given.append(text)
        return text

    def _before_stop(self, text: str) -> str:
        if self.stopped:
            return ""
        if not self._stops:
            return text
        self._held += text
        # The one that is complete first counts, however the text was cut into pieces.
        found = [(at + len(stop), at) for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if found:
            self.stopped = True
            return self._held[: min(found)[1]]
        # Held back: the longest end of the text that may be the beginning of a stop string.
        keep = max(
            size
            for stop in self._stops
            for size in range(len(stop))
            if self._held.endswith(stop[:size])
        )
        at = len(self._held) - keep
        sure, self._held = self._held[:at], self._held[at:]
        return sure

    def _compacted(self, text: str) -> str:
        kept = []
        for character in text:
            if self._in_string:
                if self._escaped:
                    self._escaped = False
                elif character == "\\":
                    self._escaped = True
                elif character == '"':
                    self._in_string = False
            elif character in _JSON_SPACE:
                continue
            elif character == '"':
                self._in_string = True
            kept.append(character)
        return "".join(kept)
