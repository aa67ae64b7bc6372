"""Runs as its own process: confines itself, becomes a small program's guard, and watches it.

`agents.checks.sandbox` starts this file as a script, by its path and with Python's isolated mode,
so it imports nothing but the standard library. Linux only (5.14 or newer: before that the kernel
counts a user's processes over the whole machine, and cannot make a tree of mounts read-only in one
call).

    router -> outer process -> guard, process 1 of a new PID namespace -> the program

Everything that can fail happens before the program is started; after a failure the program is not
started and the failure is reported. The guard ends when the program does, when a limit is passed,
and when the router's end of the lifeline closes (also when the router is killed); with process 1
the kernel ends every process of the namespace, whatever it forked and whichever signals it ignores.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import resource
import select
import signal
import socket
import struct
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

WORK = "/work"
"""The program's only writable directory, its home and where it starts."""

_PROGRAM_UID = 65534  # the user id of nobody, where the router itself is root
_LOOK_EVERY_S = 0.02
_MAX_FILES = 4096
_OPEN_FILES = 256
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store")
# What the dynamic loader and local time need. The rest of /etc stays hidden.
_SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime")
_ENVIRONMENT = {
    "HOME": WORK,
    "TMPDIR": WORK,
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "MALLOC_ARENA_MAX": "1",  # or glibc reserves 64 MiB of address space for each thread
}
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")

# From Linux's headers: sched.h, mount.h, prctl.h, seccomp.h, audit.h.
_NEW_MOUNT, _NEW_UTS, _NEW_IPC = 0x00020000, 0x04000000, 0x08000000
_NEW_USER, _NEW_PID, _NEW_NET = 0x10000000, 0x20000000, 0x40000000
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_BIND, _MS_REC, _MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
_MNT_DETACH = 2
_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE = 442, -100, 0x8000
_ATTR_RDONLY, _ATTR_NOSUID, _ATTR_NODEV = 1, 2, 4
_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 22, 24, 38
_SECCOMP_FILTER = 2
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050001, 0x80000000  # refused with EPERM
_X32_BIT = 0x40000000

_SYSTEM_CALLS = {
    # Their numbers for each machine: (audit architecture, socket, those refused outright).
    # Memory that no limit sees (memfd_create, memfd_secret, shmget, msgget), ways round the others
    # (io_uring_setup opens sockets), and the kernel's least trodden doors.
    "x86_64": (
        0xC000003E,
        41,
        (319, 447, 29, 68, 425, 272, 308, 165, 101, 321, 298, 323, 248, 249, 250),
    ),
    "aarch64": (
        0xC00000B7,
        198,
        (279, 447, 194, 186, 425, 97, 268, 40, 117, 280, 241, 282, 217, 218, 219),
    ),
}
_ENFORCED = ("network", "filesystem", "processes", "memory", "cpu", "disk", "system_calls")
_CURE = (
    "Allow this user to make user namespaces (user.max_user_namespaces; on Ubuntu an AppArmor "
    "profile for Python; in a container its seccomp profile)"
)
_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Request:
    """What `agents.checks.sandbox` asks for; it lies as JSON in the room's `request.json`.

    readable: paths beside the system's own that the program may read, such as an interpreter's.
    The limits are those of `agents.checks.sandbox.Limits`.
    """

    command: list[str]
    files: dict[str, str]
    readable: list[str]
    wall_s: float
    cpu_s: float
    memory_bytes: int
    processes: int
    file_bytes: int
    disk_bytes: int


def main(room: str, report: int, lifeline: int) -> None:
    """Runs what `room` requests; writes JSON lines to `report`.

    The first line is {"enforced": [...]} once all is locked, or {"unavailable": "why"}, after which
    nothing runs; the second {"exit_code": int, "stopped_by": str | null}.
    """
    for inherited in (report, lifeline):
        os.set_inheritable(inherited, False)
    request = Request(**json.loads(Path(room, "request.json").read_text("utf-8")))
    try:
        uid = _new_namespaces()
    except OSError as error:
        _say(report, unavailable=f"{error}. {_CURE}")
        return
    guard = os.fork()
    if guard == 0:
        _guard(request, room, uid, report, lifeline)
    os.waitpid(guard, 0)


def _say(report: int, **fact: Any) -> None:
    os.write(report, json.dumps(fact).encode() + b"\n")


