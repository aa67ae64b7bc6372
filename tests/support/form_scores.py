"""Compares the forms that are read from requests with those that they ask for, field by field."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from router.form.read import read_form
from router.form.request import plain_of
from router.types.form import Form, FormShape

REQUESTS = Path(__file__).parents[1] / "benchmarks" / "form_requests"
HUMAN = Path(__file__).parents[1] / "benchmarks" / "requests" / "human.jsonl"
_LIMITS = ("min_words", "max_words", "max_sentences", "max_chars", "max_lines")
_PLAIN = (*_LIMITS, "several", "layout", "code_language", "items", "case", "language", "masked")


@dataclass
class Tally:
    read: int = 0
    asked: int = 0
    right: int = 0

    @property
    def precision(self) -> float:
        return self.right / self.read if self.read else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.asked if self.asked else 1.0


@dataclass
class Score:
    """Tallies by field; wrong: (id, field, read, asked)."""

    fields: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    wrong: list[tuple[str, str, Any, Any]] = field(default_factory=list)

    @property
    def overall(self) -> Tally:
        tallies = self.fields.values()
        return Tally(
            sum(one.read for one in tallies),
            sum(one.asked for one in tallies),
            sum(one.right for one in tallies),
        )

    def add(self, row: dict[str, Any], found: dict[str, Any]) -> None:
        asked = {name: _same(name, value) for name, value in (row["form"] or {}).items() if value}
        if asked.get("shape") == FormShape.TEXT:
            del asked["shape"]
        for name in asked.keys() | found.keys():
            tally, here, there = self.fields[name], found.get(name), asked.get(name)
            tally.read += here is not None
            tally.asked += there is not None
            tally.right += here == there
            if here != there:
                self.wrong.append((row["id"], name, here, there))


def fields_of(form: Form | None) -> dict[str, Any]:
    """The fields of a form that say something, as they are compared."""
    if form is None:
        return {}
    found: dict[str, Any] = {name: getattr(form, name) for name in (*_PLAIN, "alone")}
    if form.shape is not FormShape.TEXT:
        found["shape"] = form.shape.value
    found["labels"], found["columns"] = list(form.labels), list(form.columns)
    if form.json_schema is not None:
        leaves = dict(_leaves(form.json_schema, ""))
        found["keys"] = list(leaves)
        found["types"] = {path: kind for path, kind in leaves.items() if kind}
    return {name: _same(name, value) for name, value in found.items() if value}


def _leaves(schema: dict[str, Any], path: str) -> Iterator[tuple[str, str | None]]:
    """The dotted names in a schema that have no names below them, with their types."""
    kinds = schema.get("type")
    kind = kinds[0] if isinstance(kinds, list) else kinds
    inner = schema.get("items")
    if kind == "array" and inner and "properties" in inner:
        yield from _leaves(inner, f"{path}[]")
    elif "properties" in schema:
        for name, part in schema["properties"].items():
            yield from _leaves(part, f"{path}.{name}" if path else name)
    elif path:
        yield path, kind


def _same(name: str, value: Any) -> Any:
    """What two spellings of the same have in common."""
    if name in ("labels", "columns", "keys"):
        return frozenset(plain_of(one) for one in value)
    if name == "types":
        return frozenset((plain_of(path), kind) for path, kind in value.items())
    if name == "layout":
        return plain_of(value).replace("a", "y").replace(" ", "")
    return str(value) if name in ("shape", "code_language", "language", "case") else value


def score(rows: list[dict[str, Any]]) -> Score:
    found = Score()
    for row in rows:
        found.add(row, fields_of(read_form(row["prompt"], None)))
    return found


def load(file: Path) -> list[dict[str, Any]]:
    """The rows of a file; one without a prompt has that of its id in `requests/human.jsonl`."""
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    prompts = {row["id"]: row["prompt"] for row in map(json.loads, HUMAN.read_text().splitlines())}
    return [{"prompt": prompts.get(row["id"], ""), **row} for row in rows]
