"""Reads the small files of a model directory: its configuration, and which tokens end an answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from router.errors import ConfigError

_END_NAMES = ("<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<|endoftext|>", "<end_of_turn>")
"""Tokens that end a turn by their name, whatever the files say."""


def read_json(path: Path, *, missing: dict[str, Any] | None = None) -> dict[str, Any]:
    """The object in a JSON file. missing: what a file that is not there counts as; None: an error.

    Raises ConfigError, which names the file and what is wrong with it.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if missing is not None:
            return missing
        raise ConfigError(f"{path}: the file is missing: fetch the model again") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: cannot be read as JSON: {error}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: a JSON object is wanted, it holds a {type(content).__name__}")
    return content


def end_tokens(
    folder: Path, config: dict[str, Any], token_id: Callable[[str], int | None]
) -> tuple[int, ...]:
    """Every token that ends an answer: those of config.json, of generation_config.json, and those
    known by name. Raises ConfigError where there is none."""
    generation = read_json(folder / "generation_config.json", missing={})
    ends: set[int] = set()
    for source in (config, generation):
        given = source.get("eos_token_id")
        given = given if isinstance(given, list) else [given]
        ends |= {token for token in given if isinstance(token, int)}
    ends |= {token for name in _END_NAMES if (token := token_id(name)) is not None}
    if not ends:
        raise ConfigError(f"{folder}: no file says which token ends an answer (eos_token_id)")
    return tuple(sorted(ends))