def _new_namespaces() -> int:
    """New user, mount, PID, network, IPC and host name namespaces; the user id for the program.

    Root's processes are not counted by the kernel, so where the router is root the program is
    nobody, which only a process outside may map.
    """
    own_uid, own_gid = os.getuid(), os.getgid()
    ready, go = os.pipe()
    mapper = os.fork() if own_uid == 0 else None
    if mapper == 0:
        os.close(go)
        with suppress(OSError):
            if os.read(ready, 1):
                both = f"0 0 1\n{_PROGRAM_UID} {_PROGRAM_UID} 1\n"
                Path(f"/proc/{os.getppid()}/uid_map").write_text(both)
                Path(f"/proc/{os.getppid()}/gid_map").write_text(both)
                os._exit(0)
        os._exit(1)
    everything = _NEW_USER | _NEW_MOUNT | _NEW_PID | _NEW_NET | _NEW_IPC | _NEW_UTS
    try:
        _call("unshare", everything, what="this user may not make namespaces")
        if mapper is not None:
            os.write(go, b"1")
    finally:
        os.close(go)
    if mapper is None:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{own_uid} {own_uid} 1\n")
        Path("/proc/self/gid_map").write_text(f"{own_gid} {own_gid} 1\n")
        return own_uid
    if os.waitstatus_to_exitcode(os.waitpid(mapper, 0)[1]) != 0:
        raise OSError("root may not map user ids into a namespace")
    return _PROGRAM_UID


