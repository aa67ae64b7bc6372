"""Gives ExLlamaV2 the causal mask that it lost: attention without flash-attn or xformers.

In 0.2.9 to 0.3.2 `ExLlamaV2Attention._attn_torch` passes no mask to scaled_dot_product_attention
for a text model, so that while a prompt is read every token sees those after it in its chunk; a
padding mask is lost too. Only single-token steps are right. Its other path, for models with soft
capping, is causal but takes one sliding window for a whole chunk, the last token's. This is what
runs on every card before Ampere, and on any machine without a flash-attn wheel; conversion
calibrates through the same function, a draft is verified and a padded batch read through it. Ours
replaces it whole and builds each mask itself.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

_KNOWN = ["self", "batch_size", "q_len", "q_states", "k_states", "v_states", "attn_params", "cfg"]
_KNOWN += ["causal"]
"""The arguments of the function in 0.2.9 to 0.3.2."""


class UnknownAttention(Exception):
    """The library's function is not the one that this replaces."""


def apply(attn_module: Any) -> None:
    """Replace the function in the library's `exllamav2.attn` module; twice is once.

    Raises UnknownAttention where the function is missing or takes other arguments: another version
    of the library, which must be looked at before it is trusted.
    """
    attention = attn_module.ExLlamaV2Attention
    original = getattr(attention, "_attn_torch", None)
    if getattr(original, "causal", False):
        return
    found = list(inspect.signature(original).parameters) if original else []
    if original is None or found != _KNOWN:
        raise UnknownAttention(
            f"ExLlamaV2Attention._attn_torch takes ({', '.join(found)}), known is "
            f"({', '.join(_KNOWN)}): install exllamav2 0.3.2"
        )

    def _attn_torch(
        self: Any,
        batch_size: int,
        q_len: int,
        q_states: Tensor,
        k_states: Tensor,
        v_states: Tensor,
        attn_params: Any,
        cfg: Any,
        causal: bool = True,
    ) -> Tensor:
        return attend(
            q_states,
            self.repeat_kv(k_states.transpose(1, 2), self.num_key_value_groups),
            self.repeat_kv(v_states.transpose(1, 2), self.num_key_value_groups),
            block_mask=(
                attn_params.get_block_diag_mask(q_states.device)
                if self.layer_idx in attn_params.block_diag_layers
                else None
            ),
            padding=attn_params.input_mask,
            window=self.sliding_window or 0,
            causal=causal,
            scale=self.scaling,
            softcap=cfg.attn_logit_softcapping or 0.0,
            fused=not cfg.no_sdpa,
        )

    _attn_torch.causal = True  # type: ignore[attr-defined]
    attention._attn_torch = _attn_torch


def attend(
    q_states: Tensor,
    keys: Tensor,
    values: Tensor,
    *,
    block_mask: Tensor | None,
    padding: Tensor | None,
    window: int,
    causal: bool,
    scale: float,
    softcap: float = 0.0,
    fused: bool = True,
) -> Tensor:
    """Scaled dot-product attention of the last tokens over all of them.

    q_states: (batch, q, heads, head_dim). keys, values: (batch, heads, past + q, head_dim).
    block_mask: (q, past + q), added to the scores; of vision layers, and then the only mask.
    padding: (batch, at most past + q), 0 for a token and very negative for padding.
    window: how many tokens one sees, itself included; 0 is all. Only where causal.
    softcap: scores s become softcap * tanh(s / softcap); 0 leaves them. fused: torch's own kernel,
    where there is no soft capping; without it the scores are a matrix (batch, heads, q, past + q).
    Returns (batch, q, heads * head_dim).
    """
    from torch.nn.functional import scaled_dot_product_attention

    queries = q_states.transpose(1, 2)
    batch, heads, q_len, head_dim = queries.shape
    fused = fused and not softcap
    mask, is_causal = block_mask, False
    if block_mask is None and causal:
        past = keys.shape[2] - q_len
        windowed = 0 < window < keys.shape[2]
        unmasked = padding is None and not windowed
        if unmasked and fused and past == 0:
            # The kernel's own triangle costs no memory, but it begins at the first key, not at the
            # first of the new ones: right only where there are no others.
            is_causal = q_len > 1
        elif not unmasked or q_len > 1:
            mask = _mask(q_len, past, padding, window if windowed else 0, queries.device)
    if fused:
        # Not torch's CausalBias object: it chooses kernels that Turing does not have. Keys and
        # values come repeated for each head, since not every kernel takes enable_gqa.
        attended = scaled_dot_product_attention(
            queries, keys, values, attn_mask=mask, is_causal=is_causal, scale=scale
        )
    else:
        attended = _unfused(queries, keys, values, mask, scale, softcap)
    return attended.transpose(1, 2).reshape(batch, q_len, heads * head_dim)


def _unfused(
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    mask: Tensor | None,
    scale: float,
    softcap: float,
) -> Tensor:
    """The same with the scores written out; a bool mask is True where a token may look."""
    import torch

    # Scaled before the product: half precision ends at 65504, and Qwen2's products do not.
    scores = (queries * scale) @ keys.transpose(2, 3)
    if softcap:
        scores.div_(softcap).tanh_().mul_(softcap)
    if mask is not None and mask.dtype == torch.bool:
        scores.masked_fill_(~mask, -torch.inf)
    elif mask is not None:
        scores += mask
    return torch.softmax(scores, dim=-1) @ values


def _mask(q_len: int, past: int, padding: Tensor | None, window: int, device: Any) -> Tensor:
    """True where a token may look: (q, past + q), with padding (batch, 1, q, past + q)."""
    import torch

    total = past + q_len
    mask = torch.ones((q_len, total), dtype=torch.bool, device=device).tril(past)
    if window:
        mask = mask.triu(past - window + 1)
    if padding is None:
        return mask
    known = torch.ones((padding.shape[0], total), dtype=torch.bool, device=device)
    width = min(padding.shape[1], total)
    known[:, :width] = padding[:, :width].to(device) > -1
    mask = mask[None, None] & known[:, None, None]
    # A padding token sees at least itself: a row without any key is not a number, and would make
    # everything one that reads its value, whatever the weight.
    itself = torch.eye(q_len, total, dtype=torch.bool, device=device).roll(past, dims=1)
    return mask | itself[None, None]
