"""Reads the headers of safetensors files: names, types, shapes and sizes; never a weight.

Layout: eight bytes of length (little-endian), a JSON object of tensors, then the tensors' bytes.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from agents.engines.model_files import read_json
from router.errors import ConfigError

_LENGTH = struct.Struct("<Q")
_MAX_HEADER_BYTES = 100 * 2**20
"""The format's own limit."""

INDEX = "model.safetensors.index.json"


@dataclass(frozen=True, slots=True)
class TensorHeader:
    """One tensor. bytes: as stored, which for a quantised one is less than its shape suggests."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    bytes: int

    @property
    def elements(self) -> int:
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class StoredWeights:
    """Bytes of a language model's tensors by where they go; ExLlamaV2 keeps the embedding in the
    machine's memory."""

    decoder: int
    head: int
    embedding: int


def read_safetensors(folder: Path) -> tuple[TensorHeader, ...]:
    """The tensors of a model directory, all shards. Raises ConfigError, which names the file."""
    return tuple(tensor for path in shards(folder) for tensor in read_header(path))


def shards(folder: Path) -> tuple[Path, ...]:
    """The weight files of a model directory: those of its index, else every one that lies there.

    An index of which no file is there, beside others that are, belongs to what the model was
    quantised from: ExLlamaV2's converter copies it along, and reads whatever lies there.
    """
    index = folder / INDEX
    found = tuple(sorted(folder.glob("*.safetensors")))
    if index.is_file():
        weights = read_json(index).get("weight_map")
        if not isinstance(weights, dict) or not weights:
            raise ConfigError(f"{index}: it has no `weight_map`: fetch the model again")
        names = sorted({str(name) for name in weights.values()})
        absent = [name for name in names if not (folder / name).is_file()]
        if absent and not (found and len(absent) == len(names)):
            raise ConfigError(
                f"{folder}: {len(absent)} of {len(names)} weight files are missing, the first is "
                f"{absent[0]}: fetch the model again"
            )
        if not absent:
            return tuple(folder / name for name in names)
    if not found:
        raise ConfigError(f"{folder}: there is no .safetensors file in it{_instead(folder)}")
    return found


def _instead(folder: Path) -> str:
    pickles = sorted([*folder.glob("*.bin"), *folder.glob("*.pt"), *folder.glob("*.pth")])
    if pickles:
        return (
            f"; {pickles[0].name} is a Python pickle, which may run code when it is read and is "
            "not touched: fetch the model's safetensors"
        )
    inside = ", ".join(sorted(path.name for path in folder.iterdir())[:5])
    return f"; it holds {inside}" if inside else "; it is empty"


def read_header(path: Path) -> tuple[TensorHeader, ...]:
    """The tensors of one file. Raises ConfigError for one that is none, damaged or cut short."""
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            start = file.read(_LENGTH.size)
            if len(start) < _LENGTH.size:
                raise _damaged(path, f"it has only {size} bytes")
            if start.startswith(b"version "):
                raise _damaged(path, "it is a Git LFS pointer: run `git lfs pull`")
            (length,) = _LENGTH.unpack(start)
            room = size - _LENGTH.size
            if not 2 <= length <= min(room, _MAX_HEADER_BYTES):
                raise _damaged(path, f"its header claims {length:,} bytes, the file has {room:,}")
            header = json.loads(file.read(length))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise _damaged(path, f"its header is no JSON ({error})") from error
    if not isinstance(header, dict):
        raise _damaged(path, "its header is no JSON object")
    data_bytes = size - _LENGTH.size - length
    tensors = [
        _tensor(path, name, value, data_bytes)
        for name, value in header.items()
        if name != "__metadata__"
    ]
    return tuple(tensors)


def _tensor(path: Path, name: str, value: Any, data_bytes: int) -> TensorHeader:
    try:
        dtype, shape, (begin, end) = value["dtype"], value["shape"], value["data_offsets"]
        sizes = tuple(int(side) for side in shape)
        begin, end = int(begin), int(end)
        valid = isinstance(dtype, str) and min((*sizes, 0)) >= 0 and 0 <= begin <= end
    except (KeyError, TypeError, ValueError):
        valid = False
    if not valid:
        raise _damaged(path, f"the entry of tensor {name[:80]!r} is not readable")
    if end > data_bytes:
        raise _damaged(
            path, f"it is cut short: tensor {name!r} ends at byte {end:,} of {data_bytes:,}"
        )
    return TensorHeader(name, dtype, sizes, end - begin)


def stored_weights(tensors: tuple[TensorHeader, ...]) -> StoredWeights:
    """Where the bytes go. A model without a head of its own uses its embedding, on the card too."""
    embedding = sum(one.bytes for one in tensors if ".embed_tokens." in f".{one.name}")
    head = sum(one.bytes for one in tensors if one.name.startswith("lm_head."))
    total = sum(one.bytes for one in tensors)
    return StoredWeights(
        decoder=total - embedding - head, head=head or embedding, embedding=embedding
    )


def _damaged(path: Path, what: str) -> ConfigError:
    return ConfigError(f"{path}: no usable safetensors file: {what}; fetch it again")
