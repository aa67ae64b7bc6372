"""Identifies the process that holds something in Redis, and tells whether it has ended."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def this_process() -> str:
    """`host:pid` and the space in which that pid is counted, with a blank between them."""
    return f"{socket.gethostname()}:{os.getpid()} {_pid_space()}"


def is_here(name: str) -> bool:
    """Whether a text begins with the name of a process of this machine, alive or not."""
    who, _, rest = name.partition(" ")
    return (who.rpartition(":")[0], rest.partition(" ")[0]) == (socket.gethostname(), _pid_space())


def has_ended(name: str) -> bool:
    """Whether a text begins with the name of a process of this machine that is there no more.

    False for a process of another machine or container: nothing is known of it here.
    """
    pid = name.partition(" ")[0].rpartition(":")[2]
    if not is_here(name) or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return _is_only_to_be_reaped(int(pid))


def _is_only_to_be_reaped(pid: int) -> bool:
    """Whether the process is a zombie: killed, and not reaped; in containers some never are."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[:1] in (["Z"], ["X"])


def _pid_space() -> str:
    """The PID namespace: containers with one host name may number their processes separately."""
    try:
        return str(os.stat("/proc/self/ns/pid").st_ino)
    except OSError:
        return "-"
