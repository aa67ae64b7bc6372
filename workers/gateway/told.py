"""What is told beside an answer: who gave it, why, and for how much."""

from __future__ import annotations

from typing import Any

from router.types.completion import Usage
from router.types.decision import EscalationReason
from router.types.result import Result


def usage_of(result: Result) -> Usage:
    """Of the attempt whose text it is; nothing for an answer from memory."""
    return next((one.usage for one in result.attempts if one.number == result.attempt), Usage())


def beside(result: Result) -> dict[str, Any]:
    """The object `edgeward` of an answer."""
    return {
        "task": result.task_id,
        "model": result.model,
        "route": result.route,
        "reason": result.reason,
        "cost_usd": result.cost_usd,
        "avoided_usd": result.avoided_usd,
        "verification": result.verification,
        "doubt": result.doubt,
        "label": result.label,
        "warnings": list(result.warnings),
    }


def headers_of(result: Result) -> dict[str, str]:
    """The same for clients that show no unknown fields."""
    told = {
        "x-edgeward-task": result.task_id,
        "x-edgeward-model": result.model or "",
        "x-edgeward-route": result.route,
        "x-edgeward-reason": result.reason,
        "x-edgeward-cost-usd": "" if result.cost_usd is None else f"{result.cost_usd:.9f}",
        "x-edgeward-verification": str(result.verification or ""),
    }
    return {name: _plain(value) for name, value in told.items()}


def _plain(value: str) -> str:
    """A header's value: one line of ASCII."""
    return " ".join(value.encode("ascii", "replace").decode().split())[:500]


def finish_of(result: Result) -> str:
    """`stop`, or `length` where it was cut off."""
    cut = any(check.reason is EscalationReason.CUT_OFF for check in result.checks)
    return "length" if cut else "stop"
