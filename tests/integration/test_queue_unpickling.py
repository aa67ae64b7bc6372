"""Whoever can write to the queue's Redis runs no code: pickles in everything that is read.

Submitters and workers are processes of their own, in which nothing may be unpickled. Which keys,
streams and channels there are is not written down here but heard from Redis while tasks run, so
that one that a newer library reads is planted too.
"""

from __future__ import annotations

import ast
import asyncio
import json
import os
import pickle
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from waiting import wait_until

from router.store.store import Store

WATCH = Path(__file__).parents[1] / "support" / "unpickling"
PICKLING = {"pickle", "_pickle", "cloudpickle", "dill", "marshal", "shelve", "jsonpickle", "yaml"}
SUBMIT = """
import asyncio, sys
from graphs.queue import open_queue
from router.types.task import Task

async def main():
    async with open_queue(sys.argv[1], env={}) as queue:
        prompts = [f"Write a short greeting for friend number {n}." for n in range(3)]
        handles = [
            await queue.submit(Task(prompt=prompt), delay_s=delay)
            for prompt, delay in zip(prompts, (0.0, 0.0, 0.3))
        ]
        gone = await queue.submit(Task(prompt=prompts[0]), delay_s=60)
        await gone.cancel()
        if sys.argv[2] == "wait":
            for handle in handles:
                print((await handle.result(30)).status)
                async for event in handle.events():
                    pass

asyncio.run(main())
"""
WORK = """
import asyncio, sys
from pathlib import Path
from router.settings.settings import load_settings
from workers.commands.submit import work_until_told
settings, _ = load_settings(Path(sys.argv[1]), {})
asyncio.run(work_until_told(settings, ["general", "coder"], 2))
"""


@dataclass(slots=True)
class Bomb:
    """Leaves its mark wherever it is unpickled."""

    mark: Path

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, (str(self.mark), "w"))


@dataclass(slots=True)
class Heard:
    """What processes asked Redis for: each key with the commands on it, and the channels."""

    keys: dict[str, set[str]] = field(default_factory=dict)
    channels: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Setting:
    """A queue of its own, whose processes note what they unpickle."""

    store: Store
    config: Path
    mark: Path
    noted: Path

    @property
    def bomb(self) -> bytes:
        return pickle.dumps((Bomb(self.mark),))

    def start(self, program: str, *arguments: str) -> subprocess.Popen[str]:
        path = [str(WATCH), *filter(None, [os.environ.get("PYTHONPATH", "")]), os.getcwd()]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(path)}
        env["EDGEWARD_UNPICKLED"] = str(self.noted)
        command = [sys.executable, "-c", program, str(self.config), *arguments]
        return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[str]]:
        with self.start(WORK) as process:
            try:
                yield process
                process.terminate()
                process.wait(30)
            finally:
                process.kill()

    async def submit(self, how: str = "wait", timeout_s: float = 60.0) -> list[str]:
        """What the submitter's three tasks came to; none where it only hands them in."""
        with self.start(SUBMIT, how) as process:
            try:
                printed, _ = await asyncio.to_thread(process.communicate, timeout=timeout_s)
            finally:
                process.kill()
        return printed.split()

    def unharmed(self) -> None:
        assert not self.mark.exists(), "the payload of a pickle was run"
        assert not self.noted.exists(), self.noted.read_text()


@pytest.fixture
def setting(store: Store, tmp_path: Path) -> Setting:
    (tmp_path / "local.yaml").write_text(json.dumps({"rules": [{"reply": "hello there"}]}))
    model = {"script": str(tmp_path / "local.yaml")}
    settings = {
        "models": {"general": model, "coder": model, "specialist": None, "exact": False},
        "cloud": {"model": "off"},
        "memory": {"cache": False},
        "store": {"url": store.url, "namespace": store.keys.namespace, "home": str(tmp_path)},
        "queue": {"lease_s": 2.0, "drain_s": 1},
        "log_level": "error",
    }
    (tmp_path / "edgeward.yaml").write_text(json.dumps(settings))
    mark, noted = tmp_path / "went-off", tmp_path / "unpickled"
    return Setting(store, tmp_path / "edgeward.yaml", mark, noted)


@asynccontextmanager
async def listening(store: Store) -> AsyncIterator[Heard]:
    """Everything that is asked of Redis under the store's namespace, until the context ends."""
    heard, ours = Heard(), re.compile(rf"{re.escape(store.keys.namespace)}[-:][^\s\"*]+")
    end = f"end-of-{store.keys.namespace}"

    async def hear() -> None:
        async with store.redis.monitor() as monitor:
            began.set()
            async for said in monitor.listen():
                command: str = said["command"]
                if command.startswith("ECHO") and end in command:
                    return
                name = command.split(" ", 1)[0].upper()
                # A script's own commands are heard besides the call.
                for key in ours.findall(command):
                    if name in ("SUBSCRIBE", "PSUBSCRIBE", "PUBLISH"):
                        heard.channels.add(key)
                    else:
                        heard.keys.setdefault(key, set()).add(name)

    began = asyncio.Event()
    hearing = asyncio.create_task(hear())
    await began.wait()
    try:
        yield heard
    finally:
        await store.redis.execute_command("ECHO", end)
        await hearing


