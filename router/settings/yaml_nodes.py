"""Reads YAML as plain data with the position of every key and value, and without YAML's surprises.

The one reader of YAML: of the configuration, price lists, scripted replies and workflows. As in
YAML 1.2, `on`, `off`, `yes` and `no` are words, `1:30` is not a number, a number that starts with 0
is text, dates stay text. Tags and repeated keys are refused, anchors may not multiply, and large or
deep documents are refused before they are expanded.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from router.errors import ConfigError
from router.wording import printable, shown

MAX_BYTES = 256 * 1024
MAX_DEPTH = 40
MAX_VALUES = 50_000
"""Of a workflow, which is read as a text; what is read from files of settings has fewer."""

MAX_SETTINGS = 10_000
"""Values of a configuration, a price list or a script: read in a fraction of a second."""

MOST_FAULTS = 200

Place = tuple[str | int, ...]

_Model = TypeVar("_Model", bound=BaseModel)

_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_REAL = re.compile(r"[-+]?(?:0|[1-9][0-9]*)?(?:\.[0-9]+|(?:\.[0-9]*)?[eE][-+]?[0-9]+)")
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip

_TEXT_WANTED = frozenset({"string_type", "path_type"})


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
    """sha256: of the file's bytes, empty where the text came from no file."""

    data: Any
    marks: dict[Place, Mark]
    sha256: str = ""

    def validated(self, model: type[_Model], at: Place = ()) -> _Model:
        """What stands at a place as a model; a bare number is, where text is wanted, its text.

        So `1.10` stays 1.10. Raises pydantic's ValidationError.
        """
        data = _inside(self.data, at)
        try:
            return model.model_validate(data)
        except ValidationError as error:
            numbers = [
                place
                for item in error.errors()
                if item["type"] in _TEXT_WANTED
                and isinstance(item["input"], int | float)
                and not isinstance(item["input"], bool)
                and (place := (*at, *item["loc"])) in self.marks
            ]
            if not numbers:
                raise
            mended = deepcopy(data)
            for place in numbers:
                holder = _inside(mended, place[len(at) : -1])
                holder[place[-1]] = self.marks[place].text
            return model.model_validate(mended)


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake in a text, and where; line and column count from 1."""

    line: int
    column: int
    message: str


class YamlError(ConfigError):
    """A text is not the YAML that is read here. `faults` holds every mistake, in order."""

    def __init__(self, name: str, faults: Sequence[Fault]) -> None:
        self.name = name
        self.faults = tuple(faults)
        super().__init__(
            "\n".join(printable(f"{name}:{one.line}:{one.column}: {one.message}") for one in faults)
        )


def read_yaml_file(path: Path) -> Document:
    """The data of a file's one document; YamlError with every mistake that can be told at once."""
    text, sha256 = read_text(path)
    document = read_yaml(text, str(path), most_values=MAX_SETTINGS)
    return Document(document.data, document.marks, sha256)


def read_text(path: Path) -> tuple[str, str]:
    """A file's text and the SHA-256 of its bytes. Raises YamlError, also for one too large."""
    name = str(path)
    try:
        if path.is_dir():
            raise YamlError(name, [Fault(1, 1, "this is a folder, not a file")])
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            message = f"the file is too large: at most {MAX_BYTES:,} bytes are read"
            raise YamlError(name, [Fault(1, 1, message)])
        return raw.decode("utf-8-sig"), hashlib.sha256(raw).hexdigest()
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise YamlError(name, [Fault(line, 1, "not a text file in UTF-8")]) from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise YamlError(name, [Fault(1, 1, f"cannot be read: {why}")]) from None


def read_yaml(
    text: str, name: str, what: str = "the file", *, most_values: int = MAX_VALUES
) -> Document:
    """The data of one document; YamlError with every mistake that can be told at once."""
    reader = _Reader(name, text, what, most_values)
    node = reader.compose()
    data = None if node is None else reader.build(node, (), ())
    if reader.faults:
        raise YamlError(name, reader.faults)
    return Document(data, reader.marks)


def compose(text: str, name: str) -> yaml.Node | None:
    """The nodes of one document, each with its place; an alias is the node that it stands for.

    Raises YamlError as `read_yaml` does.
    """
    return _Reader(name, text, "the file", MAX_SETTINGS).compose()


def dumped(data: Any, *, flow: bool = False) -> str:
    """YAML that `read_yaml` reads as this data again."""
    return yaml.dump(
        data, Dumper=_Dumper, width=10_000, sort_keys=not flow, default_flow_style=flow
    )


