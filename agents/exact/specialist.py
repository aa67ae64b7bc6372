"""Computing as an agent's specialist: what it covers, and what speaks for its answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import jsonschema

from agents.agent import Coverage
from agents.exact.answer import Exact
from agents.exact.compute import exact
from router.account.pricing import estimate_tokens
from router.types.completion import Completion
from router.types.decision import EscalationReason
from router.types.result import CheckResult
from router.types.task import Task

NOTHING = "nothing to compute"


@dataclass(frozen=True, slots=True)
class ExactSpecialist:
    """Covers what can be computed and stands alone."""

    def prompt(self, task: Task) -> str:
        return task.prompt

    def covers(self, task: Task) -> Coverage:
        """Whatever has an exact answer, unless a system prompt, files, tools or limits may change
        what is asked; under a schema, where the answer satisfies it."""
        found = _computed(task)
        if found is None:
            return Coverage(family=NOTHING, score=1.0, covered=False)
        return Coverage(family=found.family, score=1.0, covered=True, expected=1.0)

    def checks(
        self, task: Task, completion: Completion, coverage: Coverage
    ) -> tuple[CheckResult, ...]:
        """It was computed, which proves it."""
        found = _computed(task)
        if found is None or completion.text != found.text:
            return (CheckResult.found("exact", NOTHING, EscalationReason.DECLINED),)
        return (CheckResult.found("exact", f"computed: {found.how}", proves=True),)


def stands_alone(task: Task) -> bool:
    """Whether nothing but the prompt says what is asked."""
    return task.system is None and not task.files and not task.tools


def _computed(task: Task) -> Exact | None:
    found = exact(task.prompt) if stands_alone(task) else None
    if found is None or (
        task.max_tokens is not None and estimate_tokens(found.text) > task.max_tokens
    ):
        return None
    return found if task.json_schema is None or _fits(found.text, task.json_schema) else None


def _fits(text: str, schema: dict[str, Any]) -> bool:
    try:
        value = json.loads(text)
    except ValueError:
        return False
    validator: Any = jsonschema.validators.validator_for(schema)(schema)
    return bool(validator.is_valid(value))
