"""YAML as plain data with the place of every key and value, and without YAML's surprises.

As in YAML 1.2: `on`, `off`, `yes` and `no` are words, `1:30` is no number, a number that starts
with 0 is text, dates stay text. Tags are refused, keys may not repeat, anchors may not multiply.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from graphs.workflow.definition.problems import Problem, WorkflowError
from graphs.workflow.wording import shown

MAX_BYTES = 256 * 1024
MAX_DEPTH = 40
MAX_VALUES = 50_000

Place = tuple[str | int, ...]

_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_REAL = re.compile(r"[-+]?(?:0|[1-9][0-9]*)?(?:\.[0-9]+|(?:\.[0-9]*)?[eE][-+]?[0-9]+)")
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a key and its value begin; lines and columns count from 1. raw: the value
    as written, text: what it says."""

    line: int
    column: int
    value_line: int
    value_column: int
    raw: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    data: Any
    marks: dict[Place, Mark]


def read_yaml(text: str, name: str) -> Document:
    """The data of one document; WorkflowError with every mistake that can be told at once."""
    if len(text) > MAX_BYTES:
        raise WorkflowError(
            [_problem(name, None, f"the file has {len(text):,} characters, {MAX_BYTES:,} are read")]
        )
    reader = _Reader(name, text)
    try:
        reader.look_over()
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # PyYAML lets some escapes that are no character through to `chr`, hence the last two.
        raise WorkflowError([_broken(name, error, text)]) from None
    data = None if node is None else reader.build(node, (), ())
    if reader.problems:
        raise WorkflowError(reader.problems)
    return Document(data, reader.marks)


@dataclass(slots=True)
class _Reader:
    name: str
    text: str
    problems: list[Problem] = field(default_factory=list)
    marks: dict[Place, Mark] = field(default_factory=dict)
    _values: int = 0

    def look_over(self) -> None:
        """What must be known before nodes are made: nesting, since that recurses, and tags."""
        depth = 0
        for event in yaml.parse(self.text, Loader=yaml.BaseLoader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    self._stop(event.start_mark, f"more than {MAX_DEPTH} levels deep")
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if tag := getattr(event, "tag", None):
                self._tell(
                    event.start_mark, f"the tag `{shown(tag)}`: tags are not read, take it away"
                )
        if self.problems:
            raise WorkflowError(self.problems)

    def build(self, node: yaml.Node, at: Place, above: tuple[int, ...]) -> Any:
        self._values += 1
        if self._values > MAX_VALUES:
            self._stop(node.start_mark, f"with its anchors the file has over {MAX_VALUES:,} values")
        if id(node) in above or len(above) > MAX_DEPTH:
            self._stop(node.start_mark, "the anchor holds itself")
        if not at:
            self.marks[()] = self._mark(node, node)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, at, (*above, id(node)))
        if isinstance(node, yaml.SequenceNode):
            items = []
            for index, child in enumerate(node.value):
                self.marks[(*at, index)] = self._mark(child, child)
                items.append(self.build(child, (*at, index), (*above, id(node))))
            return items
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, at: Place, above: tuple[int, ...]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        self._fill(result, node, at, above)
        return result

    def _fill(
        self, result: dict[str, Any], node: yaml.MappingNode, at: Place, above: tuple[int, ...]
    ) -> None:
        """Adds what a mapping holds, and then what it merges with `<<` and has not itself."""
        merged: list[yaml.Node] = []
        own: set[str] = set()
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._tell(key_node.start_mark, "a key is a word, not a list or a mapping")
                continue
            key = str(key_node.value)
            if key == "<<" and key_node.style is None:
                several = isinstance(value_node, yaml.SequenceNode)
                merged += value_node.value if several else [value_node]
                continue
            if key in own:
                first = self.marks[(*at, key)].line
                self._tell(
                    key_node.start_mark, f"`{shown(key)}` is given twice, first in line {first}"
                )
                continue
            own.add(key)
            if key in result:
                continue
            self.marks[(*at, key)] = self._mark(key_node, value_node)
            result[key] = self.build(value_node, (*at, key), above)
        for one in merged:
            if isinstance(one, yaml.MappingNode) and id(one) not in above:
                self._fill(result, one, at, (*above, id(one)))
            else:
                self._tell(one.start_mark, "`<<` takes the anchor of a mapping")

    def _scalar(self, node: yaml.Node) -> str | int | float | bool | None:
        text = str(node.value)
        if getattr(node, "style", None) is not None:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _WHOLE.fullmatch(text) and len(text) < 20:
            return int(text)
        if _REAL.fullmatch(text) and math.isfinite(number := float(text)):
            return number
        return text

    def _mark(self, key: yaml.Node, value: yaml.Node) -> Mark:
        raw = text = ""
        if isinstance(value, yaml.ScalarNode):
            raw, text = self.text[value.start_mark.index : value.end_mark.index], str(value.value)
        start, begin = key.start_mark, value.start_mark
        return Mark(start.line + 1, start.column + 1, begin.line + 1, begin.column + 1, raw, text)

    def _tell(self, mark: Any, message: str) -> None:
        self.problems.append(_problem(self.name, mark, message))

    def _stop(self, mark: Any, message: str) -> None:
        self._tell(mark, message)
        raise WorkflowError(self.problems)


def _problem(name: str, mark: Any, message: str) -> Problem:
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return Problem(name, line, column, "", message)


def _broken(name: str, error: Exception, text: str) -> Problem:
    """PyYAML's words, and the mistake that is behind most of them."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if isinstance(error, yaml.reader.ReaderError):
        before = text[: error.position]
        column = len(before) - before.rfind("\n")
        message = f"a character that no text has: {text[error.position : error.position + 1]!a}"
        return Problem(name, before.count("\n") + 1, column, "", message)
    problem = str(getattr(error, "problem", None) or error)
    line = (text.splitlines() or [""])[mark.line : mark.line + 1] if mark else []
    before = line[0][: mark.column + 1] if mark and line else ""
    cure = ""
    if "\t" in before and before.strip() == "":
        cure = ": indent with spaces, YAML knows no tabs"
    elif "mapping values are not allowed" in problem:
        cure = ": a text with `: ` in it stands in quotes or under `|`"
    elif "undefined alias" in problem:
        cure = ": an anchor (`&name`) comes before its alias (`*name`); a text with `*` is quoted"
    elif "but found another document" in problem:
        cure = ": a workflow is one document, take away `---`"
    elif line and "${{" in line[0]:
        cure = ": a text with `${{ }}` and other signs stands in quotes or under `|`"
    return _problem(name, mark, f"not valid YAML: {' '.join(problem.split())}{cure}")
