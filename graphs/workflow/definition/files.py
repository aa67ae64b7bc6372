"""Finds the files that a workflow names, and reads the schemas in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from graphs.workflow.definition.model import Step, WorkflowDefinition
from router.errors import ConfigError
from router.json_schema import schema_problem

_MOST_BYTES = 1_000_000


def resolved(workflow: WorkflowDefinition, path: str) -> Path:
    """A path from the file, relative to the folder of the file."""
    return workflow.base / Path(path).expanduser()


def schema_in(workflow: WorkflowDefinition, schema: str | dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema that is written in the file, or in a file that it names.

    Raises ConfigError, which does not name the place, for an unreadable or invalid schema.
    """
    found = schema if isinstance(schema, dict) else _read(resolved(workflow, schema), schema)
    if problem := schema_problem(found):
        raise ConfigError(f"no JSON Schema: {problem}")
    return found


def output_schema(workflow: WorkflowDefinition, step: Step) -> dict[str, Any] | None:
    return schema_in(workflow, step.output.json_schema) if step.output else None


def _read(path: Path, name: str) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ConfigError(f"{name} is too large for a schema")
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(_missing(path, name, error.strerror)) from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{name} is no JSON: {str(error)[:200]}") from None
    if not isinstance(found, dict):
        raise ConfigError(f"{name} is no JSON Schema: it holds no object")
    return found


def missing(workflow: WorkflowDefinition, name: str) -> str | None:
    """The message for a named file that does not exist; None where it does."""
    path = resolved(workflow, name)
    try:
        return None if path.is_file() else _missing(path, name, None)
    except (OSError, ValueError):
        return _missing(path, name, None)


def _missing(path: Path, name: str, why: str | None) -> str:
    try:
        if path.is_dir():
            return f"{name} is a folder, not a file"
        if path.exists():
            return f"{name} cannot be read: {why}"
    except (OSError, ValueError):
        pass
    return f"there is no file {name} in {path.parent}"
