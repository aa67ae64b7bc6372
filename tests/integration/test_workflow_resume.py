"""Runs that are taken up again: by one driver alone, found by their ids, with the files of then."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from waiting import wait_until
from workflow_runs import Calls, routed, workflow

from graphs.workflow.api import Workflow
from graphs.workflow.execution import runs as execution_runs
from graphs.workflow.execution.runs import begin, continue_run, look
from router.errors import RunTaken, TaskError
from router.queue import runs as runs_module
from router.queue.runs import RunRecord, Runs
from router.store.store import Store


@contextmanager
def process(*words: str) -> Iterator[subprocess.Popen[str]]:
    """Another process with our packages; killed and reaped at the end, if not before."""
    command = [sys.executable, "-c", *words]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, text=True, stdout=subprocess.PIPE) as running:
        try:
            yield running
        finally:
            running.kill()


async def test_a_run_goes_on_with_the_files_that_it_began_with(
    store: Store, tmp_path: Path
) -> None:
    calls = Calls()
    folder = tmp_path / "of" / "mine"
    folder.mkdir(parents=True)
    (tmp_path / "of" / "shared.yaml").write_text(
        "name: s\nsteps: [{id: x, tool: echo, arguments: {text: shared}}]\noutputs: {o: shared}\n"
    )
    made = workflow(
        folder,
        """
        steps:
          - {id: ok, approve: {message: m}}
          - {id: sub, workflow: inner.yaml}
          - {id: up, workflow: ../shared.yaml}
          - {id: data, agent: general, prompt: "Greet.", output: {schema: schema.json}}
        outputs: {all: ["${{ steps.sub.output.o }}", "${{ steps.up.output.o }}", "${{ steps.data.output }}"]}
        """,  # noqa: E501
        inner__yaml="""
        name: i
        steps: [{id: x, tool: echo, arguments: {text: inner}}]
        outputs: {o: "${{ steps.x.output }}"}
        """,
        schema__json='{"type": "array"}',
    )
    async with routed(store, tmp_path, calls=calls, local=[{"reply": "[1]"}]) as router:
        await made.run(router=router, run_id="r")
        for path in (*folder.iterdir(), tmp_path / "of" / "shared.yaml"):
            path.unlink()
        folder.rmdir()
        done = await Workflow.resume("r", router=router, answers={"ok": True})
    assert done.outputs == {"all": ["inner", "shared", [1]]}, done.error
    assert calls.said == ["inner", "shared"]


async def test_a_dead_process_of_this_machine_is_not_waited_for(
    store: Store, tmp_path: Path
) -> None:
    made = workflow(tmp_path, "steps: [{id: a, tool: echo, arguments: {text: x}}]\n")
    code = textwrap.dedent(
        """
        import asyncio, sys
        from router.queue.runs import Runs
        from router.store.store import open_store
        async def main(url, namespace, run_id):
            async with await open_store(url=url, namespace=namespace) as store:
                await Runs(store).lease(run_id)
                print("held", flush=True)
                await asyncio.sleep(60)
        asyncio.run(main(*sys.argv[1:]))
        """
    )
    async with routed(store, tmp_path) as router:
        record = await begin(router, made.definition, {})
        with process(code, store.url, store.keys.namespace, record.run_id) as holder:
            assert holder.stdout is not None
            assert await asyncio.to_thread(holder.stdout.readline) == "held\n"
            with pytest.raises(RunTaken, match=f":{holder.pid}: wait for it, or end"):
                await continue_run(router, record.run_id)
            assert (await look(router, record.run_id)).status == "running"
            holder.kill()
            await asyncio.to_thread(holder.wait)
            assert (await look(router, record.run_id)).status == "interrupted"
            assert (await continue_run(router, record.run_id)).status == "done"


async def test_whoever_lost_its_lease_stops_at_once(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs_module, "LEASE_S", 0.4)
    monkeypatch.setattr(execution_runs, "LEASE_S", 0.4)
    calls = Calls(slow_s=0.3)
    made = workflow(
        tmp_path,
        """
        steps:
          - id: each
            for_each: "${{ range(20) }}"
            max_parallel: 1
            tool: echo
            arguments: {text: x}
        """,
    )
    key = store.keys.workflow_lease("r")
    async with routed(store, tmp_path, calls=calls) as router:
        running = asyncio.create_task(made.run(router=router, run_id="r"))
        await wait_until(lambda: len(calls.said) >= 3, "some items")
        assert await store.redis.exists(key), "the lease is renewed while it runs"
        await store.redis.set(key, "another:1 - taken", px=60_000)
        with pytest.raises(RunTaken, match="was taken up by another process"):
            await running
        begun = len(calls.said)
        await asyncio.sleep(0.4)
        assert len(calls.said) == begun
        assert await store.redis.get(key) == b"another:1 - taken", "it is not ours to give back"


async def test_a_run_is_found_by_the_beginning_of_its_id(store: Store) -> None:
    runs = Runs(store)
    for run_id in ("abc1", "abd2", "x"):
        await runs.save(RunRecord(run_id=run_id, workflow="w"))
    assert (await runs.load("abd")).run_id == "abd2"
    assert (await runs.load("abc1")).run_id == "abc1"
    with pytest.raises(TaskError, match=r"2 runs begin with 'ab'; the latest are: .*edgeward runs"):
        await runs.load("ab")
    for unknown in ("zz", ""):
        with pytest.raises(TaskError, match=f"no run begins with '{unknown}'"):
            await runs.load(unknown)
    assert [one.run_id for one in await runs.latest(2)] == ["x", "abd2"]


async def test_a_record_that_cannot_be_read_is_said_to_be_gone(store: Store) -> None:
    runs = Runs(store)
    await runs.save(RunRecord(run_id="r", workflow="w"))
    await store.redis.set(store.keys.workflow_run("r"), '{"run_id": "r", "later": 1}')
    with pytest.raises(TaskError, match="'r' is forgotten, or its record cannot be read"):
        await runs.load("r")
    assert await runs.latest() == ()


async def test_what_a_run_leaves_in_redis_is_forgotten_some_day(
    store: Store, tmp_path: Path
) -> None:
    made = workflow(
        tmp_path,
        """
        steps:
          - {id: a, for_each: [1, 2], agent: cloud, prompt: Hi., budget: {max_usd: 1}}
          - {id: sub, workflow: inner.yaml}
        """,
        inner__yaml="name: i\nsteps: [{id: a, tool: echo, arguments: {text: x}}]\n",
    )
    async with routed(store, tmp_path, cloud=[{"reply": "x"}]) as router:
        await made.run(router=router, run_id="r")
    forever = [
        key
        async for key in store.redis.scan_iter(f"{store.keys.namespace}:*", count=1000)
        if await store.redis.ttl(key) < 0
    ]
    assert not [key for key in forever if b"workflow" in key or b"thread" in key or b"%2F" in key]
