"""What a person hands to the command line, turned into tasks: prompts, request files, schemas."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, TextIO

from pydantic import ValidationError

from router.errors import TaskError
from router.types.task import MAX_PROMPT_CHARS, Task


def read_text(path: Path) -> str:
    """A text file; TaskError naming it when it cannot be read as one."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise TaskError(f"no such file: {path}") from None
    except IsADirectoryError:
        raise TaskError(f"{path} is a directory: name a file") from None
    except UnicodeDecodeError:
        raise TaskError(
            f"{path} is not text in UTF-8: convert it, or extract its text first"
        ) from None
    except OSError as error:
        raise TaskError(f"{path} cannot be read: {error.strerror}") from None


def read_prompt(words: str | None, file: Path | None, stdin: TextIO | None = None) -> str:
    """The prompt from the argument, a file and a pipe, joined in that order by an empty line."""
    stdin = sys.stdin if stdin is None else stdin
    parts = [words] if words is not None else []
    if file is not None and str(file) != "-":
        parts.append(read_text(file))
    if stdin is not None and not stdin.isatty():
        try:
            # One character over the limit is enough to refuse it: an endless pipe is not read on.
            parts.append(stdin.read(MAX_PROMPT_CHARS + 1))
        except UnicodeDecodeError:
            raise TaskError("what was piped in is not text in UTF-8: convert it first") from None
    prompt = "\n\n".join(part for part in parts if part.strip())
    if not prompt:
        raise TaskError(
            'there is no prompt: pass it as an argument (edgeward ask "..."), '
            "by --file or by a pipe"
        )
    return prompt


def read_schema(path: Path) -> dict[str, Any]:
    """A JSON Schema from a file."""
    text = read_text(path)
    try:
        schema = json.loads(text)
    except ValueError as error:
        raise TaskError(f"{path} is not JSON: {error}") from None
    if not isinstance(schema, dict):
        raise TaskError(f"{path} holds {type(schema).__name__}: a JSON Schema is an object")
    return schema


def make_task(**fields: Any) -> Task:
    """A Task; TaskError in words where the fields do not make one."""
    try:
        return Task.model_validate(fields)
    except ValidationError as error:
        raise TaskError(_in_words(error)) from None


def _in_words(error: ValidationError) -> str:
    problems = []
    for item in error.errors():
        where = ".".join(str(part) for part in item["loc"])
        message = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            known = ", ".join(field.alias or name for name, field in Task.model_fields.items())
            message = f"unknown key; known keys: {known}"
        problems.append(message if where == "prompt" else f"{where}: {message}")
    return "; ".join(problems)


def read_requests(path: Path) -> list[Task]:
    """Tasks from a JSON Lines file, one object a line with at least `prompt`.

    Every bad line is named before anything runs.
    """
    tasks: list[Task] = []
    problems: list[str] = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
            if not isinstance(fields, dict):
                raise TaskError('expected an object such as {"prompt": "..."}')
            tasks.append(make_task(**fields))
        except ValueError as error:
            problems.append(f"{path}:{number}: not JSON: {error}")
        except TaskError as error:
            problems.append(f"{path}:{number}: {error}")
    if problems:
        shown = problems[:10]
        if len(problems) > len(shown):
            shown.append(f"... and {len(problems) - len(shown)} more")
        raise TaskError("\n".join(shown))
    if not tasks:
        raise TaskError(f'{path} holds no requests: one JSON object a line, as {{"prompt": "..."}}')
    return tasks
