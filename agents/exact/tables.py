"""CSV, JSON and Markdown tables, each made from another."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from typing import Any

from agents.exact.answer import Exact
from agents.exact.ask import FORM, Ask
from agents.exact.flat import flat
from agents.exact.parts import Part, computed
from agents.exact.words import words

FAMILY = "table"
_MOST_ROWS = 2000

_FROM = (
    r"(?:(?:convert|turn|change|transform|make|put|passa|passe|converte|converta"
    r"|transforma|transforme|muda|write|format|parse|this|these|the|that|following|o"
    r"|este|esse|isto|isso|desse|deste|cola d[oe]|from|de|do|rewrite|reformat) )+"
)
_TO = (
    r"(?:(?:back )?(?:into|to|as|in|em|para|pra|pro|vira|virar|becomes?|->|=>|→|like"
    r"|num|numa|make (?:it|this|that)|make)(?: an?| um| uma| valid| o)? ?)"
)
_JSON_NAME = (
    r"(?:json(?:[ -](?:array|list|objects?|format|lista))*(?: of objects| de "
    r"objetos)?|(?:array|lista|list) (?:of )?(?:de )?json(?: objects)?|array (?:of"
    r"|de) (?:json )?(?:objects|objetos)|array json)"
)
_CSV_NAME = (
    r"(?:csv(?: format| file| com cabecalho| with (?:a )?headers?| separado por virgulas?)?)"
)
_MD_NAME = (
    r"(?:(?:a )?(?:markdown|md)(?:[ -](?:table|format))?|tabela(?: em| de)? markdown"
    r"|(?:table|tabela) in markdown)"
)
_TARGETS = {
    "json": re.compile(rf"\b{_TO}{_JSON_NAME}\b|(?:->|=>|→) ?{_JSON_NAME}\b"),
    "csv": re.compile(rf"\b{_TO}{_CSV_NAME}\b|(?:->|=>|→) ?{_CSV_NAME}\b"),
    "md": re.compile(rf"\b(?:{_TO}{_MD_NAME})\b|\bmarkdown table\b"),
}
_SOURCES = re.compile(
    r"\b(?:csv|json(?: array)?|markdown(?: table)?|excel|table|tabela|spreadsheet|planilha|folha)\b"
)
_NUMBERS = re.compile(
    r"\b(?:(?:with |com |and |e )*(?:(?P<col>[a-z_]\w*(?:(?:,| and| e|, and) "
    r"[a-z_]\w*)*) )?(?:as|como|should be|must be|is|are|to be|are)(?: an?| the)? "
    r"(?:real )?(?:numbers?|numeros?|numeric|numerico)"
    r"(?: \(?(?:com ponto|with (?:a )?(?:point|dot)|not strings?|nao strings?|nao "
    r"texto)\)?)?|(?P<all>numbers? (?:as|como) numbers?|numeros? como numeros?|keep "
    r"(?:the )?numbers(?: as numbers)?|numeric values as numbers))(?!\w)"
)
_STRINGS = re.compile(
    r"\b(?:all |keep |every |everything |todos |tudo )*(?:(?:the )?(?:values?"
    r"|fields?|valores) )?(?:as|como|should be|in) (?:text|strings?|texto)\b"
)
_HEADER = re.compile(
    r"\b(?:(?:with|com|and|e)(?: the| a| o| um)* )?(?:headers?|cabecalho|columns?"
    r"|colunas)(?: row| line)?(?: (?:being|is|of))?:? ?(?P<names>[a-z_]\w*(?:[,;] "
    r"?[a-z_]\w*)+)\b"
)
_WITH_HEADER = re.compile(
    r"\b(?:(?:with|com|including|incluindo)(?: the| a| o| um)* )?(?:header(?:s)?"
    r"|cabecalho)(?: row| line)?\b(?: first)?"
)
_DELIMITER = re.compile(
    r"\b(?:(?:separated|delimited) (?:by|with)|separad[oa]s? por|using|with|com)(?: "
    r"a| an)? ?(?P<d>commas?|virgulas?|semi-?colons?|ponto e virgula|tabs?)\b(?: "
    r"(?:as )?(?:separator|delimiter))?"
)
_CONTRARY = re.compile(r"\b(?:faz|do) o contrario\b|\bthe other way (?:round|around)\b")
_PIPED = re.compile(
    r"\b(?:one object per row|an object per row|um objeto por linha|array of objects)\b"
)
_NOUNS = words(
    "csv json table tabela data dados array object objects objetos rows linhas row "
    "content conteudo list file arquivo ficheiro header excel "
    "cola get gets piped valid numero number output e and"
)


@dataclass(frozen=True, slots=True)
class _Table:
    """header: the names. rows: texts from CSV and Markdown, values from JSON."""

    header: list[str]
    rows: list[list[Any]]
    form: str


def exact(prompt: str) -> Exact | None:
    """The table in the other form; None where a cell is missing or its type is open."""
    return computed(prompt, _compute)


def _compute(ask: Ask, part: Part) -> Exact | None:
    ask.take(_CONTRARY, FORM)
    header = ask.one(_HEADER)
    targets = [name for name, pattern in _TARGETS.items() if ask.take(pattern)]
    if len(targets) != 1:
        return None
    numeric = ask.taken(_NUMBERS)
    strings = ask.take(_STRINGS)
    delimiter = ask.one(_DELIMITER)
    ask.take(_PIPED), ask.take(_WITH_HEADER), ask.take(_SOURCES)
    table = _read(part.data)
    if table is not None and not part.marked and _has_tail(table):
        return None
    if table is None or table.form == targets[0] or not ask.nothing_left(_NOUNS):
        return None
    names = [] if header is None else re.split(r"[,;] ?", header["names"])
    if names and names != [flat(name) for name in table.header]:
        return None
    glue = _glue(delimiter["d"]) if delimiter else ","
    how = f"{len(table.rows)} rows of {len(table.header)}"
    if targets[0] == "csv":
        return _csv(table, glue, how)
    if delimiter is not None and table.form != "csv":
        return None
    if targets[0] == "md":
        return _markdown(table, how)
    return _json(table, numeric, how, strings=strings)


def _has_tail(table: _Table) -> bool:
    """Whether the last cell may hold the beginning of another sentence."""
    if table.form == "json" or not table.rows:
        return False
    column = [str(row[-1]) for row in table.rows]
    return " " in column[-1] and not any(" " in cell for cell in column[:-1])


def _glue(name: str) -> str:
    return "\t" if name.startswith("tab") else ";" if name[:4] in ("semi", "pont") else ","


def _read(data: str) -> _Table | None:
    text = data.strip()
    if text[:1] in "[{":
        return _from_json(text)
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if len(lines) < 2 or len(lines) > _MOST_ROWS:
        return None
    if all(line.startswith("|") and line.endswith("|") for line in lines):
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
        if len(rows) < 3 or not all(re.fullmatch(r":?-+:?", cell) for cell in rows[1]):
            return None
        return _checked(rows[0], rows[2:], "md")
    glue = next((sign for sign in ("\t", ";", ",") if sign in lines[0]), None)
    if glue is None:
        return None
    try:
        rows = list(csv.reader(io.StringIO("\n".join(lines)), delimiter=glue, strict=True))
    except csv.Error:
        return None
    return _checked(
        [name.strip() for name in rows[0]],
        [[cell.strip() for cell in row] for row in rows[1:]],
        "csv",
    )


def _checked(header: list[str], rows: list[list[Any]], form: str) -> _Table | None:
    """None where a row is longer or shorter, or a cell is empty: what stands there is open."""
    if len(header) < 2 or len(set(header)) != len(header) or not all(header):
        return None
    if any(len(row) != len(header) or not all(str(cell) for cell in row) for row in rows):
        return None
    return _Table(header, rows, form)


def _from_json(text: str) -> _Table | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    objects = found if isinstance(found, list) else [found]
    if (
        not objects
        or len(objects) > _MOST_ROWS
        or not all(isinstance(one, dict) for one in objects)
    ):
        return None
    header = list(objects[0])
    if any(list(one) != header for one in objects):
        return None
    rows = [[one[name] for name in header] for one in objects]
    flat_values = all(
        isinstance(cell, str | int | float) and not isinstance(cell, bool)
        for row in rows
        for cell in row
    )
    return _checked(header, rows, "json") if flat_values else None


def _csv(table: _Table, glue: str, how: str) -> Exact:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=glue, lineterminator="\n")
    writer.writerows([table.header, *table.rows])
    return Exact(out.getvalue().rstrip("\n"), FAMILY, how)


def _markdown(table: _Table, how: str) -> Exact | None:
    rows = [table.header, ["---"] * len(table.header), *table.rows]
    if any("|" in str(cell) for row in rows for cell in row):
        return None
    return Exact("\n".join(f"| {' | '.join(map(str, row))} |" for row in rows), FAMILY, how)


_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:[.,]\d+)?")


def _json(table: _Table, numeric: list[re.Match[str]], how: str, *, strings: bool) -> Exact | None:
    if strings and numeric:
        return None
    named = {
        name
        for found in numeric
        if found["col"]
        for name in re.split(r",? (?:and|e) |, ?", found["col"])
    }
    everything = any(not found["col"] for found in numeric)
    if not named <= {flat(name) for name in table.header}:
        return None
    columns = list(zip(*table.rows, strict=True)) if table.rows else [()] * len(table.header)
    read: list[list[Any]] = []
    for name, cells in zip(table.header, columns, strict=True):
        looks = any(_NUMBER.fullmatch(cell) for cell in cells)
        as_number = flat(name) in named or (everything and looks)
        if looks and not (as_number or strings or named):
            # Whether figures become numbers or texts is not said.
            return None
        values = [_number(cell) for cell in cells] if as_number else list(cells)
        if any(value is None for value in values):
            return None
        read.append(values)
    objects = [dict(zip(table.header, row, strict=True)) for row in zip(*read, strict=True)]
    return Exact(json.dumps(objects, ensure_ascii=False), FAMILY, how)


def _number(cell: str) -> int | float | None:
    if not _NUMBER.fullmatch(cell) or re.search(r"[.,]\d{3}$", cell):
        return None
    return float(cell.replace(",", ".")) if re.search(r"[.,]", cell) else int(cell)
