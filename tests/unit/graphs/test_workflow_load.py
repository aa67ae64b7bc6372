"""Workflow files: what is read, and what a person is told about each of many mistakes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphs.workflow.definition.load import load_workflow, loads
from graphs.workflow.definition.model import WorkflowDefinition
from graphs.workflow.definition.problems import WorkflowError
from graphs.workflow.definition.validate import problems_of
from router.errors import ConfigError
from router.settings.shipped import config_path

GOOD = """\
name: triage
description: sorts a ticket
inputs:
  ticket: {type: string}
  tone: {type: string, enum: [kind, short], default: kind}
budget: {max_usd: 0.5}
steps:
  - id: facts
    agent: general
    prompt: "Extract the facts of: ${{ inputs.ticket }}"
    output:
      schema:
        type: object
        properties:
          problem: {enum: [bug, question]}
          questions: {type: array, items: {type: string}}
    privacy: local_only
    retry: 2
    timeout_s: 60
  - id: replies
    needs: [facts]
    if: ${{ steps.facts.output.problem == 'question' }}
    for_each: ${{ steps.facts.output.questions }}
    max_parallel: 8
    prompt: |
      Answer in a ${{ inputs.tone }} way:
      ${{ item }}
    placement: local
  - id: ok
    approve: {message: "Send ${{ len(steps.replies.output) }} replies?"}
  - id: rest
    wait: {seconds: 3}
outputs:
  replies: ${{ steps.replies.output }}
