"""The network in torch, for training only: Qwen2's shape and Qwen2's parameter names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Shape:
    vocabulary: int
    hidden: int = 256
    layers: int = 4
    heads: int = 4
    kv_heads: int = 2
    head_size: int = 64
    intermediate: int = 512
    rope_theta: float = 10_000.0
    norm_eps: float = 1e-6
    context: int = 1024


class RMSNorm(nn.Module):  # type: ignore[misc]
    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = _Normalise.apply(x, self.weight, self.eps)
        return y


class _Normalise(torch.autograd.Function):  # type: ignore[misc]
    """RMS norm with its gradient written out: a third of the passes over memory of the built-in."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, eps: float) -> Tensor:
        size = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
        inverse = (size.square() / x.shape[-1] + eps).rsqrt()
        unit = x * inverse
        ctx.save_for_backward(unit, inverse, weight)
        return unit * weight

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        unit, inverse, weight = ctx.saved_tensors
        product = gradient * unit
        along = product.flatten(0, -2)
        towards = (along @ weight).view(*unit.shape[:-1], 1) / unit.shape[-1]
        change = (gradient * weight).sub_(unit * towards).mul_(inverse)
        return change, along.sum(0), None


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary embedding of (batch, heads, tokens, size) in the half-split order of Qwen2."""
    first, second = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-second, first), dim=-1) * sin


class Attention(nn.Module):  # type: ignore[misc]
    def __init__(self, s: Shape) -> None:
        super().__init__()
        self.s = s
        self.q_proj = nn.Linear(s.hidden, s.heads * s.head_size)
        self.k_proj = nn.Linear(s.hidden, s.kv_heads * s.head_size)
        self.v_proj = nn.Linear(s.hidden, s.kv_heads * s.head_size)
        self.o_proj = nn.Linear(s.heads * s.head_size, s.hidden, bias=False)

    def forward(
        self, x: Tensor, queries: Tensor, rope: tuple[Tensor, Tensor],
        rope_q: tuple[Tensor, Tensor], bias: Tensor,
    ) -> Tensor:  # fmt: skip
        """x gives keys and values, queries the rows to compute; bias is added to the scores.

        Written out, not `scaled_dot_product_attention`: its CPU backward is slower at this size.
        bias: (tokens, asked) repeated for the heads of a group, alone or one for each row.
        """
        s, (batch, length, _), asked = self.s, x.shape, queries.shape[1]
        group = s.heads // s.kv_heads
        q = self.q_proj(queries).view(batch, asked, s.heads, s.head_size).transpose(1, 2)
        k = self.k_proj(x).view(batch, length, s.kv_heads, s.head_size).transpose(1, 2)
        v = self.v_proj(x).view(batch, length, s.kv_heads, s.head_size).transpose(1, 2)
        q = rotate(q, *rope_q).reshape(batch * s.kv_heads, group * asked, s.head_size)
        k = rotate(k, *rope).reshape(batch * s.kv_heads, length, s.head_size)
        v = v.reshape(batch * s.kv_heads, length, s.head_size)
        scores = torch.baddbmm(bias, q, k.transpose(1, 2), alpha=s.head_size**-0.5)
        y = scores.softmax(-1) @ v
        y = y.view(batch, s.heads, asked, s.head_size).transpose(1, 2)
        return self.o_proj(y.reshape(batch, asked, -1))


class MLP(nn.Module):  # type: ignore[misc]
    def __init__(self, s: Shape) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(s.hidden, s.intermediate, bias=False)
        self.up_proj = nn.Linear(s.hidden, s.intermediate, bias=False)
        self.down_proj = nn.Linear(s.intermediate, s.hidden, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):  # type: ignore[misc]
    def __init__(self, s: Shape) -> None:
        super().__init__()
        self.self_attn = Attention(s)
        self.mlp = MLP(s)
        self.input_layernorm = RMSNorm(s.hidden, s.norm_eps)
        self.post_attention_layernorm = RMSNorm(s.hidden, s.norm_eps)


class Nano(nn.Module):  # type: ignore[misc]
    """Returns logits only at the asked positions, which saves a fifth of the work in training."""

    def __init__(self, s: Shape) -> None:
        super().__init__()
        self.s = s
        self.embed_tokens = nn.Embedding(s.vocabulary, s.hidden)
        self.layers = nn.ModuleList(Layer(s) for _ in range(s.layers))
        self.norm = RMSNorm(s.hidden, s.norm_eps)
        steps = torch.arange(0, s.head_size, 2).float() / s.head_size
        angles = torch.outer(torch.arange(s.context).float(), s.rope_theta**-steps)
        angles = torch.cat((angles, angles), dim=-1)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)
        self.apply(self._start)
        for layer in self.layers:
            nn.init.normal_(layer.self_attn.o_proj.weight, std=0.02 / (2 * s.layers) ** 0.5)
            nn.init.normal_(layer.mlp.down_proj.weight, std=0.02 / (2 * s.layers) ** 0.5)

    @staticmethod
    def _start(module: nn.Module) -> None:
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, std=0.02 if isinstance(module, nn.Embedding) else 0.04)
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)

    def forward(self, tokens: Tensor, asked: Tensor) -> Tensor:
        """tokens: (batch, length) padded on the right; asked: (batch, n) positions.

        Returns (batch, n, vocabulary) logits of the token after each asked position.
        """
        length, s = tokens.shape[1], self.s
        group = s.heads // s.kv_heads
        # Under autocast everything between the residual additions is bfloat16, cast once here.
        kind = torch.bfloat16 if torch.is_autocast_enabled("cpu") else torch.float32
        cos, sin = self.cos.to(kind), self.sin.to(kind)
        rope = (cos[:length], sin[:length])
        bias = torch.full((length, length), -1e4, dtype=kind).triu(1).repeat(group, 1)
        h = self.embed_tokens(tokens).float()
        for layer in self.layers[:-1]:
            x = layer.input_layernorm(h).to(kind)
            h = h + layer.self_attn(x, x, rope, rope, bias)
            h = h + layer.mlp(layer.post_attention_layernorm(h).to(kind))
        last = self.layers[-1]
        x = last.input_layernorm(h).to(kind)
        index = asked.unsqueeze(-1).expand(-1, -1, h.shape[-1])
        rope_q = (cos[asked].unsqueeze(1), sin[asked].unsqueeze(1))
        later = (torch.arange(length) > asked.unsqueeze(-1)).to(kind) * -1e4
        later = later.repeat(1, group, 1).repeat_interleave(s.kv_heads, 0)
        h = h.gather(1, index) + last.self_attn(x, x.gather(1, index), rope, rope_q, later)
        h = h + last.mlp(last.post_attention_layernorm(h).to(kind))
        return F.linear(self.norm(h), self.embed_tokens.weight)
