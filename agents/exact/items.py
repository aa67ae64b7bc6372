"""Lists as people write them: taken into items, compared, and written again."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from agents.exact.calendar_dates import Written, replaced
from agents.exact.figures import readings
from agents.exact.flat import flat
from agents.exact.parts import GOES_ON
from agents.exact.words import words

MOST = 500
_BULLET = re.compile(r"^[ \t]*[-*•][ \t]+")
_NUMBERED = re.compile(r"^[ \t]*(\d{1,3})[.)][ \t]+")
_PREPOSITION = re.compile(
    r"(?:in|into|with|as|but|for|except|by|without|using|on|at|em|com|como|mas|para"
    r"|sem|exceto|por|ao)(?:\s|$)"
)
_STEPS = words(
    "small medium large low high tiny big huge short tall long cold cool warm hot "
    "xs s m l xl xxl one two"
    " three four five six seven eight nine ten first second third fourth fifth "
    "sixth bronze silver gold"
    " beginner intermediate advanced junior senior morning afternoon evening night easy hard easier"
    " never rarely sometimes often always minor major critical urgent normal kg g mg lb oz km cm mm"
    " pequeno medio grande baixo alto baixa media alta frio morno quente um dois "
    "tres quatro cinco seis"
    " sete oito nove dez primeiro segundo terceiro quarto quinto manha tarde noite "
    "facil dificil nunca"
    " raramente sempre p gg urgente"
)
_MONTHS_AND_DAYS = words(
    "jan feb mar apr may jun jul aug sep oct nov dec fev abr mai ago set out dez "
    "mon tue wed thu fri sat"
    " sun seg ter qua qui sex sab dom january february march april june july august "
    "september october"
    " november december monday tuesday wednesday thursday friday saturday sunday "
    "janeiro fevereiro marco"
    " abril maio junho julho agosto setembro outubro novembro dezembro segunda "
    "terca quarta quinta sexta"
    " sabado domingo"
)
_SENTENCE = re.compile(r"[a-z]{2}[.!?] ?\S|[?!]")
_ASIDE = re.compile(r"\s[-–—]\s|\)\W*$")
_FIGURE = re.compile(r"-?\d+(?:[.,]\d+)*")
_AMOUNT = re.compile(r"(?:r\$|us\$|[$€£])? ?(-?\d+(?:[.,]\d+)*) ?(?:[$€£%]|[a-z]{1,5})?")
_VERSION = re.compile(r"v?\d+(?:\.\d+){1,4}")


@dataclass(frozen=True, slots=True)
class Items:
    """values: as they are written. glue: what stood between them. bullet: before each."""

    values: tuple[str, ...]
    glue: str
    bullet: str = ""

    @classmethod
    def read(cls, data: str) -> Items | None:
        """The items of a list; None where it cannot be told where one ends."""
        text = data.strip()
        lines = [line.strip() for line in text.split("\n")]
        if len(lines) > 1:
            return cls._of_lines([line for line in lines if line])
        text = re.sub(r"^[\[({](.*)[\])}]$", r"\1", text)
        for glue in (";", ",", "/", "|"):
            if glue not in text:
                continue
            values = [value.strip() for value in text.split(glue)]
            if glue == "," and re.search(r"\d,\d", text):
                # 1,5, 2 and 1,5 alone leave open where an item ends.
                if not (", " in text and not re.search(r"\d,\d{1,2}(?!\d)", text)):
                    if not re.fullmatch(r"\s*-?\d+(?:\s*,\s*-?\d+)+\s*", text):
                        return None
                    if re.search(r",\d{3}(?!\d)", text) and " " not in text:
                        return None
                values = (
                    [value.strip() for value in re.split(r", +|,(?!\d)", text)]
                    if ", " in text
                    else values
                )
            values = _with_last(values)
            if len(values) < 2 or not all(values):
                return None
            space = " " if glue in ",;" and f"{glue} " in text else ""
            around = " " if f" {glue} " in text and glue in "/|" else ""
            return cls(tuple(values), f"{around}{glue}{space or around}")
        values = text.split()
        if len(values) > 1 and (
            all(map(_FIGURE.fullmatch, values)) or all(map(_VERSION.fullmatch, values))
        ):
            return cls(tuple(values), " ")
        return None

    @property
    def odd(self) -> bool:
        """Whether the first or the last item is perhaps none, but says what else is wanted."""
        ends = [bool(_PREPOSITION.match(flat(value))) for value in self.values]
        tails = [bool(_ASIDE.search(value)) for value in self.values]
        orders = [bool(GOES_ON.match(flat(value))) for value in self.values]
        found = (ends, tails, orders)
        if any(one[end] and not all(one) for one in found for end in (0, -1)):
            return True
        return self.glue != "\n" and any(map(_SENTENCE.search, self.values))

    @classmethod
    def _of_lines(cls, lines: list[str]) -> Items | None:
        if all(map(_BULLET.match, lines)):
            bullet = lines[0][: _BULLET.match(lines[0]).end()]  # type: ignore[union-attr]
            return cls(tuple(_BULLET.sub("", line) for line in lines), "\n", bullet)
        if all(map(_NUMBERED.match, lines)) or any(line.endswith(":") for line in lines):
            return None
        if len({line[-1] in ".!?" for line in lines}) > 1:
            return None
        values = [line[:-1].rstrip() if line.endswith((",", ";")) else line for line in lines]
        return cls(tuple(values), "\n") if len(values) > 1 else None

    def written(self, values: Sequence[str], glue: str | None) -> str:
        """The values as this list is written, or with another glue."""
        if glue is not None:
            return glue.join(values)
        return self.glue.join(f"{self.bullet}{value}" for value in values)


def _with_last(values: list[str]) -> list[str]:
    """The items, where the last two are joined by a word."""
    joined = re.fullmatch(r"(?:(\S+) )?(?:and|e) (\S+)", values[-1])
    if joined is None:
        return values
    plain = all(re.fullmatch(r"\S+", value) for value in values[:-1])
    if joined[1] is None:
        return [*values[:-1], joined[2]]
    return [*values[:-1], joined[1], joined[2]] if plain else []


def ordered(values: Sequence[str], kind: str, *, down: bool) -> list[str] | None:
    """The values sorted; None where it is open which of two comes first.

    kind: `letters`, `numbers` (the one number of each), `dates`, `versions`, `length`.
    """
    found: list[list[str]] = []
    for key in _keys(kind, values):
        keys = [key(value) for value in values]
        if any(one is None for one in keys):
            continue
        same: dict[Any, str] = {}
        for one, value in zip(keys, values, strict=True):
            if same.setdefault(one, value) != value:
                return None
        pairs = sorted(zip(keys, values, strict=True), key=lambda pair: pair[0], reverse=down)
        found.append([value for _, value in pairs])
    if not found or any(one != found[0] for one in found):
        return None
    return found[0]


Key = Callable[[str], Any]


def _keys(kind: str, values: Sequence[str]) -> list[Key]:
    """Every way to compare that could be meant."""
    if kind == "letters":
        # With and without regard to spaces and signs.
        return [lambda value: flat(value), lambda value: re.sub(r"[\W_]", "", flat(value))]
    if kind == "surnames":
        return [_surname]
    if kind == "length":
        return [len]
    if kind == "dates":
        return [
            lambda value: _date(value, month_first=True),
            lambda value: _date(value, month_first=False),
        ]
    if kind == "versions":
        return [_version]
    return [lambda value: _number(value, largest=True), lambda value: _number(value, largest=False)]


def _surname(value: str) -> str | None:
    words = value.split()
    return flat(f"{words[1]} {words[0]}") if len(words) == 2 else None


def _version(value: str) -> tuple[int, ...] | None:
    return tuple(map(int, value.lstrip("v").split("."))) if _VERSION.fullmatch(value) else None


def _date(value: str, *, month_first: bool) -> date | None:
    dates: list[date | None] = []

    def put(found: Written) -> str:
        dates.append(found.value(month_first=month_first))
        return ""

    replaced(flat(value), put)
    return dates[0] if len(dates) == 1 else None


def _number(value: str, *, largest: bool) -> Fraction | None:
    figures = _FIGURE.findall(flat(value))
    found = readings(figures[0]) if len(figures) == 1 else set()
    return (max(found) if largest else min(found)) if found else None


def kind_of(values: Sequence[str]) -> str:
    """How such values are compared where nothing is said: `numbers`, `letters`, or empty."""
    # Of one unit: 2 kg and 300 g are not compared by their figures.
    amounts = [_AMOUNT.fullmatch(flat(value)) for value in values]
    if all(amounts):
        units = {
            flat(value).replace(one[1], "").strip()
            for one, value in zip(amounts, values, strict=True)
            if one
        }
        return "numbers" if len(units) == 1 else ""
    if any(re.search(r"\d", value) for value in values) or _has_own_order(values):
        return ""
    return "letters"


def _has_own_order(values: Sequence[str]) -> bool:
    """Whether they are steps of a scale, which is not the order of the alphabet."""
    plain = [flat(value) for value in values]
    if all(re.fullmatch(r"[ivxlcdm]+", value) for value in plain):
        return True
    return sum(value in _STEPS or value in _MONTHS_AND_DAYS for value in plain) > 1
