"""One request through the whole graph, over a real Redis, with scripted models."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scripted_router import scripted_router
from tiny_gguf import write_tiny_gguf
from waiting import BOUND_S, bounded, wait_until

from agents.tools.configured import configured_tools
from graphs.app import Router
from graphs.events import Attempted, Event, Finished, Routed, Token
from router.account.pricing import Prices
from router.account.records import AttemptRecord, TaskRecord
from router.errors import RoutesExhausted, TaskError
from router.privacy.gate import Gate
from router.settings.settings import Settings
from router.store.store import Store
from router.types.decision import EscalationReason
from router.types.task import Privacy, Task

ROUTINE = "Extract the order number from: order A-17 was late."
WRITING = "Write a short greeting for a friend."
COMPLEX = (
    "Prove step by step that there are infinitely many primes of the form 4k+3, then compare two "
    "alternative proofs and discuss their trade-offs."
)
CODE = "Write a Python function that reverses a string"
GOOD = [{"reply": "A-17"}]
CLOUD = [{"reply": "the cloud says so"}]
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"order": {"type": "string"}},
    "required": ["order"],
}


async def test_the_cloud_is_told_what_was_tried_and_what_was_wrong_with_it(
    store: Store, tmp_path: Path
) -> None:
    echo = {"match": r"not accepted: (.*)\n(.*)", "reply": r"I was shown: \2, because \1"}
    local = [{"reply": "my best guess", "min_logprob": -9.0}]
    async with scripted_router(store, tmp_path, local=local, cloud=[echo]) as router:
        result = await router.run(Task(prompt=ROUTINE))
    assert result.text.startswith("I was shown: my best guess, because confidence: mean token")


@pytest.mark.parametrize("local", [{"reply": "I'm sorry, but I can't."}, {"fail": "timeout"}])
async def test_what_is_worth_nothing_is_not_shown(
    store: Store, tmp_path: Path, local: dict[str, Any]
) -> None:
    cloud = [{"match": "not accepted", "reply": "shown"}, {"reply": "not shown"}]
    async with scripted_router(store, tmp_path, local=[local], cloud=cloud) as router:
        assert (await router.run(Task(prompt=ROUTINE))).text == "not shown"


async def ledger_of(router: Router) -> tuple[list[AttemptRecord], list[TaskRecord]]:
    records = [record async for record in router.ledger.read()]
    return (
        [record for record in records if isinstance(record, AttemptRecord)],
        [record for record in records if isinstance(record, TaskRecord)],
    )


async def test_a_routine_task_is_answered_locally_for_nothing(store: Store, tmp_path: Path) -> None:
    async with scripted_router(store, tmp_path, local=GOOD, cloud=CLOUD) as router:
        result = await router.run(Task(prompt=ROUTINE))
        assert (result.status, result.route, result.text) == ("done", "local", "A-17")
        assert result.cost_usd == 0.0
        assert [attempt.outcome for attempt in result.attempts] == ["accepted"]
        assert all(check.passed for check in result.checks)
        attempts, tasks = await ledger_of(router)
        assert [record.outcome for record in attempts] == ["accepted"]
        assert [record.status for record in tasks] == ["done"]


async def test_a_complex_task_goes_straight_to_the_cloud_and_costs(
    store: Store, tmp_path: Path
) -> None:
    async with scripted_router(store, tmp_path, local=GOOD, cloud=CLOUD) as router:
        result = await router.run(Task(prompt=COMPLEX))
        assert (result.route, result.text) == ("cloud", "the cloud says so")
        assert result.decision.route == "cloud"
        assert result.cost_usd is not None
        assert result.cost_usd > 0
        assert result.avoided_usd == 0.0


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ({"reply": "I'm sorry, but I can't help with that."}, EscalationReason.REFUSAL),
        ({"reply": ""}, EscalationReason.EMPTY),
        ({"reply": "cut", "finish_reason": "length"}, EscalationReason.CUT_OFF),
        ({"reply": "guess", "min_logprob": -9.0}, EscalationReason.LOW_CONFIDENCE),
        ({"fail": "unavailable"}, EscalationReason.ENGINE_FAILED),
        ({"fail": "timeout"}, EscalationReason.ENGINE_FAILED),
        ({"fail": "overflow"}, EscalationReason.CONTEXT),
    ],
)
async def test_a_weak_or_failed_local_answer_is_escalated_and_both_attempts_are_recorded(
    store: Store, tmp_path: Path, reply: dict[str, Any], reason: EscalationReason
) -> None:
    async with scripted_router(store, tmp_path, local=[reply], cloud=CLOUD) as router:
        result = await router.run(Task(prompt=ROUTINE))
        assert (result.status, result.route) == ("done", "cloud")
        assert result.reason.startswith("escalated: ")
        assert [attempt.route for attempt in result.attempts] == ["local", "cloud"]
        assert result.attempts[0].escalation is reason
        attempts, _ = await ledger_of(router)
        assert [record.outcome in ("rejected", "failed") for record in attempts] == [True, False]


async def test_code_that_does_not_parse_is_repaired_once_by_the_same_model(
    store: Store, tmp_path: Path
) -> None:
    mended = "```python\ndef f(s):\n    return s[::-1]\n```"
    local = [
        {"match": "does not parse", "reply": mended.replace("\\", "\\\\")},
        {"reply": "```python\ndef f(:\n```"},
    ]
    here = {"max_gain_by_kind": {"code": 0.5}}
    async with scripted_router(store, tmp_path, local=local, cloud=CLOUD, policy=here) as router:
        result = await router.run(Task(prompt=CODE))
        assert (result.route, result.text) == ("local", mended)
        assert [attempt.outcome for attempt in result.attempts] == ["rejected", "accepted"]


async def test_an_answer_without_the_schema_is_escalated(store: Store, tmp_path: Path) -> None:
    cloud = [{"reply": '{"order": "A-17"}'}]
    async with scripted_router(store, tmp_path, local=GOOD, cloud=cloud) as router:
        result = await router.run(Task(prompt=ROUTINE, schema=SCHEMA))
        assert (result.route, result.text) == ("cloud", '{"order":"A-17"}')


async def test_what_cannot_be_repaired_is_tried_only_once_more(
    store: Store, tmp_path: Path
) -> None:
    broken = [{"reply": "```python\ndef f(:\n```"}]
    here = {"max_gain_by_kind": {"code": 0.5}}
    async with scripted_router(store, tmp_path, local=broken, cloud=CLOUD, policy=here) as router:
        result = await router.run(Task(prompt=CODE))
        assert [attempt.route for attempt in result.attempts] == ["local", "local", "cloud"]
        assert result.route == "cloud"


async def test_without_a_cloud_a_complex_task_is_answered_here_and_says_so(
    store: Store, tmp_path: Path
) -> None:
    async with scripted_router(store, tmp_path, local=GOOD) as router:
        result = await router.run(Task(prompt=COMPLEX))
        assert (result.status, result.text, result.degraded) == ("done", "A-17", True)
        assert "the cloud is switched off" in result.reason


async def test_a_draft_that_fails_its_checks_is_not_shown(store: Store, tmp_path: Path) -> None:
    refusing = [{"reply": "As an AI, I cannot."}]
    async with scripted_router(store, tmp_path, local=refusing) as router:
        for prompt in (COMPLEX, ROUTINE):
            result = await router.run(Task(prompt=prompt))
            assert (result.status, result.text) == ("parked", "")
            assert len(result.attempts) == 1
            with pytest.raises(RoutesExhausted) as caught:
                result.raise_for_status()
            assert caught.value.attempts == result.attempts


async def test_a_private_task_never_reaches_the_cloud_whatever_happens(
    store: Store, tmp_path: Path
) -> None:
    for local in (GOOD, [{"reply": ""}], [{"fail": "unavailable"}]):
        async with scripted_router(store, tmp_path, local=local, cloud=CLOUD) as router:
            for prompt in (ROUTINE, COMPLEX):
                task = Task(prompt=prompt, privacy=Privacy.LOCAL_ONLY)
                result = await router.run(task)
                assert all(attempt.route == "local" for attempt in result.attempts)
                assert result.route in ("local", "none", "cache")
                assert result.status == ("done" if local is GOOD else "failed")


@pytest.mark.parametrize(
    ("failure", "status", "outcomes"),
    [
        ("denied", "failed", ["failed"]),
        ("unavailable", "done", ["failed", "accepted"]),
        ("overloaded", "done", ["failed", "accepted"]),
    ],
)
async def test_a_failing_cloud_is_told_and_recorded(
    store: Store, tmp_path: Path, failure: str, status: str, outcomes: list[str]
) -> None:
    async with scripted_router(store, tmp_path, local=GOOD, cloud=[{"fail": failure}]) as router:
        result = await router.run(Task(prompt=COMPLEX))
        assert (result.status, result.degraded) == (status, status == "done")
        assert result.reason
        attempts, tasks = await ledger_of(router)
        assert [record.outcome for record in attempts] == outcomes
        assert [record.status for record in tasks] == [status]


async def test_a_key_that_the_own_server_refuses_is_no_end(store: Store, tmp_path: Path) -> None:
    local = [{"fail": "denied"}]
    async with scripted_router(store, tmp_path, local=local, cloud=CLOUD) as router:
        result = await router.run(Task(prompt=ROUTINE))
        assert (result.status, result.route) == ("done", "cloud")
        assert result.attempts[0].escalation is EscalationReason.ENGINE_FAILED
        kept = await router.run(Task(prompt=ROUTINE, privacy=Privacy.LOCAL_ONLY))
        assert kept.status != "done"
        assert "the key is refused" in kept.reason


async def test_a_cloud_answer_against_the_schema_is_not_delivered_but_its_price_counts(
    store: Store, tmp_path: Path
) -> None:
    cloud = [{"reply": "no json here"}]
    async with scripted_router(store, tmp_path, local=[{"reply": ""}], cloud=cloud) as router:
        result = await router.run(Task(prompt=ROUTINE, schema=SCHEMA))
        assert result.status == "failed"
        assert result.cost_usd is not None
        assert result.cost_usd > 0


async def test_a_session_is_remembered_and_shown_to_the_next_task(
    store: Store, tmp_path: Path
) -> None:
    async with scripted_router(store, tmp_path, local=GOOD, cloud=CLOUD) as router:
        await router.run(Task(prompt=ROUTINE, session="trip"))
        history = await router.memory.history("trip")
        assert [(turn.role, turn.content) for turn in history] == [
            ("user", ROUTINE),
            ("assistant", "A-17"),
        ]
        again = await router.run(Task(prompt=ROUTINE, session="trip"))
        assert again.attempts[0].usage.prompt_tokens > len(ROUTINE.split()) * 2


async def test_an_identical_request_is_answered_from_memory_and_a_different_one_is_not(
    store: Store, tmp_path: Path
) -> None:
    async with scripted_router(store, tmp_path, local=GOOD, cloud=CLOUD) as router:
        first = await router.run(Task(prompt=COMPLEX))
        second = await router.run(Task(prompt=COMPLEX))
        assert (second.route, second.text, second.attempts) == ("cache", first.text, ())
        assert second.cost_usd == 0.0
        other = await router.run(Task(prompt=COMPLEX, max_tokens=100))
        assert other.route == "cloud"


async def test_the_cache_can_be_switched_off(store: Store, tmp_path: Path) -> None:
    async with scripted_router(store, tmp_path, local=GOOD, memory={"cache": False}) as router:
        for _ in range(2):
            assert (await router.run(Task(prompt=ROUTINE))).route == "local"


async def test_the_stream_tells_route_tokens_attempt_and_result_in_this_order(
    store: Store, tmp_path: Path
) -> None:
    local = [{"reply": "one two three"}]
    async with scripted_router(store, tmp_path, local=local) as router:
        events = [event async for event in router.stream(Task(prompt=WRITING))]
        assert isinstance(events[0], Routed)
        tokens = [event.text for event in events if isinstance(event, Token)]
        assert "".join(tokens) == "one two three"
        assert len(tokens) == 3
        assert isinstance(events[-2], Attempted)
        assert isinstance(events[-1], Finished)


async def test_a_cancelled_run_stops_its_engine_and_is_in_the_account(
    store: Store, tmp_path: Path
) -> None:
    slow = [{"reply": "word " * 1000, "tokens_per_s": 20}]
    async with scripted_router(store, tmp_path, local=slow) as router:
        events: list[Event] = []
        run = asyncio.create_task(router.run(Task(prompt=ROUTINE), emit=events.append))
        await wait_until(lambda: any(isinstance(one, Token) for one in events), "a first word")
        run.cancel()
        with bounded("the end of a cancelled run"), pytest.raises(asyncio.CancelledError):
            await run
        attempts, tasks = await ledger_of(router)
        assert [record.outcome for record in attempts] == ["cancelled"]
        assert [record.status for record in tasks] == ["failed"]


async def test_a_closed_stream_cancels_the_run(store: Store, tmp_path: Path) -> None:
    slow = [{"reply": "word " * 1000, "tokens_per_s": 50}]
    async with scripted_router(store, tmp_path, local=slow) as router:
        stream = router.stream(Task(prompt=ROUTINE))
        async for event in stream:
            if isinstance(event, Token):
                break
        await stream.aclose()
        attempts, _ = await ledger_of(router)
        assert [record.outcome for record in attempts] == ["cancelled"]


async def test_local_attempts_leave_time_for_the_cloud(store: Store, tmp_path: Path) -> None:
    hanging = [{"reply": "late", "delay_s": 60}]
    policy = {"local_share": 0.03}
    async with scripted_router(
        store, tmp_path, local=hanging, cloud=CLOUD, policy=policy
    ) as router:
        result = await router.run(Task(prompt=ROUTINE, timeout_s=BOUND_S))
        assert (result.status, result.route) == ("done", "cloud")
        assert result.latency_s < BOUND_S


async def test_without_a_cloud_the_deadline_is_the_tasks(store: Store, tmp_path: Path) -> None:
    hanging = [{"reply": "late", "delay_s": 60}]
    async with scripted_router(store, tmp_path, local=hanging) as router:
        result = await router.run(Task(prompt=ROUTINE, timeout_s=0.5))
        assert result.status == "failed"
        assert 0.4 < result.latency_s < 2.0


async def test_a_schema_that_is_none_is_refused_before_anything_runs(
    store: Store, tmp_path: Path
) -> None:
    async with scripted_router(store, tmp_path, local=GOOD) as router:
        with pytest.raises(TaskError, match="not a valid JSON Schema"):
            await router.run(Task(prompt=ROUTINE, schema={"type": "strange"}))
        assert await ledger_of(router) == ([], [])


async def test_many_tasks_at_once_are_each_accounted_for_once(store: Store, tmp_path: Path) -> None:
    local = [{"match": r"order (A-\d+)", "reply": r"\1"}]
    async with scripted_router(store, tmp_path, local=local) as router:
        tasks = [
            Task(prompt=f"Extract the order number from: order A-{n} was late.") for n in range(50)
        ]
        results = await asyncio.gather(*(router.run(task) for task in tasks))
        assert [result.text for result in results] == [f"A-{n}" for n in range(50)]
        attempts, recorded = await ledger_of(router)
        assert len(attempts) == len(recorded) == 50
        assert {record.task_id for record in recorded} == {task.task_id for task in tasks}


async def test_the_finished_state_of_a_run_can_be_looked_at(store: Store, tmp_path: Path) -> None:
    async with scripted_router(store, tmp_path, local=GOOD) as router:
        result = await router.run(Task(prompt=ROUTINE))
        state = await router.state(result.task_id)
        assert state is not None
        assert state["outcome"].text == "A-17"
        assert await router.state("unknown") is None


async def test_the_default_settings_hold_no_cloud_without_a_key(store: Store) -> None:
    settings = Settings.model_validate(
        {"store": {"url": store.url, "namespace": store.keys.namespace}}
    )
    async with Router.open(settings, env={}) as router:
        assert router.roster.clouds == ()
    async with Router.open(settings, env={"ANTHROPIC_API_KEY": "k"}) as router:
        assert router.roster.cloud_model.startswith("anthropic/")


async def test_a_gguf_that_the_user_names_really_infers(store: Store, tmp_path: Path) -> None:
    model = write_tiny_gguf(tmp_path / "tiny.gguf")
    settings = Settings.model_validate(
        {
            "models": {"general": {"path": str(model), "threads": 1, "max_tokens": 400}},
            "store": {"url": store.url, "namespace": store.keys.namespace},
        }
    )
    async with Router.open(settings, env={}) as router:
        task = Task(prompt=WRITING, privacy=Privacy.LOCAL_ONLY)
        result = await router.run(task)
        # The model recites the same letters whatever it is asked, and is sure of them.
        assert (result.status, result.route) == ("done", "local")
        assert result.text.endswith("Z")
        assert result.attempts[0].engine == "llamacpp"
        assert result.attempts[0].usage.completion_tokens > 0
        assert result.attempts[0].stats is not None


async def test_private_text_is_not_written_to_a_redis_on_another_machine(
    store: Store, tmp_path: Path
) -> None:
    async with scripted_router(store, tmp_path, local=GOOD) as router:
        remote = replace(store, local=False)
        elsewhere = Router(
            settings=router.settings,
            roster=router.roster,
            prices=Prices.load(),
            store=remote,
            gate=Gate(router.settings.privacy),
            tools=configured_tools(router.settings),
        )
        private = Task(prompt=ROUTINE + " Ana Secreta", privacy=Privacy.LOCAL_ONLY)
        assert (await elsewhere.run(private)).status == "done"
        with pytest.raises(TaskError, match="must stay on this machine"):
            await elsewhere.run(private.model_copy(update={"session": "trip"}))
        every_key = f"{store.keys.namespace}:*"
        # The account holds no word of a prompt; memory, answers and checkpoints do.
        account = {store.keys.ledger().encode(), store.keys.ledger_head().encode()}
        assert set(await store.redis.keys(every_key)) == account
        assert (await router.run(private)).status == "done"
        assert len(await store.redis.keys(every_key)) > 2
