"""Reads the header of a GGUF file: which model it is, and whether the file is whole; no weights.

llama.cpp says of a file that it cannot load only that it could not be loaded; the reason in words
is found here first. Layout: magic, version, two counts, metadata, tensor table, padding, tensors.
"""

from __future__ import annotations

import difflib
import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from router.errors import ConfigError

_SUPPORTED_VERSIONS = (2, 3)
_MAX_DIMENSIONS = 4
_MAX_TEXT_BYTES = 1 << 16
"""Names and keys longer than this are damage; a chat template may be longer and is never copied."""

# Metadata value types that are plain numbers: type -> struct code.
_NUMBERS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
_LAYOUTS = {code: struct.Struct("<" + code) for code in _NUMBERS.values()}
_STRING, _ARRAY = 8, 9

# Tensor types: number -> (name, elements in a block, bytes of a block), as ggml defines them.
_TENSOR_TYPES = {
    0: ("F32", 1, 4),
    1: ("F16", 1, 2),
    2: ("Q4_0", 32, 18),
    3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34),
    9: ("Q8_1", 32, 40),
    10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210),
    15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66),
    17: ("IQ2_XS", 256, 74),
    18: ("IQ3_XXS", 256, 98),
    19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18),
    21: ("IQ3_S", 256, 110),
    22: ("IQ2_S", 256, 82),
    23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1),
    25: ("I16", 1, 2),
    26: ("I32", 1, 4),
    27: ("I64", 1, 8),
    28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56),
    30: ("BF16", 1, 2),
    34: ("TQ1_0", 256, 54),
    35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17),
    40: ("NVFP4", 64, 36),
    41: ("Q1_0", 128, 18),
}

# Tokens that llama.cpp takes for the end of an answer by their name, whatever the metadata says.
_END_NAMES = frozenset(
    b"<|im_end|> <|eot_id|> <|eom_id|> <|end|> <|endoftext|> <|end_of_text|> <end_of_turn> "
    b"<|eot|> <|eom|> <|EOT|> <EOT> _<EOT> <end_of_utterance> </s>".split()
)
_END_KEYS = tuple(f"tokenizer.ggml.{name}_token_id" for name in ("eos", "eot", "eom"))

