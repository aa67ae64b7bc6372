"""Engine: the protocol that every backend implements, and what travels through it."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any, Protocol

from router.errors import EngineRejected, EngineTimeout
from router.meter import Meter
from router.types.completion import Completion
from router.types.task import Message, Priority, ThinkingMode


@dataclass(frozen=True, slots=True)
class EngineCaps:
    """What an engine can do with its model.

    context_tokens: the true window of one request, prompt and answer together; None if unknown
    before the first call. local: runs on hardware of the user's, so text may go there that must
    not leave it. host: the other machine that it runs on, as name:port, be it trusted (then local)
    or not; None for one that runs here, and for a cloud.
    """

    engine: str
    model: str
    local: bool
    context_tokens: int | None = None
    logprobs: bool = False
    json_schema: bool = False
    regex: bool = False
    host: str | None = None


@dataclass(frozen=True, slots=True)
class Constraint:
    """What every answer must be: exactly one of the two is given.

    json_schema: the answer satisfies it, compactly written (no white space between the parts).
    regex: the whole answer matches it; no look-around, no back-references.
    An engine that cannot enforce a constraint, or cannot compile it, raises EngineRejected; it
    never drops it. max_tokens may still cut an answer before it is whole.
    """

    json_schema: dict[str, Any] | None = None
    regex: str | None = None

    def __post_init__(self) -> None:
        if (self.json_schema is None) == (self.regex is None):
            raise ValueError("a constraint is either a JSON schema or a regular expression")


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """One generation.

    deadline: `time.monotonic()` seconds after which the engine must stop and raise EngineTimeout.
    stop: strings that end the answer and are not part of it.
    max_wait_s: seconds the request may wait for its turn, also where a provider asks for them;
    then the engine raises EngineOverloaded. None waits until the deadline. Engines that keep no
    queue ignore the priority.
    thinking: `off` asks the model not to think aloud, `on` to do so, as far as it can be told;
    `auto` leaves it as it comes. Thinking is never part of the answer's text.
    meter: told what is consumed by an engine that charges for it; the others leave it alone.
    """

    messages: tuple[Message, ...]
    deadline: float
    max_tokens: int = 1024
    temperature: float = 0.0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    constraint: Constraint | None = None
    priority: Priority = Priority.NORMAL
    max_wait_s: float | None = None
    thinking: ThinkingMode = "auto"
    meter: Meter = field(default_factory=Meter, compare=False)

    def remaining_s(self, model: str) -> float:
        """Seconds left; raises EngineTimeout when there are none."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise EngineTimeout("the deadline passed before the model was asked", model=model)
        return left

    def schema_only(self, model: str) -> dict[str, Any] | None:
        """The JSON schema, if any, for an engine that enforces nothing else.

        Raises EngineRejected for a regular expression.
        """
        if self.constraint is None:
            return None
        if self.constraint.regex is not None:
            raise EngineRejected(
                f"{model}: this engine cannot hold an answer to a regular expression: use a JSON "
                "schema (`pattern`, `enum`), or a model file (GGUF, EXL2) run in this process",
                model=model,
                about="schema",
            )
        return self.constraint.json_schema


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of the answer's text, in order.

    restarts: the earlier pieces were thinking and not part of the answer, which showed only at its
    end.
    """

    text: str
    restarts: bool = False


@dataclass(frozen=True, slots=True)
class WaitEstimate:
    """The expected wait of a request submitted now, as far as the engine knows.

    resident: the model is in memory. queued: requests before it, running ones too. wait_s: expected
    seconds before its turn without the swap; swap_s: expected seconds to bring the model into
    memory. Both are estimates from what was measured here, 0 where nothing is known.
    """

    resident: bool = True
    queued: int = 0
    wait_s: float = 0.0
    swap_s: float = 0.0

    @property
    def before_start_s(self) -> float:
        return self.wait_s + self.swap_s


class Engine(Protocol):
    """One model behind one backend.

    `open` loads or connects and may be called twice; `stream` yields Deltas, then exactly one
    Completion whose text is their concatenation (from the last that restarts), and ends. Closing
    the generator early cancels the job in the backend within one token. Any number of streams may
    run at once; the engine queues what it cannot run. Every exception is an EngineError. After
    `close` nothing runs. `outlook` does not block. `load_library` imports what the backend needs,
    once, which takes seconds that would otherwise count as latency; loading a model is `open`.
    """

    @property
    def caps(self) -> EngineCaps: ...

    def outlook(self) -> WaitEstimate: ...

    async def load_library(self) -> None: ...

    async def open(self) -> None: ...

    def stream(self, request: GenerateRequest) -> AsyncGenerator[Delta | Completion, None]: ...

    async def close(self) -> None: ...


class CloudEngine(Engine, Protocol):
    """An engine that charges for what it does.

    It tells the request's meter when the request goes out, what comes back, and when it was turned
    down free of charge: what it consumed is then known however it ends.
    """

    async def warm(self) -> None:
        """Imports and looks up whatever the first request would need."""
        ...

    def price(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        """US dollars for one generation; None where no price is known (after `warm` for good)."""
        ...


async def generate(engine: Engine, request: GenerateRequest) -> Completion:
    """The whole answer, for a caller who does not want the pieces."""
    completion: Completion | None = None
    async for part in engine.stream(request):
        if isinstance(part, Completion):
            completion = part
    assert completion is not None, "an engine ends its stream with a Completion"
    return completion
