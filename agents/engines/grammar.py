"""Turns a JSON schema into a llama.cpp grammar (GBNF) for exactly that JSON, compactly written, and
a regular expression into one for the texts that match it.

llama.cpp is built with a schema compiler of its own, which is passed over: it ignores a schema
that it cannot compile, leaves white space, strings and integers without end, breaks off in the
middle with tokenizers that put a space before a word, and keeps one vocabulary for the whole
process. What this one cannot enforce it refuses, by name.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import jsonschema
from jsonschema.validators import Draft202012Validator

from agents.engines.pattern import PatternRefused, match_grammar, pattern_grammar

MAX_STRING_CHARS = 1000
"""The bound of a string whose schema names none: longer than any routine answer's field."""

MAX_INTEGER = 2**53 - 1
"""The bound of a number whose schema names none: the largest that every JSON reader keeps."""

_FRACTION_DIGITS = 9
_MOST_REPEATS = 2000  # of one item; llama.cpp writes each of them out

_NOT_ENFORCED = frozenset(
    (
        *("not", "if", "then", "else", "dependentRequired", "dependentSchemas", "dependencies"),
        *("patternProperties", "propertyNames", "maxProperties", "unevaluatedProperties"),
        *("contains", "minContains", "maxContains", "unevaluatedItems", "additionalItems"),
        *("multipleOf", "$dynamicRef", "$recursiveRef"),
    )
)
"""What limits a value in one of the drafts and cannot be held to here. Every other keyword that is
not understood is a remark, as the drafts have it: `title`, `example`, `nullable`, `x-...`."""

