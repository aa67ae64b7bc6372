"""The vocabulary: the values that travel between the packages, to disk and to the user."""

from __future__ import annotations

import time
import uuid
from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator

from router.errors import RoutesExhausted

MAX_PROMPT_CHARS = 1_000_000
"""Above this a prompt is refused outright: no model in reach reads it (about 250,000 tokens)."""


class Frozen(BaseModel):
    """A value: immutable, and closed to unknown keys, so that a typing error is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Kind(StrEnum):
    """What a prompt asks for."""

    CODE = "code"
    MATH = "math"
    EXTRACTION = "extraction"
    SUMMARISATION = "summarisation"
    KNOWLEDGE = "knowledge"
    TOOL = "tool"
    WRITING = "writing"
    TRANSLATION = "translation"
    REWRITING = "rewriting"
    UNSURE = "unsure"


class Privacy(StrEnum):
    """Where a text may go: anywhere, anywhere without what is personal in it, nowhere."""

    PUBLIC = "public"
    INTERNAL = "internal"
    LOCAL_ONLY = "local_only"


class CloudState(StrEnum):
    """Whether there is a cloud for a task, and if not, why."""

    OPEN = "open"
    OFF = "off"
    OFFLINE = "offline"
    NO_KEY = "no_key"
    NO_BUDGET = "no_budget"
    NO_NETWORK = "no_network"
    PROVIDER_DOWN = "provider_down"


class Priority(StrEnum):
    """Who goes first where tasks wait for one machine. A lower one waits longer, never for ever."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


class Message(Frozen):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


class Task(Frozen):
    """One request.

    timeout_s: wall-clock seconds for the whole request, every attempt included.
    json_schema: JSON Schema the answer must satisfy; in JSON and YAML the key is `schema`.
    session: name of a conversation whose turns are remembered; None remembers nothing.
    max_wait_s: seconds the task may wait for a local model's turn before it goes elsewhere; None
    takes `policy.max_wait_s` where a cloud stands behind, and waits for its turn where none does.
    tenant: on whose behalf; in a queue each has its fair share.
    tools: whether the models may use the tools that their roles are allowed.
    files: where the text comes from; a folder's label counts for what is in it.
    upgrade_within_s: how long a cloud's answer is still wanted where there is no cloud now; 0: not
    at all, None: as `outbox.keep_hours` says.
    workflow: id of a run that a worker drives; the prompt then only says which.
    """

    prompt: str
    task_id: str = Field(default_factory=lambda: uuid.uuid4().hex)
    system: str | None = None
    session: str | None = None
    json_schema: dict[str, Any] | None = Field(default=None, alias="schema")
    privacy: Privacy = Privacy.PUBLIC
    timeout_s: float = Field(default=120.0, gt=0, le=86_400)
    max_wait_s: float | None = Field(default=None, gt=0, le=86_400)
    priority: Priority = Priority.NORMAL
    max_tokens: int | None = Field(default=None, ge=1)
    temperature: float = Field(default=0.0, ge=0, le=2)
    seed: int | None = None
    tags: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    upgrade_within_s: float | None = Field(default=None, ge=0)
    tools: bool = False
    workflow: str | None = Field(default=None, max_length=100)
    tenant: str = Field(default="", max_length=200)

    @field_validator("prompt")
    @classmethod
    def _usable(cls, prompt: str) -> str:
        try:
            prompt.encode()
        except UnicodeEncodeError as error:
            raise ValueError(
                f"the prompt is not valid text at character {error.start}: convert it to UTF-8"
            ) from None
        if not prompt.strip():
            raise ValueError("the prompt is empty: pass the request as text")
        if len(prompt) > MAX_PROMPT_CHARS:
            raise ValueError(
                f"the prompt has {len(prompt):,} characters, the limit is {MAX_PROMPT_CHARS:,}: "
                "split the text, or send the part that matters"
            )
        return prompt


