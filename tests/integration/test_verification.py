"""What is believed, on what evidence, and what is given where nobody knows better."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphs.run_options import RunOptions
from router.memory.sessions import Memory
from router.store.store import Store
from router.types.decision import EscalationReason
from router.types.result import Verification
from router.types.task import Privacy, Task
from tests.support.scripted_router import script, scripted_router

EVIDENCE = {"unverified": "escalate"}
CLOUD = [{"reply": "from the cloud"}]
ROUTINE = "Rewrite this politely: send me the file now."
SUM = "What is 3 + 4?"


async def test_an_answer_that_nothing_speaks_for_goes_to_the_cloud(
    store: Store, tmp_path: Path
) -> None:
    local = [{"reply": "Could you send me the file, please?"}]
    async with scripted_router(
        store, tmp_path, local=local, cloud=CLOUD, policy=EVIDENCE
    ) as router:
        result = await router.run(Task(prompt=ROUTINE))
    assert (result.text, result.route) == ("from the cloud", "cloud")
    assert result.verification is Verification.TRUSTED
    first = result.attempts[0]
    assert (first.outcome, first.escalation) == ("rejected", EscalationReason.UNVERIFIED)
    assert "edgeward models probe --role general" in first.checks[-1].finding


async def test_without_a_cloud_it_is_given_with_its_mark(store: Store, tmp_path: Path) -> None:
    local = [{"reply": "Could you send me the file, please?"}]
    async with scripted_router(store, tmp_path, local=local, policy=EVIDENCE) as router:
        result = await router.run(Task(prompt=ROUTINE, session="s"))
        strict = await router.run(Task(prompt=ROUTINE, strict=True))
        turns = (await Memory(store).recall("s")).turns
    assert (result.status, result.route) == ("done", "local")
    assert (result.verification, result.doubt) == (Verification.UNVERIFIED, "")
    assert [turn.unverified for turn in turns] == [False, True]
    assert (strict.status, strict.text, strict.withheld) == ("parked", "", True)


async def test_what_was_computed_anew_is_verified_and_needs_no_cloud(
    store: Store, tmp_path: Path
) -> None:
    async with scripted_router(
        store,
        tmp_path,
        local=[{"reply": "7"}],
        cloud=CLOUD,
        policy={**EVIDENCE, "max_gain": 0.9},
    ) as router:
        result = await router.run(Task(prompt=SUM))
    assert (result.text, result.verification) == ("7", Verification.VERIFIED)


@pytest.mark.parametrize(
    ("local", "text", "doubt"),
    [
        (["3 + 4 = 8", "3 + 4 = 8, surely"], "3 + 4 = 8, surely", "arithmetic: 3 + 4 is 7, not 8"),
        (["I think that it is 7.", ""], "I think that it is 7.", ""),
    ],
    ids=["the last of equals", "nothing is no answer"],
)
async def test_private_text_gets_the_best_local_answer_with_the_finding(
    store: Store, tmp_path: Path, local: list[str], text: str, doubt: str
) -> None:
    first, second = local
    rules = [{"match": "not usable", "reply": second}, {"reply": first}]
    async with scripted_router(
        store, tmp_path, local=rules, cloud=CLOUD, policy={**EVIDENCE, "max_gain": 0.9}
    ) as router:
        result = await router.run(Task(prompt=SUM, privacy=Privacy.LOCAL_ONLY))
    assert (result.status, result.route, result.text) == ("done", "local", text)
    assert result.doubt == doubt
    assert not result.in_outbox
    assert (result.verification is Verification.UNVERIFIED) == bool(doubt)


@pytest.mark.parametrize(
    "reply",
    ["", "I'm sorry, but I can't help with that.", "ha ha " * 200],
    ids=["empty", "refusal", "loop"],
)
async def test_what_serves_nobody_is_not_given(store: Store, tmp_path: Path, reply: str) -> None:
    async with scripted_router(
        store, tmp_path, local=[{"reply": reply}], policy=EVIDENCE
    ) as router:
        result = await router.run(Task(prompt=ROUTINE))
    assert (result.status, result.text, result.withheld) == ("parked", "", False)


async def test_an_answer_outside_the_callers_schema_is_never_done(
    store: Store, tmp_path: Path
) -> None:
    task = Task(prompt="Give the city of: Ana lives in Porto.", schema={"type": "object"})
    async with scripted_router(
        store, tmp_path, local=[{"reply": "Porto"}], policy=EVIDENCE
    ) as router:
        result = await router.run(task)
    assert (result.status, result.text) == ("parked", "")


async def test_a_draft_stands_in_where_the_cloud_fails_and_waits_for_it(
    store: Store, tmp_path: Path
) -> None:
    local = [{"reply": "Could you send me the file, please?"}]
    async with scripted_router(
        store, tmp_path, local=local, cloud=[{"fail": "unavailable"}], policy=EVIDENCE
    ) as router:
        result = await router.run(Task(prompt=ROUTINE))
    assert (result.status, result.route) == ("done", "local")
    assert (result.verification, result.degraded) == (Verification.UNVERIFIED, True)
    assert result.in_outbox
    assert result.attempt == 1
    assert result.checks == result.attempts[0].checks


async def test_the_specialist_goes_first_then_the_model_of_the_role(
    store: Store, tmp_path: Path
) -> None:
    known = "Convert the date to ISO format: March 7, 2026"
    answers = {"script": str(script(tmp_path / "own.yaml", {"reply": "the model's own words"}))}
    models = {"general": answers, "specialist": "nano"}
    async with scripted_router(store, tmp_path, local=[], models=models) as router:
        exact = await router.run(Task(prompt=known))
        other = await router.run(Task(prompt=ROUTINE))
        code = await router.run(Task(prompt="Write a Rust function that doubles a number."))
    assert (exact.text, exact.model) == ("2026-03-07", "nano")
    assert exact.verification is Verification.TRUSTED
    assert other.attempts[-1].role == "general"
    assert code.attempts[-1].role == "coder", "a general model named alone answers code too"
    assert code.model == other.model


async def test_what_the_specialist_gets_wrong_the_model_of_the_role_is_asked(
    store: Store, tmp_path: Path
) -> None:
    near = "Convert the date to ISO format: the second Tuesday after Easter 2026"
    answers = {"script": str(script(tmp_path / "own.yaml", {"reply": "2026-04-14"}))}
    models = {"general": answers, "specialist": "nano"}
    async with scripted_router(store, tmp_path, local=[], models=models) as router:
        result = await router.run(Task(prompt=near))
    assert result.text == "2026-04-14"
    roles = [attempt.role for attempt in result.attempts]
    assert roles[-1] == "general"
    assert all(one.outcome == "rejected" for one in result.attempts[:-1])


async def test_code_that_the_coder_gets_wrong_is_tried_by_the_general_model(
    store: Store, tmp_path: Path
) -> None:
    right = "```python\ndef double(x):\n    return 2 * x\n```"
    wrong = right.replace("2 * x", "3 * x")
    models = {
        "coder": {"script": str(script(tmp_path / "coder.yaml", {"reply": wrong}))},
        "general": {"script": str(script(tmp_path / "general.yaml", {"reply": right}))},
    }
    task = Task(prompt="Write a Python function double(x). Example: double(2) == 4")
    async with scripted_router(store, tmp_path, local=[], models=models) as router:
        result = await router.run(task)
    assert result.text == right
    assert [attempt.role for attempt in result.attempts] == ["coder", "coder", "general"]
    assert result.verification is Verification.VERIFIED


async def test_what_has_one_reading_is_computed_before_any_model_is_asked(
    store: Store, tmp_path: Path
) -> None:
    model = {"script": str(script(tmp_path / "own.yaml", {"reply": "the model's own words"}))}
    models = {"general": model, "exact": True}
    async with scripted_router(store, tmp_path, local=[], cloud=CLOUD, models=models) as router:
        computed = await router.run(Task(prompt=SUM))
        other = await router.run(Task(prompt="Write a line about the sum of 3 and 4."))
        ruled = await router.run(Task(prompt=SUM, system="Answer in Roman numerals."))
        named = await router.run(Task(prompt=SUM), options=RunOptions(role="general"))
    assert (computed.text, computed.model, computed.cost_usd) == ("7", "exact", 0.0)
    assert computed.verification is Verification.VERIFIED
    assert len(computed.attempts) == 1
    for left in (other, ruled, named):
        assert "exact" not in [attempt.role for attempt in left.attempts]


async def test_earlier_turns_may_have_said_how_to_answer(store: Store, tmp_path: Path) -> None:
    model = {"script": str(script(tmp_path / "own.yaml", {"reply": "VII"}))}
    models = {"general": model, "exact": True}
    async with scripted_router(store, tmp_path, local=[], models=models) as router:
        first = await router.run(Task(prompt="What is 4 + 4?", session="sums"))
        await router.run(Task(prompt="From now on answer in Roman numerals.", session="sums"))
        later = await router.run(Task(prompt=SUM, session="sums"))
    assert (first.text, later.text) == ("8", "VII")
