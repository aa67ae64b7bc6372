"""What an answer shows of itself, in the whole graph: accepted, mended once, or escalated."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from scripted_router import scripted_router

from router.errors import ConfigError
from router.store.store import Store
from router.types.decision import EscalationReason
from router.types.result import Result
from router.types.task import Task

CODE = "Write a Python function double(x). For example, double(2) -> 4 and double(0) -> 0."
RIGHT = "```python\ndef double(x):\n    return 2 * x\n```"
HERE = {"max_gain_by_kind": {"code": 0.5}}
"""Code is tried on this machine first."""
SHIFTED = "```python\ndef double(x):\n    return x + 1\n```"
EXTRACT = "Extract the order number from: order A-17 was late."

sandboxed = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")


def findings(result: Result, attempt: int = 0) -> dict[str, str]:
    return {check.name: check.finding for check in result.attempts[attempt].checks}


@sandboxed
async def test_code_that_does_what_the_examples_say_stays_local(
    store: Store, tmp_path: Path
) -> None:
    async with scripted_router(store, tmp_path, local=[{"reply": RIGHT}]) as router:
        result = await router.run(Task(prompt=CODE))
    assert (result.status, result.route) == ("done", "local")
    found = findings(result)
    if "not run" not in found["examples"]:
        assert found["examples"] == "2 of the task's examples hold"
    assert found["syntax"] == "python parses"
    assert found["language"] == "python, as it should be"


@sandboxed
async def test_code_that_fails_an_example_is_mended_once_with_the_failure_shown(
    store: Store, tmp_path: Path
) -> None:
    local = [{"match": "double.0. gives|double.2. gives", "reply": RIGHT}, {"reply": SHIFTED}]
    async with scripted_router(
        store, tmp_path, local=local, cloud=[{"reply": "cloud"}], policy=HERE
    ) as router:
        result = await router.run(Task(prompt=CODE))
    if "not run" in findings(result)["examples"]:
        pytest.skip(findings(result)["examples"])
    assert [attempt.outcome for attempt in result.attempts] == ["rejected", "accepted"]
    assert result.attempts[0].escalation is EscalationReason.UNFAITHFUL
    assert findings(result)["examples"] == "double(2) gives 3, the task says 4"
    assert (result.route, result.text) == ("local", RIGHT)


@sandboxed
async def test_code_that_stays_wrong_goes_to_the_cloud_with_a_brief(
    store: Store, tmp_path: Path
) -> None:
    cloud = [{"match": "was not accepted: examples: double.2. gives 3", "reply": "briefed"}]
    async with scripted_router(
        store,
        tmp_path,
        local=[{"reply": SHIFTED}],
        cloud=[*cloud, {"reply": "not briefed"}],
        policy=HERE,
    ) as router:
        result = await router.run(Task(prompt=CODE))
    if "not run" in findings(result)["examples"]:
        pytest.skip(findings(result)["examples"])
    assert [attempt.route for attempt in result.attempts] == ["local", "local", "cloud"]
    assert result.text == "briefed"
    assert "double(2) gives 3, the task says 4" in result.reason


async def test_a_drift_to_python_is_noticed_and_mended(store: Store, tmp_path: Path) -> None:
    rust = "```rust\nfn double(x: i32) -> i32 { 2 * x }\n```"
    local = [{"match": "rust was asked for, the code is python", "reply": rust}, {"reply": RIGHT}]
    async with scripted_router(store, tmp_path, local=local) as router:
        result = await router.run(Task(prompt="Write a Rust function that doubles a number."))
    assert result.text == rust
    assert findings(result)["language"] == "rust was asked for, the code is python"


async def test_the_projects_language_counts_where_none_is_asked_for(
    store: Store, tmp_path: Path
) -> None:
    policy = {"default_language": "go"}
    local = [{"reply": RIGHT}]
    prompt = "Write a function that doubles a number."
    async with scripted_router(store, tmp_path, local=local, policy=policy) as router:
        result = await router.run(Task(prompt=prompt, strict=True))
    assert (result.status, result.withheld) == ("parked", True)
    assert "go is the project's language, the code is python" in findings(result)["language"]
    with pytest.raises(ConfigError, match=r"policy\.default_language is 'piton'.*typescript"):
        async with scripted_router(
            store, tmp_path, local=local, policy={"default_language": "piton"}
        ):
            pass


async def test_a_value_that_is_not_in_the_text_is_not_accepted(
    store: Store, tmp_path: Path
) -> None:
    local = [{"match": "'A-71' does not occur", "reply": "A-17"}, {"reply": "A-71"}]
    async with scripted_router(store, tmp_path, local=local) as router:
        result = await router.run(Task(prompt=EXTRACT))
    assert (result.text, result.route) == ("A-17", "local")
    assert findings(result)["grounded"] == "'A-71' does not occur in the text"
    assert findings(result, 1)["grounded"] == "1 compared, all occur in the text"


async def test_a_wrong_sum_is_not_accepted(store: Store, tmp_path: Path) -> None:
    async with scripted_router(
        store, tmp_path, local=[{"reply": "3 + 4 = 8"}], policy={"max_gain": 0.9}
    ) as router:
        result = await router.run(Task(prompt="What is 3 + 4?", strict=True))
    assert (result.status, result.withheld) == ("parked", True)
    assert findings(result)["arithmetic"] == "3 + 4 is 7, not 8"
