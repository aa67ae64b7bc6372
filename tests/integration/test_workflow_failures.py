"""Workflows whose steps fail: what ends, what goes on, what is tried again, and what that costs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from waiting import bounded, wait_until
from workflow_runs import Calls, routed, watch, workflow

from graphs.workflow.execution.runs import begin, continue_run, look
from router.errors import ConfigError, TaskError
from router.store.store import Store

ECHO = "tool: echo, arguments: {text: '${{ string(item) }}'}"


async def test_a_failure_ends_the_run_and_what_has_not_begun_does_not_begin(
    store: Store, tmp_path: Path
) -> None:
    calls = Calls(fails={"3": 1}, slow_s=0.02)
    made = workflow(
        tmp_path,
        f"""
        steps:
          - {{id: each, for_each: "${{{{ range(40) }}}}", max_parallel: 4, {ECHO}}}
          - {{id: after, tool: echo, arguments: {{text: after}}}}
        outputs: {{each: "${{{{ steps.each.output }}}}"}}
        """,
    )
    async with routed(store, tmp_path, calls=calls) as router:
        failed = await made.run(router=router, run_id="r")
        assert failed.status == "failed"
        assert failed.error is not None
        assert failed.error.startswith("the step each failed: 1 of 40 items failed: item 3: echo: ")
        assert "no luck" in failed.error
        assert failed.outputs is None
        assert "after" not in calls.said
        begun = len(calls.said)
        assert 4 <= begun <= 8, "those in hand end; no others begin"
        done = await made.resume("r", router=router)
    assert done.outputs == {"each": [str(one) for one in range(40)]}
    assert calls.said.count("3") == 2, "what failed is tried anew"
    assert len(calls.said) == 40 + 1 + 1, "and what was done is not"
    assert done.error is None


async def test_a_failure_before_the_kill_is_one_after_it_too(store: Store, tmp_path: Path) -> None:
    calls = Calls(fails={"0": 1}, slow={"1": 60.0})
    made = workflow(
        tmp_path,
        f"""
        steps: [{{id: each, for_each: "${{{{ range(9) }}}}", max_parallel: 2, {ECHO}}}]
        outputs: {{each: "${{{{ steps.each.output }}}}"}}
        """,
    )
    async with routed(store, tmp_path, calls=calls) as router:
        driving = asyncio.create_task(made.run(router=router, run_id="r"))

        async def written_down() -> bool:
            return "each" in (await look(router, "r")).steps

        await wait_until(lambda: "0" in calls.said, "the failure")
        await wait_until(written_down)
        driving.cancel()
        await asyncio.gather(driving, return_exceptions=True)
        failed = await made.resume("r", router=router)
        assert (failed.status, sorted(calls.said)) == ("failed", ["0", "1"])
        calls.slow.clear()
        done = await made.resume("r", router=router)
    assert done.outputs == {"each": [str(one) for one in range(9)]}


async def test_with_continue_on_error_a_failure_is_a_null_and_a_reason(
    store: Store, tmp_path: Path
) -> None:
    calls = Calls(fails={"x": 9, "1": 9, "a": 9, "b": 9})
    made = workflow(
        tmp_path,
        f"""
        steps:
          - {{id: one, continue_on_error: true, tool: echo, arguments: {{text: x}}}}
          - {{id: some, continue_on_error: true, for_each: [0, 1, 2], {ECHO}}}
          - {{id: all, continue_on_error: true, for_each: [a, b], {ECHO}}}
          - {{id: sub, continue_on_error: true, workflow: inner.yaml}}
        outputs:
          values: ["${{{{ steps.one.output }}}}", "${{{{ steps.some.output }}}}", "${{{{ steps.all.output }}}}"]
          states: ["${{{{ steps.one.status }}}}", "${{{{ steps.some.status }}}}", "${{{{ steps.all.status }}}}"]
          errors: ["${{{{ steps.one.error }}}}", "${{{{ steps.some.error }}}}", "${{{{ steps.sub.error }}}}"]
        """,  # noqa: E501
        inner__yaml="name: i\nsteps: [{id: s, tool: echo, arguments: {text: x}}]\n",
    )
    async with routed(store, tmp_path, calls=calls) as router:
        result = await made.run(router=router)
    assert (result.status, result.error) == ("done", None)
    assert result.outputs is not None
    assert result.outputs["values"] == [None, ["0", None, "2"], None]
    assert result.outputs["states"] == ["failed", "done", "failed"]
    errors = result.outputs["errors"]
    assert isinstance(errors, list)
    one, some, sub = errors
    assert "no luck with x" in str(one)
    assert "1 of 3 items failed: item 1" in str(some)
    assert "the step sub/s failed" in str(sub)


async def test_an_error_in_an_expression_is_a_failure_without_further_tries(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = watch(monkeypatch)
    made = workflow(
        tmp_path,
        """
        inputs: {data: {type: object}}
        steps:
          - {id: a, retry: 3, continue_on_error: true, agent: general, prompt: "Greet ${{ upper(inputs.data.name) }}."}
          - {id: b, continue_on_error: true, for_each: "${{ inputs.data.names }}", tool: echo, arguments: {text: x}}
          - {id: c, if: "inputs.data.n > 'x'", tool: echo, arguments: {text: x}}
        """,  # noqa: E501
    )
    async with routed(store, tmp_path) as router:
        result = await made.run({"data": {"name": 3, "names": "text", "n": 1}}, router=router)
    assert result.steps["a"].tries == 1
    assert asked.here == []
    assert {name: one.status for name, one in result.steps.items()} == dict.fromkeys(
        "abc", "failed"
    )
    assert "upper" in str(result.steps["a"].error)
    assert "`for_each` wants a list, found str" in str(result.steps["b"].error)
    assert result.error is not None
    assert result.error.startswith("the step c failed: ")


async def test_outputs_that_cannot_be_made_fail_the_run_in_words(
    store: Store, tmp_path: Path
) -> None:
    made = workflow(
        tmp_path,
        """
        inputs: {n: {type: array}}
        steps: [{id: a, tool: echo, arguments: {text: a}}]
        outputs: {n: "${{ inputs.n[0] + 1 }}"}
        """,
    )
    async with routed(store, tmp_path) as router:
        result = await made.run({"n": ["x"]}, router=router, run_id="r")
        again = await made.resume("r", router=router)
    assert result.status == again.status == "failed"
    assert str(result.error).startswith("outputs: ")


async def test_a_retry_asks_again_and_pays_again_and_the_costs_add_up(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = watch(monkeypatch)
    made = workflow(
        tmp_path,
        """
        steps:
          - id: a
            agent: cloud
            prompt: Write a haiku.
            retry: 2
            verify: {schema: {type: object}}
        """,
    )
    async with routed(store, tmp_path, cloud=[{"reply": "no object"}]) as router:
        result = await made.run(router=router, run_id="r")
        again = await made.resume("r", router=router)
    facts = result.steps["a"]
    assert (facts.status, facts.tries) == ("failed", 3)
    assert len(asked.cloud) == 6, "three tries, and three more when it was taken up again"
    one_usd = facts.cost_usd / 3 if facts.cost_usd else 0.0
    assert one_usd > 0
    assert result.cost_usd == pytest.approx(3 * one_usd)
    assert again.steps["a"].cost_usd == pytest.approx(3 * one_usd)
    assert again.cost_usd == pytest.approx(6 * one_usd), "what was lost counts too"


async def test_a_retry_that_works_ends_the_tries(store: Store, tmp_path: Path) -> None:
    calls = Calls(fails={"x": 1, "1": 1})
    made = workflow(
        tmp_path,
        f"""
        steps:
          - {{id: a, retry: 3, tool: echo, arguments: {{text: x}}}}
          - {{id: b, retry: 1, for_each: [0, 1], {ECHO}}}
          - {{id: sub, retry: 1, workflow: inner.yaml}}
        outputs: {{o: "${{{{ steps.sub.output.o }}}}"}}
        """,
        inner__yaml="""
        name: i
        steps:
          - {id: first, tool: echo, arguments: {text: first}}
          - {id: second, tool: echo, arguments: {text: second}}
        outputs: {o: "${{ steps.second.output }}"}
        """,
    )
    calls.fails["second"] = 1
    async with routed(store, tmp_path, calls=calls) as router:
        result = await made.run(router=router)
    assert result.outputs == {"o": "second"}
    assert (result.steps["a"].tries, result.steps["b"].tries) == (2, 2)
    assert sorted(calls.said) == sorted(["x", "x", "0", "1", "1", "first", "second", "second"])


@pytest.mark.parametrize(
    ("step", "inner"),
    [
        ("{id: a, timeout_s: 0.2, tool: echo, arguments: {text: x}}", ""),
        ("{id: a, timeout_s: 0.2, agent: general, prompt: Greet a friend.}", ""),
        (
            "{id: a, timeout_s: 0.2, workflow: inner.yaml}",
            "name: i\nsteps: [{id: s, tool: echo, arguments: {text: x}}]\n",
        ),
    ],
    ids=["tool", "prompt", "workflow"],
)
async def test_a_try_ends_when_its_time_is_over(
    store: Store, tmp_path: Path, step: str, inner: str
) -> None:
    made = workflow(tmp_path, f"steps: [{step}]\n", inner__yaml=inner)
    slow = [{"reply": "late", "delay_s": 60}]
    async with routed(store, tmp_path, calls=Calls(slow_s=60), local=slow) as router:
        with bounded("the run"):
            result = await made.run(router=router)
    assert result.status == "failed"
    assert "0.2 s" in str(result.error) or "deadline" in str(result.error)


async def test_a_tool_may_take_as_long_as_its_step_says(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Longer than a model may have for a call."""
    monkeypatch.setattr("graphs.workflow.execution.step.TOOL_S", 0.1)
    made = workflow(
        tmp_path,
        """
        steps:
          - {id: long, timeout_s: 40, tool: echo, arguments: {text: x}}
          - {id: usual, continue_on_error: true, tool: echo, arguments: {text: y}}
        """,
    )
    async with routed(store, tmp_path, calls=Calls(slow_s=0.3)) as router:
        result = await made.run(router=router)
    assert result.steps["long"].output == "x"
    assert "did not end within 0.1 s" in str(result.steps["usual"].error)


