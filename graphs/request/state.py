"""The state that the graph's nodes share, and the context of one run."""

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
from graphs.request.calls_in_flight import CallsUnderWay
from graphs.request.cooldown import Cooldown
from graphs.run_options import DEFAULT_OPTIONS, RunOptions
from router.account.budget import Budget
from router.account.idempotency import PaidCalls
from router.classify.gain import ExpectedScores, Gains
from router.classify.kinds import Classifier
from router.memory.facts import Facts
from router.memory.sessions import AnswerCache, CachedAnswer, Memory
from router.policy import decide as policy
from router.policy.speed import SpeedEstimates
from router.policy.verification import Draft
from router.privacy.gate import Gate
from router.settings.settings import Settings
from router.store.store import Store
from router.types.completion import Completion
from router.types.decision import EscalationReason, Guess, RouteDecision
from router.types.form import Form
from router.types.result import Attempt, CheckResult, CloudState, Verification
from router.types.task import Message, Privacy, Task


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the run ended; the Router makes the Result of it.

    degraded: answered on this machine because there was no cloud. verification, doubt, attempt,
    withheld: as in `Result`.
    """

    status: Literal["done", "parked", "failed"]
    route: Literal["local", "cloud", "cache", "none"]
    text: str
    reason: str
    model: str | None = None
    degraded: bool = False
    verification: Verification | None = None
    doubt: str = ""
    attempt: int | None = None
    withheld: bool = False


class State(TypedDict, total=False):
    """The state of one request in the graph.

    label: the strictest of the task's parts; label_reasons: why, in words. parts: the label of each
    part (task, session, facts) when it was read; turns: references to the tasks whose session turns
    are shown. stays_local: its text must not leave the machine. cloud_open: there is a cloud, and
    it may have the text; cloud_state and, in words, cloud_absent: why there is none; cloud_scarce:
    its budget is nearly used up. candidate: role of the local agent that is asked first; coverage:
    what it says of the task. form: of the answer; None where the task names none. hides_work:
    redaction would hide values that the task asks the cloud to work on. doubts: warnings about an
    answer from another machine, given where it is delivered. finding: the last reason against a
    local answer, in words. cloud_answered: how a provider that did not answer responded, in words;
    empty where it did not respond. left_out: the warning that turns were left out; empty for none.
    unenforced: the local model cannot enforce the schema, which is put into the prompt and checked
    instead. refused_there: the cloud is there, and refused the request. rejected: what of the last
    request the model refused; None if it was not that. verification: why the answer may be
    believed. may_repair: the same agent may be asked once more; repaired: it has been. goes_on:
    another local agent may try.
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
    candidate: str
    coverage: Coverage | None
    scores: ExpectedScores
    form: Form | None
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
    verification: Verification
    may_repair: bool
    goes_on: bool
    repaired: bool
    outcome: Outcome
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    """What all runs of a Router share.

    specialists: asked before the agents of `local` where they know a task. router: asked where the
    classifier is not sure; guard: asked whether a text is safe. clouds: in
    the order in which they are asked; cooldown: which of them failed recently; connectivity: why
    none of them answered. cloud_state, cloud_absent: why there are none. gate: what leaves the
    machine passes it. under_way: the paid calls that this process is making. gains: expected scores
    of the local models and the cloud; speeds: measured latency estimates.
    """

    settings: Settings
    local: Mapping[str, Agent]
    specialists: tuple[Agent, ...]
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

    @property
    def agents(self) -> Mapping[str, Agent]:
        """The local agents that answer, by their roles."""
        return {**self.local, **{agent.role: agent for agent in self.specialists}}


@dataclass(slots=True, kw_only=True)
class Run:
    """One run.

    deadline: `time.monotonic()` seconds; extended by delays that are not the task's own.
    emit: takes each event; must not block.
    journal: every attempt, in order, also of a run that is cancelled and so has no final state.
    open_calls: reservations of calls that were sent, closed once the ledger has recorded them.
    unsettled: settlements that failed, to be tried again.
    audit: a record of each tool call.
    drafts: the local answers that were rejected and may serve where there is no better one.
    upgrade: the task was answered locally or parked before; only the cloud's answer is wanted.
    options: who may answer it, and for how much.
    ended: the result of the last node, kept in case saving the graph's state fails.
    """

    deps: Deps
    deadline: float
    emit: Callable[[Event], None]
    journal: list[Attempt] = field(default_factory=list)
    open_calls: list[str] = field(default_factory=list)
    unsettled: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    upgrade: bool = False
    audit: list[AuditRecord] = field(default_factory=list)
    options: RunOptions = DEFAULT_OPTIONS
    ended: State = field(default_factory=lambda: State())

    @property
    def tried(self) -> frozenset[str]:
        """The local roles whose agents were asked for an answer."""
        asked = (one.role for one in self.journal if one.route == "local")
        return frozenset(asked) & policy.ANSWERING

    async def settle_the_rest(self) -> None:
        """Tries the failed settlements again; a call may be closed only after it was settled."""
        while self.unsettled:
            await self.unsettled[0]()
            self.unsettled.pop(0)
