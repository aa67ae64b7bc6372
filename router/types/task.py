"""A request: its text, privacy label, time limits and priority."""

from __future__ import annotations

import hashlib
import uuid
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from router.types.base import Frozen

MAX_PROMPT_CHARS = 1_000_000
"""Above this a prompt is refused outright: no model in reach reads it (about 250,000 tokens)."""


class Privacy(StrEnum):
    """Where a text may go: anywhere, anywhere without what is personal in it, nowhere."""

    PUBLIC = "public"
    INTERNAL = "internal"
    LOCAL_ONLY = "local_only"


class Priority(StrEnum):
    """Who goes first where tasks wait for one machine. A lower one waits longer, never for ever."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


ThinkingMode = Literal["auto", "on", "off"]
"""Whether a model that can think before it answers shall do so."""


class Message(Frozen):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


class Task(Frozen):
    """One request.

    timeout_s: wall-clock seconds for the whole request, every attempt included.
    json_schema: JSON Schema the answer must satisfy; in JSON and YAML the key is `schema`.
    session: name of a conversation whose turns are remembered; None remembers nothing. messages:
    the turns before the prompt, of a caller who keeps the conversation; not beside a session.
    stop: strings that end the answer and are not part of it.
    max_wait_s: seconds the task may wait for a local model's turn before it goes elsewhere; None
    takes `policy.max_wait_s` where a cloud stands behind, and waits for its turn where none does.
    tenant: on whose behalf; in a queue each has its fair share.
    tools: whether the models may use the tools that their roles are allowed.
    files: where the text comes from; a folder's label counts for what is in it.
    upgrade_within_s: how long a cloud's answer is still wanted where there is no cloud now; 0: not
    at all, None: as `outbox.keep_hours` says.
    strict: an answer that nothing speaks for is none, also where nobody else could answer.
    workflow: id of a run that a worker drives; the prompt then only says which.
    """

    prompt: str
    task_id: str = Field(default_factory=lambda: uuid.uuid4().hex)
    system: str | None = None
    session: str | None = None
    messages: tuple[Message, ...] = ()
    json_schema: dict[str, Any] | None = Field(default=None, alias="schema")
    privacy: Privacy = Privacy.PUBLIC
    timeout_s: float = Field(default=120.0, gt=0, le=86_400)
    max_wait_s: float | None = Field(default=None, gt=0, le=86_400)
    priority: Priority = Priority.NORMAL
    max_tokens: int | None = Field(default=None, ge=1)
    temperature: float = Field(default=0.0, ge=0, le=2)
    seed: int | None = None
    stop: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    upgrade_within_s: float | None = Field(default=None, ge=0)
    tools: bool = False
    strict: bool = False
    workflow: str | None = Field(default=None, max_length=100)
    tenant: str = Field(default="", max_length=200)

    @field_validator("prompt")
    @classmethod
    def _usable(cls, prompt: str) -> str:
        try:
            prompt.encode()
        except UnicodeEncodeError as error:
            raise ValueError(
                f"the prompt is not valid text at character {error.start}: convert it to UTF-8"
            ) from None
        if not prompt.strip():
            raise ValueError("the prompt is empty: pass the request as text")
        if len(prompt) > MAX_PROMPT_CHARS:
            raise ValueError(
                f"the prompt has {len(prompt):,} characters, the limit is {MAX_PROMPT_CHARS:,}: "
                "split the text, or send the part that matters"
            )
        return prompt

    @model_validator(mode="after")
    def _one_conversation(self) -> Task:
        if self.session is not None and self.messages:
            raise ValueError(
                "`session` and `messages` are two conversations: let edgeward remember the one, or "
                "pass the other with each request"
            )
        if any(one.role == "system" for one in self.messages):
            raise ValueError("a system prompt is no turn: pass it as `system`")
        chars = len(self.prompt) + sum(len(one.content) for one in self.messages)
        if chars > MAX_PROMPT_CHARS:
            raise ValueError(
                f"the conversation has {chars:,} characters, the limit is {MAX_PROMPT_CHARS:,}: "
                "leave out its oldest turns"
            )
        return self


def reference_of(task_id: str) -> str:
    """A short reference to a task, for the account and a session's turns."""
    return hashlib.sha256(task_id.encode("utf-8", "surrogatepass")).hexdigest()[:12]
