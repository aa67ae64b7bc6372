"""Builds a real, tiny GGUF model: a llama of a few layers, which llama.cpp runs like any other.

The weights are seeded random numbers, but for one thing: each token of a ring is followed by the
next with a probability near one, so answers are valid UTF-8 with characters of one to four bytes.
Where an answer enters the ring depends on the prompt, through ordinary attention.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

RING = (
    "abcdefghijklmnopqrstuvwxyzé 日😀 ".replace(" ", "") + " 0123456789.ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)
"""The answer's alphabet, in the order the model recites it; every byte occurs once."""

ENTRIES = "abcdefghijklmno"
"""Where an answer can begin: before the characters of several bytes."""

ESCALATE = "<|escalate|>"
SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", ESCALATE)
CHATML = (
    "{% for message in messages %}"
    "<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

_ALIGNMENT = 32
_U32, _F32, _BOOL, _STRING, _ARRAY, _U64 = 4, 6, 7, 8, 9, 10
_I32 = 5


def write_tiny_gguf(
    path: Path,
    *,
    seed: int = 7,
    width: int = 64,
    layers: int = 2,
    context: int = 32_768,
    ends_after: str | None = "Z",
    escalates: bool = False,
    chat_template: str | None = CHATML,
) -> Path:
    """Write the model to `path` and return it. The same arguments give the same bytes.

    ends_after: the character of RING after which the answer ends; None recites for ever.
    escalates: every answer is the special token ESCALATE and nothing else.
    """
    tokens = _byte_letters() + list(SPECIALS)
    metadata: dict[str, tuple[int, Any]] = {
        "general.architecture": (_STRING, "llama"),
        "general.name": (_STRING, "tiny"),
        "general.file_type": (_U32, 0),
        "llama.context_length": (_U32, context),
        "llama.embedding_length": (_U32, width),
        "llama.block_count": (_U32, layers),
        "llama.feed_forward_length": (_U32, 2 * width),
        "llama.attention.head_count": (_U32, 2),
        "llama.attention.head_count_kv": (_U32, 2),
        "llama.attention.layer_norm_rms_epsilon": (_F32, 1e-6),
        "llama.rope.dimension_count": (_U32, width // 2),
        "llama.vocab_size": (_U32, len(tokens)),
        "tokenizer.ggml.model": (_STRING, "gpt2"),
        "tokenizer.ggml.pre": (_STRING, "qwen2"),
        "tokenizer.ggml.tokens": (_STRING, tokens),
        "tokenizer.ggml.token_type": (_I32, [1] * 256 + [3] * len(SPECIALS)),
        # llama.cpp requires at least one merge; this pair of letters never occurs.
        "tokenizer.ggml.merges": (_STRING, ["Ā ā"]),
        "tokenizer.ggml.eos_token_id": (_U32, tokens.index("<|im_end|>")),
        "tokenizer.ggml.add_bos_token": (_BOOL, False),
    }
    if chat_template is not None:
        metadata["tokenizer.chat_template"] = (_STRING, chat_template)
    tensors = _weights(seed, width, layers, len(tokens), ends_after, escalates)
    path.write_bytes(_file(metadata, tensors))
    return path


def _weights(
    seed: int, width: int, layers: int, vocab: int, ends_after: str | None, escalates: bool
) -> dict[str, Array]:
    rng = np.random.default_rng(seed)

    def noise(rows: int, columns: int, gain: float) -> Array:
        scaled: Array = rng.standard_normal((rows, columns), np.float32)
        return scaled * np.float32(gain / columns**0.5)

    embedding: Array = rng.choice(np.array([-1, 1], np.float32), size=(vocab, width))
    if not escalates:
        # A small embedding for the newline before every answer, so that attention decides.
        embedding[ord("\n")] *= 0.4
    tensors: dict[str, Array] = {"token_embd.weight": embedding}
    for layer in range(layers):
        block = f"blk.{layer}"
        tensors[f"{block}.attn_norm.weight"] = np.ones(width, np.float32)
        tensors[f"{block}.attn_q.weight"] = noise(width, width, 2)
        tensors[f"{block}.attn_k.weight"] = noise(width, width, 2)
        tensors[f"{block}.attn_v.weight"] = noise(width, width, 1)
        tensors[f"{block}.attn_output.weight"] = noise(width, width, 0.6 / layers**0.5)
        tensors[f"{block}.ffn_norm.weight"] = np.ones(width, np.float32)
        tensors[f"{block}.ffn_gate.weight"] = noise(2 * width, width, 1)
        tensors[f"{block}.ffn_up.weight"] = noise(2 * width, width, 1)
        tensors[f"{block}.ffn_down.weight"] = noise(width, 2 * width, 0.3 / layers**0.5)
    tensors["output_norm.weight"] = np.ones(width, np.float32)
    tensors["output.weight"] = _readout(embedding, width, ends_after, escalates)
    return tensors


def _readout(embedding: Array, width: int, ends_after: str | None, escalates: bool) -> Array:
    """The output matrix: the row of a token points along the embeddings of those it follows."""
    newline, end = ord("\n"), 256 + SPECIALS.index("<|im_end|>")
    escalate = 256 + SPECIALS.index(ESCALATE)
    ring = list(RING.encode())
    following = dict(zip(ring, ring[1:] + ring[:1], strict=True))
    if ends_after is not None:
        following[ord(ends_after)] = end
    if escalates:
        following |= {newline: escalate, escalate: end}
    readout = np.zeros_like(embedding)
    for token, successor in following.items():
        readout[successor] += embedding[token] * (12 / width)
    for token in set(following.values()) - set(ENTRIES.encode()):
        if not escalates:
            readout[token] -= embedding[newline] * (32 / width)
    return readout


def _byte_letters() -> list[str]:
    """GPT-2's letter for each byte: printable bytes are themselves, the others move past U+0100."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    letters = {byte: chr(byte) for byte in printable}
    moved = (byte for byte in range(256) if byte not in letters)
    letters |= {byte: chr(0x100 + place) for place, byte in enumerate(moved)}
    return [letters[byte] for byte in range(256)]


def _file(metadata: dict[str, tuple[int, Any]], tensors: dict[str, Array]) -> bytes:
    header = struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(metadata))
    for key, (kind, value) in metadata.items():
        header += _string(key) + _value(kind, value)
    offset = 0
    for name, tensor in tensors.items():
        shape = tensor.shape[::-1]  # GGUF counts the fastest dimension first
        header += _string(name) + struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
        header += struct.pack("<IQ", 0, offset)
        offset += _padded(tensor.nbytes)
    body = b"".join(t.tobytes().ljust(_padded(t.nbytes), b"\0") for t in tensors.values())
    return header.ljust(_padded(len(header)), b"\0") + body


def _padded(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT


def _string(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def _value(kind: int, value: Any) -> bytes:
    if isinstance(value, list):
        return struct.pack("<IIQ", _ARRAY, kind, len(value)) + b"".join(_scalars(kind, value))
    return struct.pack("<I", kind) + b"".join(_scalars(kind, [value]))


def _scalars(kind: int, values: list[Any]) -> Iterable[bytes]:
    if kind == _STRING:
        return (_string(value) for value in values)
    code = {_U32: "<I", _I32: "<i", _F32: "<f", _BOOL: "<?", _U64: "<Q"}[kind]
    return (struct.pack(code, value) for value in values)
