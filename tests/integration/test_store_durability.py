"""A Redis that may forget is noticed by the doctor and by a starting worker, with what follows."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from command import COMMAND
from waiting import wait_until

from router.settings.settings import Settings
from router.settings.store import StoreSettings
from router.store import embedded
from router.store.durability import forgettings, judged
from router.store.embedded import Place
from router.store.redis_binary import find_binary
from router.store.store import open_store
from workers.commands.doctor import examine

KEEPS = ("--appendonly", "yes")


@asynccontextmanager
async def redis_with(folder: Path, *options: str) -> AsyncIterator[str]:
    """A server of this test's own; yields its URL."""
    place = Place(data=folder, socket=folder / "r.sock")
    command = [str(find_binary().path), "--port", "0", "--unixsocket", str(place.socket)]
    server = await asyncio.create_subprocess_exec(
        *command, "--dir", str(folder), *options, stdout=subprocess.DEVNULL
    )
    try:
        await wait_until(lambda: embedded.peek(place) == "+PONG", "the server")
        yield f"unix://{place.socket}"
    finally:
        with suppress(ProcessLookupError):
            server.kill()
        await server.wait()


async def said(url: str) -> list[str]:
    async with await open_store(url=url) as store:
        return [str(one) for one in await forgettings(store)]


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ((*KEEPS, "--maxmemory-policy", "noeviction"), ()),
        (
            (*KEEPS, "--maxmemory-policy", "allkeys-lru", "--maxmemory", "100mb"),
            ("maxmemory-policy is allkeys-lru", "waiting tasks, the account", "is full", "noevict"),
        ),
        (
            (*KEEPS, "--maxmemory-policy", "allkeys-random"),
            ("maxmemory-policy is allkeys-random", "once it is given a maxmemory"),
        ),
        (
            (*KEEPS, "--maxmemory-policy", "volatile-ttl"),
            ("maxmemory-policy is volatile-ttl", "reservations of money"),
        ),
        (("--appendonly", "no"), ("no append-only file", "last snapshot")),
        (("--appendonly", "no", "--save", ""), ("no append-only file", "loses everything")),
        ((*KEEPS, "--appendfsync", "no"), ("appendfsync is no", "half minute")),
    ],
)
async def test_what_a_redis_forgets_is_told_with_what_follows(
    tmp_path: Path, options: tuple[str, ...], parts: tuple[str, ...]
) -> None:
    async with redis_with(tmp_path, *options) as url:
        told = await said(url)
    assert len(told) == (1 if parts else 0)
    for part in parts:
        assert part in told[0]


async def test_both_are_told_where_both_are_so(tmp_path: Path) -> None:
    async with redis_with(tmp_path, "--maxmemory-policy", "allkeys-lfu") as url:
        assert len(await said(url)) == 2


async def test_a_user_who_may_not_ask_is_told_so(tmp_path: Path) -> None:
    async with redis_with(tmp_path, *KEEPS) as url:
        async with await open_store(url=url) as store:
            await store.redis.execute_command("ACL", "SETUSER", "default", "-config")
        assert await said(url) == []
        async with await open_store(url=url) as store:
            await store.redis.execute_command("ACL", "SETUSER", "default", "-info")
        (told,) = await said(url)
    assert "may not run INFO" in told


def test_what_a_server_does_not_say_is_not_held_against_it() -> None:
    assert judged({}, {}, {}) == ()
    (full,) = judged({}, {"aof_enabled": 1, "aof_last_write_status": "err"}, {})
    assert "cannot be written" in full.setting


async def test_the_embedded_redis_forgets_nothing(tmp_path: Path) -> None:
    async with await open_store(home=tmp_path, idle_s=1) as store:
        assert await forgettings(store) == ()


async def test_the_doctor_tells_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with redis_with(tmp_path, "--maxmemory-policy", "allkeys-lru") as url:
        found = await examine(None, {"REDIS_URL": url, "EDGEWARD_HOME": str(tmp_path)})
    told = [one for one in found if one.subject == "redis may forget"]
    assert [one.state for one in told] == ["note", "note"]
    assert "allkeys-lru" in told[0].what
    assert "noeviction" in told[0].cure


async def test_a_worker_tells_of_it_when_it_starts(tmp_path: Path) -> None:
    async with redis_with(tmp_path, "--maxmemory-policy", "allkeys-lru") as url:
        env = {**os.environ, "REDIS_URL": url, "EDGEWARD_HOME": str(tmp_path), "COLUMNS": "300"}
        worker = await asyncio.create_subprocess_exec(
            str(COMMAND), "work", env=env, cwd=tmp_path, stderr=asyncio.subprocess.PIPE
        )
        assert worker.stderr is not None
        lines = b""
        async with asyncio.timeout(60):
            while lines.count(b"store.may_forget") < 2:
                line = await worker.stderr.readline()
                assert line, lines
                lines += line
        worker.send_signal(signal.SIGTERM)
        await worker.communicate()
    assert b"allkeys-lru" in lines
    assert b"append-only file" in lines


async def test_the_doctor_names_a_url_that_is_none_and_no_password(tmp_path: Path) -> None:
    path = tmp_path / "edgeward.yaml"
    settings = Settings(store=StoreSettings(url="redis://:hunter2#x@h:1"))
    path.write_text(json.dumps({"store": {"url": settings.store.url}}))
    found = await examine(path, {"EDGEWARD_HOME": str(tmp_path)})
    (told,) = [one for one in found if one.subject == "redis"]
    assert told.state == "fails"
    assert "percent-encoded" in told.what
    assert "hunter2" not in json.dumps([one.as_dict() for one in found])
