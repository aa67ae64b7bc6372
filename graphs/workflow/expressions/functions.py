"""The functions of the expression language, each with the types it takes and gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from graphs.workflow.expressions import function_bodies as do
from graphs.workflow.expressions.values import Json, WorkLimit, from_json, is_true, to_json, to_text

Types = frozenset[str]
ANY: Types = frozenset({"null", "boolean", "number", "string", "array", "object"})
TEXT, NUMBER, LIST, OBJECT, NULL = (
    frozenset({"string"}),
    frozenset({"number"}),
    frozenset({"array"}),
    frozenset({"object"}),
    frozenset({"null"}),
)
FLAG: Types = frozenset({"boolean"})


@dataclass(frozen=True, slots=True)
class Function:
    """takes: the types of each argument; the last repeats where `most` is more."""

    usage: str
    takes: tuple[Types, ...]
    gives: Types
    run: Callable[[WorkLimit, list[Json]], Json]
    least: int = field(default=-1)
    most: int = field(default=-1)

    def __post_init__(self) -> None:
        for name in ("least", "most"):
            if getattr(self, name) < 0:
                object.__setattr__(self, name, len(self.takes))

    def type_taken(self, position: int) -> Types:
        return self.takes[min(position, len(self.takes) - 1)]


def _plain(run: Callable[..., Json]) -> Callable[[WorkLimit, list[Json]], Json]:
    """Adapts a function that does not count its work."""
    return lambda work, given: run(*given)


FUNCTIONS: dict[str, Function] = {
    one.usage.partition("(")[0]: one
    for one in (
        Function("len(x)", (TEXT | LIST | OBJECT,), NUMBER, _plain(len)),
        Function("lower(text)", (TEXT,), TEXT, _plain(str.lower)),
        Function("upper(text)", (TEXT,), TEXT, _plain(str.upper)),
        Function("trim(text)", (TEXT,), TEXT, _plain(str.strip)),
        Function("contains(whole, part)", (TEXT | LIST | OBJECT, ANY), FLAG, do.contains_),
        Function("startsWith(text, start)", (TEXT, TEXT), FLAG, _plain(str.startswith)),
        Function("endsWith(text, end)", (TEXT, TEXT), FLAG, _plain(str.endswith)),
        Function("join(list, between)", (LIST, TEXT), TEXT, do.join_, least=1),
        Function("split(text, at)", (TEXT, TEXT), LIST, do.split_),
        Function("slice(x, start, end)", (TEXT | LIST, NUMBER, NUMBER | NULL), TEXT | LIST,
                 do.slice_, least=2),
        Function("chunks(text, most_characters)", (TEXT, NUMBER), LIST, do.chunks_),
        Function("format(pattern, x, ...)", (TEXT, ANY), TEXT, do.format_, least=1, most=50),
        Function("default(x, otherwise)", (ANY, ANY), ANY,
                 _plain(lambda x, otherwise: otherwise if x is None else x)),
        Function("string(x)", (ANY,), TEXT, lambda work, given: to_text(given[0], work)),
        Function("number(x)", (TEXT | NUMBER | FLAG,), NUMBER, do.to_number_),
        Function("boolean(x)", (ANY,), FLAG, _plain(is_true)),
        Function("json(x)", (ANY,), TEXT, lambda work, given: to_json(given[0], work)),
        Function("fromJson(text)", (TEXT,), ANY,
                 lambda work, given: from_json(given[0], work)),  # type: ignore[arg-type]
        Function("keys(object)", (OBJECT,), LIST, _plain(list)),
        Function("values(object)", (OBJECT,), LIST, _plain(lambda x: list(x.values()))),
        Function("round(x, digits)", (NUMBER, NUMBER), NUMBER, do.round_, least=1),
        Function("min(x, ...)", (NUMBER | LIST,), NUMBER | NULL, do.extreme_(min), most=50),
        Function("max(x, ...)", (NUMBER | LIST,), NUMBER | NULL, do.extreme_(max), most=50),
        Function("sum(list)", (LIST,), NUMBER, lambda work, given: sum(do.numbers(work, given))),
        Function("range(start, end, step)", (NUMBER,), LIST, do.range_, least=1, most=3),
        Function("flatten(list)", (LIST,), LIST, do.flatten_),
        Function("compact(list)", (LIST,), LIST,
                 _plain(lambda x: [one for one in x if one not in (None, "", [], {})])),
        Function("csv(list, column, ...)", (LIST, TEXT), TEXT, do.csv_, least=1, most=50),
    )
}  # fmt: skip
