"""ExLlamaV2's lost causal mask: the library's own function fails these, ours passes them.

The real library runs here, on the CPU, with its compiled functions written in torch.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra exllamav2 is not installed")

import torch
from exl2_cpu import library_on_cpu, write_tiny_model

from agents.engines import exl2_attention
from agents.engines.exl2_attention import UnknownAttention, attend

HEADS, KV_HEADS, DIM = 4, 2, 16
CASES = [(0, 10), (4, 6), (9, 1)]


@pytest.fixture
def library() -> Iterator[Any]:
    with library_on_cpu() as library:
        yield library


def states(past: int, new: int, batch: int = 1) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Queries of the new tokens, keys and values of all, as the library passes them."""
    torch.manual_seed(past * 100 + new)
    return (
        torch.randn(batch, new, HEADS, DIM),
        torch.randn(batch, past + new, KV_HEADS, DIM),
        torch.randn(batch, past + new, KV_HEADS, DIM),
    )


def expected(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    *,
    causal: bool = True,
    first: list[int] | None = None,
) -> torch.Tensor:
    """Written out token by token. first: of each row of the batch, its first real token."""
    batch, new, heads, dim = q.shape
    past = k.shape[1] - new
    out = torch.zeros(batch, new, heads, dim, dtype=torch.float64)
    for row in range(batch):
        begin = first[row] if first else 0
        for token in range(new):
            end = past + token + 1 if causal else past + new
            for head in range(heads):
                keys = k[row, begin:end, head // (HEADS // KV_HEADS)].double()
                values = v[row, begin:end, head // (HEADS // KV_HEADS)].double()
                scores = keys @ q[row, token, head].double() / dim**0.5
                out[row, token, head] = torch.softmax(scores, 0) @ values
    return out.reshape(batch, new, heads * dim)


def through(
    library: Any,
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    *,
    input_mask: torch.Tensor | None = None,
    window: int = 0,
) -> torch.Tensor:
    """The library's method, whichever it is now, on a bare object with what it reads."""
    import exllamav2.attn as attn

    module = object.__new__(attn.ExLlamaV2Attention)
    module.num_key_value_groups = HEADS // KV_HEADS
    module.sliding_window = window
    module.layer_idx = 0
    module.scaling = DIM**-0.5
    config = types.SimpleNamespace(no_sdpa=False, attn_logit_softcapping=None)
    batch, new = q.shape[:2]
    params = attn.ExLlamaV2Attention.Params(batch, new, k.shape[1] - new, input_mask)
    result: torch.Tensor = module._attn_torch(batch, new, q, k, v, params, config)
    return result


def error(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one.double() - other.double()).abs().max())


@pytest.mark.parametrize(("past", "new"), CASES)
def test_ours_is_causal(library: Any, past: int, new: int) -> None:
    import exllamav2.attn

    exl2_attention.apply(exllamav2.attn)
    q, k, v = states(past, new)
    assert error(through(library, q, k, v), expected(q, k, v)) < 1e-5


@pytest.mark.parametrize(("past", "new"), CASES[:2])
def test_the_librarys_own_looks_into_the_future(library: Any, past: int, new: int) -> None:
    q, k, v = states(past, new)
    answer = through(library, q, k, v)
    assert error(answer, expected(q, k, v)) > 0.5
    assert error(answer, expected(q, k, v, causal=False)) < 1e-5


def padded(past: int, new: int) -> tuple[Any, torch.Tensor, list[int]]:
    """A batch of two, the second with three padding tokens on the left."""
    first = [0, 3]
    mask = torch.zeros(2, past + new, dtype=torch.float16)
    mask[1, : first[1]] = -65504.0
    return states(past, new, batch=2), mask, first


@pytest.mark.parametrize(("past", "new"), CASES)
def test_ours_sees_no_padding(library: Any, past: int, new: int) -> None:
    import exllamav2.attn

    exl2_attention.apply(exllamav2.attn)
    (q, k, v), mask, first = padded(past, new)
    answer = through(library, q, k, v, input_mask=mask)
    wanted = expected(q, k, v, first=first)
    assert torch.isfinite(answer).all(), "also for the padding itself"
    real = max(first[1] - past, 0)
    assert error(answer[0], wanted[0]) < 1e-5
    assert error(answer[1, real:], wanted[1, real:]) < 1e-5


def test_the_librarys_own_sees_padding_too(library: Any) -> None:
    (q, k, v), mask, first = padded(4, 6)
    answer = through(library, q, k, v, input_mask=mask)
    assert error(answer[1], expected(q, k, v, first=first)[1]) > 0.5


def test_a_window_hides_what_is_further_back(library: Any) -> None:
    import exllamav2.attn

    exl2_attention.apply(exllamav2.attn)
    q, k, v = states(5, 4)
    answer = through(library, q, k, v, window=3)
    for token in range(4):
        end = 5 + token + 1
        alone = expected(q[:, token : token + 1], k[:, end - 3 : end], v[:, end - 3 : end])
        assert error(answer[:, token : token + 1], alone) < 1e-5


def test_vision_layers_keep_their_own_mask() -> None:
    q, k, v = states(0, 6)
    groups = HEADS // KV_HEADS
    keys, values = (x.transpose(1, 2).repeat_interleave(groups, 1) for x in (k, v))
    blocks = torch.full((6, 6), -65504.0)
    blocks[:3, :3] = blocks[3:, 3:] = 0
    answer = attend(
        q, keys, values, block_mask=blocks, padding=None, window=0, causal=True, scale=None
    )
    wanted = torch.cat(
        [expected(q[:, s], k[:, s], v[:, s], causal=False) for s in (slice(0, 3), slice(3, 6))], 1
    )
    assert error(answer, wanted) < 1e-5


def test_applying_it_twice_is_applying_it_once(library: Any) -> None:
    import exllamav2.attn

    exl2_attention.apply(exllamav2.attn)
    ours = exllamav2.attn.ExLlamaV2Attention._attn_torch
    exl2_attention.apply(exllamav2.attn)
    assert exllamav2.attn.ExLlamaV2Attention._attn_torch is ours


def test_a_function_that_it_does_not_know_is_not_replaced() -> None:
    class Changed:
        def _attn_torch(self, q: int) -> None: ...

    module = types.SimpleNamespace(ExLlamaV2Attention=Changed)
    with pytest.raises(UnknownAttention, match=r"takes \(self, q\).*install exllamav2 0\.3\.2"):
        exl2_attention.apply(module)


@pytest.mark.parametrize("family", ["qwen2", "llama"])
def test_a_whole_model_agrees_with_transformers_only_with_the_fix(
    tmp_path: Path, family: Any
) -> None:
    """Prefill of 1, 7, 300 and 600 tokens, the last in two chunks, against the same weights."""
    from transformers import AutoModelForCausalLM

    folder = write_tiny_model(tmp_path, family=family)
    reference = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    prompts = [torch.randint(3, 60, (1, length)) for length in (1, 7, 300, 600)]
    with torch.no_grad():
        wanted = [reference(prompt).logits[0] for prompt in prompts]

    agreement = {}
    for fixed in (False, True):
        with library_on_cpu() as library:
            import exllamav2.attn

            if fixed:
                exl2_attention.apply(exllamav2.attn)
            answers = [_logits(library, folder, prompt) for prompt in prompts]
        agreement[fixed] = [
            float((answer[:, : want.shape[1]].argmax(-1) == want.argmax(-1)).float().mean())
            for answer, want in zip(answers, wanted, strict=True)
        ]

    assert min(agreement[True]) >= 0.98, agreement
    assert agreement[False][0] == 1.0, "one token has no future"
    assert max(agreement[False][1:]) < 0.6, agreement


def _logits(library: Any, folder: Path, prompt: torch.Tensor) -> torch.Tensor:
    config = library.ExLlamaV2Config(str(folder))
    config.max_seq_len, config.max_input_len = 1024, 512
    config.max_attention_size = 512 * 1024
    model = library.ExLlamaV2(config)
    model.load()
    cache = library.ExLlamaV2Cache(model, max_seq_len=1024)
    with torch.inference_mode():
        chunks = [model.forward(chunk, cache) for chunk in prompt.split(512, dim=1)]
    result: torch.Tensor = torch.cat(chunks, 1)[0].float()
    return result
