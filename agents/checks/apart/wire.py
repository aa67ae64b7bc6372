"""The protocol between the judge and the code's process: lines of JSON.

Standard library only, as everything in this package: `agents.checks.trial` copies these files into
the sandbox.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any, BinaryIO

MOST_BYTES = 2**20
"""Largest size of one message."""

_MOST_DEPTH = 60
NO_ANSWER = "it said what is no answer"
NONSENSE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""What reading a malformed message may raise."""

Json = Any
Keep = Callable[[Any], Json]
"""How a value that is not data is encoded: as a reference, or not at all (raises)."""


class Ended(Exception):
    """The server has ended, or its reply is malformed."""


def told(value: Any, keep: Keep, depth: int = 0) -> Json:
    """Encodes a value as JSON. Subclasses of the built-in types count as those."""
    if value is None or isinstance(value, bool):
        return value
    if depth > _MOST_DEPTH:
        return keep(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return ["i", format(int(value), "x")]
    if isinstance(value, float):
        return ["f", float(value).hex()]
    if isinstance(value, complex):
        return ["c", complex(value).real.hex(), complex(value).imag.hex()]
    if isinstance(value, bytes | bytearray):
        return ["b" if isinstance(value, bytes) else "B", bytes(value).hex()]
    for tag, kind in (("l", list), ("t", tuple), ("s", set), ("z", frozenset)):
        if isinstance(value, kind):
            return [tag, [told(one, keep, depth + 1) for one in value]]
    if isinstance(value, dict):
        pairs = dict.items(value)
        return ["d", [[told(k, keep, depth + 1), told(v, keep, depth + 1)] for k, v in pairs]]
    if isinstance(value, Decimal):
        return ["D", Decimal.__str__(value)]
    if isinstance(value, Fraction):
        return ["F", format(value.numerator, "x"), format(value.denominator, "x")]
    return keep(value)


_READ: dict[str, Callable[..., Any]] = {
    "i": lambda text: int(text, 16),
    "f": float.fromhex,
    "c": lambda real, imaginary: complex(float.fromhex(real), float.fromhex(imaginary)),
    "b": bytes.fromhex,
    "B": bytearray.fromhex,
    "D": Decimal,
    "F": lambda over, under: Fraction(int(over, 16), int(under, 16)),
}
_COLLECTED: dict[str, Callable[..., Any]] = {"l": list, "t": tuple, "s": set, "z": frozenset}


def read(said: Json, refer: Callable[[str, int], Any]) -> Any:
    """Decodes the value that `told` encoded. Raises one of `NONSENSE` for anything else."""
    if said is None or isinstance(said, bool | str):
        return said
    if not isinstance(said, list) or not said:
        raise ValueError("neither data nor a reference")
    tag, *rest = said
    if tag in _READ:
        return _READ[tag](*rest)
    (content,) = rest
    if tag in _COLLECTED:
        return _COLLECTED[tag](read(one, refer) for one in content)
    if tag == "d":
        return {read(key, refer): read(value, refer) for key, value in content}
    if not isinstance(content, int):
        raise ValueError("a reference is a number")
    return refer(tag, content)


def send(channel: BinaryIO, message: Json) -> None:
    channel.write(json.dumps(message).encode() + b"\n")
    channel.flush()


def receive(channel: BinaryIO) -> Any:
    """Reads one message. Raises Ended at the end of the stream, or if the message is too large."""
    line = channel.readline(MOST_BYTES)
    if not line.endswith(b"\n"):
        raise Ended("it said too much" if line else "")
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise Ended(NO_ANSWER) from None
