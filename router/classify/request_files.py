"""Reads files of requests that are marked complex or routine, and draws requests from them.

A file has sections: "## complex SORT" and "## routine SORT" hold a request a line, "## slot NAME" a
filler a line, "## material NAME" a text of several lines. In a line [a|b] is a choice, {name} a
line of that slot or that material, and \\n a line break.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from router.classify.phrasings import Written

Group = Literal["complex", "routine"]

_GROUPS: dict[str, Group] = {"complex": "complex", "routine": "routine"}
_CHOICE = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")
_NAMED = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Line:
    """One request as written: with its choices and names still open. number: in its section."""

    text: str
    group: Group
    sort: str
    language: Written
    number: int = 0


@dataclass(frozen=True, slots=True)
class RequestFile:
    """lines: in the order of the file. slots: fillers by name, with their choices still open.
    materials: texts by name, as they are.
    """

    lines: tuple[Line, ...]
    slots: dict[str, tuple[str, ...]]
    materials: dict[str, tuple[str, ...]]

    def draw(self, line: Line, chance: random.Random) -> str:
        """A request of `line`: choices made, names replaced. KeyError for a name without lines."""
        return self._filled(line.text.replace("\\n", "\n"), chance).strip()

    def _filled(self, text: str, chance: random.Random) -> str:
        while found := _CHOICE.search(text):
            text = text[: found.start()] + chance.choice(found[1].split("|")) + text[found.end() :]

        def named(found: re.Match[str]) -> str:
            name = found[1]
            if name in self.materials:
                return chance.choice(self.materials[name])
            return self._filled(chance.choice(self.slots[name]), chance)

        # A choice of nothing leaves two spaces, or one before a mark.
        return _NAMED.sub(named, re.sub(r" +(?=[ ,.?!])", "", text))


def read(path: Path, language: Written) -> RequestFile:
    """The requests of one file. ValueError for a line outside a section."""
    lines: list[Line] = []
    slots: dict[str, list[str]] = defaultdict(list)
    materials: dict[str, list[str]] = defaultdict(list)
    group = name = ""
    number = 0
    for row in path.read_text("utf-8").splitlines():
        if row.startswith("## "):
            group, _, name = row[3:].partition(" ")
            number = 0
            if group == "material":
                materials[name].append("")
        elif group == "material":
            materials[name][-1] += row + "\n"
        elif row and not row.startswith("# "):
            if group in _GROUPS:
                lines.append(Line(row, _GROUPS[group], name, language, number))
                number += 1
            elif group == "slot":
                slots[name].append(row.replace("\\n", "\n"))
            else:
                raise ValueError(f"{path}: {row[:60]!r} stands in no section")
    return RequestFile(
        tuple(lines),
        {key: tuple(texts) for key, texts in slots.items()},
        {key: tuple(text.strip("\n") for text in texts) for key, texts in materials.items()},
    )