_FOREIGN_MAGICS = (
    (b"GGUF"[::-1], "a GGUF with its bytes reversed (big-endian)"),
    (b"PK\x03\x04", "a zip archive, perhaps a PyTorch checkpoint: convert it to GGUF"),
    (b"\x80\x02", "a Python pickle, perhaps a PyTorch checkpoint: convert it to GGUF"),
    (b"\x1f\x8b", "a gzip archive: unpack it"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself: run `git lfs pull`"),
    (b"<!doctype", "a web page, so the download failed: fetch it again"),
    (b"<html", "a web page, so the download failed: fetch it again"),
    (b"lmgg", "a GGML file of 2023, which llama.cpp no longer reads: download a GGUF"),
    (b"tjgg", "a GGML file of 2023, which llama.cpp no longer reads: download a GGUF"),
)


@dataclass(frozen=True, slots=True)
class GgufInfo:
    """What a GGUF file says of itself.

    parameters: elements of all tensors in this file. quantisation: the tensor type that most of
    them have, `Q4_K` for instance. context_length: the window the model was trained for, in tokens.
    end_token_ids: tokens that end an answer. notes: what is unusual but no error, in sentences.
    """

    path: Path
    version: int
    file_bytes: int
    architecture: str
    name: str | None
    quantisation: str
    parameters: int
    tensors: int
    context_length: int | None
    vocab_size: int | None
    kv_bytes_per_token: int
    licence: str | None
    has_chat_template: bool
    end_token_ids: frozenset[int]
    notes: tuple[str, ...] = ()


def read_gguf(path: Path) -> GgufInfo:
    """Read the header and compare the file's length with its tensor table.

    Raises ConfigError, which names the file and what is wrong with it.
    """
    if not path.exists():
        raise ConfigError(f"{path}: there is no such model file{_near_names(path)}")
    if path.is_dir():
        inside = ", ".join(sorted(file.name for file in path.glob("*.gguf"))[:5])
        raise ConfigError(
            f"{path}: this is a directory, a GGUF file is wanted; "
            + (f"it holds {inside}" if inside else "it holds no .gguf file")
        )
    try:
        with path.open("rb") as file:
            start = file.read(64)
            if start[:4] != b"GGUF":
                raise ConfigError(f"{path}: not a GGUF file; it is {_describe(start)}")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return _parse(path, data)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
    except _Damaged as error:
        raise ConfigError(f"{path}: {error}; download or convert it again") from error


class _Damaged(Exception):
    """The bytes cannot be a GGUF; the message continues the sentence `FILE: ...`."""


class _Cursor:
    """Reads forward through the file; every length is checked against the bytes that are left."""

    def __init__(self, data: mmap.mmap) -> None:
        self.data = data
        self.at = 0

    def skip(self, size: int, what: str) -> int:
        """Move over `size` bytes and return where they began."""
        began = self.at
        if size > len(self.data) - began:
            raise _Damaged(
                f"the file ends inside {what}: {began + size:,} bytes are needed, "
                f"it has {len(self.data):,}"
            )
        self.at = began + size
        return began

    def number(self, code: str, what: str) -> Any:
        layout = _LAYOUTS[code]
        return layout.unpack_from(self.data, self.skip(layout.size, what))[0]

    def text(self, what: str) -> bytes:
        """A short string; a longer one is damage."""
        size = self.number("Q", what)
        if size > _MAX_TEXT_BYTES:
            raise _Damaged(f"{what} claims to be {size:,} bytes long")
        began = self.skip(size, what)
        return self.data[began : began + size]

    def skip_text(self, what: str) -> None:
        self.skip(self.number("Q", what), what)


def _parse(path: Path, data: mmap.mmap) -> GgufInfo:
    cursor = _Cursor(data)
    cursor.skip(4, "the magic")
    version = cursor.number("I", "the version")
    if version not in _SUPPORTED_VERSIONS:
        if version and version & 0xFFFF == 0:
            raise _Damaged("written for big-endian machines; this reader wants little-endian")
        raise _Damaged(f"GGUF version {version} is unknown; 2 and 3 are known")
    tensor_count = cursor.number("Q", "the tensor count")
    metadata = _metadata(cursor, cursor.number("Q", "the metadata count"))
    tensors = _tensors(cursor, tensor_count)
    notes = _check_length(tensors, metadata, data_start=cursor.at, file_bytes=len(data))

    architecture = metadata.get("general.architecture")
    if not isinstance(architecture, str):
        raise _Damaged("general.architecture is missing, so the kind of model is not known")
    if "tokenizer.chat_template" not in metadata:
        notes.append("there is no chat template in the file: llama.cpp will use ChatML")
    if isinstance(parts := metadata.get("split.count"), int) and parts > 1:
        notes.append(f"this is one of {parts} parts; the others must lie beside it")
    ends = {metadata[key] for key in _END_KEYS if isinstance(metadata.get(key), int)}
    sizes: dict[str, int] = {}
    for tensor in tensors:
        sizes[tensor.type_name] = sizes.get(tensor.type_name, 0) + tensor.elements
    return GgufInfo(
        path=path,
        version=version,
        file_bytes=len(data),
        architecture=architecture,
        name=_of_type(str, metadata.get("general.name")),
        quantisation=max(sizes, key=lambda name: sizes[name], default="none"),
        parameters=sum(sizes.values()),
        tensors=len(tensors),
        context_length=_of_type(int, metadata.get(f"{architecture}.context_length")),
        vocab_size=_of_type(int, metadata.get(_VOCABULARY)),
        kv_bytes_per_token=_kv_bytes_per_token(metadata, architecture),
        licence=_of_type(str, metadata.get("general.license")),
        has_chat_template="tokenizer.chat_template" in metadata,
        end_token_ids=frozenset(ends | metadata.get(_NAMED_ENDS, frozenset())),
        notes=tuple(notes),
    )


def _kv_bytes_per_token(metadata: dict[str, Any], architecture: str) -> int:
    """Keys and values of every layer, 2 bytes a number."""

    def count(key: str, otherwise: int = 0) -> int:
        return _of_type(int, metadata.get(f"{architecture}.{key}")) or otherwise

    heads = count("attention.head_count")
    width = count("embedding_length") // heads if heads else 0
    key_width = count("attention.key_length", width)
    value_width = count("attention.value_length", width)
    kv_heads = count("attention.head_count_kv", heads)
    return 2 * count("block_count") * kv_heads * (key_width + value_width)


_VOCABULARY = "tokenizer.ggml.tokens"
_NAMED_ENDS = "(tokens named like an end)"


def _metadata(cursor: _Cursor, count: int) -> dict[str, Any]:
    """Numbers and strings by key; of an array its length, of a long string its beginning."""
    found: dict[str, Any] = {}
    for _ in range(count):
        key = cursor.text("a metadata key").decode(errors="replace")
        kind = cursor.number("I", f"the type of {key!r}")
        if kind in _NUMBERS:
            found[key] = cursor.number(_NUMBERS[kind], key)
        elif kind == _STRING:
            found[key] = _short_text(cursor, key)
        elif kind == _ARRAY:
            kind, length = cursor.number("I", key), cursor.number("Q", key)
            found[key] = length
            if kind in _NUMBERS:
                cursor.skip(length * _LAYOUTS[_NUMBERS[kind]].size, key)
            elif kind == _STRING and key == _VOCABULARY:
                found[_NAMED_ENDS] = frozenset(_named_ends(cursor, length))
            elif kind == _STRING:
                for _ in range(length):
                    cursor.skip_text(key)
            else:
                raise _Damaged(f"{key!r} is an array of the unknown type {kind}")
        else:
            raise _Damaged(f"{key!r} has the unknown type {kind}")
    return found


def _short_text(cursor: _Cursor, key: str) -> str:
    size = cursor.number("Q", key)
    began = cursor.skip(size, key)
    return cursor.data[began : began + min(size, _MAX_TEXT_BYTES)].decode(errors="replace")


def _named_ends(cursor: _Cursor, count: int) -> Iterator[int]:
    for token in range(count):
        if cursor.text("a token") in _END_NAMES:
            yield token


@dataclass(frozen=True, slots=True)
class _Tensor:
    name: str
    type_name: str
    elements: int
    offset: int
    size: int | None
    """Bytes; None where the type is not in our table."""


def _tensors(cursor: _Cursor, count: int) -> list[_Tensor]:
    tensors = []
    for _ in range(count):
        name = cursor.text("a tensor's name").decode(errors="replace")
        dimensions = cursor.number("I", f"tensor {name!r}")
        if dimensions > _MAX_DIMENSIONS:
            raise _Damaged(f"tensor {name!r} claims {dimensions} dimensions; 4 is the most")
        shape = [cursor.number("Q", f"tensor {name!r}") for _ in range(dimensions)]
        kind = cursor.number("I", f"tensor {name!r}")
        offset = cursor.number("Q", f"tensor {name!r}")
        known = _TENSOR_TYPES.get(kind)
        if known is None:
            tensors.append(_Tensor(name, f"type {kind}", prod(shape), offset, None))
            continue
        type_name, block, block_bytes = known
        if shape and shape[0] % block:
            raise _Damaged(f"tensor {name!r} has rows of {shape[0]}, no multiple of {block}")
        size = prod(shape) // block * block_bytes
        tensors.append(_Tensor(name, type_name, prod(shape), offset, size))
    return tensors


def _check_length(
    tensors: list[_Tensor], metadata: dict[str, Any], *, data_start: int, file_bytes: int
) -> list[str]:
    """Raises _Damaged where a tensor lies past the end of the file; returns notes."""
    alignment = metadata.get("general.alignment", 32)
    if not isinstance(alignment, int) or not 1 <= alignment <= 1 << 20:
        raise _Damaged(f"general.alignment is {alignment!r}")
    begin = -(-data_start // alignment) * alignment
    expected = max((begin + t.offset + (t.size or 0) for t in tensors), default=data_start)
    if expected > file_bytes:
        raise _Damaged(
            f"the file is cut short: its tensors need {expected:,} bytes, it has {file_bytes:,}"
        )
    unknown = sorted({t.type_name for t in tensors if t.size is None})
    return [f"tensors of {', '.join(unknown)} could not be checked"] if unknown else []


def _of_type(kind: type[Any], value: Any) -> Any:
    return value if isinstance(value, kind) else None


def _describe(start: bytes) -> str:
    if not start:
        return "empty"
    folded = start.lstrip().lower()
    for magic, description in _FOREIGN_MAGICS:
        if start.startswith(magic) or folded.startswith(magic):
            return description
    if len(start) > 9 and start[8:9] == b"{" and int.from_bytes(start[:8], "little") < 1 << 30:
        return "a safetensors file: convert it to GGUF, or use an engine that reads safetensors"
    return f"something that begins with {start[:8]!r}"


def _near_names(path: Path) -> str:
    if not path.parent.is_dir():
        return f"; the directory {path.parent} is not there either"
    names = [file.name for file in path.parent.glob("*.gguf")]
    near = difflib.get_close_matches(path.name, names, n=3, cutoff=0.4)
    return f"; did you mean {' or '.join(near)}?" if near else ""
