"""Matches documents against a search's or listing's filters, conditions and words. Pure."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable
from typing import Any

from langgraph.store.base import Item, MatchCondition

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "$eq": operator.eq,
    "$ne": operator.ne,
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}


def share_of_words(words: set[str], item: Item) -> float:
    """The share of the words that occur in the item's key or texts, 0..1."""
    text = json.dumps([item.key, item.value], ensure_ascii=False).casefold()
    return sum(word in text for word in words) / len(words)


def fits(condition: MatchCondition, namespace: tuple[str, ...]) -> bool:
    """Whether a namespace begins (or ends) with the condition's path; `*` is any one label."""
    path = condition.path
    if len(namespace) < len(path):
        return False
    part = namespace[: len(path)]
    if condition.match_type == "suffix":
        part = namespace[len(namespace) - len(path) :]
    return all(wanted in ("*", label) for wanted, label in zip(path, part, strict=True))


def matches(value: Any, wanted: Any) -> bool:
    """LangGraph's filter: equality, nested; or operators, all of which must hold."""
    if isinstance(wanted, dict):
        if any(key.startswith("$") for key in wanted):
            return all(_holds(value, name, bound) for name, bound in wanted.items())
        return isinstance(value, dict) and all(
            matches(value.get(key), inner) for key, inner in wanted.items()
        )
    if isinstance(wanted, list | tuple):
        return (
            isinstance(value, list | tuple)
            and len(value) == len(wanted)
            and all(matches(one, other) for one, other in zip(value, wanted, strict=True))
        )
    return bool(value == wanted)


def _holds(value: Any, name: str, bound: Any) -> bool:
    if name not in OPERATORS:
        raise ValueError(f"unknown filter operator {name!r}: use one of {', '.join(OPERATORS)}")
    try:
        both = (value, bound) if name in ("$eq", "$ne") else (float(value), float(bound))
    except (TypeError, ValueError):
        return False
    return bool(OPERATORS[name](*both))
