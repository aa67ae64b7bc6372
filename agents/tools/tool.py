"""Tool: one thing that a model may ask for, made from a typed Python function or by hand."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import json
import re
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar, cast, get_type_hints, overload

from pydantic import PydanticUserError, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, to_json

from agents.tools.schemas import Schema, SchemaUnusable, arguments_schema, self_contained
from router.errors import ConfigError

PUBLIC = "public"
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Output:
    """What a tool returns. label: of what the text came from; None takes the tool's."""

    text: str
    label: str | None = None


class ToolFault(Exception):
    """A call failed. reason: for the audit, so it names no argument's value.

    detail: for the model alone. label: the privacy label of the reason. mendable: the call itself
    was wrong, and a corrected one may work.
    """

    def __init__(
        self, reason: str, detail: str = "", *, label: str | None = None, mendable: bool = False
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail
        self.label = label
        self.mendable = mendable


class ToolRefused(ToolFault):
    """The call is not allowed."""


class ToolFailed(ToolFault):
    """The call is allowed but did not work."""


@dataclass(frozen=True, slots=True)
class Tool:
    """One thing that a model may ask for. One of an MCP server is called `server.tool`.

    schema: of its arguments: an object whose properties are all there may be. run: gets arguments
    that satisfy it; may raise ToolFault. changes: it leaves something different behind, and asks
    for approval. label: of what it returns. leaves: its arguments go out of this machine.
    timeout_s: None takes the toolbox's. Raises ConfigError for an unusable name or schema.
    """

    name: str
    description: str
    schema: Schema
    run: Callable[[Mapping[str, Any]], Awaitable[Output]]
    changes: bool = False
    label: str = PUBLIC
    leaves: bool = False
    timeout_s: float | None = None

    def __post_init__(self) -> None:
        if not all(NAME.fullmatch(part) for part in self.name.split(".", 1)):
            raise ConfigError(f"the tool {self.name!r} needs a name of letters, digits, _ and -")
        try:
            schema = self_contained(self.schema)
        except SchemaUnusable as error:
            raise ConfigError(f"the tool {self.name!r}: {error}") from error
        exact = arguments_schema(schema.get("properties", {}), list(schema.get("required", ())))
        object.__setattr__(self, "schema", exact)


@overload
def tool(function: Callable[..., Any], /) -> Tool: ...


@overload
def tool(
    *,
    name: str | None = None,
    description: str | None = None,
    changes: bool = False,
    label: str = PUBLIC,
    leaves: bool = False,
    timeout_s: float | None = None,
) -> Callable[[Callable[..., Any]], Tool]: ...


def tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    changes: bool = False,
    label: str = PUBLIC,
    leaves: bool = False,
    timeout_s: float | None = None,
) -> Tool | Callable[[Callable[..., Any]], Tool]:
    """A Tool from a typed function, sync or async; its docstring is the description.

    Describe an argument with `Annotated[int, Field(description=..., ge=1)]`. A sync function runs
    in a thread of its own; past its time it is left behind, for a thread cannot be ended, so let
    it keep a deadline itself. It returns text, an Output, or anything that JSON can hold.
    Raises ConfigError for a function whose arguments are not all named and typed.
    """

    def made(function: Callable[..., Any]) -> Tool:
        called = name or function.__name__
        readers, schema = _signature(called, function)
        said = description if description is not None else inspect.getdoc(function)
        if not said:
            raise ConfigError(f"the tool {called!r} needs a docstring: it tells a model what it is")

        async def run(arguments: Mapping[str, Any]) -> Output:
            read = {key: _read(key, readers[key], value) for key, value in arguments.items()}
            if inspect.iscoroutinefunction(function):
                return _output(await function(**read))
            return _output(await in_thread(lambda: function(**read)))

        return Tool(called, said, schema, run, changes, label, leaves, timeout_s)

    return made if function is None else made(function)


def _signature(
    name: str, function: Callable[..., Any]
) -> tuple[dict[str, TypeAdapter[Any]], Schema]:
    try:
        hints = get_type_hints(function, include_extras=True)
    except NameError as error:
        raise ConfigError(f"the tool {name!r}: {error}: import its types in the module") from error
    readers: dict[str, TypeAdapter[Any]] = {}
    properties: Schema = {}
    required = []
    for key, parameter in inspect.signature(function).parameters.items():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise ConfigError(f"the tool {name!r}: {parameter} cannot be given by its name")
        if key not in hints:
            raise ConfigError(f"the tool {name!r}: the argument {key!r} has no type")
        try:
            readers[key] = TypeAdapter(hints[key])
            properties[key] = self_contained(readers[key].json_schema())
            if parameter.default is not parameter.empty:
                properties[key]["default"] = readers[key].dump_python(
                    parameter.default, mode="json"
                )
            else:
                required.append(key)
        except (PydanticUserError, PydanticSerializationError, ValueError) as error:
            raise ConfigError(
                f"the tool {name!r}: the argument {key!r} cannot be given as JSON: {error}"
            ) from error
    return readers, arguments_schema(properties, required)


def _read(name: str, reader: TypeAdapter[Any], value: Any) -> Any:
    try:
        return reader.validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        kind = error.errors(include_input=False, include_url=False)[0]["type"]
        raise ToolRefused(
            f"the argument {name!r} cannot be read ({kind})", mendable=True
        ) from error


def _output(returned: Any) -> Output:
    if isinstance(returned, Output):
        return returned
    if isinstance(returned, str):
        return Output(returned)
    return Output("done" if returned is None else to_json(returned, fallback=str).decode())


async def in_thread(function: Callable[[], T]) -> T:
    """What `function` returns, run in a new thread that the process need not wait for at its end.

    Raises what it raises; what is no Exception, such as SystemExit, becomes a RuntimeError.
    """
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[tuple[T | None, Exception | None]] = loop.create_future()
    context = contextvars.copy_context()

    def settle(value: T | None, error: Exception | None) -> None:
        if not ended.done():
            ended.set_result((value, error))

    def work() -> None:
        value, error = None, None
        try:
            value = context.run(function)
        except Exception as raised:  # noqa: BLE001  it is raised again where it is awaited
            error = raised
        except BaseException as raised:  # noqa: BLE001  a tool does not end the process
            error = RuntimeError(f"it raised {type(raised).__name__}")
        with suppress(RuntimeError):  # the loop was closed: nobody waits any more
            loop.call_soon_threadsafe(settle, value, error)

    threading.Thread(target=work, name="edgeward-tool", daemon=True).start()
    value, error = await ended
    if error is not None:
        raise error
    return cast(T, value)
