"""What a plan says of a workflow: who, where, how often, for how much, and what is against it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agents.nano import SPEED
from graphs.workflow.definition.load import load_workflow, loads
from graphs.workflow.definition.model import WorkflowDefinition
from graphs.workflow.definition.validate import check
from graphs.workflow.plan.plan import plan
from graphs.workflow.plan.types import Plan, StepPlan
from router.account.pricing import Prices, estimate_tokens
from router.errors import ConfigError
from router.policy.speed import HOSTED
from router.settings.budget import BudgetSettings
from router.settings.cloud import CloudSettings
from router.settings.models import ModelSettings, ModelsSettings
from router.settings.settings import Settings
from router.settings.shipped import config_path
from router.types.task import Privacy

KEY = {"OPENAI_API_KEY": "no key, nobody is asked"}


@pytest.fixture
def scripted(tmp_path: Path) -> Settings:
    """Local models of which nothing is known, and a cloud that takes 0.001 USD for a token of the
    prompt and 0.01 for one of the answer."""
    (tmp_path / "local.yaml").write_text("default_reply: hello\n")
    (tmp_path / "cloud.yaml").write_text("usd_per_token: [0.001, 0.01]\n")
    local = ModelSettings(script=tmp_path / "local.yaml")
    return Settings(
        models=ModelsSettings(general=local, coder=local),
        cloud=CloudSettings(script=tmp_path / "cloud.yaml"),
    )


def flow(steps: str, head: str = "") -> WorkflowDefinition:
    return check(loads(f"name: n\n{head}steps:\n{steps}"))


def planned(
    workflow: WorkflowDefinition,
    given: dict[str, Any] | None = None,
    settings: Settings | None = None,
    env: dict[str, str] | None = None,
) -> Plan:
    return plan(workflow, given or {}, settings=settings or Settings(), env=env or {})


def step(found: Plan, name: str) -> StepPlan:
    return next(one for one in found.steps if one.id == name)


HAND = """\
  - id: greet
    for_each: ${{ inputs.names }}
    agent: cloud
    system: "1234"
    prompt: ${{ item }}
    output: {schema: {type: object, properties: {a: {type: string, maxLength: 20}}}}
  - id: join
    agent: cloud
    system: "1234"
    prompt: ${{ join(steps.greet.output, '') }}
    output: {schema: {enum: [yes]}}
