"""A fresh clone in a fresh environment: seconds and megabytes of the install, seconds of the demo.

    python tests/benchmarks/install.py

Runs the README's first command on a clone of this repository's HEAD.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HEAVY = ("torch", "nvidia", "exllamav2", "transformers")


def timed(command: list[str], folder: Path, **environment: str) -> tuple[float, str]:
    began = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **environment},
    )
    return time.perf_counter() - began, done.stdout


def megabytes(folder: Path) -> float:
    return sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def main() -> None:
    source = Path(__file__).resolve().parents[2]
    with tempfile.TemporaryDirectory() as name:
        clone = Path(name) / "edgeward"
        timed(["git", "clone", "-q", str(source), str(clone)], source)
        make_s, _ = timed([sys.executable, "-m", "venv", ".venv"], clone)
        empty_mb = megabytes(clone / ".venv")
        pip = str(clone / ".venv" / "bin" / "pip")
        install_s, _ = timed([pip, "install", "-q", "."], clone)
        _, listed = timed([pip, "list", "--format=freeze"], clone)
        command = str(clone / ".venv" / "bin" / "edgeward")
        home = str(Path(name) / "home")
        demo_s, shown = timed([command, "demo"], clone, EDGEWARD_HOME=home)
        again_s, _ = timed([command, "demo"], clone, EDGEWARD_HOME=home)
        heavy = [line for line in listed.splitlines() if line.lower().startswith(HEAVY)]
        print("| what | figure |")
        print("|---|---|")
        print(f"| python3 -m venv | {make_s:.0f} s |")
        print(f"| pip install . | {install_s:.0f} s |")
        print(f"| packages | {len(listed.splitlines())}, of them heavy: {heavy or 'none'} |")
        print(f"| installed | {megabytes(clone / '.venv') - empty_mb:.0f} MB |")
        print(f"| first edgeward demo | {demo_s:.1f} s |")
        print(f"| second edgeward demo | {again_s:.1f} s |")
        print("\n" + "\n".join(shown.splitlines()[:1]))


if __name__ == "__main__":
    main()
