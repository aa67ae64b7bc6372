"""The command as a person runs it: its own process, its own home, no keys in the environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import COMMAND, Edgeward

PROVIDER = Path(__file__).parents[1] / "support" / "provider_server.py"


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """One data directory, and so one private Redis, for all end-to-end tests."""
    folder = Path(tempfile.mkdtemp(prefix="edgeward-e2e-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def edgeward(home: Path, tmp_path: Path) -> Edgeward:
    """Runs the command in an empty folder; `env` adds variables, `stdin` is piped in."""

    def run(
        *words: str, stdin: str = "", env: dict[str, str] | None = None, timeout_s: float = 120
    ) -> subprocess.CompletedProcess[str]:
        clean = {
            key: value
            for key, value in os.environ.items()
            if not key.endswith("_API_KEY") and key not in ("REDIS_URL", "EDGEWARD_CONFIG")
        }
        settings = {"EDGEWARD_HOME": str(home), "HOME": str(tmp_path), "COLUMNS": "200"}
        return subprocess.run(
            [str(COMMAND), *words],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=clean | settings | (env or {}),
            timeout=timeout_s,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def provider() -> Iterator[str]:
    """The root URL of a provider process on loopback; its key is `test-key`."""
    command = [sys.executable, str(PROVIDER), "--port", "0", "--print-url"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        began = time.monotonic()
        url = process.stdout.readline().strip()
        assert url, f"the provider said nothing in {time.monotonic() - began:.1f} s"
        yield url
        process.terminate()
