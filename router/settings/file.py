"""A YAML file with the position of every key, so that an error can name its line."""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from router.errors import ConfigError
from router.settings.urls import shown_url
from router.settings.yaml_nodes import Document, Place, dumped, read_yaml_file
from router.wording import printable

MOST_EXPLAINED = 50
"""Most mistakes reported for one file: suggesting a similar known key takes time for each."""

_Model = TypeVar("_Model", bound=BaseModel)

_REFERENCE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}")
_LITELLM_REFERENCE = re.compile(r"^os\.environ/(?P<name>[A-Za-z_][A-Za-z0-9_]*)$")


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """Plain data from a YAML file, with the environment filled in.

    references: the variables that each place names. written: the data without the environment.
    """

    name: str
    document: Document
    written: Document
    references: dict[Place, tuple[str, ...]] = dataclasses.field(default_factory=dict)

    @classmethod
    def empty(cls) -> SettingsFile:
        return cls("(defaults)", Document({}, {}), Document({}, {}))

    @classmethod
    def read(cls, path: Path, env: Mapping[str, str]) -> SettingsFile:
        """Reads the file and fills in `${NAME}`, `${NAME:-default}` and `os.environ/NAME`."""
        read = read_yaml_file(path)
        file = cls(str(path), read, read)
        data = {} if read.data is None else read.data
        if not isinstance(data, dict):
            raise ConfigError(f"{path}:1: expected keys and values, found {type(data).__name__}")
        filled = file._filled(data, (), env)
        filled_in = Document(filled, read.marks, read.sha256)
        return cls(file.name, filled_in, read, file.references)

    def validated(self, model: type[_Model]) -> _Model:
        """The settings that the file makes; ConfigError with every mistake in it."""
        try:
            return self.document.validated(model)
        except ValidationError as error:
            raise ConfigError(self._explain(error, model)) from None

    def line(self, place: Place) -> int:
        """Where a key stands, or the nearest one above it."""
        marks = self.document.marks
        return next(
            (marks[place[:end]].line for end in range(len(place), 0, -1) if place[:end] in marks), 1
        )

    def _filled(self, data: Any, at: Place, env: Mapping[str, str]) -> Any:
        if isinstance(data, dict):
            return {key: self._filled(value, (*at, key), env) for key, value in data.items()}
        if isinstance(data, list):
            return [self._filled(value, (*at, index), env) for index, value in enumerate(data)]
        return self._interpolated(data, at, env) if isinstance(data, str) else data

    def _interpolated(self, text: str, at: Place, env: Mapping[str, str]) -> str:
        named: list[str] = []

        def fill(match: re.Match[str]) -> str:
            name = match["name"]
            named.append(name)
            default = match.groupdict().get("default")
            value = env.get(name) or default
            if value is None:
                line = self.document.marks[at].value_line
                raise ConfigError(
                    f"{self.name}:{line}: the environment variable {name} is not set: "
                    f"set it, or write a default as ${{{name}:-value}}"
                )
            return value

        if match := _LITELLM_REFERENCE.match(text):
            filled = fill(match)
        else:
            # What follows the last brace holds no reference, and would be searched to its end from
            # each `${` in it.
            end = text.rfind("}") + 1
            filled = _REFERENCE.sub(fill, text[:end]) + text[end:]
        if named:
            self.references[at] = tuple(named)
        return filled

    def _explain(self, error: ValidationError, model: type[BaseModel]) -> str:
        """One line a mistake: file, line, path, what is wrong, the known choices."""
        found = error.errors()
        lines = [self._explain_one(dict(item), model) for item in found[:MOST_EXPLAINED]]
        if len(found) > MOST_EXPLAINED:
            lines.append(f"and {len(found) - MOST_EXPLAINED} more")
        return "\n".join(lines)

    def _explain_one(self, item: dict[str, Any], model: type[BaseModel]) -> str:
        loc = tuple(part for part in item["loc"] if part != "[key]")
        where = ".".join(str(part) for part in loc) or "the file"
        if item["type"] == "extra_forbidden":
            known = sorted(_fields_at(model, loc[:-1]))
            near = difflib.get_close_matches(str(loc[-1])[:100], known, n=1)
            hint = f" (did you mean `{near[0]}`?)" if near else ""
            what = f"unknown key `{loc[-1]}`{hint}; known keys: {', '.join(known)}"
        else:
            message = item["msg"].removeprefix("Value error, ")
            what = f"{message[:1].lower()}{message[1:]}{self._found(loc, item.get('input'))}"
        return printable(f"{self.name}:{self.line(loc)}: {where}: {what}")

    def _found(self, loc: Place, value: Any) -> str:
        """The value that is wrong, unless it may be somebody's secret."""
        if not isinstance(value, str | int | float | bool):
            return ""
        if loc in self.references:
            return f", found what is in {' and '.join(self.references[loc])}"
        if loc and loc[-1] in SECRET_KEYS:
            return ", found a value that is not shown"
        if isinstance(value, str) and any(sign in value for sign in ("://", "@")):
            return f", found {shown_url(value) or 'a value that is not shown'}"
        return f", found {value!r}"


SECRET_KEYS = frozenset({"api_key"})
"""Keys whose values are never shown, wherever they stand."""


def _fields_at(model: type[BaseModel], loc: Place) -> set[str]:
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
        lines += [pad + line for line in dumped(plain).splitlines()]
    return lines
