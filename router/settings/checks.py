"""The user's own programs that judge answers."""

from __future__ import annotations

from pydantic import Field

from router.types.base import Frozen
from router.types.decision import Kind


class CheckSettings(Frozen):
    """A program of the user's that judges answers: status 0 accepts, 1 rejects."""

    name: str = Field(pattern=r"^[\w.-]{1,40}$", description="how results name it")
    command: tuple[str, ...] = Field(min_length=1, description="the program and its arguments")
    kinds: tuple[Kind, ...] = Field(default=(), description="of task; empty: all")
    timeout_s: float = Field(default=10.0, gt=0, le=600, description="seconds it may take")
