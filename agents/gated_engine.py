"""A cloud engine that takes only what passed the gate, whoever calls it."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from router.engine import CloudEngine, Delta, EngineCaps, GenerateRequest, WaitEstimate
from router.errors import PrivacyViolation
from router.privacy.gate import Released
from router.types.completion import Completion


class GatedEngine:
    """Hands requests on to the engine within; it is the only one that holds it."""

    def __init__(self, engine: CloudEngine) -> None:
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

    async def warm(self) -> None:
        await self._engine.warm()

    def price(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        return self._engine.price(prompt_tokens, completion_tokens)

    def outlook(self) -> WaitEstimate:
        return self._engine.outlook()

    def stream(self, request: GenerateRequest) -> AsyncGenerator[Delta | Completion, None]:
        """Raises PrivacyViolation for messages that the gate did not release."""
        if not isinstance(request.messages, Released):
            raise PrivacyViolation(
                f"{self.caps.model} was about to be sent text past the gate: it was not sent"
            )
        return self._engine.stream(request)
