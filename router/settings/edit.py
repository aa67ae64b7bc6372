"""Changes a few keys of one section of a configuration file and leaves the rest of its text alone.

Comments, order and `${VARIABLES}` stay as a person wrote them: the text is edited, not made anew.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import yaml

from router.errors import ConfigError
from router.settings.yaml_nodes import compose, dumped

Value = float | Mapping[str, float]

BACKUP_SUFFIX = ".bak"


def edited(text: str, section: str, values: Mapping[str, Value]) -> str:
    """The text with these keys of the section set; it must be valid YAML.

    A key that stands there, or stands commented out in its section, is set in its place; others are
    added at the head of the section, and the section at the end of the text.
    """
    for key, value in reversed(list(values.items())):  # each goes above the one before
        text = _with_key(text, section, key, _flow(value))
    return text


def replace_file(path: Path, text: str) -> Path | None:
    """Write a file whole or not at all. Returns where the old one is kept, None where none was.

    Raises ConfigError.
    """
    target = path.expanduser().resolve()
    backup = None
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            backup = target.with_name(target.name + BACKUP_SUFFIX)
            shutil.copy2(target, backup)
            shutil.copymode(target, name)
        else:
            Path(name).chmod(0o644)
        Path(name).replace(target)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from None
    return backup


def _with_key(text: str, section: str, key: str, value: str) -> str:
    root = compose(text, "the configuration")
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    place = next((pair for pair in pairs if pair[0].value == section), None)
    if place is None:
        gap = "" if not text or text.endswith("\n") else "\n"
        return f"{text}{gap}\n{section}:\n  {key}: {value}\n".lstrip("\n")
    head, node = place
    if not isinstance(node, yaml.MappingNode):  # its keys are all commented out
        return _under_head(text, head, node, key, value, "  ")
    for own, old in node.value:
        if own.value == key:
            end = max(_end(old), text.index(":", own.end_mark.index) + 1)
            return f"{text[: own.end_mark.index]}: {value}{text[end:]}"
    if node.flow_style:
        at = node.start_mark.index + 1
        comma = ", " if node.value else ""
        return f"{text[:at]}{key}: {value}{comma}{text[at:]}"
    return _under_head(text, head, node, key, value, " " * node.value[0][0].start_mark.column)


def _under_head(
    text: str, head: yaml.Node, node: yaml.Node, key: str, value: str, indent: str
) -> str:
    """Set where it stands commented out in the section, else right under its head."""
    begin = text.find("\n", head.end_mark.index) + 1 or len(text)
    if begin == len(text) and not text.endswith("\n"):
        text, begin = text + "\n", len(text) + 1
    until = _section_end(text, begin, head.start_mark.column)
    commented = re.compile(rf"^{indent}# {re.escape(key)}:[ ]*$", re.MULTILINE)
    if (found := commented.search(text, begin, until)) is not None:
        return f"{text[: found.start()]}{indent}{key}: {value}{text[found.end() :]}"
    return f"{text[:begin]}{indent}{key}: {value}\n{text[begin:]}"


def _section_end(text: str, begin: int, column: int) -> int:
    """Where a line begins that stands no further in than the section's head, comments apart."""
    outer = re.compile(rf"^[ ]{{0,{column}}}[^\s#]", re.MULTILINE)
    found = outer.search(text, begin)
    return found.start() if found else len(text)


def _end(node: yaml.Node) -> int:
    """Where a value ends; PyYAML has a block end only where the next key begins."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
        return _end(node.value[-1][1]) or int(node.value[-1][0].end_mark.index)
    if isinstance(node, yaml.SequenceNode) and not node.flow_style and node.value:
        return _end(node.value[-1])
    return int(node.end_mark.index)


def _flow(value: Value) -> str:
    plain = dict(value) if isinstance(value, Mapping) else value
    text = dumped(plain, flow=True)
    return text.removesuffix("\n").removesuffix("...").strip()
