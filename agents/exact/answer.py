"""The computed answer to a request."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Exact:
    """text: the answer, in the form asked. family: such as `date`. how: how it was computed, a
    plain sentence."""

    text: str
    family: str
    how: str
