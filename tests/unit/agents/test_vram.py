"""The arithmetic of a card: against tables that were worked out by hand, and its own laws."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapes import SHAPES

from agents.engines.vram import (
    KV_BYTES,
    PROCESS_BYTES,
    KvType,
    ModelShape,
    budget_bytes,
    estimate,
    head_bytes,
    largest_bpw,
    load_seconds,
    max_dq_elements,
    speed,
    with_weights,
)
from router.errors import ConfigError

GIB = 2**30
MIB = 2**20

PARTS = {
    # model: (decoder params in 10^9, head MiB, KV KiB a token, scratch MiB stock and tuned,
    #         least max_dq_size in 10^6)
    "Qwen2.5-0.5B": (0.36, 107, "12.0/6.4/4.9/3.4", 260, 19, 4.4),
    "Qwen2.5-1.5B": (1.31, 177, "28.0/14.9/11.4/7.9", 445, 45, 13.8),
    "Qwen2.5-3B": (2.77, 238, "36.0/19.1/14.6/10.1", 594, 66, 22.5),
    "Phi-3-mini": (3.62, 75, "384.0/204.0/156.0/108.0", 188, 67, 25.2),
    "Phi-4-mini": (3.22, 466, "128.0/68.0/52.0/36.0", 1024, 67, 25.2),
    "Llama-3.2-1B": (0.97, 201, "32.0/17.0/13.0/9.0", 501, 50, 16.8),
    "Llama-3.2-3B": (2.82, 299, "112.0/59.5/45.5/31.5", 752, 67, 25.2),
    "Gemma-3-4B": (3.21, 507, "136.0/72.2/55.2/38.2", 1024, 72, 26.2),
    "Qwen3-0.6B": (0.44, 121, "112.0/59.5/45.5/31.5", 297, 13, 3.1),
    "Qwen3-1.7B": (1.41, 238, "112.0/59.5/45.5/31.5", 594, 38, 12.6),
    "Qwen3-4B": (3.63, 294, "144.0/76.5/58.5/40.5", 742, 69, 24.9),
}

WEIGHTS = {
    "Qwen2.5-0.5B": "0.23 0.25 0.27 0.29 0.31 0.33 0.35 0.38",
    "Qwen2.5-1.5B": "0.63 0.71 0.78 0.86 0.94 1.01 1.09 1.16",
    "Qwen2.5-3B": "1.20 1.36 1.52 1.69 1.85 2.01 2.17 2.33",
    "Phi-3-mini": "1.34 1.55 1.76 1.97 2.18 2.39 2.60 2.82",
    "Phi-4-mini": "1.58 1.77 1.96 2.14 2.33 2.52 2.71 2.89",
    "Llama-3.2-1B": "0.54 0.59 0.65 0.71 0.76 0.82 0.88 0.93",
    "Llama-3.2-3B": "1.28 1.44 1.60 1.77 1.93 2.10 2.26 2.43",
    "Gemma-3-4B": "1.62 1.80 1.99 2.18 2.36 2.55 2.74 2.92",
    "Qwen3-0.6B": "0.27 0.30 0.32 0.35 0.37 0.40 0.43 0.45",
    "Qwen3-1.7B": "0.72 0.81 0.89 0.97 1.05 1.13 1.22 1.30",
    "Qwen3-4B": "1.56 1.77 1.98 2.19 2.40 2.61 2.82 3.04",
}
"""GiB of weights and head, at 3.0, 3.5 ... 6.5 bits."""

TOTALS_Q6 = {
    "Qwen2.5-0.5B": "0.28/0.30/0.35 0.32/0.34/0.39 0.34/0.37/0.41 0.36/0.39/0.44 0.42/0.45/0.50",
    "Qwen2.5-1.5B": "0.73/0.78/0.88 0.89/0.93/1.03 0.96/1.01/1.11 1.04/1.09/1.18 1.27/1.32/1.41",
    "Qwen2.5-3B": "1.34/1.40/1.53 1.66/1.73/1.85 1.83/1.89/2.01 1.99/2.05/2.18 2.47/2.53/2.66",
    "Phi-3-mini": "1.80/2.18/2.93 2.23/2.60/3.35 2.44/2.81/3.56 2.65/3.02/3.77 3.28/3.66/4.41",
    "Phi-4-mini": "1.82/1.98/2.29 2.20/2.36/2.67 2.39/2.54/2.86 2.57/2.73/3.04 3.14/3.29/3.61",
    "Llama-3.2-1B": "0.66/0.72/0.84 0.77/0.83/0.96 0.83/0.89/1.01 0.89/0.95/1.07 1.06/1.12/1.24",
    "Llama-3.2-3B": "1.51/1.65/1.94 1.83/1.98/2.27 2.00/2.14/2.43 2.16/2.31/2.60 2.65/2.80/3.09",
    "Gemma-3-4B": "1.85/2.00/2.30 2.22/2.37/2.67 2.41/2.56/2.86 2.60/2.75/3.04 3.16/3.31/3.61",
    "Qwen3-0.6B": "0.42/0.55/0.81 0.48/0.61/0.86 0.50/0.63/0.89 0.53/0.66/0.91 0.60/0.73/0.99",
    "Qwen3-1.7B": "0.90/1.03/1.29 1.07/1.20/1.46 1.15/1.28/1.54 1.23/1.36/1.62 1.48/1.61/1.87",
    "Qwen3-4B": "1.83/2.02/2.39 2.25/2.44/2.81 2.46/2.65/3.02 2.68/2.86/3.23 3.31/3.50/3.87",
}
"""GiB of a loaded model with a q6 cache of 2k/4k/8k tokens, at 3.0, 4.0, 4.5, 5.0 and 6.5 bits."""

TOTALS_FP16 = {
    "Qwen2.5-0.5B": "0.35 0.39 0.47",
    "Qwen2.5-1.5B": "0.99 1.07 1.23",
    "Qwen2.5-3B": "1.87 1.97 2.17",
    "Phi-3-mini": "2.86 3.66 5.25",
    "Phi-4-mini": "2.53 2.82 3.42",
    "Llama-3.2-1B": "0.86 0.96 1.14",
    "Llama-3.2-3B": "2.12 2.39 2.92",
    "Gemma-3-4B": "2.56 2.86 3.46",
    "Qwen3-0.6B": "0.62 0.87 1.38",
    "Qwen3-1.7B": "1.27 1.52 2.03",
    "Qwen3-4B": "2.62 2.97 3.66",
}
"""The same with an fp16 cache at 4.5 bits, for 2k, 4k and 8k tokens."""

TRIOS = [
    # (bpw and model of coder and general, cache of the non-Qwen2.5, GiB with the process)
    ((5.0, "Qwen2.5-1.5B"), (4.5, "Qwen2.5-3B"), "fp16", 3.93),
    ((4.5, "Qwen2.5-3B"), (4.5, "Qwen2.5-3B"), "fp16", 4.75),
    ((5.0, "Qwen2.5-1.5B"), (4.5, "Llama-3.2-3B"), "q8", 4.16),
    ((5.0, "Qwen2.5-1.5B"), (4.5, "Qwen3-4B"), "q8", 4.68),
    ((5.0, "Qwen2.5-1.5B"), (4.5, "Phi-4-mini"), "q8", 4.57),
    ((5.0, "Qwen2.5-1.5B"), (4.5, "Phi-3-mini"), "q6", 4.78),
    ((4.5, "Qwen2.5-3B"), (4.5, "Qwen3-4B"), "q8", 5.50),
    ((4.5, "Qwen2.5-3B"), (4.5, "Phi-4-mini"), "q8", 5.39),
]
"""With Qwen2.5-0.5B at 6 bits and 2k as the router; the others at 4k."""

shapes = st.sampled_from(sorted(SHAPES)).map(lambda name: SHAPES[name])
caches = st.sampled_from(sorted(KV_BYTES))


def agrees(bytes_: float, unit: int, printed: float, digits: int) -> bool:
    """Within 3 % of a printed number, which is itself rounded."""
    return abs(bytes_ / unit - printed) <= 0.03 * printed + 0.5 * 10**-digits


@pytest.mark.parametrize("name", sorted(PARTS))
def test_the_parts_are_those_worked_out(name: str) -> None:
    params, head, kv, stock, tuned, dq = PARTS[name]
    shape = SHAPES[name]
    assert agrees(shape.decoder_params, 10**9, params, 2)
    assert agrees(head_bytes(shape), MIB, head, 0)
    for kind, printed in zip(("fp16", "q8", "q6", "q4"), kv.split("/"), strict=True):
        assert agrees(shape.kv_bytes_per_token(kind), 1024, float(printed), 1)  # type: ignore[arg-type]
    assert agrees(estimate(shape, bpw=4, context_tokens=2048, stock=True).scratch, MIB, stock, 0)
    assert agrees(estimate(shape, bpw=4, context_tokens=2048).scratch, MIB, tuned, 0)
    assert agrees(max_dq_elements(shape), 10**6, dq, 1)


@pytest.mark.parametrize("name", sorted(WEIGHTS))
def test_weights_at_every_bit_rate(name: str) -> None:
    rates = [3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 6.5]
    for bpw, printed in zip(rates, WEIGHTS[name].split(), strict=True):
        parts = estimate(SHAPES[name], bpw=bpw, context_tokens=2048)
        assert agrees(parts.weights + parts.head, GIB, float(printed), 2), bpw


@pytest.mark.parametrize("name", sorted(TOTALS_Q6))
def test_the_whole_model_with_a_quantised_cache(name: str) -> None:
    for bpw, cell in zip([3.0, 4.0, 4.5, 5.0, 6.5], TOTALS_Q6[name].split(), strict=True):
        for tokens, printed in zip((2048, 4096, 8192), cell.split("/"), strict=True):
            total = estimate(SHAPES[name], bpw=bpw, context_tokens=tokens, kv="q6").total
            assert agrees(total, GIB, float(printed), 2), (bpw, tokens)


@pytest.mark.parametrize("name", sorted(TOTALS_FP16))
def test_the_whole_model_with_a_plain_cache(name: str) -> None:
    for tokens, printed in zip((2048, 4096, 8192), TOTALS_FP16[name].split(), strict=True):
        total = estimate(SHAPES[name], bpw=4.5, context_tokens=tokens).total
        assert agrees(total, GIB, float(printed), 2), tokens


@pytest.mark.parametrize(("coder", "general", "kv", "printed"), TRIOS)
def test_three_models_on_one_card(
    coder: tuple[float, str], general: tuple[float, str], kv: KvType, printed: float
) -> None:
    total = PROCESS_BYTES + estimate(SHAPES["Qwen2.5-0.5B"], bpw=6.0, context_tokens=2048).total
    for bpw, name in (coder, general):
        cache: KvType = "fp16" if name.startswith("Qwen2.5") else kv
        total += estimate(SHAPES[name], bpw=bpw, context_tokens=4096, kv=cache).total
    assert agrees(total, GIB, printed, 2)


def test_speed_is_that_worked_out_for_an_rtx_2060() -> None:
    for name, bpw, roofline, with_cache, expected in (
        ("Qwen2.5-0.5B", 4.5, 1071, 991, 294),
        ("Qwen2.5-1.5B", 5.0, 334, 316, 159),
        ("Qwen2.5-3B", 4.5, 186, 178, 102),
        ("Llama-3.2-3B", 4.0, 195, 172, 109),
        ("Qwen3-4B", 5.0, 129, 117, 78),
    ):
        shape = SHAPES[name]
        parts = estimate(shape, bpw=bpw, context_tokens=2048)
        empty = speed(parts, shape, read_tokens=0, kv="fp16", bandwidth_gb_s=336)
        full = speed(parts, shape, read_tokens=2048, kv="fp16", bandwidth_gb_s=336)
        assert empty.roofline == pytest.approx(roofline, rel=0.03)
        assert full.roofline == pytest.approx(with_cache, rel=0.03)
        assert empty.expected == pytest.approx(expected, rel=0.03)


@given(shape=shapes, kv=caches, bpw=st.floats(2, 8), read=st.integers(0, 32_768))
def test_no_answer_is_quicker_than_memory_allows(
    shape: ModelShape, kv: KvType, bpw: float, read: int
) -> None:
    parts = estimate(shape, bpw=bpw, context_tokens=max(256, read), kv=kv)
    rate = speed(parts, shape, read_tokens=read, kv=kv, bandwidth_gb_s=336)
    assert 0 < rate.expected < rate.roofline


@given(shape=shapes, kv=caches, bpw=st.floats(2, 8), tokens=st.integers(256, 32_768))
def test_the_parts_add_up_and_none_is_negative(
    shape: ModelShape, kv: KvType, bpw: float, tokens: int
) -> None:
    parts = estimate(shape, bpw=bpw, context_tokens=tokens, kv=kv)
    fields = (parts.weights, parts.head, parts.kv, parts.scratch, parts.activations)
    assert parts.total == sum(fields)
    assert min(fields) > 0
    known = with_weights(shape, parts.weights, parts.head, tokens, kv)
    assert known == parts


@given(
    shape=shapes,
    kv=caches,
    bpw=st.floats(2, 7.5),
    more=st.floats(0.01, 0.5),
    tokens=st.integers(256, 16_384),
    further=st.integers(256, 4096),
)
def test_more_bits_context_or_layers_never_take_less(
    shape: ModelShape, kv: KvType, bpw: float, more: float, tokens: int, further: int
) -> None:
    total = estimate(shape, bpw=bpw, context_tokens=tokens, kv=kv).total
    deeper = replace(shape, layers=shape.layers + 1)
    assert estimate(shape, bpw=bpw + more, context_tokens=tokens, kv=kv).total > total
    assert estimate(shape, bpw=bpw, context_tokens=tokens + further, kv=kv).total > total
    assert estimate(deeper, bpw=bpw, context_tokens=tokens, kv=kv).total > total


@given(shape=shapes, tokens=st.integers(256, 16_384))
def test_a_smaller_cache_type_takes_less_where_the_cache_is_what_counts(
    shape: ModelShape, tokens: int
) -> None:
    totals = [
        estimate(shape, bpw=4, context_tokens=tokens, kv=kv).kv for kv in ("fp16", "q8", "q6", "q4")
    ]
    assert totals == sorted(totals, reverse=True)


@given(shape=shapes, kv=caches, budget=st.integers(100 * MIB, 8 * GIB))
def test_the_largest_bit_rate_fits_and_the_next_does_not(
    shape: ModelShape, kv: KvType, budget: int
) -> None:
    bpw = largest_bpw(shape, budget, context_tokens=4096, kv=kv)
    if bpw is None:
        assert estimate(shape, bpw=2.0, context_tokens=4096, kv=kv).total > budget
        return
    assert estimate(shape, bpw=bpw, context_tokens=4096, kv=kv).total <= budget
    if bpw < 8:
        assert estimate(shape, bpw=bpw + 0.05, context_tokens=4096, kv=kv).total > budget


def test_a_card_keeps_something_for_itself() -> None:
    assert budget_bytes(6 * GIB) == pytest.approx(5.2 * GIB)
    assert budget_bytes(6 * GIB, headless=True) == pytest.approx(5.5 * GIB)
    assert budget_bytes(100) == 0


def test_loading_takes_longer_the_larger_the_model() -> None:
    small, large = (
        load_seconds(estimate(SHAPES[name], bpw=4.5, context_tokens=2048))
        for name in ("Qwen2.5-0.5B", "Qwen2.5-3B")
    )
    assert 0.3 < small < 1 < large < 2.5


CONFIG = {
    "architectures": ["Qwen2ForCausalLM"],
    "hidden_size": 896,
    "num_hidden_layers": 24,
    "num_attention_heads": 14,
    "num_key_value_heads": 2,
    "intermediate_size": 4864,
    "vocab_size": 151_936,
    "max_position_embeddings": 32_768,
}


def test_the_shape_is_read_from_a_config_also_one_that_nests_it() -> None:
    shape = ModelShape.from_config(CONFIG)
    assert shape == replace(SHAPES["Qwen2.5-0.5B"], architecture="Qwen2ForCausalLM")
    nested = {"architectures": ["X"], "text_config": CONFIG | {"head_dim": 128}}
    assert ModelShape.from_config(nested).head_dim == 128


@pytest.mark.parametrize("key", ["hidden_size", "vocab_size", "num_hidden_layers"])
@pytest.mark.parametrize("value", [None, 0, -3, "896", 1.5, True])
def test_a_config_that_lacks_a_dimension_says_which(key: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"`{key}` must be a positive number"):
        ModelShape.from_config(CONFIG | {key: value})


def test_unknown_head_bits_are_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="7: the converter knows 2, 3, 4, 5, 6, 8"):
        head_bytes(SHAPES["Qwen2.5-0.5B"], 7)
