"""Judges replies to the requests of `tests/benchmarks/requests`: `right(row, text)`.

A row names how its answer is compared: `text`, `json`, `number`, `contains` (keywords), `python`
(tests that are run), `regex` (what it matches), `sql` (rows of a small database) or `shell`.
"""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Request = dict[str, Any]
"""A row: `id`, `lang`, `group`, `family`, `prompt`, and of a routine one `answer`, `also`, `wrong`,
`compare` and what that needs."""

_FENCE = re.compile(r"```[^\n`]*\n(.*?)```", re.DOTALL)
_ONE_FENCE = re.compile(r"\A\s*```[^\n`]*\n(.*?)\n?```\s*\Z", re.DOTALL)
_QUOTES = (('"', '"'), ("'", "'"), ("“", "”"), ("‘", "’"), ("«", "»"), ("`", "`"), ("**", "**"))
_ENDS = ".!?;,: "
_NUMBER = re.compile(r"[-\u2212]?(?:\d{1,3}(?:[ \u00a0]\d{3})+(?!\d)|\d[\d.,]*\d|\d)(?:[.,]\d+)?")
_LIMIT_S = 5
_MOST_STEPS = 2000


def read_requests(path: Path) -> list[Request]:
    """The rows of a file, one JSON object a line."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def right(row: Request, text: str) -> bool:
    """Whether `text` is a right answer to a routine row."""
    return bool(text.strip()) and _WAYS[row["compare"]](row, text)


def _code(text: str) -> str:
    found = _FENCE.search(text)
    return (found[1] if found else text).strip("\n")


def _unquoted(text: str) -> str:
    for begin, end in _QUOTES:
        inner = text.removeprefix(begin).removesuffix(end)
        if text == begin + inner + end and inner and begin not in inner and end not in inner:
            return _unquoted(inner.strip())
    return text


def _plain(text: str, *, case: bool) -> str:
    fenced = _ONE_FENCE.match(text)
    lines = (fenced[1] if fenced else text).replace("\u00a0", " ").replace("’", "'").splitlines()
    bare = [re.sub(r"^[-*•] ", "", " ".join(line.split())) for line in lines]
    joined = _unquoted("\n".join(line for line in bare if line))
    joined = _unquoted(joined.rstrip(_ENDS)).rstrip(_ENDS)
    return joined if case else joined.casefold()


def _answers(row: Request) -> Iterator[str]:
    for answer in (row["answer"], *(row.get("also") or [])):
        yield answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)


def _same_text(row: Request, text: str) -> bool:
    case = bool(row.get("case"))
    said = _plain(text, case=case)
    return any(said == _plain(answer, case=case) for answer in _answers(row))


def _same_json(row: Request, text: str) -> bool:
    try:
        said = json.loads(_code(text).strip())
    except ValueError:
        return False
    return any(_equal(said, json.loads(answer)) for answer in _answers(row))


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) < 1e-9
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, str) and isinstance(other, str):
        return one.strip() == other.strip()
    return bool(one == other)


def _readings(text: str) -> set[float]:
    """The values of the first number: 1.234 may be a thousand or one."""
    found = _NUMBER.search(text)
    if found is None:
        return set()
    number = re.sub(r"[ \u00a0]", "", found[0].replace("\u2212", "-"))
    readings = set()
    if re.fullmatch(r"-?\d+(\.\d+)?", number):
        readings.add(float(number))
    if re.fullmatch(r"-?\d+,\d+", number):
        readings.add(float(number.replace(",", ".")))
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", number):
        readings.add(float(number.replace(",", "")))
    if re.fullmatch(r"-?\d{1,3}(\.\d{3})+(,\d+)?", number):
        readings.add(float(number.replace(".", "").replace(",", ".")))
    return readings


def _same_number(row: Request, text: str) -> bool:
    said = _readings(text)
    wanted = {value for answer in _answers(row) for value in _readings(answer)}
    return any(abs(one - other) < 1e-6 for one in said for other in wanted)


def _contains(row: Request, text: str) -> bool:
    def fold(part: str) -> str:
        return part if row.get("case") else part.casefold()

    said = fold(text.replace("’", "'").replace("\u00a0", " "))
    words = row.get("max_words")
    return (
        all(fold(part) in said for part in row.get("must", ()))
        and all(any(fold(part) in said for part in group) for group in row.get("any", ()))
        and not any(fold(part) in said for part in row.get("must_not", ()))
        and not (words and len(text.split()) > words)
    )


def _passes(row: Request, text: str) -> bool:
    lines = [_code(text), "", *row["tests"], "print('ALL' + 'FINE')", ""]
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "candidate.py"
        program.write_text("\n".join(lines), "utf-8")
        command = [sys.executable, "-I", str(program)]
        try:
            ended = subprocess.run(
                command, cwd=folder, timeout=_LIMIT_S, stdin=subprocess.DEVNULL, capture_output=True
            )
        except subprocess.TimeoutExpired:
            return False
    return ended.returncode == 0 and b"ALLFINE" in ended.stdout


def _matches(row: Request, text: str) -> bool:
    bare = _code(text).strip()
    for form in (r"r?(['\"])(?P<pattern>.*)\1", r"`(?P<pattern>.*)`", r"/(?P<pattern>.*)/[gimsu]*"):
        if found := re.fullmatch(form, bare, re.DOTALL):
            bare = found["pattern"]
    try:
        pattern = re.compile(bare)
    except re.error:
        return False
    return all(map(pattern.fullmatch, row["match"])) and not any(
        map(pattern.fullmatch, row["no_match"])
    )


def _same_rows(row: Request, text: str) -> bool:
    steps = iter(range(_MOST_STEPS))
    database = sqlite3.connect(":memory:")
    try:
        statements = row["setup"]
        database.executescript(
            statements if isinstance(statements, str) else ";\n".join(statements)
        )
        database.set_progress_handler(lambda: next(steps, None) is None, 10_000)
        query = _code(text).strip()
        if row.get("check"):
            database.executescript(query)
            query = row["check"]
        found = database.execute(query.rstrip(";")).fetchall()
    except (sqlite3.Error, sqlite3.Warning, ValueError):
        return False
    finally:
        database.close()
    wanted = [tuple(one) for one in row["rows"]]
    if row.get("ordered"):
        return _rounded(found) == _rounded(wanted)
    return sorted(_rounded(found), key=repr) == sorted(_rounded(wanted), key=repr)


def _rounded(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [tuple(round(v, 6) if isinstance(v, float) else v for v in row) for row in rows]


def _same_command(row: Request, text: str) -> bool:
    def plain(command: str) -> str:
        bare = re.sub(r"^\$ ", "", _code(command).strip().strip("`").strip())
        return " ".join(bare.rstrip(";").replace('"', "'").split())

    return plain(text) in {plain(answer) for answer in _answers(row)}


_WAYS: dict[str, Callable[[Request, str], bool]] = {
    "text": _same_text,
    "json": _same_json,
    "number": _same_number,
    "contains": _contains,
    "python": _passes,
    "regex": _matches,
    "sql": _same_rows,
    "shell": _same_command,
}
