"""The source of a workflow: its text, its folder, and the place of each key."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

from graphs.workflow.definition.problems import Problem
from router.settings.yaml_nodes import Mark, Place


@dataclass(frozen=True, slots=True)
class Source:
    """name: for errors; path: None where it was no file; base: what paths in it start from."""

    name: str = "(workflow)"
    text: str = ""
    base: Path = field(default_factory=Path)
    path: Path | None = None
    marks: dict[Place, Mark] = field(default_factory=dict)
    ids: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """Of the text: shows whether the file has changed when a run is resumed."""
        return hashlib.sha256(self.text.encode(errors="surrogatepass")).hexdigest()

    def problem(self, place: Place, message: str, *, offset: int | None = None) -> Problem:
        """A mistake at a key, or at the nearest key above it that is in the file.

        offset: the characters that precede it in the value as written, if it is inside a text.
        """
        known = next(
            (place[:end] for end in range(len(place), -1, -1) if place[:end] in self.marks), ()
        )
        mark = self.marks.get(known, Mark(1, 1, 1, 1))
        line, column = mark.line, mark.column
        if offset is not None and known == place:
            line, column = _inside(mark, offset)
        return Problem(self.name, line, column, self.where(place), message)

    def in_expression(self, place: Place, message: str, begins: int, offset: int) -> Problem:
        """A mistake in an expression; begins, offset: as an ExpressionError tells them."""
        mark = self.marks.get(place)
        found = None if mark is None else _offset_in_raw(mark, begins, offset)
        return self.problem(place, message, offset=found)

    def where(self, place: Place) -> str:
        """`steps.facts.prompt`: steps by their id where they have one."""
        words = [str(part) for part in place]
        if len(place) > 1 and place[0] == "steps" and isinstance(place[1], int):
            number = place[1]
            if number < len(self.ids) and self.ids[number]:
                words[1] = self.ids[number]
        return ".".join(words)


def _offset_in_raw(mark: Mark, begins: int, offset: int) -> int:
    """The offset of an expression's character in the value as written.

    Quotes and indentation shift it: so the expression is found by its position among the text's
    expressions.
    """
    unopened = mark.text.startswith("${{", begins)
    number = mark.text[:begins].count("${{") + unopened
    if number == 0:
        lead = re.match(r"['\"]|[|>][^\n]*\n\s*", mark.raw)
        return begins + offset + (lead.end() if lead else 0)
    at = -1
    for _ in range(number):
        at = mark.raw.find("${{", at + 1)
    return at + offset + (0 if unopened else begins - mark.text.rfind("${{", 0, begins))


def _inside(mark: Mark, offset: int) -> tuple[int, int]:
    """The place in the file of a character of a value. `offset` counts in `mark.raw`."""
    before = mark.raw[:offset]
    line = mark.value_line + before.count("\n")
    if "\n" in before:
        return line, offset - before.rfind("\n")
    return line, mark.value_column + offset
