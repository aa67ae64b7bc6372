"""What is wrong with a workflow, as values with a place and as errors with words."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from router.errors import ConfigError

_MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. line and column count from 1; where: the path of keys, steps by their id."""

    file: str
    line: int
    column: int
    where: str
    message: str

    def __str__(self) -> str:
        where = f"{self.where}: " if self.where else ""
        return printable(f"{self.file}:{self.line}:{self.column}: {where}{self.message}")


class WorkflowError(ConfigError):
    """A workflow cannot be used; nothing was started. `problems` holds every mistake, in order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda one: (one.file, one.line, one.column)))
        shown = [str(one) for one in self.problems[:_MOST_SHOWN]]
        if len(self.problems) > _MOST_SHOWN:
            shown.append(f"and {len(self.problems) - _MOST_SHOWN} more")
        super().__init__("\n".join(shown))


class ExpressionError(ConfigError):
    """An expression cannot be read or evaluated.

    offset: characters of the expression before the mistake. begins: of the text that it stands in,
    before the expression.
    """

    def __init__(self, message: str, *, expression: str, offset: int, begins: int = 0) -> None:
        self.reason = printable(message)
        self.expression = expression
        self.begins = begins
        self.offset = min(max(offset, 0), len(expression))
        super().__init__(f"column {self.offset + 1} of `{shown(expression)}`: {self.reason}")


def shown(text: str, most: int = 80) -> str:
    """The text on one line, cut where it is long; what cannot be printed is escaped."""
    flat = " ".join(text.split())
    cut = flat if len(flat) <= most else f"{flat[: most - 3]}..."
    return printable(cut)


def printable(text: str) -> str:
    """On one line of a terminal, whatever was in the file."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def nearest(name: str, known: Iterable[str]) -> str:
    """` (did you mean `x`?)` where a known name is near, and nothing where none is."""
    choices = {one.lower(): one for one in known}
    near = difflib.get_close_matches(name[:100].lower(), choices, n=1)
    return f" (did you mean `{choices[near[0]]}`?)" if near else ""


def listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
