"""Hostile programs, really run: each is stopped and reported, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from agents.checks import sandbox
from agents.checks.sandbox import Enforced, Limits, ProgramResult, run_program

PYTHON = (sys.executable, "-I", "main.py")
SMALL = Limits(wall_s=5.0, cpu_s=2.0, memory_bytes=128 * 2**20, processes=16)


def _can_be_confined() -> str:
    """Empty, or why no program can be confined on this machine."""
    return asyncio.run(run_program(["true"], files={})).reason


WHY_NOT = _can_be_confined()
confined = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)


async def run(code: str, limits: Limits = SMALL, stdin: str = "") -> ProgramResult:
    return await run_program(PYTHON, files={"main.py": code}, limits=limits, stdin=stdin)


def alive(mark: str) -> list[str]:
    """The processes of this machine whose command line holds `mark`."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            line = (place / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if mark in line:
            found.append(line)
    return found


def rooms() -> set[str]:
    return {
        path.parent.name for path in Path(tempfile.gettempdir()).glob("edgeward-*/request.json")
    }


@pytest.fixture
def own_rooms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder for the rooms of this test alone: other programs make and leave rooms of theirs."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@confined
@pytest.mark.usefixtures("own_rooms")
async def test_a_program_gets_its_files_its_input_and_its_exit_code() -> None:
    before = rooms()
    files = {"main.py": "import sys, part.one\nsys.exit(7)", "part/one.py": "print(input())"}
    result = await run_program(
        (sys.executable, "main.py"), files=files, limits=SMALL, stdin="olá\n"
    )
    assert (result.status, result.exit_code, result.stdout) == ("exited", 7, "olá\n")
    assert not result.succeeded
    assert result.enforced == Enforced(True, True, True, True, True, True, True)
    assert rooms() <= before


@confined
async def test_a_program_that_does_its_work_succeeds() -> None:
    result = await run("open('a', 'w').write('x' * 1000); print(len(open('a').read()))")
    assert result.succeeded
    assert (result.stdout, result.stderr, result.stopped_by) == ("1000\n", "", None)


@confined
async def test_input_far_larger_than_a_pipe_arrives_whole_and_may_be_left_unread() -> None:
    text = "é" * 500_000
    result = await run("import sys; print(len(sys.stdin.read()))", stdin=text)
    assert result.stdout == "500000\n"
    assert (await run("print('done')", stdin=text)).stdout == "done\n"


@confined
async def test_a_fork_bomb_is_stopped() -> None:
    result = await run("import os\nwhile True:\n    os.fork()")
    assert (result.status, result.stopped_by) == ("stopped", "processes")


@confined
async def test_a_fork_bomb_that_swallows_its_failures_is_stopped() -> None:
    mark = uuid.uuid4().hex
    code = f"""
import os
MARK = "{mark}"
while True:
    try:
        os.fork()
    except OSError:
        pass
"""
    result = await run_program((sys.executable, "-c", code, mark), files={}, limits=SMALL)
    assert (result.status, result.stopped_by) == ("stopped", "processes")
    assert alive(mark) == []


@confined
async def test_a_program_that_starts_threads_without_end_is_stopped() -> None:
    code = """
import threading, time
while True:
    threading.Thread(target=time.sleep, args=(60,)).start()
"""
    assert (await run(code)).stopped_by == "processes"


@confined
@pytest.mark.parametrize(
    "code",
    [
        "hoard = []\nwhile True:\n    hoard.append(bytearray(1_000_000))",
        "bytearray(10**11)",
        "import mmap\npages = mmap.mmap(-1, 200 * 2**20)\n"
        "while True:\n    pages.seek(0)\n    pages.write(b'x' * 200 * 2**20)",
    ],
    ids=["little by little", "at once", "mapped"],
)
async def test_a_memory_hog_is_stopped(code: str) -> None:
    result = await run(code)
    assert (result.status, result.stopped_by) == ("stopped", "memory")


@confined
async def test_memory_is_counted_over_all_processes_but_not_twice_where_it_is_shared() -> None:
    each = """
import os, time
{before}
for _ in range(6):
    if os.fork() == 0:
        {after}
        time.sleep(0.5)
        os._exit(0)
for _ in range(6):
    os.wait()
print("fine")
"""
    apart = each.format(before="", after="kept = os.urandom(50_000_000)")
    assert (await run(apart)).stopped_by == "memory"
    shared = each.format(before="kept = os.urandom(50_000_000)", after="pass")
    assert (await run(shared)).stdout == "fine\n"