def planted_in(kind: str, key: str, bomb: bytes) -> Callable[[Any], Any]:
    """What puts the pickle wherever a key of this kind can hold one."""
    names = ["args", "kwargs", "value", "data", "result", "state", "task", "when", "result_key"]
    entry: dict[Any, Any] = dict.fromkeys(names, bomb)
    struck = {"direction": "strike", "operator": "==", "function": "edgeward_ticket"}
    ticket = {"key": "0" * 32, "function": "edgeward_ticket", "attempt": "1", "generation": "1"}
    ticket |= {"when": "2026-01-01T00:00:00+00:00"}

    async def plant(redis: Any) -> None:
        if kind == "stream":
            for more in (struck, ticket, {}):  # a reader may stop at the first that it cannot read
                await redis.xadd(key, {**entry, **more})
        elif kind == "hash":
            held = await redis.hkeys(key)
            await redis.hset(key, mapping={**entry, **dict.fromkeys(held, bomb)})
        elif kind == "zset":
            await redis.zadd(key, {bomb: 0})
        elif kind == "set":
            await redis.sadd(key, bomb)
        elif kind == "list":
            await redis.lpush(key, bomb)
        else:
            await redis.set(key, bomb)

    return plant


KIND_OF = {
    "X": "stream",
    "H": "hash",
    "Z": "zset",
    "S": "set",
    "L": "list",
}


def kind_of(commands: set[str]) -> str:
    """What a key that is not there would have to be, by the commands on it."""
    for name in sorted(commands):
        if name not in ("SET", "SETEX") and not name.startswith("EVAL") and name[0] in KIND_OF:
            return KIND_OF[name[0]]
    return "string"


async def test_a_pickle_in_any_key_stream_or_channel_runs_nowhere(setting: Setting) -> None:
    redis, store = setting.store.redis, setting.store
    async with listening(store) as heard:
        with setting.worker():
            assert await setting.submit() == ["done"] * 3
    delivery = f"{store.keys.namespace}-queue-general"
    assert f"{delivery}:stream" in heard.keys
    assert any(key.startswith(f"{delivery}:runs:") for key in heard.keys)
    setting.unharmed()

    await setting.submit("leave")  # tickets and tasks that wait, and will be read by the worker
    there = {key.decode() async for key in redis.scan_iter(f"{store.keys.namespace}*")}
    # As an older library, or one without this fence, would read them.
    known = {f"{delivery}:strikes": {"XREAD"}, f"{delivery}:results:x": {"GET"}}
    for key, commands in {**{key: set() for key in there}, **known, **heard.keys}.items():
        kind = (await redis.type(key)).decode()
        plant = planted_in(kind_of(commands) if kind == "none" else kind, key, setting.bomb)
        await plant(redis)
    channels = {name.rstrip(":*") for name in heard.channels}
    with setting.worker() as worker:
        # What has been planted may keep tasks from their end, but not run.
        submitting = asyncio.create_task(setting.submit("leave"))
        for _ in range(20):
            for name in channels:
                await redis.publish(name, setting.bomb)
                await redis.publish(f"{name}:x", setting.bomb)
            await asyncio.sleep(0.1)
        await submitting
        assert worker.poll() is None
    setting.unharmed()


async def test_work_goes_on_beside_strikes_and_strangers_in_the_stream(setting: Setting) -> None:
    delivery = f"{setting.store.keys.namespace}-queue-general"
    for name in ("strikes", "stream"):
        await planted_in("stream", f"{delivery}:{name}", setting.bomb)(setting.store.redis)
    with setting.worker():
        assert await setting.submit() == ["done"] * 3

        async def all_aside() -> bool:
            return await setting.store.redis.xlen(f"{delivery}:stream") == 0

        await wait_until(all_aside, "the strangers to be set aside", 20)
    dead = await setting.store.redis.zcard(setting.store.keys.of("queue", "dead"))
    assert dead == 3
    setting.unharmed()


@pytest.mark.parametrize("name", ["sleep", "fail", "trace", "edgeward_foreign", "no_such_task"])
async def test_a_task_of_the_library_s_own_is_set_aside_like_any_stranger(
    setting: Setting, name: str
) -> None:
    stream = f"{setting.store.keys.namespace}-queue-general:stream"
    entry = {"key": "0" * 32, "function": name, "args": "[3600]", "kwargs": "{}"}
    entry |= {"attempt": "1", "when": "2026-01-01T00:00:00+00:00"}
    for _ in range(4):  # more than the worker has slots
        await setting.store.redis.xadd(stream, dict(entry))
    with setting.worker():
        assert await setting.submit() == ["done"] * 3
    assert await setting.store.redis.zcard(setting.store.keys.of("queue", "dead")) == 4


def test_every_place_of_the_library_that_could_unpickle_is_fenced() -> None:
    """By its source, so that a place which a newer version adds is noticed here."""
    import docket

    from router.queue import delivery

    delivery._prepared()
    fenced, refused = set(), set()
    folder = Path(docket.__file__).parent
    for file in folder.rglob("*.py"):
        parts = file.relative_to(folder).with_suffix("").parts
        name = ".".join(("docket", *parts)).removesuffix(".__init__")
        for function, imported in pickling_imports(ast.parse(file.read_text())):
            if function is None:
                assert vars(sys.modules[name])[imported] is delivery._WriteOnly, name
                fenced.add(name)
            else:
                assert vars(sys.modules[name].Docket)[function] is delivery._refused, name
                refused.add(f"{name}.{function}")
    assert fenced == {"docket.execution", "docket.strikelist", "docket.worker"}
    assert refused == {"docket.docket.get_execution"}
    assert not hasattr(delivery._WriteOnly, "loads")


def pickling_imports(
    tree: ast.AST, function: str | None = None
) -> Iterator[tuple[str | None, str]]:
    """Each import of a module that can unpickle: the function that it stands in, and its name."""
    for node in ast.iter_child_nodes(tree):
        inside = function
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inside = function or node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            source = getattr(node, "module", None) or ""
            for alias in node.names:
                if {alias.name.split(".")[0], source.split(".")[0]} & PICKLING:
                    yield function, alias.asname or alias.name
        yield from pickling_imports(node, inside)
