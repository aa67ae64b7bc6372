"""How much of a frontier model a cloud's model is, by its name."""

from __future__ import annotations

import re
from typing import Literal

from router.policy.model_names import read_model_name

Tier = Literal["small", "mid", "large"]

_WORDS: dict[str, Tier] = {
    **dict.fromkeys(("mini", "nano", "lite", "haiku", "flash", "small", "luna", "tiny"), "small"),
    **dict.fromkeys(("medium", "terra"), "mid"),
    **dict.fromkeys(("opus", "sonnet", "pro", "large", "sol", "max", "ultra"), "large"),
}

_MEASURED = re.compile(
    r"gpt-3\.5|gpt-4(?!\.)|claude-(?:2|3)(?![\d])|claude-instant|gemini-1|llama-?3|qwen-?2|mixtral"
    r"|gemma-?[12]|phi-?[123]"
)
"""The generation of the models that the frontier's expectations were measured on."""

_SMALL_BILLIONS, _MID_BILLIONS = 20.0, 110.0

_NEXT: dict[Tier, Tier] = {"small": "mid", "mid": "large", "large": "large"}


def tier_of(model: str) -> Tier | None:
    """Beside a frontier model of the measured generation: a small one of a later generation counts
    as a middle one of that, a middle one as a large one. None for a name that tells nothing.
    """
    name = model.lower().rpartition("/")[2]
    named = read_model_name(name)
    if named.billions is not None:
        small = named.billions <= _SMALL_BILLIONS
        tier: Tier = "small" if small else "mid" if named.billions <= _MID_BILLIONS else "large"
    else:
        words = [_WORDS[word] for word in re.split(r"[^a-z]+", name) if word in _WORDS]
        if not words:
            return None
        tier = min(words, key=("small", "mid", "large").index)
    return tier if _MEASURED.search(name) else _NEXT[tier]
