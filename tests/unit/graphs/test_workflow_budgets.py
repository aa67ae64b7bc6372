"""What a run may spend at most, by the file alone."""

from __future__ import annotations

import pytest

from graphs.workflow.definition.budgets import most_usd
from graphs.workflow.definition.load import loads

STEPS = [
    ("agent: cloud, prompt: x", None),
    ("prompt: x", None),
    ("prompt: x, privacy: local_only", 0.0),
    ("prompt: x, privacy: local_only, budget: {max_usd: 1}", 0.0),
    ("prompt: x, privacy: internal", None),
    ("prompt: x, placement: local", 0.0),
    ("prompt: x, agent: general", 0.0),
    ("prompt: x, agent: general, escalate: {to: cloud}", None),
    ("prompt: x, agent: general, escalate: {to: cloud, max_usd: 0.2}", 0.2),
    ("prompt: x, agent: general, escalate: {to: cloud, max_usd: 0.2}, retry: 1", 0.4),
    ("prompt: x, agent: general, escalate: {to: cloud, max_usd: 0.2}, for_each: [1, 2]", 0.4),
    ("prompt: x, agent: general, escalate: {to: cloud, max_usd: 0.2}, for_each: inputs.l", None),
    ("prompt: x, budget: {max_usd: 0.5}, for_each: inputs.l", 0.5),
    ("prompt: x, escalate: {to: cloud, max_usd: 0.2}, budget: {max_usd: 0.3}, retry: 3", 0.3),
    ("tool: t", 0.0),
    ("approve: {message: may I}", 0.0),
    ("wait: {seconds: 1}", 0.0),
    ("workflow: other.yaml", None),
    ("workflow: other.yaml, budget: {max_usd: 2}", 2.0),
]
HEAD = "name: n\ninputs: {l: {type: array, default: []}}\n"


@pytest.mark.parametrize(("keys", "most"), STEPS, ids=[keys for keys, _ in STEPS])
def test_a_step_may_spend_what_it_is_allowed_and_what_stays_spends_nothing(
    keys: str, most: float | None
) -> None:
    found = most_usd(loads(f"{HEAD}steps:\n  - {{id: a, {keys}}}\n"))
    assert found == (most if most is None else pytest.approx(most))


def test_a_budget_of_the_whole_bounds_what_nothing_else_does() -> None:
    free = "steps:\n  - {id: a, prompt: x}\n"
    assert most_usd(loads(f"{HEAD}budget: {{max_usd: 3}}\n{free}")) == 3
    kept = "steps:\n  - {id: a, prompt: x, placement: local}\n"
    assert most_usd(loads(f"{HEAD}budget: {{max_usd: 3}}\n{kept}")) == 0


@pytest.mark.parametrize(("head", "most"), [("", None), ("budget: {max_usd: 2}\n", 2.0)])
def test_a_workflow_that_is_called_spends_what_its_steps_do(head: str, most: float | None) -> None:
    called = loads(f"{HEAD}{head}steps:\n  - {{id: a, prompt: x}}\n")
    twice = loads(f"{HEAD}steps:\n  - {{id: a, for_each: [1, 2], workflow: other.yaml}}\n")
    assert most_usd(twice, {"a": called}) == (None if most is None else 2 * most)
    here = loads(f"{HEAD}steps:\n  - {{id: a, prompt: x, agent: general}}\n")
    assert most_usd(twice, {"a": here}) == 0
