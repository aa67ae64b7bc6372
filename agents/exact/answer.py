"""The computed answer to a request."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Exact:
    """text: the answer, in the form asked. family: such as `date`. how: how it was computed, a
    plain sentence. loose: the request does not say how far to round, so that another rounding is as
    right."""

    text: str
    family: str
    how: str
    loose: bool = False
