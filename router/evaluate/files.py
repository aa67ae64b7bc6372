"""Reads rows of a Parquet or JSON Lines file into checked values, and names what is wrong with it.

Parquet needs pyarrow, which the package does not depend on: the extra `eval` brings it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import AliasChoices, BaseModel, ConfigDict, ValidationError

from router.errors import ConfigError

MOST_PROBLEMS = 10
"""So many bad rows are named; a file with more is probably not the right file."""

MISSING_PYARROW = (
    "reading Parquet needs pyarrow: pip install 'edgeward[eval]', or give the rows as JSON Lines"
)


class FileRow(BaseModel):
    """One row; further columns are nobody's business. Subclasses name their columns."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    prompt: str


RowType = TypeVar("RowType", bound=FileRow)


def read_rows(path: Path, model: type[RowType]) -> list[RowType]:
    """All rows of the file, in its order. Raises ConfigError that names the rows and columns."""
    rows: list[RowType] = []
    problems: list[str] = []
    more = 0
    for place, cells in _cells(path, model):
        try:
            rows.append(model.model_validate(cells))
        except ValidationError as error:
            if len(problems) < MOST_PROBLEMS:
                problems.append(f"{path}, {place}: {_in_words(error, model)}")
            else:
                more += 1
    if problems:
        if more:
            problems.append(f"... and {more} more")
        raise ConfigError("\n".join(problems))
    if not rows:
        raise ConfigError(f"{path} holds no rows: {_wanted(model)}")
    return rows


def _cells(path: Path, model: type[FileRow]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Where each row stands in words, and its cells."""
    if not path.exists():
        raise ConfigError(f"no such file: {path}")
    if path.is_dir():
        raise ConfigError(f"{path} is a folder: name a .parquet or .jsonl file")
    match path.suffix.lower():
        case ".parquet" | ".pq":
            return _parquet(path, model)
        case ".jsonl" | ".ndjson":
            return _json_lines(path)
    raise ConfigError(
        f"{path} ends in {path.suffix or 'nothing'}: known are .parquet and .jsonl (one JSON "
        "object a line)"
    )


def _json_lines(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield f"line {number}", _object(path, number, line)
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not text in UTF-8: convert it first") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None


def _object(path: Path, number: int, line: str) -> Mapping[str, Any]:
    try:
        cells = json.loads(line)
    except ValueError as error:
        raise ConfigError(f"{path}, line {number}: not JSON: {error}") from None
    if not isinstance(cells, dict):
        raise ConfigError(
            f"{path}, line {number}: expected an object, found {type(cells).__name__}"
        )
    return cells


def _parquet(path: Path, model: type[FileRow]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise ConfigError(f"{path}: {MISSING_PYARROW}") from None
    try:
        file = pyarrow.parquet.ParquetFile(path)
        columns = [name for name in file.schema_arrow.names if name in _known(model)]
        missing = _missing(columns, model)
        if missing:
            has = ", ".join(file.schema_arrow.names)
            raise ConfigError(f"{path} has no column {missing}: it has {has}; {_wanted(model)}")
        row = 0
        for batch in file.iter_batches(batch_size=5_000, columns=columns):
            for cells in batch.to_pylist():
                row += 1
                # An empty cell is a column that is not there.
                yield f"row {row}", {name: v for name, v in cells.items() if v is not None}
    except (pyarrow.ArrowException, OSError) as error:
        first = str(error).strip().splitlines()[0]
        raise ConfigError(f"{path} cannot be read as Parquet: {first}") from None


def _missing(columns: Sequence[str], model: type[FileRow]) -> str:
    """The first needed column that none of its names gives; empty where none is missing."""
    for names, needed in _columns(model):
        if needed and not set(names) & set(columns):
            return " or ".join(f"`{name}`" for name in names)
    return ""


def _columns(model: type[FileRow]) -> Iterator[tuple[tuple[str, ...], bool]]:
    """The names by which each column may go, and whether it must be there."""
    for name, field in model.model_fields.items():
        alias = field.validation_alias
        if isinstance(alias, AliasChoices):
            yield tuple(str(choice) for choice in alias.choices), field.is_required()
        else:
            yield (alias if isinstance(alias, str) else name,), field.is_required()


def _known(model: type[FileRow]) -> set[str]:
    return {name for names, _ in _columns(model) for name in names}


def _wanted(model: type[FileRow]) -> str:
    needed = [" or ".join(names) for names, needed in _columns(model) if needed]
    optional = [" or ".join(names) for names, needed in _columns(model) if not needed]
    return f"needed columns: {', '.join(needed)}; read where they are there: {', '.join(optional)}"


def _in_words(error: ValidationError, model: type[FileRow]) -> str:
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else "the row"
    if first["type"] == "missing":
        names = next((names for names, _ in _columns(model) if name in names), (name,))
        return f"no {' or '.join(f'`{one}`' for one in names)}; {_wanted(model)}"
    value = first.get("input")
    shown = f", found {value!r}" if isinstance(value, int | float | bool) else ""
    message = first["msg"].removeprefix("Value error, ")
    return f"{name}: {message[:1].lower()}{message[1:]}{shown}"
