"""The events that a caller of `Router.stream` receives while a task runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from router.types.decision import Guess, RouteDecision
from router.types.result import Attempt, Result
from router.types.task import Privacy


@dataclass(frozen=True, slots=True)
class Routed:
    """The route was decided; nothing has been generated yet."""

    guess: Guess
    decision: RouteDecision


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the answer that is being written; a later `Attempted` may reject all of it.

    label: the strictest label of the parts that the answer is made from. restarts: what this
    attempt wrote before was the model's thinking, not a part of the answer.
    """

    text: str
    route: Literal["local", "cloud"]
    attempt: int
    label: Privacy
    restarts: bool = False


@dataclass(frozen=True, slots=True)
class Attempted:
    """One attempt has ended and was judged."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event, always."""

    result: Result


Event = Routed | Token | Attempted | Finished
