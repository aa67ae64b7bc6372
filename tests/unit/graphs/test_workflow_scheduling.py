"""What a run does next, judged from what has come of its steps: no store, no model, no clock."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from graphs.workflow.definition.load import loads
from graphs.workflow.execution.outcome import Answer, Ask, Facts
from graphs.workflow.execution.scheduling import BATCH_PER_SLOT, RunProgress, moment, next_of
from router.errors import ConfigError
from router.types.task import Privacy

DONE = Facts(status="done", output="x")
SKIPPED = Facts(status="skipped")
FAILED = Facts(status="failed", error="no luck")


def progress_of(steps: str, **known: Any) -> RunProgress:
    head = known.pop("head", "")
    workflow = loads(f"name: w\n{head}\nsteps:\n{steps}", Path(), name="w.yaml")
    fields: dict[str, Any] = {"inputs": {}, "facts": {}, "items": {}, "answers": {}, "now": 1000.0}
    return RunProgress(workflow=workflow, **{**fields, **known})


CHAIN = """
  - {id: a, prompt: x}
  - {id: b, prompt: x}
  - {id: c, needs: [a], prompt: x}
  - {id: d, needs: [], prompt: x}
"""


@pytest.mark.parametrize(
    ("facts", "sends"),
    [
        ({}, ["a", "d"]),
        ({"a": DONE}, ["b", "c", "d"]),
        ({"a": SKIPPED, "d": DONE}, ["b", "c"]),
        ({"a": DONE, "b": DONE, "c": DONE}, ["d"]),
        ({"a": DONE, "b": DONE, "c": DONE, "d": DONE}, []),
    ],
)
def test_what_is_ready_is_handed_out(facts: dict[str, Facts], sends: list[str]) -> None:
    found = next_of(progress_of(CHAIN, facts=dict(facts)))
    assert [one for one, _ in found.sends] == sends
    assert (found.error, found.asks) == (None, [])


def test_a_failure_hands_out_nothing_more_unless_its_step_continues() -> None:
    found = next_of(progress_of(CHAIN, facts={"a": FAILED}))
    assert (found.sends, found.error) == ([], "the step a failed: no luck")
    soft = CHAIN.replace("{id: a,", "{id: a, continue_on_error: true,")
    found = next_of(progress_of(soft, facts={"a": FAILED}))
    assert [one for one, _ in found.sends] == ["b", "c", "d"]


def test_skips_follow_each_other_at_once() -> None:
    run = progress_of(
        """
  - {id: a, if: inputs.go, prompt: x}
  - {id: b, if: "steps.a.status == 'done'", prompt: x}
  - {id: c, if: "steps.b.status == 'skipped'", prompt: x}
