"""What becomes of programs that misbehave in the sandbox, as a table.

python tests/benchmarks/sandbox.py
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from agents.checks.sandbox import Limits, ProgramResult, run_program

LIMITS = Limits(wall_s=4.0, cpu_s=2.0)
SECRET = "the user's secret"

PROGRAMS = {
    "forks without end": "import os\nwhile True: os.fork()",
    "starts threads without end": (
        "import threading, time\n"
        "while True: threading.Thread(target=time.sleep, args=(60,)).start()"
    ),
    "fills memory": "hoard = []\nwhile True: hoard.append(b'x' * 2**20)",
    "fills the disk with one file": "f = open('a', 'wb')\nwhile True: f.write(b'x' * 2**20)",
    "fills the disk with many files": (
        "n = 0\nwhile True:\n    n += 1\n    open(str(n), 'wb').write(b'x' * 2**12)"
    ),
    "opens a connection": ("import socket\nsocket.create_connection(('127.0.0.1', 9), timeout=1)"),
    "opens a listening socket": "import socket\nsocket.socket().bind(('127.0.0.1', 0))",
    "runs for ever": "while True: pass",
    "sleeps for ever": "import time\ntime.sleep(1000)",
    "prints without end": "while True: print('x' * 1000)",
    "reads the user's file": "print(open({secret!r}).read())",
    "lists the root directory": "import os\nprint(sorted(os.listdir('/')))",
    "writes into the system": "open('/usr/x', 'w')",
    "kills its parent": "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)",
    "kills every process": "import os, signal\nos.kill(-1, signal.SIGKILL)",
    "reads the environment": "import os\nprint(sorted(os.environ))",
    "leaves a daemon behind": (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(1000)\nprint('gone')"
    ),
    "an ordinary program": "print(sum(range(10)))",
}


def outcome(result: ProgramResult) -> str:
    if result.status == "unavailable":
        return result.reason
    if result.stopped_by:
        return f"stopped: limit of {result.stopped_by}"
    said = (result.stderr.strip().splitlines() or result.stdout.strip().splitlines() or [""])[-1]
    return f"ended with {result.exit_code}: {said[:90]}"


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        secret = Path(folder) / "secret.txt"
        secret.write_text(SECRET)
        print("| a program that | what became of it | seconds |\n|---|---|---|")
        for name, code in PROGRAMS.items():
            began = time.monotonic()
            source = code.replace("{secret!r}", repr(str(secret)))
            result = await run_program(
                (sys.executable, "main.py"), files={"main.py": source}, limits=LIMITS
            )
            assert SECRET not in result.stdout
            print(f"| {name} | {outcome(result)} | {time.monotonic() - began:.2f} |")
    inside, outside = [], []
    for _ in range(15):
        began = time.monotonic()
        await run_program((sys.executable, "-c", "pass"), files={})
        inside.append(time.monotonic() - began)
        began = time.monotonic()
        subprocess.run((sys.executable, "-c", "pass"), check=True)  # noqa: ASYNC221  timed alone
        outside.append(time.monotonic() - began)
    cost = statistics.median(inside) - statistics.median(outside)
    print(f"\nBeside the program itself a run costs {cost * 1000:.0f} ms (median of 15).")


if __name__ == "__main__":
    asyncio.run(main())
