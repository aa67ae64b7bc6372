"""The whole error tree: every exception that leaves a public function is one of these.

EdgewardError
├ ConfigError            ours to fix before start: bad YAML, unknown model, missing file
├ TaskError              the task itself is unusable: empty prompt, too long, bad schema
│  └ RunTaken            another process drives the run of this workflow
├ StoreUnavailable       Redis is not there, not ours, full, or gone
├ EngineError(model)     anything an engine raised, translated in its adapter
│  ├ EngineUnavailable   not installed, reachable or loaded; out of memory  escalates
│  │  └ EngineUntrusted  who answers is not who was asked: TLS, redirects   escalates
│  ├ EngineTimeout       the deadline passed                                escalates
│  ├ EngineOverloaded    429/503/queue full; retry_after_s     retry, then escalates
│  ├ ContextOverflow     prompt_tokens > limit; never truncated silently    escalates
│  ├ EngineRejected      400: this engine cannot do what was asked          escalates
│  └ EngineDenied        401/403                            only from a local server
├ PrivacyViolation       a task that must stay local was about to leave     never leaves
├ BudgetExceeded(scope)  a cloud call would cost more than is left          waits
├ QueueError             QueueFull, ResultTimeout, MessageCorrupt
└ RoutesExhausted        no route is left; carries every attempt

A failure is an exception with `retryable` and `escalates` on its class; a weak answer is a value
(`EscalationReason`). Messages name the thing, the value, the known choices and the cure: they are
written for the person at the terminal and are printed as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal


class EdgewardError(Exception):
    """The root. `retryable`: the same call may succeed later. `escalates`: another engine may."""

    retryable: ClassVar[bool] = False
    escalates: ClassVar[bool] = False


class ConfigError(EdgewardError):
    """The configuration cannot be used; nothing was started."""


class TaskError(EdgewardError):
    """The task cannot be run as it stands; nothing was run."""


class RunTaken(TaskError):
    """Another process drives this run, or has taken it over; retry after that process has ended."""

    retryable = True


class StoreUnavailable(EdgewardError):
    """Redis cannot be reached, started or written to."""

    retryable = True


class EngineError(EdgewardError):
    """An engine failed. `model` names what was asked, as the configuration names it.

    status: of the HTTP answer that refused; None where there was no answer, or no HTTP.
    """

    status: int | None = None

    def __init__(self, message: str, *, model: str) -> None:
        super().__init__(message)
        self.model = model


class EngineUnavailable(EngineError):
    """Not installed, not reachable, not loadable, out of memory, or it died."""

    retryable = True
    escalates = True


class EngineUntrusted(EngineUnavailable):
    """The server is not the one that was configured, as far as can be seen.

    A certificate that is not valid, the wrong protocol, a redirect, another machine behind a local
    name. Retrying does not help.
    """

    retryable = False


class EngineTimeout(EngineError):
    """The deadline passed before the answer was complete."""

    escalates = True


class EngineOverloaded(EngineError):
    """The engine has no capacity now; `retry_after_s` is its own request, None without one."""

    retryable = True
    escalates = True

    def __init__(self, message: str, *, model: str, retry_after_s: float | None = None) -> None:
        super().__init__(message, model=model)
        self.retry_after_s = retry_after_s


class ContextOverflow(EngineError):
    """The prompt does not fit the model's window. Counts are its tokens, None if unknown."""

    escalates = True

    def __init__(
        self,
        message: str,
        *,
        model: str,
        prompt_tokens: int | None = None,
        limit_tokens: int | None = None,
    ) -> None:
        super().__init__(message, model=model)
        self.prompt_tokens = prompt_tokens
        self.limit_tokens = limit_tokens


class EngineRejected(EngineError):
    """The engine refuses our request (400): a schema it cannot compile, an unknown name.

    Another engine may accept it. said: the server's own message. about: the part that is refused,
    where known.
    """

    escalates = True

    def __init__(
        self,
        message: str,
        *,
        model: str,
        said: str = "",
        about: Literal["request", "schema", "system", "policy"] = "request",
    ) -> None:
        super().__init__(message, model=model)
        self.said = said
        self.about = about


class EngineDenied(EngineError):
    """The engine refuses our key (401, 403).

    A cloud's refusal ends the task: the key is to be mended. A local server's says nothing of what
    other models can do.
    """


class PrivacyViolation(EdgewardError):
    """A task that must stay local was about to leave the machine. It did not."""


class Offline(EdgewardError, OSError):
    """`offline` is set and something wanted to connect to another machine. It did not.

    An OSError too, so that a library which asks for a connection takes it as a failed one.
    """


class QueueError(EdgewardError):
    """The queue did not do what was asked of it; nothing was lost."""


class QueueFull(QueueError):
    """No room for one more, or one tenant's share is used up; `retry_after_s` says when to try."""

    retryable = True

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ResultTimeout(QueueError):
    """The task has not ended yet; it goes on, and its result can be asked for again."""

    retryable = True


class MessageCorrupt(QueueError):
    """What is in the queue cannot be read as a task. It was not run."""


class BudgetExceeded(EdgewardError):
    """A cloud call would cost more than a budget has left. It was not made.

    scope: which budget. may_come_free: part of the money is only reserved, and may be released.
    """

    def __init__(self, message: str, *, scope: str, may_come_free: bool = False) -> None:
        super().__init__(message)
        self.scope = scope
        self.may_come_free = may_come_free


class RoutesExhausted(EdgewardError):
    """Every route failed. `attempts` holds each Attempt, in order."""

    def __init__(self, message: str, *, attempts: Sequence[Any]) -> None:
        super().__init__(message)
        self.attempts = tuple(attempts)
