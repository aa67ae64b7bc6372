"""Trains the nano model on the CPU: two single-thread processes that share their gradients.

    python -m agents.nano.train --minutes 50 --out DIR [--resume] [--negatives FILE.parquet ...]

Needs torch, numpy, tokenizers and safetensors (pandas and pyarrow with --negatives); nothing here
runs in a shipped installation.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor

from agents.nano import STOP_TOKEN, SYSTEM_PROMPT
from agents.nano.data.grammar import Sample
from agents.nano.data.mix import FAMILIES, held_out, training_stream
from agents.nano.model import Nano, Shape
from agents.nano.optim import Muon
from agents.nano.tokenizer import (
    SPECIAL,
    START_TOKEN,
    VOCABULARY,
    chat,
    load_tokenizer,
    train_tokenizer,
)

TOKENS_PER_STEP = 3072  # of one process
POOL = 1536  # samples sorted by length together
LONGEST = 420  # tokens; longer samples are skipped
SYSTEM = SYSTEM_PROMPT
Encoded = tuple[list[int], int]


def encode(tokenizer: Tokenizer, sample: Sample, system: bool) -> Encoded:
    """Token ids of the whole exchange, and where the answer starts."""
    prompt = tokenizer.encode(chat(sample.prompt, SYSTEM if system else None)).ids
    answer = tokenizer.encode(sample.answer + STOP_TOKEN).ids
    return prompt + answer, len(prompt)


def collate(rows: list[Encoded]) -> tuple[Tensor, Tensor, Tensor]:
    """Tokens (batch, length), asked positions (batch, n) and targets (batch, n), -100 = none."""
    length = max(len(ids) for ids, _ in rows) - 1
    width = max(len(ids) - start for ids, start in rows)
    tokens = torch.zeros(len(rows), length, dtype=torch.long)
    asked = torch.zeros(len(rows), width, dtype=torch.long)
    targets = torch.full((len(rows), width), -100, dtype=torch.long)
    for i, (ids, start) in enumerate(rows):
        tokens[i, : len(ids) - 1] = torch.tensor(ids[:-1])
        count = len(ids) - start
        asked[i, :count] = torch.arange(start - 1, len(ids) - 1)
        targets[i, :count] = torch.tensor(ids[start:])
    return tokens, asked, targets


def drill(tokenizer: Tokenizer, order: torch.Generator) -> Encoded:
    """Copying of random tokens, all of them or those beside a named one.

    Every token becomes one that can be copied, and copying is learnt several times sooner than
    from words alone.
    """

    def noise(low: int, high: int) -> list[int]:
        count = int(torch.randint(low, high, (1,), generator=order))
        ids: list[int] = torch.randint(first, VOCABULARY, (count,), generator=order).tolist()
        return ids

    # The single bytes come first in the vocabulary; marks among them would look like separators.
    first = len(SPECIAL) + 256
    opening = tokenizer.encode(f"{START_TOKEN}user\n").ids
    closing = tokenizer.encode(f"{STOP_TOKEN}\n{START_TOKEN}assistant\n").ids
    colon, line = tokenizer.encode(": ").ids, tokenizer.encode("\n").ids
    if torch.rand(1, generator=order) < 0.5:
        answer = noise(2, 24)
        prompt = noise(0, 10) + colon + answer
    else:
        rows = [
            (noise(1, 2), noise(1, 8))
            for _ in range(int(torch.randint(2, 6, (1,), generator=order)))
        ]
        wanted, answer = rows[int(torch.randint(0, len(rows), (1,), generator=order))]
        prompt = noise(0, 3) + wanted + line
        for name, value in rows:
            prompt += name + colon + value + line
    prompt = opening + prompt + closing
    return prompt + answer + tokenizer.encode(STOP_TOKEN).ids, len(prompt)


def batches(
    tokenizer: Tokenizer, seed: int, negatives: list[str], drilled: float = 0.0
) -> Iterator[list[Encoded]]:
    """Batches of about TOKENS_PER_STEP padded tokens, cut from pools sorted by length.

    drilled: the share of samples that are replaced by `drill`.
    """
    stream = training_stream(seed, negatives)
    order = torch.Generator().manual_seed(seed)
    while True:
        pool = []
        for sample in itertools.islice(stream, POOL):
            if torch.rand(1, generator=order) < drilled:
                pool.append(drill(tokenizer, order))
                continue
            row = encode(tokenizer, sample, bool(torch.rand(1, generator=order) < 0.25))
            if len(row[0]) <= LONGEST:
                pool.append(row)
        pool.sort(key=lambda row: len(row[0]))
        groups: list[list[Encoded]] = [[]]
        for row in pool:
            if (len(groups[-1]) + 1) * len(row[0]) > TOKENS_PER_STEP:
                groups.append([])
            groups[-1].append(row)
        groups.pop()  # the last one is short
        for i in torch.randperm(len(groups), generator=order).tolist():
            yield groups[i]


def read_negatives(paths: list[Path]) -> list[str]:
    """Prompts that may be trained on (`train_ok`, split dev), of a length the model can read."""
    if not paths:
        return []
    import pandas as pd

    prompts: set[str] = set()
    for path in paths:
        table = pd.read_parquet(path)
        rows = table[(table["split"] == "dev") & table["train_ok"]]
        prompts.update(p for p in rows["prompt"] if 8 < len(p) < 260)
    return sorted(prompts)


@torch.no_grad()  # type: ignore[untyped-decorator]
def exact_match(model: Nano, tokenizer: Tokenizer, samples: list[Sample]) -> float:
    """Share of answers that greedy decoding would give exactly, from one forward pass each."""
    right = 0
    rows = [encode(tokenizer, s, False) for s in samples]
    rows.sort(key=lambda row: len(row[0]))
    for start in range(0, len(rows), 32):
        tokens, asked, targets = collate(rows[start : start + 32])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            best = model(tokens, asked).argmax(-1)
        right += int(((best == targets) | (targets == -100)).all(-1).sum())
    return right / len(rows)


class Run:
    """One process of the training: model, optimisers, clock, and its file of state."""

    def __init__(self, rank: int, world: int, args: argparse.Namespace) -> None:
        self.rank, self.world, self.args = rank, world, args
        self.tokenizer = load_tokenizer(args.out)
        torch.manual_seed(args.seed)
        self.model = Nano(Shape(vocabulary=self.tokenizer.get_vocab_size()))
        matrices = [p for p in self.model.layers.parameters() if p.ndim == 2]
        chosen = {id(p) for p in matrices}
        self.others = [p for p in self.model.parameters() if id(p) not in chosen]
        self.muon = Muon(matrices, lr=args.lr)
        self.adam = torch.optim.AdamW(
            self.others, lr=0.004, betas=(0.9, 0.95), weight_decay=0.0, foreach=True
        )
        self.step, self.tokens = 0, 0
        self.spent_s, self.data_seed = 0.0, args.seed
        if args.resume and self._file().exists():
            self._load()

    def _file(self) -> Path:
        return Path(self.args.out) / f"state-{self.rank}.pt"

    def _load(self) -> None:
        state = torch.load(self._file(), weights_only=True)
        self.model.load_state_dict(state["model"])
        self.adam.load_state_dict(state["adam"])
        self.muon.load(state["muon"])
        self.step, self.tokens, self.spent_s = state["step"], state["tokens"], state["spent_s"]
        self.data_seed = self.args.seed + 7919 * (1 + self.step)

    def save(self) -> None:
        state = {
            "model": self.model.state_dict(),
            "adam": self.adam.state_dict(),
            "muon": self.muon.state(),
            "step": self.step,
            "tokens": self.tokens,
            "spent_s": self.spent_s,
        }
        temporary = self._file().with_suffix(".tmp")
        torch.save(state, temporary)
        temporary.replace(self._file())

    def scale(self) -> float:
        """Warm-up over the first 1.5 % of the budgeted time, then cosine to 2 %."""
        done: float = min(1.0, self.spent_s / (60 * self.args.minutes))
        if done < 0.015:
            return max(0.02, done / 0.015)
        wave: float = math.cos(math.pi * (done - 0.015) / 0.985)
        return 0.02 + 0.49 * (1 + wave)

    def learn(self, rows: list[Encoded]) -> float:
        tokens, asked, targets = collate(rows)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = self.model(tokens, asked)
        # A short answer counts as much as a long one up to the square root of its length.
        losses = F.cross_entropy(
            logits.float().flatten(0, 1), targets.flatten(), ignore_index=-100, reduction="none"
        )
        lengths = (targets != -100).sum(-1, keepdim=True)
        weights = (lengths.float() ** -0.5).expand_as(targets).flatten() * (
            targets.flatten() != -100
        )
        loss = (losses * weights).sum() / weights.sum()
        for p in self.model.parameters():
            p.grad = None
        loss.backward()
        parameters = list(self.model.parameters())
        flat = torch.cat([p.grad.reshape(-1) for p in parameters])
        if self.world > 1:
            dist.all_reduce(flat)
            flat /= self.world
        flat *= 1.0 / flat.norm().clamp(min=1.0)
        at = 0
        for p in parameters:
            p.grad = flat[at : at + p.numel()].view_as(p)
            at += p.numel()
        scale = self.scale()
        for group in self.adam.param_groups:
            group["lr"] = 0.004 * scale
        self.adam.step()
        self.muon.step(scale)
        self.step += 1
        self.tokens += tokens.numel() * self.world
        return float(loss.detach())

    def agree(self, flag: bool) -> bool:
        """Whether process 0 raised the flag, so that all stop at the same step."""
        signal = torch.tensor([1.0 if flag and self.rank == 0 else 0.0])
        if self.world > 1:
            dist.broadcast(signal, 0)
        return bool(signal.item())

    def train(self) -> None:
        negatives = read_negatives(self.args.negatives)
        stream = batches(
            self.tokenizer, self.data_seed * 1000 + self.rank, negatives, self.args.drill
        )
        budget_s, smooth, saved_s, shown_s = 60 * self.args.minutes, None, time.time(), 0.0
        evaluated_s = self.spent_s
        while True:
            started = time.time()
            loss = self.learn(next(stream))
            self.spent_s += time.time() - started
            smooth = loss if smooth is None else 0.98 * smooth + 0.02 * loss
            if self.rank == 0 and time.time() - shown_s > 20:
                shown_s = time.time()
                print(
                    f"{self.spent_s:7.0f} s  step {self.step:6d}  "
                    f"{self.tokens / 1e6:6.2f} M tokens  loss {smooth:.4f}",
                    flush=True,
                )
            if self.step % 10:
                continue
            if self.agree(time.time() - saved_s > 150):
                self.save()
                saved_s = time.time()
            if self.agree(self.spent_s - evaluated_s > self.args.evaluate_s):
                self.report(30)
                evaluated_s = self.spent_s
            if self.agree(self.spent_s > budget_s):
                break
        self.save()
        self.report(100)

    def report(self, count: int) -> None:
        """Exact match by family, the families shared out between the processes."""
        for family in FAMILIES[self.rank :: self.world]:
            known = held_out(family, count, values="test", phrasing="train", seed=1)
            unseen = held_out(family, count, values="test", phrasing="test", seed=1)
            scores = [exact_match(self.model, self.tokenizer, part) for part in (known, unseen)]
            print(f"  {family:10s} values {scores[0]:.2f}  phrasing {scores[1]:.2f}", flush=True)


def _process(rank: int, world: int, port: int, args: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    dist.init_process_group("gloo", rank=rank, world_size=world)
    Run(rank, world, args).train()
    dist.destroy_process_group()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--minutes", type=float, default=50, help="wall clock of the steps themselves"
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--negatives", type=Path, nargs="*", default=[])
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--drill", type=float, default=0.1, help="share of random copying")
    parser.add_argument("--lr", type=float, default=0.02)
    parser.add_argument("--evaluate-s", type=float, default=480)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    if not (args.resume and (args.out / "tokenizer.json").exists()):
        train_tokenizer().save(str(args.out / "tokenizer.json"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    mp.spawn(_process, (args.processes, port, args), nprocs=args.processes)


if __name__ == "__main__":
    main()
