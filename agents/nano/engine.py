"""The engine that runs the shipped nano model: the same for users, calibration and benchmarks."""

from __future__ import annotations

from agents.engines.lane import Lane
from agents.engines.lane_engine import LaneEngine
from agents.engines.llamacpp import llamacpp_engine
from agents.nano import MODEL_PATH

CONTEXT_TOKENS = 1024
"""More than twice the longest exchange of the training; what is longer was never practised."""


def nano_engine(*, parallel: int = 1, lane: Lane | None = None) -> LaneEngine:
    """One thread a request: a second one costs such a small model more than it brings.

    Pinned on its lane: it takes less memory than what it would be unloaded for.
    """
    return llamacpp_engine(
        model_path=MODEL_PATH,
        model="nano",
        context_tokens=CONTEXT_TOKENS,
        parallel=parallel,
        threads=1,
        special_tokens_as_text=True,
        lane=lane,
        pinned=True,
    )