@confined
@pytest.mark.parametrize("call", ["memfd_create('x')", "open('/dev/shm/x', os.O_CREAT)"])
async def test_memory_that_no_limit_sees_is_not_to_be_had(call: str) -> None:
    result = await run(f"import os\nos.{call}")
    assert result.exit_code == 1
    assert "Error" in result.stderr


@confined
@pytest.mark.parametrize(
    "code",
    [
        "with open('big', 'wb') as f:\n    while True:\n        f.write(b'x' * 100_000)",
        "import itertools\nfor n in itertools.count():\n"
        "    open(f'f{n}', 'wb').write(b'x' * 1_000_000)",
        "import itertools\nfor n in itertools.count():\n    open(f'f{n}', 'wb').close()",
        "import itertools, os\nfor n in itertools.count():\n    os.mkdir('d')\n    os.chdir('d')",
    ],
    ids=["one file", "many files", "empty files", "directories in directories"],
)
async def test_a_disk_filler_is_stopped(code: str) -> None:
    result = await run(code)
    assert (result.status, result.stopped_by) == ("stopped", "disk")


@confined
async def test_a_disk_filler_that_swallows_its_failures_is_stopped() -> None:
    code = """
n = 0
while True:
    n += 1
    try:
        open(f"f{n}", "wb").write(b"x" * 1_000_000)
    except OSError:
        pass
"""
    assert (await run(code)).stopped_by == "disk"


@confined
@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6", "AF_NETLINK", "AF_VSOCK", "AF_PACKET"])
async def test_no_socket_that_could_leave_the_machine_is_opened(family: str) -> None:
    result = await run(f"import socket\nsocket.socket(socket.{family}, socket.SOCK_RAW)")
    assert result.exit_code == 1
    assert "PermissionError" in result.stderr
    assert result.enforced.network


@confined
async def test_a_server_of_this_machine_cannot_be_reached() -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.append(True)
        writer.close()

    reached: list[bool] = []
    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        result = await run(f"import socket; socket.create_connection(('127.0.0.1', {port}), 2)")
    assert (result.exit_code, reached) == (1, [])


@confined
async def test_a_program_that_calculates_for_ever_is_stopped() -> None:
    result = await run("while True:\n    pass", Limits(wall_s=10, cpu_s=0.3))
    assert (result.status, result.stopped_by) == ("stopped", "cpu")


@confined
async def test_processor_time_is_counted_over_all_processes() -> None:
    code = """
import os, time
while True:
    if os.fork() == 0:
        begun = time.process_time()
        while time.process_time() < begun + 0.1:
            pass
        os._exit(0)
    os.wait()
"""
    assert (await run(code, Limits(wall_s=10, cpu_s=0.5))).stopped_by == "cpu"


@confined
async def test_a_program_that_waits_for_ever_is_stopped_at_its_deadline() -> None:
    started = time.monotonic()
    result = await run("import time\nprint('on', flush=True)\ntime.sleep(600)", Limits(wall_s=0.5))
    assert (result.status, result.stopped_by, result.stdout) == ("stopped", "time", "on\n")
    assert time.monotonic() - started < 10


@confined
async def test_a_program_that_ignores_every_signal_is_stopped() -> None:
    code = """
import signal, time
for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
while True:
    time.sleep(1)
"""
    assert (await run(code, Limits(wall_s=0.5))).stopped_by == "time"


@confined
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
async def test_output_without_end_is_stopped_and_cut(stream: str) -> None:
    code = f"import sys\nwhile True:\n    sys.{stream}.write('x' * 10_000)"
    result = await run(code, Limits(output_bytes=5_000))
    assert (result.status, result.stopped_by) == ("stopped", "output")
    assert getattr(result, stream) == "x" * 5_000


@confined
@pytest.mark.parametrize(
    "target", ["os.getppid()", "-1", "1"], ids=["its parent", "everybody", "the first process"]
)
@pytest.mark.parametrize("number", ["SIGKILL", "SIGTERM", "SIGINT"])
async def test_a_program_cannot_kill_its_parent(target: str, number: str) -> None:
    code = f"""
import os, signal, time
try:
    os.kill({target}, signal.{number})
except OSError:
    pass
time.sleep(0.1)
os.stat("/proc/1")
print("its guard is still there")
"""
    result = await run(code)
    assert (result.status, result.stdout) == ("exited", "its guard is still there\n")


@confined
async def test_a_daemon_does_not_outlive_its_program() -> None:
    mark = uuid.uuid4().hex
    code = f"""
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for descriptor in range(3):
            os.close(descriptor)
        os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(60)", "{mark}"])
    os._exit(0)
os.wait()
time.sleep(0.3)
print(len(os.listdir("/proc")))
"""
    result = await run_program((sys.executable, "main.py"), files={"main.py": code}, limits=SMALL)
    assert result.succeeded, result
    assert alive(mark) == []