async def test_what_a_timed_out_workflow_has_spent_counts(store: Store, tmp_path: Path) -> None:
    made = workflow(
        tmp_path,
        "steps: [{id: sub, timeout_s: 1, workflow: inner.yaml}]\n",
        inner__yaml="""
        name: i
        steps:
          - {id: paid, agent: cloud, prompt: Write a haiku.}
          - {id: slow, tool: echo, arguments: {text: x}}
        """,
    )
    async with routed(
        store, tmp_path, calls=Calls(slow_s=9), cloud=[{"reply": "five seven five"}]
    ) as router:
        result = await made.run(router=router)
    assert result.status == "failed"
    assert result.cost_usd is not None
    assert result.cost_usd > 0


async def test_a_price_that_is_unknown_makes_an_unknown_cost(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agents.engines.scripted.ScriptedEngine.price", lambda *_: None)
    made = workflow(
        tmp_path,
        """
        steps:
          - {id: a, tool: echo, arguments: {text: x}}
          - {id: b, agent: cloud, prompt: Write a haiku.}
        """,
    )
    bounded = workflow(
        tmp_path,
        "steps: [{id: sub, workflow: inner.yaml}]\n",
        name="b.yaml",
        inner__yaml="name: i\nbudget: {max_usd: 1}\nsteps: [{id: a, agent: cloud, prompt: Hi.}]\n",
    )
    async with routed(store, tmp_path, cloud=[{"reply": "x"}]) as router:
        result = await made.run(router=router, run_id="r")
        assert (result.status, result.cost_usd) == ("done", None)
        assert result.steps["a"].cost_usd == 0.0
        with pytest.raises(ConfigError, match="no price of"):
            await bounded.run(router=router, run_id="b")
        with pytest.raises(TaskError, match="no run begins with 'b'"):
            await bounded.resume("b", router=router)


async def test_a_run_is_driven_to_its_end_only_where_that_is_wanted(
    store: Store, tmp_path: Path
) -> None:
    """A worker that gets the same task twice does not try anew what failed."""
    calls = Calls(fails={"x": 9})
    made = workflow(tmp_path, "steps: [{id: a, tool: echo, arguments: {text: x}}]\n")
    async with routed(store, tmp_path, calls=calls) as router:
        record = await begin(router, made.definition, {})
        await continue_run(router, record.run_id)
        same = await continue_run(router, record.run_id, again=False)
    assert (same.status, len(calls.said)) == ("failed", 1)
