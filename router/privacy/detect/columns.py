"""Tables and SQL: the cells that stand below a head such as `password`, `NIF` or `telefone`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from router.privacy.detect.labels import OTHER, families_of
from router.privacy.detect.secret_words import names_a_secret

_MOST_HEAD_CHARS = 40
_MOST_LINE_CHARS = 4_000
_MOST_COLUMNS = 200
_NOT_IN_HEADS = re.compile(r"[={}\[\]<>\\]|\d{3}")
_DELIMITERS = "|\t;,"
_WORD = re.compile(r"[A-ZÀ-Þ]?[a-zß-ÿ]{1,20}|[A-ZÀ-Þ]{2,20}")
_CELLS = {
    mark: re.compile(rf'(?:^|{re.escape(mark)})(\s*"(?:[^"]|"")*"\s*|[^{re.escape(mark)}]*)')
    for mark in _DELIMITERS
}
_AROUND = " \t\r\"'`*"


def announced_cells(text: str) -> Iterator[tuple[str, int, int]]:
    """Head, start and end of each such cell, in order; of Markdown, CSV and tables by tabs.

    A table reaches from its head to the first line with too few cells. A line is read once.
    """
    lines = _lines(text)
    line = next(lines, None)
    while line is not None:
        start, end = line
        mark, heads = _heads(text, start, end)
        line = next(lines, None)
        while heads and line is not None:
            cells = _cells(text, *line, mark)
            if len(cells) <= max(heads):
                break
            for column, head in heads.items():
                cell_start, cell_end = cells[column]
                if cell_end - cell_start >= 3:
                    yield head, cell_start, cell_end
            line = next(lines, None)


_INSERT = re.compile(
    r"\binsert\s{1,4}(?:or\s\w{1,10}\s|ignore\s)?into\s{1,4}[\w.\"`\[\]]{1,80}\s{0,4}"
    r"\((?P<heads>[^()]{1,1000})\)\s{0,8}values?\s{0,8}",
    re.IGNORECASE,
)
_SQL_VALUE = re.compile(
    r"\s{0,16}(?P<value>[NE]?'(?:[^'\\]|''|\\.)*+'|\"[^\"\n]*+\"|[^,()'\"]*+)\s{0,16}"
)
_MOST_ROWS = 1_000


def inserted_values(text: str) -> Iterator[tuple[str, int, int]]:
    """The same of an SQL statement that names its columns; a text of SQL keeps its quotes."""
    if "nsert" not in text and "NSERT" not in text:
        return
    for insert in _INSERT.finditer(text):
        heads = [head.strip(' \t\r\n"`[]') for head in insert["heads"].split(",")]
        if not any(map(_announces, heads)):
            continue
        at = insert.end()
        for _ in range(_MOST_ROWS):
            if text[at : at + 1] != "(":
                break
            for column in range(_MOST_COLUMNS):
                value = _SQL_VALUE.match(text, at + 1)
                if value is None:
                    break
                start, end = value.span("value")
                if column < len(heads) and end - start >= 3 and _announces(heads[column]):
                    yield heads[column], start, end
                at = value.end()
                if text[at : at + 1] != ",":
                    break
            row = _NEXT_ROW.match(text, at)
            if row is None:
                break
            at = row.end()


_NEXT_ROW = re.compile(r"\)\s{0,8},\s{0,8}")


def _lines(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield start, end
        start = end + 1


def _heads(text: str, start: int, end: int) -> tuple[str, dict[int, str]]:
    """The delimiter of a line, and by column those of its cells that announce something."""
    if end - start > _MOST_LINE_CHARS:
        return "", {}
    mark = next((one for one in _DELIMITERS if text.find(one, start, end) >= 0), "")
    if not mark or _NOT_IN_HEADS.search(text, start, end):
        return "", {}
    cells = _cells(text, start, end, mark)
    if max(cell_end - cell_start for cell_start, cell_end in cells) > _MOST_HEAD_CHARS:
        return "", {}
    names = {column: text[cell[0] : cell[1]] for column, cell in enumerate(cells)}
    return mark, {column: name for column, name in names.items() if _announces(name)}


def _cells(text: str, start: int, end: int, mark: str) -> list[tuple[int, int]]:
    """The cells of a line, without the spaces and quotes around them."""
    cells = []
    line = text[start : min(end, start + _MOST_LINE_CHARS)]
    for match in _CELLS[mark].finditer(line):
        cell = match[1]
        left = len(cell) - len(cell.lstrip(_AROUND))
        right = len(cell.rstrip(_AROUND))
        cells.append((start + match.start(1) + left, start + match.start(1) + max(left, right)))
        if len(cells) == _MOST_COLUMNS:
            break
    return cells


def _announces(head: str) -> bool:
    if names_a_secret(head):
        return True
    families = families_of(_WORD.findall(head))
    return bool(families) and OTHER not in families
