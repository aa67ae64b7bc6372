"""Stores the files that a workflow names with its run, which uses only these copies."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from graphs.workflow.definition.files import resolved
from graphs.workflow.definition.load import load_workflow, loads
from graphs.workflow.definition.model import WorkflowDefinition
from router.errors import ConfigError
from router.queue.runs import RunRecord

_MOST_CHARS = 5_000_000
_MOST_UP = 8


def files_of(workflow: WorkflowDefinition) -> dict[str, str]:
    """The text of each file, by its path from the workflow's folder; also of called workflows'
    files.

    A file with an absolute path is not copied. Raises ConfigError.
    """
    found: dict[str, str] = {}
    for path in _named(workflow, set()):
        name = PurePosixPath(os.path.relpath(path, workflow.base)).as_posix()
        try:
            found[name] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} cannot be read as text: {error}") from None
    if sum(map(len, found.values())) > _MOST_CHARS:
        raise ConfigError(
            f"the files that {workflow.name} names have more than {_MOST_CHARS:,} characters"
        )
    return found


def with_called(workflow: WorkflowDefinition) -> Iterator[WorkflowDefinition]:
    """The workflow and all that it calls, directly or indirectly. Raises ConfigError."""
    waiting, seen = [workflow], set[Path]()
    while waiting:
        one = waiting.pop()
        yield one
        for step in one.steps:
            path = resolved(one, step.workflow).resolve() if step.workflow else None
            if path is not None and path not in seen:
                seen.add(path)
                waiting.append(load_workflow(path))


def _named(workflow: WorkflowDefinition, seen: set[Path]) -> Iterator[Path]:
    for step in workflow.steps:
        verify = step.verify
        names = [
            step.output.json_schema if step.output else None,
            verify.json_schema if verify else None,
            verify.tests if verify else None,
            verify.command[0] if verify and verify.command and "/" in verify.command[0] else None,
            step.workflow,
        ]
        for name in names:
            if not isinstance(name, str) or Path(name).expanduser().is_absolute():
                continue
            path = resolved(workflow, name)
            if path.resolve() in seen:
                continue
            seen.add(path.resolve())
            yield path
            if name == step.workflow:
                yield from _named(load_workflow(path), seen)


def loaded(record: RunRecord) -> WorkflowDefinition:
    """The workflow of a run, for reading only: the files that it names are not unpacked."""
    return loads(record.text, Path(record.base), name=record.path)


@contextmanager
def unpacked(record: RunRecord) -> Iterator[WorkflowDefinition]:
    """The workflow as it was when the run began, with its files in a temporary folder."""
    if not record.files:
        yield loaded(record)
        return
    up = max(PurePosixPath(name).parts.count("..") for name in record.files)
    if up > _MOST_UP:
        raise ConfigError(f"{record.path} names files more than {_MOST_UP} folders above its own")
    with tempfile.TemporaryDirectory(prefix="edgeward-run-") as folder:
        # Subfolders, as many as the paths have `..`, so that `../x` stays inside.
        base = Path(folder, *(["in"] * up))
        base.mkdir(parents=True, exist_ok=True)
        for name, text in record.files.items():
            path = Path(os.path.normpath(base / name))
            if not path.is_relative_to(folder):
                raise ConfigError(f"the run's file {name!r} lies outside of its folder")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            if text.startswith("#!"):
                path.chmod(0o700)
        yield loads(record.text, base, name=record.path)
