"""Texts written by hand, with the private values in them marked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent
FIRST = _FOLDER / "marked_values.txt"
"""Seen while the detectors were mended."""
LATER = _FOLDER / "marked_values_later.txt"
"""Written when that was done, before the detectors were run on them."""
_SURPLUS_CHARS = 3


@dataclass(frozen=True, slots=True)
class MarkedText:
    """A text, the kind of its values, and where they stand. writing: what its group shares."""

    writing: str
    kind: str
    text: str
    values: tuple[tuple[int, int], ...]

    def missed(self, finds: list[tuple[str, int, int]]) -> list[str]:
        """The values that no find of their kind covers, with at most three characters more."""
        return [
            self.text[start:end]
            for start, end in self.values
            if not any(
                kind == self.kind
                and start - _SURPLUS_CHARS <= found_start <= start
                and end <= found_end <= end + _SURPLUS_CHARS
                for kind, found_start, found_end in finds
            )
        ]


def marked_texts(file: Path) -> Iterator[MarkedText]:
    """One text a line: kind, tab, text; `⟪value⟫`, `⏎` a line break, `⇥` a tab; `#` a heading."""
    writing = ""
    for line in file.read_text("utf-8").split("\n"):
        if line.startswith("# "):
            writing = line.removeprefix("# ")
        elif line:
            kind, _, marked = line.partition("\t")
            yield _read(writing, kind, marked.replace("⏎", "\n").replace("⇥", "\t"))


def _read(writing: str, kind: str, marked: str) -> MarkedText:
    text, values, begun = "", [], 0
    for sign in marked:
        if sign == "⟪":
            begun = len(text)
        elif sign == "⟫":
            values.append((begun, len(text)))
        else:
            text += sign
    return MarkedText(writing, kind, text, tuple(values))
