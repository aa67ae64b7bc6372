"""The result of a task: its attempts, their checks, tool calls, and the answer."""

from __future__ import annotations

import time
from enum import StrEnum
from typing import Literal, Self

from pydantic import Field

from router.errors import RoutesExhausted
from router.types.base import Frozen
from router.types.completion import TokenStats, Usage
from router.types.decision import EscalationReason, Guess, RouteDecision
from router.types.form import Form
from router.types.task import Privacy


class CloudState(StrEnum):
    """Whether there is a cloud for a task, and if not, why."""

    OPEN = "open"
    OFF = "off"
    OFFLINE = "offline"
    NO_KEY = "no_key"
    NO_BUDGET = "no_budget"
    NO_NETWORK = "no_network"
    PROVIDER_DOWN = "provider_down"


class Verification(StrEnum):
    """Why an answer may be believed.

    verified: a check found evidence of its content. trusted: its model is right often enough in
    such tasks when it is as sure as here. unverified: neither.
    """

    VERIFIED = "verified"
    TRUSTED = "trusted"
    UNVERIFIED = "unverified"


NOTHING_FOR_IT = "no check could tell whether it is right"
"""What is said of an unverified answer that nothing speaks against either."""


class CheckResult(Frozen):
    """What one check found. `finding` is a plain sentence, also when it passed.

    proves: that it passed is evidence that the content is right, such as examples that ran or a
    value that was computed anew; that an answer is whole or well-formed is none. calibrated: it
    passed because the model, when it is as sure as here, was right often enough before.
    """

    name: str
    passed: bool
    finding: str
    reason: EscalationReason | None = None
    proves: bool = False
    calibrated: bool = False

    @classmethod
    def found(
        cls,
        name: str,
        finding: str,
        reason: EscalationReason | None = None,
        *,
        proves: bool = False,
        calibrated: bool = False,
    ) -> Self:
        """One that failed for `reason`, or passed without any; only a passed one is evidence."""
        passed = reason is None
        return cls(
            name=name,
            passed=passed,
            finding=finding,
            reason=reason,
            proves=proves and passed,
            calibrated=calibrated and passed,
        )


class Attempt(Frozen):
    """One generation, successful or not. Tokens and dollars of a rejected one still count.

    host: the other machine that the model runs on, as name:port; trusted: the machine is the
    user's, and got the text unredacted; None for this machine and for a cloud. label: of the text
    that a cloud or a host was sent; redacted: number of values that were replaced in it. parts: the
    label of each of its parts when that was read, None where it was not recorded; turns: references
    to the tasks whose turns were among them. sent: how often its request was sent to a cloud,
    retries included. warnings: anomalies, in sentences.
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
    parts: dict[str, Privacy] | None = None
    turns: tuple[str, ...] = ()
    host: str | None = None
    trusted: bool = False
    sent: int = 0
    warnings: tuple[str, ...] = ()
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
    """The result of a task.

    status: `done` has a text; `parked` waits for a cloud; `failed` says why in `reason`. cloud:
    whether a cloud was available. degraded: answered on this machine because no cloud was
    available, where the cloud would have been asked; in_outbox: its cloud step waits in the outbox.
    label: the strictest of its parts; label_reasons: why it is stricter than the task's own.
    cost_usd: None when some attempt's price is unknown. avoided_usd: what the configured cloud
    model would have charged for the same text; an estimate. warnings: problems beside the answer,
    such as a ledger that could not be written. verification: why the text may be believed; None
    where there is none. doubt: the finding against an unverified one, in words; empty where nothing
    speaks against it but that nothing speaks for it. form: the one that the request asks for, with
    names from its text: the ledger has none of it. attempt: the number of the one whose text it is;
    None for one from memory. withheld: there was a local answer, which the task's `strict` kept
    back because nothing speaks for it. thinking: of the model that answered; it is not written
    anywhere.
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
    verification: Verification | None = None
    doubt: str = ""
    form: Form | None = None
    attempt: int | None = None
    withheld: bool = False
    label: Privacy = Privacy.PUBLIC
    label_reasons: tuple[str, ...] = ()
    finished_at: float = Field(default_factory=time.time)
    thinking: str = Field(default="", exclude=True, repr=False)

    @property
    def checks(self) -> tuple[CheckResult, ...]:
        """Those that judged `text`; of the last attempt where there is none."""
        judged = [one for one in self.attempts if one.number == self.attempt] or self.attempts[-1:]
        return judged[0].checks if judged else ()

    def raise_for_status(self) -> Result:
        """Itself when it is done; RoutesExhausted, with every attempt, when it is not."""
        if self.status != "done":
            raise RoutesExhausted(f"task {self.task_id}: {self.reason}", attempts=self.attempts)
        return self