""",
        head="inputs: {go: {type: boolean}}",
        inputs={"go": False},
    )
    found = next_of(run)
    assert {name: one.status for name, one in found.facts.items()} == dict.fromkeys("ab", "skipped")
    assert found.sends == [("c", None)]


LOOP = "  - {id: a, max_parallel: 2, for_each: inputs.list, prompt: x}\n"
LIST = "inputs: {list: {type: array}}"


def test_a_list_is_handed_out_a_part_at_a_time() -> None:
    long = [*range(1000)]
    run = progress_of(LOOP, head=LIST, inputs={"list": long})
    assert next_of(run).sends == [("a", index) for index in range(2 * BATCH_PER_SLOT)]
    assert run.lists == {"a": long}
    done = dict.fromkeys(range(998), DONE)
    run = progress_of(LOOP, head=LIST, inputs={"list": long}, items={"a": done})
    assert next_of(run).sends == [("a", 998), ("a", 999)]


def test_items_become_the_facts_of_their_step_in_order() -> None:
    items = {
        2: Facts(status="done", output="c", cost_usd=0.5, tries=2, label=Privacy.INTERNAL),
        0: Facts(status="done", output="a", cost_usd=0.25, local=1, seconds=1.0),
        1: Facts(status="failed", output="not this", error="why", cost_usd=0.25, seconds=2.0),
    }
    soft = LOOP.replace("id: a,", "id: a, continue_on_error: true,")
    run = progress_of(soft, head=LIST, inputs={"list": [0, 0, 0]}, items={"a": items})
    facts = next_of(run).facts["a"]
    assert (facts.status, facts.output) == ("done", ["a", None, "c"])
    assert facts.error == "1 of 3 items failed: item 1: why"
    assert (facts.cost_usd, facts.seconds, facts.tries, facts.items) == (1.0, 3.0, 2, 3)
    assert (facts.local, facts.label) == (1, Privacy.INTERNAL)
    unknown = {0: DONE.model_copy(update={"cost_usd": None}), 1: DONE, 2: DONE}
    run = progress_of(soft, head=LIST, inputs={"list": [0, 0, 0]}, items={"a": unknown})
    assert next_of(run).facts["a"].cost_usd is None


def test_one_failed_item_fails_the_step_before_the_others_begin() -> None:
    run = progress_of(LOOP, head=LIST, inputs={"list": [0] * 9}, items={"a": {0: DONE, 4: FAILED}})
    found = next_of(run)
    assert (found.sends, found.facts["a"].output) == ([], None)
    assert found.error == "the step a failed: 1 of 9 items failed: item 4: no luck"
    all_failed = {0: FAILED, 1: FAILED}
    soft = LOOP.replace("id: a,", "id: a, continue_on_error: true,")
    run = progress_of(soft, head=LIST, inputs={"list": [0, 0]}, items={"a": all_failed})
    found = next_of(run)
    assert (found.facts["a"].status, found.error) == ("failed", None)


def test_an_empty_list_is_done_at_once() -> None:
    facts = next_of(progress_of(LOOP, head=LIST, inputs={"list": []})).facts["a"]
    assert (facts.status, facts.output, facts.items, facts.tries) == ("done", [], 0, 0)


def waiting(*asks: Ask) -> Facts:
    return Facts(status="waiting", asks=asks)


ASK = Ask(path="ok", kind="approve", message="m", since=900.0)
OK = "  - {id: ok, approve: {message: m}}\n  - {id: after, prompt: x}\n"


def test_a_question_is_asked_once_and_its_answer_counts() -> None:
    first = next_of(progress_of(OK))
    (ask,) = first.asks
    assert (ask.path, ask.message, ask.since, ask.due) == ("ok", "m", 1000.0, None)
    still = next_of(progress_of(OK, facts={"ok": waiting(ASK)}))
    assert (still.asks, still.facts) == ([ASK], {})
    yes = {ASK.key: Answer(approved=True, comment="c")}
    done = next_of(progress_of(OK, facts={"ok": waiting(ASK)}, answers=yes))
    assert done.facts["ok"].output == {"approved": True, "comment": "c"}
    assert done.sends == [("after", None)]
    no = {ASK.key: Answer(approved=False)}
    refused = next_of(progress_of(OK, facts={"ok": waiting(ASK)}, answers=no))
    assert refused.error == "the step ok failed: it was not approved"


def test_the_answer_to_an_earlier_question_of_the_step_is_none() -> None:
    earlier = {ASK.model_copy(update={"since": 100.0}).key: Answer(approved=False)}
    found = next_of(progress_of(OK, facts={"ok": waiting(ASK)}, answers=earlier))
    assert found.asks == [ASK]


@pytest.mark.parametrize(("now", "asks", "error"), [(999.0, 1, False), (1000.0, 0, True)])
def test_a_question_that_is_not_answered_in_time_is_refused(
    now: float, asks: int, error: bool
) -> None:
    late = waiting(ASK.model_copy(update={"due": 1000.0}))
    found = next_of(progress_of(OK, facts={"ok": late}, now=now))
    assert (len(found.asks), found.error is not None) == (asks, error)
    answers = {ASK.key: Answer(approved=True)}
    assert next_of(progress_of(OK, facts={"ok": late}, now=now, answers=answers)).error is None


def test_questions_wait_while_there_is_anything_to_do_and_stand_in_the_order_of_the_file() -> None:
    text = (
        OK + "  - {id: z, needs: [], approve: {message: z}}\n  - {id: work, needs: [], prompt: x}\n"
    )
    busy = next_of(progress_of(text))
    assert (busy.asks, busy.sends) == ([], [("work", None)])
    later = Ask(path="z", kind="approve", since=1.0)
    idle = next_of(progress_of(text, facts={"z": waiting(later), "ok": waiting(ASK), "work": DONE}))
    assert [one.path for one in idle.asks] == ["ok", "z"]


def test_a_called_workflow_that_asks_goes_on_when_something_has_come() -> None:
    text = "  - {id: sub, for_each: [1, 2, 3], workflow: i.yaml}\n"
    asks = [
        Ask(path=f"sub[{index}]/ok", kind="approve", since=float(index), due=due)
        for index, due in enumerate((None, 900.0, 2000.0))
    ]
    items = {index: waiting(ask) for index, ask in enumerate(asks)}
    run = progress_of(text, items={"sub": items}, answers={asks[0].key: Answer(approved=True)})
    assert next_of(run).sends == [("sub", 0), ("sub", 1)]
    assert run.answered("sub", 0) == {"sub[0]/ok": Answer(approved=True)}
    assert run.answered("sub", 1) == {}
    quiet = progress_of(text, items={"sub": items}, now=800.0)
    assert [ask.path for ask in next_of(quiet).asks] == ["sub[0]/ok", "sub[1]/ok", "sub[2]/ok"]


def test_a_wait_is_over_at_its_moment() -> None:
    text = "  - {id: p, wait: {until: '1970-01-01T00:16:41Z'}}\n"
    (ask,) = next_of(progress_of(text)).asks
    assert (ask.kind, ask.due) == ("wait", 1001.0)
    assert next_of(progress_of(text, facts={"p": waiting(ask)})).asks == [ask]
    assert (
        next_of(progress_of(text, facts={"p": waiting(ask)}, now=1001.0)).facts["p"].output is None
    )


def test_moments_have_a_zone_or_are_utc() -> None:
    assert moment("1970-01-01T01:00:00+01:00") == moment("1970-01-01") == 0.0
    assert moment(" 1970-01-01T00:00:05Z ") == 5.0
    with pytest.raises(ConfigError, match="wants a moment such as"):
        moment("soon")


def test_the_label_of_a_step_is_that_of_all_that_it_is_made_of() -> None:
    text = """
  - {id: a, prompt: "${{ inputs.t }}"}
  - {id: b, prompt: "${{ steps.a.output }}"}
  - {id: c, if: steps.a.output, prompt: x}
  - {id: d, for_each: steps.a.output, prompt: x}
"""
    private = Facts(status="done", output=["x"], label=Privacy.LOCAL_ONLY)
    run = progress_of(text, head="inputs: {t: {privacy: internal}}", facts={"a": private})
    labels = {step.id: run.label_of(step) for step in run.workflow.steps}
    assert labels == {
        "a": Privacy.INTERNAL,
        "b": Privacy.LOCAL_ONLY,
        "c": Privacy.PUBLIC,
        "d": Privacy.LOCAL_ONLY,
    }
    run.label = Privacy.LOCAL_ONLY
    assert run.label_of(run.workflow.step("a")) is Privacy.LOCAL_ONLY
