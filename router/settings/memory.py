"""What is remembered and for how long, and what waits for a cloud."""

from __future__ import annotations

from pydantic import Field

from router.types.base import Frozen


class MemorySettings(Frozen):
    """What is remembered, and for how long."""

    session_days: float = Field(
        default=30.0, gt=0, description="a session unused this long is gone"
    )
    history_messages: int = Field(
        default=20, ge=0, description="messages of a session that a model is shown"
    )
    cache: bool = Field(default=True, description="answer an identical request from memory")
    cache_hours: float = Field(default=24.0, gt=0, description="how long an answer is kept")
    facts_days: float = Field(default=90.0, gt=0, description="how long a shared fact is kept")
    facts_tokens: int = Field(
        default=50_000, ge=1, description="tokens of all facts together; the least used go first"
    )
    fact_tokens: int = Field(default=1000, ge=1, description="tokens of one fact at most")
    recall_tokens: int = Field(
        default=0,
        ge=0,
        description="tokens of matching facts that general models and the cloud are shown, and at "
        "most of a session's turns; 0: no facts, and the newest turns that fit the window",
    )
    summarise: bool = Field(
        default=False,
        description="let the local model summarise the turns of a session that do not fit it",
    )
    ledger_days: float = Field(default=90.0, gt=0, description="how long the account is kept")


class OutboxSettings(Frozen):
    """Tasks whose cloud step waits for a cloud."""

    keep_hours: float = Field(
        default=168.0, ge=0, description="how long one waits at most; 0: none is kept"
    )
    most: int = Field(default=1000, ge=1, description="tasks that may wait at the same time")
