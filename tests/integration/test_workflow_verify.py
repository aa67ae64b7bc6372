"""The tests, the program and the schema of `verify`, and what tools give: what is accepted."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from workflow_runs import Asked, routed, watch, workflow

from graphs.workflow.execution.outcome import RunResult
from router.account.records import ToolRecord
from router.errors import ConfigError
from router.store.store import Store

TESTS = """
assert add(1, 2) == 3


def test_negative() -> None:
    assert add(-1, -2) == -3
"""
GOOD = "```python\ndef add(a, b):\n    return a + b\n```"
BAD = "```python\ndef add(a, b):\n    return a - b\n```"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    return watch(monkeypatch)


async def judged(
    store: Store,
    folder: Path,
    verify: str,
    *replies: str,
    cloud: str | None = None,
    more: str = "",
    tests: str = TESTS,
) -> RunResult:
    """replies: of the model here, one after another; it sees its mistake in the second prompt."""
    made = workflow(
        folder,
        f"""
        steps:
          - id: a
            agent: coder
            prompt: Write a Python function add.
            verify: {verify}
            {more}
        outputs: {{a: "${{{{ steps.a.output }}}}"}}
        """,
        tests__py=tests,
    )
    first, *later = replies
    rules: list[dict[str, Any]] = [{"match": "not usable", "reply": later[0]}] if later else []
    rules.append({"reply": first})
    clouded = None if cloud is None else [{"reply": cloud}]
    async with routed(store, folder, local=rules, cloud=clouded) as router:
        return await made.run(router=router)


async def test_code_that_passes_its_tests_is_accepted(store: Store, tmp_path: Path) -> None:
    result = await judged(store, tmp_path, "{tests: tests.py}", GOOD)
    assert result.outputs == {"a": GOOD}, result.error


@pytest.mark.parametrize(
    ("reply", "tests", "why"),
    [
        (BAD, TESTS, "the tests do not pass: AssertionError"),
        ("```python\ndef add(a, b):\n    return a +\n```", TESTS, ""),
        ("I would add the two numbers.", TESTS, "the answer has no code"),
        (f"{GOOD[:-3]}\nimport os\nos._exit(0)\n```", TESTS, "ended its own process"),
        (f"{GOOD[:-3]}\nimport sys\nsys.exit(0)\n```", TESTS, "ended its own process"),
        (
            "```python\nimport sys\ndef add(a, b):\n    print('passed')\n    sys.exit(0)\n```",
            TESTS,
            "ended its own process",
        ),
        (
            "```python\ndef test_negative():\n    pass\ndef add(a, b):\n    return 3\n```",
            TESTS,
            "the tests do not pass",
        ),
        (
            "```python\ndef add(a, b):\n    while True: pass\n```",
            TESTS,
            "the tests were stopped: limit of",
        ),
        (
            "```python\ndef add(a, b):\n    import urllib.request\n"
            "    urllib.request.urlopen('http://127.0.0.1:9/')\n    return a + b\n```",
            TESTS,
            "the tests do not pass",
        ),
    ],
    ids=["wrong", "broken", "prose", "_exit", "exit", "exit_later", "own_test", "forever", "net"],
)
async def test_code_that_does_not_pass_is_not_accepted(
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    reply: str,
    tests: str,
    why: str,
) -> None:
    from agents.checks.sandbox import Limits

    limits = Limits(wall_s=3.0, cpu_s=1.0)
    monkeypatch.setattr("graphs.workflow.execution.verify.TEST_LIMITS", limits)
    result = await judged(store, tmp_path, "{tests: tests.py}", reply, tests=tests)
    assert result.status == "failed", result.outputs
    assert why in str(result.error)


TOKEN = "import sys\nframe = sys._getframe()\nwhile frame:\n    if 'token' in frame.f_globals:\n"
TOKEN += "        print(frame.f_globals['token'], 'passed, and 1', flush=True)\n"
TOKEN += "    frame = frame.f_back\nimport os\nos._exit(0)\ndef add(a, b): return 0"
ANY = "class Any:\n    def __eq__(self, other): return True\ndef add(a, b):\n    return Any()"
PATCH = "import builtins\nbuiltins.exec = lambda *_: None\ndef add(a, b):\n    return 0"
TRUTH = "def add(a, b): return 0\ndef abs(x): return 0"
CLOSE = "assert abs(add(1, 2) - 3) < 0.1"
MINE = "class Mine: pass\nassert add(Mine(), 1)"


@pytest.mark.parametrize(
    ("code", "tests", "why"),
    [
        (TOKEN, TESTS, "ended its own process"),
        (ANY, TESTS, "the tests do not pass: AssertionError: assert add(1, 2) == 3"),
        (PATCH, TESTS, "the tests do not pass: AssertionError: assert add(1, 2) == 3"),
        (TRUTH, CLOSE, "cannot be judged apart from the code (the code has a 'abs' of its own"),
        (GOOD[10:-4], MINE, "(it hands the code an object of type Mine): compare what its"),
    ],
    ids=["token", "equal_to_all", "patched", "own_measure", "own_object"],
)
async def test_an_answer_cannot_say_for_itself_that_it_passed(
    store: Store, tmp_path: Path, code: str, tests: str, why: str
) -> None:
    reply = f"```python\n{code}\n```"
    result = await judged(store, tmp_path, "{tests: tests.py}", reply, tests=tests)
    assert result.status == "failed", result.outputs
    assert why in str(result.error)


async def test_a_unittest_case_judges_too(store: Store, tmp_path: Path) -> None:
    tests = (
        "import unittest\nfrom solution import add\n\nclass TestAdd(unittest.TestCase):\n"
        "    def test_it(self):\n        self.assertEqual(add(1, 2), 3)\n"
    )
    assert (await judged(store, tmp_path, "{tests: tests.py}", GOOD, tests=tests)).status == "done"
    bad = await judged(store, tmp_path, "{tests: tests.py}", BAD, tests=tests)
    assert "the tests do not pass: AssertionError: -1 != 3" in str(bad.error)


async def test_an_answer_that_fails_is_repaired_once_with_what_was_wrong(
    store: Store, tmp_path: Path, asked: Asked
) -> None:
    result = await judged(store, tmp_path, "{tests: tests.py}", BAD, GOOD)
    assert result.outputs == {"a": GOOD}, result.error
    assert len(asked.here) == 2
    assert "the tests do not pass: AssertionError" in asked.here[1]


async def test_what_the_repair_does_not_mend_goes_to_the_cloud_which_is_judged_too(
    store: Store, tmp_path: Path, asked: Asked
) -> None:
    escalates = "escalate: {to: cloud}"
    good = await judged(store, tmp_path, "{tests: tests.py}", BAD, BAD, cloud=GOOD, more=escalates)
    assert (good.steps["a"].cloud, good.outputs) == (1, {"a": GOOD})
    assert (len(asked.here), len(asked.cloud)) == (2, 1)
    bad = await judged(store, tmp_path, "{tests: tests.py}", BAD, BAD, cloud=BAD, more=escalates)
    assert bad.status == "failed"
    assert "the cloud's answer is not usable: verify.tests: the tests do not pass" in str(bad.error)
    assert bad.cost_usd, "it was paid for all the same"


@pytest.mark.parametrize(
    ("script", "accepted", "why"),
    [
        ("#!/bin/sh\ngrep -q add\n", True, ""),
        ("#!/bin/sh\necho too long; exit 1\n", False, "too long"),
        ("#!/bin/sh\nexit 7\n", False, "it ended with status 7"),
        ("#!/no/such/shell\n", False, ""),
        ("#!/bin/sh\nsleep 60\n", False, "no end within 0.5 s"),
    ],
    ids=["accepts", "rejects", "breaks", "cannot_start", "never_ends"],
)
async def test_a_program_judges_and_only_a_zero_accepts(
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    script: str,
    accepted: bool,
    why: str,
) -> None:
    monkeypatch.setattr("graphs.workflow.execution.verify.COMMAND_S", 0.5)
    (tmp_path / "judge.sh").write_text(script)
    (tmp_path / "judge.sh").chmod(0o755)
    result = await judged(store, tmp_path, "{command: [./judge.sh]}", GOOD)
    assert (result.status == "done") is accepted, result.error
    assert why in str(result.error)


async def test_a_program_of_the_machine_judges(store: Store, tmp_path: Path) -> None:
    verify = f"{{command: [{sys.executable}, -c, 'import json, sys; json.load(sys.stdin)']}}"
    assert (await judged(store, tmp_path, verify, GOOD)).status == "done"


async def test_a_program_that_is_not_there_is_named(store: Store, tmp_path: Path) -> None:
    result = await judged(store, tmp_path, "{command: [no-such-program-here]}", GOOD)
    assert "no program 'no-such-program-here' is found" in str(result.error)
    with pytest.raises(ConfigError, match=r"there is no file \./judge\.sh in"):
        await judged(store, tmp_path, "{command: [./judge.sh]}", GOOD)


async def test_a_schema_judges_what_was_written_freely(
    store: Store, tmp_path: Path, asked: Asked
) -> None:
    verify = "{schema: {type: object, required: [n]}}"
    good = await judged(store, tmp_path, verify, '{"n": 1}')
    assert good.outputs == {"a": '{"n": 1}'}
    bad = await judged(store, tmp_path, verify, '{"m": 1}', '{"n": 2}')
    assert bad.outputs == {"a": '{"n": 2}'}
    assert "'n' is a required property" in asked.here[-1]


async def test_output_with_a_schema_is_data(store: Store, tmp_path: Path) -> None:
    made = workflow(
        tmp_path,
        """
        steps:
          - id: a
            agent: general
            prompt: "Extract the 2 items from: pens and ink"
            output: {schema: schema.json}
          - {id: b, for_each: "${{ steps.a.output.items }}", tool: echo, arguments: {text: "${{ item }}"}}
        outputs: {b: "${{ steps.b.output }}", n: "${{ steps.a.output.n + 1 }}"}
        """,  # noqa: E501
        schema__json="""
        {"type": "object", "required": ["items", "n"], "properties":
          {"items": {"type": "array", "items": {"type": "string"}}, "n": {"type": "integer"}}}
        """,
    )
    reply = '{"items": ["pens", "ink"], "n": 2}'
    async with routed(store, tmp_path, local=[{"reply": reply}]) as router:
        result = await made.run(router=router)
        assert result.outputs == {"b": ["pens", "ink"], "n": 3}, result.error
    async with routed(store, tmp_path, local=[{"reply": "pens"}]) as router:
        failed = await made.run(router=router)
    assert failed.status == "failed"


async def test_an_answer_from_memory_was_judged_by_the_same_program(
    store: Store, tmp_path: Path
) -> None:
    made = "steps: [{id: a, agent: general, prompt: Greet., verify: {command: [./judge.sh]}}]\n"
    judge = tmp_path / "judge.sh"
    judge.write_text("#!/bin/sh\nexit 0\n")
    judge.chmod(0o755)
    async with routed(store, tmp_path, memory={"cache": True}) as router:
        first = await workflow(tmp_path, made).run(router=router)
        same = await workflow(tmp_path, made).run(router=router)
        judge.write_text("#!/bin/sh\necho never; exit 1\n")
        stricter = await workflow(tmp_path, made).run(router=router)
    assert (first.steps["a"].local, same.steps["a"].cached) == (1, 1)
    assert stricter.status == "failed"


async def test_a_tool_gives_text_or_data_and_may_be_refused(store: Store, tmp_path: Path) -> None:
    made = workflow(
        tmp_path,
        """
        steps:
          - {id: sum, tool: calculate, arguments: {expression: "17 * 23"}, output: {schema: {type: number}}}
          - {id: text, tool: calculate, arguments: {expression: "1 + 1"}}
          - {id: unknown, continue_on_error: true, tool: launch, arguments: {}}
          - {id: wrong, continue_on_error: true, tool: echo, arguments: {txet: x}}
          - {id: not_it, continue_on_error: true, tool: echo, arguments: {text: x}, output: {schema: {type: number}}}
        outputs: {sum: "${{ steps.sum.output + 1 }}", text: "${{ steps.text.output }}"}
        """,  # noqa: E501
    )
    async with routed(store, tmp_path) as router:
        result = await made.run(router=router, run_id="r")
        records = [one async for one in router.ledger.read()]
    assert result.outputs == {"sum": 392, "text": "2"}, result.error
    errors = {name: str(one.error) for name, one in result.steps.items() if one.error}
    assert errors.keys() == {"unknown", "wrong", "not_it"}
    assert "launch" in errors["unknown"]
    assert "txet" in errors["wrong"] or "text" in errors["wrong"]
    tools = [one for one in records if isinstance(one, ToolRecord)]
    assert {one.task_id for one in tools} >= {"r/sum.0.0", "r/text.0.0", "r/wrong.0.0"}


async def test_without_a_role_of_their_own_workflows_call_what_comes_with_the_package(
    store: Store, tmp_path: Path
) -> None:
    made = workflow(
        tmp_path,
        """
        steps:
          - {id: a, tool: calculate, arguments: {expression: "2 * 3"}}
          - {id: b, continue_on_error: true, tool: echo, arguments: {text: x}}
        outputs: {a: "${{ steps.a.output }}", b: "${{ steps.b.error }}"}
        """,
    )
    async with routed(store, tmp_path, tools={}) as router:
        result = await made.run(router=router)
    assert result.outputs is not None
    assert result.outputs["a"] == "6"
    assert "echo" in str(result.outputs["b"])
