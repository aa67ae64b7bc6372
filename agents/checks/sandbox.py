"""Runs a small untrusted program in a sandbox, and reports how it ended.

The program has its own directory (in memory, removed afterwards), the system's programs and
libraries read-only, and the limits. It has no network, no access to the user's files, the
environment's secrets or other processes, and nothing of it survives.

`agents.checks.confine` builds this on Linux from namespaces, resource limits and a system call
filter, as an ordinary user. Where one part is not available (another system, namespaces forbidden,
as in many containers) nothing runs, and the result says why.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal, cast

StoppedBy = Literal["time", "cpu", "memory", "disk", "processes", "output"]

_CONFINE = Path(__file__).with_name("confine.py")
_OLDEST_LINUX = (5, 14)
_MACHINES = ("x86_64", "aarch64")
_GRACE_S = 5.0  # for the guard's own start, and for the kernel to end what it must end
_END_S = 2.0
# What a program prints that failed because the kernel refused a resource before the guard noticed.
_GAVE_UP: tuple[tuple[StoppedBy, re.Pattern[str]], ...] = (
    ("memory", re.compile(r"MemoryError|bad_alloc|[Oo]ut of memory|Cannot allocate memory")),
    ("processes", re.compile(r"Resource temporarily unavailable|can't start new thread")),
    ("disk", re.compile(r"File too large|No space left on device")),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a program may use, all its processes together. Passing one ends them all.

    wall_s: seconds of the clock, from the program's start. cpu_s: processor seconds.
    memory_bytes: resident memory; one process may reserve four times as much address space, and
    fails beyond that (Node and Go reserve gigabytes: give them more). processes: at one time,
    threads included; the kernel refuses more than twice as many, in the moment before the guard
    has looked. file_bytes: one file. disk_bytes: all files, which lie in memory and are not counted
    in `memory_bytes`. output_bytes: each of stdout and stderr.
    """

    wall_s: float = 10.0
    cpu_s: float = 5.0
    memory_bytes: int = 256 * 2**20
    processes: int = 32
    file_bytes: int = 16 * 2**20
    disk_bytes: int = 32 * 2**20
    output_bytes: int = 256 * 2**10

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value <= 0:
                raise ValueError(f"limit {name} is {value}: it must be above 0")


@dataclass(frozen=True, slots=True)
class Enforced:
    """What was in force when the program started; all of it, or the program was not started."""

    network: bool = False
    filesystem: bool = False
    processes: bool = False
    memory: bool = False
    cpu: bool = False
    disk: bool = False
    system_calls: bool = False


@dataclass(frozen=True, slots=True)
class ProgramResult:
    """How a program ended.

    status: `exited` by itself, `stopped` by a limit (`stopped_by` says which), or `unavailable`:
    nothing ran, and `reason` says why. exit_code: a negative one is the signal that ended it; None
    where it was ended with its namespace. stdout, stderr: at most `output_bytes` each; bytes that
    are not UTF-8 are replaced.
    """

    status: Literal["exited", "stopped", "unavailable"]
    stdout: str = ""
    stderr: str = ""
    exit_code: int | None = None
    stopped_by: StoppedBy | None = None
    reason: str = ""
    enforced: Enforced = field(default_factory=Enforced)

    @property
    def succeeded(self) -> bool:
        return self.status == "exited" and self.exit_code == 0


async def run_program(
    command: Sequence[str],
    *,
    files: Mapping[str, str],
    limits: Limits | None = None,
    stdin: str = "",
) -> ProgramResult:
    """Runs `command` in a fresh directory that holds `files`, by name relative to it.

    `command[0]` is a program on the PATH, or an absolute path. An interpreter outside the system's
    directories comes with its `lib`, without its packages where it is a virtual environment's.
    Costs about 60 ms beside the program. When it returns or is cancelled, nothing that the program
    started is alive. Raises ValueError for a name that leaves the directory.
    """
    limits = limits or Limits()
    _refuse_unusable(command, files, limits)
    found = shutil.which(command[0])
    if found is None:
        return _unavailable(f"{command[0]!r} is not installed")
    if reason := _unsupported():
        return _unavailable(reason)
    with tempfile.TemporaryDirectory(prefix="edgeward-", ignore_cleanup_errors=True) as room:
        _write_request(room, found, command, files, limits)
        return await _run(room, limits, stdin)


def _write_request(
    room: str, found: str, command: Sequence[str], files: Mapping[str, str], limits: Limits
) -> None:
    """The file that `agents.checks.confine` reads as its `Request`."""
    program = Path(found).resolve()
    asked = asdict(limits)
    del asked["output_bytes"]  # counted here, not by the guard
    asked |= {"command": [str(program), *command[1:]], "files": dict(files)}
    asked |= {"readable": _belongings(program)}
    Path(room, "request.json").write_text(json.dumps(asked), "utf-8")


def _unavailable(reason: str) -> ProgramResult:
    return ProgramResult("unavailable", reason=f"sandbox unavailable: {reason}")