def _call(name: str, *arguments: Any, what: str) -> None:
    """A function of the C library; an OSError that begins with `what` where it fails."""
    if getattr(_LIBC, name)(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(f"{what}: {os.strerror(code)} ({name})")


def _guard(request: Request, room: str, uid: int, report: int, lifeline: int) -> NoReturn:
    try:
        # Set after the new credentials, which clear it. The lifeline covers the moment before.
        _call("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0, what="no signal at death")
        # A handler would let the program interrupt its guard; without one, process 1 is immune.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        _new_root(request, room, uid)
        deadline = time.monotonic() + request.wall_s
        program = os.fork()
        if program == 0:
            _become(request, uid, report)
        exit_code, stopped_by = _watch(request, program, deadline, lifeline)
        _say(report, exit_code=exit_code, stopped_by=stopped_by)
    except OSError as error:
        _say(report, unavailable=str(error))
    os._exit(0)


def _new_root(request: Request, room: str, uid: int) -> None:
    """A root directory in memory: the system and `readable`, read-only, and WORK with the files."""
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    _mount("tmpfs", room, "tmpfs", _MS_NOSUID | _MS_NODEV, "size=1m,mode=755")
    for path in (*_SYSTEM, *_SYSTEM_FILES, *request.readable):
        if os.path.islink(path):  # /bin is a link to usr/bin on most machines of today
            _place(room, path).symlink_to(os.readlink(path))
        elif os.path.exists(path):
            _bind(path, _place(room, path))
            _make_read_only(room + path, _AT_RECURSIVE)
    for path in _DEVICES:
        _bind(path, _place(room, path))
    _place(room, "/proc/").mkdir()
    _mount("proc", room + "/proc", "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
    # One user namespace in another would give the program capabilities again.
    Path(room, "proc/sys/user/max_user_namespaces").write_text("0")
    _place(room, WORK).mkdir()
    _place(room, "/tmp").symlink_to(WORK)
    gid = uid if os.getuid() != uid else os.getgid()
    size = f"size={request.disk_bytes},nr_inodes={_MAX_FILES},mode=700,uid={uid},gid={gid}"
    _mount("tmpfs", room + WORK, "tmpfs", _MS_NOSUID | _MS_NODEV, size)
    for name, text in request.files.items():
        _place(room, f"{WORK}/{name}").write_text(text, "utf-8")
    for place, folders, names in os.walk(room + WORK):
        for name in (*folders, *names):
            os.chown(os.path.join(place, name), uid, gid)
    _make_read_only(room, 0)
    os.chdir(room)
    _call("pivot_root", b".", b".", what="cannot leave the old root directory")
    _call("umount2", b".", _MNT_DETACH, what="cannot let go of the old root directory")
    os.chdir(WORK)


def _place(room: str, path: str) -> Path:
    place = Path(room + path)
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


def _mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    _call(
        "mount",
        source.encode(),
        os.fsencode(target),
        kind and kind.encode(),
        ctypes.c_ulong(flags),
        options.encode() or None,
        what=f"cannot mount {kind or source} in a namespace",
    )


def _bind(path: str, place: Path) -> None:
    if os.path.isdir(path):
        place.mkdir(exist_ok=True)
    else:
        place.touch()
    _mount(path, str(place), None, _MS_BIND | _MS_REC)


def _make_read_only(path: str, recursive: int) -> None:
    wanted = struct.pack("4Q", _ATTR_RDONLY | _ATTR_NOSUID | _ATTR_NODEV, 0, 0, 0)
    arguments = (_AT_FDCWD, os.fsencode(path), recursive, wanted, ctypes.c_size_t(len(wanted)))
    _call("syscall", _MOUNT_SETATTR, *arguments, what=f"cannot make {path} read-only")


def _become(request: Request, uid: int, report: int) -> NoReturn:
    """Locks this process in, says so, and turns into the program."""
    try:
        os.setsid()
        for what, most in (
            (resource.RLIMIT_AS, 4 * request.memory_bytes),
            (resource.RLIMIT_CPU, int(request.cpu_s) + 2),
            (resource.RLIMIT_NPROC, 2 * request.processes + 2),
            (resource.RLIMIT_FSIZE, request.file_bytes),
            (resource.RLIMIT_NOFILE, _OPEN_FILES),
            (resource.RLIMIT_MSGQUEUE, 0),
            (resource.RLIMIT_CORE, 0),
        ):
            hard = resource.getrlimit(what)[1]
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(what, (most, most))
        for ignored_by_python in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(ignored_by_python, signal.SIG_DFL)
        for capability in range(64):
            _LIBC.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # fails past the last there is
        if os.getuid() != uid:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
        _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, what="privileges can be gained")
        _refuse_system_calls()
        _say(report, enforced=_ENFORCED)
        os.execve(request.command[0], request.command, _ENVIRONMENT)
    except (OSError, ValueError) as error:
        _say(report, unavailable=str(error))
    os._exit(127)


def _refuse_system_calls() -> None:
    """A filter for this process and its children: sockets but local ones, and the refused calls.

    Each instruction is (code, jump if true, jump if false, value): 0x20 loads a word of the call
    (0 its number, 4 the architecture, 16 the first argument), 0x15 compares, 0x35 compares for
    "at least", 6 returns.
    """
    architecture, socket_call, refused = _SYSTEM_CALLS[platform.machine()]
    steps = [(0x20, 0, 0, 4), (0x15, 1, 0, architecture), (6, 0, 0, _KILL), (0x20, 0, 0, 0)]
    steps += [(0x35, 0, 1, _X32_BIT), (6, 0, 0, _REFUSE)]
    for number in refused:
        steps += [(0x15, 0, 1, number), (6, 0, 0, _REFUSE)]
    steps += [(0x15, 0, 3, socket_call), (0x20, 0, 0, 16), (0x15, 1, 0, int(socket.AF_UNIX))]
    steps += [(6, 0, 0, _REFUSE), (6, 0, 0, _ALLOW)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = ctypes.create_string_buffer(struct.pack("HP", len(steps), ctypes.addressof(code)))
    arguments = (_PR_SET_SECCOMP, _SECCOMP_FILTER, ctypes.byref(program), 0, 0)
    _call("prctl", *arguments, what="cannot filter system calls")


def _watch(
    request: Request, program: int, deadline: float, lifeline: int
) -> tuple[int | None, str | None]:
    """Until the program ends or passes a limit: its exit code, and the limit that stopped it.

    A negative exit code is the signal that ended it, as in `subprocess`; None: it had not ended.
    """
    while True:
        if select.select([lifeline], [], [], _LOOK_EVERY_S)[0]:
            os._exit(0)  # the router no longer waits for the result
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0] != 0:
                if ended[0] == program:
                    exit_code = os.waitstatus_to_exitcode(ended[1])
                    signals = {-signal.SIGXCPU: "cpu", -signal.SIGXFSZ: "disk"}
                    return exit_code, _limit_passed(request) or signals.get(exit_code)
        if time.monotonic() > deadline:
            return None, "time"
        if limit := _limit_passed(request):
            return None, limit


def _limit_passed(request: Request) -> str | None:
    """Looks at every process of the namespace but the guard."""
    threads, resident, ticks = 0, 0, 0.0
    numbers = [name for name in os.listdir("/proc") if name.isdigit() and name != "1"]
    for number in numbers:
        with suppress(OSError):  # gone meanwhile
            # From proc(5), after the name: 11 to 14 are times in ticks, 17 threads, 21 pages.
            fields = Path("/proc", number, "stat").read_bytes().rpartition(b")")[2].split()
            ticks += sum(map(int, fields[11:15]))
            threads += max(1, int(fields[17]))
            resident += int(fields[21]) * resource.getpagesize()
    if threads > request.processes:
        return "processes"
    # What processes share is counted for each of them, so a closer look follows, dear as it is.
    if resident > request.memory_bytes and _memory_bytes(numbers) > request.memory_bytes:
        return "memory"
    dead = resource.getrusage(resource.RUSAGE_CHILDREN)
    if ticks / os.sysconf("SC_CLK_TCK") + dead.ru_utime + dead.ru_stime > request.cpu_s:
        return "cpu"
    return "disk" if _disk_is_full() else None


def _memory_bytes(numbers: list[str]) -> int:
    """What the processes hold together, shared pages divided among those that share them."""
    total_kb = 0
    for number in numbers:
        with suppress(OSError):
            for line in Path("/proc", number, "smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total_kb += int(line.split()[1])
    return total_kb * 1024


def _disk_is_full() -> bool:
    space = os.statvfs(WORK)
    return space.f_bavail == 0 or space.f_favail == 0


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
