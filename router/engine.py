"""Engine: the protocol that every backend implements, and what travels through it."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Protocol

from router.errors import EngineTimeout
from router.types import Completion, Message


@dataclass(frozen=True, slots=True)
class EngineCaps:
    """What an engine can do with its model.

    context_tokens: the true window of one request, prompt and answer together; None if unknown
    before the first call. local: runs on hardware of the user's; nothing leaves it.
    """

    engine: str
    model: str
    local: bool
    context_tokens: int | None = None
    logprobs: bool = False
    json_schema: bool = False


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """One generation.

    deadline: `time.monotonic()` seconds after which the engine must stop and raise EngineTimeout.
    json_schema: the answer must satisfy it, compactly written. An engine that cannot enforce it,
    or cannot compile it, raises EngineRejected; it never drops it.
    stop: strings that end the answer and are not part of it.
    """

    messages: tuple[Message, ...]
    deadline: float
    max_tokens: int = 1024
    temperature: float = 0.0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    json_schema: dict[str, Any] | None = None

    def remaining_s(self, model: str) -> float:
        """Seconds left; raises EngineTimeout when there are none."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise EngineTimeout("the deadline passed before the model was asked", model=model)
        return left


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of the answer's text, in order."""

    text: str


class Engine(Protocol):
    """One model behind one backend.

    `open` loads or connects and may be called twice; `stream` yields Deltas, then exactly one
    Completion whose text is their concatenation, and ends. Closing the generator early cancels the
    job in the backend within one token. Any number of streams may run at once; what cannot run
    waits inside the engine. Every exception is an EngineError. After `close` nothing runs.
    """

    @property
    def caps(self) -> EngineCaps: ...

    async def open(self) -> None: ...

    def stream(self, request: GenerateRequest) -> AsyncGenerator[Delta | Completion, None]: ...

    async def close(self) -> None: ...


async def generate(engine: Engine, request: GenerateRequest) -> Completion:
    """The whole answer, for a caller who does not want the pieces."""
    completion: Completion | None = None
    async for part in engine.stream(request):
        if isinstance(part, Completion):
            completion = part
    assert completion is not None, "an engine ends its stream with a Completion"
    return completion
