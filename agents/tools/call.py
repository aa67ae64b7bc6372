"""What a model wrote: a call of a tool, or an answer, read strictly."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agents.tools.schemas import shown_name

MOST_CHARS = 50_000


@dataclass(frozen=True, slots=True)
class Call:
    """A tool and the arguments it is to be called with."""

    tool: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer instead of a call. With an answer schema it is JSON, else text."""

    text: str


class Malformed(ValueError):
    """It cannot be read as a call; the message says what is wrong and quotes none of it."""


class Repeated(Malformed):
    """A JSON object repeats a name, so that two parsers may disagree on its value."""


def read_reply(text: str) -> Call | Answer:
    """What `Toolbox.call_schema` allows a model to write. Raises Malformed."""
    read = _json(text)
    if isinstance(read, dict) and set(read) == {"answer"}:
        answer = read["answer"]
        return Answer(answer if isinstance(answer, str) else canonical(answer))
    if isinstance(read, dict) and set(read) == {"tool", "arguments"}:
        name, arguments = read["tool"], read["arguments"]
        if isinstance(name, str) and isinstance(arguments, dict):
            return Call(name, arguments)
    raise Malformed(
        'write {"tool": "its name", "arguments": {...}} or {"answer": "..."}, and nothing else'
    )


def read_arguments(written: Mapping[str, Any] | str) -> dict[str, Any]:
    """The arguments of a call, a copy of their own. Raises Malformed."""
    if not isinstance(written, str):
        try:
            written = json.dumps(dict(written), allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise Malformed("the arguments cannot be written as JSON") from error
    read = _json(written)
    if not isinstance(read, dict):
        raise Malformed("the arguments must be one JSON object")
    return read


def canonical(value: Any) -> str:
    """One text for equal values, whatever the order of their names."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def digest(written: Mapping[str, Any] | str) -> str:
    """SHA-256 of the canonical arguments, or of the text where it cannot be read as such."""
    try:
        text = canonical(read_arguments(written))
    except Malformed:
        text = written if isinstance(written, str) else repr(sorted(map(str, written)))
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def names(written: Mapping[str, Any] | str) -> tuple[str, ...]:
    """The arguments' names in order, '?' for a malformed one; empty where they cannot be parsed."""
    try:
        return tuple(shown_name(name).strip("'") for name in sorted(read_arguments(written)))
    except Malformed:
        return ()


def _json(text: str) -> Any:
    if len(text) > MOST_CHARS:
        raise Malformed(f"it has {len(text):,} characters; at most {MOST_CHARS:,} are read")
    try:
        read = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
        canonical(read).encode()
    except Malformed:
        raise
    except UnicodeEncodeError:
        raise Malformed("a text in it is not valid Unicode") from None
    except json.JSONDecodeError as error:
        raise Malformed(f"it is no JSON: {error.msg} at character {error.pos}") from None
    except (ValueError, RecursionError):
        raise Malformed("it holds a number too long, or is nested too deeply") from None
    return read


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise Repeated("a name is given twice in one object")
    return read


def _no_constant(_text: str) -> Any:
    raise Malformed("it holds a number that is none (NaN or Infinity)")
