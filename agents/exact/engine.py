"""The engine that computes its answers: no model, no tokens, no wait."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator

from agents.exact.compute import exact
from router.engine import Delta, EngineCaps, GenerateRequest, WaitEstimate
from router.errors import EngineUnavailable
from router.types.completion import Completion, Usage

NAME = "exact"


class ExactEngine:
    """Answers the last message; EngineUnavailable where there is nothing to compute."""

    @property
    def caps(self) -> EngineCaps:
        return EngineCaps(engine=NAME, model=NAME, local=True)

    def outlook(self) -> WaitEstimate:
        return WaitEstimate()

    async def load_library(self) -> None:
        """The libraries of a family are imported when it is first asked."""

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def stream(self, request: GenerateRequest) -> AsyncGenerator[Delta | Completion, None]:
        """The whole answer in one piece."""
        began = time.monotonic()
        request.remaining_s(NAME)
        found = exact(request.messages[-1].content)
        if found is None:
            raise EngineUnavailable(f"{NAME}: there is nothing to compute", model=NAME)
        yield Delta(found.text)
        took_s = time.monotonic() - began
        yield Completion(
            text=found.text,
            engine=NAME,
            model=NAME,
            finish_reason="stop",
            usage=Usage(),
            ttft_s=took_s,
            latency_s=took_s,
        )
