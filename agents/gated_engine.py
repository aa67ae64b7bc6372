"""Wraps an engine on another machine, so that it accepts only what the gate released."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from router.engine import CloudEngine, Delta, Engine, EngineCaps, GenerateRequest, WaitEstimate
from router.errors import PrivacyViolation
from router.privacy.gate import Released
from router.types.completion import Completion


class GatedEngine:
    """Passes requests on to the wrapped engine; nothing else has a reference to that engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def caps(self) -> EngineCaps:
        return self._engine.caps

    async def load_library(self) -> None:
        await self._engine.load_library()

    async def open(self) -> None:
        await self._engine.open()

    async def close(self) -> None:
        await self._engine.close()

    def outlook(self) -> WaitEstimate:
        return self._engine.outlook()

    def stream(self, request: GenerateRequest) -> AsyncGenerator[Delta | Completion, None]:
        """Raises PrivacyViolation for messages or a schema that the gate did not release."""
        messages, constraint = request.messages, request.constraint
        schema = None if constraint is None else constraint.json_schema
        passed = isinstance(messages, Released) and schema is messages.schema
        if not passed or (constraint is not None and constraint.regex is not None):
            raise PrivacyViolation(
                f"{self.caps.model} was about to be sent text past the gate: it was not sent"
            )
        return self._engine.stream(request)


class GatedCloud(GatedEngine):
    """A gated engine that charges for what it does."""

    def __init__(self, engine: CloudEngine) -> None:
        super().__init__(engine)
        self._cloud = engine

    async def warm(self) -> None:
        await self._cloud.warm()

    def price(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        return self._cloud.price(prompt_tokens, completion_tokens)
