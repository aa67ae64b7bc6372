"""Whether a model thinks aloud before it answers, as a configuration says it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator

from router.types.task import ThinkingMode


def _mode(value: object) -> object:
    """YAML 1.1 reads a bare `on` and `off` as booleans."""
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else value


Thinking = Annotated[ThinkingMode, BeforeValidator(_mode)]
