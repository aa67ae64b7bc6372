"""Examples cannot be forged: whoever is wrong does not hold, and whoever is right does."""

from __future__ import annotations

import itertools

import pytest
from forgeries import FORGERIES, FORMS, RIGHT, WRONG

from agents.checks.code import examples_pass
from agents.checks.sandbox import Limits
from router.types.completion import Completion
from router.types.decision import EscalationReason, Kind
from router.types.result import CheckResult
from router.types.task import Task

HONEST = "def double(x):\n    return 2 * x"
LIMITS = Limits(wall_s=60.0, cpu_s=5.0)
"""A test machine may be busy: what counts is the processor's time."""


async def tried(prompt: str, code: str) -> CheckResult:
    text = f"```python\n{code}\n```"
    completion = Completion(text=text, engine="e", model="m", finish_reason="stop")
    return await examples_pass(Task(prompt=prompt), Kind.CODE, completion, limits=LIMITS)


@pytest.fixture(autouse=True)
async def _sandboxed() -> None:
    result = await tried("double(2) -> 4", HONEST)
    if "sandbox unavailable" in result.finding:
        pytest.skip(result.finding)


@pytest.mark.parametrize("form", FORMS)
async def test_each_form_of_examples_holds_for_the_honest(form: str) -> None:
    assert "of the task's examples hold" in (await tried(FORMS[form], HONEST)).finding


@pytest.mark.parametrize(
    ("name", "form"), list(zip(FORGERIES, itertools.cycle(FORMS), strict=False))
)
async def test_a_forgery_does_not_hold(name: str, form: str) -> None:
    result = await tried(FORMS[form], FORGERIES[name])
    assert " hold" not in result.finding.replace("does not hold", "")
    assert not result.passed or result.finding.startswith("not run")


@pytest.mark.parametrize(("prompt", "code"), RIGHT)
async def test_what_is_right_holds(prompt: str, code: str) -> None:
    result = await tried(prompt, code)
    assert "of the task's examples hold" in result.finding
    assert "apart" not in result.finding


@pytest.mark.parametrize(("prompt", "code"), WRONG)
async def test_what_is_wrong_fails(prompt: str, code: str) -> None:
    assert (await tried(prompt, code)).reason is EscalationReason.UNFAITHFUL


POINT = "class Point:\n    def __init__(self, x): self.x = x\n"
EQUAL = "    def __eq__(self, other): return True\n    def __hash__(self): return 0\n"


@pytest.mark.parametrize(
    ("prompt", "code", "finding"),
    [
        # Two objects that hold the same data are equal, and not because they say so.
        (
            "assert Point(1).moved(2) == Point(3)",
            f"{POINT}    def moved(self, n): return Point(self.x + n)\n"
            "    def __eq__(self, other): return self.x == other.x\n",
            "1 of the task's examples holds",
        ),
        (
            "assert Point(1).moved(2) == Point(3)",
            f"{POINT}    def moved(self, n): return Point(7)\n{EQUAL}",
            "not run: 1 cannot be judged apart from the code",
        ),
        (
            "assert Point(1).moved(2) == Point(3)",
            f"class Point:\n    def __init__(self, x): pass\n    def moved(self, n): return self\n"
            f"{EQUAL}",
            "not run: 1 cannot be judged apart from the code",
        ),
        (
            "assert Point(1) != Point(1)",
            f"{POINT}    def __ne__(self, other): return True\n",
            "not run: 1 cannot be judged apart from the code",
        ),
        (
            "assert abs(double(2) - 4) < 0.1",
            FORGERIES["nothing is left of it"],
            "not run: 1 cannot be judged apart from the code",
        ),
        (
            "```python\nassert abs(double(2) - 4) < 0.1\nassert double(2) == 4\n```",
            FORGERIES["repeats what it is compared with"],
            "not run: 2 cannot be judged apart from the code",
        ),
        (
            "```python\nassert 4 in double(2)\n```",
            "class Any:\n    def __contains__(self, x): return True\n"
            "def double(x):\n    return Any()",
            "not run: 1 cannot be judged apart from the code",
        ),
        (
            "```python\nassert abs(double(2) - 4) < 1\n```",
            "def double(x): return 7\ndef abs(x): return 0",
            "not run: 1 cannot be judged apart from the code: the code has a 'abs' of its own",
        ),
        (
            "double(2) -> 4\n```python\nassert abs(double(2)) < 5\n```",
            f"{HONEST}\ndef abs(x): return 0",
            "1 of the task's examples holds; 1 cannot be judged apart from the code",
        ),
        (
            "```python\ndef test_it():\n    class Mine: pass\n    assert double(Mine())\n```",
            HONEST,
            "not run: 1 cannot be judged apart from the code: it hands the code an object",
        ),
    ],
)
async def test_the_code_s_own_word_is_no_evidence(prompt: str, code: str, finding: str) -> None:
    result = await tried(prompt, code)
    assert result.passed
    assert result.finding.startswith(finding)


@pytest.mark.parametrize(
    ("code", "finding"),
    [
        ("import no_such\ndef double(x): return 2", "not run: the code needs no_such"),
        (
            "def double(x): raise ModuleNotFoundError('no', name='numpy')",
            "double(2) raises ModuleNotFoundError: no",
        ),
        ("raise EOFError\ndef double(x): return 2", "the code does not load: EOFError: "),
    ],
)
async def test_a_lack_is_believed_only_where_the_code_s_text_bears_it_out(
    code: str, finding: str
) -> None:
    assert (await tried("double(2) -> 4", code)).finding == finding
