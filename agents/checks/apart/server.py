"""The code's process: loads the code and runs its functions and objects on request.

It reports values, never verdicts: code that tampers with this process can change only the values.
"""

from __future__ import annotations

import builtins
import contextlib
import inspect
import io
import itertools
import operator
import os
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from agents.checks.apart.wire import Json, read, receive, send, told

_MOST_DRAINED = 10_000
_KEPT_CHARS = 300


def _call(function: Any, arguments: list[Any], named: dict[str, Any]) -> Any:
    return function(*arguments, **named)


def _state(value: Any) -> Any:
    slots = [name for one in type(value).__mro__ for name in getattr(one, "__slots__", ())]
    held = {name: getattr(value, name, None) for name in slots if isinstance(name, str)}
    return [type(value).__name__, {**held, **getattr(value, "__dict__", {})}]


def _await(coroutine: Any) -> Any:
    import asyncio

    async def waited() -> Any:
        return await coroutine

    return asyncio.run(waited())


_DONE: dict[str, Callable[..., Any]] = {
    "call": _call,
    "await": _await,
    "drain": lambda it: list(itertools.islice(it, _MOST_DRAINED)),
    "get": getattr,
    "state": _state,
    "set": setattr,
    "enter": lambda it: type(it).__enter__(it),
    "exit": lambda it: type(it).__exit__(it, None, None, None),
    "reversed": lambda it: list(reversed(it)),
    **{
        one.__name__: one
        for one in (len, str, repr, iter, next, bool, hash, int, float, abs, round, isinstance)
    },
    **{
        name: getattr(operator, name)
        for name in (
            *("eq", "ne", "lt", "le", "gt", "ge", "contains", "getitem", "setitem", "delitem"),
            *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "neg", "pos"),
            *("and_", "or_", "xor", "invert", "lshift", "rshift"),
        )
    },
}


class Server:
    """Executes the judge's requests on the code's objects, and reports the results."""

    def __init__(self, asked: BinaryIO, answers: BinaryIO) -> None:
        self._asked, self._answers = asked, answers
        self._kept: dict[int, Any] = {}

    def run(self) -> None:
        sys.path.insert(0, os.getcwd())
        reply = self._tried(lambda: self._exports(__import__("solution")))
        send(self._answers, reply)
        while True:
            self._answer(receive(self._asked))

    def _answer(self, request: Json) -> None:
        send(self._answers, self._tried(lambda: self._do(request)))

    def _exports(self, module: types.ModuleType) -> Json:
        """Each name that the code defines, with the base classes of an exception class."""
        found = {}
        for name, value in list(vars(module).items()):
            if not name.startswith("__") and not isinstance(value, types.ModuleType):
                is_error = isinstance(value, type) and issubclass(value, BaseException)
                bases = [one.__name__ for one in value.__mro__] if is_error else None
                found[name] = [told(value, self._keep), bases]
        return {"exports": found}

    def _do(self, request: Json) -> Json:
        arguments = [read(one, self._refer) for one in request["with"]]
        before = [told(one, self._keep) for one in arguments[1]] if request["do"] == "call" else []
        value = told(_DONE[request["do"]](*arguments), self._keep)
        if not before:
            return {"is": value}
        after = [told(one, self._keep) for one in arguments[1]]
        # The caller's list must change too if the code changed it in place.
        changed = {n: new for n, (old, new) in enumerate(zip(before, after)) if old != new}  # noqa: B905
        return {"is": value, "changed": changed}

    def _tried(self, what: Callable[[], Json]) -> Json:
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed):
                reply = what()
        except BaseException as error:  # noqa: BLE001  code that nobody vouches for
            reply = {
                "raised": [one.__name__ for one in type(error).__mro__],
                "text": text_of(error),
                "module": getattr(error, "name", None),
            }
        return {**reply, "printed": printed.getvalue()[:10_000]}

    def _keep(self, value: Any) -> Json:
        self._kept[id(value)] = value
        if inspect.iscoroutine(value):
            return ["A", id(value)]
        return ["I" if isinstance(value, Iterator) else "R", id(value)]

    def _refer(self, tag: str, number: int) -> Any:
        if tag == "R":
            return self._kept[number]

        def called(*arguments: Any) -> Any:
            """A function of the tests': the judge runs it while this process waits."""
            send(self._answers, {"back": number, "with": [told(a, self._keep) for a in arguments]})
            while "done" not in (request := receive(self._asked)):
                self._answer(request)
            if "raised" in request:
                raise getattr(builtins, request["raised"], Exception)(request["text"])
            return read(request["done"], self._refer)

        return called


def text_of(error: BaseException) -> str:
    try:
        return str(error)[:_KEPT_CHARS]
    except Exception:  # noqa: BLE001  a class of the code's own
        return ""


def main(asked: int, answers: int) -> None:
    """Serves until the judge closes the connection."""
    try:
        Server(os.fdopen(asked, "rb"), os.fdopen(answers, "wb")).run()
    finally:
        os._exit(1)
