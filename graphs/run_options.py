"""What a caller asks of one run beside its task: who answers, where, for how much, how judged."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from agents.checks.own import Check
from router.account.budget import Scope
from router.types.result import CloudState


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """The defaults are those of a single request: the policy decides.

    role: the local role that answers; None: by the kind of the task. place: `local` never asks the
    cloud, `cloud` asks only the cloud. escalates: whether the cloud may be asked when a local
    answer is rejected. scopes: budgets for the cloud's answers, in addition to the configured ones.
    checks: judge every answer, the cloud's too; judged_by: changes when they do. paid_kept_s:
    seconds that an answer that was paid for is kept under its idempotency key.
    """

    role: Literal["general", "coder"] | None = None
    place: Literal["local", "cloud", "auto"] = "auto"
    escalates: bool = True
    scopes: tuple[Scope, ...] = ()
    checks: tuple[Check, ...] = ()
    judged_by: str = ""
    paid_kept_s: int = 86_400

    @property
    def no_cloud(self) -> tuple[CloudState, str] | None:
        """Why this run must not use the cloud, in words; None where it may."""
        if self.place == "local":
            return CloudState.OFF, "it is to be answered on this machine"
        if self.place == "auto" and not self.escalates:
            return CloudState.OFF, "it is not to go to the cloud"
        return None

    @property
    def fingerprint(self) -> str:
        """Part of the answer cache's key; empty for the defaults."""
        shape = (self.role or "", self.place, str(self.escalates), self.judged_by)
        if shape == ("", "auto", "True", ""):
            return ""
        return hashlib.sha256("\n".join(shape).encode()).hexdigest()[:16]


DEFAULT_OPTIONS = RunOptions()
"""The options of a single request."""
