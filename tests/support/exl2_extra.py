"""Skips what needs the extra `exllamav2-dev`, where it is not installed."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

NEEDED = ("torch", "exllamav2", "llguidance", "tokenizers", "transformers")


def installed() -> bool:
    return all(find_spec(name) for name in NEEDED)


def needs_the_extra() -> None:
    """At the head of a module, before its imports; or in a test."""
    if not installed():
        reason = "the extra exllamav2-dev is not installed: pip install '.[exllamav2-dev]'"
        pytest.skip(reason, allow_module_level=True)
