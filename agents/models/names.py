"""What the parts of a model's name mean, as publishers use them."""

from __future__ import annotations

import re

_WORDS = {
    "instruct": "trained to follow instructions: what edgeward wants",
    "it": "instruction-tuned: what edgeward wants",
    "chat": "trained for conversations: what edgeward wants",
    "base": "not trained to answer: continues text",
    "pt": "pretrained only, not trained to answer: continues text",
    "coder": "trained for code",
    "code": "trained for code",
    "math": "trained for mathematics",
    "vl": "sees images too",
    "vision": "sees images too",
    "omni": "hears and sees too",
    "audio": "hears too",
    "embed": "turns text into vectors; it does not answer",
    "embedding": "turns text into vectors; it does not answer",
    "bge": "turns text into vectors; it does not answer",
    "reranker": "scores how well texts fit a question; it does not answer",
    "guard": "judges whether a text is safe; it does not answer",
    "shieldgemma": "judges whether a text is safe; it does not answer",
    "reward": "scores answers; it does not write them",
    "prm": "scores the steps of answers; it does not write them",
    "thinking": "thinks aloud before it answers: many tokens",
    "reasoning": "thinks aloud before it answers: many tokens",
    "r1": "thinks aloud before it answers: many tokens",
    "qwq": "thinks aloud before it answers: many tokens",
    "distill": "trained on a larger model's answers",
    "moe": "a mixture of experts: few of its weights work on a token, all take memory",
    "lora": "an adapter: it needs its base model",
    "draft": "a helper that speeds up a larger model of its family",
    "abliterated": "its refusals were removed",
    "uncensored": "its refusals were removed",
    "merged": "made of several models' weights",
    "mini": "the publisher's small size",
    "preview": "not the final version",
    "awq": "AWQ, 4 bits a weight; for vLLM and its kind",
    "gptq": "GPTQ, mostly 4 bits a weight",
    "exl2": "EXL2, fractional bits a weight; for ExLlamaV2",
    "exl3": "EXL3; for ExLlamaV3",
    "gguf": "GGUF; for llama.cpp",
    "onnx": "ONNX; for onnxruntime",
    "mlx": "MLX; for Apple's chips",
    "bnb": "quantised when it is loaded, by bitsandbytes",
    "fp8": "8-bit floats; for Ada and Hopper cards",
    "fp16": "16-bit floats, not quantised",
    "bf16": "16-bit floats (bfloat), not quantised; Turing computes them slowly",
    "f16": "16-bit floats, not quantised",
    "f32": "32-bit floats, not quantised",
    "int4": "4-bit integers",
    "int8": "8-bit integers",
    "imatrix": "quantised with a measure of which weights matter",
    "ud": "quantised layer by layer, by what each can bear",
}

_PATTERNS = (
    (re.compile(r"^i?q(\d)_k(?:_(xs|s|m|l|xl|xxs))?$"), "about {0} bits a weight, mixed by layer"),
    (re.compile(r"^iq(\d)_(?:xxs|xs|s|m|nl)$"), "about {0} bits a weight, by an importance matrix"),
    (re.compile(r"^q(\d)_[01]$"), "{0} bits a weight, the same everywhere"),
    (re.compile(r"^(\d+(?:\.\d+)?)bpw$"), "{0} bits a weight on average"),
    (re.compile(r"^(\d+(?:\.\d+)?)bit$"), "{0} bits a weight"),
    (re.compile(r"^h(\d)$"), "its output matrix at {0} bits"),
    (re.compile(r"^w(\d+)a(\d+)$"), "{0} bits a weight, computed with {1}"),
    (re.compile(r"^(\d+(?:\.\d+)?)b$"), "{0} billion parameters"),
    (re.compile(r"^(\d+)m$"), "{0} million parameters"),
    (re.compile(r"^a(\d+(?:\.\d+)?)b$"), "{0} billion parameters work on a token"),
    (re.compile(r"^(\d+)k$"), "a window of {0} thousand tokens"),
)

_PIECES = re.compile(r"[^A-Za-z0-9_.]+")

ANSWERS_NOT = frozenset({"embed", "embedding", "bge", "reranker", "guard", "reward", "prm"})
"""Parts of the names of models that do not answer."""


def meanings(name: str) -> tuple[tuple[str, str], ...]:
    """(part, meaning) of each part of the name that means something, in order, each once."""
    found: dict[str, str] = {}
    for part in pieces(name):
        meaning = _meaning(part.lower())
        if meaning is not None:
            found.setdefault(part, meaning)
    return tuple(found.items())


def pieces(name: str) -> list[str]:
    """The name at its dashes; a dot or underscore belongs to a number or a quantisation."""
    stem = re.sub(r"\.(gguf|onnx|safetensors)$", "", name, flags=re.IGNORECASE)
    parts = []
    for piece in _PIECES.split(stem):
        if _meaning(piece.lower()) is None and "_" in piece:
            parts += [part for part in piece.split("_") if part]
        elif piece:
            parts.append(piece)
    return parts


def _meaning(part: str) -> str | None:
    if part in _WORDS:
        return _WORDS[part]
    for pattern, meaning in _PATTERNS:
        if match := pattern.match(part):
            return meaning.format(*match.groups())
    return None
