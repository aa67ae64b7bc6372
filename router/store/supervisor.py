"""The supervisor: a small process that starts the embedded Redis and stops it when nobody uses it.

Run as a script by `router/store/embedded.py`, with an isolated interpreter and the standard library
only, so that it starts in milliseconds and costs little memory. It never imports edgeward.

Two modes. With a server command it starts the server, says on stdout how that went (`ready`, or
`exit STATUS`) and watches it. Without one it adopts a running server whose own one was killed.
At most one supervisor watches: the one that holds the lock on `supervisor.lock`.
"""

import contextlib
import fcntl
import os
import select
import signal
import socket
import sys
import time

CLOSING = ".closing"
"""Appended to the socket's name while a last look is taken before the server is stopped."""

START_LIMIT_S = 600.0
"""How long a server may load its data before the supervisor gives up waiting to watch it."""


def connect(path: str) -> socket.socket:
    """A connection to the server; raises OSError when nothing listens or it does not answer."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(5.0)
        connection.connect(path)
    except OSError:
        connection.close()
        raise
    return connection


def ask(connection: socket.socket, command: str) -> str:
    """One inline command, its reply as text: a status line, or the body of a bulk reply."""
    connection.sendall(command.encode() + b"\r\n")
    reply = b""
    while b"\r\n" not in reply:
        reply += _receive(connection)
    head, _, rest = reply.partition(b"\r\n")
    if not head.startswith(b"$"):
        return head.decode(errors="replace")
    length = int(head[1:])
    while len(rest) < length + 2:
        rest += _receive(connection)
    return rest[:length].decode(errors="replace")


def _receive(connection: socket.socket) -> bytes:
    piece = connection.recv(65536)
    if not piece:
        raise ConnectionResetError("the server closed the connection")
    return piece


def text(info: str, name: str) -> str:
    """A value out of an INFO reply."""
    for line in info.splitlines():
        if line.startswith(name + ":"):
            return line.partition(":")[2]
    raise OSError(f"the server's INFO has no {name}")


def number(info: str, name: str) -> int:
    """A number out of an INFO reply."""
    return int(text(info, name))


def start(command: list[str], log: str) -> int:
    """Start the server with its output in `log`; returns its process id."""
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    actions = [
        (os.POSIX_SPAWN_DUP2, null, 0),
        (os.POSIX_SPAWN_DUP2, out, 1),
        (os.POSIX_SPAWN_DUP2, out, 2),
    ]
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
    os.close(out)
    os.close(null)
    return pid


def wait_until_ready(path: str, pid: int) -> str:
    """`ready`, or `exit STATUS` when the server ended first; `slow` past START_LIMIT_S."""
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return f"exit {os.waitstatus_to_exitcode(status)}"
        with contextlib.suppress(OSError), connect(path) as connection:
            if ask(connection, "PING") == "+PONG":
                return "ready"
        time.sleep(0.002)
    return "slow"


def watch(path: str, idle_s: float) -> None:
    """Return when the server has ended; end it once nobody was connected for `idle_s` seconds.

    A visit shorter than the tick still counts: the server's total of connections has grown.
    """
    tick = min(1.0, max(0.05, idle_s / 4))
    with connect(path) as connection:
        pid = number(ask(connection, "INFO server"), "process_id")
        visits, idle_since = -1, time.monotonic()
        while True:
            readable, _, _ = select.select([connection], [], [], tick)
            if readable:  # nothing was asked, so this is the end of the connection
                return
            if not os.path.exists(path):
                # The socket was deleted: no client can connect any more, and the next process can
                # start a server only once this one has released the data.
                os.kill(pid, signal.SIGTERM)
                continue
            now = time.monotonic()
            clients = number(ask(connection, "INFO clients"), "connected_clients")
            seen = number(ask(connection, "INFO stats"), "total_connections_received")
            if clients > 1 or seen != visits:
                visits, idle_since = seen, now
            elif now - idle_since >= idle_s and closed_for_good(path, connection):
                return


def closed_for_good(path: str, connection: socket.socket) -> bool:
    """Stops the server unless a client connected at the last moment.

    The socket is moved aside first: from then on a new client finds none and waits for a fresh
    server, and one that connected just before is seen by the second check.
    """
    os.rename(path, path + CLOSING)
    time.sleep(0.02)
    if number(ask(connection, "INFO clients"), "connected_clients") > 1:
        os.rename(path + CLOSING, path)
        return False
    with contextlib.suppress(ConnectionError):
        ask(connection, "SHUTDOWN")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path + CLOSING)
    return True


def locked(fd: int, *, wait: bool) -> bool:
    """Whether this process now holds the lock; it does so until it ends."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def report(line: str) -> None:
    """Reports to the process that started this one, which may have ended, and closes its pipe."""
    with contextlib.suppress(OSError):
        os.write(1, line.encode() + b"\n")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)


def main(
    path: str, idle_s: float, supervisor_lock: str, log: str, lock_fd: int, *command: str
) -> None:
    os.umask(0o077)
    if os.fork():
        os._exit(0)  # whoever started us reaps this process at once and never waits for the other
    lock = os.open(supervisor_lock, os.O_RDWR | os.O_CREAT, 0o600)
    watching = locked(lock, wait=False)
    pid = None
    if command:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path + CLOSING)
        pid = start(list(command), log)
        # The lock now lives as long as the server itself: a dead supervisor cannot let two servers
        # write one set of files.
        os.close(lock_fd)
        outcome = wait_until_ready(path, pid)
        report(outcome)
        if outcome != "ready":
            return
        watching = watching or locked(lock, wait=True)  # a predecessor is about to end
    elif watching and not os.path.exists(path) and os.path.exists(path + CLOSING):
        os.rename(path + CLOSING, path)  # the last supervisor was killed between its two looks
    if not watching:
        return
    try:
        watch(path, idle_s)
    except OSError:
        return  # the server is gone
    finally:
        if pid:
            os.waitpid(pid, 0)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5]), *sys.argv[6:])
