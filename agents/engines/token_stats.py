"""How sure a model was, token by token, from its raw logits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from router.types.completion import TokenStats

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]
    Mask = npt.NDArray[np.bool_]


class StatsGatherer:
    """One answer's statistics, as it is made. `observe` the distribution, then `chose` the token.

    All are of the model's own distribution: before temperature, penalties and constraints. A
    sampler's probabilities would not do: under greedy decoding each of them is 1.
    """

    def __init__(self) -> None:
        self._tokens = 0
        self._sum_logprob = self._sum_entropy = 0.0
        self._min_logprob = self._min_margin = 0.0
        self._min_mass: float | None = None
        self._shifted: Floats | None = None
        self._log_total = self._entropy = self._margin = 0.0
        self._mass: float | None = None

    def observe(self, logits: Floats, allowed: Mask | None) -> None:
        """logits: (vocab,) of the next token. allowed: (vocab,), None without a constraint."""
        # Single precision, and sums in double: a vocabulary of 152,000 costs 0.4 ms this way.
        shifted = np.subtract(logits, logits.max(), dtype=np.float32)
        weights = np.exp(shifted)
        total = float(weights.sum(dtype=np.float64))
        self._log_total = math.log(total)
        self._shifted = shifted
        # Below -80 nothing counts; a masked token is at minus infinity, and would be no number.
        moment = float(np.dot(weights, np.maximum(shifted, -80.0)))
        self._entropy = self._log_total - moment / total
        if allowed is None:
            self._mass = None
        else:
            self._mass = min(float(weights[allowed].sum(dtype=np.float64)) / total, 1.0)
        best = int(shifted.argmax())
        top, shifted[best] = shifted[best], -np.inf
        self._margin = float(top - shifted.max()) if len(shifted) > 1 else math.inf
        shifted[best] = top

    def chose(self, token: int) -> None:
        """The token that was taken from what was seen last, if it is part of the answer."""
        assert self._shifted is not None, "it is seen before it is chosen"
        logprob = min(float(self._shifted[token]) - self._log_total, 0.0)
        self._shifted = None
        first = self._tokens == 0
        self._tokens += 1
        self._sum_logprob += logprob
        self._sum_entropy += self._entropy
        self._min_logprob = logprob if first else min(self._min_logprob, logprob)
        self._min_margin = self._margin if first else min(self._min_margin, self._margin)
        if self._mass is not None:
            self._min_mass = min(self._mass, 1.0 if self._min_mass is None else self._min_mass)

    def result(self) -> TokenStats | None:
        """None for an answer without a token."""
        if not self._tokens:
            return None
        return TokenStats(
            tokens=self._tokens,
            min_logprob=self._min_logprob,
            sum_logprob=self._sum_logprob,
            mean_entropy=max(0.0, self._sum_entropy / self._tokens),
            min_margin=self._min_margin,
            min_allowed_mass=self._min_mass,
        )
