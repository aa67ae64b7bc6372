"""The records of the account: what it keeps of an attempt, a task, a tool call, a judgement.

Neither prompts nor answers are kept, nor the free text of errors and reasons, which may quote them;
a session is kept as a hash.
"""

from __future__ import annotations

import hashlib
import math
import re
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter

from router.privacy.gate import strictest
from router.types.base import Frozen
from router.types.decision import DecisionInputs, EscalationReason, Guess, Kind
from router.types.result import Attempt, Result, Verification
from router.types.task import Privacy, Task

SHADOW_ROLE = "shadow"
"""The role of an attempt in a shadow run: its answer is compared, not delivered."""


class _Record(Frozen):
    """What both kinds of record say about the task.

    time: epoch seconds. session: a hash of its name. Fields of a later version are ignored, so
    that processes of two versions can share a ledger.
    """

    model_config = ConfigDict(extra="ignore")

    task_id: str
    time: float
    kind: Kind
    language: str
    tags: tuple[str, ...] = ()
    session: str | None = None


class _Expected(_Record):
    """What was expected of a task before generation, to be compared with outcomes.

    prompt_chars: of the request alone. prior_local, prior_cloud: scores by the shipped figures,
    0..1; None where the policy was not asked, as for a cached answer. Older versions' records have
    0 and None.
    """

    prompt_chars: int = 0
    prior_local: float | None = None
    prior_cloud: float | None = None


class AttemptRecord(_Record):
    """One generation. time: when it began. cost_usd: None where the price is unknown.

    error: the class of the error that ended it, without its message. label: of the text when it was
    sent, None where only the task's own label is known. redacted: the text was sent with its
    private values replaced. probability: the geometric mean of the answer's token probabilities,
    None where none are known. parts: the label of each part of a text for a cloud (task, session,
    facts, tools, draft) when that was read, None where it was not recorded; turns: references to
    the tasks whose turns were shown. host: the other machine that got the text, None for this one
    and for a cloud; trusted: it is the user's, and got the text unredacted. sent: how often its
    request was sent to a cloud. estimated: tokens and dollars are ours, not the provider's.
    """

    record: Literal["attempt"] = "attempt"
    number: int
    role: str
    engine: str
    model: str
    route: Literal["local", "cloud"]
    outcome: Literal["accepted", "rejected", "failed", "cancelled"]
    escalation: EscalationReason | None = None
    error: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: float | None = 0.0
    latency_s: float = 0.0
    ttft_s: float = 0.0
    label: str | None = None
    redacted: bool = False
    parts: dict[str, str] | None = None
    turns: tuple[str, ...] = ()
    host: str | None = None
    trusted: bool = False
    probability: float | None = None
    sent: int = 0
    estimated: bool = False


class TaskRecord(_Expected):
    """One task. time: when it ended. Tokens and dollars are in its attempts, not here again.

    escalation: why the local model was not tried at all; None when it was, or was not needed.
    decided: where the task was sent before anything was generated; route: where its answer is from.
    upgrade: it had been answered before, without the cloud that it waited for. verification: why
    the answer may be believed, None for none.
    own_label, found: the task's own label, and kinds of private things in it. confidence: of the
    kind. weighed: what the decision was made of; None where the policy was not asked, and, as all
    of these, in records of versions that did not write it. expected_cloud_usd: of one call.
    """

    record: Literal["task"] = "task"
    status: Literal["done", "parked", "failed"]
    route: Literal["local", "cloud", "cache", "none"]
    decided: Literal["local", "cloud", "parked"]
    escalation: EscalationReason | None = None
    privacy: Privacy = Privacy.PUBLIC
    model: str | None = None
    attempts: int = 0
    cost_usd: float | None = 0.0
    avoided_usd: float = 0.0
    latency_s: float = 0.0
    cache_hit: bool = False
    upgrade: bool = False
    verification: Verification | None = None
    own_label: Privacy | None = None
    found: tuple[str, ...] = ()
    confidence: float | None = None
    complexity: float | None = None
    weighed: DecisionInputs | None = None
    expected_cloud_usd: float | None = None


class ToolRecord(_Record):
    """One call of a tool, also a refused one. time: when it was asked for.

    arguments_sha256: of their canonical JSON; their values are not written.
    """

    record: Literal["tool"] = "tool"
    role: str
    tool: str
    outcome: Literal["done", "refused", "failed", "malformed", "cancelled"]
    arguments_sha256: str
    argument_names: tuple[str, ...] = ()
    seconds: float = 0.0


class FeedbackRecord(_Expected):
    """A person's judgement of a task's answer. time: when it was given.

    answered, model: whose answer it is. replaces: the verdict that this person gave before.
    """

    record: Literal["feedback"] = "feedback"
    verdict: Literal["good", "bad"]
    answered: Literal["local", "cloud"]
    model: str
    replaces: Literal["good", "bad"] | None = None


