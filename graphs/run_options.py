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
    """A single request has none of it: the policy decides.

    role: the local role that answers; None: by the kind of the task. place: `local` never asks the
    cloud, `cloud` asks nobody else. escalates: whether the cloud may be asked where an answer from
    here is not good enough. scopes: budgets that the cloud's answers fall under beside the
    configured ones. checks: judge every answer, the cloud's too; judged_by: changes when they do.
    paid_kept_s: seconds that an answer which was paid for is found again.
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
        """Why the cloud is not for this run, in words; None where it may be."""
        if self.place == "local":
            return CloudState.OFF, "it is to be answered on this machine"
        if self.place == "auto" and not self.escalates:
            return CloudState.OFF, "it is not to go to the cloud"
        return None

    @property
    def fingerprint(self) -> str:
        """Changes when an answer under other terms need not do; empty where there are none."""
        shape = (self.role or "", self.place, str(self.escalates), self.judged_by)
        if shape == ("", "auto", "True", ""):
            return ""
        return hashlib.sha256("\n".join(shape).encode()).hexdigest()[:16]


DEFAULT_OPTIONS = RunOptions()
"""The terms of a single request."""
