"""Fixtures for everybody: a real Redis of the test run's own, and a store in it.

`redis_url` is one private server for the whole run, without persistence, on a unix socket that only
this user can open. `store` is open on it under a namespace that no other test has, so tests need
not clean up. Tests about starting, stopping and killing the embedded server start their own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from waiting import wait_for

from router.store import embedded
from router.store.redis_binary import find_binary
from router.store.store import Store, open_store

# An example takes as long as the machine is busy: a deadline would test the machine.
settings.register_profile("edgeward", deadline=None)
settings.load_profile("edgeward")


def pytest_xdist_auto_num_workers() -> int:
    """Two for each core: half of the suite waits, for processes, leases and time-outs."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(2 * (cores or 1), 8)


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing of a test is written to the home of the person who runs it."""
    folder = tmp_path_factory.getbasetemp() / "home"
    folder.mkdir(exist_ok=True)
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """`unix://...` of a Redis that ends with the test run."""
    # Not tmp_path: the path of a socket may have about 100 bytes.
    folder = Path(tempfile.mkdtemp(prefix="edgeward-", dir="/tmp"))
    place = embedded.Place(data=folder, socket=folder / "redis.sock")
    command = [str(find_binary().path), "--port", "0", "--save", "", "--dir", str(folder)]
    command += ["--unixsocket", str(place.socket), "--unixsocketperm", "700"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            wait_for(lambda: embedded.peek(place) == "+PONG", "the tests' Redis to answer")
            yield f"unix://{place.socket}"
        finally:
            server.terminate()
            server.wait(10)
            shutil.rmtree(folder)


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[Store]:
    """A store with a namespace of its own."""
    async with await open_store(url=redis_url, namespace=f"test-{uuid.uuid4().hex}") as opened:
        yield opened
