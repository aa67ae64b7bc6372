"""What the engine contract's tests need to know of an engine that they are run on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from router.engine import Engine

Behaviour = Literal["brief", "endless"]
"""brief: answers of 8 to 100 characters that end by themselves. endless: an answer that would take
at least five seconds and ends only at max_tokens or the deadline."""


@dataclass(frozen=True)
class Subject:
    """One engine under the contract.

    make: gives an unopened engine of the wanted behaviour, with a server if it needs one (it gets a
    directory for files); the contract opens and closes the engine. lanes: how many answers it
    generates in parallel; None where nothing in this process limits that.
    """

    name: str
    make: Callable[[Path, Behaviour], AbstractAsyncContextManager[Engine]]
    lanes: int | None = None
    supports_schema: bool = False
    supports_logprobs: bool = False
    overflow_prompt: str | None = None
    """A prompt that does not fit the model's window; None where the engine cannot know."""
