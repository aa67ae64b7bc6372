"""The dimensions of public models, for tests of memory and speed arithmetic."""

from __future__ import annotations

from agents.engines.vram import ModelShape


def _shape(
    hidden: int,
    layers: int,
    heads: int,
    kv_heads: int,
    head_dim: int,
    intermediate: int,
    vocab: int,
) -> ModelShape:
    return ModelShape(
        architecture="ForCausalLM",
        hidden=hidden,
        layers=layers,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        intermediate=intermediate,
        vocab=vocab,
        max_position_tokens=32_768,
    )


SHAPES = {
    "Qwen2.5-0.5B": _shape(896, 24, 14, 2, 64, 4864, 151_936),
    "Qwen2.5-1.5B": _shape(1536, 28, 12, 2, 128, 8960, 151_936),
    "Qwen2.5-3B": _shape(2048, 36, 16, 2, 128, 11_008, 151_936),
    "Phi-3-mini": _shape(3072, 32, 32, 32, 96, 8192, 32_064),
    "Phi-4-mini": _shape(3072, 32, 24, 8, 128, 8192, 200_064),
    "Llama-3.2-1B": _shape(2048, 16, 32, 8, 64, 8192, 128_256),
    "Llama-3.2-3B": _shape(3072, 28, 24, 8, 128, 8192, 128_256),
    "Gemma-3-4B": _shape(2560, 34, 8, 4, 256, 10_240, 262_208),
    "Qwen3-0.6B": _shape(1024, 28, 16, 8, 128, 3072, 151_936),
    "Qwen3-1.7B": _shape(2048, 28, 16, 8, 128, 6144, 151_936),
    "Qwen3-4B": _shape(2560, 36, 32, 8, 128, 9728, 151_936),
}