def _refuse_unusable(command: Sequence[str], files: Mapping[str, str], limits: Limits) -> None:
    if not command:
        raise ValueError("the command is empty: name a program")
    for name in files:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in name:
            raise ValueError(
                f"file {name!r} is not inside the program's directory: use a relative name "
                "without '..'"
            )
    size = sum(len(text.encode()) for text in files.values())
    if size > limits.disk_bytes // 2:
        raise ValueError(
            f"the files have {size:,} bytes, more than half the limit disk_bytes of "
            f"{limits.disk_bytes:,}: send less, or raise the limit"
        )


def _unsupported() -> str | None:
    """Why this machine cannot confine a program, as far as can be told without trying."""
    if sys.platform != "linux":
        return f"it needs Linux, and this is {platform.system() or sys.platform}"
    if platform.machine() not in _MACHINES:
        return f"it knows {' and '.join(_MACHINES)}, and this machine is {platform.machine()}"
    release = tuple(int(part) for part in re.findall(r"\d+", platform.release())[:2])
    if release < _OLDEST_LINUX:
        return f"Linux {platform.release()} is older than {'.'.join(map(str, _OLDEST_LINUX))}"
    return None


def _belongings(program: Path) -> list[str]:
    """The program itself and its installation's `lib`, where they are not the system's.

    Not its whole prefix: that of ~/.local/bin/x holds the user's keyring.
    """
    if program.is_relative_to("/usr") or program.is_relative_to("/nix/store"):
        return []
    if program.parent.parent == Path("/"):  # /bin, where it is not a link to /usr/bin
        return []
    library = program.parent.parent / "lib"
    return [str(program), *([str(library)] if library.is_dir() else [])]


async def _run(room: str, limits: Limits, stdin: str) -> ProgramResult:
    with contextlib.ExitStack() as opened:

        def own(descriptor: int, mode: str) -> Any:
            return opened.enter_context(os.fdopen(descriptor, mode, buffering=0))

        (report, report_end), (lifeline_end, lifeline) = (
            (own(read, "rb"), own(write, "wb")) for read, write in (os.pipe(), os.pipe())
        )
        passed = (report_end.fileno(), lifeline_end.fileno())
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", str(_CONFINE), room, *map(str, passed)),
            stdin=own(_sealed(stdin), "rb"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=room,
            env={"PATH": os.defpath, "LANG": "C.UTF-8"},
            pass_fds=passed,
            start_new_session=True,
        )
        report_end.close()
        lifeline_end.close()
        assert process.stdout is not None
        assert process.stderr is not None
        texts = asyncio.gather(
            _collect(process.stdout, limits.output_bytes, lifeline.close),
            _collect(process.stderr, limits.output_bytes, lifeline.close),
        )
        late = False
        try:
            async with asyncio.timeout(limits.wall_s + _GRACE_S):
                await process.wait()
        except TimeoutError:
            late = True
        finally:
            # The lifeline that the guard watches: closing it ends all processes of the program.
            lifeline.close()
            await _end(process)
            # Both streams end with the last process that holds them.
            out, err = await asyncio.wait_for(texts, _END_S)
        os.set_blocking(report.fileno(), False)
        facts = [json.loads(line) for line in (report.read(65_536) or b"").splitlines()]
        return _result(facts, out, err, limits, late)


def _sealed(text: str) -> int:
    """A sealed in-memory file with the text, at its start: the process that receives it cannot
    change it.
    """
    descriptor = os.memfd_create("stdin", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(text.encode())
    os.lseek(descriptor, 0, os.SEEK_SET)
    seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
    return descriptor


async def _collect(stream: asyncio.StreamReader, limit: int, stop: Callable[[], None]) -> bytes:
    """Reads to the end; keeps one byte more than the limit, and calls `stop` once past it."""
    kept = b""
    while chunk := await stream.read(65_536):
        kept += chunk[: limit + 1 - len(kept)]
        if len(kept) > limit:
            stop()
    return kept


async def _end(process: asyncio.subprocess.Process) -> None:
    try:
        await asyncio.wait_for(process.wait(), _END_S)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _result(
    facts: list[dict[str, Any]], out: bytes, err: bytes, limits: Limits, late: bool
) -> ProgramResult:
    told = {name: value for fact in facts for name, value in fact.items()}
    stdout, stderr = (part[: limits.output_bytes].decode(errors="replace") for part in (out, err))
    if "unavailable" in told or "enforced" not in told:
        return _unavailable(told.get("unavailable") or stderr.strip() or "its guard did not start")
    exit_code = told.get("exit_code")
    stopped_by = cast(StoppedBy | None, told.get("stopped_by"))
    if len(out) > limits.output_bytes or len(err) > limits.output_bytes:
        stopped_by = "output"
    elif late:
        stopped_by = "time"
    elif stopped_by is None and exit_code != 0:
        signs = (limit for limit, sign in _GAVE_UP if sign.search(stderr[-2000:]))
        stopped_by = next(signs, None)
    if exit_code is None and stopped_by is None:
        return _unavailable("its guard was ended from outside")
    return ProgramResult(
        "stopped" if stopped_by else "exited",
        stdout,
        stderr,
        exit_code=exit_code,
        stopped_by=stopped_by,
        enforced=Enforced(**dict.fromkeys(told["enforced"], True)),
    )
