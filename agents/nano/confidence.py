"""Whether a nano answer is sure enough: token probabilities and gate, against one threshold.

The thresholds belong to one model file and one gate; `agents.nano.calibrate` chooses them.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

from agents.logistic import logit
from agents.nano import CALIBRATION_PATH

NEVER = 1.01
"""The threshold of a family that cannot reach the promised precision."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Whether a score passed its family's threshold; the latter may be NEVER."""

    accepted: bool
    threshold: float
    score: float


@dataclass(frozen=True, slots=True)
class NanoCalibration:
    """weights: of logit(min_p), sum_logprob in nats, logit(gate score) and 1; then thresholds.

    exact: the share of all answers that were right, by family, accepted or not.
    """

    weights: tuple[float, float, float, float]
    thresholds: dict[str, float]
    exact: dict[str, float]

    @classmethod
    def load(cls, path: Path = CALIBRATION_PATH) -> NanoCalibration:
        stored = json.loads(path.read_text(encoding="utf-8"))
        a, b, c, d = stored["weights"]
        families = stored["families"].items()
        return cls(
            (a, b, c, d),
            thresholds={family: row["threshold"] for family, row in families},
            exact={family: row["exact_match"] for family, row in families},
        )

    def score(self, min_p: float, sum_logprob: float, gate_score: float) -> float:
        """Estimated probability, 0..1, that the answer is right."""
        a, b, c, d = self.weights
        z = a * logit(min_p) + b * max(sum_logprob, -20.0) + c * logit(gate_score) + d
        return 1 / (1 + math.exp(-max(min(z, 60.0), -60.0)))

    def accept(
        self, family: str, min_p: float, sum_logprob: float, gate_score: float
    ) -> Acceptance:
        """min_p: the lowest token probability of the answer; sum_logprob: over all its tokens.

        A family without a threshold, `escalate` among them, is never accepted.
        """
        threshold = self.thresholds.get(family, NEVER)
        score = self.score(min_p, sum_logprob, gate_score)
        return Acceptance(score >= threshold, threshold, score)
