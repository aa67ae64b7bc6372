"""What is wrong with the file of a workflow, as values with a place and as one error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from router.errors import ConfigError
from router.wording import printable

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