@confined
async def test_a_daemon_that_holds_the_output_open_does_not_delay_the_end() -> None:
    code = "import os, time\nif os.fork() == 0:\n    time.sleep(60)\nprint('done')"
    started = time.monotonic()
    assert (await run(code)).stdout == "done\n"
    assert time.monotonic() - started < 10


@confined
async def test_files_of_the_user_do_not_exist_for_a_program(tmp_path: Path) -> None:
    secret = tmp_path / ".ssh" / "id_ed25519"
    secret.parent.mkdir()
    secret.write_text("the secret")
    places = [str(secret), str(Path.home()), "/etc/passwd", "/etc/shadow", "/var", "/run", "/sys"]
    code = f"""
import os, pathlib
for place in {places!r}:
    try:
        path = pathlib.Path(place)
        print(place, sorted(os.listdir(path)) if path.is_dir() else path.read_text())
    except OSError:
        pass
print(os.listdir("/work"))
"""
    result = await run(code)
    assert "the secret" not in result.stdout
    lines = result.stdout.splitlines()
    assert lines.pop() == "['main.py']"
    # An interpreter installed below the home directory brings the path to it, and nothing else.
    assert all(line.startswith(f"{Path.home()} [") for line in lines), lines
    visible = len(lines[0].split(",")) if lines else 0
    assert visible <= 1


@confined
@pytest.mark.parametrize("place", ["/x", "/usr/x", "/etc/x", "/proc/sys/user/max_user_namespaces"])
async def test_a_program_writes_nowhere_but_in_its_directory(place: str) -> None:
    result = await run(f"open({place!r}, 'w').write('1')")
    assert result.exit_code == 1
    assert "Error" in result.stderr


@confined
async def test_the_environment_holds_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    code = """
import os, pathlib
print(sorted(os.environ))
for place in pathlib.Path("/proc").glob("[0-9]*/environ"):
    try:
        print(place.read_text())
    except OSError:
        pass
"""
    result = await run(code)
    assert result.stdout.startswith("['HOME', 'LANG', 'MALLOC_ARENA_MAX', 'PATH', 'TMPDIR']\n")
    assert "sk-secret" not in result.stdout


@confined
async def test_a_program_sees_no_other_process_and_none_of_the_router_s_open_files() -> None:
    code = """
import os
print(sum(name.isdigit() for name in os.listdir("/proc")))
print([fd for fd in range(3, 200) if os.path.exists(f"/proc/self/fd/{fd}")])
"""
    held = os.open(os.devnull, os.O_RDONLY)
    os.set_inheritable(held, True)
    try:
        result = await run(code)
    finally:
        os.close(held)
    assert result.stdout == "2\n[]\n"


@confined
async def test_a_program_cannot_gain_capabilities_in_a_namespace_of_its_own() -> None:
    # 56 and 220 are clone's numbers; the flags ask for a new user namespace.
    code = """
import ctypes, platform
libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 56, "aarch64": 220}[platform.machine()]
print(libc.syscall(number, 0x10000000 | 17, 0, 0, 0, 0), libc.unshare(0x10000000))
print([line for line in open("/proc/self/status") if line.startswith("CapBnd")])
"""
    result = await run(code)
    assert result.stdout == "-1 -1\n['CapBnd:\\t0000000000000000\\n']\n"


@confined
@pytest.mark.usefixtures("own_rooms")
async def test_a_cancelled_run_leaves_nothing_behind() -> None:
    mark, before = uuid.uuid4().hex, rooms()
    command = (sys.executable, "-c", "import time; time.sleep(60)", mark)
    running = asyncio.create_task(run_program(command, files={}))
    await asyncio.to_thread(wait_for, lambda: alive(mark) != [])
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert alive(mark) == []
    assert rooms() <= before


@confined
def test_a_program_does_not_outlive_a_router_that_is_killed(tmp_path: Path) -> None:
    mark = uuid.uuid4().hex
    code = f"""
import asyncio, sys
from agents.checks.sandbox import run_program
command = (sys.executable, "-c", "import time; time.sleep(60)", "{mark}")
asyncio.run(run_program(command, files={{}}))
"""
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    router = subprocess.Popen(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[3], env=environment
    )
    wait_for(lambda: any("sleep" in line and "asyncio" not in line for line in alive(mark)))
    router.send_signal(signal.SIGKILL)
    router.wait()
    wait_for(lambda: alive(mark) == [])


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not come about within 10 s"
        time.sleep(0.01)


