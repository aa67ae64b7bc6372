"""How much of a frontier model a cloud's model is, by its name."""

from __future__ import annotations

import re
from typing import Literal

from router.policy.model_names import read_model_name

Tier = Literal["small", "mid", "large"]

_LEAST = frozenset({"nano", "lite", "tiny", "small"})
_SMALL = _LEAST | {"mini", "haiku", "flash", "luna"}
_MID = frozenset({"medium", "terra"})
_LARGE = frozenset({"opus", "sonnet", "pro", "large", "sol", "max", "ultra"})

_MEASURED = re.compile(
    r"gpt-3\.5|gpt-4(?!\.)|claude-(?:2|3)(?!\d)|claude-instant|gemini-1|llama-?3|qwen-?2|mixtral"
    r"|gemma-?[12]|phi-?[123]"
)
"""The generation of the models that the frontier's expectations were measured on."""

_SMALL_BILLIONS, _MID_BILLIONS = 20.0, 110.0


def tier_of(model: str) -> Tier | None:
    """Beside a frontier model of the measured generation; None for a name that tells nothing.

    Of a later generation only the least ones are below those, about as a middle one was.
    """
    name = model.lower().rpartition("/")[2]
    words = set(re.split(r"[^a-z]+", name))
    billions = read_model_name(name).billions
    if billions is None and not words & (_SMALL | _MID | _LARGE):
        return None
    if not _MEASURED.search(name):
        least = words & _LEAST if billions is None else billions <= _SMALL_BILLIONS
        return "mid" if least else "large"
    if billions is not None:
        if billions <= _SMALL_BILLIONS:
            return "small"
        return "mid" if billions <= _MID_BILLIONS else "large"
    if words & _SMALL:
        return "small"
    return "mid" if words & _MID else "large"
