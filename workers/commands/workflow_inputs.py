"""Parses the inputs of a workflow: `name=value`, `name=@file` or `name=@folder`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from graphs.workflow.definition.model import WorkflowDefinition
from router.errors import ConfigError
from workers.commands.inputs import read_text

_MOST_FILES = 10_000


def read_inputs(workflow: WorkflowDefinition, given: Sequence[str]) -> dict[str, str]:
    """The inputs by name, as texts; for an input of type array, a folder gives the texts of its
    files, sorted by name.

    Raises ConfigError and TaskError, in words.
    """
    found: dict[str, str] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name:
            raise ConfigError(f"--input {one!r}: write name=value, or name=@file")
        if name in found:
            raise ConfigError(f"--input {name} is given twice")
        found[name] = _value(workflow, name, value)
    return found


def _value(workflow: WorkflowDefinition, name: str, value: str) -> str:
    if not value.startswith("@"):
        return value
    if value == "@-":
        return sys.stdin.read()
    path = Path(value[1:]).expanduser()
    if not path.is_dir():
        return read_text(path)
    wanted = workflow.inputs.get(name)
    if wanted is not None and wanted.type != "array":
        raise ConfigError(
            f"--input {name}: {path} is a folder, and the input is of type {wanted.type}: name a "
            "file, or list them yourself"
        )
    files = [one for one in sorted(path.iterdir()) if one.is_file() and one.name[0] != "."]
    if len(files) > _MOST_FILES:
        raise ConfigError(f"--input {name}: {path} holds more than {_MOST_FILES:,} files")
    return json.dumps([read_text(one) for one in files])
