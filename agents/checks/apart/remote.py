"""Proxies in the judge for the code's objects: every operation runs in the code's process."""

from __future__ import annotations

import builtins
import contextlib
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from agents.checks.apart.server import text_of
from agents.checks.apart.wire import NO_ANSWER, NONSENSE, Ended, Json, read, receive, send, told


class Unjudged(Exception):
    """The example needs something that cannot be done across processes; it proves nothing of the
    code.
    """


class Client:
    """Sends requests to the server, and holds the proxies of its objects.

    opaque: whether an object of the code's own class took part since the last reset. leaned:
    whether a finding since then relies on what such an object reports of itself. leaked: whether
    such an object was passed a value to compare itself with, which it could repeat later. derived:
    numbers of objects computed from such a value.
    """

    def __init__(self, asked: BinaryIO, answers: BinaryIO) -> None:
        self._asked, self._answers = asked, answers
        self._remotes: dict[int, Remote] = {}
        self._functions: list[Callable[..., Any]] = []
        self.leaned = self.leaked = self.opaque = False
        self.derived: set[int] = set()

    def exports(self) -> dict[str, Any]:
        """What the code defines. Raises what it raised."""
        reply, found = self._reply(), {}
        with _understood():
            for name, (said, bases) in reply["exports"].items():
                found[name] = _error_class(bases) if bases else read(said, self._refer)
        self.opaque = False
        return found

    def ask(self, what: str, *arguments: Any) -> Any:
        self.opaque = self.opaque or what != "call"
        send(self._asked, {"do": what, "with": [told(one, self._keep) for one in arguments]})
        reply = self._reply(may_stop=what == "next")
        with _understood():
            for place, said in reply.get("changed", {}).items():
                _change(arguments[1][int(place)], read(said, self._refer))
            return read(reply["is"], self._refer)

    def _reply(self, *, may_stop: bool = False) -> dict[str, Any]:
        while True:
            reply = receive(self._answers)
            with _understood():
                if "back" in reply:
                    function = self._functions[reply["back"]]
                    arguments = [read(one, self._refer) for one in reply["with"]]
                else:
                    printed = str(reply["printed"])
                    error = _error(reply, may_stop=may_stop) if "raised" in reply else None
            if "back" not in reply:
                sys.stdout.write(printed)
                if error is not None:
                    raise error
                return dict(reply)
            try:
                done = {"done": told(function(*arguments), self._keep)}
            except Exception as failed:  # noqa: BLE001  the tests' own
                done = {"done": None, "raised": type(failed).__name__, "text": text_of(failed)}
            send(self._asked, done)

    def _keep(self, value: Any) -> Json:
        if isinstance(value, Remote):
            return ["R", object.__getattribute__(value, "_number")]
        if isinstance(value, types.FunctionType | types.BuiltinFunctionType | type):
            self._functions.append(value)
            return ["C", len(self._functions) - 1]
        raise Unjudged(f"it hands the code an object of type {type(value).__name__}")

    def _refer(self, tag: str, number: int) -> Any:
        if tag == "A":
            return self._awaited(number)
        if tag not in ("R", "I"):
            raise ValueError(f"a reference of kind {tag!r}")
        self.opaque = True
        kind = Remote if tag == "R" else RemoteIterator
        return self._remotes.setdefault(number, kind(self, number))

    async def _awaited(self, number: int) -> Any:
        return self.ask("await", Remote(self, number))


@contextlib.contextmanager
def _understood() -> Iterator[None]:
    """A context for reading the server's replies."""
    try:
        yield
    except NONSENSE:
        raise Ended(NO_ANSWER) from None


def _change(value: Any, new: Any) -> None:
    if isinstance(value, list | bytearray) and isinstance(new, list | bytearray):
        value[:] = new
    elif isinstance(value, dict | set) and type(new) is type(value):
        value.clear()
        value.update(new)


_MADE: dict[tuple[str, ...], type[BaseException]] = {}


def _error_class(bases: list[str]) -> type[BaseException]:
    """The built-in exception class of that name, or a substitute for one of the code's own."""
    name, *more = map(str, bases)
    known = getattr(builtins, name, None)
    if isinstance(known, type) and issubclass(known, BaseException):
        return known
    if not more:
        return Exception
    if tuple(bases) not in _MADE:
        _MADE[tuple(bases)] = type(name, (_error_class(more),), {})
    return _MADE[tuple(bases)]


def _error(reply: dict[str, Any], *, may_stop: bool) -> BaseException:
    kind = _error_class(reply["raised"])
    if issubclass(kind, StopIteration | StopAsyncIteration | GeneratorExit) and not may_stop:
        # StopIteration would end a loop of the tests early, as if every item had been checked.
        return RuntimeError(f"it raised {kind.__name__}")
    error = kind.__new__(kind, str(reply["text"]))
    error.args = (str(reply["text"]),)
    error.__dict__["remote_module"] = reply.get("module")
    return error


