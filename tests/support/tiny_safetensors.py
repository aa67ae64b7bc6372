"""Writes safetensors files and model directories of zeros, for what reads headers alone."""

from __future__ import annotations

import json
import struct
from math import prod
from pathlib import Path
from typing import Any

_BYTES = {"F16": 2, "BF16": 2, "F32": 4, "I32": 4, "I16": 2}

QWEN = {
    "architectures": ["Qwen2ForCausalLM"],
    "model_type": "qwen2",
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 128,
    "vocab_size": 320,
    "max_position_embeddings": 2048,
    "eos_token_id": 0,
    "torch_dtype": "bfloat16",
}


def write_safetensors(path: Path, tensors: dict[str, tuple[str, tuple[int, ...]]]) -> Path:
    """Writes a file with zeros for each tensor: name -> (type, shape)."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, (dtype, shape) in tensors.items():
        size = prod(shape) * _BYTES[dtype]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    raw = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(raw)) + raw + bytes(offset))
    return path


def write_model(folder: Path, *, exl2_bits: float | None = None, **config: Any) -> Path:
    """A Qwen2 of two layers as transformers saves it, or as ExLlamaV2's converter does."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = QWEN | config
    if exl2_bits is not None:
        settings["quantization_config"] = {
            "quant_method": "exl2",
            "version": "0.3.2",
            "bits": exl2_bits,
            "head_bits": 6,
        }
    (folder / "config.json").write_text(json.dumps(settings))
    (folder / "tokenizer.json").write_text('{"added_tokens": [{"content": "<|im_start|>"}]}')
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": "{{ messages }}"}))
    write_safetensors(folder / "model.safetensors", _tensors(exl2_bits))
    return folder


def _tensors(exl2_bits: float | None) -> dict[str, tuple[str, tuple[int, ...]]]:
    hidden, keys, inner, vocab = 64, 32, 128, 320
    tensors: dict[str, tuple[str, tuple[int, ...]]] = {
        "model.embed_tokens.weight": ("F16", (vocab, hidden)),
        "model.norm.weight": ("F16", (hidden,)),
    }
    linears = {
        "self_attn.q_proj": (hidden, hidden),
        "self_attn.k_proj": (hidden, keys),
        "self_attn.v_proj": (hidden, keys),
        "self_attn.o_proj": (hidden, hidden),
        "mlp.gate_proj": (hidden, inner),
        "mlp.up_proj": (hidden, inner),
        "mlp.down_proj": (inner, hidden),
    }
    for layer in range(2):
        for name, (rows, columns) in linears.items():
            key = f"model.layers.{layer}.{name}"
            tensors |= _linear(key, rows, columns, exl2_bits)
        for norm in ("input_layernorm", "post_attention_layernorm"):
            tensors[f"model.layers.{layer}.{norm}.weight"] = ("F16", (hidden,))
    return tensors | _linear("lm_head", hidden, vocab, None if exl2_bits is None else 6.0)


def _linear(
    key: str, rows: int, columns: int, bits: float | None
) -> dict[str, tuple[str, tuple[int, ...]]]:
    if bits is None:
        return {f"{key}.weight": ("F16", (columns, rows))}
    packed = int(rows * bits / 32)
    return {f"{key}.q_weight": ("I32", (packed, columns)), f"{key}.q_invperm": ("I16", (rows,))}
