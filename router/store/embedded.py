"""The embedded Redis: exactly one server, shared by all processes of a user with the same home.

Files, in the 0700 directory `<home>/redis`:

    server.lock     flock of whoever owns the data: the process that is starting the server, then
                    the server itself, which inherits the locked descriptor and so holds it for
                    exactly as long as it lives, kill -9 included
    supervisor.lock flock of the supervisor, the small process that stops an idle server
    redis.sock      the server's only door (in /tmp where the path would be too long for a socket)
    redis.log       what the server printed
    appendonly*     the data

Everything here blocks for milliseconds and imports no Redis client; asyncio callers use a thread.
The home must be on a local disk: neither locks nor sockets can be relied on over a network.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import select
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from router.errors import StoreUnavailable
from router.store import supervisor
from router.store.redis_binary import ServerBinary, as_numbers, find_binary

SOCKET_PATH_LIMIT = 100
"""Bytes. The kernel's limit for a unix socket is 108 on Linux, 104 on macOS; `.closing` counts."""

LOG_LIMIT = 1_000_000
"""Bytes of redis.log above which it starts anew with the next server."""

WAIT_S = 10.0
"""Seconds to wait for a server that is starting, stopping or loading its data."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the embedded server keeps its files and where its socket is."""

    data: Path
    socket: Path

    @property
    def log(self) -> Path:
        return self.data / "redis.log"

    @property
    def server_lock(self) -> Path:
        return self.data / "server.lock"

    @property
    def supervisor_lock(self) -> Path:
        return self.data / "supervisor.lock"


def default_home() -> Path:
    """`$EDGEWARD_HOME`, else `edgeward` in the XDG data directory."""
    if home := os.environ.get("EDGEWARD_HOME"):
        return Path(home).expanduser()
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / "edgeward"


def place_in(home: Path) -> Place:
    """The place that belongs to a home; touches nothing.

    A long path falls back to /tmp itself, not to $TMPDIR or $XDG_RUNTIME_DIR: a cron job and a
    desktop session of one user differ in those, and must still meet at the same socket.
    """
    data = Path(os.path.abspath(home)) / "redis"
    socket = data / "redis.sock"
    if len(os.fsencode(socket)) + len(supervisor.CLOSING) > SOCKET_PATH_LIMIT:
        name = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
        socket = Path(f"/tmp/edgeward-{os.getuid()}-{name}") / "redis.sock"
    return Place(data=data, socket=socket)


def prepare(place: Place) -> None:
    """Make the directories, private to the user. Raises StoreUnavailable when that cannot be."""
    for folder in (place.data, place.socket.parent):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            seen = folder.lstat()
            if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != os.getuid():
                raise StoreUnavailable(
                    f"{folder} is not a directory of this user, and whoever owns it could read "
                    "everything in Redis: remove it, or set EDGEWARD_HOME to another directory"
                )
            if seen.st_mode & 0o077:
                folder.chmod(0o700)
            if not os.access(folder, os.W_OK | os.X_OK):
                raise PermissionError(13, "it is read-only")
        except OSError as error:
            raise StoreUnavailable(
                f"the embedded Redis cannot keep its data in {folder}: {error.strerror or error}. "
                "Set EDGEWARD_HOME to a directory that can be written, or set REDIS_URL"
            ) from error


def peek(place: Place, command: str = "PING") -> str | None:
    """What the running server answers to one inline command, None when none answers."""
    try:
        with supervisor.connect(str(place.socket)) as connection:
            return supervisor.ask(connection, command)
    except OSError:
        return None


