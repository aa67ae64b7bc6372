"""Every way in which a Redis can fail is told with its cause and its cure, and without secrets."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from waiting import wait_until

from router.errors import ConfigError, StoreUnavailable
from router.memory.sessions import Memory
from router.store import embedded
from router.store.embedded import Place
from router.store.errors import redacted
from router.store.redis_binary import find_binary
from router.store.store import Store, is_this_machine, open_store, store_status
from router.types.task import Message


@asynccontextmanager
async def redis_with(folder: Path, *options: str) -> AsyncIterator[str]:
    """A server of this test's own; yields the path of its socket."""
    place = Place(data=folder, socket=folder / "r.sock")
    command = [str(find_binary().path), "--port", "0", "--unixsocket", str(place.socket)]
    server = await asyncio.create_subprocess_exec(
        *command, "--save", "", *options, stdout=subprocess.DEVNULL
    )
    try:
        await wait_until(lambda: embedded.peek(place) is not None, "the server")
        yield str(place.socket)
    finally:
        with suppress(ProcessLookupError):
            server.kill()
        await server.wait()


@asynccontextmanager
async def scripted(reply: Callable[[bytes], bytes]) -> AsyncIterator[str]:
    """A port whose server answers each command with `reply(its words)`; yields its URL."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readline():
            words = []
            for _ in range(int(head[1:])):
                length = int((await reader.readline())[1:])
                words.append((await reader.readexactly(length + 2))[:-2])
            writer.write(reply(b" ".join(words)))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.close()


async def refusal(url: str) -> str:
    with pytest.raises(StoreUnavailable) as caught:
        await open_store(url=url)
    return str(caught.value)


async def test_a_port_where_nobody_listens() -> None:
    said = await refusal("redis://user:hunter2@127.0.0.1:1/0")
    assert "redis://user:***@127.0.0.1:1/0 cannot be reached" in said
    assert "is the server running there?" in said
    assert "hunter2" not in said


async def test_a_host_that_does_not_exist() -> None:
    assert "cannot be found" in await refusal("redis://nowhere.invalid:6379/0")


async def test_a_wrong_and_a_missing_password(tmp_path: Path) -> None:
    async with redis_with(tmp_path, "--requirepass", "right") as path:
        for url in (f"unix://:hunter2@{path}", f"unix://{path}"):
            said = await refusal(url)
            assert "refused the user name or password" in said
            assert "check them in the URL" in said
            assert "hunter2" not in said
        async with await open_store(url=f"unix://:right@{path}") as store:
            assert "right@" not in store.description


async def test_a_port_that_is_not_redis() -> None:
    async with scripted(lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n") as url:
        assert "does not speak Redis's protocol" in await refusal(url)


async def test_a_server_that_is_loading() -> None:
    loading = b"-LOADING Redis is loading the dataset in memory\r\n"
    async with scripted(lambda _: loading) as url:
        assert "is still loading its data" in await refusal(url)


async def test_a_port_that_takes_the_connection_and_says_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("router.store.store.CONNECT_TIMEOUT_S", 0.1)
    async with scripted(lambda _: b"") as url:
        assert "did not answer in time" in await refusal(url)


async def test_a_server_that_is_too_old() -> None:
    def reply(command: bytes) -> bytes:
        if command == b"INFO server":
            return b"$20\r\nredis_version:5.0.7\n\r\n"
        return b"%1\r\n$5\r\nproto\r\n:3\r\n" if b"HELLO" in command else b"+OK\r\n"

    async with scripted(reply) as url:
        assert "has version 5.0.7, and 6.2 or newer is needed" in await refusal(url)


async def test_a_url_that_is_none_is_a_mistake_in_the_configuration() -> None:
    for url in ("localhost:6379", "http://localhost", "redis://host:port/0"):
        with pytest.raises(ConfigError, match="write redis://"):
            await open_store(url=url)


async def test_a_namespace_that_reaches_beyond_itself_is_a_mistake(redis_url: str) -> None:
    for namespace in ("", "a:b", "a*", "ç", "x" * 65):
        with pytest.raises(ConfigError, match="cannot be the namespace"):
            await open_store(url=redis_url, namespace=namespace)


async def test_the_status_of_a_url_is_told_without_raising(redis_url: str) -> None:
    good, bad = await store_status(url=redis_url), await store_status(url="redis://127.0.0.1:1")
    assert good.running
    assert good.origin == bad.origin == "url"
    assert not bad.running
    assert "is the server running there?" in bad.detail


async def test_a_full_disk_is_told_and_the_prompt_is_not_quoted(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    async with (
        redis_with(tmp_path, "--dir", str(gone)) as path,
        await open_store(url=f"unix://{path}") as store,
    ):
        await store.redis.config_set("save", "1 1")
        gone.rmdir()  # a snapshot cannot be written any more, as on a full disk
        await store.redis.bgsave()

        async def failing() -> bool:
            return (await store.redis.info("persistence"))["rdb_last_bgsave_status"] == "err"

        await wait_until(failing, "the snapshot to fail")
        said = await what_memory_says(store)
        assert "cannot write to its disk (MISCONF" in said


async def test_a_full_memory_is_told_and_the_prompt_is_not_quoted(tmp_path: Path) -> None:
    async with (
        redis_with(tmp_path, "--maxmemory", "1") as path,
        await open_store(url=f"unix://{path}") as store,
    ):
        assert "is out of memory" in await what_memory_says(store)


async def test_a_forbidden_command_is_told(tmp_path: Path) -> None:
    async with redis_with(tmp_path) as path, await open_store(url=f"unix://{path}") as store:
        await store.redis.execute_command("ACL", "SETUSER", "default", "-rpush", "-info")
        assert "does not let this user do that" in await what_memory_says(store)
        async with await open_store(url=f"unix://{path}") as other:
            assert other.version == "of unknown version"  # without INFO one has to trust


async def test_a_key_of_somebody_else_is_told(store: Store) -> None:
    await store.redis.set(store.keys.memory("s"), "not a list")
    assert "use another namespace" in await what_memory_says(store)


async def what_memory_says(store: Store) -> str:
    with pytest.raises(StoreUnavailable) as caught:
        await Memory(store).append("s", Message(role="user", content="my secret diary"))
    assert "secret" not in str(caught.value)
    assert store.description in str(caught.value)
    return str(caught.value)


async def test_a_server_that_dies_during_the_work_is_told(tmp_path: Path) -> None:
    async with redis_with(tmp_path) as path, await open_store(url=f"unix://{path}") as store:
        asyncio.get_running_loop().call_later(0.05, kill_server, path)
        with pytest.raises(StoreUnavailable, match="the connection broke"), store.errors():
            await store.redis.blpop(["never"], timeout=5)


async def test_a_server_that_was_restarted_is_found_by_the_next_command(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    async with redis_with(tmp_path, "--port", port):
        store = await open_store(url=f"redis://127.0.0.1:{port}")
    async with store:
        with pytest.raises(StoreUnavailable, match="is the server running there"), store.errors():
            await store.redis.ping()
        async with redis_with(tmp_path, "--port", port):
            assert await store.redis.ping()


def kill_server(path: str) -> None:
    with embedded.supervisor.connect(path) as connection:
        connection.sendall(b"SHUTDOWN NOSAVE\r\n")


async def test_commands_may_block_longer_than_the_clients_default_of_five_seconds(
    store: Store,
) -> None:
    assert store.redis.connection_pool.connection_kwargs["socket_timeout"] > 20


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:pw@h:1/0", "redis://:***@h:1/0"),
        ("rediss://u:p%40w@h/1?ssl_password=x", "rediss://u:***@h/1?ssl_password=***"),
        ("redis://h:6379", "redis://h:6379"),
        ("unix:///run/r.sock?db=1", "unix:///run/r.sock?db=***"),
        ("redis://u:p@ss@h", "redis://u:***@h"),
        ("redis://[bad", "the given Redis URL"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert redacted(url) == shown


@pytest.mark.parametrize(
    ("url", "local"),
    [("127.0.0.1", True), ("[::1]", True), ("localhost", True), ("10.0.0.1", False)],
)
def test_only_this_machine_is_local(url: str, local: bool) -> None:
    assert is_this_machine(f"redis://{url}:6379") is local


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("redis:///0", True),
        ("redis:///0?host=198.51.100.7", False),
        ("redis://?host=127.0.0.1", True),
        ("redis://127.0.0.1?host=198.51.100.7", True),
        ("redis://127.0.0.1:6379@198.51.100.7/0", False),
        ("redis://[bad", False),
        ("unix:///run/redis.sock", True),
    ],
)
def test_the_machine_is_the_one_that_is_connected_to(url: str, local: bool) -> None:
    assert is_this_machine(url) is local
