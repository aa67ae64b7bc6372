"""Says what a model file or directory holds, from headers and small files alone."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from agents.engines.chat_template import ChatTemplate
from agents.engines.gguf import read_gguf
from agents.engines.model_files import read_json
from agents.engines.safetensors import (
    TensorHeader,
    read_header,
    read_safetensors,
    shards,
    stored_weights,
)
from agents.engines.vram import PROCESS_BYTES, ModelShape, VramParts, with_weights
from agents.models.names import ANSWERS_NOT, meanings, pieces
from router.errors import ConfigError

Format = Literal["exl2", "exl3", "gguf", "safetensors", "awq", "gptq", "onnx"]

CONTEXT_TOKENS = 4096
"""The window that hardware is suggested for."""

_FAMILIES = {
    "qwen2": "Qwen2 / Qwen2.5",
    "qwen2_vl": "Qwen2-VL",
    "qwen3": "Qwen3",
    "qwen3_moe": "Qwen3 (mixture of experts)",
    "llama": "Llama",
    "phi3": "Phi-3 / Phi-4-mini",
    "gemma": "Gemma",
    "gemma2": "Gemma 2",
    "gemma3": "Gemma 3",
    "gemma3_text": "Gemma 3",
    "mistral": "Mistral",
    "mixtral": "Mixtral (mixture of experts)",
    "bert": "BERT",
    "xlm-roberta": "XLM-RoBERTa",
}

_HARDWARE_GIB = (4, 6, 8, 12, 16, 24, 48)


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What is known of a model without loading it.

    parameters: None where the headers do not tell. bpw: bits a weight, on average. licence: as the
    files state it, None where they do not. engine: which of ours runs it, None for none.
    vram: what it takes on a card under ExLlamaV2, for a window of CONTEXT_TOKENS at most.
    suits: where it is good, in a sentence; warnings: what speaks against it.
    """

    name: str
    path: Path
    format: Format
    family: str
    quantisation: str
    size_bytes: int
    parameters: int | None = None
    bpw: float | None = None
    context_tokens: int | None = None
    chat_template: bool = False
    licence: str | None = None
    meanings: tuple[tuple[str, str], ...] = ()
    engine: Literal["exllamav2", "llamacpp"] | None = None
    suits: str = ""
    warnings: tuple[str, ...] = ()
    shape: ModelShape | None = None
    vram: VramParts | None = None
    config: Mapping[str, Any] = field(default_factory=dict)


def inspect_model(path: Path) -> ModelInfo:
    """Reads headers only. Raises ConfigError, which names the file and what is wrong with it."""
    path = path.expanduser()
    if path.is_dir():
        return _directory(path)
    if not path.exists():
        raise ConfigError(f"{path}: there is no such file or directory{_near_names(path)}")
    suffix = path.suffix.lower()
    if suffix == ".gguf":
        return _gguf(path)
    if suffix == ".safetensors":
        return _lone_safetensors(path)
    if suffix == ".onnx":
        return _onnx(path, path)
    raise ConfigError(
        f"{path}: what is this? Known are .gguf, .safetensors and .onnx files, and directories "
        "with a config.json"
    )


def _directory(folder: Path) -> ModelInfo:
    if (folder / "config.json").is_file() and any(folder.glob("*.safetensors")):
        return _transformers(folder)
    ggufs = sorted(folder.glob("*.gguf"))
    if len(ggufs) == 1:
        return _gguf(ggufs[0])
    if ggufs:
        names = ", ".join(file.name for file in ggufs[:6])
        raise ConfigError(f"{folder}: it holds {len(ggufs)} GGUF files ({names}): name one")
    onnx = sorted(folder.rglob("*.onnx"))
    if onnx:
        return _onnx(folder, onnx[0])
    if (folder / "config.json").is_file() or any(folder.glob("*.safetensors")):
        shards(folder)  # says what is missing, if that is the weights
        raise ConfigError(f"{folder}: config.json is missing: fetch the model again")
    shards(folder)
    raise AssertionError("a directory without weights was refused")


