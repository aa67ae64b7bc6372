"""Runs the real ExLlamaV2 on a CPU: the functions of its compiled extension, written in torch.

Only what an unquantised Llama or Qwen2 model needs: norms, rotary embedding, reading tensors,
sampling, and the string matching of the generator; any other function raises. The library's device
cuda:0 is the CPU, and its calls of torch.cuda do nothing.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
import types
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

EXTENSION = "exllamav2_ext"

LETTERS = "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:;!?{}[]\"'-_\n"
END, ALSO_END = "<|im_end|>", "<|endoftext|>"
CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@contextlib.contextmanager
def library_on_cpu() -> Iterator[Any]:
    """The library, importable and working on the CPU; removed again afterwards."""
    _forget()
    threads = torch.get_num_threads()
    cuda = {name: getattr(torch.cuda, name) for name in _CUDA}
    sys.modules[EXTENSION] = _Extension()
    try:
        for name, stand_in in _CUDA.items():
            setattr(torch.cuda, name, stand_in)
        library = importlib.import_module("exllamav2")
        _settle_on_cpu()
        yield library
    finally:
        for name, real in cuda.items():
            setattr(torch.cuda, name, real)
        torch.set_num_threads(threads)
        _forget()


def _settle_on_cpu() -> None:
    """Patches the library's devices: one stream a card, and cuda:0 for card 0."""
    modules = [sys.modules[name] for name in list(sys.modules) if name.startswith("exllamav2.")]
    for module in modules:
        if hasattr(module, "_torch_device"):
            module._torch_device = lambda index: "cpu"  # type: ignore[attr-defined]
        if hasattr(module, "set_device_streams"):
            module.set_device_streams = _nothing  # type: ignore[attr-defined]
        if hasattr(module, "safe_move_tensor"):
            module.safe_move_tensor = lambda tensors, *ignored, **also: tensors  # type: ignore[attr-defined]
        if hasattr(module, "global_streams"):
            module.global_streams[0] = _Stream()


def _forget() -> None:
    for name in [name for name in sys.modules if name.split(".")[0] in ("exllamav2", EXTENSION)]:
        del sys.modules[name]


class _Stream:
    def __init__(self, *ignored: object) -> None:
        pass


class _Device(contextlib.nullcontext[None]):
    def __init__(self, *ignored: object) -> None:
        super().__init__()


def _nothing(*ignored: object, **also: object) -> None:
    return None


_CUDA: dict[str, Any] = {
    "Stream": _Stream,
    "device": _Device,
    # A separate function for each name: torch's table of its functions allows no duplicates.
    "set_device": lambda *ignored: None,
    "set_stream": lambda *ignored: None,
    "synchronize": lambda *ignored: None,
}


class _Extension(types.ModuleType):
    """The functions by their names in the compiled module."""

    def __init__(self) -> None:
        super().__init__(EXTENSION)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)

        def missing(*ignored: object) -> None:
            raise NotImplementedError(f"{EXTENSION}.{name} has no stand-in for the CPU")

        return missing

    @staticmethod
    def stloader_read(path: str, offset: int, size: int, target: torch.Tensor) -> None:
        raw = np.fromfile(path, dtype=np.uint8, count=size, offset=offset)
        target.view(torch.uint8).view(-1).copy_(torch.from_numpy(raw))

    @staticmethod
    def rms_norm(x: torch.Tensor, weight: torch.Tensor, out: torch.Tensor, eps: float) -> None:
        wide = x.float()
        scale = torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + eps)
        out.copy_(wide * scale * weight.float())

    @staticmethod
    def rope_(
        x: torch.Tensor,
        sin: torch.Tensor,
        cos: torch.Tensor,
        past: int,
        heads: int,
        head_dim: int,
        offsets: torch.Tensor,
        neox: bool,
    ) -> None:
        assert neox
        batch, length = x.shape[:2]
        positions = past + torch.arange(length).expand(batch, -1)
        if not offsets.is_meta:
            positions = positions + offsets.view(batch, -1)
        positions = positions.clamp(min=0)
        wide = x.view(batch, length, heads, head_dim).float()
        sines = sin.view(-1, head_dim)[positions].float()[:, :, None]
        cosines = cos.view(-1, head_dim)[positions].float()[:, :, None]
        half = head_dim // 2
        turned = torch.cat((-wide[..., half:], wide[..., :half]), -1)
        x.copy_((wide * cosines + turned * sines).view(x.shape))

    @staticmethod
    def softcap_(x: torch.Tensor, cap: float) -> None:
        x.copy_(torch.tanh(x.float() / cap) * cap)

    @staticmethod
    def count_match(one: torch.Tensor, other: torch.Tensor, at_most: int) -> int:
        length = min(one.shape[-1], other.shape[-1], at_most)
        differ = (one[0, :length] != other[0, :length]).nonzero()
        return int(differ[0]) if len(differ) else max(length, 0)

    @staticmethod
    def partial_strings_match(held: Any, offsets: Any, strings: Any) -> int:
        text = bytes(held).decode("utf-32-le")
        bounds = np.frombuffer(offsets, np.uint32).tolist()
        for begin, end in pairwise(bounds):
            wanted = bytes(strings)[begin:end].decode("utf-32-le")
            for start in range(len(text)):
                if text[start:].startswith(wanted):
                    return start
                if wanted.startswith(text[start:]):
                    return -2
        return -1

    @staticmethod
    def fast_fill_cpu_ones_bool(target: torch.Tensor) -> None:
        target.fill_(True)

    @staticmethod
    def logit_filter_exclusive(target: torch.Tensor, allowed: list[list[int]]) -> None:
        for row, ids in zip(target, allowed, strict=True):
            keep = torch.zeros_like(row)
            keep[ids] = True
            row.logical_and_(keep)

    @staticmethod
    def sample_basic(
        logits: torch.Tensor, temperature: float, top_k: int, *rest: Any
    ) -> list[float]:
        top_p, random = rest[0], rest[5]
        tokens, probabilities, logit_filter = rest[6], rest[7], rest[10]
        # top_a, min_p, tfs, typical; mirostat; XTC; dynamic temperature, smoothing, skew.
        if any(rest[place] for place in (1, 2, 3, 4, 11, 17, 20, 22, 23)) or rest[15] != 1.0:
            raise NotImplementedError("sampling with no more than temperature, top_k and top_p")
        scores = logits[0, 0].double()
        if not logit_filter.is_meta:
            scores = scores.masked_fill(~logit_filter[0], -torch.inf)
        if temperature < 0.01:
            temperature, top_k = 1.0, 1
        weights, order = torch.softmax(scores / temperature, -1).sort(descending=True, stable=True)
        if top_k:
            weights = weights[:top_k]
        weights = weights / weights.sum()
        if 0 < top_p < 1:
            weights = weights[: int((weights.cumsum(0) < top_p).sum()) + 1]
            weights = weights / weights.sum()
        chosen = min(int((weights.cumsum(0) < random).sum()), len(weights) - 1)
        tokens[0][0] = order[chosen]
        probabilities[0][0] = weights[chosen]
        return []


