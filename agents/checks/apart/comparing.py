"""Replacements for pytest's `raises` and `approx` where tests are judged, and value comparison."""

from __future__ import annotations

import math
import re
from typing import Any

from agents.checks.apart.remote import Remote, Unjudged
from agents.checks.apart.wire import Ended


class Approx:
    """Replaces pytest.approx, with its tolerances."""

    def __init__(self, expected: Any, rel: float = 1e-6, abs: float = 1e-12) -> None:
        self._expected, self._rel, self._abs = expected, rel, abs

    def __eq__(self, got: object) -> bool:
        return self._close(got, self._expected)

    __hash__ = None  # type: ignore[assignment]

    def _close(self, got: Any, expected: Any) -> bool:
        if isinstance(got, Remote) or isinstance(expected, dict | list | tuple):
            pairs = _pairs(got, expected)
            return pairs is not None and all(self._close(*pair) for pair in pairs)
        if isinstance(got, int | float) and isinstance(expected, int | float):
            return math.isclose(got, expected, rel_tol=self._rel, abs_tol=self._abs)
        return bool(got == expected)


def _pairs(got: Any, expected: Any) -> list[tuple[Any, Any]] | None:
    """The pairs of elements to compare in two containers; None where their shapes differ."""
    if type(got) is not type(expected) or len(got) != len(expected):
        return None
    if isinstance(expected, dict):
        return [(got[key], expected[key]) for key in expected] if got.keys() == expected else None
    return list(zip(got, expected, strict=True))


class Raises:
    """Replaces pytest.raises."""

    value: BaseException

    def __init__(self, expected: Any, match: str | None = None) -> None:
        self._expected, self._match = expected, match

    def __enter__(self) -> Raises:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: Any, _: Any) -> bool:
        if kind is None:
            raise AssertionError(f"it does not raise {_name_of(self._expected)}")
        if issubclass(kind, Ended | Unjudged) or not issubclass(kind, self._expected):
            return False
        self.value = value
        if self._match is not None:
            assert re.search(self._match, str(value)), f"{value} does not match {self._match}"
        return True


def raises(expected: Any, function: Any = None, *arguments: Any, **named: Any) -> Raises:
    context = Raises(expected, named.pop("match", None))
    if function is not None:
        with context:
            function(*arguments, **named)
    return context


def _name_of(expected: Any) -> str:
    return str(getattr(expected, "__name__", expected))


def same(got: Any, expected: Any, source: str = "") -> bool:
    """Whether two values are equal.

    source: of the expected number; it shows to how many digits that was rounded.
    """
    if isinstance(expected, float) and isinstance(got, int | float):
        digits = len(source.partition(".")[2])
        if math.isclose(got, expected, rel_tol=1e-6):
            return True
        return bool(source) and math.isfinite(got) and round(got, digits) == expected
    if isinstance(expected, list | tuple | dict) and (pairs := _pairs(got, expected)) is not None:
        return all(same(*pair) for pair in pairs)
    return bool(got == expected)
