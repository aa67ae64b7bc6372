"""A YAML file with the position of every key, so that an error can name its line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from router.errors import ConfigError

Path_ = tuple[str | int, ...]

_REFERENCE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}")
_LITELLM_REFERENCE = re.compile(r"^os\.environ/(?P<name>[A-Za-z_][A-Za-z0-9_]*)$")


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """Plain data from a YAML file, and the 1-based line of every key in it."""

    name: str
    data: dict[str, Any]
    lines: dict[Path_, int]

    @classmethod
    def empty(cls) -> SettingsFile:
        return cls(name="(defaults)", data={}, lines={})

    @classmethod
    def read(cls, path: Path, env: Mapping[str, str]) -> SettingsFile:
        """Reads the file and fills in `${NAME}`, `${NAME:-default}` and `os.environ/NAME`."""
        try:
            node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        except UnicodeDecodeError:
            raise ConfigError(f"{path}: not a text file in UTF-8") from None
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
        except yaml.YAMLError as error:
            raise ConfigError(_explain_yaml(path, error)) from None
        lines: dict[Path_, int] = {}
        data = {} if node is None else _build(node, (), lines, path, env)
        if not isinstance(data, dict):
            raise ConfigError(f"{path}:1: expected keys and values, found {type(data).__name__}")
        return cls(name=str(path), data=data, lines=lines)

    def explain(self, error: ValidationError, model: type[BaseModel]) -> str:
        """One line a mistake: file, line, path, what is wrong, the known choices."""
        return "\n".join(self._explain_one(dict(item), model) for item in error.errors())

    def _explain_one(self, item: dict[str, Any], model: type[BaseModel]) -> str:
        loc = tuple(part for part in item["loc"] if part != "[key]")
        line = next(
            (self.lines[loc[:end]] for end in range(len(loc), 0, -1) if loc[:end] in self.lines), 1
        )
        where = ".".join(str(part) for part in loc) or "the file"
        if item["type"] == "extra_forbidden":
            known = sorted(_fields_at(model, loc[:-1]))
            near = difflib.get_close_matches(str(loc[-1]), known, n=1)
            hint = f" (did you mean `{near[0]}`?)" if near else ""
            what = f"unknown key `{loc[-1]}`{hint}; known keys: {', '.join(known)}"
        else:
            message = item["msg"].removeprefix("Value error, ")
            value = item.get("input")
            plain = isinstance(value, str | int | float | bool) and "api_key" not in loc
            shown = f", found {value!r}" if plain else ""
            what = f"{message[:1].lower()}{message[1:]}{shown}"
        return f"{self.name}:{line}: {where}: {what}"


def _explain_yaml(path: Path, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    at = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
    return f"{path}{at}: not valid YAML: {problem}"


def _build(
    node: yaml.Node, at: Path_, lines: dict[Path_, int], path: Path, env: Mapping[str, str]
) -> Any:
    """Plain data of a YAML node; a key given twice, which PyYAML overlooks, is an error."""
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            line = key_node.start_mark.line + 1
            if key in result:
                first = lines[(*at, key)]
                raise ConfigError(f"{path}:{line}: `{key}` is given twice, first in line {first}")
            lines[(*at, key)] = line
            result[key] = _build(value_node, (*at, key), lines, path, env)
        return result
    if isinstance(node, yaml.SequenceNode):
        items = []
        for index, child in enumerate(node.value):
            lines[(*at, index)] = child.start_mark.line + 1
            items.append(_build(child, (*at, index), lines, path, env))
        return items
    constructor = yaml.SafeLoader("")
    value = constructor.construct_object(node)
    if isinstance(value, str):
        return _interpolate(value, node.start_mark.line + 1, path, env)
    return value


def _interpolate(text: str, line: int, path: Path, env: Mapping[str, str]) -> str:
    def fill(match: re.Match[str]) -> str:
        name = match["name"]
        default = match.groupdict().get("default")
        value = env.get(name) or default
        if value is None:
            raise ConfigError(
                f"{path}:{line}: the environment variable {name} is not set: "
                f"set it, or write a default as ${{{name}:-value}}"
            )
        return value

    if match := _LITELLM_REFERENCE.match(text):
        return fill(match)
    return _REFERENCE.sub(fill, text)


def _fields_at(model: type[BaseModel], loc: Path_) -> set[str]:
    """Names of the fields of the model that `loc` points to."""
    for part in loc:
        field = model.model_fields.get(str(part))
        inner = _model_in(field.annotation) if field else None
        if inner is None:
            return set()
        model = inner
    return set(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def render(settings: BaseModel, *, comments: bool = True) -> str:
    """YAML of the settings, each key under its description; what is unset stands commented out."""
    return "\n".join(_render(settings, 0, comments)) + "\n"


def _render(model: BaseModel, depth: int, comments: bool) -> list[str]:
    pad = "  " * depth
    lines: list[str] = []
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            about = field.description or (type(value).__doc__ or "").splitlines()[0]
            lines += ([""] if depth == 0 and comments else []) + (
                [f"{pad}# {about}"] if comments and about else []
            )
            lines += [f"{pad}{name}:", *_render(value, depth + 1, comments)]
            continue
        if comments and field.description:
            lines.append(f"{pad}# {field.description}")
        if value is None or value == {}:
            if comments:
                lines.append(f"{pad}# {name}:")
            continue
        plain = model.model_dump(mode="json", include={name})
        lines += [pad + line for line in yaml.safe_dump(plain, width=1000).splitlines()]
    return lines
