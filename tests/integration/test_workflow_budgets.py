"""Budgets of workflows: of one answer, of a step, of a run, and of what it calls."""

from __future__ import annotations

from pathlib import Path

import pytest
from workflow_runs import Asked, routed, watch, workflow

from graphs.workflow.execution.outcome import RunResult
from router.errors import ConfigError
from router.store.store import Store
from router.types.task import Task

CLOUD = [{"reply": "five seven five"}]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    return watch(monkeypatch)


async def price_of_one(store: Store, folder: Path) -> tuple[float, float]:
    """US dollars: what the answer costs, and what has to be set aside for it."""
    made = workflow(folder, "steps: [{id: a, agent: cloud, prompt: Write a haiku.}]\n", "one.yaml")
    async with routed(store, folder, cloud=CLOUD) as router:
        result = await made.run(router=router)
        (agent,) = router.roster.clouds
        assert result.cost_usd
        task = Task(prompt="Write a haiku.")
        most = agent.most_usd(task, agent.messages(task, ()))
        assert most
        return result.cost_usd, most


async def test_the_budget_of_a_step_is_for_all_its_items_and_tries(
    store: Store, tmp_path: Path, asked: Asked
) -> None:
    cost, most = await price_of_one(store, tmp_path)
    asked.cloud.clear()
    limit = most + 2.5 * cost
    made = workflow(
        tmp_path,
        f"""
        steps:
          - id: each
            for_each: [1, 2, 3, 4, 5, 6]
            max_parallel: 1
            continue_on_error: true
            agent: cloud
            prompt: Write a haiku.
            budget: {{max_usd: {limit:.9f}}}
          - {{id: other, agent: cloud, prompt: Write a haiku.}}
        outputs: {{each: "${{{{ steps.each.output }}}}", other: "${{{{ steps.other.output }}}}"}}
        """,
    )
    async with routed(store, tmp_path, cloud=CLOUD) as router:
        result = await made.run(router=router)
    assert result.outputs is not None, result.error
    assert result.outputs["each"] == ["five seven five"] * 3 + [None] * 3
    assert result.outputs["other"] == "five seven five"
    assert "the budget of the step each is $" in str(result.steps["each"].error)
    assert result.steps["each"].cost_usd == pytest.approx(3 * cost)
    assert len(asked.cloud) == 4


async def test_the_budget_of_one_answer_is_counted_for_each_item_and_try(
    store: Store, tmp_path: Path, asked: Asked
) -> None:
    _, most = await price_of_one(store, tmp_path)

    def made(limit: float) -> str:
        return f"""
        steps:
          - id: a
            for_each: [1, 2, 3]
            retry: 1
            agent: general
            prompt: Write a haiku.
            escalate: {{to: cloud, max_usd: {limit:.9f}}}
        """

    asked.cloud.clear()
    async with routed(store, tmp_path, cloud=CLOUD, local=[{"reply": ""}]) as router:
        enough = await workflow(tmp_path, made(most * 1.5)).run(router=router)
        assert (enough.status, len(asked.cloud)) == ("done", 3)
        little = await workflow(tmp_path, made(most * 0.9)).run(router=router)
    assert (little.status, len(asked.cloud)) == ("failed", 3)
    assert "the budget of one answer of the step a is $" in str(little.error)


async def test_the_budget_of_the_workflow_holds_over_everything_that_it_calls(
    store: Store, tmp_path: Path, asked: Asked
) -> None:
    cost, most = await price_of_one(store, tmp_path)
    asked.cloud.clear()
    made = workflow(
        tmp_path,
        f"""
        budget: {{max_usd: {most + 1.5 * cost:.9f}}}
        steps:
          - {{id: own, agent: cloud, prompt: Write a haiku.}}
          - {{id: sub, for_each: [1, 2], max_parallel: 1, continue_on_error: true, workflow: inner.yaml}}
        outputs: {{sub: "${{{{ steps.sub.output }}}}"}}
        """,  # noqa: E501
        inner__yaml="""
        name: i
        steps: [{id: a, agent: cloud, prompt: Write a haiku.}]
        outputs: {o: "${{ steps.a.output }}"}
        """,
    )
    async with routed(store, tmp_path, cloud=CLOUD) as router:
        result = await made.run(router=router, run_id="r")
        assert result.outputs == {"sub": [{"o": "five seven five"}, None]}, result.error
        assert "the budget of the workflow w is $" in str(result.steps["sub"].error)
        assert len(asked.cloud) == 2
        other = await made.run(router=router, run_id="r2")
    assert other.outputs == result.outputs, "each run has its own"


async def test_the_budget_of_a_called_workflow_and_of_the_step_that_calls_it_hold(
    store: Store, tmp_path: Path, asked: Asked
) -> None:
    cost, most = await price_of_one(store, tmp_path)
    inner = """
    name: i
    BUDGET
    steps:
      - {id: a, agent: cloud, prompt: Write a haiku.}
      - {id: b, agent: cloud, prompt: Write a haiku.}
    """
    limit = f"budget: {{max_usd: {most + 0.5 * cost:.9f}}}"
    by_step = workflow(
        tmp_path,
        f"steps: [{{id: sub, workflow: inner.yaml, {limit}}}]\n",
        inner__yaml=inner.replace("BUDGET", ""),
    )
    asked.cloud.clear()

    async def spent(result: RunResult) -> None:
        assert result.status == "failed"
        assert len(asked.cloud) == 1
        assert result.cost_usd == pytest.approx(cost)
        asked.cloud.clear()

    async with routed(store, tmp_path, cloud=CLOUD) as router:
        result = await by_step.run(router=router)
        assert "the budget of the step sub is $" in str(result.error)
        await spent(result)
        by_own = workflow(
            tmp_path,
            "steps: [{id: sub, workflow: inner.yaml}]\n",
            inner__yaml=inner.replace("BUDGET", limit),
        )
        result = await by_own.run(router=router)
        assert "the budget of the workflow i is $" in str(result.error)
        await spent(result)


async def test_a_budget_without_a_price_is_refused_before_anything_runs(
    store: Store, tmp_path: Path, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agents.engines.scripted.ScriptedEngine.price", lambda *_: None)
    lines = (
        "budget: {max_usd: 1}\nsteps: [{id: a, agent: cloud, prompt: x}]\n",
        "steps: [{id: a, agent: cloud, prompt: x, budget: {max_usd: 1}}]\n",
        "steps: [{id: a, agent: general, prompt: x, escalate: {to: cloud, max_usd: 1}}]\n",
    )
    async with routed(store, tmp_path, cloud=CLOUD) as router:
        for text in lines:
            with pytest.raises(ConfigError, match=r"a budget is set.*no price of"):
                await workflow(tmp_path, text).run(router=router)
        free = workflow(tmp_path, "steps: [{id: a, agent: cloud, prompt: x}]\n")
        assert (await free.run(router=router)).cost_usd is None
    assert len(asked.cloud) == 1


async def test_a_budget_needs_no_price_where_there_is_no_cloud(
    store: Store, tmp_path: Path
) -> None:
    made = workflow(
        tmp_path, "budget: {max_usd: 1}\nsteps: [{id: a, agent: general, prompt: Greet.}]\n"
    )
    async with routed(store, tmp_path) as router:
        assert (await made.run(router=router)).status == "done"
