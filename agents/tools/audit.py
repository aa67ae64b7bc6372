"""The result of a tool call, and its audit record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from agents.tools.tool import PUBLIC


@dataclass(frozen=True, slots=True)
class ToolResult:
    """The result of a call: `text` is for a model, `output`, as the tool gave it, for a program.

    reason: for the account. status: done; refused, it is not allowed; failed, it did not work;
    malformed, it could not be parsed. label: the privacy label of `text`. remedy: where the call
    itself was wrong, `repair` shows the model the text once; `escalate` says that it was wrong
    again.
    """

    status: Literal["done", "refused", "failed", "malformed"]
    text: str
    label: str = PUBLIC
    reason: str = ""
    remedy: Literal["none", "repair", "escalate"] = "none"
    output: str = ""


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One call, also a refused one, without the values of its arguments.

    tool and argument_names are '?' where the model wrote what is not a name. arguments_sha256: of
    their canonical JSON. at: Unix time of the request; seconds: until it ended, the approval
    included.
    """

    task_id: str
    role: str
    tool: str
    outcome: Literal["done", "refused", "failed", "malformed", "cancelled"]
    reason: str
    arguments_sha256: str
    argument_names: tuple[str, ...]
    at: float
    seconds: float


Audit = Callable[[AuditRecord], None]
"""Takes a record at once, without blocking. Its exceptions propagate: no call may go unrecorded."""