def write_tiny_model(
    folder: Path,
    *,
    family: Literal["qwen2", "llama"] = "qwen2",
    seed: int = 0,
    context_tokens: int = 2048,
    hidden: int = 64,
    layers: int = 2,
    recites: Literal["once", "for ever"] | None = None,
) -> Path:
    """A small random checkpoint as transformers saves it, with a tokenizer of one letter a token.

    Two tokens end an answer, and only one of them is in config.json, as in Qwen's and Llama's.
    recites: each letter is followed by the next of LETTERS with near certainty; after Z the answer
    ends, or begins again.
    """
    from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

    tokens = [ALSO_END, "<|im_start|>", END, *LETTERS]
    shape = {
        "vocab_size": len(tokens),
        "hidden_size": hidden,
        "intermediate_size": 2 * hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": context_tokens,
        "bos_token_id": 0,
        "eos_token_id": 0,
        "pad_token_id": 0,
        "tie_word_embeddings": False,
    }
    torch.manual_seed(seed)
    model: Any = (
        Qwen2ForCausalLM(Qwen2Config(**shape))
        if family == "qwen2"
        else LlamaForCausalLM(LlamaConfig(**shape))
    )
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() == 2:
                # Random attention far from uniform, so that an error in the attention mask shows.
                spread = 3.0 if "q_proj" in name or "k_proj" in name else 1.0
                weight.normal_(0, spread / weight.shape[1] ** 0.5)
        if recites:
            _teach(model, tokens, recites)
    model.half().save_pretrained(folder, safe_serialization=True)
    _write_tokenizer(folder, tokens)
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": [0, 2]}))
    return folder


def _teach(model: Any, tokens: list[str], recites: str) -> None:
    """Points the head's row of each token along the embedding of its predecessor."""
    embedding = model.model.embed_tokens.weight
    embedding.copy_(torch.where(torch.rand_like(embedding) < 0.5, -1.0, 1.0))
    for name, weight in model.named_parameters():
        if "o_proj" in name or "down_proj" in name:
            weight.mul_(0.02)
    model.lm_head.weight.zero_()
    letters = LETTERS[: LETTERS.index("Z") + 1]
    following = dict(pairwise(letters))
    following |= {"\n": "a", "Z": END if recites == "once" else "a"}
    for letter, successor in following.items():
        model.lm_head.weight[tokens.index(successor)] += embedding[tokens.index(letter)] * 0.2


def _write_tokenizer(folder: Path, tokens: list[str]) -> None:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    special = tokens[:3]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    encoded = {_BYTE_LETTERS.get(token, token): number for token, number in vocabulary.items()}
    tokenizer = Tokenizer(models.BPE(encoded, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in special])
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "chat_template": CHATML,
        "bos_token": None,
        "eos_token": ALSO_END,
        "pad_token": ALSO_END,
        "add_bos_token": False,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


_BYTE_LETTERS = {" ": "Ġ", "\n": "Ċ"}
"""GPT-2's letters for the bytes of the vocabulary that are not printable."""