def ensure_running(place: Place, idle_s: float) -> None:
    """Return once a server answers at `place.socket`, starting one if there is none.

    Safe to call from any number of processes and threads at once. Blocks at most WAIT_S plus the
    start itself. Raises StoreUnavailable.
    """
    prepare(place)
    began = time.monotonic()
    deadline = began + WAIT_S
    answer = None
    while time.monotonic() < deadline:
        answer = peek(place)
        if answer == "+PONG":
            return
        with _lock(place.server_lock) as lock_fd:
            if lock_fd is not None:
                _start(place, idle_s, lock_fd, deadline)
                return
        if not answer and time.monotonic() - began > WAIT_S / 5:
            # Its supervisor may have been killed while it held the socket aside.
            adopt(place, idle_s)
        time.sleep(0.005)
    if answer:
        raise StoreUnavailable(
            f"the embedded Redis in {place.data} is still loading its data after {WAIT_S:.0f} s "
            f"({answer.lstrip('-')}): try again in a moment"
        )
    raise StoreUnavailable(
        f"a Redis server holds {place.data} but does not answer at {place.socket}: "
        f"find it with `fuser {place.server_lock}`, end it, and try again"
    )


def adopt(place: Place, idle_s: float) -> None:
    """Give a running server a new supervisor if its own was killed; costs one flock otherwise."""
    with _lock(place.supervisor_lock) as lock_fd:
        kept = lock_fd is None
    if not kept:
        _supervisor_process(place, idle_s).wait()


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[int | None]:
    """Yields the locked descriptor, or None when somebody else holds the lock; never waits."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield fd
    finally:
        os.close(fd)


def _start(place: Place, idle_s: float, lock_fd: int, deadline: float) -> None:
    binary = find_binary()
    if (place.data / "appendonlydir").exists() and as_numbers(binary.version) < (7,):
        # 6.2 would not look there: it would start empty.
        raise StoreUnavailable(
            f"what is in {place.data} was written by Redis 7 or newer, and {binary.path} is "
            f"{binary.version}: install the newer server again, or move that directory away"
        )
    with contextlib.suppress(FileNotFoundError):
        if place.log.stat().st_size > LOG_LIMIT:
            place.log.unlink()
    process = _supervisor_process(place, idle_s, lock_fd, *_command(binary, place))
    assert process.stdout is not None
    with process.stdout as pipe:
        patience = max(0.0, deadline - time.monotonic())
        readable, _, _ = select.select([pipe], [], [], patience)
        said = pipe.readline().decode().strip() if readable else "slow"
    process.wait()
    if said == "ready":
        return
    if said == "slow":
        raise StoreUnavailable(
            f"{binary.path} did not answer within {WAIT_S:.0f} s; it may be loading its data from "
            f"{place.data}: try again in a moment, or read {place.log}"
        )
    raise StoreUnavailable(
        f"{binary.path} ended as it started ({said or 'its supervisor ended'}); its last words: "
        f"{last_line(place.log)!r}. The whole log is {place.log}; is the disk full, or "
        f"{place.data} damaged?"
    )


def _command(binary: ServerBinary, place: Place) -> list[str]:
    command = [str(binary.path), "--port", "0"]
    command += ["--unixsocket", str(place.socket), "--unixsocketperm", "700"]
    command += ["--dir", str(place.data), "--maxmemory-policy", "noeviction"]
    command += ["--appendonly", "yes", "--appendfsync", "everysec", "--save", ""]
    return command


def _supervisor_process(
    place: Place, idle_s: float, lock_fd: int = -1, *command: str
) -> subprocess.Popen[bytes]:
    """Start the supervisor in a session of its own, so that no closed terminal takes it along.

    Its environment is cut down: a process that may outlive everything should not hold API keys.
    """
    kept = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZ")
    # -I: modules beside it must not hide the standard library's. -S: no site, faster.
    line = [sys.executable, "-I", "-S", supervisor.__file__]
    line += [
        str(place.socket),
        str(idle_s),
        str(place.supervisor_lock),
        str(place.log),
        str(lock_fd),
    ]
    return subprocess.Popen(
        [*line, *command],
        env={name: os.environ[name] for name in kept if name in os.environ},
        cwd=place.data,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if command else subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(lock_fd,) if command else (),
        start_new_session=True,
    )


def last_line(log: Path) -> str:
    """The last line of the log that says something, without Redis's process and time columns."""
    with contextlib.suppress(OSError):
        lines = log.read_text(errors="replace")[-4000:].splitlines()
        if said := [line for line in lines if line.strip()]:
            return re.sub(r"^\d+:\w \d+ \w+ \d+ [\d:.]+ . ", "", said[-1])
    return "nothing"
