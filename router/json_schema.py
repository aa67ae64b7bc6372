"""Whether a JSON Schema can be used at all, before anything is sent or kept for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from router.errors import TaskError

_DATA = frozenset({"const", "enum", "examples", "example", "default"})
"""Keywords under which values stand, and no schemas."""


def schema_problem(schema: dict[str, Any]) -> str:
    """What is wrong with a JSON Schema, in words; empty where nothing is.

    Other documents are never fetched: a reference must lead to a place in the schema itself, or to
    the meta-schema of a draft.
    """
    import jsonschema

    kind = jsonschema.validators.validator_for(schema)
    try:
        kind.check_schema(schema)
        return _unresolved(schema)
    except jsonschema.exceptions.SchemaError as error:
        at = "/".join(str(part) for part in error.absolute_path) or "the root"
        return f"{error.message[:200]} (at {at})"
    except RecursionError:
        return "it is too deep"


def require_schema(schema: dict[str, Any] | None) -> None:
    """Raises TaskError, which says why, where a task's schema cannot be used."""
    if schema is not None and (problem := schema_problem(schema)):
        raise TaskError(f"not a valid JSON Schema: {problem}")


def _unresolved(schema: dict[str, Any]) -> str:
    """Which reference of a valid schema leads nowhere; empty where none does."""
    from jsonschema_specifications import REGISTRY
    from referencing import Resource
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    root: Resource[Any] = Resource.from_contents(schema, default_specification=DRAFT202012)
    base = root.id() or ""
    waiting: list[tuple[Any, Any]] = [(schema, REGISTRY.with_resource(base, root).resolver(base))]
    while waiting:
        part, resolver = waiting.pop()
        if isinstance(part, list):
            waiting += [(one, resolver) for one in part]
        if not isinstance(part, Mapping):
            continue
        if part is not schema and isinstance(part.get("$id"), str):
            resolver = resolver.in_subresource(DRAFT202012.create_resource(part))
        reference = part.get("$ref")
        if isinstance(reference, str):
            try:
                resolver.lookup(reference)
            except Unresolvable:
                return f"its '$ref' {reference[:80]!r} leads to nothing in it"
        waiting += [(one, resolver) for name, one in part.items() if name not in _DATA]
    return ""
