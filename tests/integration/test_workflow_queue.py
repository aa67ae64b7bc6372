"""Workflows that workers drive: taken, parked at a question, taken up again, and by whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from waiting import wait_until
from workflow_runs import Calls, routed, workflow

from graphs.workflow.execution.outcome import Answer
from graphs.workflow.execution.runs import begin, look, say
from router.errors import TaskError
from router.queue.task_queue import TaskQueue
from router.settings.queue import QueueSettings
from router.store.store import Store
from workers.consumer import queued_run
from workers.consumer.queued_run import task_of_run
from workers.consumer.worker import Worker


@asynccontextmanager
async def working(
    store: Store, folder: Path, queue: TaskQueue, calls: Calls | None = None
) -> AsyncIterator[Worker]:
    """One worker, until the context ends."""
    stop = asyncio.Event()
    async with routed(store, folder, calls=calls) as router:
        one = Worker(router=router, queue=queue)
        running = asyncio.create_task(one.run(stop))
        try:
            yield one
        finally:
            stop.set()
            await running


@pytest.fixture
async def queue(store: Store) -> AsyncIterator[TaskQueue]:
    async with TaskQueue(store, QueueSettings(), lambda _: "general") as queue:
        yield queue


async def submitted(store: Store, folder: Path, queue: TaskQueue, text: str) -> tuple[str, str]:
    """The ids of the run and of its task."""
    async with routed(store, folder) as router:
        record = await begin(router, workflow(folder, text).definition, {}, queued=True)
    handle = await queue.submit(task_of_run(record.run_id, record.workflow))
    return record.run_id, handle.task_id


async def test_a_worker_drives_a_run_and_tells_of_its_steps(
    store: Store, tmp_path: Path, queue: TaskQueue
) -> None:
    text = """
    steps:
      - {id: a, tool: echo, arguments: {text: x}}
      - {id: b, for_each: [1, 2], tool: echo, arguments: {text: y}}
    outputs: {o: "${{ steps.a.output }}"}
    """
    _, task_id = await submitted(store, tmp_path, queue, text)
    async with working(store, tmp_path, queue):
        result = await queue.handle(task_id).result(10)
        events = [event async for event in queue.handle(task_id).events()]
        assert (result.status, result.text) == ("done", '{"o": "x"}')
    told = [(one.get("step"), one.get("state")) for one in events if one["type"] == "step"]
    assert told[:3] == [("a", "begun"), ("a", "done"), ("b", "begun")]
    assert told[-1] == ("b", "done")


async def test_a_run_that_asks_is_parked_and_goes_on_with_the_answer(
    store: Store, tmp_path: Path, queue: TaskQueue
) -> None:
    text = """
    steps:
      - {id: ok, approve: {message: m}}
      - {id: a, tool: echo, arguments: {text: "${{ steps.ok.output.comment }}"}}
    outputs: {o: "${{ steps.a.output }}"}
    """
    run_id, task_id = await submitted(store, tmp_path, queue, text)
    calls = Calls()
    async with working(store, tmp_path, queue, calls) as worker:
        parked = await queue.handle(task_id).result(10)
        assert parked.status == "parked"
        assert parked.reason == f"it waits for ok: edgeward show {run_id}"
        await say(worker.router, run_id, {"ok": Answer(approved=True, comment="go")})
        handle = await queue.submit(task_of_run(run_id, "w"))
        done = await handle.result(10)
    assert (done.status, done.text, calls.said) == ("done", '{"o": "go"}', ["go"])


async def test_a_run_that_waits_for_longer_comes_back_by_itself(
    store: Store, tmp_path: Path, queue: TaskQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queued_run, "PATIENCE_S", 0.1)
    text = """
    steps:
      - {id: pause, wait: {seconds: 1}}
      - {id: a, tool: echo, arguments: {text: x}}
    outputs: {o: "${{ steps.a.output }}"}
    """
    run_id, task_id = await submitted(store, tmp_path, queue, text)
    calls = Calls()
    async with working(store, tmp_path, queue, calls) as worker:
        parked = await queue.handle(task_id).result(10)
        assert (parked.status, calls.said) == ("parked", [])
        await wait_until(lambda: calls.said == ["x"], "the run to come back", 10)

        async def done() -> bool:
            return (await look(worker.router, run_id)).status == "done"

        await wait_until(done, "its end")


async def test_a_question_with_a_time_limit_comes_back_when_that_is_over(
    store: Store, tmp_path: Path, queue: TaskQueue
) -> None:
    text = """
    steps:
      - {id: ok, timeout_s: 0.5, continue_on_error: true, approve: {message: m}}
    outputs: {o: "${{ steps.ok.output.approved }}"}
    """
    run_id, task_id = await submitted(store, tmp_path, queue, text)
    async with working(store, tmp_path, queue) as worker:
        assert (await queue.handle(task_id).result(10)).status == "parked"

        async def done() -> bool:
            return (await look(worker.router, run_id)).outputs == {"o": False}

        await wait_until(done, "the no")


async def test_a_failed_run_says_why_and_a_task_done_twice_does_it_once(
    store: Store, tmp_path: Path, queue: TaskQueue
) -> None:
    text = "steps: [{id: a, tool: echo, arguments: {text: x}}]\n"
    calls = Calls(fails={"x": 1})
    run_id, task_id = await submitted(store, tmp_path, queue, text)
    async with working(store, tmp_path, queue, calls):
        failed = await queue.handle(task_id).result(10)
        assert failed.status == "failed"
        assert failed.reason.startswith("the step a failed: echo: ")
        again = await queue.submit(task_of_run(run_id, "w"))
        assert (await again.result(10)).status == "done", "whoever submits it again wants it tried"
        twice = await queue.submit(task_of_run(run_id, "w"))
        assert (await twice.result(10)).status == "done"
    assert calls.said == ["x", "x"]


async def test_a_run_whose_worker_is_gone_is_waited_for_and_driven_on(
    store: Store, tmp_path: Path, queue: TaskQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queued_run, "_POLL_S", 0.05)
    text = "steps: [{id: a, tool: echo, arguments: {text: x}}]\n"
    run_id, task_id = await submitted(store, tmp_path, queue, text)
    key = store.keys.workflow_lease(run_id)
    await store.redis.set(key, "elsewhere:7 - x", px=600)
    calls = Calls()
    async with working(store, tmp_path, queue, calls):
        result = await queue.handle(task_id).result(10)
    assert (result.status, calls.said) == ("done", ["x"])


async def test_a_run_is_no_request(store: Store, tmp_path: Path) -> None:
    async with routed(store, tmp_path) as router:
        with pytest.raises(TaskError, match="is a run of a workflow: submit it to the queue"):
            await router.run(task_of_run("r", "w"))
