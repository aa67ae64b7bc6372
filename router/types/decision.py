"""A task's classification, the expectations for each route, and the decision."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import ConfigDict

from router.types.base import Frozen


class Kind(StrEnum):
    """What a prompt asks for."""

    CODE = "code"
    MATH = "math"
    EXTRACTION = "extraction"
    SUMMARISATION = "summarisation"
    KNOWLEDGE = "knowledge"
    TOOL = "tool"
    WRITING = "writing"
    TRANSLATION = "translation"
    REWRITING = "rewriting"
    UNSURE = "unsure"


class EscalationReason(StrEnum):
    """Why a local answer was not good enough, or why none was tried."""

    DECLINED = "declined"
    LOW_CONFIDENCE = "low_confidence"
    OUT_OF_DOMAIN = "out_of_domain"
    COMPLEX = "complex"
    CONTEXT = "context"
    EMPTY = "empty"
    THINKING = "thinking"
    CUT_OFF = "cut_off"
    LOOP = "loop"
    REFUSAL = "refusal"
    SCHEMA = "schema"
    FORM = "form"
    SYNTAX = "syntax"
    UNFAITHFUL = "unfaithful"
    ECHO = "echo"
    INJECTED = "injected"
    INCOMPLETE = "incomplete"
    AMBIGUOUS = "ambiguous"
    UNVERIFIED = "unverified"
    CHECK = "check"
    BUSY = "busy"
    ENGINE_FAILED = "engine_failed"
    REJECTED = "rejected"


class Guess(Frozen):
    """A task's classification. `confidence` is the probability that the classifier gives `kind`.

    language: the natural one, of the instruction. complexity: 0..1; from 0.4 on, a small model is
    likely out of its depth. code_language: the programming language asked
    for, under its usual name; None where none is asked for, and for all kinds but code. tool:
    whether a tool is to be called. structured: whether the answer has a form (JSON, CSV, a table, a
    schema).
    """

    kind: Kind
    confidence: float
    language: Literal["en", "pt", "other"]
    complexity: float = 0.0
    code_language: str | None = None
    tool: bool = False
    structured: bool = False


class Expected(Frozen):
    """The expectations for one way of answering; None where unknown.

    score: 0..1. cost_usd: US dollars. wait_s: seconds until the whole answer is there.
    """

    score: float | None = None
    cost_usd: float | None = None
    wait_s: float | None = None


class DecisionInputs(Frozen):
    """The inputs of a decision beside the guess: enough to repeat it under another policy.

    covered: whether a specialist was trained for the task, None for a general model. patience_s:
    seconds that the task may wait for a local slot, None without a limit. card_known: whether
    anybody measured what the model can do. local, cloud: expected
    scores, 0..1; learned_local, learned_cloud: what this user's own outcomes added to them. Fields
    of a later version are ignored.
    """

    model_config = ConfigDict(extra="ignore")

    role: str
    covered: bool | None
    prompt_tokens: int
    window_tokens: int | None
    wait_s: float
    patience_s: float | None
    cloud_open: bool
    scarce: bool
    must_stay_local: bool
    card_known: bool = True
    local: float
    cloud: float
    outcomes: int = 0
    learned_local: float = 0.0
    learned_cloud: float = 0.0


class RouteDecision(Frozen):
    """Where a task goes, decided before generation.

    parked: the cloud is the right place but unavailable; `agent` may still draft locally. gain:
    what the cloud was expected to add to the score, as the policy counted it; None where the policy
    was not asked. outcomes: how many of this user's own outcomes the gain rests on. local, cloud:
    the expectations for both ways; for an unavailable cloud the score alone. weighed: None where
    the policy was not asked.
    """

    route: Literal["local", "cloud", "parked"]
    agent: str | None
    reason: str
    escalation: EscalationReason | None = None
    gain: float | None = None
    outcomes: int = 0
    local: Expected | None = None
    cloud: Expected | None = None
    weighed: DecisionInputs | None = None
