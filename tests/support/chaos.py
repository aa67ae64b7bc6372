"""Chaos test of the queue: kills and freezes workers, kills and restarts Redis, and counts what is
left of the tasks."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from waiting import wait_until

from graphs.queue import open_queue
from router.errors import StoreUnavailable
from router.queue.task_queue import TaskQueue
from router.queue.types import ENDED
from router.store.redis_binary import find_binary
from router.types.task import Task

PROMPT = "Write a short greeting for friend number {}."
WORK = """
import sys, time
if sys.argv[2] == "skewed":
    honest = time.time
    time.time = lambda: honest() + 3600
import asyncio
from pathlib import Path
from router.settings.settings import load_settings
from workers.commands.submit import work_until_told
settings, _ = load_settings(Path(sys.argv[1]), {})
asyncio.run(work_until_told(settings, ["general", "coder"], 8))
"""


@dataclass(slots=True)
class Report:
    """The result of a chaos test. twice: tasks whose end was written more than once."""

    tasks: int
    states: Counter[str] = field(default_factory=Counter)
    twice: int = 0
    runs: Counter[int] = field(default_factory=Counter)
    kills: int = 0
    freezes: int = 0
    redis_kills: int = 0
    seconds: float = 0.0
    recovery_s: float = 0.0
    keys_left: int = 0

    @property
    def lost(self) -> int:
        return self.tasks - sum(self.states[state] for state in ENDED)


class Redis:
    """A redis-server of its own that can be killed, and restarted with its data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"unix://{folder}/r.sock"
        self._server: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Returns once it listens, with the data of its file loaded."""
        command = [str(find_binary().path), "--port", "0", "--dir", str(self.folder)]
        command += ["--unixsocket", f"{self.folder}/r.sock", "--unixsocketperm", "700"]
        command += ["--appendonly", "yes", "--appendfsync", "everysec", "--save", ""]
        self._server = await asyncio.to_thread(subprocess.Popen, command, stdout=subprocess.DEVNULL)
        await wait_until(lambda: (self.folder / "r.sock").exists(), "Redis to start", 20)

    def kill(self) -> None:
        assert self._server is not None
        self._server.kill()
        self._server.wait()
        (self.folder / "r.sock").unlink(missing_ok=True)


@asynccontextmanager
async def attacked(folder: Path, lease_s: float) -> AsyncIterator[tuple[Redis, Path]]:
    """A Redis, and the path of a configuration with quick scripted models."""
    (folder / "local.yaml").write_text(json.dumps({"rules": [{"reply": "hello there"}]}))
    model = {"script": str(folder / "local.yaml")}
    redis = Redis(folder)
    settings = {
        "models": {"general": model, "coder": model, "specialist": None, "exact": False},
        "cloud": {"model": "off"},
        "memory": {"cache": False},
        "store": {"url": redis.url, "home": str(folder / "home")},
        # Workers are killed on purpose: the tasks must not become dead letters for that.
        "queue": {"lease_s": lease_s, "most_runs": 50, "drain_s": 5},
        "log_level": "error",
    }
    path = folder / "edgeward.yaml"
    path.write_text(json.dumps(settings))
    await redis.start()
    try:
        yield redis, path
    finally:
        with suppress(ProcessLookupError):
            redis.kill()


def start_worker(config: Path, place: int) -> subprocess.Popen[bytes]:
    """Starts a worker; the clock of worker 0 is an hour ahead."""
    clock = "skewed" if place == 0 else "right"
    command = [sys.executable, "-c", WORK, str(config), clock]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


async def chaos(
    tasks: int, *, workers: int = 4, redis_kills: int = 2, lease_s: float = 3.0, seed: int = 1
) -> Report:
    """Submits, kills, freezes, restarts; returns once every task has ended, or at a timeout."""
    rng, report = random.Random(seed), Report(tasks)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="edgeward-", dir="/tmp") as name:
        async with attacked(Path(name), lease_s) as (redis, config):
            pool = [start_worker(config, place) for place in range(workers)]
            try:
                async with open_queue(config, env={}) as queue:
                    submitting = asyncio.create_task(_submit(queue, tasks))
                    await _attack(queue, submitting, pool, config, redis, redis_kills, rng, report)
                    calm = time.monotonic()
                    await _ended(queue, tasks, 180)
                    report.recovery_s = time.monotonic() - calm
                    await _judge(queue, tasks, report)
            finally:
                for worker in pool:
                    worker.send_signal(signal.SIGCONT)
                    worker.kill()
                    worker.wait()
    report.seconds = time.monotonic() - began
    return report


async def _submit(queue: TaskQueue, tasks: int) -> None:
    """Submits each task until it is accepted; its id is the idempotency key."""
    for number in range(tasks):
        while True:
            try:
                await queue.submit(Task(prompt=PROMPT.format(number), task_id=f"t{number}"))
                break
            except StoreUnavailable:
                await asyncio.sleep(0.2)


async def _attack(
    queue: TaskQueue,
    submitting: asyncio.Task[None],
    pool: list[subprocess.Popen[bytes]],
    config: Path,
    redis: Redis,
    redis_kills: int,
    rng: random.Random,
    report: Report,
) -> None:
    """Kills a worker every second, freezes one past its lease, and kills Redis meanwhile."""
    frozen: tuple[int, float] | None = None
    turn = 0
    while not submitting.done() or await _waiting(queue) > 0:
        await asyncio.sleep(1.0)
        await _progress(queue, submitting)
        turn += 1
        victims = [place for place in range(len(pool)) if not frozen or place != frozen[0]]
        victim = rng.choice(victims)
        pool[victim].kill()
        pool[victim].wait()
        pool[victim] = start_worker(config, victim)
        report.kills += 1
        if frozen and time.monotonic() - frozen[1] > 5.0:
            pool[frozen[0]].send_signal(signal.SIGCONT)
            frozen = None
        elif not frozen and turn % 8 == 3:
            frozen = (rng.choice([p for p in range(len(pool)) if p != victim]), time.monotonic())
            pool[frozen[0]].send_signal(signal.SIGSTOP)
            report.freezes += 1
        if turn % 6 == 2 and report.redis_kills < redis_kills:
            redis.kill()
            report.redis_kills += 1
            await asyncio.sleep(0.5)
            await redis.start()
    if frozen:
        pool[frozen[0]].send_signal(signal.SIGCONT)
    await submitting


async def _progress(queue: TaskQueue, submitting: asyncio.Task[None]) -> None:
    """Until some tasks were begun: on a busy machine a worker takes seconds to start, and killed
    before it has begun any it would show nothing."""
    before, deadline = await _waiting(queue), time.monotonic() + 20.0
    while time.monotonic() < deadline:
        waiting = await _waiting(queue)
        if waiting < before - 3 or (submitting.done() and waiting == 0):
            return
        before = max(before, waiting)
        await asyncio.sleep(0.1)


async def _waiting(queue: TaskQueue) -> int:
    try:
        lengths = await queue.lengths()
    except StoreUnavailable:
        return 1
    return sum(part.get("ready", 0) + part.get("delayed", 0) for part in lengths.values())


async def _ended(queue: TaskQueue, tasks: int, timeout_s: float) -> None:
    left = {f"t{number}" for number in range(tasks)}
    deadline = time.monotonic() + timeout_s
    while left and time.monotonic() < deadline:
        with suppress(StoreUnavailable):
            left = {one for one in left if (await queue.status(one)).state not in ENDED}
        await asyncio.sleep(0.2)


async def _judge(queue: TaskQueue, tasks: int, report: Report) -> None:
    for number in range(tasks):
        status = await queue.status(f"t{number}")
        report.states[status.state] += 1
        report.runs[status.runs] += 1
        ends = 0
        async for event in queue.history(f"t{number}"):
            ends += event["type"] == "end"
        report.twice += ends > 1