class Remote:
    """A proxy for an object in the server; every operation on it runs there."""

    def __init__(self, client: Client, number: int) -> None:
        object.__setattr__(self, "_client", client)
        object.__setattr__(self, "_number", number)

    def __getattr__(self, name: str) -> Any:
        return asked(self, "get", name)

    def __setattr__(self, name: str, value: Any) -> None:
        asked(self, "set", name, value)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return asked(self, "call", list(arguments), named)

    def __eq__(self, other: object) -> Any:
        if self is other:
            return True
        if not isinstance(other, Remote):
            return False  # an object of the code's own class is not a number, whatever it reports
        equal = bool(asked(self, "eq", other))
        if equal and not _of_one_state(self, other):
            _lean(self)
        return equal

    def __ne__(self, other: object) -> Any:
        if not isinstance(other, Remote):
            _lean(self)
            return True
        unequal = bool(asked(self, "ne", other))
        if unequal and _of_one_state(self, other):
            _lean(self)
        return unequal

    def __hash__(self) -> int:
        return int(asked(self, "hash"))

    def __instancecheck__(self, other: Any) -> bool:
        return isinstance(other, Remote) and bool(asked(other, "isinstance", self))

    def __contains__(self, item: Any) -> bool:
        if not isinstance(self, RemoteIterator):
            with contextlib.suppress(TypeError):  # it may not be iterable
                if item in asked(self, "drain"):
                    return True
        found = bool(asked(self, "contains", item))
        if found:
            _leak(self)
        return found

    def __iter__(self) -> Any:
        return asked(self, "iter")

    def __enter__(self) -> Any:
        return asked(self, "enter")

    def __exit__(self, *_: Any) -> None:
        """Calls the remote `__exit__` and suppresses nothing: a failed assertion stays failed."""
        asked(self, "exit")

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)


class RemoteIterator(Remote):
    def __next__(self) -> Any:
        return asked(self, "next")


def asked(remote: Remote, what: str, *arguments: Any) -> Any:
    client: Client = object.__getattribute__(remote, "_client")
    if what not in _HARMLESS and object.__getattribute__(remote, "_number") in client.derived:
        _lean(remote)
    return client.ask(what, remote, *arguments)


_HARMLESS = ("eq", "ne", "hash", "state", "str", "repr")


def _lean(remote: Remote) -> None:
    client: Client = object.__getattribute__(remote, "_client")
    client.leaned = True


def _leak(remote: Remote) -> None:
    client: Client = object.__getattribute__(remote, "_client")
    client.leaned = client.leaked = True


def _of_one_state(one: Remote, other: Remote) -> bool:
    """Whether two objects have one class and equal state, as far as the state is data."""
    mine, theirs = asked(one, "state"), asked(other, "state")
    try:
        return bool(mine[1]) and bool(mine == theirs)
    except RecursionError:
        return False


def _forwarded(what: str) -> Callable[..., Any]:
    def method(self: Remote, *arguments: Any) -> Any:
        return asked(self, what, *arguments)

    return method


def _calculated(what: str, *, swapped: bool = False) -> Callable[..., Any]:
    """A computed object. With a number of the tests' it may be a difference, reported by the object
    itself.
    """

    def method(self: Remote, other: Any) -> Any:
        client: Client = object.__getattribute__(self, "_client")
        pair = (other, self) if swapped else (self, other)
        found = client.ask(what, *pair)
        if not isinstance(other, Remote) or not client.derived.isdisjoint(map(_number, pair)):
            if not isinstance(found, Remote):
                _leak(self)
            else:
                client.derived.add(_number(found))
        return found

    return method


def _number(remote: Remote) -> int:
    return int(object.__getattribute__(remote, "_number"))


def _ordered(what: str) -> Callable[..., Any]:
    def method(self: Remote, other: Any) -> Any:
        if not isinstance(other, Remote):
            _leak(self)
        return asked(self, what, other)

    return method


for _name in ("len", "str", "repr", "bool", "int", "float", "abs", "round", "reversed", "neg"):
    setattr(Remote, f"__{_name}__", _forwarded(_name))
for _name in ("getitem", "setitem", "delitem", "pos", "invert"):
    setattr(Remote, f"__{_name}__", _forwarded(_name))
for _name in ("lt", "le", "gt", "ge"):
    setattr(Remote, f"__{_name}__", _ordered(_name))
for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "xor"):
    setattr(Remote, f"__{_name}__", _calculated(_name))
    setattr(Remote, f"__r{_name}__", _calculated(_name, swapped=True))
for _name in ("and", "or"):
    setattr(Remote, f"__{_name}__", _calculated(f"{_name}_"))
    setattr(Remote, f"__r{_name}__", _calculated(f"{_name}_", swapped=True))
