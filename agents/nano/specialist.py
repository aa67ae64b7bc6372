"""The nano as an agent's specialist: what it covers, and whether its answer may stand."""

from __future__ import annotations

import math
from dataclasses import dataclass

from agents.agent import Coverage
from agents.nano import ESCALATE_TOKEN, with_keys
from agents.nano.confidence import NEVER, NanoCalibration
from agents.nano.gate import NO_FAMILY, Gate
from agents.nano.verify import verify
from router.types.completion import Completion
from router.types.decision import EscalationReason
from router.types.result import CheckResult
from router.types.task import Task

LONGEST_CHARS = 4096
"""As many as about fill its window, twice as many as it was trained on: the gate need not look."""


@dataclass(frozen=True, slots=True)
class NanoSpecialist:
    """The gate before generation; verification and calibrated confidence after it."""

    gate: Gate
    calibration: NanoCalibration

    @classmethod
    def load(cls) -> NanoSpecialist:
        """With the shipped gate and calibration."""
        return cls(Gate.load(), NanoCalibration.load())

    def prompt(self, task: Task) -> str:
        """The request; under a schema with the keys of the answer, as the model was trained."""
        keys = _plain_keys(task)
        return with_keys(task.prompt, keys) if keys else task.prompt

    def covers(self, task: Task) -> Coverage:
        """A family that it knows, asked as it was trained: no system prompt but its own."""
        if len(task.prompt) > LONGEST_CHARS:
            return Coverage(family=NO_FAMILY, score=1.0, covered=False)
        verdict = self.gate.judge(self.prompt(task))
        known = (
            verdict.family != NO_FAMILY
            and self.calibration.thresholds.get(verdict.family, NEVER) < NEVER
            and task.system is None
            and (task.json_schema is None or bool(_plain_keys(task)))
        )
        return Coverage(
            family=verdict.family,
            score=verdict.score,
            covered=known,
            expected=self.calibration.exact[verdict.family] if known else None,
        )

    def checks(
        self, task: Task, completion: Completion, coverage: Coverage
    ) -> tuple[CheckResult, ...]:
        """It did not decline, its values are in the text, and it was sure enough."""
        if ESCALATE_TOKEN in completion.text:
            declined = EscalationReason.DECLINED
            return (CheckResult.found("declined", "the model itself declines the task", declined),)
        wrong = verify(coverage.family, self.prompt(task), completion.text)
        faithful = CheckResult.found(
            "faithful",
            wrong or "every value is in the request",
            EscalationReason.UNFAITHFUL if wrong else None,
        )
        return faithful, self._confidence(completion, coverage)

    def _confidence(self, completion: Completion, coverage: Coverage) -> CheckResult:
        stats = completion.stats
        assert stats is not None, "the embedded engine reports probabilities"
        accepted = self.calibration.accept(
            coverage.family, math.exp(stats.min_logprob), stats.sum_logprob, coverage.score
        )
        return CheckResult.found(
            "confidence",
            f"score {accepted.score:.3f}, {coverage.family} needs {accepted.threshold:.3f}",
            None if accepted.accepted else EscalationReason.LOW_CONFIDENCE,
            calibrated=True,
        )


def _plain_keys(task: Task) -> tuple[str, ...]:
    """The keys of a schema that is a flat object of strings; empty for any other, and for none."""
    schema = task.json_schema or {}
    properties = schema.get("properties")
    if schema.get("type") != "object" or not isinstance(properties, dict):
        return ()
    if any(not isinstance(it, dict) or it.get("type") != "string" for it in properties.values()):
        return ()
    return tuple(properties)
