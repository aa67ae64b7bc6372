"""A task's time is the task's: nothing else is charged to it, and nothing outlasts it for long."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripted_router import scripted_router
from waiting import wait_for

from agents.engines.scripted import ScriptedEngine
from router.errors import StoreUnavailable
from router.store import embedded
from router.store.redis_binary import find_binary
from router.store.store import Store, open_store
from router.types.result import CloudState
from router.types.task import Task

ROUTINE = "Convert the date to ISO format: March 7, 2026"
HARD = "Prove that there are infinitely many primes, and design a distributed proof checker."


async def test_a_local_answer_that_took_all_the_time_says_nothing_about_the_cloud(
    store: Store, tmp_path: Path
) -> None:
    slow = [{"reply": "never mind", "delay_s": 60.0}]
    policy = {"local_share": 1.0, "max_gain": 1.0}
    async with scripted_router(
        store, tmp_path, local=slow, cloud=[{"reply": "2026-03-07"}], policy=policy
    ) as router:
        result = await router.run(Task(prompt=ROUTINE, timeout_s=0.3))
        waiting = await router.outbox.waiting()
    assert [attempt.route for attempt in result.attempts] == ["local"]
    assert (result.status, result.cloud, result.in_outbox) == ("failed", CloudState.OPEN, False)
    assert "over before the cloud could be asked" in result.reason
    assert not waiting


async def test_importing_a_library_is_not_the_tasks_time(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slowly(self: ScriptedEngine) -> None:
        await asyncio.sleep(1.0)

    monkeypatch.setattr(ScriptedEngine, "load_library", slowly)
    async with scripted_router(
        store, tmp_path, local=[{"reply": "x"}], cloud=[{"reply": "It is proved."}]
    ) as router:
        result = await router.run(Task(prompt=HARD, timeout_s=0.5))
    assert (result.status, result.route) == ("done", "cloud"), result.reason


@pytest.fixture
def own_redis() -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A Redis that a test may freeze."""
    folder = Path(tempfile.mkdtemp(prefix="edgeward-", dir="/tmp"))
    place = embedded.Place(data=folder, socket=folder / "redis.sock")
    command = [str(find_binary().path), "--port", "0", "--save", "", "--dir", str(folder)]
    command += ["--unixsocket", str(place.socket), "--unixsocketperm", "700"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        wait_for(lambda: embedded.peek(place) == "+PONG", "the test's own Redis to answer")
        yield server, f"unix://{place.socket}"
        os.kill(server.pid, signal.SIGCONT)
        server.terminate()
        server.wait(10)
    shutil.rmtree(folder)


async def test_a_frozen_redis_costs_a_task_its_own_time_and_little_more(
    own_redis: tuple[subprocess.Popen[bytes], str], tmp_path: Path
) -> None:
    server, url = own_redis
    async with (
        await open_store(url=url) as store,
        scripted_router(store, tmp_path, local=[{"reply": "2026-03-07"}]) as router,
    ):
        assert (await router.run(Task(prompt=ROUTINE))).task_id
        os.kill(server.pid, signal.SIGSTOP)
        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match="did not answer"):
            await router.run(Task(prompt=ROUTINE, session="s", timeout_s=1.0))
        # One command alone had 30 s before; a busy machine may take some.
        assert time.monotonic() - began < 20
        os.kill(server.pid, signal.SIGCONT)


async def test_an_answer_is_delivered_though_redis_froze_meanwhile(
    own_redis: tuple[subprocess.Popen[bytes], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server, url = own_redis
    stream = ScriptedEngine.stream

    async def freezing(self: ScriptedEngine, request: object) -> object:
        os.kill(server.pid, signal.SIGSTOP)
        async for part in stream(self, request):  # type: ignore[arg-type]
            yield part

    monkeypatch.setattr(ScriptedEngine, "stream", freezing)
    async with (
        await open_store(url=url) as store,
        scripted_router(store, tmp_path, local=[{"reply": "2026-03-07"}]) as router,
    ):
        result = await router.run(Task(prompt=ROUTINE, timeout_s=2.0))
        os.kill(server.pid, signal.SIGCONT)
    assert (result.status, result.text) == ("done", "2026-03-07")
    assert any("did not answer" in warning for warning in result.warnings)