@confined
async def test_programs_run_beside_each_other_and_see_only_their_own_files() -> None:
    code = "import os; print(sorted(os.listdir()), open('name').read())"
    results = await asyncio.gather(
        *(
            run_program(PYTHON, files={"main.py": code, "name": str(number)}, limits=SMALL)
            for number in range(6)
        )
    )
    assert [result.stdout for result in results] == [
        f"['main.py', 'name'] {number}\n" for number in range(6)
    ]


@confined
@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
@pytest.mark.skipif(not shutil.which("setpriv"), reason="setpriv is not installed")
def test_an_ordinary_user_has_the_same_protection(tmp_path: Path) -> None:
    python = shutil.which("python3", path="/usr/bin")
    if python is None:
        pytest.skip("no interpreter outside root's home")
    version = subprocess.run([python, "-V"], capture_output=True, text=True, check=True).stdout
    if tuple(map(int, version.split()[1].split(".")[:2])) < (3, 11):
        pytest.skip("the system's interpreter is too old")
    house = tmp_path / "house"
    package = house / "agents" / "checks"
    package.mkdir(parents=True)
    for name in ("__init__.py", "sandbox.py", "confine.py"):
        shutil.copy(Path(sandbox.__file__).with_name(name), package / name)
    for place in (package, *package.parents):
        if place.owner() == "root" and place.is_relative_to(Path(tempfile.gettempdir())):
            place.chmod(place.stat().st_mode | 0o055)
    code = """
import asyncio, sys
from agents.checks.sandbox import run_program
PROGRAMS = [
    "import os\\nwhile True: os.fork()",
    "hoard = []\\nwhile True: hoard.append('x' * 9**6)",
    "print(open('/proc/self/status').read().count('0000000000000000'))",
]
async def main():
    for program in PROGRAMS:
        result = await run_program([sys.executable, "-c", program], files={"a/b": "c"})
        print(result.status, result.stopped_by, result.reason)
asyncio.run(main())
"""
    as_another = ["setpriv", "--reuid", "65533", "--regid", "65533", "--clear-groups"]
    done = subprocess.run(
        [*as_another, python, "-B", "-c", code],
        cwd=house,
        env={"PATH": os.defpath},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    expected = ["stopped processes ", "stopped memory ", "exited None "]
    assert done.stdout.splitlines() == expected, done.stderr


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "a/../../x", "", ".", "a\0b"])
async def test_a_file_outside_the_directory_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not inside the program's directory"):
        await run_program(["true"], files={name: "x"})


async def test_unusable_requests_are_refused_in_words() -> None:
    with pytest.raises(ValueError, match="name a program"):
        await run_program([], files={})
    with pytest.raises(ValueError, match="raise the limit"):
        await run_program(["true"], files={"a": "x" * 600}, limits=Limits(disk_bytes=1000))
    with pytest.raises(ValueError, match="wall_s is 0: it must be above 0"):
        Limits(wall_s=0)


async def test_a_program_that_is_not_installed_is_said_to_be_so() -> None:
    result = await run_program(["no-such-program"], files={})
    assert result.status == "unavailable"
    assert result.reason == "sandbox unavailable: 'no-such-program' is not installed"
    assert result.enforced == Enforced()


@pytest.mark.parametrize(
    ("system", "machine", "release", "reason"),
    [
        ("darwin", "arm64", "25.0.0", "it needs Linux"),
        ("linux", "riscv64", "6.12.1", "this machine is riscv64"),
        ("linux", "x86_64", "5.10.0-33-amd64", "older than 5.14"),
    ],
)
async def test_where_a_program_cannot_be_confined_it_is_not_run(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str, release: str, reason: str
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr("platform.release", lambda: release)
    monkeypatch.setattr("platform.system", lambda: system)
    result = await run_program(["true"], files={})
    assert result.status == "unavailable"
    assert reason in result.reason


@confined
async def test_where_the_kernel_forbids_namespaces_nothing_is_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # A real refusal: no user namespace may be made below one whose maximum is 0.
    code = """
import ctypes, pathlib, runpy, sys
assert ctypes.CDLL(None).unshare(0x10000000) == 0
pathlib.Path("/proc/sys/user/max_user_namespaces").write_text("0")
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
    wrapper = tmp_path / "confine.py"
    real = str(Path(sandbox.__file__).with_name("confine.py"))
    wrapper.write_text(code.replace("sys.argv[1:]", f"[{real!r}, *sys.argv[1:]]"))
    monkeypatch.setattr(sandbox, "_CONFINE", wrapper)
    mark = Path(tempfile.gettempdir()) / uuid.uuid4().hex
    result = await run_program(["touch", str(mark)], files={})
    assert result.status == "unavailable"
    assert "this user may not make namespaces" in result.reason
    assert not mark.exists()
