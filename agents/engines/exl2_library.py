"""Imports ExLlamaV2, or says in one line why it cannot be used; only this module imports it."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.engines import exl2_attention

INSTALL = "pip install 'edgeward[exllamav2]'"

_NEEDED = ("torch", "exllamav2", "tokenizers", "llguidance", "jinja2")


class LibraryUnavailable(Exception):
    """ExLlamaV2 cannot be used here; the message says why and what to do, in one line."""


@dataclass(frozen=True, slots=True)
class Library:
    """The modules that are used: `exllamav2`, its generators, and the base of its filters."""

    root: Any
    generators: Any
    filters: Any


@functools.cache
def unavailable_reason() -> str | None:
    """Why no EXL2 model can run on this machine, in one line; None where one can.

    Imports torch where it is installed, but not ExLlamaV2, which may compile for minutes.
    """
    try:
        require_gpu()
    except LibraryUnavailable as reason:
        return str(reason)
    return None


def require_packages() -> None:
    """LibraryUnavailable where a package is missing; imports none of them."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise LibraryUnavailable(f"{', '.join(missing)} not installed: {INSTALL}")


def require_gpu() -> tuple[int, int]:
    """The compute capability of the card, which CUDA is started for. Raises LibraryUnavailable."""
    require_packages()
    # Before CUDA starts: segments that grow leave no holes when models come and go.
    os.environ.setdefault("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")
    try:
        import torch
    except Exception as error:
        raise LibraryUnavailable(f"torch cannot be imported: {brief(error)}") from error
    if torch.version.cuda is None:
        raise LibraryUnavailable(
            f"torch {torch.__version__} is built without CUDA: install a CUDA build of torch"
        )
    if not torch.cuda.is_available():
        raise LibraryUnavailable("CUDA finds no usable NVIDIA card: check nvidia-smi")
    major, minor = torch.cuda.get_device_capability(0)
    if major < 7:
        raise LibraryUnavailable(
            f"{torch.cuda.get_device_name(0)} has compute capability {major}.{minor}, "
            "7.0 (Volta) or newer is needed"
        )
    return major, minor


def gpu_library() -> Library:
    """The library on a machine with a card; its extension is compiled first where that is due.

    Raises LibraryUnavailable.
    """
    major, minor = require_gpu()
    # For this card alone, or it is compiled for every generation; MAX_JOBS bounds the memory.
    os.environ.setdefault("TORCH_CUDA_ARCH_LIST", f"{major}.{minor}")
    os.environ.setdefault("MAX_JOBS", str(os.cpu_count() or 1))
    _show_cuda_headers()
    return load_library()


def load_library() -> Library:
    """Import the library, and mend its attention. Raises LibraryUnavailable, and leaves nothing
    half imported behind."""
    try:
        library = Library(
            root=importlib.import_module("exllamav2"),
            generators=importlib.import_module("exllamav2.generator"),
            filters=importlib.import_module("exllamav2.generator.filters.base"),
        )
        exl2_attention.apply(importlib.import_module("exllamav2.attn"))
    except Exception as error:
        # OSError without a CUDA toolkit, IndexError without an architecture, RuntimeError without
        # ninja or from the compiler, NameError without libcudart, ImportError from another torch's
        # build or a broken flash-attn: the library translates none of them.
        for name in [name for name in sys.modules if name.split(".")[0] == "exllamav2"]:
            del sys.modules[name]
        raise LibraryUnavailable(_why_not_imported(error)) from error
    return library


def _why_not_imported(error: Exception) -> str:
    text = brief(error)
    if isinstance(error, OSError) and "CUDA_HOME" in text:
        return "no CUDA toolkit to compile ExLlamaV2's extension with: install nvcc, set CUDA_HOME"
    if isinstance(error, IndexError):
        return "no CUDA architecture to compile for: set TORCH_CUDA_ARCH_LIST, as 7.5 for Turing"
    if isinstance(error, NameError):
        return "ExLlamaV2's compiled extension finds no CUDA runtime: reinstall it for this torch"
    if isinstance(error, ModuleNotFoundError):
        return f"{error.name} not installed: {INSTALL}"
    if isinstance(error, ImportError):
        return f"a compiled part of ExLlamaV2 or flash-attn does not fit this torch: {text}"
    if isinstance(error, RuntimeError):
        return f"ExLlamaV2's extension could not be compiled: {text}"
    return f"ExLlamaV2 cannot be imported: {text}"


def brief(error: Exception) -> str:
    """The exception's name and the first line of its message."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200] if lines else ''}"


def _show_cuda_headers() -> None:
    """torch's wheels carry the CUDA headers that toolkits of Linux distributions leave out."""
    import torch

    site = Path(torch.__file__).parents[1] / "nvidia"
    headers = [str(path) for path in sorted(site.glob("*/include"))]
    known = os.environ.get("CPATH", "")
    if headers and headers[0] not in known:
        os.environ["CPATH"] = ":".join([*headers, *([known] if known else [])])