class Usage(Frozen):
    """What one generation consumed. Tokens are those of the model that ran.

    cost_usd: what the provider charges; 0.0 for a local model, None where no price is known.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: float | None = 0.0


class TokenStats(Frozen):
    """How sure a model was, from its distribution before temperature and before any constraint.

    min_logprob, sum_logprob: nats, of the chosen tokens. The others are None where the engine does
    not report them: mean_entropy in nats; min_margin: the least difference between the first and
    second log-probability, nats; min_allowed_mass: the least probability that the model gave to
    what a constraint allowed, 0..1 (low: the answer was forced on it).
    """

    tokens: int
    min_logprob: float
    sum_logprob: float
    mean_entropy: float | None = None
    min_margin: float | None = None
    min_allowed_mass: float | None = None

    @property
    def mean_logprob(self) -> float:
        return self.sum_logprob / self.tokens if self.tokens else 0.0


class Completion(Frozen):
    """One model's whole answer.

    stats: None where the engine reports no probabilities.
    ttft_s: seconds to the first token, latency_s to the last.
    """

    text: str
    engine: str
    model: str
    finish_reason: Literal["stop", "length", "cancelled", "content_filter"]
    usage: Usage = Usage()
    stats: TokenStats | None = None
    ttft_s: float = 0.0
    latency_s: float = 0.0


class EscalationReason(StrEnum):
    """Why a local answer was not good enough, or why none was tried."""

    DECLINED = "declined"
    LOW_CONFIDENCE = "low_confidence"
    OUT_OF_DOMAIN = "out_of_domain"
    COMPLEX = "complex"
    CONTEXT = "context"
    EMPTY = "empty"
    CUT_OFF = "cut_off"
    LOOP = "loop"
    REFUSAL = "refusal"
    SCHEMA = "schema"
    SYNTAX = "syntax"
    UNFAITHFUL = "unfaithful"
    CHECK = "check"
    BUSY = "busy"
    ENGINE_FAILED = "engine_failed"


class CheckResult(Frozen):
    """What one check found. `finding` is a plain sentence, also when it passed."""

    name: str
    passed: bool
    finding: str
    reason: EscalationReason | None = None

    @classmethod
    def found(cls, name: str, finding: str, reason: EscalationReason | None = None) -> Self:
        """One that failed for `reason`, or passed without any."""
        return cls(name=name, passed=reason is None, finding=finding, reason=reason)


class Guess(Frozen):
    """What a task is taken for. `confidence` is the probability that the classifier gives `kind`.

    language: the natural one, of the instruction. code_language: the programming language asked
    for, under its usual name; None where none is, and for all but code. tool: whether something is
    to be called. structured: whether the answer has a form (JSON, CSV, a table, a schema).
    """

    kind: Kind
    confidence: float
    language: Literal["en", "pt", "other"]
    complexity: float = 0.0
    code_language: str | None = None
    tool: bool = False
    structured: bool = False


class Expected(Frozen):
    """What one way of answering is expected to bring; None where nothing is known of it.

    score: 0..1. cost_usd: US dollars. wait_s: seconds until the whole answer is there.
    """

    score: float | None = None
    cost_usd: float | None = None
    wait_s: float | None = None


class Weighed(Frozen):
    """What a decision was made of beside the guess: enough to make it again under another policy.

    covered: whether a specialist was trained for the task, None for a general model. patience_s:
    seconds it had for its turn here, None without a limit. local, cloud: expected scores, 0..1;
    learned_local, learned_cloud: what this user's own outcomes added to them. Fields of a later
    version are ignored.
    """

    model_config = ConfigDict(extra="ignore")

    role: str
    covered: bool | None
    prompt_tokens: int
    window_tokens: int | None
    wait_s: float
    patience_s: float | None
    cloud_open: bool
    scarce: bool
    must_stay_local: bool
    local: float
    cloud: float
    outcomes: int = 0
    learned_local: float = 0.0
    learned_cloud: float = 0.0


class RouteDecision(Frozen):
    """Where a task goes before anything is generated.

    parked: the cloud is the right place and there is none; `agent` may still draft locally.
    gain: what the cloud was expected to add to the score, as the policy counted it; None where
    nothing was weighed. outcomes: how many of this user's own stand behind that. local, cloud:
    what each way was expected to bring; of a cloud that there is not, the score alone. weighed:
    None where the policy was not asked.
    """

    route: Literal["local", "cloud", "parked"]
    agent: str | None
    reason: str
    escalation: EscalationReason | None = None
    gain: float | None = None
    outcomes: int = 0
    local: Expected | None = None
    cloud: Expected | None = None
    weighed: Weighed | None = None


class Attempt(Frozen):
    """One generation, whatever came of it. Tokens and dollars of a rejected one still count.

    label: of the text that a cloud was sent; redacted: values that were replaced in it.
    """

    number: int
    role: str
    engine: str
    model: str
    route: Literal["local", "cloud"]
    outcome: Literal["accepted", "rejected", "failed", "cancelled"]
    checks: tuple[CheckResult, ...] = ()
    escalation: EscalationReason | None = None
    error: str | None = None
    usage: Usage = Usage()
    stats: TokenStats | None = None
    label: Privacy | None = None
    redacted: int = 0
    latency_s: float = 0.0
    ttft_s: float = 0.0
    started_at: float = Field(default_factory=time.time)


class ToolCall(Frozen):
    """One call of a tool, also a refused one, without the values of its arguments.

    arguments_sha256: of their canonical JSON. at: epoch seconds; seconds: until it ended.
    """

    role: str
    tool: str
    outcome: Literal["done", "refused", "failed", "malformed", "cancelled"]
    reason: str = ""
    arguments_sha256: str
    argument_names: tuple[str, ...] = ()
    at: float
    seconds: float


class Result(Frozen):
    """What came of a task.

    status: `done` has a text; `parked` waits for a cloud; `failed` says why in `reason`.
    cloud: whether there was one for it. degraded: answered on this machine because there was none,
    where the cloud would have been asked; in_outbox: its cloud step waits there.
    label: the strictest of its parts; label_reasons: why it is stricter than the task's own.
    cost_usd: None when some attempt's price is unknown.
    avoided_usd: what the configured cloud model would have charged for the same text; an estimate.
    warnings: what went wrong beside the answer, such as an account that could not be written.
    """

    task_id: str
    status: Literal["done", "parked", "failed"]
    text: str
    route: Literal["local", "cloud", "cache", "none"]
    reason: str
    guess: Guess
    decision: RouteDecision
    attempts: tuple[Attempt, ...] = ()
    model: str | None = None
    cost_usd: float | None = 0.0
    avoided_usd: float = 0.0
    latency_s: float = 0.0
    warnings: tuple[str, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    cloud: CloudState = CloudState.OPEN
    degraded: bool = False
    in_outbox: bool = False
    label: Privacy = Privacy.PUBLIC
    label_reasons: tuple[str, ...] = ()
    finished_at: float = Field(default_factory=time.time)

    @property
    def checks(self) -> tuple[CheckResult, ...]:
        """The checks of the last attempt: those that judged `text`."""
        return self.attempts[-1].checks if self.attempts else ()

    def raise_for_status(self) -> Result:
        """Itself when it is done; RoutesExhausted, with every attempt, when it is not."""
        if self.status != "done":
            raise RoutesExhausted(f"task {self.task_id}: {self.reason}", attempts=self.attempts)
        return self