"""


def test_the_figures_are_those_that_a_person_computes(scripted: Settings) -> None:
    workflow = flow(HAND, "inputs: {names: {type: array}}\n")
    found = planned(workflow, {"names": ["abcd", "abcdefgh"]}, scripted)
    greet, join = found.steps
    # Prompts of 8 and 12 characters with `system`: 10 on average, 3 tokens. An answer
    # `{"a":"..."}` with half of 20 characters: 19, 5 tokens.
    assert (greet.times, greet.prompt_tokens, greet.completion_tokens) == (2, 3, 5)
    assert greet.each_usd == pytest.approx(3 * 0.001 + 5 * 0.01)
    assert greet.cost_usd == pytest.approx(2 * 0.053)
    # Two answers of 5 tokens are 40 characters, 4 of `system`: 11 tokens. `"yes"`: 2.
    assert (join.times, join.prompt_tokens, join.completion_tokens) == (1, 11, 2)
    assert join.cost_usd == pytest.approx(11 * 0.001 + 2 * 0.01)
    assert found.cost_usd == pytest.approx(0.106 + 0.031)
    assert found.most_usd is None
    first_s, second_s = HOSTED.answer_s(5), HOSTED.answer_s(2)
    assert found.seconds == pytest.approx(first_s + second_s, abs=0.002)
    assert (found.per_item_usd, found.unpriced, found.untimed) == ({}, (), ())
    assert found.warnings == ()


def test_items_one_after_another_take_longer_and_cost_the_same(scripted: Settings) -> None:
    given = {"names": ["abcd"] * 6}
    wide = flow(HAND, "inputs: {names: {type: array}}\n")
    narrow = flow(HAND.replace("agent: cloud", "max_parallel: 2\n    agent: cloud", 1),
                  "inputs: {names: {type: array}}\n")  # fmt: skip
    one, other = planned(wide, given, scripted), planned(narrow, given, scripted)
    assert one.cost_usd == other.cost_usd
    each_s = HOSTED.answer_s(5)
    assert step(one, "greet").seconds == pytest.approx(2 * each_s, abs=0.002)  # 4 at a time
    assert step(other, "greet").seconds == pytest.approx(3 * each_s, abs=0.002)


def test_a_list_that_is_not_known_is_told_by_the_item(scripted: Settings) -> None:
    found = planned(flow(HAND, "inputs: {names: {type: array}}\n"), {}, scripted)
    greet = step(found, "greet")
    assert (greet.times, greet.cost_usd, greet.seconds) == (None, None, None)
    assert greet.more == ("inputs.names",)
    assert found.per_item_usd == {"greet": greet.each_usd}
    assert found.cost_usd == step(found, "join").cost_usd
    assert found.not_given == ("names",)
    assert step(found, "join").more == ("steps.greet",)
    assert found.untimed == ("greet",)
    assert "`greet`: the list is known when it runs; figures are of one item" in found.warnings


PLACES = [
    ("agent: cloud", "cloud", 1.0),
    ("agent: coder, placement: cloud", "cloud", 1.0),
    ("agent: general", "here", 0.0),
    ("placement: local", "here", 0.0),
    ("privacy: local_only", "here", 0.0),
    ("agent: general, escalate: {to: cloud}", "here, then cloud", None),
    ("agent: auto", "here, then cloud", None),
]


@pytest.mark.parametrize(("keys", "place", "share"), PLACES, ids=[keys for keys, *_ in PLACES])
def test_who_may_be_asked_is_as_the_file_says(
    scripted: Settings, keys: str, place: str, share: float | None
) -> None:
    text = f"  - {{id: a, {keys}, prompt: Translate into Portuguese. Good morning}}\n"
    (one,) = planned(flow(text), {}, scripted).steps
    assert one.place == place
    assert one.cost_usd is not None
    if share is None:
        assert 0 < one.cloud_share < 1
        assert one.cost_usd > 0
        assert one.model
        assert one.cloud_model == "scripted-cloud"
    else:
        assert one.cloud_share == share
        assert (one.cost_usd > 0) is (share > 0)
    # Nothing is known of a scripted model's speed, and a cloud's is judged.
    assert (one.seconds is None) is (place != "cloud")


def test_what_may_escalate_costs_its_share_of_a_cloud_answer(scripted: Settings) -> None:
    keys = "system: x, prompt: 'Translate into Portuguese: good morning'"
    both = flow(
        f"  - {{id: a, agent: cloud, {keys}}}\n"
        f"  - {{id: b, agent: general, escalate: {{to: cloud}}, {keys}}}\n"
    )
    cloud, general = planned(both, {}, scripted).steps
    assert cloud.each_usd is not None
    assert general.each_usd == pytest.approx(cloud.each_usd * general.cloud_share, abs=2e-6)


def test_a_complex_prompt_of_an_auto_step_goes_to_the_cloud_by_the_policy(
    scripted: Settings,
) -> None:
    hard = "Prove rigorously that there are infinitely many primes congruent to 3 modulo 4."
    auto, named = planned(
        flow(f"  - {{id: a, prompt: {hard}}}\n  - {{id: b, agent: general, prompt: {hard}}}\n"),
        {},
        scripted,
    ).steps
    assert (auto.place, auto.who, auto.cloud_share) == ("cloud", "cloud", 1.0)
    assert "complexity" in auto.reason or "gain" in auto.reason
    assert (named.place, named.reason) == ("here", "no `escalate`")


MOST = [
    ("agent: cloud", None),
    ("agent: auto", None),
    ("agent: auto, privacy: local_only", 0.0),
    ("agent: auto, budget: {max_usd: 0.3}", 0.3),
    ("agent: general", 0.0),
    ("agent: general, budget: {max_usd: 0.3}", 0.0),
    ("agent: general, escalate: {to: cloud, max_usd: 0.1}", 0.1),
    ("agent: general, escalate: {to: cloud, max_usd: 0.1}, retry: 2", 0.3),
    ("agent: general, escalate: {to: cloud, max_usd: 0.1}, for_each: [1, 2]", 0.2),
    ("agent: general, escalate: {to: cloud, max_usd: 0.1}, for_each: 'range(inputs.n)'", 0.7),
]


@pytest.mark.parametrize(("keys", "most"), MOST, ids=[keys for keys, _ in MOST])
def test_the_most_is_what_budgets_allow_and_nothing_for_what_stays(
    scripted: Settings, keys: str, most: float | None
) -> None:
    workflow = flow(f"  - {{id: a, {keys}, prompt: hello}}\n", "inputs: {n: {type: integer}}\n")
    found = planned(workflow, {"n": 7}, scripted)
    assert found.steps[0].most_usd == (most if most is None else pytest.approx(most))
    assert found.most_usd == found.steps[0].most_usd


def test_a_budget_of_the_whole_bounds_what_its_steps_do_not(scripted: Settings) -> None:
    steps = "  - {id: a, agent: cloud, prompt: hello}\n"
    assert planned(flow(steps, "budget: {max_usd: 5}\n"), {}, scripted).most_usd == 5
    low = "  - {id: a, agent: cloud, prompt: hello, budget: {max_usd: 1}}\n"
    assert planned(flow(low, "budget: {max_usd: 5}\n"), {}, scripted).most_usd == 1


def test_what_is_decided_already_is_not_open(scripted: Settings) -> None:
    steps = (
        "  - {id: a, if: inputs.deep, agent: cloud, prompt: hello}\n"
        "  - {id: b, if: steps.a.status == 'skipped', agent: cloud, prompt: hello}\n"
        "  - {id: c, if: steps.b.output == 'x', agent: cloud, prompt: hello}\n"
        "  - {id: d, for_each: inputs.none, agent: cloud, prompt: hello}\n"
    )
    head = "inputs: {deep: {type: boolean, default: false}, none: {type: array, default: []}}\n"
    found = planned(flow(steps, head), {}, scripted)
    assert [(one.runs, one.times) for one in found.steps] == [
        ("no", 0), ("yes", 1), ("perhaps", 1), ("yes", 0),
    ]  # fmt: skip
    assert found.cost_usd == pytest.approx(2 * (step(found, "b").cost_usd or 0))
    deep = planned(flow(steps, head), {"deep": True}, scripted)
    assert [one.runs for one in deep.steps] == ["yes", "perhaps", "perhaps", "yes"]


def test_a_label_is_told_with_what_it_comes_from(scripted: Settings) -> None:
    workflow = flow(
        "  - {id: a, prompt: '${{ inputs.x }}'}\n"
        "  - {id: b, prompt: '${{ steps.a.output }}'}\n"
        "  - {id: c, prompt: hello}\n",
        "inputs: {x: {privacy: local_only}}\n",
    )
    one, two, three = planned(workflow, {"x": "hello"}, scripted).steps
    assert (one.label, one.label_reason) == (
        Privacy.LOCAL_ONLY, "reads `inputs.x`, which is local_only",
    )  # fmt: skip
    assert two.label_reason == "reads `steps.a`, which reads `inputs.x`, which is local_only"
    assert (three.label, three.label_reason) == (Privacy.PUBLIC, "")


def test_what_is_found_in_an_input_counts_as_in_a_run(scripted: Settings) -> None:
    workflow = flow(
        "  - {id: a, prompt: 'Say hello to ${{ inputs.x }}', agent: cloud}\n"
        "  - {id: b, prompt: '${{ steps.a.output }}', agent: cloud}\n"
        "  - {id: c, prompt: hello, agent: cloud}\n",
        "inputs: {x: {}}\n",
    )
    one, two, three = planned(workflow, {"x": "AKIAJ4KX2P7QWERTY3ZB"}, scripted).steps
    assert (one.label, one.cost_usd, one.most_usd) == (Privacy.LOCAL_ONLY, 0.0, 0.0)
    assert two.label is Privacy.LOCAL_ONLY
    assert two.label_reason == "reads `steps.a`, which reads `inputs.x`, which is local_only"
    assert three.label is Privacy.PUBLIC
    found = planned(workflow, {"x": "AKIAJ4KX2P7QWERTY3ZB"}, scripted)
    told = "`a`, `b`: answered in the cloud, and the text must not leave this machine"
    assert any(line.startswith(told) for line in found.warnings)


def test_a_known_prompt_is_counted_as_it_is_sent() -> None:
    workflow = load_workflow(config_path("workflows") / "document-questions.yaml")
    document, question = "A long text. " * 2000, "What is it?"
    found = planned(workflow, {"document": document, "question": question}, env=KEY)
    sent = (workflow.step("plan").prompt or "").replace("${{ inputs.question }}", question)
    system = len((Path("agents/prompts/cloud.md")).read_text("utf-8").strip())
    assert step(found, "plan").prompt_tokens == -(-(len(sent) + system) // 4)
    # 26,000 characters in pieces of at most 6,000, and an extract of each.
    assert step(found, "read").times == 5
    assert step(found, "answer").more == ()
    price = Prices.load().find("openai/gpt-5.4-mini")
    assert price is not None
    one = step(found, "plan")
    assert one.prompt_tokens
    assert one.completion_tokens
    assert one.cost_usd == pytest.approx(
        price.cost(one.prompt_tokens, one.completion_tokens, 0), abs=1e-6
    )
    assert estimate_tokens(sent) < one.prompt_tokens


SHIPPED: list[tuple[str, dict[str, str | None], list[str]]] = [
    ("code-review",
     {"review": "here", "second_look": "here", "mend": "cloud"},
     ["`second_look`: the list is known when it runs"]),
    ("document-questions",
     {"plan": "cloud", "read": "here", "answer": "cloud", "answer_here": "here"},
     ["`read`: the list is known"]),
    ("draft-and-polish",
     {"outline": "here", "draft": "here", "permission": None, "polish": "cloud"},
     ["`permission`: waits until a person says yes or no"]),
    ("extract-csv", {"rows": "here"}, ["`rows`: the list is known"]),
    ("summarise-folder",
     {"files": "here", "texts": "here", "summaries": None, "whole": "here"},
     ["`files`: there is no tool 'list_files'", "`texts`: there is no tool 'read_file'"]),
    ("summarise-text", {"parts": "here", "whole": "here"}, ["`parts`: the list is known"]),
    ("triage",
     {"facts": "here", "bug_report": "here", "replies": "here", "approval": None},
     ["`approval`: waits until a person says yes or no"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "places", "warnings"), SHIPPED, ids=[one[0] for one in SHIPPED])
def test_a_shipped_workflow_is_planned_without_any_input(
    name: str, places: dict[str, str | None], warnings: list[str]
) -> None:
    workflow = load_workflow(config_path("workflows") / f"{name}.yaml")
    found = planned(workflow, env=KEY)
    assert {one.id: one.place for one in found.steps} == places
    for beginning in warnings:
        assert any(line.startswith(beginning) for line in found.warnings), found.warnings
    assert (found.cost_usd > 0) is ("cloud" in places.values())
    assert found.cloud_absent == ""
    assert Plan.model_validate_json(found.to_json()) == found


def test_every_shipped_one_is_in_the_table() -> None:
    names = {path.stem for path in config_path("workflows").glob("*.yaml")}
    assert names == {name for name, *_ in SHIPPED}


def test_a_cloud_that_is_not_there_is_told_with_the_steps_that_want_it() -> None:
    workflow = load_workflow(config_path("workflows") / "document-questions.yaml")
    found = planned(workflow, {"question": "Why?"})
    assert found.cloud_absent == "no cloud key is set"
    assert found.cloud_model == "openai/gpt-5.4-mini"
    told = "`plan`, `answer`: answered in the cloud, and there is none (no cloud key is set)"
    assert any(line.startswith(told) for line in found.warnings)
    assert step(found, "plan").each_s is None


def test_a_workflow_that_is_called_is_planned_within(scripted: Settings, tmp_path: Path) -> None:
    (tmp_path / "inner.yaml").write_text(
        "name: inner\ninputs: {text: {}}\nsteps:\n"
        "  - {id: ask, agent: cloud, system: '1234', prompt: '${{ inputs.text }}',"
        " output: {schema: {enum: [yes]}}}\n"
        "outputs: {said: '${{ steps.ask.output }}'}\n"
    )
    (tmp_path / "outer.yaml").write_text(
        "name: outer\ninputs: {many: {type: array}}\nsteps:\n"
        "  - {id: each, for_each: '${{ inputs.many }}', workflow: inner.yaml,"
        " inputs: {text: abcdefgh}}\n"
        "  - {id: last, agent: cloud, system: '1234', prompt: '${{ steps.each.output.*.said }}',"
        " output: {schema: {enum: [yes]}}}\n"
    )
    workflow = check(load_workflow(tmp_path / "outer.yaml"))
    found = planned(workflow, {"many": [1, 2, 3]}, scripted)
    each = step(found, "each")
    assert each.called is not None
    assert each.called.steps[0].prompt_tokens == 3
    assert (each.times, each.cost_usd) == (3, pytest.approx(3 * 0.023))
    # Three answers of 8 characters, and 4 of `system`: 7 tokens.
    assert step(found, "last").prompt_tokens == 7
    open_list = planned(workflow, {}, scripted)
    assert open_list.per_item_usd == {"each": pytest.approx(0.023)}


NOT_ENOUGH = [
    ("agent: cloud, budget: {max_usd: 0.0001}",
     "expected to cost", BudgetSettings()),
    ("agent: general, escalate: {to: cloud, max_usd: 0.0001}",
     "`escalate.max_usd` is 0.0001", BudgetSettings()),
    ("agent: cloud", "`budget.task_usd` of the configuration is 0.0001",
     BudgetSettings(task_usd=0.0001)),
]  # fmt: skip


@pytest.mark.parametrize(("keys", "told", "budget"), NOT_ENOUGH)
def test_money_that_will_not_suffice_is_told(
    scripted: Settings, keys: str, told: str, budget: BudgetSettings
) -> None:
    settings = scripted.model_copy(update={"budget": budget})
    found = planned(flow(f"  - {{id: a, {keys}, prompt: hello}}\n"), {}, settings)
    assert any(line.startswith("`a`: ") and told in line for line in found.warnings), found.warnings
    whole = flow("  - {id: a, agent: cloud, prompt: hello}\n", "budget: {max_usd: 0.0001}\n")
    assert any("n is expected to cost" in line for line in planned(whole, {}, scripted).warnings)


def test_a_price_that_nobody_knows_is_not_taken_for_nothing() -> None:
    settings = Settings(cloud=CloudSettings(model="openai/some-model-of-tomorrow"))
    found = planned(flow("  - {id: a, agent: cloud, prompt: hello}\n"), {}, settings, KEY)
    assert (found.steps[0].each_usd, found.steps[0].cost_usd) == (None, None)
    assert found.unpriced == ("a",)
    assert any("no price is known of openai/some-model-of-tomorrow" in w for w in found.warnings)


def test_the_time_of_the_shipped_specialist_is_as_it_was_measured() -> None:
    workflow = flow("  - {id: a, agent: general, prompt: 'Convert to ISO: March 7, 2026'}\n")
    (one,) = planned(workflow).steps
    assert one.completion_tokens is not None
    assert one.seconds == pytest.approx(SPEED.answer_s(one.completion_tokens), abs=0.001)
    assert planned(workflow).warnings == ()


def test_a_wait_takes_what_it_says_and_a_person_nobody_knows_how_long() -> None:
    found = planned(
        flow("  - {id: a, wait: {seconds: 90}}\n  - {id: b, approve: {message: may I}}\n")
    )
    assert (found.seconds, found.untimed) == (90, ("b",))
    assert found.warnings == ("`a`: waits 90 s", "`b`: waits until a person says yes or no")


def test_what_would_fail_when_it_runs_is_told_and_the_rest_is_planned(scripted: Settings) -> None:
    workflow = flow(
        "  - {id: a, for_each: 'fromJson(inputs.x)', agent: cloud, prompt: hello}\n"
        "  - {id: b, agent: cloud, prompt: hello}\n",
        "inputs: {x: {}}\n",
    )
    for given, why in (("{", "it is no JSON"), ("3", "`for_each` wants a list, found int")):
        found = planned(workflow, {"x": given}, scripted)
        assert any(line.startswith("`a`: it cannot be planned") and why in line
                   for line in found.warnings), found.warnings  # fmt: skip
        assert found.unpriced == ("a",)
        assert step(found, "b").cost_usd


@pytest.mark.parametrize("value", ["\udcff", "x" * 1_100_000], ids=["no UTF-8", "too long"])
def test_texts_that_no_task_takes_are_planned_all_the_same(scripted: Settings, value: str) -> None:
    workflow = flow("  - {id: a, agent: cloud, prompt: '${{ inputs.x }}'}\n", "inputs: {x: {}}\n")
    found = planned(workflow, {"x": value}, scripted)
    assert found.steps[0].prompt_tokens
    assert any("the limit is" in line for line in found.warnings) is (len(value) > 1_000_000)


WRONG = [
    ({"x": 3}, "the input `x`: string is wanted, found int"),
    ({"y": "a"}, "n has no input `y`: it has x"),
]


@pytest.mark.parametrize(("given", "message"), WRONG)
def test_inputs_that_are_wrong_are_refused_as_by_a_run(given: dict[str, Any], message: str) -> None:
    workflow = flow("  - {id: a, prompt: '${{ inputs.x }}'}\n", "inputs: {x: {}}\n")
    with pytest.raises(ConfigError, match=message):
        planned(workflow, given)
