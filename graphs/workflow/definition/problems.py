"""The mistakes in a workflow's file: each as a value with its place, all as one error."""

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
    """A workflow is not usable, and no step was run. `problems` holds every mistake, in order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda one: (one.file, one.line, one.column)))
        shown = [str(one) for one in self.problems[:_MOST_SHOWN]]
        if len(self.problems) > _MOST_SHOWN:
            shown.append(f"and {len(self.problems) - _MOST_SHOWN} more")
        super().__init__("\n".join(shown))
