"""What is told of a workflow before it runs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from graphs.workflow.definition.bind import bind_inputs
from graphs.workflow.definition.labels import labels
from graphs.workflow.definition.load import load_workflow, loads
from graphs.workflow.definition.order import circle, needs, reads, waves
from graphs.workflow.definition.problems import WorkflowError
from graphs.workflow.definition.validate import check, problems_of
from graphs.workflow.picture.mermaid import to_mermaid
from router.errors import ConfigError
from router.settings.shipped import config_path
from router.types.task import Privacy

FACTS = """\
  - id: facts
    prompt: x
    output:
      schema:
        type: object
        properties:
          kind: {enum: [bug, question]}
          score: {type: number}
          names: {type: array, items: {type: string}}
          people: {type: array, items: {type: object, properties: {age: {type: integer}}}}
          more: {type: object, additionalProperties: true, properties: {a: {type: string}}}
          maybe: {type: [string, "null"]}
"""


def told(text: str, base: Path | None = None) -> list[str]:
    return [str(problem) for problem in problems_of(loads(text, base))]


def flow(steps: str, head: str = "") -> str:
    return f"name: n\n{head}steps:\n{steps}"


def after_facts(keys: str) -> str:
    """Two steps; the keys of the second stand from line 16, column 5."""
    body = keys if "prompt:" in keys else f"{keys}\nprompt: x"
    return flow(FACTS + "  - id: s\n    " + body.replace("\n", "\n    ") + "\n")


def prompt(expression: str) -> str:
    return after_facts(f'prompt: "${{{{ {expression} }}}}"')


WRONG = [
    # Names.
    (flow("  - {id: a, prompt: x}\n  - {id: a, prompt: y}\n"),
     ":4:6: steps.a.id: a step `a` is there already, in line 3"),
    (flow("  - {id: a, prompt: x, needs: [b]}\n"),
     ":3:32: steps.a.needs.0: unknown step `b`: known are a"),
    (after_facts("needs: [fcats]"), "unknown step `fcats` (did you mean `facts`?)"),
    (flow("  - {id: a, prompt: x, needs: [a]}\n"), "a step cannot wait for itself"),
    (prompt("steps.fact.output"),
     ":16:18: steps.s.prompt: unknown step `fact` (did you mean `facts`?)"),
    (prompt("inputs.x"), "unknown input `x`: known are none"),
    (flow("  - {id: a, prompt: x, verify: {test_code: '${{ inputs.x }}'}}\n"),
     ":3:49: steps.a.verify.test_code: unknown input `x`: known are none"),
    (flow("  - {id: a, prompt: x, verify: {test_code: '${{ inputs.x }}'}, escalate: {to: cloud}}\n",
          "inputs: {x: {privacy: local_only}}\n"),
     "the step escalates to the cloud and reads `inputs.x`, which is local_only"),
    (flow("  - {id: a, prompt: '${{ inputs.tikcet }}'}\n", "inputs: {ticket: {}}\n"),
     "unknown input `tikcet` (did you mean `ticket`?)"),
    (flow("  - {id: a, prompt: x}\noutputs: {r: ['${{ steps.b.output }}']}\n"),
     ":4:20: outputs.r.0: unknown step `b`: known are a"),
    # Circles.
    (flow("  - {id: a, prompt: x, needs: [b]}\n  - {id: b, prompt: x, needs: [a]}\n"),
     ":3:6: steps.a.id: these steps wait for each other: `a` waits for `b` waits for `a`"),
    (flow("  - {id: a, prompt: '${{ steps.b.output }}'}\n  - {id: b, prompt: x}\n"),
     "Without `needs` a step waits for the one above it: change the order"),
    (flow("  - {id: a, prompt: '${{ steps.a.output }}'}\n"),
     "the step reads itself, before it has run"),
    # Types.
    (after_facts("for_each: ${{ steps.facts.output.kind }}"),
     ":16:5: steps.s.for_each: `for_each` wants a list, found string: make one with split(..."),
    (after_facts("for_each: steps.facts.output"), "`for_each` wants a list, found object"),
    (flow("  - {id: a, prompt: x}\n  - {id: b, for_each: steps.a.output, prompt: x}\n"),
     "`for_each` wants a list, found string"),
    (after_facts("if: steps.facts.output.score == 'high'"),
     ":16:34: steps.s.if: these can never be equal: number and string"),
    (after_facts("if: steps.facts.output.kind == 'bgu'"),
     "this is never `bgu` (did you mean `bug`?): it is bug, question"),
    (after_facts("if: steps.facts.output.kind in ['bug', 'bill']"), "this is never `bill`"),
    (after_facts("if: steps.facts.output.score > 'a'"), "cannot compare number with string"),
    (after_facts("if: 3 in steps.facts.output.names"), "a list of string never holds a number"),
    (after_facts("if: steps.facts.status == 'success'"),
     "this is never `success`: it is done, skipped"),
    (prompt("steps.facts.output.knid"),
     "there is no `knid` (did you mean `kind`?): known are kind"),
    (prompt("steps.facts.output.kind.x"), "a string has no keys"),
    (prompt("steps.facts.output.names.first"),
     "a list is read by number: `.*.first` reads it in every"),
    (prompt("steps.facts.output.people.*.aeg"), "there is no `aeg` (did you mean `age`?)"),
    (prompt("steps.facts.output.score.*.a"), "`.*` wants a list, found number"),
    (prompt("steps.facts.output.score + 'a'"), "cannot add number and string: write string(...)"),
    (prompt("steps.facts.output.kind * 2"), "`*` wants numbers, found string"),
    (prompt("-steps.facts.output.kind"), "`-` wants a number, found string"),
    (prompt("upper(steps.facts.output.score)"), "`upper` takes string as argument 1, found number"),
    (prompt("item"), "`item` is known inside a step with `for_each` only"),
    (after_facts("for_each: steps.facts.output.names\nprompt: ${{ item.name }}"),
     ":17:21: steps.s.prompt: a string has no keys"),
    (after_facts("for_each: steps.facts.output.people\nif: item.age > 3"),
     "`item` is known inside a step with `for_each` only"),
    (after_facts("for_each: [{a: 1}]\nprompt: ${{ item.b }}"), "there is no `b`: known are a"),
    (flow("  - {id: a, prompt: x}\n  - {id: b, prompt: '${{ steps.a.output.x }}'}\n"),
     "a string has no keys: has the step an `output.schema`?"),
    (flow("  - {id: a, approve: {message: x}}\n"
          "  - {id: b, if: steps.a.output.aproved, prompt: x}\n"),
     "there is no `aproved` (did you mean `approved`?)"),
    (flow("  - {id: a, prompt: x, if: inputs.tone == 'loud'}\n",
          "inputs: {tone: {enum: [kind, short]}}\n"),
     "this is never `loud`: it is kind, short"),
    # Steps that never run, and words that are no expressions.
    (after_facts("if: false"), ":16:5: steps.s.if: the step never runs: this is always false"),
    (after_facts("if: 1 > 2 or ''"), "the step never runs: this is always false"),
    (after_facts("for_each: []"), "the step never runs: the list is empty"),
    (after_facts("for_each: range(0)"), "the step never runs: the list is empty"),
    (after_facts("if: true and steps.facts.status == 'failed'"),
     "the step never runs: when `facts` fails, so does the workflow"),
    (after_facts("prompt: a {{ steps.facts.output }}"),
     "`{{ steps.facts.output }}` stays as it is: an expression is `${{ steps.facts.output }}`"),
    (after_facts("prompt: a $inputs.x"), "an expression is `${{ inputs.x }}`"),
    # Privacy.
    (flow("  - {id: a, prompt: x, agent: cloud, privacy: local_only}\n"),
     ":3:24: steps.a.agent: local_only text would leave: the step is answered in the cloud and is "
     "local_only itself"),
    (flow("  - {id: a, prompt: x, privacy: local_only}\n"
          "  - {id: b, prompt: '${{ steps.a.output }}', placement: cloud}\n"),
     "steps.b.placement: local_only text would leave: the step is answered in the cloud and reads "
     "`steps.a`, which is local_only"),
    (flow("  - {id: a, prompt: x, privacy: local_only}\n"
          "  - {id: b, prompt: '${{ steps.a.output }}'}\n"
          "  - {id: c, for_each: ['${{ steps.b.output }}'], "
          "tool: t, arguments: {a: '${{ item }}'}}\n"
          "  - {id: d, system: '${{ steps.c.output }}', prompt: x, escalate: {to: cloud}}\n"),
     "the step escalates to the cloud and reads `steps.c`, which reads `steps.b`, which reads "
     "`steps.a`, which is local_only"),
    (flow("  - {id: a, prompt: '${{ inputs.x }}', agent: cloud}\n",
          "inputs: {x: {privacy: local_only}}\n"),
     "reads `inputs.x`, which is local_only"),
    # Budgets.
    (flow("  - {id: a, prompt: x, agent: cloud, budget: {max_usd: 0.3}}\n"
          "  - {id: b, prompt: x, escalate: {to: cloud, max_usd: 0.1}, for_each: [1, 2, 3]}\n",
          "budget: {max_usd: 0.5}\n"),
     ":2:10: budget.max_usd: it cannot suffice: the steps may spend 0.6 USD together (a 0.3,"),
    (flow("  - {id: a, prompt: x, agent: cloud}\n", "budget: {max_usd: 0}\n"),
     "a budget of nothing, and `a` is answered in the cloud"),
    (flow("  - {id: a, prompt: x, agent: cloud, budget: {max_usd: 0}}\n"), "may spend nothing"),
    (flow("  - {id: a, prompt: x, escalate: {to: cloud, max_usd: 2}, budget: {max_usd: 1}}\n"),
     "one answer may cost 2 USD, the whole step 1"),
    # Files.
    (after_facts("output: {schema: no.json}"),
     ":16:14: steps.s.output.schema: there is no file no.json in"),
    (after_facts("verify: {tests: tests/no.py}"), "there is no file tests/no.py in"),
    (after_facts("verify: {command: [./no.sh]}"), "there is no file ./no.sh in"),
    (after_facts("verify: {schema: {type: strin}}"),
     "steps.s.verify.schema: no JSON Schema at type"),
    (flow("  - {id: a, workflow: no.yaml}\n"), "there is no file no.yaml in"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), WRONG)
def test_a_mistake_is_told_before_anything_runs(tmp_path: Path, text: str, expected: str) -> None:
    found = told(text, tmp_path)
    assert any(expected in line for line in found), found
    assert len(found) == 1, found


RIGHT = [
    after_facts("if: steps.facts.output.kind == 'bug' and steps.facts.output.maybe != null"),
    after_facts("if: default(steps.facts.output.maybe, '') != '' or steps.facts.output.more.any"),
    after_facts("for_each: compact(steps.facts.output.people.*.age)\nprompt: ${{ item + index }}"),
    after_facts("for_each: chunks('long', 100)\nprompt: ${{ upper(item) }}"),
    after_facts("for_each: ['${{ steps.facts.output.kind }}', x]\nprompt: ${{ item }}"),
    after_facts("prompt: 'a {{ mustache }} and ${HOME} and $x'"),
    flow(
        "  - {id: a, prompt: x, privacy: local_only}\n"
        "  - {id: b, if: steps.a.output == 'yes', prompt: x, agent: cloud}\n"
    ),
    flow("  - {id: a, tool: t}\n  - {id: b, for_each: '${{ steps.a.output.x }}', prompt: x}\n"),
    flow("  - {id: a, prompt: x, agent: cloud, budget: {max_usd: 1}}\n", "budget: {max_usd: 1}\n"),
    flow(
        "  - {id: a, prompt: x, continue_on_error: true}\n"
        "  - {id: b, if: steps.a.status == 'failed', prompt: x}\n"
    ),
]


@pytest.mark.parametrize("text", RIGHT)
def test_what_may_be_meant_is_not_told(text: str, tmp_path: Path) -> None:
    assert told(text, tmp_path) == []


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)


def test_a_workflow_that_is_called_is_checked_with_what_it_is_given(tmp_path: Path) -> None:
    write(
        tmp_path,
        main=flow(
            "  - {id: a, prompt: x, output: {schema: {type: number}}}\n"
            "  - id: call\n    workflow: sub.yaml\n"
            "    inputs: {txt: x, many: '${{ steps.a.output }}'}\n"
            "  - {id: b, prompt: '${{ steps.call.output.sumary }}'}\n"
        ),
        sub=flow(
            "  - {id: a, prompt: '${{ inputs.text }} ${{ inputs.textt }}'}\n"
            "outputs: {summary: '${{ steps.a.output }}'}\n",
            "inputs: {text: {}, many: {type: array, default: []}}\n",
        ),
    )
    found = [
        str(one).replace(f"{tmp_path}/", "")
        for one in problems_of(load_workflow(tmp_path / "main.yaml"))
    ]
    assert [line.partition(": known")[0] for line in found] == [
        "main.yaml:5:5: steps.call.workflow: sub.yaml wants the input `text` (string): "
        "it is missing",
        "main.yaml:6:14: steps.call.inputs.txt: sub.yaml has no input `txt` (did you mean "
        "`text`?): it has text, many",
        "main.yaml:6:22: steps.call.inputs.many: sub.yaml takes array, found number",
        "main.yaml:7:43: steps.b.prompt: there is no `sumary` (did you mean `summary`?)",
        "sub.yaml:4:45: steps.a.prompt: unknown input `textt` (did you mean `text`?)",
    ]


def test_local_only_text_does_not_leave_through_a_workflow_that_is_called(tmp_path: Path) -> None:
    write(
        tmp_path,
        main=flow(
            "  - {id: a, prompt: x, privacy: local_only}\n"
            "  - {id: call, workflow: sub.yaml, inputs: {text: '${{ steps.a.output }}'}}\n"
        ),
        clean=flow("  - {id: call, workflow: sub.yaml, inputs: {text: hello}}\n"),
        sub=flow(
            "  - {id: s, agent: cloud, prompt: '${{ inputs.text }}'}\n", "inputs: {text: {}}\n"
        ),
    )
    (leak,) = problems_of(load_workflow(tmp_path / "main.yaml"))
    assert leak.file.endswith("sub.yaml")
    assert "reads `inputs.text`" in leak.message or "reads `steps.a`" in leak.message
    assert problems_of(load_workflow(tmp_path / "clean.yaml")) == ()


def test_what_a_called_workflow_gives_keeps_its_label(tmp_path: Path) -> None:
    write(
        tmp_path,
        main=flow(
            "  - {id: call, workflow: sub.yaml}\n"
            "  - {id: sky, agent: cloud, prompt: '${{ steps.call.output.r }}'}\n"
        ),
        sub=flow(
            "  - {id: s, prompt: x, privacy: local_only}\noutputs: {r: '${{ steps.s.output }}'}\n"
        ),
    )
    (leak,) = problems_of(load_workflow(tmp_path / "main.yaml"))
    assert leak.where == "steps.sky.agent"
    assert "reads `steps.call`, which reads `steps.s`, which is local_only" in leak.message


def test_a_workflow_that_calls_itself_is_told(tmp_path: Path) -> None:
    write(
        tmp_path,
        a=flow("  - {id: s, workflow: b.yaml}\n"),
        b=flow("  - {id: s, workflow: ./a.yaml}\n"),
    )
    (one,) = problems_of(load_workflow(tmp_path / "a.yaml"))
    assert one.message == "the workflow calls itself: a.yaml calls b.yaml calls a.yaml"


def test_mistakes_of_a_called_file_are_told_in_that_file(tmp_path: Path) -> None:
    write(tmp_path, a=flow("  - {id: s, workflow: b.yaml}\n"), b="name: 3\n")
    found = [str(one) for one in problems_of(load_workflow(tmp_path / "a.yaml"))]
    assert "steps.s.workflow: b.yaml has mistakes of its own" in found[0]
    assert f"{tmp_path}/b.yaml:1:1: name: a text is wanted" in found[1]


def test_a_budget_of_a_called_workflow_counts(tmp_path: Path) -> None:
    write(
        tmp_path,
        a=flow("  - {id: s, workflow: b.yaml, budget: {max_usd: 1}}\n"),
        b=flow("  - {id: s, prompt: x}\n", "budget: {max_usd: 2}\n"),
    )
    (one,) = problems_of(load_workflow(tmp_path / "a.yaml"))
    assert one.message == "it cannot suffice: b.yaml may spend 2 USD, this step 1"


@pytest.mark.parametrize("text", ["{", "[1]", '{"type": "strin"}', "\udcff"])
def test_a_schema_file_is_a_schema(tmp_path: Path, text: str) -> None:
    (tmp_path / "s.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    (line,) = told(flow("  - {id: a, prompt: x, output: {schema: s.json}}\n"), tmp_path)
    assert "steps.a.output.schema: " in line


def test_the_keys_of_a_schema_file_are_known(tmp_path: Path) -> None:
    schema = {"$ref": "#/$defs/t", "$defs": {"t": {"type": "object", "properties": {"a": {}}}}}
    (tmp_path / "s.json").write_text(json.dumps(schema))
    steps = "  - {id: a, prompt: x, output: {schema: s.json}}\n"
    assert told(flow(steps + "  - {id: b, prompt: '${{ steps.a.output.a }}'}\n"), tmp_path) == []
    (line,) = told(flow(steps + "  - {id: b, prompt: '${{ steps.a.output.b }}'}\n"), tmp_path)
    assert "there is no `b`: known are a" in line


def test_check_gives_the_workflow_or_raises_everything() -> None:
    good = loads(flow("  - {id: a, prompt: x}\n"))
    assert check(good) is good
    with pytest.raises(WorkflowError) as caught:
        check(loads(flow("  - {id: a, prompt: '${{ inputs.x }} ${{ inputs.y }}'}\n")))
    assert len(caught.value.problems) == 2


def ids(groups: Iterable[Iterable[str]]) -> list[str]:
    return ["".join(group) for group in groups]


def test_steps_run_in_the_order_of_the_file_or_of_their_needs() -> None:
    in_order = flow("".join(f"  - {{id: {name}, prompt: x}}\n" for name in "abc"))
    assert ids(waves(loads(in_order))) == ["a", "b", "c"]
    named = flow(
        "  - {id: a, prompt: x}\n  - {id: b, prompt: x, needs: []}\n"
        "  - {id: c, prompt: x, needs: [a]}\n"
        "  - {id: d, prompt: '${{ steps.b.output }}', needs: []}\n"
        "  - {id: e, prompt: x, if: steps.c.output == 'x'}\n"
    )
    assert ids(waves(loads(named))) == ["ab", "cd", "e"]
    assert needs(loads(named))["e"] == ("c", "d")
    assert circle(loads(named)) == ()


def test_labels_spread_through_what_is_read_and_not_through_what_is_decided() -> None:
    workflow = loads(
        flow(
            "  - {id: a, prompt: x, privacy: internal}\n"
            "  - {id: b, prompt: '${{ steps.a.output }}'}\n"
            "  - {id: c, prompt: x, if: steps.b.output == 'x'}\n"
        )
    )
    assert labels(workflow) == {
        "a": Privacy.INTERNAL,
        "b": Privacy.INTERNAL,
        "c": Privacy.PUBLIC,
    }


SHIPPED = sorted(config_path("workflows").glob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_workflow_has_no_mistake(path: Path) -> None:
    workflow = check(load_workflow(path))
    assert workflow.description
    assert sum(len(wave) for wave in waves(workflow)) == len(workflow.steps)


def test_there_are_the_workflows_that_are_promised() -> None:
    assert {path.stem for path in SHIPPED} == {
        "document-questions",
        "triage",
        "code-review",
        "summarise-folder",
        "summarise-text",
        "extract-csv",
        "draft-and-polish",
    }


def test_only_the_plan_and_extracts_of_a_document_are_read_in_the_cloud() -> None:
    workflow = load_workflow(config_path("workflows") / "document-questions.yaml")
    for step in workflow.steps:
        if step.may_use_cloud:
            assert "document" not in reads(step).data.inputs
        elif "document" in reads(step).data.inputs:
            assert step.placement == "local"


def test_a_chart_shows_steps_arrows_labels_and_nothing_that_breaks_it() -> None:
    drawn = to_mermaid(
        loads(
            flow(
                "  - {id: end, prompt: x, privacy: local_only}\n"
                "  - {id: b, prompt: '${{ steps.end.output }}', "
                'if: \'steps.end.output != "<b>\\"]"\'}\n'
                "  - {id: c, prompt: x, agent: cloud, for_each: [1, 2]}\n"
                "  - {id: d, approve: {message: x}}\n"
            )
        )
    )
    assert drawn.startswith("flowchart TD\n")
    assert 's_end["<b>end</b><br/>auto"]' in drawn
    assert "s_end --> s_b" in drawn
    assert "s_b -.-> s_c" in drawn
    assert 's_d{{"<b>d</b><br/>approve"}}' in drawn
    assert "class s_end,s_b local_only" in drawn
    assert "class s_c cloud" in drawn
    assert "for each: 2 items" in drawn
    assert '#60;b#62;#92;#34;#93;#34;"]' in drawn


GIVEN = loads(
    flow(
        "  - {id: a, prompt: x}\n",
        "inputs:\n  ticket: {description: the mail}\n  many: {type: array, default: [1]}\n"
        "  count: {type: integer, enum: [1, 2], required: false}\n",
    )
)


def test_inputs_are_completed_and_read_as_their_types() -> None:
    assert bind_inputs(GIVEN, {"ticket": "t"}) == {"ticket": "t", "many": [1], "count": None}
    texts = {"ticket": "12", "many": '["a"]', "count": "2"}
    found = bind_inputs(GIVEN, texts, from_text=True)
    assert found == {"ticket": "12", "many": ["a"], "count": 2}
    long = "x" * 3_000_000
    assert bind_inputs(GIVEN, {"ticket": long})["ticket"] == long


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "the input `ticket` (the mail) is missing; its type is string"),
        (
            {"tiket": "t"},
            "n has no input `tiket` (did you mean `ticket`?): it has ticket,",
        ),
        ({"ticket": 3}, "the input `ticket`: string is wanted, found int"),
        ({"ticket": "t", "many": [object()]}, "object is no plain data"),
        ({"ticket": "t", "count": 3}, "'3' is none of 1, 2"),
        ({"ticket": "t", "count": True}, "integer is wanted, found bool"),
    ],
)
def test_a_wrong_input_is_told(given: dict[str, object], expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        bind_inputs(GIVEN, given)
    assert expected in str(caught.value)


def test_a_wrong_input_from_a_command_line_is_told() -> None:
    with pytest.raises(ConfigError, match="array is wanted, found 'a, b'"):
        bind_inputs(GIVEN, {"ticket": "t", "many": "a, b"}, from_text=True)


def test_the_largest_file_is_checked_in_seconds(tmp_path: Path) -> None:
    parts = {f"k{number}": {"$ref": "#/$defs/n"} for number in range(30)}
    nested = {"$ref": "#/$defs/n", "$defs": {"n": {"type": "object", "properties": parts}}}
    (tmp_path / "s.json").write_text(json.dumps(nested))
    for name, called in (("a", "b"), ("b", "c"), ("c", "d")):
        steps = "".join(
            f"  - {{id: s{number}, workflow: {called}.yaml, "
            "inputs: {x: '${{ inputs.y }}'}}\n"
            for number in range(100)
        )
        write(tmp_path, **{name: flow(steps)})
    steps = "".join(
        f"  - {{id: s{number}, prompt: '${{{{ steps.s{number - 1}.output.k1.k2.no }}}}', "
        "output: {schema: s.json}}\n"
        for number in range(1, 200)
    )
    write(tmp_path, d=flow("  - {id: s0, prompt: x, output: {schema: s.json}}\n" + steps))
    began = time.thread_time()
    assert len(problems_of(load_workflow(tmp_path / "a.yaml"))) > 500
    assert time.thread_time() - began < 20
