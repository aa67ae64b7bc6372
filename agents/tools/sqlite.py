"""query_sqlite: one SELECT on a SQLite file in the folders that may be read, and nothing else."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from pydantic import Field

from agents.tools.folders import Folders, Place
from agents.tools.shown import one_line
from agents.tools.tool import Output, Tool, ToolFailed, ToolRefused, tool

_MAGIC = b"SQLite format 3\x00"
_TIME_S = 3.0
_MOST_BYTES = 100_000
_VALUE_BYTES = 1_000_000
_VALUE_CHARS = 500
_STEPS = 2000  # of SQLite's machine, between two looks at the clock
_ALLOWED = frozenset((sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE))
# One step of SQLite's machine, such as a printf of two billion blanks, cannot be interrupted.
_FUNCTIONS = frozenset(
    (
        *("abs", "avg", "ceil", "ceiling", "char", "coalesce", "concat", "concat_ws", "count"),
        *("cume_dist", "date", "datetime", "dense_rank", "exp", "first_value", "floor", "glob"),
        *("group_concat", "hex", "ifnull", "iif", "instr", "json_array_length", "json_extract"),
        *("json_type", "json_valid", "julianday", "lag", "last_value", "lead", "length", "like"),
        *(
            "ln",
            "log",
            "log10",
            "log2",
            "lower",
            "ltrim",
            "max",
            "min",
            "mod",
            "nth_value",
            "ntile",
        ),
        *("nullif", "percent_rank", "pow", "power", "quote", "rank", "replace", "round"),
        *("row_number", "rtrim", "sign", "sqrt", "strftime", "string_agg", "substr", "substring"),
        *("sum", "time", "timediff", "total", "trim", "trunc", "typeof", "unicode", "unixepoch"),
        *("upper", "->", "->>"),
    )
)


def sqlite_tool(folders: Folders) -> Tool:
    """The tool, for these folders."""

    @tool
    def query_sqlite(
        path: Annotated[str, Field(max_length=1000, description="folder/name of the database")],
        query: Annotated[str, Field(min_length=1, max_length=5000, description="one SELECT")],
        max_rows: Annotated[int, Field(ge=1, le=1000)] = 100,
    ) -> Output:
        """Answers a SELECT from a SQLite file: the columns, then a JSON array for each row.

        SELECT name, sql FROM sqlite_schema shows its tables.
        """
        with folders.opened(path) as place:
            label = place.folder.label
            with _database(place, folders.real_path(place)) as database:
                try:
                    return Output(_answer(database, query, max_rows), label)
                except sqlite3.Error as error:
                    raise _fault(error, label) from error

    return query_sqlite


@contextmanager
def _database(place: Place, path: Path) -> Iterator[sqlite3.Connection]:
    """Opens the file as a read-only database.

    SQLite opens by path, so the file that it opened is compared with the one that was opened
    safely. It follows no link at the end of a path, and its files beside the database must be
    files.
    """
    header = os.pread(place.descriptor, 20, 0)
    if header[:16] != _MAGIC:
        raise ToolRefused("that is no SQLite database", label=place.folder.label)
    beside = [Path(f"{path}{ending}") for ending in ("-wal", "-journal", "-shm")]
    if any(one.is_symlink() or (one.exists() and not one.is_file()) for one in beside):
        raise ToolRefused("a file beside the database is a link", label=place.folder.label)
    # Its own log, where nobody has it open, would be written anew beside the user's file.
    unattended = header[18] == 2 and not beside[0].exists()
    uri = f"file:{quote(str(path))}?mode=ro{'&immutable=1' if unattended else ''}"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=1.0)) as database:
            facts = os.stat(path, follow_symlinks=False)
            if (facts.st_dev, facts.st_ino) != (place.facts.st_dev, place.facts.st_ino):
                raise ToolRefused("the file was exchanged while it was opened")
            if not stat.S_ISREG(facts.st_mode):
                raise ToolRefused("that is no file")
            _restrict(database)
            yield database
    except sqlite3.Error as error:
        raise _fault(error, place.folder.label) from error


def _restrict(database: sqlite3.Connection) -> None:
    """Applies the settings first, then the authorizer, which would refuse them."""
    for pragma in ("query_only=ON", "trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0"):
        database.execute(f"PRAGMA {pragma}").close()
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _VALUE_BYTES)
    database.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    database.setlimit(sqlite3.SQLITE_LIMIT_COMPOUND_SELECT, 50)
    database.setlimit(sqlite3.SQLITE_LIMIT_EXPR_DEPTH, 100)
    database.setlimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 100)
    database.set_authorizer(_judge)
    until = time.monotonic() + _TIME_S
    database.set_progress_handler(lambda: int(time.monotonic() > until), _STEPS)


def _judge(action: int, _first: str | None, second: str | None, *_rest: str | None) -> int:
    if action in _ALLOWED:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in _FUNCTIONS:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _answer(database: sqlite3.Connection, query: str, max_rows: int) -> str:
    database.text_factory = lambda raw: raw.decode(errors="replace")
    with closing(database.execute(query)) as cursor:
        if cursor.description is None:
            raise ToolRefused("only one SELECT is allowed, which reads tables")
        columns = [column[0] for column in cursor.description]
        lines = [json.dumps(columns, ensure_ascii=False)]
        size = 0
        for row in cursor:
            line = json.dumps([_value(value) for value in row], ensure_ascii=False)
            size += len(line)
            if len(lines) > max_rows or size > _MOST_BYTES:
                lines.append(f"[more rows; the first {len(lines) - 1} are shown]")
                break
            lines.append(line)
    return "\n".join(lines)


def _value(value: object) -> object:
    if isinstance(value, bytes):
        return f"[{len(value)} bytes]"
    if isinstance(value, str) and len(value) > _VALUE_CHARS:
        return f"{value[:_VALUE_CHARS]} [of {len(value)} characters]"
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return str(value)
    return value


def _fault(error: sqlite3.Error, label: str) -> ToolRefused | ToolFailed:
    """Classifies by error code; SQLite's message, which may name tables, is for the model alone."""
    name = getattr(error, "sqlite_errorname", "") or ""
    said = str(error)
    if "authorized to use function" in said:
        return ToolRefused("a function in it is not allowed; round and strftime are", label=label)
    if name == "SQLITE_AUTH" or "prohibited" in said or "not authorized" in said:
        return ToolRefused("only one SELECT is allowed, which reads tables", label=label)
    if "one statement at a time" in said:
        return ToolRefused("only one statement is allowed", label=label)
    if name.startswith("SQLITE_READONLY"):
        return ToolRefused("the database is only read", label=label)
    if name == "SQLITE_INTERRUPT":
        return ToolFailed(f"the query took more than {_TIME_S:g} s", label=label)
    return ToolFailed(f"SQLite cannot answer ({name or 'an error'})", one_line(said), label=label)
