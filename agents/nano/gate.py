"""The in-domain gate: which family a prompt belongs to, judged without the decoder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agents.nano import GATE_PATH
from router.classify.ngrams import LinearModel

NO_FAMILY = "escalate"
FLOOR = 0.1
"""The likeliest family is named from this probability on, even where `escalate` is likelier.

Some refusals (a field that the text lacks, a date with two readings) do not show in n-grams, so the
gate is unsure about prompts that resemble them. The low score then lowers the confidence.
"""


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """The likeliest family with its probability; `escalate` where no family fits."""

    family: str
    score: float


class Gate:
    """A linear model over hashed n-grams, trained on the families and on what looks like them."""

    def __init__(self, model: LinearModel) -> None:
        self._model = model

    @classmethod
    def load(cls, path: Path = GATE_PATH) -> Gate:
        return cls(LinearModel.load(path))

    def judge(self, prompt: str) -> GateVerdict:
        """For `escalate` the score is the probability that no family fits."""
        probabilities = self._model.probabilities(prompt)
        outside = probabilities.pop(NO_FAMILY)
        family = max(probabilities, key=lambda label: probabilities[label])
        if probabilities[family] < FLOOR:
            return GateVerdict(NO_FAMILY, outside)
        return GateVerdict(family, probabilities[family])