class ShadowRecord(_Expected):
    """A locally answered task that the cloud was asked as well. time: when the two were compared.

    found: the answers agree; they differ; a judge looked at both; they cannot be compared; the
    cloud gave none; it was interrupted. Scores: 0..1, None where nothing can be said. The attempts
    stand before it, with the role SHADOW_ROLE.
    """

    record: Literal["shadow"] = "shadow"
    found: Literal["agree", "differ", "judged", "unclear", "cloud_failed", "interrupted"]
    model: str
    cloud_model: str
    local_score: float | None = None
    cloud_score: float | None = None


Record = AttemptRecord | ToolRecord | TaskRecord | FeedbackRecord | ShadowRecord

RECORD: TypeAdapter[Record] = TypeAdapter(Annotated[Record, Field(discriminator="record")])


def records_of(
    task: Task, result: Result, found: tuple[str, ...] = (), *, upgrade: bool = False
) -> tuple[Record, ...]:
    """The ledger's records of a task: its attempts in order, then the task itself.

    found: kinds of private things in its text. upgrade: it had been answered before.
    """
    common = _of_task(task, result.guess)
    attempts = [record_of_attempt(task, result.guess, attempt) for attempt in result.attempts]
    calls = [
        ToolRecord(**common, time=call.at, **call.model_dump(exclude={"at", "reason"}))
        for call in result.tool_calls
    ]
    there = result.decision.cloud
    weighed = result.decision.weighed
    whole = TaskRecord(
        **common,
        prompt_chars=len(task.prompt),
        prior_local=weighed.local - weighed.learned_local if weighed else None,
        prior_cloud=weighed.cloud - weighed.learned_cloud if weighed else None,
        time=result.finished_at,
        status=result.status,
        route=result.route,
        decided=result.decision.route,
        escalation=result.decision.escalation,
        privacy=strictest((task.privacy, result.label)),
        model=result.model,
        attempts=len(result.attempts),
        cost_usd=_dollars(result.cost_usd),
        avoided_usd=_dollars(result.avoided_usd) or 0.0,
        latency_s=result.latency_s,
        cache_hit=result.route == "cache",
        upgrade=upgrade,
        verification=result.verification,
        own_label=task.privacy,
        found=found,
        confidence=result.guess.confidence,
        complexity=result.guess.complexity,
        weighed=weighed,
        expected_cloud_usd=_dollars(there.cost_usd) if there else None,
    )
    return (*attempts, *calls, whole)


def record_of_attempt(task: Task, guess: Guess, attempt: Attempt) -> AttemptRecord:
    """The ledger's record of one attempt, also of one that has not ended."""
    return AttemptRecord(
        **_of_task(task, guess),
        time=attempt.started_at,
        number=attempt.number,
        role=attempt.role,
        engine=attempt.engine,
        model=attempt.model,
        route=attempt.route,
        outcome=attempt.outcome,
        escalation=attempt.escalation,
        error=_error_class(attempt),
        prompt_tokens=attempt.usage.prompt_tokens,
        completion_tokens=attempt.usage.completion_tokens,
        cached_tokens=attempt.usage.cached_tokens,
        cost_usd=_dollars(attempt.usage.cost_usd),
        latency_s=attempt.latency_s,
        ttft_s=attempt.ttft_s,
        label=attempt.label.value if attempt.label else None,
        redacted=attempt.redacted > 0,
        parts=None if attempt.parts is None else dict(attempt.parts),
        turns=attempt.turns,
        host=attempt.host,
        trusted=attempt.trusted,
        probability=_probability(attempt),
        sent=attempt.sent,
        estimated=attempt.usage.estimated,
    )


def _of_task(task: Task, guess: Guess) -> dict[str, Any]:
    return {
        "task_id": task.task_id,
        "kind": guess.kind,
        "language": guess.language,
        "tags": task.tags,
        "session": hashed_session(task.session) if task.session else None,
    }


def hashed_session(session: str) -> str:
    """A session's name as the ledger has it."""
    return hashlib.sha256(session.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _dollars(cost: float | None) -> float | None:
    """NaN and infinity become None: they would make every sum meaningless."""
    return cost if cost is not None and math.isfinite(cost) else None


def _probability(attempt: Attempt) -> float | None:
    stats = attempt.stats
    return math.exp(stats.mean_logprob) if stats is not None and stats.tokens else None


def _error_class(attempt: Attempt) -> str | None:
    """`EngineTimeout` of `EngineTimeout: the deadline passed`; the rest may quote the prompt."""
    if attempt.error is None:
        return None
    named = re.match(r"([A-Z]\w{2,60})(?=[:(]|\s*$)", attempt.error)
    return named[1] if named else "unnamed"
