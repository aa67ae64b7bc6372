"""What the nodes pass to each other, and what one run of them is given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypedDict

from agents.agent import Agent, Coverage
from agents.checks.own import Check
from agents.connectivity import Connectivity
from agents.tools.audit import AuditRecord
from agents.tools.configured import Tools
from graphs.events import Event
from graphs.request.cooldown import Cooldown
from graphs.request.under_way import CallsUnderWay
from graphs.run_options import DEFAULT_OPTIONS, RunOptions
from router.account.budget import Budget
from router.account.idempotency import PaidCalls
from router.classify.gain import ExpectedScores, Gains
from router.classify.kinds import Classifier
from router.memory.facts import Facts
from router.memory.sessions import AnswerCache, CachedAnswer, Memory
from router.policy.speed import SpeedEstimates
from router.privacy.gate import Gate
from router.settings.settings import Settings
from router.store.store import Store
from router.types.completion import Completion
from router.types.decision import EscalationReason, Guess, RouteDecision
from router.types.result import Attempt, CheckResult, CloudState
from router.types.task import Message, Privacy, Task


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the run ended; the Router makes the Result of it.

    degraded: answered on this machine because there was no cloud.
    """

    status: Literal["done", "parked", "failed"]
    route: Literal["local", "cloud", "cache", "none"]
    text: str
    reason: str
    model: str | None = None
    degraded: bool = False


class State(TypedDict, total=False):
    """One request on its way.

    label: the strictest of the task's parts; label_reasons: why, in words. parts: the label of each
    part (task, session, facts) as it stood when that was read; turns: references to the tasks whose
    turns are shown. stays_local: its text must not leave the machine. cloud_open: there is a cloud
    and it may have the text; cloud_state and, in words, cloud_absent: why there is none;
    cloud_scarce: its budget is nearly used up.
    hides_work: a cloud would see placeholders where it is asked to work on the values themselves.
    doubts: of an answer from another machine, in words; they are warnings where it is delivered.
    finding: the last thing that spoke against a local answer, in words.
    cloud_answered: what the provider did instead of answering, in words; empty where it was silent.
    left_out: what the result says of turns that the model was not shown; empty for none.
    unenforced: the model here cannot be held to the schema, which is said and checked instead.
    refused_there: the cloud is there and cannot do it. rejected: what the model asked last could
    not do; None where it was something else.
    may_repair: the same agent may be asked once more; repaired: it has been.
    """

    task: Task
    history: tuple[Message, ...]
    turns: tuple[str, ...]
    facts: tuple[str, ...]
    parts: dict[str, Privacy]
    cached: CachedAnswer | None
    label: Privacy
    label_reasons: tuple[str, ...]
    stays_local: bool
    cloud_state: CloudState
    cloud_open: bool
    cloud_absent: str
    cloud_scarce: bool
    cloud_answered: str
    hides_work: bool
    doubts: tuple[str, ...]
    guess: Guess
    coverage: Coverage | None
    scores: ExpectedScores
    decision: RouteDecision
    completion: Completion | None
    answered_by: Literal["local", "cloud"]
    checks: tuple[CheckResult, ...]
    escalation: EscalationReason | None
    finding: str
    left_out: str
    unenforced: bool
    refused_there: bool
    rejected: Literal["request", "schema", "system", "policy"] | None
    may_repair: bool
    repaired: bool
    outcome: Outcome
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    """What all runs of a Router share.

    router: asked where the classifier is not sure; guard: asked whether a text is safe. clouds: in
    the order in which they are asked;
    cooldown: which of them had better be left alone; connectivity: why none of them answered.
    cloud_state, cloud_absent: why there are none. gate: what leaves the machine passes it.
    under_way: the calls that this process is paying for at the moment.
    gains: what local model and cloud are expected to score; speeds: how fast they answer here.
    """

    settings: Settings
    local: Mapping[str, Agent]
    router: Agent | None
    guard: Agent | None
    clouds: tuple[Agent, ...]
    cooldown: Cooldown
    connectivity: Connectivity
    gate: Gate
    cloud_state: CloudState
    cloud_absent: str
    budget: Budget
    own_checks: tuple[Check, ...]
    paid: PaidCalls
    under_way: CallsUnderWay
    tools: Tools
    classifier: Classifier
    gains: Gains
    speeds: SpeedEstimates
    memory: Memory
    facts: Facts | None
    cache: AnswerCache | None
    fingerprint: str
    store: Store


@dataclass(slots=True, kw_only=True)
class Run:
    """One run.

    deadline: `time.monotonic()` seconds; put off by what is not the task's time.
    emit: takes each event; must not block.
    journal: every attempt, in order, also of a run that is cancelled and so has no final state.
    open_calls: calls that were sent, to be closed once they stand in the account. unsettled: what
    could not be settled yet.
    audit: what became of each call of a tool.
    upgrade: the task was answered without the cloud before, and only that is wanted now.
    options: who may answer it, and for how much.
    ended: what the last step came to, which the graph tells only once its state is saved.
    """

    deps: Deps
    deadline: float
    emit: Callable[[Event], None]
    journal: list[Attempt] = field(default_factory=list)
    open_calls: list[str] = field(default_factory=list)
    unsettled: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    upgrade: bool = False
    audit: list[AuditRecord] = field(default_factory=list)
    options: RunOptions = DEFAULT_OPTIONS
    ended: State = field(default_factory=lambda: State())

    async def settle_the_rest(self) -> None:
        """What could not be settled when its call ended; a call must not be closed before that."""
        while self.unsettled:
            await self.unsettled[0]()
            self.unsettled.pop(0)