def _gguf(path: Path) -> ModelInfo:
    info = read_gguf(path)
    warnings = list(info.notes)
    warnings += _by_name(path.stem)
    kv = info.kv_bytes_per_token * min(CONTEXT_TOKENS, info.context_length or CONTEXT_TOKENS)
    need = info.file_bytes + kv
    return ModelInfo(
        name=path.stem,
        path=path,
        format="gguf",
        family=_FAMILIES.get(info.architecture, info.architecture),
        quantisation=info.quantisation,
        size_bytes=info.file_bytes,
        parameters=info.parameters,
        bpw=info.file_bytes * 8 / info.parameters if info.parameters else None,
        context_tokens=info.context_length,
        chat_template=info.has_chat_template,
        licence=info.licence,
        meanings=meanings(path.name),
        engine="llamacpp",
        suits=f"llama.cpp on any machine with {_gib(need)} GiB of free memory",
        warnings=tuple(warnings),
    )


def _transformers(folder: Path) -> ModelInfo:
    config = read_json(folder / "config.json")
    tensors = read_safetensors(folder)
    name = name_of(folder)
    quantised = config.get("quantization_config")
    quantised = quantised if isinstance(quantised, dict) else {}
    form, quantisation, bpw = _format(quantised, tensors)
    shape, warnings = _shape(config)
    template = _has_template(folder)
    if not template:
        warnings.append(
            "there is no chat template: it is a base model, or one that does not answer"
        )
    warnings += _by_name(name)
    if form == "exl2" and "Gemma3" in str(config.get("architectures")):
        warnings.append("Gemma 3 is untested on ExLlamaV2 without flash-attn: a GGUF is safer")
    if form == "exl2" and shape and shape.head_dim % 32:
        warnings.append(
            f"its heads are {shape.head_dim} wide: its cache must be fp16, for the others need a "
            "multiple of 32"
        )
    model_type = str(config.get("model_type", "unknown"))
    vram = _vram(shape, tensors) if shape and form in ("exl2", "safetensors") else None
    engine, suits = _suits(form, vram, model_type)
    return ModelInfo(
        name=name,
        path=folder,
        format=form,
        family=_FAMILIES.get(model_type, model_type),
        quantisation=quantisation,
        size_bytes=sum(path.stat().st_size for path in shards(folder)),
        parameters=_parameters(form, tensors, shape),
        bpw=bpw,
        context_tokens=shape.max_position_tokens if shape else None,
        chat_template=template,
        licence=_licence(folder, config),
        meanings=meanings(name),
        engine=engine,
        suits=suits,
        warnings=tuple(warnings),
        shape=shape,
        vram=vram,
        config=config,
    )


def _lone_safetensors(path: Path) -> ModelInfo:
    tensors = read_header(path)
    return ModelInfo(
        name=path.stem,
        path=path,
        format="safetensors",
        family="unknown",
        quantisation=_main_dtype(tensors),
        size_bytes=path.stat().st_size,
        parameters=sum(one.elements for one in tensors),
        meanings=meanings(path.name),
        suits="nothing by itself: name its directory, with config.json and tokenizer.json",
    )


def _onnx(path: Path, file: Path) -> ModelInfo:
    with file.open("rb") as stream:
        start = stream.read(2)
    # A protobuf whose first field is the version of the format.
    if start[:1] != b"\x08":
        raise ConfigError(f"{file}: not an ONNX file; fetch it again")
    files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    return ModelInfo(
        name=path.stem if path.is_file() else name_of(path),
        path=path,
        format="onnx",
        family="unknown",
        quantisation="not in the header",
        size_bytes=sum(one.stat().st_size for one in files),
        meanings=meanings(path.name),
        suits="onnxruntime, which edgeward has no engine for: fetch its GGUF",
    )


def _format(
    quantised: dict[str, Any], tensors: tuple[TensorHeader, ...]
) -> tuple[Format, str, float | None]:
    """The format, its quantisation in words, and the bits a weight."""
    method = str(quantised.get("quant_method", "")).lower()
    bits = quantised.get("bits")
    number = float(bits) if isinstance(bits, int | float) and not isinstance(bits, bool) else None
    if method == "exl2":
        return "exl2", f"{number or '?'} bpw, head {quantised.get('head_bits', '?')} bits", number
    if method == "exl3":
        return "exl3", f"{number or '?'} bpw", number
    if method in ("awq", "gptq"):
        group = quantised.get("group_size", "?")
        return method, f"{bits or '?'} bits in groups of {group}", number  # type: ignore[return-value]
    dtype = _main_dtype(tensors)
    widths = {"F16": 16.0, "BF16": 16.0, "F32": 32.0, "F8_E4M3": 8.0}
    if method:
        return "safetensors", f"{method}, {dtype}", number
    return "safetensors", f"{dtype}, not quantised", widths.get(dtype)


