"""Permission: which tools a role may use, within which limits of their arguments, and how often."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agents.tools.schemas import Schema
from router.errors import ConfigError

MISSING = object()

_KEYS = ("enum", "pattern", "minimum", "maximum", "maxLength", "maxItems")


@dataclass(frozen=True, slots=True)
class Limit:
    """What one argument may be, beyond its schema. What it cannot be applied to is refused.

    The words are JSON schema's, with one difference: `pattern` must match the whole text. In a
    list each item is judged.
    """

    enum: tuple[Any, ...] | None = None
    pattern: re.Pattern[str] | None = None
    minimum: float | None = None
    maximum: float | None = None
    max_length: int | None = None
    max_items: int | None = None

    @classmethod
    def of(cls, where: str, written: Any) -> Limit:
        """From a number (the most), a list (the choices), or an object of keywords.

        Raises ConfigError that begins with `where`.
        """
        if isinstance(written, int | float) and not isinstance(written, bool):
            return cls(maximum=written)
        if isinstance(written, list | tuple):
            return cls(enum=tuple(written))
        if not isinstance(written, Mapping) or not written or set(written) - set(_KEYS):
            raise ConfigError(
                f"{where}: a limit is a number (the most), a list (the choices) or an object of "
                f"{', '.join(_KEYS)}, not {written!r}"
            )
        for key in ("minimum", "maximum", "maxLength", "maxItems"):
            if isinstance(written.get(key, 0), bool) or not isinstance(
                written.get(key, 0), int | float
            ):
                raise ConfigError(f"{where}: {key} must be a number, not {written[key]!r}")
        try:
            pattern = re.compile(written["pattern"]) if "pattern" in written else None
        except (re.error, TypeError) as error:
            raise ConfigError(f"{where}: the pattern cannot be read: {error}") from error
        return cls(
            enum=tuple(written["enum"]) if "enum" in written else None,
            pattern=pattern,
            minimum=written.get("minimum"),
            maximum=written.get("maximum"),
            max_length=written.get("maxLength"),
            max_items=written.get("maxItems"),
        )

    def fault(self, value: Any) -> str | None:
        """What values are allowed, without the value itself; None where it is allowed."""
        if isinstance(value, list):
            if self.max_items is not None and len(value) > self.max_items:
                return f"may have at most {self.max_items} items"
            return next((fault for one in value if (fault := self._fault(one))), None)
        if self.max_items is not None:
            return "must be a list"
        return self._fault(value)

    def _fault(self, value: Any) -> str | None:
        if self.enum is not None and not any(_same(value, one) for one in self.enum):
            return f"must be one of {', '.join(map(str, self.enum))}"
        if self.pattern is not None and not (
            isinstance(value, str) and self.pattern.fullmatch(value)
        ):
            return f"must match {self.pattern.pattern}"
        if self.max_length is not None and not (
            isinstance(value, str) and len(value) <= self.max_length
        ):
            return f"may have at most {self.max_length} characters"
        if (self.minimum, self.maximum) == (None, None):
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            return "must be a number"
        if self.minimum is not None and value < self.minimum:
            return f"must be at least {self.minimum:g}"
        if self.maximum is not None and value > self.maximum:
            return f"must be at most {self.maximum:g}"
        return None

    def default(self, default: Any) -> Any:
        """The value of an argument that was left out; MISSING where it must be given.

        A tool's default above the limit becomes the limit, which it would otherwise exceed.
        """
        if default is MISSING or default is None:
            return MISSING
        number = isinstance(default, int | float) and not isinstance(default, bool)
        if number and self.maximum is not None and default > self.maximum:
            default = type(default)(self.maximum)
        return MISSING if self.fault(default) else default

    def narrowed(self, schema: Schema) -> Schema:
        """`schema` with what of this limit a decoder can be held to, for a model to see."""
        words: Schema = {
            "enum": None if self.enum is None else list(self.enum),
            "pattern": self.pattern and self.pattern.pattern,
            "minimum": _tighter(max, self.minimum, schema.get("minimum")),
            "maximum": _tighter(min, self.maximum, schema.get("maximum")),
            "maxLength": _tighter(min, self.max_length, schema.get("maxLength")),
            "maxItems": _tighter(min, self.max_items, schema.get("maxItems")),
        }
        return {**schema, **{word: value for word, value in words.items() if value is not None}}


def _tighter(choose: Any, mine: float | None, theirs: float | None) -> float | None:
    known = [one for one in (mine, theirs) if one is not None]
    return choose(known) if mine is not None else None


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


@dataclass(frozen=True)
class Permission:
    """What a role may do in one task. Without one it may use no tool.

    tools: names; `server.*` is all that this MCP server offers. limits: by tool, then by argument,
    as `Limit.of` reads them. max_calls: in one task, refused ones too. Raises ConfigError.
    """

    tools: tuple[str, ...] = ()
    limits: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    max_calls: int = 10
    _limits: dict[str, dict[str, Limit]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.max_calls < 0:
            raise ConfigError(f"max_calls must be 0 or more, not {self.max_calls}")
        read = {}
        for name, limits in self.limits.items():
            if not self.allows(name):
                known = ", ".join(self.tools) or "none"
                raise ConfigError(f"limits of {name!r}, which is no allowed tool: {known}")
            read[name] = {
                argument: Limit.of(f"limits of {name}.{argument}", written)
                for argument, written in limits.items()
            }
        object.__setattr__(self, "_limits", read)

    def allows(self, name: str) -> bool:
        server, dot, _ = name.partition(".")
        return name in self.tools or (bool(dot) and f"{server}.*" in self.tools)

    def limits_of(self, name: str) -> Mapping[str, Limit]:
        return self._limits.get(name, {})
