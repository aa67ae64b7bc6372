"""JSON schemas of arguments: made self-contained, judged against, and narrowed for a decoder."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import jsonschema
from jsonschema.validators import Draft202012Validator
from referencing import Registry as NoOtherDocuments

Schema = dict[str, Any]

_MOST_PARTS = 2000
_DEEPEST = 24
_OF_ONE = (
    *("items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else"),
    *("unevaluatedItems", "unevaluatedProperties"),
)
_OF_SOME = ("anyOf", "oneOf", "allOf", "prefixItems")
_OF_NAMED = ("properties", "patternProperties", "dependentSchemas")
_AS_THEY_ARE = frozenset(("const", "enum", "default", "examples", "required", "dependentRequired"))

# What a decoder can be held to; the rest is judged when the tool is called.
_DECODED = frozenset(
    (
        *("type", "const", "enum", "properties", "required", "additionalProperties", "items"),
        *("prefixItems", "minItems", "maxItems", "minLength", "maxLength", "minimum", "maximum"),
        *("exclusiveMinimum", "exclusiveMaximum", "anyOf", "format", "description"),
    )
)


class SchemaUnusable(ValueError):
    """The schema cannot be used; the message says why."""


def self_contained(schema: Mapping[str, Any], *, patterns: bool = True) -> Schema:
    """`schema` without references and titles, so that it can stand anywhere in another one.

    A reference that leads back to itself allows anything from there on. patterns: False drops the
    regular expressions, for a schema whose author could write one that takes for ever.
    Raises SchemaUnusable for one that is too large, refers elsewhere, or is no schema.
    """
    writer = _Writer(dict(schema), patterns)
    try:
        written = writer.part(writer.root, ())
        Draft202012Validator.check_schema(written)
    except jsonschema.SchemaError as error:
        raise SchemaUnusable(f"this is no JSON schema: {error.message[:200]}") from error
    except RecursionError as error:
        raise SchemaUnusable("the schema is nested too deeply") from error
    assert isinstance(written, dict), "the schema of arguments is an object"
    return written


class _Writer:
    """Copies the parts of one schema, each reference replaced by what it refers to."""

    def __init__(self, root: Schema, patterns: bool) -> None:
        self.root = root
        self._dropped = {"title", "$defs", "definitions", "$schema", "$id", "$ref"}
        self._dropped |= set() if patterns else {"pattern", "patternProperties", "format"}
        self._left = _MOST_PARTS

    def part(self, part: Any, seen: tuple[str, ...]) -> Any:
        self._left -= 1
        if self._left < 0 or len(seen) > _DEEPEST:
            raise SchemaUnusable(f"the schema has more than {_MOST_PARTS} parts")
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            reference = str(part["$ref"])
            if reference in seen:
                return {}
            beside = {name: value for name, value in part.items() if name != "$ref"}
            return self.part({**self._resolved(reference), **beside}, (*seen, reference))
        written: Schema = {}
        for name, value in part.items():
            if name in self._dropped or (name.startswith("$") and name != "$comment"):
                continue
            written[name] = self._keyword(name, value, seen)
        return written

    def _keyword(self, name: str, value: Any, seen: tuple[str, ...]) -> Any:
        if name in _OF_ONE:
            return self.part(value, seen)
        if name in _OF_SOME and isinstance(value, list):
            return [self.part(one, seen) for one in value]
        if name in _OF_NAMED and isinstance(value, dict):
            return {key: self.part(one, seen) for key, one in value.items()}
        return copy.deepcopy(value) if name in _AS_THEY_ARE else value

    def _resolved(self, reference: str) -> Schema:
        target: Any = self.root
        if reference != "#" and not reference.startswith("#/"):
            raise SchemaUnusable(f"'$ref' {reference[:80]!r} is not a path in this schema")
        for step in reference.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(target, dict) or name not in target:
                raise SchemaUnusable(f"'$ref' {reference[:80]!r} points at nothing")
            target = target[name]
        return target if isinstance(target, dict) else {}


def arguments_schema(properties: Mapping[str, Any], required: list[str]) -> Schema:
    """The schema of an object of exactly these arguments."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": required,
        "additionalProperties": False,
    }


def fault_in(arguments: Mapping[str, Any], schema: Schema) -> str | None:
    """Why `arguments` do not satisfy `schema`, without any of their values; None if they do."""
    known = ", ".join(schema["properties"]) or "none"
    for name in arguments:
        if name not in schema["properties"]:
            return f"there is no argument {shown_name(name)}; there are: {known}"
    for name in schema["required"]:
        if name not in arguments:
            return f"the argument {name!r} is missing; there are: {known}"
    # With a registry of its own the library fetches nothing.
    validator = Draft202012Validator(schema, registry=NoOtherDocuments())
    error = jsonschema.exceptions.best_match(validator.iter_errors(dict(arguments)))
    if error is None:
        return None
    name = next((step for step in error.absolute_path if isinstance(step, str)), "?")
    wanted = f"{error.validator}: {error.validator_value}"
    return f"the argument {shown_name(name)} is not as its schema wants it ({wanted[:120]})"


def shown_name(name: str) -> str:
    """A name that a model wrote, quoted; '?' for what is no name and may be anything."""
    plain = name.replace("_", "").replace("-", "").replace(".", "")
    return repr(name) if plain.isascii() and plain.isalnum() and len(name) <= 64 else "'?'"


def decodable(part: Any) -> Any:
    """`part` with no more than a constrained decoder understands: it allows at least as much."""
    if not isinstance(part, dict):
        return part
    cases = part.get("anyOf") or part.get("oneOf")
    if len(part.get("allOf", ())) == 1:
        return decodable(part["allOf"][0])
    if cases and "enum" not in part and "const" not in part:
        return {"anyOf": [decodable(case) for case in cases]}
    kept = {name: value for name, value in part.items() if name in _DECODED and name != "anyOf"}
    for name in ("items", "additionalProperties"):
        if name in kept:
            kept[name] = decodable(kept[name])
    if "prefixItems" in kept:
        kept["prefixItems"] = [decodable(one) for one in kept["prefixItems"]]
    if "properties" in kept:
        kept["properties"] = {name: decodable(one) for name, one in kept["properties"].items()}
    return kept