@dataclass(slots=True)
class _Reader:
    name: str
    text: str
    what: str
    most_values: int
    faults: list[Fault] = field(default_factory=list)
    marks: dict[Place, Mark] = field(default_factory=dict)
    _values: int = 0

    def compose(self) -> yaml.Node | None:
        if len(self.text) > MAX_BYTES:
            message = f"the file has {len(self.text):,} characters, {MAX_BYTES:,} are read"
            self._stop(None, message)
        try:
            self._look_over()
            return yaml.compose(self.text, Loader=yaml.BaseLoader)
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            # PyYAML lets some escapes that are no character through to `chr`, hence the last two.
            raise YamlError(self.name, [self._broken(error)]) from None

    def _look_over(self) -> None:
        """What must be known before nodes are made: nesting, since that recurses, how much there
        is, and tags."""
        depth = values = 0
        for event in yaml.parse(self.text, Loader=yaml.BaseLoader):
            if isinstance(event, yaml.NodeEvent):
                values += 1
                if values > 2 * self.most_values:  # a key and its value are one
                    self._stop(event.start_mark, f"the file has over {self.most_values:,} values")
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
        if self.faults:
            raise YamlError(self.name, self.faults)

    def build(self, node: yaml.Node, at: Place, above: tuple[int, ...]) -> Any:
        self._count(node)
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
        """Fills in a mapping's own items, and then those of `<<` that it lacks."""
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
                self._count(key_node)  # merging costs, though it adds nothing
                continue
            self.marks[(*at, key)] = self._mark(key_node, value_node)
            result[key] = self.build(value_node, (*at, key), above)
        for one in merged:
            self._count(one)
            if isinstance(one, yaml.MappingNode) and id(one) not in above:
                self._fill(result, one, at, (*above, id(one)))
            else:
                self._tell(one.start_mark, "`<<` takes the anchor of a mapping")

    def _scalar(self, node: yaml.Node) -> str | int | float | bool | None:
        text = str(node.value)
        return text if getattr(node, "style", None) is not None else _plain_value(text)

    def _count(self, node: yaml.Node) -> None:
        self._values += 1
        if self._values > self.most_values:
            self._stop(
                node.start_mark, f"with its anchors the file has over {self.most_values:,} values"
            )

    def _mark(self, key: yaml.Node, value: yaml.Node) -> Mark:
        raw = text = ""
        if isinstance(value, yaml.ScalarNode):
            raw, text = self.text[value.start_mark.index : value.end_mark.index], str(value.value)
        start, begin = key.start_mark, value.start_mark
        return Mark(start.line + 1, start.column + 1, begin.line + 1, begin.column + 1, raw, text)

    def _tell(self, mark: Any, message: str) -> None:
        self.faults.append(_fault(mark, message))
        if len(self.faults) >= MOST_FAULTS:
            raise YamlError(self.name, self.faults)

    def _stop(self, mark: Any, message: str) -> None:
        self.faults.append(_fault(mark, message))
        raise YamlError(self.name, self.faults)

    def _broken(self, error: Exception) -> Fault:
        """PyYAML's message, with the mistake that usually causes it."""
        text = self.text
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        if isinstance(error, yaml.reader.ReaderError):
            before = text[: error.position]
            column = len(before) - before.rfind("\n")
            message = f"a character that no text has: {text[error.position : error.position + 1]!a}"
            return Fault(before.count("\n") + 1, column, message)
        problem = str(getattr(error, "problem", None) or error)
        line = (text.splitlines() or [""])[mark.line : mark.line + 1] if mark else []
        before = line[0][: mark.column + 1] if mark and line else ""
        cure = ""
        if "\t" in before and before.strip() == "":
            cure = ": indent with spaces, YAML knows no tabs"
        elif "mapping values are not allowed" in problem:
            cure = ": a text with `: ` in it stands in quotes or under `|`"
        elif "undefined alias" in problem:
            cure = (
                ": an anchor (`&name`) comes before its alias (`*name`); a text with `*` is quoted"
            )
        elif "but found another document" in problem:
            cure = f": {self.what} is one document, take away `---`"
        elif line and "${{" in line[0]:
            cure = ": a text with `${{ }}` and other signs stands in quotes or under `|`"
        return _fault(mark, f"not valid YAML: {' '.join(problem.split())}{cure}")


class _Dumper(yaml.SafeDumper):
    """Quotes each text that this reader would take for something else, such as `1e5`."""


def _text_node(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None if _plain_value(text) == text else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text_node)


def _plain_value(text: str) -> str | int | float | bool | None:
    """What a text without quotes says."""
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text) and len(text) < 20:
        return int(text)
    if _REAL.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text


def _inside(data: Any, at: Place) -> Any:
    for step in at:
        data = data[step]
    return data


def _fault(mark: Any, message: str) -> Fault:
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return Fault(line, column, message)
