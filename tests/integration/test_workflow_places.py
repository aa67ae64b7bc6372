"""Where the steps of a workflow are answered, and what never leaves the machine."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from workflow_runs import Asked, Calls, routed, watch, workflow

from graphs.app import Router
from graphs.workflow.execution.outcome import RunResult
from router.errors import ConfigError
from router.store.store import Store

HARD = (
    "Prove step by step that there are infinitely many primes of the form 4k+3, then compare two "
    "alternative proofs and discuss their trade-offs."
)
SECRET = "AKIAJ4KX2P7QWERTY3ZB"
CLOUD = [{"reply": "from the cloud"}]
REFUSED = [{"reply": ""}]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    return watch(monkeypatch)


async def of_step(
    store: Store, folder: Path, step: str, *, cloud: list[dict[str, Any]] | None, **more: Any
) -> RunResult:
    made = workflow(folder, f"steps: [{{id: a, prompt: '{HARD}', {step}}}]\n")
    async with routed(store, folder, cloud=cloud, **more) as router:
        return await made.run(router=router)


@pytest.mark.parametrize("step", ["agent: general", "agent: coder", "placement: local"])
async def test_a_named_agent_answers_here_however_hard_it_is(
    store: Store, tmp_path: Path, asked: Asked, step: str
) -> None:
    result = await of_step(store, tmp_path, step, cloud=CLOUD)
    assert (result.status, result.steps["a"].local) == ("done", 1)
    assert (len(asked.here), asked.cloud) == (1, [])


@pytest.mark.parametrize("step", ["agent: general", "agent: coder", "placement: local"])
async def test_without_escalate_an_answer_that_fails_is_not_asked_of_the_cloud(
    store: Store, tmp_path: Path, asked: Asked, step: str
) -> None:
    result = await of_step(store, tmp_path, step, cloud=CLOUD, local=REFUSED)
    assert (result.status, asked.cloud) == ("failed", [])
    why = (
        "it is to be answered on this machine"
        if "local" in step
        else "it is not to go to the cloud"
    )
    assert why in str(result.error)


async def test_with_escalate_only_an_answer_that_fails_goes_to_the_cloud(
    store: Store, tmp_path: Path, asked: Asked
) -> None:
    step = "agent: general, escalate: {to: cloud}"
    good = await of_step(store, tmp_path, step, cloud=CLOUD)
    assert (good.steps["a"].local, asked.cloud) == (1, [])
    bad = await of_step(store, tmp_path, step, cloud=CLOUD, local=REFUSED)
    assert (bad.steps["a"].cloud, bad.steps["a"].output) == (1, "from the cloud")
    assert len(asked.cloud) == 1


@pytest.mark.parametrize("step", ["agent: cloud", "placement: cloud"])
async def test_a_step_of_the_cloud_is_never_answered_here(
    store: Store, tmp_path: Path, asked: Asked, step: str
) -> None:
    result = await of_step(store, tmp_path, step, cloud=CLOUD)
    assert (result.steps["a"].cloud, asked.here) == (1, [])
    for cloud, why in ((None, "cloud"), ([{"fail": "unavailable"}], "not reachable")):
        none = await of_step(store, tmp_path, step, cloud=cloud)
        assert none.status == "failed"
        assert why in str(none.error)
    assert asked.here == []


async def test_auto_goes_where_a_single_request_would(
    store: Store, tmp_path: Path, asked: Asked
) -> None:
    hard = await of_step(store, tmp_path, "agent: auto", cloud=CLOUD)
    assert (hard.steps["a"].cloud, asked.here) == (1, [])
    alone = await of_step(store, tmp_path, "agent: auto", cloud=None)
    assert (alone.status, alone.steps["a"].local) == ("done", 1)
    unverified, degraded = alone.steps["a"].warnings[:2]
    assert unverified.startswith("unverified: ")
    assert "answered here, without the cloud" in degraded


async def test_what_is_local_only_is_never_sent_whoever_is_asked(
    store: Store, tmp_path: Path, asked: Asked
) -> None:
    made = workflow(
        tmp_path,
        """
        inputs: {doc: {privacy: local_only}}
        steps:
          - {id: a, prompt: "HARD ${{ inputs.doc }}"}
          - {id: b, prompt: "HARD ${{ steps.a.output }}"}
          - {id: c, needs: [a], for_each: ["${{ inputs.doc }}", x], prompt: "HARD ${{ item }}"}
          - {id: d, needs: [a], workflow: inner.yaml, inputs: {text: "${{ inputs.doc }}"}}
          - {id: free, needs: [a], if: "inputs.doc == 'the doc'", prompt: "HARD"}
        """.replace("HARD", HARD),
        inner__yaml=f"""
        name: i
        inputs: {{text: {{}}}}
        steps: [{{id: s, prompt: "{HARD} ${{{{ inputs.text }}}}"}}]
        """,
    )
    async with routed(store, tmp_path, cloud=CLOUD) as router:
        result = await made.run({"doc": "the doc"}, router=router)
    assert result.error is None
    assert asked.cloud == [HARD], "only the step that reads nothing of it"
    assert {name: one.label.value for name, one in result.steps.items()} == {
        **dict.fromkeys("abcd", "local_only"),
        "free": "public",
    }


async def test_a_text_that_turns_out_to_be_private_is_stopped_at_the_gate(
    store: Store, tmp_path: Path, asked: Asked
) -> None:
    made = workflow(
        tmp_path,
        """
        inputs: {texts: {type: array}}
        steps:
          - {id: each, for_each: "${{ inputs.texts }}", continue_on_error: true, agent: cloud, prompt: "Summarise: ${{ item }}"}
          - {id: post, continue_on_error: true, tool: post, arguments: {text: "${{ inputs.texts[0] }}"}}
          - {id: told, agent: cloud, prompt: "${{ len(compact(steps.each.output)) }} were answered."}
        outputs: {each: "${{ steps.each.output }}"}
        """,  # noqa: E501
    )
    calls = Calls()
    async with routed(store, tmp_path, calls=calls, cloud=CLOUD) as router:
        result = await made.run({"texts": [f"the key is {SECRET}", "nothing"]}, router=router)
    assert SECRET not in "".join(asked.cloud)
    assert result.outputs is None, "what is made of it stays here too"
    assert result.steps["each"].status == "failed"
    assert "must stay on this machine" in str(result.steps["each"].error)
    assert (calls.said, result.steps["post"].status) == ([], "failed")
    assert asked.cloud == []
    assert asked.here == []


async def test_what_a_model_wrote_that_is_private_marks_what_is_made_of_it(
    store: Store, tmp_path: Path, asked: Asked
) -> None:
    made = workflow(
        tmp_path,
        """
        steps:
          - {id: a, agent: general, prompt: Greet a friend.}
          - {id: b, continue_on_error: true, agent: cloud, prompt: "Improve: ${{ steps.a.output }}"}
        """,
    )
    async with routed(
        store, tmp_path, cloud=CLOUD, local=[{"reply": f"the key is {SECRET}"}]
    ) as router:
        result = await made.run(router=router)
    assert asked.cloud == []
    assert result.steps["b"].status == "failed"


async def test_a_redis_on_another_machine_holds_no_local_only_text(
    store: Store, tmp_path: Path, asked: Asked
) -> None:
    mild = workflow(tmp_path, "inputs: {t: {}}\nsteps: [{id: a, prompt: '${{ inputs.t }}'}]\n")
    own = workflow(
        tmp_path, "steps: [{id: a, privacy: local_only, prompt: Greet a friend.}]\n", "own.yaml"
    )
    called = workflow(tmp_path, "steps: [{id: a, workflow: own.yaml}]\n", "called.yaml")
    async with routed(store, tmp_path, local=[{"reply": f"it is {SECRET}"}]) as router:
        router.store = dataclasses.replace(router.store, local=False)
        for made, given in ((own, {}), (called, {}), (mild, {"t": f"key {SECRET}"})):
            with pytest.raises(ConfigError, match=r"holds local_only text.*use a Redis on this"):
                await made.run(given, router=router)
        found = await mild.run({"t": "Greet a friend."}, router=router)
    assert (found.status, len(asked.here)) == ("done", 1)


async def test_a_single_cloud_step_pays_and_reads_what_it_is_made_of(
    store: Store, tmp_path: Path, asked: Asked
) -> None:
    made = workflow(
        tmp_path,
        """
        inputs: {doc: {privacy: local_only}}
        steps:
          - {id: facts, agent: general, prompt: "List the facts of: ${{ inputs.doc }}"}
          - {id: plan, needs: [], agent: cloud, prompt: Plan an answer.}
        outputs: {a: "${{ steps.facts.output }}", b: "${{ steps.plan.output }}"}
        """,
    )
    async with routed(store, tmp_path, cloud=CLOUD) as router:
        result = await made.run({"doc": "x"}, router=router)
    assert result.outputs == {"a": "from here", "b": "from the cloud"}
    assert asked.cloud == ["Plan an answer."]
    assert result.steps["plan"].cloud_tokens > 0
    assert result.cost_usd == result.steps["plan"].cost_usd
    assert result.avoided_usd > 0


async def test_the_shipped_specialist_answers_what_it_was_trained_for(
    store: Store, tmp_path: Path
) -> None:
    from router.settings.settings import Settings

    made = workflow(
        tmp_path,
        """
        inputs: {days: {type: array}}
        steps:
          - {id: iso, for_each: "${{ inputs.days }}", agent: general, prompt: "Convert the date to ISO format: ${{ item }}"}
          - {id: essay, continue_on_error: true, agent: general, prompt: Write an essay on the novels of Camus.}
        outputs: {iso: "${{ steps.iso.output }}", why: "${{ steps.essay.error }}"}
        """,  # noqa: E501
    )
    settings = Settings.model_validate(
        {
            "cloud": {"model": "off"},
            "store": {"url": store.url, "namespace": store.keys.namespace},
        }
    )
    async with Router.open(settings, env={}) as router:
        result = await made.run({"days": ["March 7, 2026", "May 1, 2025"]}, router=router)
    assert result.outputs is not None, result.error
    assert result.outputs["iso"] == ["2026-03-07", "2025-05-01"]
    assert "it is not to go to the cloud" in str(result.outputs["why"])