_OF_TYPE = {
    "object": frozenset(("properties", "required", "additionalProperties", "minProperties")),
    "array": frozenset(("items", "prefixItems", "minItems", "maxItems", "uniqueItems")),
    "string": frozenset(("minLength", "maxLength", "format", "pattern")),
    "number": frozenset(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")),
}
_OF_TYPE["integer"] = _OF_TYPE["number"]
_TYPES = ("object", "array", "string", "number", "boolean", "null")
_UNDERSTOOD = frozenset(("type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref")).union(
    *_OF_TYPE.values()
)

_TWO = "[0-5] [0-9]"
_DATE = '[0-9]{4} "-" ("0" [1-9] | "1" [0-2]) "-" ("0" [1-9] | "1" [0-9] | "2" [0-8])'
_TIME = f'("0" [0-9] | "1" [0-9] | "2" [0-3]) ":" {_TWO} ":" {_TWO} "Z"'
_HEX = "[0-9a-f]"
_FORMATS = {
    "date": _DATE,
    "time": _TIME,
    "date-time": f'{_DATE} "T" {_TIME}',
    "uuid": f'{_HEX}{{8}} "-" {_HEX}{{4}} "-" {_HEX}{{4}} "-" {_HEX}{{4}} "-" {_HEX}{{12}}',
}

_ANY_RULES = {
    # Escapes by number are left out: any character can stand for itself, and half a pair cannot.
    "char": r'[^"\\\x00-\x1F\x7F] | "\\" ["\\/bfnrt]',
    "any": "any-flat | any-object | any-array",
    "any-flat": r'any-string | any-number | "true" | "false" | "null"',
    "any-string": rf'"\"" char{{0,{MAX_STRING_CHARS}}} "\""',
    "any-number": f'"-"? ("0" | [1-9] [0-9]{{0,14}}) ("." [0-9]{{1,{_FRACTION_DIGITS}}})?',
    "any-object": '"{" (any-string ":" any ("," any-string ":" any)*)? "}"',
    "any-array": '"[" (any ("," any)*)? "]"',
}


class SchemaRefused(ValueError):
    """The schema cannot be enforced; the message names the part and why."""


def compact_grammar(schema: dict[str, Any]) -> str:
    """The grammar of `schema`: exactly the spacing `{"a":"b","c":1}`, no string without an end.

    What it allows is a part of what the schema allows: an object that names its properties gets
    those and no others, in their order; numbers have no exponent; days of a month end at the 28th.
    Raises SchemaRefused.
    """
    try:
        Draft202012Validator.check_schema(schema)
        compiler = _Compiler(schema)
        compiler.rules["root"] = compiler.value(schema, "schema")
    except jsonschema.SchemaError as error:
        steps = (f"[{s}]" if isinstance(s, int) else f".{s}" for s in error.absolute_path)
        raise SchemaRefused(
            f"this is no JSON schema: schema{''.join(steps)}: {error.message}"
        ) from error
    except RecursionError as error:
        raise SchemaRefused("the schema is nested too deeply") from error
    rules = {**compiler.rules, **_ANY_RULES}
    return "\n".join(f"{name} ::= {body}" for name, body in rules.items())


def regex_grammar(regex: str) -> str:
    """The grammar of a text that matches a regular expression as a whole. Raises SchemaRefused."""
    try:
        text = match_grammar(regex, max_chars=MAX_STRING_CHARS, literal=_literal)
    except PatternRefused as error:
        raise SchemaRefused(f"the expression {regex!r}: {error}") from error
    return f"root ::= {text}"


class _Compiler:
    """Compiles one schema. Every method takes a part of it and the words that say where it is."""

    def __init__(self, root: dict[str, Any]) -> None:
        self.root = root
        self.rules: dict[str, str] = {}
        self._names: dict[str, str] = {}

    def value(self, part: Any, where: str) -> str:
        """What `part` allows, as one item."""
        if part is True:
            return "any"
        if part is False:
            raise SchemaRefused(f"{where}: nothing satisfies 'false'")
        for keyword in part:
            if keyword in _NOT_ENFORCED:
                known = ", ".join(sorted(_UNDERSTOOD))
                raise SchemaRefused(f"{where}: {keyword!r} cannot be enforced; known are {known}")
        if "const" in part or "enum" in part:
            return self._fixed(part, where)
        for keyword in ("$ref", "allOf", "anyOf", "oneOf"):
            if keyword in part:
                self._alone(part, keyword, where)
                return self._combined(part, keyword, where)
        return _either(self._typed(part, kind, where) for kind in _types(part))

    def _fixed(self, part: dict[str, Any], where: str) -> str:
        for keyword in ("$ref", "allOf", "anyOf", "oneOf"):
            if keyword in part:
                raise SchemaRefused(f"{where}: {keyword!r} beside fixed values cannot be enforced")
        values = [part["const"]] if "const" in part else part["enum"]
        # The other keywords of the part may shut some of them out again.
        judge = Draft202012Validator(part)
        values = [value for value in values if judge.is_valid(value)]
        if not values:
            raise SchemaRefused(f"{where}: no value of 'enum' or 'const' satisfies the rest")
        return _either(_literal(_json(value)) for value in values)

    def _alone(self, part: dict[str, Any], keyword: str, where: str) -> None:
        beside = sorted(part.keys() & (_UNDERSTOOD - {keyword, "type"}))
        if beside:
            raise SchemaRefused(f"{where}: {keyword!r} beside {beside[0]!r} cannot be enforced")

    def _combined(self, part: dict[str, Any], keyword: str, where: str) -> str:
        if keyword == "$ref":
            return self._reference(part["$ref"], where)
        cases = part[keyword]
        if keyword == "allOf" and len(cases) > 1:
            raise SchemaRefused(f"{where}: 'allOf' of several cannot be enforced; write one schema")
        if keyword == "oneOf":
            self._refuse_overlap(cases, where)
        return _either(
            self.value(case, f"{where}.{keyword}[{place}]") for place, case in enumerate(cases)
        )

    def _refuse_overlap(self, cases: list[Any], where: str) -> None:
        kinds = [set(_types(self._target(case, where))) for case in cases]
        for kind in kinds:
            kind |= {"number"} if "integer" in kind else set()
        for first, one in enumerate(cases):
            for second, other in enumerate(cases[first + 1 :], first + 1):
                if kinds[first] & kinds[second] and not self._told_apart(one, other, where):
                    raise SchemaRefused(
                        f"{where}: 'oneOf' cases {first} and {second} may overlap, which cannot be "
                        "enforced; use 'anyOf', or a property with a different 'const' in each"
                    )

    def _told_apart(self, one: Any, other: Any, where: str) -> bool:
        """Whether the fixed values of both, or of a property both require, have none in common."""
        one, other = self._target(one, where), self._target(other, where)
        if not isinstance(one, dict) or not isinstance(other, dict):
            return False
        shared = set(one.get("required", ())) & set(other.get("required", ()))
        couples = [(one, other)]
        couples += [(_property(one, name), _property(other, name)) for name in shared]
        sets = [(_fixed_values(left), _fixed_values(right)) for left, right in couples]
        return any(left and right and not left & right for left, right in sets)

    def _reference(self, reference: str, where: str) -> str:
        if reference not in self._names:
            name = self._names[reference] = f"ref-{len(self._names)}"
            target = self._target({"$ref": reference}, where)
            self.rules[name] = self.value(target, f"schema{reference.removeprefix('#')}")
        return self._names[reference]

    def _target(self, part: Any, where: str) -> Any:
        """`part`, or what it refers to."""
        seen: list[str] = []
        while isinstance(part, dict) and "$ref" in part:
            reference = str(part["$ref"])
            if reference in seen:
                raise SchemaRefused(f"{where}: '$ref' {reference!r} leads back to itself")
            seen.append(reference)
            part = self._resolve(reference, where)
        return part

    def _resolve(self, reference: str, where: str) -> Any:
        if reference != "#" and not reference.startswith("#/"):
            raise SchemaRefused(f"{where}: '$ref' {reference!r} is not a path in this schema")
        target: Any = self.root
        for step in reference.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(target, list) and name.isdigit() and int(name) < len(target):
                target = target[int(name)]
            elif isinstance(target, dict) and name in target:
                target = target[name]
            else:
                raise SchemaRefused(f"{where}: '$ref' {reference!r} points at nothing")
        return target

    def _typed(self, part: dict[str, Any], kind: str, where: str) -> str:
        match kind:
            case "object":
                return self._object(part, where)
            case "array":
                return self._array(part, where)
            case "string":
                return _string(part, where)
            case "integer":
                return _number(part, where, whole=True)
            case "number":
                return _number(part, where, whole=False)
            case "boolean":
                return '("true" | "false")'
        return '"null"'

    def _object(self, part: dict[str, Any], where: str) -> str:
        named: dict[str, Any] = dict(part.get("properties", {}))
        others = part.get("additionalProperties", True)
        required = list(dict.fromkeys(part.get("required", ())))
        if part.get("minProperties", 0) > len(required):
            raise SchemaRefused(f"{where}: 'minProperties': name the properties in 'required'")
        for name in required:
            named.setdefault(name, others)
        if not named and others is not False:
            pair = f'any-string ":" {self.value(others, f"{where}.additionalProperties")}'
            return f'("{{" ({pair} ("," {pair})*)? "}}")'
        pairs: list[tuple[str, bool]] = []
        for name, inner in named.items():
            if inner is False and name not in required:
                continue
            written = self.value(inner, f"{where}.properties.{name}")
            pairs.append((f'{_literal(_json(name))} ":" {written}', name in required))
        return f'("{{" {self._members(pairs)} "}}")'

    def _members(self, pairs: list[tuple[str, bool]]) -> str:
        """Members in order, the optional ones skipped freely, commas only between two.

        Two rules for each place: the rest where nothing has been written yet, and where it has.
        """
        first, later = '""', '""'
        for pair, required in reversed(pairs):
            here = f"{self._rule(pair)}"
            after = self._rule(later)
            if required:
                first, later = f"{here} {after}", f'"," {here} {after}'
            else:
                skipped = self._rule(first)
                first = f"({here} {after} | {skipped})"
                later = f'("," {here} {after} | {after})'
        return first

    def _rule(self, body: str) -> str:
        name = f"part-{len(self.rules)}"
        self.rules[name] = body
        return name

    def _array(self, part: dict[str, Any], where: str) -> str:
        least, most = _bounded(part.get("minItems", 0), where), part.get("maxItems")
        most = None if most is None else min(most, _MOST_REPEATS)
        if part.get("uniqueItems"):
            raise SchemaRefused(f"{where}: 'uniqueItems' cannot be enforced")
        leading = [
            self.value(inner, f"{where}.prefixItems[{place}]")
            for place, inner in enumerate(part.get("prefixItems", ()))
        ]
        items = part.get("items", True)
        if items is False or (most is not None and most <= len(leading)):
            most = len(leading) if most is None else min(most, len(leading))
        if most is not None and least > most:
            raise SchemaRefused(f"{where}: 'minItems' is above what the array may hold")
        if not leading:
            if most == 0:
                return '"[]"'
            one = self._rule(self.value(items, f"{where}.items"))
            upper = "" if most is None else most - 1
            some = f'{one} ("," {one}){{{max(least - 1, 0)},{upper}}}'
            return f'("[" {some} "]")' if least else f'("[" ({some})? "]")'
        # The schema lets an array end within its head; a whole head is always right.
        leading = leading if most is None else leading[:most]
        written = ' "," '.join(leading)
        if most == len(leading):
            return f'("[" {written} "]")'
        one = self._rule(self.value(items, f"{where}.items"))
        upper = "" if most is None else most - len(leading)
        lower = max(least - len(leading), 0)
        return f'("[" {written} ("," {one}){{{lower},{upper}}} "]")'


def _types(part: Any) -> tuple[str, ...]:
    """The types a part allows; where it names none, those that its keywords speak of."""
    if not isinstance(part, dict):
        return _TYPES
    named = part.get("type")
    if named is not None:
        return (named,) if isinstance(named, str) else tuple(named)
    return tuple(kind for kind in _TYPES if _OF_TYPE.get(kind, set()) & part.keys()) or _TYPES


def _property(part: dict[str, Any], name: str) -> Any:
    return part.get("properties", {}).get(name)


def _fixed_values(part: Any) -> set[str]:
    if not isinstance(part, dict):
        return set()
    values = [part["const"]] if "const" in part else part.get("enum", [])
    return {_json(value) for value in values}


def _string(part: dict[str, Any], where: str) -> str:
    if "pattern" in part:
        return _matching(part, where)
    least = part.get("minLength", 0)
    most = part.get("maxLength", max(MAX_STRING_CHARS, least))
    shape = _FORMATS.get(part.get("format", ""))  # another format is a remark, as 2020-12 allows
    if shape is not None and not {"minLength", "maxLength"} & part.keys():
        return rf'("\"" {shape} "\"")'
    if least > most:
        raise SchemaRefused(f"{where}: 'minLength' is above 'maxLength'")
    least = _bounded(least, where)
    return rf'("\"" char{{{least},{min(most, max(least, _MOST_REPEATS))}}} "\"")'


def _matching(part: dict[str, Any], where: str) -> str:
    """A string that matches a pattern; a format beside it is a remark."""
    least = int(part.get("minLength", 0))
    most = int(part.get("maxLength", max(MAX_STRING_CHARS, least)))
    try:
        text = pattern_grammar(part["pattern"], min_chars=least, max_chars=most, literal=_literal)
    except PatternRefused as error:
        raise SchemaRefused(f"{where}: 'pattern' {part['pattern']!r}: {error}") from error
    return rf'("\"" {text} "\"")'


def _number(part: dict[str, Any], where: str, *, whole: bool) -> str:
    """Integers, and where not `whole` fractions between them, that lie within the bounds.

    A fraction ends in a digit that is not 0, so it lies strictly between two integers.
    """
    low = max(part.get("minimum", -MAX_INTEGER), part.get("exclusiveMinimum", -math.inf))
    high = min(part.get("maximum", MAX_INTEGER), part.get("exclusiveMaximum", math.inf))
    if not whole and (low != int(low) or high != int(high)):
        raise SchemaRefused(f"{where}: bounds of a 'number' must be whole to be enforced")
    least, most = math.ceil(low), math.floor(high)
    least += part.get("exclusiveMinimum") == least
    most -= part.get("exclusiveMaximum") == most
    choices = list(_integers(least, most))
    if not whole:
        fraction = f'"." [0-9]{{0,{_FRACTION_DIGITS - 1}}} [1-9]'
        from_zero = [f"{item} {fraction}" for item in _digits(max(0, int(low)), int(high) - 1)]
        below = [f'"-" {item} {fraction}' for item in _digits(max(0, -int(high)), -int(low) - 1)]
        choices += from_zero + below
    if not choices:
        raise SchemaRefused(f"{where}: no number lies within its bounds")
    return _either(choices)


def _integers(least: int, most: int) -> Iterable[str]:
    yield from _digits(max(0, least), most)
    yield from (f'"-" {item}' for item in _digits(max(1, -most), -least))


def _digits(least: int, most: int) -> Iterable[str]:
    """Items for the integers from `least` to `most`, neither negative; none where it is empty."""
    if least > most:
        return
    edges = [least, *(10**n for n in range(len(str(least)), len(str(most)))), most + 1]
    for begin, end in pairwise(edges):
        yield _same_length(str(begin), str(end - 1))


def _same_length(low: str, high: str) -> str:
    rest = len(low) - 1
    if set(low[1:]) <= {"0"} and set(high[1:]) <= {"9"}:
        return f"[{low[0]}-{high[0]}]" + (f" [0-9]{{{rest}}}" if rest else "")
    if low[0] == high[0]:
        return f'"{low[0]}" {_same_length(low[1:], high[1:])}'
    cases = [f'"{low[0]}" {_same_length(low[1:], "9" * rest)}']
    if int(high[0]) - int(low[0]) > 1:
        cases.append(f"[{int(low[0]) + 1}-{int(high[0]) - 1}] [0-9]{{{rest}}}")
    cases.append(f'"{high[0]}" {_same_length("0" * rest, high[1:])}')
    return _either(cases)


def _bounded(count: int, where: str) -> int:
    if count > _MOST_REPEATS:
        raise SchemaRefused(
            f"{where}: a length of {count:,} is above the {_MOST_REPEATS:,} allowed"
        )
    return count


def _either(items: Iterable[str]) -> str:
    return f"({' | '.join(items)})"


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _literal(text: str) -> str:
    """`text` as a terminal of the grammar."""
    escaped = (
        text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n").replace("\r", r"\r")
    )
    return f'"{escaped}"'
