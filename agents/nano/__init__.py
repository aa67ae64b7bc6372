"""The shipped nano specialist: where its files are and how it is spoken to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from router.policy.speed import Speed

WEIGHTS = Path(__file__).parent / "weights"
MODEL_PATH = WEIGHTS / "edgeward-nano.gguf"
CALIBRATION_PATH = WEIGHTS / "calibration.json"
GATE_PATH = WEIGHTS / "gate.npz"
LEXICON_PATH = WEIGHTS / "lexicon.json"

ESCALATE_TOKEN = "<|escalate|>"
"""The whole answer to whatever the model was not trained for; one special token."""

STOP_TOKEN = "<|im_end|>"
MAX_TOKENS = 200
"""No right answer of any family is longer; one that reaches this is wrong."""

SPEED = Speed(first_s=0.005, token_s=0.0003)
"""Before its first answer in a process: the medians of 55 answers on one core, rounded up."""

SYSTEM_PROMPT = "Do the routine request exactly, or escalate."
"""Sending none works as well; any other one was never trained."""


def with_keys(prompt: str, keys: Sequence[str]) -> str:
    """The request with the JSON keys its answer must have, in the wording the model knows best."""
    return f"{prompt}\nReturn JSON with keys {', '.join(keys)}."