"""


def step(text: str) -> str:
    """A workflow of one step, whose keys stand from line 3, column 5."""
    return "name: n\nsteps:\n  - id: s\n    " + text.replace("\n", "\n    ") + "\n"


MISTAKES = [
    # The file as such.
    ("", "1:1: a workflow has keys and values, such as `name` and `steps`; found nothing"),
    ("- a\n- b\n", "1:1: a workflow has keys and values, such as `name` and `steps`; found a list"),
    ("name: n\nsteps: [\n", "3:1: not valid YAML"),
    ("name: n\n\tsteps: []\n", "2:1: not valid YAML: found character '\\t' that cannot start any "
     "token: indent with spaces, YAML knows no tabs"),
    ("name: a: b\n", "1:8: not valid YAML: mapping values are not allowed here: a text with `: ` "
     "in it stands in quotes or under `|`"),
    ("name: n\n---\nname: m\n", "2:1: not valid YAML: but found another document: a workflow is o"),
    ("name: n\nname: m\n", "2:1: `name` is given twice, first in line 1"),
    ("name: !!python/object:os.system x\n", "1:7: the tag `tag:yaml.org,2002:python/object:os.sys"),
    ("name: *n\n", "1:7: not valid YAML: found undefined alias 'n': an anchor (`&name`) comes bef"),
    ("name: &n [*n]\n", "the anchor holds itself"),
    ("a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
        f"{after}: &{after} [{','.join(f'*{before}' for _ in range(10))}]\n"
        for before, after in ("ab", "bc", "cd", "de", "ef")
    ), "with its anchors the file has over 50,000 values"),
    ("a: " + "[" * 5000, "more than 40 levels deep"),
    ("name: n\nsteps: [{id: a, prompt: \0}]\n", "2:25: a character that no text has: '\\x00'"),
    ('name: "\\UFFFFFFFF"\n', "not valid YAML"),
    ("name: n\n? [a]\n: b\n", "2:3: a key is a word, not a list or a mapping"),
    ("name: n\nsteps: &s\n  - <<: [1]\n", "3:10: `<<` takes the anchor of a mapping"),
    # Keys.
    ("steps: [{id: a, prompt: x}]\n", "1:1: name: `name` is missing"),
    ("name: n\n", "1:1: steps: `steps` is missing"),
    ("name: n\nsteps: []\n", "2:1: steps: at least one is wanted"),
    ("name: n\nsteps: {id: a}\n", "2:1: steps: a list is wanted, found keys and values"),
    ("name: n\nsteps: [a]\n", "2:9: steps.0: keys and values are wanted, found 'a'"),
    ("name: n\non: push\nsteps: [{id: a, prompt: x}]\n",
     "2:1: on: unknown key `on` (a workflow is started by whoever runs it)"),
    ("name: n\nstep: [{id: a, prompt: x}]\n", "2:1: step: unknown key `step` (did you mean `steps"),
    (step("promt: x"), "4:5: steps.s.promt: unknown key `promt` (did you mean `prompt`?); known k"),
    (step("prompt: x\nforeach: [1]"), "5:5: steps.s.foreach: unknown key `foreach` (did you mean "
     "`for_each`?)"),
    (step("prompt: x\ntimeout-minutes: 3"), "(write `timeout_s`, in seconds)"),
    (step("run: ls"), "(commands are run by a tool, or by `verify: {command: [...]}`)"),
    (step("prompt: x\ndepends_on: [a]"), "(write `needs`)"),
    (step("prompt: x\nescalate: {max_usd: 1}"), "5:5: steps.s.escalate.to: `to` is missing"),
    (step("prompt: x\nverify: {test: a.py}"), "5:14: steps.s.verify.test: unknown key `test` (did "
     "you mean `tests`?); known keys: tests, test_code, command, schema"),
    ("name: n\ninputs: {a: {typ: string}}\nsteps: [{id: a, prompt: x}]\n",
     "2:14: inputs.a.typ: unknown key `typ` (did you mean `type`?)"),
    # Values.
    (step("prompt:"), "4:5: steps.s.prompt: `prompt` is empty: write its value, or take the line"),
    (step("prompt: x\nif:"), "5:5: steps.s.if: `if` is empty"),
    (step("prompt: 3"), "4:5: steps.s.prompt: a text is wanted: put it in quotes, found 3"),
    (step("prompt: x\nagent: genral"), "5:5: steps.s.agent: input should be 'general', 'coder', "
     "'auto' or 'cloud', found 'genral' (did you mean `general`?)"),
    (step("prompt: x\ncontinue_on_error: yes"), "write true or false, found 'yes'"),
    (step("prompt: x\nprivacy: private"), "steps.s.privacy: input should be 'public', 'internal'"),
    (step("prompt: x\nretry: 1.5"), "steps.s.retry: a whole number is wanted, found 1.5"),
    (step("prompt: x\nretry: 100"), "less than or equal to 10, found 100"),
    (step("prompt: x\ntimeout_s: 0"), "greater than 0, found 0"),
    (step("prompt: x\nbudget: {max_usd: -1}"), "5:14: steps.s.budget.max_usd: input should be gre"),
    (step("prompt: x\nneeds: a"), "5:5: steps.s.needs: a list is wanted, found 'a'"),
    (step("prompt: x\noutput: {schema: 3}"), "the name of a file, or keys and values, are wanted"),
    (step("prompt: x\noutput: {schema: '${{ inputs.x }}'}"), "the name of a file is fixed"),
    ("name: n\nsteps: [{id: my-step, prompt: x}]\n", "2:10: steps.my-step.id: a name is letters, "
     "digits and _, and no digit first: write `my_step`, found 'my-step'"),
    ("name: n\ninputs: {a: {type: str}}\nsteps: [{id: a, prompt: x}]\n",
     "found 'str' (did you mean `string`?)"),
    ("name: n\ninputs: {a: {type: number, default: x}}\nsteps: [{id: a, prompt: x}]\n",
     "2:28: inputs.a.default: the default is no number, found 'x'"),
    ("name: n\ninputs: {a: {enum: [no, yes], default: maybe}}\nsteps: [{id: a, prompt: x}]\n",
     "the default 'maybe' is not in `enum`"),
    ("name: n\ninputs: {a: {required: true, default: x}}\nsteps: [{id: a, prompt: x}]\n",
     "an input that is required needs no default"),
    # What goes together.
    (step("agent: coder"), "3:5: steps.s: a step has exactly one of `prompt`, `tool`, `workflow`, "
     "`approve`, `wait` (found none)"),
    (step("prompt: x\ntool: y"), "(found `prompt` and `tool`)"),
    (step("tool: t\nagent: coder"), "5:5: steps.s.agent: `agent` means nothing in a step with `to"),
    (step("prompt: x\narguments: {a: 1}"), "`arguments` means nothing in a step with `prompt`"),
    (step("prompt: x\nmax_parallel: 2"), "`max_parallel` is for steps with `for_each`"),
    (step("prompt: x\nagent: cloud\nplacement: local"), "agent `cloud` does not answer on this"),
    (step("prompt: x\nagent: cloud\nescalate: {to: cloud}"), "the step is in the cloud already"),
    (step("prompt: x\nplacement: local\nescalate: {to: cloud}"), "placement `local` does not esca"),
    (step("wait: {seconds: 1, until: x}"), "give exactly one of `seconds`, `until`"),
    (step("prompt: x\nverify: {}"), "give at least one of `tests`, `test_code`, `comm"),
    # Expressions, at their own line and column.
    (step("prompt: x\nverify: {test_code: '${{ inputs. }}'}"), "5:38: steps.s.verify.test_code: "),
    (step("prompt: a ${{ inputs.x == }} b"), "4:31: steps.s.prompt: column 13 of `inputs.x ==`: it "
     "ends too early"),
    (step('prompt: "a ${{ input.x }}"'), "4:20: steps.s.prompt: column 1 of `input.x`"),
    (step("prompt: |\n  one\n  two ${{ 1 + }}"), "6:19: steps.s.prompt: column 5 of `1 +`"),
    (step("prompt: x\nif: steps.a.output = 'b'"), "5:24: steps.s.if: column 16 of "
     "`steps.a.output = 'b'`: `=` means nothing here: equality is written `==`"),
    (step("prompt: x\nif: ${{ a }} and ${{ b }}"), "unknown name `a`"),
    (step("prompt: x ${{ inputs.y"), "4:15: steps.s.prompt: column 1 of `${{ inputs.y`: `${{` is"),
    (step("tool: t\narguments: {a: [1, '${{ lenn(1) }}']}"), "5:29: steps.s.arguments.a.1: column"),
    (step("prompt: x\nfor_each: 3"), "give a list, or an expression that is one, found 3"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "told"), MISTAKES)
def test_a_mistake_is_told_with_file_line_column_path_and_cure(
    tmp_path: Path, text: str, told: str
) -> None:
    path = tmp_path / "flow.yaml"
    path.write_text(text)
    with pytest.raises(WorkflowError) as caught:
        load_workflow(path)
    assert told in str(caught.value)
    assert str(caught.value).startswith(f"{path}:")
    assert isinstance(caught.value, ConfigError)


def test_every_mistake_in_a_file_is_told_at_once_and_in_order() -> None:
    text = GOOD.replace("general", "genral").replace("retry", "retries").replace("=='", "= '")
    text = text.replace("seconds", "second").replace("== 'q", "= 'q")
    with pytest.raises(WorkflowError) as caught:
        loads(text)
    lines = [problem.line for problem in caught.value.problems]
    assert lines == sorted(lines)
    assert [problem.where for problem in caught.value.problems] == [
        "steps.facts.agent",
        "steps.facts.retries",
        "steps.replies.if",
        "steps.rest.wait.second",
    ]


def test_a_good_file_is_read_as_it_is_written() -> None:
    workflow = loads(GOOD)
    facts, replies, ok, rest = workflow.steps
    assert (facts.agent, facts.retry, facts.timeout_s) == ("general", 2, 60)
    assert replies.condition == "${{ steps.facts.output.problem == 'question' }}"
    assert [one.action for one in workflow.steps] == ["prompt", "prompt", "approve", "wait"]
    assert ok.approve is not None
    assert rest.wait is not None
    assert rest.wait.seconds == 3
    assert workflow.inputs["ticket"].must_be_given
    assert not workflow.inputs["tone"].must_be_given
    assert workflow.step("ok") is ok
    with pytest.raises(KeyError):
        workflow.step("none")


def test_what_is_written_out_can_be_read_back() -> None:
    workflow = loads(GOOD)
    again = WorkflowDefinition.model_validate(
        workflow.model_dump(by_alias=True, exclude_unset=True)
    )
    assert again.model_dump() == workflow.model_dump()


def test_words_that_yaml_takes_for_something_else_stay_words() -> None:
    text = (
        "name: no\ndescription: 2026-01-02\ninputs:\n"
        "  land: {enum: [no, on, yes, off, y, 01, 1:30]}\n  day: {default: 2026-01-02}\n"
        "steps: [{id: on, prompt: off, if: true}]\n"
    )
    workflow = loads(text)
    assert workflow.name == "no"
    assert workflow.description == "2026-01-02"
    assert workflow.inputs["land"].enum == ("no", "on", "yes", "off", "y", "01", "1:30")
    assert workflow.inputs["day"].default == "2026-01-02"
    assert (workflow.steps[0].id, workflow.steps[0].condition) == ("on", "true")


def test_anchors_and_merged_keys_save_writing() -> None:
    text = (
        "name: n\nsteps:\n  - &base {id: a, prompt: x, agent: coder, retry: 2}\n"
        "  - {<<: *base, id: b, retry: 1}\n"
    )
    second = loads(text).steps[1]
    assert (second.id, second.prompt, second.agent, second.retry) == ("b", "x", "coder", 1)


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WorkflowError, match="cannot be read: No such file"):
        load_workflow(tmp_path / "none.yaml")
    with pytest.raises(WorkflowError, match="this is a folder"):
        load_workflow(tmp_path)
    broken = tmp_path / "broken.yaml"
    broken.write_bytes(b"name: a\n\xff\xfe")
    with pytest.raises(WorkflowError, match=r"broken.yaml:2:1: not a text file in UTF-8"):
        load_workflow(broken)
    broken.write_text("name: " + "é" * 300_000)
    with pytest.raises(WorkflowError, match="at most 262,144 bytes are read"):
        load_workflow(broken)


def test_a_text_that_is_too_long_is_an_error() -> None:
    with pytest.raises(WorkflowError, match="262,144 are read"):
        loads("name: " + "x" * 300_000)


def test_many_mistakes_are_cut_short() -> None:
    with pytest.raises(WorkflowError) as caught:
        loads("".join(f"k{number}: 1\n" for number in range(100)))
    assert len(caught.value.problems) == 102
    assert str(caught.value).endswith("and 52 more")


SHIPPED = sorted(config_path("workflows").glob("*.yaml"))
BITS = ["${{", "}}", "&a ", "*a", "<<: ", "!!str ", "- ", ": ", "{", "[", "'", '"', "|", ">", "\t",
        "\n", "\n\n  ", "null", "true", "1e999", "#", "steps.facts.output", "item", "%", "?", "---",
        "\\", "\0", "\ud800", "é"]  # fmt: skip


def only_its_own_error(text: str) -> None:
    began = time.monotonic()
    try:
        workflow = loads(text, Path(config_path("workflows")))
    except WorkflowError as error:
        found = error.problems
    else:
        found = problems_of(workflow)
    for problem in found:
        assert problem.line >= 1
        assert problem.column >= 1
        assert "\n" not in str(problem)
    assert time.monotonic() - began < 10


@given(st.binary(max_size=300))
@settings(max_examples=200)
def test_random_bytes_never_give_a_traceback(raw: bytes) -> None:
    only_its_own_error(raw.decode("utf-8", "replace"))


@given(st.sampled_from([GOOD, *(path.read_text() for path in SHIPPED)]), st.data())
@settings(max_examples=300)
def test_mutated_files_never_give_a_traceback(text: str, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(at, min(len(text), at + 8)))
        put = data.draw(st.sampled_from(BITS) | st.text(max_size=4))
        text = text[:at] + put + text[end:]
    only_its_own_error(text)


@given(st.data())
@settings(max_examples=150)
def test_lines_moved_and_doubled_never_give_a_traceback(data: st.DataObject) -> None:
    lines = data.draw(st.sampled_from([GOOD, *(path.read_text() for path in SHIPPED)])).splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        line = data.draw(st.integers(0, len(lines) - 1))
        indent = data.draw(st.sampled_from(["", "  ", "    ", "- "]))
        lines.insert(data.draw(st.integers(0, len(lines))), indent + lines[line].strip())
    only_its_own_error("\n".join(lines))
