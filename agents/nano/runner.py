"""Asks the shipped model one request after the other, as the product does, from plain code."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType

from agents.nano import MAX_TOKENS, SYSTEM_PROMPT
from agents.nano.engine import nano_engine
from router.engine import GenerateRequest, generate
from router.types.completion import Completion
from router.types.task import Message

DEADLINE_S = 60.0


class NanoRunner:
    """The engine in an event loop of its own; for calibration, benchmarks and tests."""

    def __enter__(self) -> NanoRunner:
        self._loop = asyncio.Runner()
        self._engine = nano_engine()
        self._loop.run(self._engine.open())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._loop.run(self._engine.close())
        self._loop.close()

    def answer(self, prompt: str, *, system: bool = True) -> Completion:
        """The greedy answer, with its token statistics."""
        messages: tuple[Message, ...] = (Message(role="user", content=prompt),)
        if system:
            messages = (Message(role="system", content=SYSTEM_PROMPT), *messages)
        request = GenerateRequest(
            messages=messages, deadline=time.monotonic() + DEADLINE_S, max_tokens=MAX_TOKENS
        )
        return self._loop.run(generate(self._engine, request))
