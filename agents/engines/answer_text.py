"""The text of an answer on its way to the reader: without the thinking before it, ended at stop
strings, and JSON made compact."""

from __future__ import annotations

from collections.abc import Sequence

from agents.engines.thinking import Answered, Thinking

_JSON_SPACE = " \t\r\n"


class AnswerText:
    """Takes the pieces of an answer as they arrive and returns those that are certainly part of it.

    stops: strings that end the answer and are not part of it, also where one arrives in two pieces.
    The servers do the same; this is for models that take no `stop`. compact_json: drops white space
    between the tokens of a JSON text, as the engine protocol requires of an answer to a schema.
    thinking: removes the thinking; None where there can be none. Stop strings in it end nothing.
    """

    def __init__(
        self,
        *,
        stops: Sequence[str] = (),
        compact_json: bool = False,
        thinking: Thinking | None = None,
    ) -> None:
        self._thinking = thinking
        self._stops = tuple(stop for stop in stops if stop)
        self._compact_json = compact_json
        self._held = ""
        self._in_string = False
        self._escaped = False
        self._given: list[str] = []
        self.stopped = False
        self.pieces = 0
        self.restarted = False

    @property
    def text(self) -> str:
        """The text returned so far, since the last restart."""
        return "".join(self._given)

    def feed(self, text: str) -> str:
        """The part of `text`, and of what was held back before, that can be returned now.

        Afterwards `restarted` says whether everything returned before was thinking.
        """
        answered = self._thinking.feed(text) if self._thinking else Answered(text)
        self.restarted = answered.restarts
        if answered.restarts:
            self._given, self._held, self.stopped = [], "", False
            self._in_string = self._escaped = False
        return self._give(self._before_stop(answered.text))

    def rest(self, *, cut_off: bool = False) -> str:
        """The text held back, once no more can arrive. cut_off: the model would have gone on."""
        self.restarted = False
        last = self._thinking.rest(cut_off=cut_off) if self._thinking else ""
        text = self._before_stop(last)
        held, self._held = self._held, ""
        return self._give(text if self.stopped else text + held)

    def _give(self, text: str) -> str:
        text = self._compacted(text) if self._compact_json else text
        if text:
            self._given.append(text)
            self.pieces += 1
        return text

    def _before_stop(self, text: str) -> str:
        if self.stopped:
            return ""
        if not self._stops:
            return text
        self._held += text
        # The first complete stop string counts, wherever the pieces were cut.
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
