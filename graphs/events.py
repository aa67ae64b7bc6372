"""What a caller of `Router.stream` sees while a task runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from router.types.decision import Guess, RouteDecision
from router.types.result import Attempt, Result
from router.types.task import Privacy


@dataclass(frozen=True, slots=True)
class Routed:
    """Where the task goes, before anything is generated."""

    guess: Guess
    decision: RouteDecision


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the answer that is being written; a later `Attempted` may reject all of it.

    label: the strictest of what it is made of.
    restarts: what this attempt wrote before it was no part of the answer, but thinking.
    """

    text: str
    route: Literal["local", "cloud"]
    attempt: int
    label: Privacy
    restarts: bool = False


@dataclass(frozen=True, slots=True)
class Attempted:
    """One generation is over and judged."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event, always."""

    result: Result


Event = Routed | Token | Attempted | Finished
