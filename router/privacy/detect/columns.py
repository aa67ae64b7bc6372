"""Tables: the cells that stand below a head such as `password`, `NIF` or `telefone`."""

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
