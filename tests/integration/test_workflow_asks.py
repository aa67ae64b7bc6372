"""Workflows that ask and wait: what goes on meanwhile, who may answer what, and for how long."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from waiting import wait_until
from workflow_runs import Calls, routed, workflow

from graphs.workflow.api import Workflow
from graphs.workflow.execution.outcome import Answer, Ask
from graphs.workflow.execution.runs import look, say
from router.errors import ConfigError, RunTaken, TaskError
from router.queue.runs import Runs
from router.store.store import Store

INNER = """
name: inner
inputs: {n: {}}
steps:
  - {id: before, tool: echo, arguments: {text: "before ${{ inputs.n }}"}}
  - {id: ok, approve: {message: "go on with ${{ inputs.n }}?"}}
  - {id: after, tool: echo, arguments: {text: "after ${{ inputs.n }}"}}
outputs: {said: "${{ steps.ok.output.comment }}"}
"""


async def test_a_question_holds_up_what_needs_its_answer_and_nothing_else(
    store: Store, tmp_path: Path
) -> None:
    calls = Calls()
    made = workflow(
        tmp_path,
        """
        steps:
          - {id: ok, approve: {message: "send ${{ 1 + 1 }} letters?"}}
          - {id: send, tool: echo, arguments: {text: "sent ${{ steps.ok.output.comment }}"}}
          - {id: other, needs: [], tool: echo, arguments: {text: other}}
          - {id: more, tool: echo, arguments: {text: more}}
        outputs: {approved: "${{ steps.ok.output.approved }}", sent: "${{ steps.send.output }}"}
        """,
    )
    async with routed(store, tmp_path, calls=calls) as router:
        waits = await made.run(router=router, run_id="r")
        assert (waits.status, waits.outputs) == ("waiting", None)
        assert calls.said == ["other", "more"]
        (ask,) = waits.waits_for
        assert (ask.path, ask.kind, ask.message, ask.due) == (
            "ok",
            "approve",
            "send 2 letters?",
            None,
        )
        assert (await made.run(router=router, run_id="r")).status == "waiting", "nobody answered"
        said = Answer(approved=True, comment="all of them")
        done = await Workflow.resume("r", router=router, answers={"ok": said})
    assert done.outputs == {"approved": True, "sent": "sent all of them"}
    assert calls.said == ["other", "more", "sent all of them"]


async def test_two_questions_are_answered_one_by_one(store: Store, tmp_path: Path) -> None:
    calls = Calls()
    made = workflow(
        tmp_path,
        """
        steps:
          - {id: a, approve: {message: a}}
          - {id: b, needs: [], approve: {message: b}}
          - {id: after_a, needs: [a], tool: echo, arguments: {text: after a}}
          - {id: after_b, needs: [b], tool: echo, arguments: {text: after b}}
        """,
    )
    async with routed(store, tmp_path, calls=calls) as router:
        first = await made.run(router=router, run_id="r")
        assert [ask.path for ask in first.waits_for] == ["a", "b"]
        second = await Workflow.resume("r", router=router, answers={"b": True})
        assert [ask.path for ask in second.waits_for] == ["a"]
        assert second.waits_for[0].since == first.waits_for[0].since
        assert calls.said == ["after b"]
        with pytest.raises(TaskError, match="answer to 'b'; the run asks for: a"):
            await Workflow.resume("r", router=router, answers={"b": True})
        done = await Workflow.resume("r", router=router, answers={"a": True})
    assert (done.status, calls.said) == ("done", ["after b", "after a"])


async def test_whoever_runs_it_is_asked_and_may_say_later(store: Store, tmp_path: Path) -> None:
    made = workflow(
        tmp_path,
        """
        steps:
          - {id: a, approve: {message: a}}
          - {id: b, approve: {message: b}}
          - {id: c, approve: {message: c}}
        outputs: {all: ["${{ steps.a.output.comment }}", "${{ steps.b.output.approved }}"]}
        """,
    )
    asked: list[str] = []

    async def person(ask: Ask) -> Answer | bool | None:
        asked.append(ask.path)
        if ask.path == "a":
            return Answer(approved=True, comment="fine")
        return True if ask.path == "b" else None

    async with routed(store, tmp_path) as router:
        waits = await made.run(router=router, run_id="r", approve=person)
        assert [ask.path for ask in waits.waits_for] == ["c"]
        done = await Workflow.resume("r", router=router, answers={"c": True}, approve=person)
    assert asked == ["a", "b", "c"]
    assert done.outputs == {"all": ["fine", True]}


async def test_a_no_is_a_failure_unless_the_step_continues(store: Store, tmp_path: Path) -> None:
    made = workflow(
        tmp_path,
        """
        steps:
          - {id: soft, continue_on_error: true, approve: {message: a}}
          - {id: hard, approve: {message: b}}
        outputs: {soft: "${{ steps.soft.output }}", hard: "${{ steps.hard.output }}"}
        """,
    )
    async with routed(store, tmp_path) as router:
        await made.run(router=router, run_id="r")
        no = Answer(approved=False, comment="not yet")
        await Workflow.resume("r", router=router, answers={"soft": no})
        failed = await Workflow.resume("r", router=router, answers={"hard": no})
        assert (failed.status, failed.error) == ("failed", "the step hard failed: not yet")
        asks = await Workflow.resume("r", router=router)
        assert [ask.path for ask in asks.waits_for] == ["hard"], "what failed is asked anew"
        done = await Workflow.resume("r", router=router, answers={"hard": True})
    assert done.outputs == {
        "soft": {"approved": False, "comment": "not yet"},
        "hard": {"approved": True, "comment": ""},
    }


async def test_an_earlier_no_does_not_answer_the_question_that_is_asked_anew(
    store: Store, tmp_path: Path
) -> None:
    made = workflow(
        tmp_path,
        """
        steps:
          - {id: a, approve: {message: a}}
          - {id: b, needs: [], approve: {message: b}}
          - {id: sub, needs: [], workflow: inner.yaml, inputs: {n: x}}
        """,
        inner__yaml=INNER,
    )
    async with routed(store, tmp_path) as router:
        await made.run(router=router, run_id="r")
        for refused in ("a", "sub/ok"):
            failed = await Workflow.resume("r", router=router, answers={refused: False})
            assert failed.status == "failed"
            again = await Workflow.resume("r", router=router)
            assert [one.path for one in again.waits_for] == ["a", "b", "sub/ok"]
        two = await Workflow.resume("r", router=router, answers={"b": True})
        assert [one.path for one in two.waits_for] == ["a", "sub/ok"], two.error
        one = await Workflow.resume("r", router=router, answers={"a": True})
        done = await Workflow.resume("r", router=router, answers={"sub/ok": True})
    assert (one.status, done.status) == ("waiting", "done")


async def test_a_question_that_nobody_answers_in_time_is_a_no(store: Store, tmp_path: Path) -> None:
    made = workflow(
        tmp_path,
        """
        steps:
          - {id: ok, timeout_s: 2, continue_on_error: true, approve: {message: m}}
        outputs: {ok: "${{ steps.ok.output.approved }}", why: "${{ steps.ok.error }}"}
        """,
    )
    async with routed(store, tmp_path) as router:
        waits = await made.run(router=router, run_id="r")
        (ask,) = waits.waits_for  # it was not waited for: somebody may answer
        assert ask.due == pytest.approx(ask.since + 2)
        await wait_until(lambda: time.time() > ask.since + 2, "the time to be over")
        done = await Workflow.resume("r", router=router)
    assert done.outputs == {"ok": False, "why": "nobody answered within 2 s"}


async def test_a_wait_is_waited_for_by_the_clock(store: Store, tmp_path: Path) -> None:
    calls = Calls()
    made = workflow(
        tmp_path,
        """
        inputs: {at: {}}
        steps:
          - {id: pause, wait: {seconds: 0.4}}
          - {id: then, wait: {until: "${{ inputs.at }}"}}
          - {id: zero, wait: {seconds: 0}}
          - {id: beside, needs: [], tool: echo, arguments: {text: beside}}
        outputs: {o: "${{ steps.pause.output }}"}
        """,
    )
    async with routed(store, tmp_path, calls=calls) as router:
        began = time.monotonic()
        done = await made.run({"at": "2020-01-31T09:00:00Z"}, router=router)
        assert time.monotonic() - began >= 0.4
        assert (done.status, done.outputs, calls.said) == ("done", {"o": None}, ["beside"])
        bad = await made.run({"at": "tomorrow"}, router=router)
    assert "wants a moment such as" in str(bad.error)


async def test_a_far_moment_is_left_to_somebody_else(store: Store, tmp_path: Path) -> None:
    made = workflow(tmp_path, "steps: [{id: pause, wait: {seconds: 7200}}]\n")
    async with routed(store, tmp_path) as router:
        waits = await made.run(router=router, run_id="r")
        assert (waits.status, waits.waits_for[0].kind) == ("waiting", "wait")
        with pytest.raises(TaskError, match="the run asks for: nothing"):
            await Workflow.resume("r", router=router, answers={"pause": True})


async def test_a_called_workflow_asks_under_its_own_path(store: Store, tmp_path: Path) -> None:
    calls = Calls()
    made = workflow(
        tmp_path,
        """
        steps:
          - {id: each, for_each: [x, y], workflow: inner.yaml, inputs: {n: "${{ item }}"}}
          - {id: one, needs: [], workflow: inner.yaml, inputs: {n: z}}
        outputs: {said: "${{ steps.each.output.*.said }}"}
        """,
        inner__yaml=INNER,
    )
    async with routed(store, tmp_path, calls=calls) as router:
        waits = await made.run(router=router, run_id="r")
        assert {ask.path: ask.message for ask in waits.waits_for} == {
            "each[0]/ok": "go on with x?",
            "each[1]/ok": "go on with y?",
            "one/ok": "go on with z?",
        }
        with pytest.raises(TaskError, match=r"'each\[2\]/ok'; the run asks for: .*one/ok"):
            await Workflow.resume("r", router=router, answers={"each[2]/ok": True})
        for path, comment in (("each[1]/ok", "second"), ("one/ok", ""), ("each[0]/ok", "first")):
            said = {path: Answer(approved=True, comment=comment)}
            done = await Workflow.resume("r", router=router, answers=said)
    assert done.outputs == {"said": ["first", "second"]}
    assert sorted(calls.said) == sorted(
        f"{when} {n}" for when in ("before", "after") for n in "xyz"
    )


async def test_what_a_waiting_run_has_spent_in_its_items_counts(
    store: Store, tmp_path: Path
) -> None:
    made = workflow(
        tmp_path,
        "steps: [{id: each, for_each: [x, y], workflow: inner.yaml}]\n",
        inner__yaml="""
        name: i
        steps:
          - {id: paid, agent: cloud, prompt: Write a haiku.}
          - {id: ok, approve: {message: m}}
        """,
    )
    async with routed(store, tmp_path, cloud=[{"reply": "five seven five"}]) as router:
        waits = await made.run(router=router, run_id="r")
        assert waits.steps["each"].cloud == 2
        await Workflow.resume("r", router=router, answers={"each[0]/ok": True})
        done = await Workflow.resume("r", router=router, answers={"each[1]/ok": True})
    assert waits.cost_usd
    assert done.cost_usd == pytest.approx(waits.cost_usd)


async def test_an_answer_that_was_left_with_the_run_is_heard_by_the_next_driver(
    store: Store, tmp_path: Path
) -> None:
    made = workflow(
        tmp_path,
        """
        steps: [{id: ok, approve: {message: m}}]
        outputs: {o: "${{ steps.ok.output.comment }}"}
        """,
    )
    async with routed(store, tmp_path) as router:
        await made.run(router=router, run_id="r")
        with pytest.raises(TaskError, match="the run asks for: ok"):
            await say(router, "r", {"no": Answer(approved=True)})
        await say(router, "r", {"ok": Answer(approved=True, comment="yes")})
        assert (await look(router, "r")).status == "waiting", "nobody has heard it yet"
    async with routed(store, tmp_path) as router:
        done = await Workflow.resume("r", router=router)
        assert done.outputs == {"o": "yes"}
        assert (await Runs(store).load("r")).answers == {}


async def test_a_run_that_is_driven_is_nobody_elses(store: Store, tmp_path: Path) -> None:
    made = workflow(tmp_path, "steps: [{id: a, tool: echo, arguments: {text: x}}]\n")
    calls = Calls(slow_s=3.0)
    async with routed(store, tmp_path, calls=calls) as router:
        first = asyncio.create_task(made.run(router=router, run_id="r"))
        await wait_until(lambda: calls.said, "the step to begin")
        assert (await look(router, "r")).status == "running"
        with pytest.raises(RunTaken, match=r"the run r is driven by .*:[0-9]+"):
            await Workflow.resume("r", router=router)
        other = workflow(tmp_path, "steps: [{id: b, tool: echo, arguments: {text: x}}]\n", "o")
        with pytest.raises(ConfigError, match="begun with another file or other inputs"):
            await other.run(router=router, run_id="r")
        assert (await first).status == "done"
        assert (await Workflow.resume("r", router=router)).status == "done"
