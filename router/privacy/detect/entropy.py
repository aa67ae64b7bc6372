"""How disordered a text is: keys are, words and placeholders are not."""

from __future__ import annotations

import math
from collections import Counter

from router.privacy.detect.secret_words import is_placeholder

_JUDGED_CHARS = 256


def looks_random(value: str, *, digits: bool = True) -> bool:
    """Whether a value has the disorder of a key. digits: it must hold one."""
    if is_placeholder(value) or (digits and not any(mark.isdigit() for mark in value)):
        return False
    counts = Counter(value[:_JUDGED_CHARS])
    chars = sum(counts.values())
    bits = -sum(n / chars * math.log2(n / chars) for n in counts.values())
    return any(mark.isalpha() for mark in value) and bits >= min(3.0, math.log2(chars) - 0.8)
