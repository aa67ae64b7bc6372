"""JSON schemas in the forms that engines take: without remarks, and as the providers' strict mode
wants them; and an answer to the strict form as an answer to the schema itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from jsonschema.validators import Draft202012Validator

_NAMED_PARTS = ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas")
_LISTED_PARTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_PARTS = (
    *("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"),
    *("unevaluatedItems", "unevaluatedProperties", "additionalItems", "contentSchema"),
)
_LIMITS = (
    *("type", "enum", "const", "$ref", "$anchor", "$id", "$dynamicRef", "$dynamicAnchor"),
    *("required", "minProperties", "maxProperties", "dependentRequired", "dependencies"),
    *("minItems", "maxItems", "uniqueItems", "minContains", "maxContains"),
    *("minLength", "maxLength", "pattern", "format"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
)
_HELPFUL = ("title", "description")
_KEPT = frozenset((*_NAMED_PARTS, *_LISTED_PARTS, *_PARTS, *_LIMITS, *_HELPFUL))

_NULL = {"type": "null"}


def without_remarks(schema: Any) -> Any:
    """The schema without the keywords that limit nothing, such as `example`, `nullable`, `x-...`.

    Title and description stay: a model reads them.
    """
    if not isinstance(schema, Mapping):
        return schema
    kept = {key: value for key, value in schema.items() if key in _KEPT}
    return _with_parts(kept, without_remarks)


def strict_form(schema: Any) -> Any:
    """The schema in the providers' strict form: objects closed, every property required.

    A property that may be left out may be null instead, so that nothing need be made up for it;
    `without_nulls` leaves it out again. Of an object that allows free keys nothing is closed, and
    the provider says that it cannot enforce it. `oneOf` becomes `anyOf`, which is checked later.
    """
    return _strict(without_remarks(schema))


def _strict(schema: Any) -> Any:
    if not isinstance(schema, Mapping):
        return schema
    tight = _with_parts(schema, _strict)
    if "oneOf" in tight and "anyOf" not in tight:
        tight["anyOf"] = tight.pop("oneOf")
    if "properties" in tight:
        tight.setdefault("additionalProperties", False)
        if tight["additionalProperties"] is False:
            required = set(tight.get("required", ()))
            tight["properties"] = {
                name: part if name in required else _or_null(part)
                for name, part in tight["properties"].items()
            }
            tight["required"] = list(tight["properties"])
    return tight


def _or_null(part: Any) -> Any:
    """What `part` allows, or null."""
    if not isinstance(part, Mapping) or not part:
        return part
    kind = part.get("type")
    kinds = [kind] if isinstance(kind, str) else list(kind or ())
    if "null" in kinds and "enum" not in part and "const" not in part:
        return part
    if not kinds or "const" in part or any(key in part for key in ("$ref", "anyOf", "allOf")):
        cases = part["anyOf"] if set(part) == {"anyOf"} else [part]
        return {"anyOf": cases if _NULL in cases else [*cases, _NULL]}
    wider = {**part, "type": [*kinds, *([] if "null" in kinds else ["null"])]}
    if "enum" in part and None not in part["enum"]:
        wider["enum"] = [*part["enum"], None]
    return wider


def has_optional(schema: Any) -> bool:
    """Whether the schema lets a property be left out, at any depth."""
    if isinstance(schema, list):
        return any(has_optional(part) for part in schema)
    if not isinstance(schema, Mapping):
        return False
    named = schema.get("properties")
    if isinstance(named, Mapping) and set(named) - set(schema.get("required", ())):
        return True
    return any(has_optional(value) for value in schema.values())


def without_nulls(text: str, schema: Mapping[str, Any]) -> str:
    """The JSON of an answer to the strict form, without the nulls that stand for absent properties.

    A null that the schema itself allows stays. Text that is not JSON is returned as it is.
    """
    try:
        value = json.loads(text)
    except ValueError:
        return text
    cleaned = _cleaned(value, schema, schema, depth=0)
    return json.dumps(cleaned, separators=(",", ":"), ensure_ascii=False)


_DEEPEST = 64


def _cleaned(value: Any, part: Any, root: Mapping[str, Any], *, depth: int) -> Any:
    part = _target(part, root)
    if not isinstance(part, Mapping) or depth > _DEEPEST:
        return value
    for keyword in ("anyOf", "oneOf"):
        for case in part.get(keyword, ()):
            cleaned = _cleaned(value, case, root, depth=depth + 1)
            if _is_valid(cleaned, case, root):
                value = cleaned
                break
    for case in part.get("allOf", ()):
        value = _cleaned(value, case, root, depth=depth + 1)
    if isinstance(value, list):
        head = part.get("prefixItems", ())
        rest = part.get("items", True)
        return [
            _cleaned(one, head[at] if at < len(head) else rest, root, depth=depth + 1)
            for at, one in enumerate(value)
        ]
    if not isinstance(value, dict):
        return value
    named = part.get("properties", {})
    required = set(part.get("required", ()))
    others = part.get("additionalProperties", True)
    kept = {}
    for name, inner in value.items():
        own = named.get(name, others)
        stands_for_nothing = inner is None and name in named and name not in required
        if stands_for_nothing and not _is_valid(None, own, root):
            continue
        kept[name] = _cleaned(inner, own, root, depth=depth + 1)
    return kept


def _is_valid(value: Any, part: Any, root: Mapping[str, Any]) -> bool:
    if isinstance(part, bool):
        return part
    whole = {key: root[key] for key in ("$defs", "definitions") if key in root} | dict(part)
    return bool(Draft202012Validator(whole).is_valid(value))


def _target(part: Any, root: Mapping[str, Any]) -> Any:
    """`part`, or what it refers to within the schema."""
    for _ in range(_DEEPEST):
        reference = part.get("$ref") if isinstance(part, Mapping) else None
        if not isinstance(reference, str) or not reference.startswith("#"):
            return part
        part = root
        for step in reference.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(part, Mapping) or name not in part:
                return True
            part = part[name]
    return True


def _with_parts(schema: Mapping[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    """A copy in which every schema inside is changed; values that are data stay as they are."""
    changed: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _NAMED_PARTS and isinstance(value, Mapping):
            changed[key] = {name: change(part) for name, part in value.items()}
        elif isinstance(value, list) and (key in _LISTED_PARTS or key == "items"):
            changed[key] = [change(part) for part in value]
        elif key in _PARTS:
            changed[key] = change(value)
        else:
            changed[key] = value
    return changed
