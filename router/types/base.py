"""What every value of the vocabulary is: frozen, and closed to unknown keys."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A value: immutable, and closed to unknown keys, so that a typing error is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