def _main_dtype(tensors: tuple[TensorHeader, ...]) -> str:
    sizes: dict[str, int] = {}
    for one in tensors:
        sizes[one.dtype] = sizes.get(one.dtype, 0) + one.bytes
    return max(sizes, key=lambda dtype: sizes[dtype], default="empty")


def _shape(config: dict[str, Any]) -> tuple[ModelShape | None, list[str]]:
    try:
        return ModelShape.from_config(config), []
    except ConfigError as error:
        return None, [f"{error}: nothing can be said of its memory"]


def _parameters(
    form: Format, tensors: tuple[TensorHeader, ...], shape: ModelShape | None
) -> int | None:
    """Counted where a tensor's shape is its own, else from the dimensions in config.json."""
    if form == "safetensors":
        return sum(one.elements for one in tensors)
    if shape is None:
        return None
    embedding = shape.hidden * shape.vocab
    tied = not any(one.name.startswith("lm_head.") for one in tensors)
    return shape.decoder_params + embedding * (1 if tied else 2)


def _vram(shape: ModelShape, tensors: tuple[TensorHeader, ...]) -> VramParts:
    stored = stored_weights(tensors)
    window = min(CONTEXT_TOKENS, shape.max_position_tokens)
    return with_weights(shape, stored.decoder, stored.head, window, "fp16")


def _suits(
    form: Format, vram: VramParts | None, model_type: str
) -> tuple[Literal["exllamav2"] | None, str]:
    if form == "exl2" and vram is not None:
        need = vram.total + PROCESS_BYTES
        card = next((f"{size} GB" for size in _HARDWARE_GIB if size * 2**30 * 0.87 > need), "large")
        return "exllamav2", (
            f"ExLlamaV2 on an NVIDIA card from {card} (Volta or newer); about {_gib(need)} GiB"
        )
    if form == "exl2":
        return "exllamav2", "ExLlamaV2 on an NVIDIA card (Volta or newer)"
    if form == "exl3":
        return None, "ExLlamaV3, which edgeward has no engine for yet: fetch its EXL2 or GGUF"
    if form in ("awq", "gptq"):
        return None, "vLLM or its kind, as a server: set `url`; or fetch its EXL2 or GGUF"
    if model_type in ("bert", "xlm-roberta"):
        return None, "no engine of edgeward: it does not write text"
    return None, "not quantised: `edgeward models quantize` makes EXL2 of it, on an NVIDIA card"


def _by_name(name: str) -> list[str]:
    other = [part for part in pieces(name) if part.lower() in ANSWERS_NOT]
    return [f"by its name ({part}) it does not answer requests" for part in other[:1]]


def _has_template(folder: Path) -> bool:
    try:
        ChatTemplate.load(folder)
    except ConfigError as error:
        if "no chat template" in str(error):
            return False
        raise
    return True


def _licence(folder: Path, config: dict[str, Any]) -> str | None:
    """From config.json or the model card's front matter."""
    given = config.get("license")
    if isinstance(given, str) and given:
        return given
    card = folder / "README.md"
    if not card.is_file():
        return None
    with card.open(encoding="utf-8", errors="replace") as file:
        head = file.read(20_000)
    if not head.startswith("---"):
        return None
    front = head.split("\n---", 1)[0]
    named = re.search(r"^license_name:\s*(\S+)", front, re.MULTILINE)
    plain = re.search(r"^license:\s*(\S+)", front, re.MULTILINE)
    found = named or plain
    return found.group(1).strip("\"'") if found else None


def name_of(path: Path) -> str:
    """A file's without its ending, or the directory's; of one in the Hub's cache, the
    repository's."""
    if path.is_file():
        return path.stem
    resolved = path.resolve()
    if resolved.parent.name == "snapshots":
        return resolved.parents[1].name.rpartition("--")[2]
    return resolved.name


def _near_names(path: Path) -> str:
    if not path.parent.is_dir():
        return ""
    near = difflib.get_close_matches(path.name, [one.name for one in path.parent.iterdir()], n=3)
    return f"; near it are {', '.join(near)}" if near else ""


def _gib(size: float) -> str:
    return f"{size / 2**30:.1f}"
