"""Muon for the matrices, each process orthogonalising its share of them; AdamW for the rest."""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import Tensor, nn


def orthogonalise(g: Tensor, steps: int = 5) -> Tensor:
    """Newton-Schulz iteration towards the nearest half-orthogonal matrix (Keller Jordan's Muon)."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = g.bfloat16()
    tall = x.shape[0] > x.shape[1]
    if tall:
        x = x.T
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        y = x @ x.T
        x = a * x + (b * y + c * y @ y) @ x
    return (x.T if tall else x).float()


class Muon:
    """Momentum lives only in the process that owns a matrix; updates are broadcast."""

    def __init__(self, parameters: list[nn.Parameter], lr: float, momentum: float = 0.95) -> None:
        self.parameters, self.lr, self.momentum = parameters, lr, momentum
        self.rank, self.world = dist.get_rank(), dist.get_world_size()
        self.buffers = [
            torch.zeros_like(p) if i % self.world == self.rank else None
            for i, p in enumerate(parameters)
        ]

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def step(self, scale: float, weight_decay: float = 0.01) -> None:
        flat = torch.zeros(sum(p.numel() for p in self.parameters))
        at = 0
        for p, buffer in zip(self.parameters, self.buffers, strict=True):
            if buffer is not None and p.grad is not None:
                buffer.lerp_(p.grad, 1 - self.momentum)
                update = orthogonalise(p.grad.lerp(buffer, self.momentum))
                update *= max(1.0, p.shape[0] / p.shape[1]) ** 0.5
                flat[at : at + p.numel()] = update.reshape(-1)
            at += p.numel()
        if self.world > 1:
            dist.all_reduce(flat)
        at = 0
        for p in self.parameters:
            p.mul_(1 - scale * self.lr * weight_decay)
            p.sub_(flat[at : at + p.numel()].view_as(p), alpha=scale * self.lr)
            at += p.numel()

    def state(self) -> list[Tensor | None]:
        return self.buffers

    def load(self, buffers: list[Tensor | None]) -> None:
        self.buffers = buffers
