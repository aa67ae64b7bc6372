"""What fits on a card under ExLlamaV2: pure arithmetic from config.json and safetensors headers.

Sizes are bytes. The formulas follow the library's own allocations (0.3.2: model.py, attn.py,
mlp.py, linear.py, conversion/qparams.py) as its settings are in our engine: prefill in chunks of
512 tokens, and a dequantisation buffer no larger than the largest matrix of a decoder layer needs.
What the allocator, the attention kernel and the CUDA context take is an estimate, marked as such.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from router.errors import ConfigError

KvType = Literal["fp16", "q8", "q6", "q4"]

KV_BYTES: dict[str, float] = {"fp16": 2.0, "q8": 1.0625, "q6": 0.8125, "q4": 0.5625}
"""Bytes of one number of the cache, scales included. q6 keeps keys in 8 and values in 4 bits."""

PREFILL_TOKENS = 512
"""Prompt tokens of one forward pass. The library's 2048 want hundreds of megabytes more."""

STOCK_PREFILL_TOKENS = 2048
STOCK_DQ_ELEMENTS = 512 * 2**20

PROCESS_BYTES = int(0.40 * 2**30)
"""CUDA context, cuBLAS workspace and kernels of one process; an estimate (0.35 to 0.45 GiB)."""

DESKTOP_BYTES = int(0.8 * 2**30)
HEADLESS_BYTES = int(0.5 * 2**30)
"""What a card never gives: driver, rounding, and with a desktop its windows. 6 GiB become 5.2."""

HEAD_BITS = {
    # bits: (rows of a group, bits of its few, bits of the others, share of the few)
    2: (32, 4, 2, 0.30),
    3: (32, 4, 3, 0.15),
    4: (32, 6, 4, 0.15),
    5: (128, 6, 5, 0.15),
    6: (128, 8, 6, 0.15),
    8: (128, 8, 8, 1.0),
}
"""How the converter quantises the output matrix, by the bits that are asked for."""

_SCALE_BITS = 4

_ACTIVATIONS = 10
"""Matrices of (prefill tokens, hidden) alive at the widest point of a forward pass; an estimate."""

_EXPANDED = 4
"""Keys and values repeated for every query head, and made contiguous once more; an estimate."""


