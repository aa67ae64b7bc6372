"""What the nodes pass to each other, and what one run of them is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypedDict

from agents.agent import Agent, Coverage
from agents.checks.own import Check
from graphs.events import Event
from graphs.rest import Rest
from router.budget import Budget
from router.classify.kinds import Classifier
from router.memory import AnswerCache, CachedAnswer, Memory
from router.paid import PaidCalls
from router.settings import Settings
from router.types import (
    Attempt,
    CheckResult,
    Completion,
    EscalationReason,
    Guess,
    Message,
    RouteDecision,
    Task,
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the run ended; the Router makes the Result of it."""

    status: Literal["done", "parked", "failed"]
    route: Literal["local", "cloud", "cache", "none"]
    text: str
    reason: str
    model: str | None = None


class State(TypedDict, total=False):
    """One request on its way.

    stays_local: its text must not leave the machine. cloud_open: there is a cloud and it may have
    the text; cloud_absent: why not, in words; cloud_scarce: its budget is nearly used up.
    finding: the last thing that spoke against a local answer, in words.
    may_repair: the same agent may be asked once more; repaired: it has been.
    """

    task: Task
    history: tuple[Message, ...]
    cached: CachedAnswer | None
    stays_local: bool
    cloud_open: bool
    cloud_absent: str
    cloud_scarce: bool
    guess: Guess
    coverage: Coverage | None
    decision: RouteDecision
    completion: Completion | None
    answered_by: Literal["local", "cloud"]
    checks: tuple[CheckResult, ...]
    escalation: EscalationReason | None
    finding: str
    may_repair: bool
    repaired: bool
    outcome: Outcome
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    """What all runs of a Router share.

    router: asked where the classifier is not sure. clouds: in the order in which they are asked;
    rest: which of them had better be left alone.
    """

    settings: Settings
    local: Mapping[str, Agent]
    router: Agent | None
    clouds: tuple[Agent, ...]
    rest: Rest
    cloud_absent: str
    budget: Budget | None
    own_checks: tuple[Check, ...]
    paid: PaidCalls
    classifier: Classifier
    memory: Memory
    cache: AnswerCache | None
    fingerprint: str
    store_is_local: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run.

    deadline: `time.monotonic()` seconds. emit: takes each event; must not block.
    journal: every attempt, in order, also of a run that is cancelled and so has no final state.
    called: what the cloud was asked, to be marked once it stands in the account.
    """

    deps: Deps
    deadline: float
    emit: Callable[[Event], None]
    journal: list[Attempt] = field(default_factory=list)
    called: list[tuple[Message, ...]] = field(default_factory=list)
