"""The implementations of the expression language's functions; `functions` has their types.

Each is called with the WorkLimit and its arguments, whose types were checked; raises Refused.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable

from graphs.workflow.expressions.chunks import chunks
from graphs.workflow.expressions.values import (
    MAX_ITEMS,
    MAX_TEXT,
    Json,
    Refused,
    WorkLimit,
    equal,
    to_text,
    type_of,
)

MAX_RANGE = 10_000


def _text(value: Json) -> str:
    assert isinstance(value, str)
    return value


def _list(value: Json) -> list[Json]:
    assert isinstance(value, list)
    return value


def _dict(value: Json) -> dict[str, Json]:
    assert isinstance(value, dict)
    return value


def _number(value: Json) -> int | float:
    if type_of(value) != "number":
        raise Refused(f"a number is wanted, found {type_of(value)}")
    assert isinstance(value, int | float)
    if not math.isfinite(value):
        raise Refused(f"{value} is no number that JSON knows")
    return value


def _whole(value: Json) -> int:
    number = _number(value)
    if number != int(number):
        raise Refused(f"a whole number is wanted, found {number}")
    return int(number)


def numbers(work: WorkLimit, given: list[Json]) -> list[int | float]:
    """The arguments, or the items of a single list."""
    values = _list(given[0]) if len(given) == 1 and type(given[0]) is list else given
    work.spend(len(values))
    return [_number(value) for value in values]


def extreme_(
    choose: Callable[[list[int | float]], Json],
) -> Callable[[WorkLimit, list[Json]], Json]:
    def run(work: WorkLimit, given: list[Json]) -> Json:
        values = numbers(work, given)
        return choose(values) if values else None

    return run


def contains_(work: WorkLimit, given: list[Json]) -> Json:
    whole, part = given
    if isinstance(whole, list):
        return any(equal(one, part, work) for one in whole)
    if type(part) is not str:
        raise Refused(f"in a {type_of(whole)} only text can be looked for, found {type_of(part)}")
    work.spend(len(_text(whole)) // 16 if type(whole) is str else 1)
    return part in _text(whole) if type(whole) is str else part in _dict(whole)


def join_(work: WorkLimit, given: list[Json]) -> Json:
    between = _text(given[1]) if len(given) > 1 else ", "
    texts, total = [], 0
    for one in _list(given[0]):
        texts.append(to_text(one, work))
        total += len(texts[-1]) + len(between)
        work.spend()
        if total > MAX_TEXT + len(between):
            raise Refused(f"it makes a text of more than {MAX_TEXT:,} characters")
    return between.join(texts)


def split_(work: WorkLimit, given: list[Json]) -> Json:
    text, between = _text(given[0]), _text(given[1])
    work.spend(len(text) // 16)
    if not between:
        raise Refused("the text to split at is empty")
    if text.count(between) >= MAX_ITEMS:
        raise Refused(f"it makes a list of more than {MAX_ITEMS:,} items")
    return list(text.split(between))


def to_number_(work: WorkLimit, given: list[Json]) -> Json:
    value = given[0]
    if not isinstance(value, str):
        return int(value) if isinstance(value, bool) else _number(value)
    text = value.strip()
    try:
        if len(text) > 40 or "_" in text:
            raise ValueError
        found: int | float = int(text) if text.lstrip("+-").isdigit() else float(text)
    except ValueError:
        raise Refused(f"{text[:40]!r} is no number") from None
    if not math.isfinite(found):
        raise Refused(f"{text[:40]!r} is no number")
    return found


def round_(work: WorkLimit, given: list[Json]) -> Json:
    digits = _whole(given[1]) if len(given) > 1 else 0
    if not 0 <= digits <= 15:
        raise Refused("digits are 0 to 15")
    number = _number(given[0])
    return round(number, digits) if digits else round(number)


def range_(work: WorkLimit, given: list[Json]) -> Json:
    numbers = [_whole(one) for one in given]
    if len(numbers) == 3 and numbers[2] == 0:
        raise Refused("the step of a range is not 0")
    if max(map(abs, numbers)) < 2**62 and len(found := range(*numbers)) <= MAX_RANGE:
        return list(found)
    raise Refused(f"a range has at most {MAX_RANGE:,} numbers")


def slice_(work: WorkLimit, given: list[Json]) -> Json:
    start = _whole(given[1])
    end = _whole(given[2]) if len(given) > 2 and given[2] is not None else None
    return given[0][start:end]  # type: ignore[index]


def format_(work: WorkLimit, given: list[Json]) -> Json:
    """`{0}` is the first value, `{{` a brace. Never `str.format`, which reads attributes."""
    pattern, values = _text(given[0]), given[1:]
    parts: list[str] = []
    at = total = 0
    while at < len(pattern):
        work.spend()
        if pattern.startswith(("{{", "}}"), at):
            parts.append(pattern[at])
            at += 2
        elif pattern[at] == "{":
            end = pattern.find("}", at, at + 6)
            number = pattern[at + 1 : end]
            if end < 0 or not number.isascii() or not number.isdigit():
                raise Refused("in a format stand {0}, {1} and so on; a brace itself is {{ or }}")
            if int(number) >= len(values):
                raise Refused(f"the format wants {{{number}}}, and has {len(values)} values")
            parts.append(to_text(values[int(number)], work))
            at = end + 1
        elif pattern[at] == "}":
            raise Refused("a closing brace in a format is written }}")
        else:
            end = min(
                (one for one in (pattern.find("{", at), pattern.find("}", at)) if one >= 0),
                default=len(pattern),
            )
            parts.append(pattern[at:end])
            at = end
        total += len(parts[-1])
        if total > MAX_TEXT:
            raise Refused(f"it makes a text of more than {MAX_TEXT:,} characters")
    return "".join(parts)


def flatten_(work: WorkLimit, given: list[Json]) -> Json:
    flat: list[Json] = []
    for one in _list(given[0]):
        flat += one if type(one) is list else [one]
        work.spend(1 + (len(one) if type(one) is list else 0))
    return flat


def csv_(work: WorkLimit, given: list[Json]) -> Json:
    """Objects as lines under a header. A cell that a spreadsheet would run as a formula gets a
    quote in front."""
    rows = [one for one in _list(given[0]) if one is not None]
    if any(type(row) is not dict for row in rows):
        raise Refused("csv wants a list of objects")
    names = [_text(name) for name in given[1:]]
    columns = names or list(dict.fromkeys(key for row in rows for key in _dict(row)))
    work.spend(len(rows) * max(1, len(columns)))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([_cell(name, work) for name in columns])
    for row in rows:
        writer.writerow([_cell(_dict(row).get(name), work) for name in columns])
        if out.tell() > MAX_TEXT:
            raise Refused(f"it makes a text of more than {MAX_TEXT:,} characters")
    return out.getvalue()


def _cell(value: Json, work: WorkLimit) -> str:
    text = to_text(value, work)
    return (
        f"'{text}" if type(value) is str and text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
    )


def chunks_(work: WorkLimit, given: list[Json]) -> Json:
    size = _whole(given[1])
    if not 100 <= size <= MAX_TEXT:
        raise Refused(f"a chunk has 100 to {MAX_TEXT:,} characters")
    work.spend(len(_text(given[0])) // 8)
    return list(chunks(_text(given[0]), size))