@dataclass(frozen=True, slots=True)
class ModelShape:
    """The dimensions of a decoder with gated MLPs, as config.json gives them."""

    architecture: str
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocab: int
    max_position_tokens: int

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> ModelShape:
        """From a parsed config.json. Raises ConfigError, which names the key."""
        names = config.get("architectures")
        architecture = names[0] if isinstance(names, list) and names else "unknown"
        inner = config.get("text_config")
        values = inner if isinstance(inner, Mapping) else config

        def count(key: str, otherwise: int | None = None) -> int:
            value = values.get(key)
            if value is None and otherwise is not None:
                return otherwise
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                found = "missing" if value is None else repr(value)
                raise ConfigError(f"config.json: `{key}` must be a positive number, it is {found}")
            return value

        hidden, heads = count("hidden_size"), count("num_attention_heads")
        return cls(
            architecture=str(architecture),
            hidden=hidden,
            layers=count("num_hidden_layers"),
            heads=heads,
            kv_heads=count("num_key_value_heads", heads),
            head_dim=count("head_dim", max(1, hidden // heads)),
            intermediate=count("intermediate_size"),
            vocab=count("vocab_size"),
            max_position_tokens=count("max_position_embeddings", 2048),
        )

    @property
    def linears(self) -> tuple[tuple[int, int], ...]:
        """(in, out) of the seven matrices of a layer: q, k, v, o, gate, up, down."""
        queries, keys = self.heads * self.head_dim, self.kv_heads * self.head_dim
        return (
            (self.hidden, queries),
            (self.hidden, keys),
            (self.hidden, keys),
            (queries, self.hidden),
            (self.hidden, self.intermediate),
            (self.hidden, self.intermediate),
            (self.intermediate, self.hidden),
        )

    @property
    def decoder_params(self) -> int:
        """Weights of all layers, without norms, embedding and head."""
        return self.layers * sum(rows * columns for rows, columns in self.linears)

    @property
    def head_params(self) -> int:
        return self.hidden * _rounded(self.vocab, 32)

    def kv_bytes_per_token(self, kv: KvType) -> float:
        return 2 * self.kv_heads * self.head_dim * self.layers * KV_BYTES[kv]


@dataclass(frozen=True, slots=True)
class VramParts:
    """Where the bytes of one loaded model go. The embedding stays in the machine's memory."""

    weights: int
    head: int
    kv: int
    scratch: int
    activations: int

    @property
    def total(self) -> int:
        return self.weights + self.head + self.kv + self.scratch + self.activations


@dataclass(frozen=True, slots=True)
class Speed:
    """Tokens a second of one answer: the most that memory bandwidth allows, and what to expect."""

    roofline: float
    expected: float


def head_bytes(shape: ModelShape, head_bits: int = 6) -> int:
    """The output matrix, quantised apart from the layers and not counted in their bpw.

    Raises ConfigError for bits that the converter does not offer.
    """
    if head_bits not in HEAD_BITS:
        known = ", ".join(map(str, HEAD_BITS))
        raise ConfigError(f"head bits {head_bits}: the converter knows {known}")
    group, few_bits, many_bits, share = HEAD_BITS[head_bits]
    groups = math.ceil(shape.hidden / group)
    few = math.ceil(share * groups)
    bits = (few * few_bits + (groups - few) * many_bits) / groups + _SCALE_BITS / group
    return math.ceil(shape.head_params * bits / 8)


def max_dq_elements(shape: ModelShape) -> int:
    """The least `max_dq_size` with which no decoder matrix loses its fast prefill.

    The library takes the fast path if in_features <= (max_dq_size // out_features / 128) * 128.
    """
    return max(_rounded(rows, 128) * columns for rows, columns in shape.linears)


def scratch_bytes(shape: ModelShape, prefill_tokens: int, dq_elements: int) -> int:
    """The one buffer that the modules of a model share: the largest wish among them."""
    queries = shape.heads * shape.head_dim
    attention_dq = max(rows * columns for rows, columns in shape.linears[:4])
    attention = 2 * prefill_tokens * max(queries, shape.hidden)
    attention += 2 * min(attention_dq, dq_elements)
    mlp = 2 * prefill_tokens * (shape.hidden + 2 * shape.intermediate)
    mlp += 2 * min(shape.hidden * shape.intermediate, dq_elements)
    head = 2 * min(shape.head_params, dq_elements)
    return max(attention, mlp, head)


def estimate(
    shape: ModelShape,
    *,
    bpw: float,
    context_tokens: int,
    kv: KvType = "fp16",
    head_bits: int = 6,
    stock: bool = False,
) -> VramParts:
    """What a model quantised to `bpw` bits a weight takes with a cache of `context_tokens`.

    stock: with the library's own defaults instead of ours, to compare.
    """
    norms = 2 * shape.hidden * (2 * shape.layers + 1)
    weights = math.ceil(shape.decoder_params * bpw / 8) + norms
    return with_weights(
        shape, weights, head_bytes(shape, head_bits), context_tokens, kv, stock=stock
    )


def with_weights(
    shape: ModelShape,
    weights_bytes: int,
    head: int,
    context_tokens: int,
    kv: KvType,
    *,
    stock: bool = False,
) -> VramParts:
    """The same for weights whose bytes are known, from the headers of the files."""
    prefill = STOCK_PREFILL_TOKENS if stock else PREFILL_TOKENS
    dq_elements = STOCK_DQ_ELEMENTS if stock else max_dq_elements(shape)
    cache_tokens = _rounded(context_tokens, 256)
    kv_bytes = math.ceil(shape.kv_bytes_per_token(kv) * cache_tokens)
    if kv != "fp16":
        # One layer's keys and values are unpacked to work with.
        kv_bytes += 4 * shape.kv_heads * shape.head_dim * cache_tokens
    rope = 4 * shape.head_dim * cache_tokens
    activations = 2 * _ACTIVATIONS * min(prefill, PREFILL_TOKENS) * shape.hidden
    activations += 2 * _EXPANDED * shape.heads * shape.head_dim * cache_tokens
    return VramParts(
        weights=weights_bytes,
        head=head,
        kv=kv_bytes,
        scratch=scratch_bytes(shape, prefill, dq_elements),
        activations=activations + rope,
    )


def largest_bpw(
    shape: ModelShape, budget_bytes: int, *, context_tokens: int, kv: KvType, head_bits: int = 6
) -> float | None:
    """The most bits a weight, in steps of 0.05 from 2 to 8, within the budget; None if none is."""
    for steps in range(160, 39, -1):
        bpw = steps / 20
        parts = estimate(shape, bpw=bpw, context_tokens=context_tokens, kv=kv, head_bits=head_bits)
        if parts.total <= budget_bytes:
            return bpw
    return None


def budget_bytes(card_bytes: int, *, headless: bool = False) -> int:
    """What models and process may take of a card; 5.2 GiB of 6, 5.5 without a desktop."""
    return max(0, card_bytes - (HEADLESS_BYTES if headless else DESKTOP_BYTES))


def speed(
    parts: VramParts, shape: ModelShape, *, read_tokens: int, kv: KvType, bandwidth_gb_s: float
) -> Speed:
    """Decoding one answer, with `read_tokens` in the cache. Bandwidth in 10^9 bytes a second.

    Expected: three quarters of the bandwidth, 40 us of launches a layer, 1.2 ms a token beside.
    At 4.85 bits it is 4 to 8 % below llama.cpp's published Q4_K_M figures for a Turing card at 3
    and 4 B, 13 % below at 1 B.
    """
    weights_s = (parts.weights + parts.head) / (bandwidth_gb_s * 1e9)
    cache_s = shape.kv_bytes_per_token(kv) * read_tokens / (bandwidth_gb_s * 1e9)
    launches_s = shape.layers * 40e-6 + 1.2e-3
    return Speed(
        roofline=1 / (weights_s + cache_s),
        expected=1 / ((weights_s + cache_s) / 0.75 + launches_s),
    )


def load_seconds(parts: VramParts) -> float:
    """Expected seconds to bring a model from the page cache to the card; an estimate.

    The loader copies tensor by tensor through pageable memory: some 1 to 1.5 GB/s, 0.3 s beside.
    """
    return 0.3 + (parts.weights + parts.head) / 1.2e9


def _rounded(value: int, step: int) -> int:
    return -(-value // step) * step
